/*
 * OpenSSH certificates of users (OpenSSH PROTOCOL.certkeys), taken apart inside given bounds and without trust, and verified.
 */
#ifndef PAM_AGENT_SSHCERT_H
#define PAM_AGENT_SSHCERT_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"
#include "trust/key.h"

#define SSHCERT_MAX 262144         /* bytes of a blob */
#define SSHCERT_PRINCIPALS_MAX 256 /* OpenSSH's own bound (SSHKEY_CERT_MAX_PRINCIPALS) */
#define SSHCERT_OPTIONS_MAX 64     /* of each kind */

/* Bytes of the blob. */
struct sshcert_text {
    const unsigned char *at;
    size_t len;
};

struct sshcert_option {
    struct sshcert_text name, value; /* value: the string inside, or nothing */
};

struct sshcert_options {
    struct sshcert_option items[SSHCERT_OPTIONS_MAX]; /* by name, each once */
    size_t count;
};

struct sshcert {
    struct key *key; /* that is certified: Ed25519, P-256, P-384 or RSA */
    struct key *ca;  /* that signed, with the hash that the signature names; nothing says yet that it did */
    uint64_t serial;
    struct sshcert_text key_id;
    struct sshcert_text principals[SSHCERT_PRINCIPALS_MAX];
    size_t principal_count;
    uint64_t valid_after, valid_before; /* seconds since the epoch; valid_before UINT64_MAX: for ever */
    struct sshcert_options critical, extensions;
    struct sshcert_text whole, signed_part, signature;
};

/*
 * Take blob[len] apart; it must outlive *ret, which the caller clears in any case. 0; -EBADMSG: not such a blob, or options that are not in
 * order; -ENOTSUP: a host's, or a key or signer of another kind, SHA-1 among them.
 */
int sshcert_parse(const unsigned char *blob, size_t len, struct sshcert *ret) MUST_CHECK;
void sshcert_clear(struct sshcert *cert);

/* `TYPE BASE64 [comment]`: is it a certificate? 1 or 0. */
int sshcert_is_line(const char *line, size_t len);
/* Its blob, for free(). 0; -EBADMSG; -E2BIG; -ENOMEM. */
int sshcert_decode_line(const char *line, size_t len, unsigned char **ret_blob, size_t *ret_len) MUST_CHECK;

/* 0 only when cert->ca made the signature; else -EKEYREJECTED. */
int sshcert_verify(const struct sshcert *cert) MUST_CHECK;

/* NULL: there is none. */
const struct sshcert_option *sshcert_find(const struct sshcert_options *options, const char *name);
int sshcert_has_principal(const struct sshcert *cert, const char *name);

#endif
