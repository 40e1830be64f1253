#include "agentctl/policy_choice.h"

#include <search.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/config_here.h"
#include "core/fields.h"

/* --- the text --- */

static int uses_zone(const struct policy *policy, const struct zone *zone)
{
    for (size_t i = 0; i < policy->rule_count; i++)
        for (size_t j = 0; j < policy->rules[i].window_count; j++)
            if (policy->rules[i].windows[j].zone == zone)
                return 1;
    return 0;
}

/* Each zone of the windows of these policies, once. */
static void put_zones(struct fields_writer *w, const struct config *config, const struct owners *policies)
{
    for (size_t i = 0; i < config->zone_count; i++) {
        size_t j = 0;

        while (j < policies->count && !uses_zone(&config->policies[policies->items[j]], config->zones[i]))
            j++;
        if (j < policies->count)
            zone_write(w, config->zones[i]);
    }
}

int policy_choice_text(const struct config *config, const struct policy_choice *choice, char *buf, size_t *ret_len)
{
    const struct owners *policies = &choice->policies;
    struct fields_writer w;

    fields_begin(&w, buf, POLICY_TEXT_MAX);
    for (size_t i = 0; i < choice->delegates->count; i++)
        fields_put(&w, "delegator", choice->delegates->items[i]);
    put_zones(&w, config, policies);
    policy_write(&w, &config->defaults);
    for (size_t i = 0; i < policies->count; i++)
        policy_write(&w, &config->policies[policies->items[i]]);
    return fields_end(&w, ret_len);
}

/* --- the choices --- */

static int compare_words(const struct words *a, const struct words *b)
{
    int order = (a->count > b->count) - (a->count < b->count);

    for (size_t i = 0; i < a->count && order == 0; i++)
        order = strcmp(a->items[i], b->items[i]);
    return order;
}

static int compare_choices(const void *a, const void *b)
{
    const struct policy_choice *left = a, *right = b;
    const struct owners *one = &left->policies, *other = &right->policies;

    if (one->count != other->count)
        return one->count < other->count ? -1 : 1;
    for (size_t i = 0; i < one->count; i++)
        if (one->items[i] != other->items[i])
            return one->items[i] < other->items[i] ? -1 : 1;
    return compare_words(left->delegates, right->delegates);
}

static void name_choice(const struct config *config, char *buf, struct policy_choice *choice)
{
    char digest[SHA256_DIGEST_STRING_LENGTH];
    size_t len;

    if (policy_choice_text(config, choice, buf, &len) < 0)
        return;
    (void)SHA256Data((const uint8_t *)buf, len, digest);
    memcpy(choice->name, digest, POLICY_NAME_LENGTH);
}

static struct policy_choice *keep(struct policy_choices *choices, const struct policy_choice *found)
{
    struct arena *arena = &choices->arena;
    struct policy_choice *kept = arena_alloc(arena, 1, sizeof *kept);

    kept->delegates = found->delegates;
    kept->policies.count = found->policies.count;
    kept->policies.items = arena_alloc(arena, found->policies.count, sizeof *found->policies.items);
    if (found->policies.count)
        memcpy(kept->policies.items, found->policies.items, found->policies.count * sizeof *found->policies.items);
    choices->items = arena_grow(arena, choices->items, choices->count, sizeof(struct policy_choice *));
    choices->items[choices->count++] = kept;
    return kept;
}

static void keep_node(void *choice)
{
    (void)choice; /* the arena's */
}

void policy_choices_make(const struct config *config, struct policy_choices *ret)
{
    char *buf = memory_must(malloc(POLICY_TEXT_MAX));
    struct policy_choice found = {.name = ""};
    struct overlap index;
    struct arena scratch = {0};
    void *root = NULL;

    *ret = (struct policy_choices){.config = config};
    ret->of_identity = arena_alloc(&ret->arena, config->identity_count, sizeof(struct policy_choice *));
    policies_here(config, &scratch, &index);
    for (size_t i = 0; i < config->identity_count; i++) {
        struct policy_choice **at;

        found.delegates = &config->identities[i].delegates;
        overlap_find(&index, config->identities[i].id, &found.policies);
        at = tfind(&found, &root, compare_choices);
        if (!at) {
            at = memory_must(tsearch(keep(ret, &found), &root, compare_choices));
            name_choice(config, buf, *at);
        }
        ret->of_identity[i] = *at;
    }
    tdestroy(root, keep_node);
    owners_clear(&found.policies);
    arena_clear(&scratch);
    free(buf);
}

void policy_choices_clear(struct policy_choices *choices)
{
    arena_clear(&choices->arena);
    *choices = (struct policy_choices){.count = 0};
}

int policy_choice_read(const struct policy_choices *choices, size_t i, struct policy_set *ret)
{
    char *buf = memory_must(malloc(POLICY_TEXT_MAX));
    size_t len;
    int r = policy_choice_text(choices->config, choices->of_identity[i], buf, &len);

    if (r == 0)
        r = policy_set_parse(buf, len, ret);
    free(buf);
    return r;
}
