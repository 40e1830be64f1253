#include "agentctl/permissions.h"

#include <stdlib.h>
#include <string.h>

#include "agentctl/limits.h"
#include "core/identities.h"

struct maker {
    struct arena *arena;
    struct permissions *permissions;
    const struct policy *policy;
};

static void add(struct maker *m, enum permission_kind kind, const char *text)
{
    struct permissions *p = m->permissions;

    p->items = arena_grow(m->arena, p->items, p->count, sizeof *p->items);
    p->items[p->count++] = (struct permission){kind, text};
}

/* PREFIX, the words with commas between them; "" where there are none. */
static const char *list(struct maker *m, const char *prefix, const struct words *words)
{
    const char *text = "";

    for (size_t i = 0; i < words->count; i++)
        text = arena_format(m->arena, "%s%s%s", text, i == 0 ? prefix : ", ", words->items[i]);
    return text;
}

/* Of which sessions the policy is. */
static const char *sessions(struct maker *m)
{
    return arena_format(m->arena, "%s%s%s", list(m, "; for ", &m->policy->purposes),
                        list(m, "; by issuer ", &m->policy->issuers),
                        list(m, "; on behalf of ", &m->policy->principals));
}

/* What begins with "; ", in brackets. */
static const char *brackets(struct maker *m, const char *all)
{
    return all[0] ? arena_format(m->arena, " (%s)", all + 2) : "";
}

/* Under what it holds. */
static const char *conditions(struct maker *m, const struct rule *rule)
{
    const char *all = arena_format(m->arena, "%s%s", list(m, "; from ", &rule->from), sessions(m));

    for (size_t i = 0; i < rule->window_count; i++)
        all = arena_format(m->arena, "%s%s%s", all, i == 0 ? "; within " : ", ", rule->windows[i].text);
    if (rule->sensitivity != LEVEL_UNSET)
        all = arena_format(m->arena, "%s; sensitivity %s", all, level_word(rule->sensitivity));
    if (rule->leaves_service)
        all = arena_format(m->arena, "%s; leaves a service", all);
    return brackets(m, all);
}

static void add_login(struct maker *m, enum permission_kind kind, const struct rule *rule)
{
    const char *services = rule->services.count         ? list(m, "", &rule->services)
                           : kind == PERMISSION_ALLOWED ? RULE_DEFAULT_SERVICE
                                                        : "any service";

    add(m, kind, arena_format(m->arena, "login by %s%s", services, conditions(m, rule)));
}

const char *permission_command(const struct command *command, struct arena *arena)
{
    const char *line = command->words.items[0];

    for (size_t i = 1; i < command->words.count; i++)
        line = arena_format(arena, "%s %s", line, command->words.items[i]);
    return command->any_arguments ? arena_format(arena, "%s ...", line) : line;
}

static void add_sudo(struct maker *m, enum permission_kind kind, const struct rule *rule)
{
    const char *user = rule->run_as.count           ? list(m, "", &rule->run_as)
                       : kind == PERMISSION_ALLOWED ? RULE_DEFAULT_RUN_AS
                                                    : "anybody";
    const char *who = arena_format(m->arena, "%s%s", user, list(m, " with group ", &rule->run_as_groups));

    for (size_t i = 0; i < rule->command_count; i++)
        add(m, kind,
            arena_format(m->arena, "sudo as %s: %s%s", who, permission_command(&rule->commands[i], m->arena),
                         conditions(m, rule)));
    if (rule->command_count == 0)
        add(m, kind, arena_format(m->arena, "sudo as %s: any command%s", who, conditions(m, rule)));
}

static void add_rule(struct maker *m, const struct rule *rule)
{
    switch (rule->kind) {
    case RULE_ALLOW_LOGIN:
        add_login(m, PERMISSION_ALLOWED, rule);
        break;
    case RULE_DENY_LOGIN:
        add_login(m, PERMISSION_DENIED, rule);
        break;
    case RULE_ALLOW_SUDO:
        add_sudo(m, PERMISSION_ALLOWED, rule);
        break;
    case RULE_DENY_SUDO:
        add_sudo(m, PERMISSION_DENIED, rule);
        break;
    }
}

static void add_limit(const char *name, const char *value, void *arg)
{
    struct maker *m = arg;

    add(m, PERMISSION_LIMIT, arena_format(m->arena, "%s %s%s", name, value, brackets(m, sessions(m))));
}

int permission_compare(const struct permission *a, const struct permission *b)
{
    return a->kind == b->kind ? strcmp(a->text, b->text) : a->kind < b->kind ? -1 : 1;
}

static int by_text(const void *a, const void *b)
{
    return permission_compare(a, b);
}

static void sort_once(struct permissions *p)
{
    size_t kept = 0;

    if (p->count)
        qsort(p->items, p->count, sizeof *p->items, by_text);
    for (size_t i = 0; i < p->count; i++)
        if (i == 0 || permission_compare(&p->items[i], &p->items[kept - 1]) != 0)
            p->items[kept++] = p->items[i];
    p->count = kept;
}

void permissions_of(const struct policy_set *set, struct arena *arena, struct permissions *ret)
{
    struct maker m = {arena, ret, NULL};

    *ret = (struct permissions){.items = NULL};
    for (size_t i = 0; i < set->delegators.count; i++)
        add(&m, PERMISSION_ALLOWED, arena_format(arena, "what %s delegates", set->delegators.items[i]));
    for (size_t i = 0; i < set->count; i++) {
        m.policy = &set->policies[i];
        (void)!limits_each(&m.policy->limits, add_limit, &m);
        for (size_t j = 0; j < m.policy->rule_count; j++)
            add_rule(&m, &m.policy->rules[j]);
    }
    sort_once(ret);
}

void permissions_add_visits(struct permissions *permissions, int human_use, unsigned unattended, struct arena *arena)
{
    struct maker m = {arena, permissions, NULL};

    if (human_use)
        add(&m, PERMISSION_ALLOWED, "use by humans (root's su, sudo -u)");
    for (unsigned i = 0; i < UNATTENDED_MAX; i++)
        if (unattended & 1u << i)
            add(&m, PERMISSION_ALLOWED, arena_format(arena, "unattended use by %s", unattended_services[i]));
    sort_once(permissions);
}

void permissions_add_group(struct permissions *permissions, const char *group, struct arena *arena)
{
    struct maker m = {arena, permissions, NULL};

    add(&m, PERMISSION_ALLOWED, arena_format(arena, "group %s", group));
    sort_once(permissions);
}
