/*
 * Workload: what this host demands of a chain beyond the draft. In this order:
 *
 *   each `jti` is a short string, each holder's key one that ssh can use;
 *   `sub` of the root, or `act.sub` where `act` is there, is a SPIFFE ID, in a trust domain that the issuer may speak for;
 *   `sub` beside `act` is the principal (RFC 8693 Section 4.1);
 *   `nbf`, where it is there, has come, in each token;
 *   no `status`: it could not be looked up offline;
 *   no derived token has another `act`, `txn`, `mission`, `tctx` or `status` than the root;
 *   a task: `mission.id` or `txn` of the root, and the same where both are there;
 *   `tctx.purpose` of the root, where it is there, is a short string.
 */
#ifndef PAM_AGENT_WORKLOAD_H
#define PAM_AGENT_WORKLOAD_H

#include "trust/aat.h"

#define WORKLOAD_JTI_MAX 256                                              /* bytes */
#define WORKLOAD_DERIVED_JTI_MAX (WORKLOAD_JTI_MAX - KEY_THUMBPRINT_SIZE) /* it gets its signer's thumbprint */
#define WORKLOAD_PRINCIPAL_MAX 256                                        /* bytes */

/* Borrowed from the chain; NULL where there is none. */
struct workload {
    int64_t now;
    const char *identity, *principal, *task, *purpose;
};

struct verdict workload_check(const struct aat_chain *chain, int64_t now, struct workload *ret);

#endif
