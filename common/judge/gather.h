/* Gather: the facts that state knows, for the decision, which knows no state. */
#ifndef PAM_AGENT_GATHER_H
#define PAM_AGENT_GATHER_H

#include "judge/decide.h"
#include "judge/grant.h"
#include "judge/policy_store.h"

/* Facts of the grant, its scope as the first, and the time; they point into the grant. */
void gather_claims(const struct grant *grant, int64_t now, struct facts *facts);
/* The same, with what holds for the host, and its standing. 0 or -errno, of the standing. */
int gather_grant(const struct grant *grant, const struct host_policy *host, int64_t now,
                 struct facts *facts) MUST_CHECK;

/* When this host, or the container that we are in, booted: when its first process began. In seconds of the wall clock. */
int64_t gather_boot_time(void);

#endif
