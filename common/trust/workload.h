/*
 * Workload: who a verified token is for, for which task and what for, as this host reads it. In this order:
 *
 *   of a chain   each `jti` is a short string, each holder's key one that ssh can use; `nbf`, where it is there, has come, in each token; no
 *                `status`, unless the issuer's is ignored: it could not be looked up offline; no derived token has another `act`, `txn`,
 *                `mission`, `tctx` or `status` than the root, which alone is read
 *   identity     what the issuer is configured for, else `act.sub`, else `sub`: a SPIFFE ID, in a trust domain that the issuer may speak for
 *   principal    what is configured, else `sub` beside `act` (RFC 8693 Section 4.1)
 *   task         what is configured, else `mission.id` or `txn`, and the same where both are there
 *   purpose      what is configured, else `tctx.purpose`
 *   sensitivity  what is configured, else `tctx.sensitivity`: "low", "medium" or "high"; another word is refused, for it could be a higher one
 */
#ifndef PAM_AGENT_WORKLOAD_H
#define PAM_AGENT_WORKLOAD_H

#include "core/names.h"
#include "trust/aat.h"

#define WORKLOAD_JTI_MAX 256                                              /* bytes */
#define WORKLOAD_DERIVED_JTI_MAX (WORKLOAD_JTI_MAX - KEY_THUMBPRINT_SIZE) /* it gets its signer's thumbprint */
#define WORKLOAD_SENSITIVITY_MAX 6                                        /* "medium" */

/* "" where there is none. */
struct workload {
    char identity[SPIFFE_ID_MAX + 1], principal[PRINCIPAL_MAX + 1];
    char task[TASK_MAX + 1], purpose[PURPOSE_MAX + 1], sensitivity[WORKLOAD_SENSITIVITY_MAX + 1];
};

/* All of the above. */
struct verdict workload_of_chain(const struct aat_chain *chain, int64_t now, struct workload *ret);
/* From the claims of an issuer's token: all but what is of a chain; or who it is alone. */
struct verdict workload_of_claims(const json_t *claims, const struct issuer *issuer, struct workload *ret);
struct verdict workload_identity(const json_t *claims, const struct issuer *issuer, struct workload *ret);

#endif
