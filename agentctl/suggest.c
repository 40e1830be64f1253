#include "agentctl/suggest.h"

#include <stdlib.h>
#include <string.h>

#include "agentctl/suggest_check.h"
#include "core/text.h"

/* --- what is told --- */

static void add_item(struct suggested_policy *policy, struct arena *arena, const struct observed *seen,
                     const char *left_out)
{
    policy->items = arena_grow(arena, policy->items, policy->count, sizeof *policy->items);
    policy->items[policy->count++] =
        (struct suggestion){.seen = seen,
                            .times = seen->is_login ? tally_logins(&seen->tally) : tally_commands(&seen->tally),
                            .last = seen->last,
                            .left_out = left_out};
    policy->written += left_out == NULL;
}

/* The policy of one identity, issuer, principal and purpose. */
static void add_policy(struct checker *c, struct observed *const *seen, size_t count, struct suggested *ret)
{
    struct suggested_policy policy = {.identity = seen[0]->identity,
                                      .account = seen[0]->account,
                                      .issuer = seen[0]->issuer,
                                      .principal = seen[0]->principal};
    const char *left_out;

    policy.left_out = check_session(c, seen[0], &policy.account);
    if (seen[0]->purpose) {
        policy.purposes.items = arena_alloc(c->arena, 1, sizeof *policy.purposes.items);
        policy.purposes.items[policy.purposes.count++] = seen[0]->purpose;
    }
    for (size_t i = 0; i < count; i++) {
        left_out = policy.left_out;
        if (left_out || check_step(c, seen[i], policy.account, &left_out))
            add_item(&policy, c->arena, seen[i], left_out);
    }
    if (policy.count == 0)
        return;
    ret->policies = arena_grow(c->arena, ret->policies, ret->count, sizeof policy);
    ret->policies[ret->count++] = policy;
}

static void add_policies(struct checker *c, const struct observations *seen, struct suggested *ret)
{
    struct observed *const *all = seen->items;
    size_t count;

    for (size_t i = 0; i < seen->count; i += count) {
        for (count = 1; i + count < seen->count && observed_compare_sessions(all[i], all[i + count]) == 0; count++)
            ;
        add_policy(c, all + i, count, ret);
    }
}

/* --- purposes with the same needs --- */

static int compare_texts(const char *a, const char *b)
{
    return !a || !b ? (a != NULL) - (b != NULL) : strcmp(a, b);
}

/* Whose they are; one without a purpose, or that is left out, is of no others. */
static int compare_owners(const struct suggested_policy *a, const struct suggested_policy *b)
{
    int order = compare_texts(a->identity, b->identity);

    if (order == 0)
        order = compare_texts(a->account, b->account);
    if (order == 0)
        order = compare_texts(a->issuer, b->issuer);
    if (order == 0)
        order = compare_texts(a->principal, b->principal);
    if (order == 0)
        order = (a->left_out != NULL) - (b->left_out != NULL);
    return order ? order : (a->purposes.count > 0) - (b->purposes.count > 0);
}

static int compare_items(const struct suggested_policy *a, const struct suggested_policy *b)
{
    int order = 0;

    for (size_t i = 0; order == 0 && i < a->count && i < b->count; i++) {
        order = observed_compare_steps(a->items[i].seen, b->items[i].seen);
        if (order == 0)
            order = compare_texts(a->items[i].left_out, b->items[i].left_out);
    }
    return order ? order : (a->count > b->count) - (a->count < b->count);
}

static int by_needs(const void *a, const void *b)
{
    const struct suggested_policy *left = a, *right = b;
    int order = compare_owners(left, right);

    if (order == 0)
        order = compare_items(left, right);
    if (order == 0 && left->purposes.count && right->purposes.count)
        order = strcmp(left->purposes.items[0], right->purposes.items[0]);
    return order;
}

static int is_of_same(const struct suggested_policy *a, const struct suggested_policy *b)
{
    return !a->left_out && compare_owners(a, b) == 0 && compare_items(a, b) == 0;
}

static void join(struct suggested_policy *into, const struct suggested_policy *from, struct arena *arena)
{
    into->purposes.items = arena_grow(arena, into->purposes.items, into->purposes.count, sizeof *into->purposes.items);
    into->purposes.items[into->purposes.count++] = from->purposes.items[0];
    for (size_t i = 0; i < into->count; i++) {
        into->items[i].times += from->items[i].times;
        if (from->items[i].last > into->items[i].last)
            into->items[i].last = from->items[i].last;
    }
}

static void join_purposes(struct suggested *suggested, struct arena *arena)
{
    size_t kept = 0;

    if (suggested->count)
        qsort(suggested->policies, suggested->count, sizeof *suggested->policies, by_needs);
    for (size_t i = 0; i < suggested->count; i++) {
        if (kept && is_of_same(&suggested->policies[kept - 1], &suggested->policies[i]))
            join(&suggested->policies[kept - 1], &suggested->policies[i], arena);
        else
            suggested->policies[kept++] = suggested->policies[i];
    }
    suggested->count = kept;
}

/* --- names --- */

static int is_taken(const struct config *config, const struct suggested *suggested, size_t before, const char *name)
{
    for (size_t i = 0; i < config->policy_count; i++)
        if (strcmp(config->policies[i].name, name) == 0)
            return 1;
    for (size_t i = 0; i < before; i++)
        if (text_equal(suggested->policies[i].name, name))
            return 1;
    return 0;
}

/* No account has a '.' in its name. */
static void name_policies(const struct config *config, struct suggested *suggested, struct arena *arena)
{
    const char *account = NULL, *name;
    unsigned number = 1;

    for (size_t i = 0; i < suggested->count; i++) {
        struct suggested_policy *policy = &suggested->policies[i];

        if (policy->left_out)
            continue;
        if (!text_equal(account, policy->account))
            number = 1;
        account = policy->account;
        do {
            name = number == 1 ? arena_format(arena, "suggested-%s", account)
                               : arena_format(arena, "suggested-%s.%u", account, number);
            number++;
        } while (is_taken(config, suggested, i, name));
        policy->name = name;
    }
}

void suggest(const struct observations *seen, const struct suggest_host *host, struct arena *arena,
             struct suggested *ret)
{
    struct checker checker;

    *ret = (struct suggested){.count = 0};
    checker_begin(&checker, host, arena);
    add_policies(&checker, seen, ret);
    checker_end(&checker);
    join_purposes(ret, arena);
    name_policies(host->apply->config, ret, arena);
}
