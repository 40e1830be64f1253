/*
 * JWK: keys in JSON (RFC 7517; OKP by RFC 8037, EC and RSA by RFC 7518 Sections 6.2 and 6.3), public ones only.
 */
#ifndef PAM_AGENT_JWK_H
#define PAM_AGENT_JWK_H

#include <jansson.h>

#include "core/compat.h"
#include "trust/key.h"

#define JWK_TEXT_MAX 8192

/* Has it a member of private or symmetric keys, whatever its value: `d`, `p`, `q`, `dp`, `dq`, `qi`, `oth`, `k`? 1 or 0. */
int jwk_holds_secret(const json_t *jwk);
/*
 * 0 and the key, of an RSA key without `alg` for RS256; -EINVAL: one that holds a secret, an unknown `kty`, a coordinate of the
 * wrong length or not in strict base64url, a point off the curve, a modulus or exponent that key_new_rsa() refuses, an `alg` that is
 * not the key's, a `use` that is not `sig`, `key_ops` without `verify`; -ENOTSUP a key on a curve that is none of ours. Other members
 * are ignored.
 */
int jwk_parse(const json_t *jwk, struct key **ret_key) MUST_CHECK;
/* The same from text[len], read by json.h; -E2BIG, -EBADMSG for what is no JSON object. */
int jwk_parse_text(const char *text, size_t len, struct key **ret_key) MUST_CHECK;

/* The public key with the members its thumbprint is made of, and of an RSA key `alg`; a new reference, or NULL (no memory). */
json_t *jwk_format(const struct key *key);

/* RFC 7638 with SHA-256. 0 or -EIO. */
int jwk_thumbprint(const struct key *key, char ret_thumbprint[KEY_THUMBPRINT_SIZE]) MUST_CHECK;

#endif
