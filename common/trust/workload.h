/*
 * Workload: what this host demands of a root token beyond the draft. In this order:
 *
 *   `sub`, or `act.sub` where `act` is there, is a SPIFFE ID, in a trust domain that the issuer may speak for;
 *   `sub` beside `act` is the principal (RFC 8693 Section 4.1);
 *   `nbf`, where it is there, has come;
 *   no `status`: it could not be looked up offline;
 *   a task: `mission.id` or `txn`, and the same where both are there;
 *   `tctx.purpose`, where it is there, is a short string.
 */
#ifndef PAM_AGENT_WORKLOAD_H
#define PAM_AGENT_WORKLOAD_H

#include "trust/aat.h"

#define WORKLOAD_PRINCIPAL_MAX 256 /* bytes */

struct verdict workload_check(struct aat *aat);

#endif
