/*
 * Suppose: a step that nobody takes, as facts for the decision. What `agentctl explain` is asked of a host and what a case of
 * `agentctl policy test` says is the same, in the same words.
 */
#ifndef AGENTCTL_SUPPOSE_H
#define AGENTCTL_SUPPOSE_H

#include <stdint.h>

#include "agentctl/config_memory.h"
#include "core/compat.h"
#include "judge/decide.h"
#include "judge/grant.h"

/* Strings are borrowed; NULL: not said. */
struct supposed {
    int step; /* STEP_LOGIN, STEP_SUDO or STEP_COMMAND; -1: not said */
    const char *account, *identity, *purpose, *task, *issuer, *principal, *delegator;
    const char *service, *source, *run_as, *command;
    const char *own_group;      /* of the run-as user: no key says it; NULL: it bears the user's name */
    int64_t at;                 /* seconds since the epoch; -1: not said */
    enum level risk;            /* LEVEL_UNSET: not said */
    enum level sensitivity;     /* that the credential says; LEVEL_UNSET: none */
    enum possession possession; /* POSSESSION_UNSET: not said */
};

/* The keys of what can be said, up to a NULL: options of explain, and keys of a case. */
extern const char *const supposed_keys[];

void supposed_begin(struct supposed *supposed);
/* Take the value of a key. NULL; else what is to be written in its place. */
const char *supposed_take(struct supposed *supposed, const char *key, const char *value) MUST_CHECK;
/* When everything is said: NULL; else what is missing or contradicts itself. */
const char *supposed_problem(const struct supposed *supposed) MUST_CHECK;

/*
 * The grant of a credential without limits of its own, for the identity, task, issuer and delegator that were said, issued at the time
 * that was. 0; -ENOMEM; -ENOBUFS.
 */
int suppose_grant(const struct supposed *supposed, struct grant *ret) MUST_CHECK;
/*
 * The facts of the step under a grant, but for what a host knows: standing, sensitivity. They point into the grant, the arena and what was
 * said. Within a session, which is taken to be open, and to have spent nothing of its budgets.
 */
void suppose_facts(const struct supposed *supposed, const struct grant *grant, struct arena *arena, struct facts *ret);
/* Nobody issued the credential: it lives as long as the policies let it. */
void suppose_lifetime(const struct policy_set *policies, struct facts *facts);

/* The decision, as gate and guard come to it. target_is_agent: the run-as is an agent's account. */
struct decision suppose_decide(const struct facts *facts, const struct policy_set *policies, int target_is_agent);

#endif
