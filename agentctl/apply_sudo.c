/* What a rule asks of this host's sudo it must be able to do: what it does not know would be less than the rule says. */
#include <errno.h>

#include "agentctl/apply_parts.h"
#include "agentctl/config_here.h"
#include "agentctl/sudo_version.h"

static const struct rule *next_intercept(const struct policy *policy, size_t *i)
{
    while (*i < policy->rule_count) {
        const struct rule *rule = &policy->rules[(*i)++];

        if (rule->intercept)
            return rule;
    }
    return NULL;
}

static int wants_intercept(const struct config *config)
{
    for (size_t i = 0; i < config->policy_count; i++) {
        size_t rule = 0;

        if (policy_is_here(config, i) && next_intercept(&config->policies[i], &rule))
            return 1;
    }
    return 0;
}

static void refuse_rules(struct apply *a, const char *why)
{
    const struct rule *rule;

    for (size_t i = 0; i < a->config->policy_count; i++)
        for (size_t j = 0; policy_is_here(a->config, i) && (rule = next_intercept(&a->config->policies[i], &j));)
            problem_add(&a->problems, rule->where, 0,
                        "intercept: %s: update sudo, or remove intercept, and the command starts nothing, or write "
                        "may-exec = true, and nobody is asked what it starts",
                        why);
}

/* Without a sudo, nothing runs. */
int apply_check_sudo(struct apply *a)
{
    unsigned version;
    int r = wants_intercept(a->config) ? sudo_version_of(a->paths->sudo, &version) : -ENOENT;

    if (r == -ENOENT || (r == 0 && version >= SUDO_WITH_INTERCEPT))
        return APPLY_DONE;
    refuse_rules(a, r == 0 ? "this host's sudo is older than 1.9.8, which is the first that has it"
                           : "this host's sudo does not tell its version");
    return APPLY_PROBLEMS;
}
