/* Grant: what a verified credential allows, the same in a pending login and in a session. */
#ifndef PAM_AGENT_GRANT_H
#define PAM_AGENT_GRANT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/fields.h"
#include "core/names.h"
#include "judge/link.h"
#include "judge/policy.h"
#include "judge/scope.h"

#define ISS_MAX 1024
#define JTI_MAX 256
#define ISSUER_NAME_MAX 64
#define THUMBPRINT_MAX 43 /* base64url SHA-256 (RFC 7638) */
#define ANCESTORS_MAX 32  /* links of the credentials that this one was derived from: eight of up to four */

/* Another token that a credential stands on: the JWT-SVID of the delegatee, or the ssh certificate around it. "" where there is none. */
struct voucher_grant {
    char issuer[ISSUER_NAME_MAX + 1], iss[ISS_MAX + 1], jti[JTI_MAX + 1], signer[THUMBPRINT_MAX + 1];
    int once; /* it opens one session, whatever the credential opens */
};

struct grant {
    char account[ACCOUNT_NAME_MAX + 1];
    uid_t uid;
    char identity[SPIFFE_ID_MAX + 1];
    char principal[PRINCIPAL_MAX + 1]; /* "" when the agent acts for itself */
    char delegator[SPIFFE_ID_MAX + 1]; /* whose credential it derives from; "" where it was not delegated */
    char issuer[ISSUER_NAME_MAX + 1];  /* its name in agent.conf */
    char iss[ISS_MAX + 1], jti[JTI_MAX + 1];
    char key[THUMBPRINT_MAX + 1];                      /* the holder's; "" of what is bound to no key */
    char signer[THUMBPRINT_MAX + 1];                   /* the issuer's key that signed it */
    char task[TASK_MAX + 1], purpose[PURPOSE_MAX + 1]; /* purpose "" where none was declared */
    int64_t issued, expires;                           /* seconds since the epoch */
    enum level sensitivity; /* of the task, as the credential says; LEVEL_UNSET: it does not */
    enum possession possession;
    char source[64], service[64];
    struct voucher_grant voucher;
    int delegatee_proven; /* the voucher names the delegatee */
    struct link ancestors[ANCESTORS_MAX];
    size_t ancestor_count;
    char scope[SCOPE_MAX + 1]; /* judge/scope.h; last: most of it is never touched */
};

/* Make it empty, at the cost of what it holds, not of its size. */
void grant_clear(struct grant *grant);

/* The link of this kind to the grant itself; its ancestors' are in there. */
void grant_link(const struct grant *grant, enum link_kind kind, struct link *ret);

/* It was derived from what this link names. 0; -E2BIG: from too many. iss as in link_make(). */
int grant_add_ancestor(struct grant *grant, enum link_kind kind, const char *iss, const char *value) MUST_CHECK;

/* How many credentials it was derived from. */
uint32_t grant_depth(const struct grant *grant);

/* Append its lines. */
void grant_write(struct fields_writer *w, const struct grant *grant);
/* Take in a line: 1, 0 when the key is none of a grant's, -EBADMSG. */
int grant_field(struct grant *grant, const char *key, const char *value) MUST_CHECK;
/* Does it hold everything a grant must? 1 or 0. */
int grant_complete(const struct grant *grant);

#endif
