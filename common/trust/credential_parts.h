/* What the kinds of credentials share when they are made. */
#ifndef PAM_AGENT_CREDENTIAL_PARTS_H
#define PAM_AGENT_CREDENTIAL_PARTS_H

#include "trust/credential.h"
#include "trust/verdict.h"
#include "trust/workload.h"

void credential_freep(struct credential **credential); /* for CLEANUP() */

/* Fill in issuer, iss, jti, identity, principal, task, purpose, sensitivity and the signer. -ENOMEM. */
int credential_fill(struct credential *c, const struct anchor *anchor, const char *jti,
                    const struct workload *workload) MUST_CHECK;
/* The digest of what was presented. */
int credential_digest(struct credential *c, const void *presented, size_t len) MUST_CHECK;
/* The scope of a `tools` object, which is referenced; NULL: no limit. */
struct verdict credential_limit(struct credential *c, json_t *tools);
/* Vouched for by a token of this anchor with this id; identity may be NULL. 0 or -ENOMEM. */
int credential_vouch(struct credential *c, const struct anchor *anchor, const char *jti, const char *identity,
                     int unbound) MUST_CHECK;

#endif
