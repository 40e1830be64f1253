/*
 * JWS in compact serialization (RFC 7515): taken apart without trust, and made.
 */
#ifndef PAM_AGENT_JWS_H
#define PAM_AGENT_JWS_H

#include <stddef.h>

#include "core/compat.h"
#include "trust/key.h"

#define JWS_MAX 65536        /* bytes of a token */
#define JWS_HEADER_MAX 16384 /* bytes of the decoded header */
#define JWS_NAME_MAX 256     /* bytes of alg, typ, kid */

/* A token taken apart; nothing in it is verified. */
struct jws {
    const char *token;     /* borrowed: the caller's */
    size_t signing_len;    /* token[signing_len] is the signing input */
    char *alg, *typ, *kid; /* header parameters; NULL where absent or no string of 1..JWS_NAME_MAX bytes */
    int has_crit;          /* a `crit` of any kind is there */
    int has_typ;           /* a `typ` of any kind */
    int has_other;         /* anything but alg, typ and kid */
    char *payload;         /* decoded bytes, a NUL after them */
    size_t payload_len;
    unsigned char *signature; /* decoded; its length is not checked */
    size_t signature_len;
};

/*
 * Take token[len] apart: three segments of [A-Za-z0-9_-], strict base64url, a header that is one JSON object without
 * duplicates. `jwk`, `jku`, `x5c`, `x5u` and unknown header parameters are ignored. 0, the caller calls jws_clear, and the token must outlive *ret_jws;
 * -E2BIG longer than JWS_MAX, or the header than JWS_HEADER_MAX; -EBADMSG; -ENOMEM.
 */
int jws_parse(const char *token, size_t len, struct jws *ret_jws) MUST_CHECK;
void jws_clear(struct jws *jws);

/* 0 only when the key made the signature; else -EKEYREJECTED. The caller compares `alg` with key_alg() first. */
int jws_verify(const struct jws *jws, const struct key *key) MUST_CHECK;

/*
 * Sign payload[len] under a header given as JSON text, both taken as they are. 0 and a NUL-terminated token for free();
 * -EINVAL a public key; -E2BIG; -ENOMEM; -EIO.
 */
int jws_sign(const char *header, const char *payload, size_t len, const struct key *key, char **ret_token) MUST_CHECK;

#endif
