#include "agentctl/config_here.h"

#include "agentctl/config_syntax.h"

static int has_label(const struct words *labels, const char *pattern)
{
    for (size_t i = 0; i < labels->count; i++)
        if (label_matches(pattern, labels->items[i]))
            return 1;
    return 0;
}

int policy_is_here(const struct config *config, size_t i)
{
    const struct words *requires = &config->policy_configs[i].requires;

    for (size_t j = 0; j < requires->count; j++)
        if (!has_label(&config->host.labels, requires->items[j]))
            return 0;
    return 1;
}

void policies_here(const struct config *config, struct arena *arena, struct overlap *ret)
{
    struct overlap index = {0};

    for (size_t i = 0; i < config->policy_count; i++) {
        const struct words *patterns = &config->policies[i].identities;

        for (size_t j = 0; policy_is_here(config, i) && j < patterns->count; j++)
            overlap_add(&index, arena, patterns->items[j], i);
    }
    overlap_sort(&index);
    *ret = index;
}
