/*
 * Public keys and signatures as OpenSSH writes them: ssh-ed25519 (RFC 8709), ecdsa-sha2-nistp256 and -nistp384 (RFC 5656); of those who
 * certify and what they certify also ssh-rsa (RFC 8332). Certificates are another kind (sshcert.h).
 */
#ifndef PAM_AGENT_SSHKEY_H
#define PAM_AGENT_SSHKEY_H

#include <stddef.h>

#include "core/compat.h"
#include "trust/key.h"
#include "trust/sshwire.h"

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

/* The name of its signatures: "ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512"; "" of what ssh has no signature of. */
const char *sshkey_signature_name(const struct key *key);
/* 0 only when the signature blob (string algorithm, string signature) is this key's, of RSA too, over bytes[len]; else -EKEYREJECTED. */
int sshkey_verify(const struct key *key, const void *bytes, size_t len, const unsigned char *signature,
                  size_t signature_len) MUST_CHECK;

#define SSHKEY_CERT_SUFFIX "-cert-v01@openssh.com"

/* e and n of ssh-rsa. 0; -EINVAL. */
int sshkey_read_rsa(struct sshwire_reader *r, enum key_type type, struct key **ret_key) MUST_CHECK;
/* The key in a certificate whose type (type[len], with the suffix) was read. 0; -EINVAL; -ENOTSUP a key of another kind. */
int sshkey_read_certified(struct sshwire_reader *r, const unsigned char *type, size_t len,
                          struct key **ret_key) MUST_CHECK;
/* A public key blob, of ssh-rsa too, of who signs with this algorithm: an RSA key gets its hash from it. 0; -EINVAL. */
int sshkey_parse_signer(const unsigned char *blob, size_t len, const char *algorithm, struct key **ret_key) MUST_CHECK;

/* As sshkey_parse_line(), of ssh-rsa too, which then is a key for SHA-256. */
int sshkey_parse_signer_line(const char *line, size_t len, struct key **ret_key) MUST_CHECK;

#endif
