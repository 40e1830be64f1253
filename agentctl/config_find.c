#include "agentctl/config_find.h"

#include <stdlib.h>
#include <string.h>

static int compare_accounts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void find_prepare_accounts(const struct config *config, struct arena *arena, struct found_by *ret)
{
    *ret = (struct found_by){.config = config};
    ret->accounts = arena_alloc(arena, config->identity_count, sizeof *ret->accounts);
    for (size_t i = 0; i < config->identity_count; i++)
        ret->accounts[i] = config->identities[i].account;
    qsort(ret->accounts, config->identity_count, sizeof *ret->accounts, compare_accounts);
}

void find_prepare(const struct config *config, struct arena *arena, struct found_by *ret)
{
    find_prepare_accounts(config, arena, ret);
    for (size_t i = 0; i < config->identity_count; i++)
        if (config->identities[i].slot == 1)
            overlap_add(&ret->ids, arena, config->identities[i].id, i);
    overlap_sort(&ret->ids);
}

const struct identity_config *find_by_spiffe(const struct found_by *index, const char *id)
{
    CLEANUP(owners_clear) struct owners owners = {.count = 0};
    const struct identity_config *found = NULL;

    overlap_find(&index->ids, id, &owners);
    for (size_t i = 0; i < owners.count; i++) {
        const struct identity_config *one = &index->config->identities[owners.items[i]];

        /* a pattern may be as long as the ID */
        if (!found || strcmp(one->id, id) == 0 || (strcmp(found->id, id) != 0 && strlen(one->id) > strlen(found->id)))
            found = one;
    }
    return found;
}

int find_has_account(const struct found_by *index, const char *account)
{
    return bsearch(&account, index->accounts, index->config->identity_count, sizeof account, compare_accounts) != NULL;
}

int find_has_issuer(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->issuer_count; i++)
        if (strcmp(config->issuers[i].name, name) == 0)
            return 1;
    return 0;
}
