/*
 * Policies and rules against facts: which of them are of a session and of a step, and what keeps the others from it. Pure, like the
 * decision that is made of them.
 */
#ifndef PAM_AGENT_RULES_H
#define PAM_AGENT_RULES_H

#include "judge/decide.h"

/* The first thing that a policy or a rule demands, in the order of its checks, and that is not so. */
enum condition {
    CONDITION_NONE, /* it matches */
    /* of a policy */
    CONDITION_IDENTITY,
    CONDITION_PURPOSE,
    CONDITION_ISSUER,
    CONDITION_PRINCIPAL,
    /* of a rule */
    CONDITION_SERVICE,
    CONDITION_RUN_AS,
    CONDITION_RUN_AS_GROUP,
    CONDITION_COMMAND,
    CONDITION_WINDOW,
    CONDITION_SOURCE,
    CONDITION_SOURCE_UNKNOWN, /* it names sources, and the step's is not known */
    CONDITION_RISK,           /* all but that the risk is too high for what it allows */
};

/* The key of agent.conf that says so; "" for CONDITION_NONE. */
const char *condition_word(enum condition condition);
/* The section of agent.conf that a rule of this kind is; "" for what is none. */
const char *rule_kind_word(enum rule_kind kind);

/* The defaults: limits alone, of every session. 1 or 0. */
int policy_is_defaults(const struct policy *policy);
enum condition policy_misses(const struct policy *policy, const struct facts *facts);
/* Of a rule of a policy that applies. */
enum condition rule_misses(const struct rule *rule, const struct facts *facts, const struct limits *limits);

/*
 * The strictest limits of the policies that apply, defaults filled in; mode is that of all that apply, MODE_UNSET of none. 1 when one
 * other than the defaults applies.
 */
int gather_limits(const struct facts *facts, const struct policy_set *policies, struct limits *ret);

#endif
