/*
 * JWT that are no chains: JWT-SVIDs (SPIFFE JWT-SVID), and OIDC and OAuth tokens of issuers that are configured so (RFC 7519, RFC 8725,
 * RFC 9068).
 *
 *   JWT-SVID    `alg` RS256, PS256, ES256 or ES384; nothing but `alg`, `kid` and `typ` in the header, `typ` JWT or JOSE if any; the key is of
 *               the trust domain of `sub`
 *   jwt         `typ` as the issuer is configured, else JWT or none; `iss` is the issuer's
 *   both        no `crit`; `exp`, `iat`, and `nbf` where it is there; `aud` holds this host's id, and nothing else where no key is bound to the
 *               token, so that no other host can pass it on; the required claims; no `status`; `cnf` where it is there holds `jwk` or `jkt`
 */
#ifndef PAM_AGENT_JWT_H
#define PAM_AGENT_JWT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"
#include "trust/issuer.h"
#include "trust/jws.h"
#include "trust/tools.h"
#include "trust/verdict.h"

#define JWT_ID_MAX 256 /* bytes of `jti` */

struct jwt_rules {
    struct anchor *anchors;
    size_t anchor_count;
    unsigned kinds; /* of issuers: 1u << ISSUER_... */
    const char *audience;
    int64_t now;           /* seconds since the epoch */
    uint32_t max_lifetime; /* seconds */
};

struct jwt {
    struct jws jws; /* what it borrows, the token, may be gone once it is verified */
    json_t *claims;
    const struct anchor *anchor;
    int64_t iat, exp;
    char thumbprint[KEY_THUMBPRINT_SIZE]; /* of the key that it is bound to; "": none */
    char id[JWT_ID_MAX + 1]; /* `jti`; a token without one is known by the digest of what was signed, "sha256:..." */
};

/* The caller clears *ret in any case. */
struct verdict jwt_verify(const struct jwt_rules *rules, const char *token, size_t len, struct jwt *ret);
void jwt_clear(struct jwt *jwt);

/* What a credential without an id is known by, of what was signed: "sha256:" and its digest in base64url. 0 or -EIO. */
int jwt_digest_id(const void *bytes, size_t len, char ret_id[JWT_ID_MAX + 1]) MUST_CHECK;

/*
 * Tools that it is limited to: the one entry of AAT_ENTRY_TYPE in the array at `path`, or where that is a text, each word of it as a tool
 * without constraints (RFC 6749 Section 3.3). *ret: 1 where the claim is there, into a new object.
 */
struct verdict jwt_read_tools(const json_t *claims, const char *path, int required, json_t **ret_tools);

#endif
