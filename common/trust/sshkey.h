/*
 * Public keys and signatures as OpenSSH writes them: ssh-ed25519 (RFC 8709), ecdsa-sha2-nistp256 and -nistp384 (RFC 5656).
 * Certificates are another kind and refused.
 */
#ifndef PAM_AGENT_SSHKEY_H
#define PAM_AGENT_SSHKEY_H

#include <stddef.h>

#include "core/compat.h"
#include "trust/key.h"

#define SSHKEY_BLOB_MAX 256  /* bytes; the largest of the kinds takes 136 */
#define SSHKEY_LINE_MAX 4096 /* bytes of a line with its comment */

/* A public key blob, nothing after it. 0; -EINVAL not a key of these kinds. */
int sshkey_parse_blob(const unsigned char *blob, size_t len, struct key **ret_key) MUST_CHECK;

/* `TYPE BASE64 [comment]` in line[len], a final newline allowed; TYPE must be the blob's. 0; -EINVAL. */
int sshkey_parse_line(const char *line, size_t len, struct key **ret_key) MUST_CHECK;

/* `TYPE BASE64` into buf[cap], NUL-terminated. 0; -EINVAL an RSA key; -ENOBUFS. */
int sshkey_format_line(const struct key *key, char *buf, size_t cap) MUST_CHECK;

/*
 * A private key as ssh-keygen writes it ("openssh-key-v1", OpenSSH PROTOCOL.key), not encrypted, one key: bytes[len] without armor. 0;
 * -EINVAL anything else.
 */
int sshkey_parse_private(const unsigned char *bytes, size_t len, struct key **ret_key) MUST_CHECK;

/* 0 only when the signature blob (string algorithm, string signature) is this key's over bytes[len]; else -EKEYREJECTED. */
int sshkey_verify(const struct key *key, const void *bytes, size_t len, const unsigned char *signature,
                  size_t signature_len) MUST_CHECK;

#endif
