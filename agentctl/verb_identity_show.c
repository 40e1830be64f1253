/* identity show: one account: whose it is, what it may do, its sessions and last refusals. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>

#include "agentctl/arguments.h"
#include "agentctl/config_syntax.h"
#include "agentctl/decisions.h"
#include "agentctl/live.h"
#include "agentctl/permissions.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "ask/who.h"
#include "core/clock.h"
#include "core/paths.h"
#include "core/text.h"
#include "judge/policy_store.h"

#define REFUSALS_SHOWN 5

struct view {
    struct identity identity;
    struct policy_set policies;
    struct arena arena;
    struct permissions permissions;
    struct table table; /* of sessions */
    json_t *sessions, *refusals;
    int64_t now;
};

static int take_session(const struct live *live, void *arg)
{
    struct view *view = arg;

    if (strcmp(live->session.grant.account, view->identity.account) != 0)
        return 0;
    live_row(&view->table, live, view->now);
    return json_array_append_new(view->sessions, live_json(live)) < 0 ? -ENOMEM : 0;
}

/* The newest are the last. */
static void take_refusal(json_t *record, void *arg)
{
    struct view *view = arg;

    if (!decision_is_refusal(record) || !text_equal(decision_text(record, "user", "name"), view->identity.account))
        return;
    (void)!json_array_append(view->refusals, record);
    if (json_array_size(view->refusals) > REFUSALS_SHOWN)
        (void)!json_array_remove(view->refusals, 0);
}

static void print_identity(const struct view *view)
{
    const struct identity *identity = &view->identity;
    char kept[16];

    say("%s: %s", identity->account, identity->disabled ? "disabled" : "enabled");
    print_field("id", identity->id);
    printf("  %-10s %u\n", "uid", identity->uid);
    print_field("home", identity->home);
    if (identity->keep_seconds > 0)
        print_field("keep-home", duration_format(identity->keep_seconds, kept));
    for (size_t i = 0; i < view->policies.delegators.count; i++)
        print_field(i ? "" : "delegates", view->policies.delegators.items[i]);
}

static int print_policies(const struct policy_set *policies)
{
    static const char *const heads[] = {"POLICY", "AT", NULL};
    struct table table;

    table_start(&table, heads);
    for (size_t i = 0; i < policies->count; i++) {
        table_cell(&table, policies->policies[i].name);
        table_cell(&table, policies->policies[i].where);
    }
    return table_print(&table, stdout);
}

static void print_permissions(const struct permissions *permissions)
{
    static const char *const words[] = {
        [PERMISSION_ALLOWED] = "may",
        [PERMISSION_DENIED] = "may not",
        [PERMISSION_LIMIT] = "limit",
    };

    for (size_t i = 0; i < permissions->count; i++)
        print_field(words[permissions->items[i].kind], permissions->items[i].text);
}

static int print_view(struct view *view)
{
    int r;

    print_identity(view);
    print_permissions(&view->permissions);
    putchar('\n');
    r = print_policies(&view->policies);
    if (r == 0 && table_rows(&view->table) > 0) {
        putchar('\n');
        r = table_print(&view->table, stdout);
    } else if (r == 0) {
        say("\nno session of it is live");
    }
    if (r == 0 && json_array_size(view->refusals) > 0)
        putchar('\n');
    return r < 0 ? r : refusals_print(view->refusals);
}

static json_t *words_json(const struct words *words)
{
    json_t *array = json_array();

    for (size_t i = 0; i < words->count; i++)
        json_array_append_new(array, json_of_text(words->items[i]));
    return array;
}

static json_t *rule_json(const struct policy *policy, const struct rule *rule, struct arena *arena)
{
    json_t *commands = json_array();

    for (size_t i = 0; i < rule->command_count; i++)
        json_array_append_new(commands, json_of_text(permission_command(&rule->commands[i], arena)));
    return json_pack("{s:o, s:o, s:o, s:b, s:s, s:s}", "run_as",
                     rule->run_as.count ? words_json(&rule->run_as) : json_pack("[s]", RULE_DEFAULT_RUN_AS),
                     "run_as_group", words_json(&rule->run_as_groups), "commands", commands, "any_command",
                     rule->any_command, "policy", policy->name, "where", rule->where);
}

