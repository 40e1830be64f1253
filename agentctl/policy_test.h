/*
 * Cases against a configuration as it is written: compiled in memory, in the form that every step reads, and decided as gate and guard
 * would.
 */
#ifndef AGENTCTL_POLICY_TEST_H
#define AGENTCTL_POLICY_TEST_H

#include "agentctl/cases.h"
#include "agentctl/config.h"

/* What became of a case. */
struct tested {
    enum reason got;
    const char *rule, *rule_where; /* that decided; NULL: none did */
};

/* A rule of the configuration, and whether a case was decided by it. */
struct coverage {
    const struct policy *policy;
    const struct rule *rule;
    int reached;
};

/* All lives in the arena. */
struct policy_test {
    struct arena arena;
    const struct config *config;
    const struct cases *cases;
    struct tested *results; /* by case */
    struct coverage *rules; /* in the order of the configuration */
    size_t rule_count, reached, failed;
};

/* 0; -EINVAL: a case asks what cannot be asked of this configuration, reported; -ENOMEM. */
int policy_test_run(const struct config *config, const struct cases *cases, struct problems *problems,
                    struct policy_test *ret) MUST_CHECK;
void policy_test_clear(struct policy_test *test);

#endif