/* What it may run: the rules of sudo. And the policies. */
static void add_policies_json(struct view *view, json_t *policies, json_t *runs)
{
    for (size_t i = 0; i < view->policies.count; i++) {
        const struct policy *policy = &view->policies.policies[i];

        json_array_append_new(policies, json_pack("{s:s, s:s}", "policy", policy->name, "where", policy->where));
        for (size_t j = 0; j < policy->rule_count; j++)
            if (policy->rules[j].kind == RULE_ALLOW_SUDO)
                json_array_append_new(runs, rule_json(policy, &policy->rules[j], &view->arena));
    }
}

static int print_view_json(struct view *view)
{
    const struct identity *identity = &view->identity;
    json_t *policies = json_array(), *runs = json_array(), *permitted[] = {json_array(), json_array(), json_array()};

    add_policies_json(view, policies, runs);
    for (size_t i = 0; i < view->permissions.count; i++)
        json_array_append_new(permitted[view->permissions.items[i].kind],
                              json_of_text(view->permissions.items[i].text));
    return print_json_value(json_pack(
        "{s:s, s:s, s:I, s:I, s:s, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:O, s:O}", "account",
        identity->account, "id", identity->id, "uid", (json_int_t)identity->uid, "gid", (json_int_t)identity->gid,
        "home", identity->home, "disabled", identity->disabled, "local", identity->local, "keep_home",
        identity->keep_home, "delegates", words_json(&view->policies.delegators), "policies", policies, "runs", runs,
        "allowed", permitted[PERMISSION_ALLOWED], "denied", permitted[PERMISSION_DENIED], "limits",
        permitted[PERMISSION_LIMIT], "sessions", view->sessions, "refusals", view->refusals));
}

static int cannot(const char *path, int r)
{
    complain("%s: %s: run `agentctl apply`", path, strerror(-r));
    return EXIT_PART;
}

static void add_own(struct view *view)
{
    const struct identity *identity = &view->identity;

    permissions_add_visits(&view->permissions, identity->human_use, identity->unattended, &view->arena);
    for (size_t i = 0; i < identity->group_count; i++) {
        const struct group *group = getgrgid(identity->groups[i]);

        permissions_add_group(&view->permissions,
                              group ? group->gr_name : arena_format(&view->arena, "%u", identity->groups[i]),
                              &view->arena);
    }
}

/* What is there is shown, whatever cannot be read. */
static int show(struct view *view, int json)
{
    int status = EXIT_YES, r = policy_of_account(view->identity.account, &view->policies);

    if (r < 0)
        status = cannot(PATH_POLICY, r);
    permissions_of(&view->policies, &view->arena, &view->permissions);
    add_own(view);
    table_start(&view->table, live_heads);
    if (live_each(take_session, view) < 0)
        status = EXIT_PART;
    r = decisions_each(view->identity.account, take_refusal, view);
    if (r < 0 && r != -ENOENT) {
        complain("%s: %s", PATH_DECISIONS, strerror(-r));
        status = EXIT_PART;
    }
    return (json ? print_view_json : print_view)(view) < 0 ? EXIT_PART : status;
}

int verb_identity_show(int argc, char **argv)
{
    struct view view = {.now = clock_wall_seconds()};
    struct arguments a;
    int status = arguments_take(argc, argv, TAKES_JSON, 1, 1, &a), r;

    if (status)
        return status;
    if (!is_root("identity show"))
        return EXIT_PART;
    r = identity_of_account(a.words[0], &view.identity);
    if (r == -ENOENT) {
        complain("no identity is configured for this account: see `agentctl identity list`");
        return EXIT_NO;
    }
    if (r < 0)
        return cannot(PATH_IDENTITIES, r);
    view.sessions = json_array();
    view.refusals = json_array();
    status = show(&view, a.json);
    table_clear(&view.table);
    json_decref(view.sessions);
    json_decref(view.refusals);
    policy_set_clear(&view.policies);
    arena_clear(&view.arena);
    return status;
}
