#include "agentctl/explain.h"

#include <stdio.h>
#include <string.h>

#include "agentctl/config_syntax.h"
#include "agentctl/limits.h"
#include "agentctl/say.h"
#include "agentctl/table.h"
#include "core/text.h"
#include "judge/rules.h"

static int permits(const struct explanation *e)
{
    return e->decision.verdict == VERDICT_PERMIT;
}

/* As gate and guard let it be. */
static int is_let_be(const struct explanation *e)
{
    return !permits(e) && (e->decision.observed || (e->facts->observe && !reason_is_order(e->decision.reason)));
}

/* --- limits --- */

static int is_duration(const char *name)
{
    static const char *const durations[] = {"max-lifetime", "max-session", "reattest-every", "reattest-grace"};

    for (size_t i = 0; i < COUNT_OF(durations); i++)
        if (strcmp(durations[i], name) == 0)
            return 1;
    return 0;
}

static void limit_row(const char *name, const char *value, void *arg)
{
    struct table *table = arg;
    uint64_t seconds;
    char text[16];

    table_cell(table, name);
    if (is_duration(name) && text_u64(value, UINT32_MAX, &seconds) == 0)
        value = duration_format((uint32_t)seconds, text);
    table_cell(table, value);
}

static void limit_member(const char *name, const char *value, void *arg)
{
    uint64_t number;

    json_object_set_new(
        arg, name, text_u64(value, UINT32_MAX, &number) == 0 ? json_integer((json_int_t)number) : json_string(value));
}

static int print_limits(const struct limits *limits)
{
    static const char *const heads[] = {"LIMIT", "STRICTEST", NULL};
    struct table table;
    int r;

    table_start(&table, heads);
    r = limits_each(limits, limit_row, &table);
    if (r == 0)
        return table_print(&table, stdout);
    table_clear(&table);
    return r;
}

/* --- policies and rules --- */

static int is_of_step(const struct rule *rule, enum step step)
{
    int login = rule->kind == RULE_ALLOW_LOGIN || rule->kind == RULE_DENY_LOGIN;

    return login == (step == STEP_LOGIN);
}

static int decides(const struct explanation *e, const struct rule *rule)
{
    return e->decision.rule_where && e->decision.rule_where == rule->where;
}

static void rule_row(const struct explanation *e, const struct policy *policy, const struct rule *rule,
                     const struct limits *limits, struct table *table)
{
    enum condition missed = rule_misses(rule, e->facts, limits);

    table_cell(table, policy->name);
    table_cell(table, rule_kind_word(rule->kind));
    table_cell(table, decides(e, rule) ? "decides" : missed == CONDITION_NONE ? "yes" : "no");
    table_cell(table, condition_word(missed));
    table_cell(table, rule->where);
}

static void policy_rows(const struct explanation *e, const struct policy *policy, const struct limits *limits,
                        struct table *table)
{
    enum condition missed = policy_misses(policy, e->facts);

    table_cell(table, policy->name);
    table_cell(table, NULL);
    table_cell(table, missed == CONDITION_NONE ? "yes" : "no");
    table_cell(table, condition_word(missed));
    table_cell(table, policy->where);
    for (size_t i = 0; missed == CONDITION_NONE && i < policy->rule_count; i++)
        if (is_of_step(&policy->rules[i], e->facts->step))
            rule_row(e, policy, &policy->rules[i], limits, table);
}

static int print_policies(const struct explanation *e, const struct limits *limits)
{
    static const char *const heads[] = {"POLICY", "RULE", "MATCHES", "MISSES", "AT", NULL};
    struct table table;

    table_start(&table, heads);
    for (size_t i = 0; i < e->policies->count; i++)
        policy_rows(e, &e->policies->policies[i], limits, &table);
    return table_print(&table, stdout);
}

static json_t *missed_json(enum condition missed)
{
    return missed == CONDITION_NONE ? json_null() : json_string(condition_word(missed));
}

static json_t *rule_json(const struct explanation *e, const struct rule *rule, const struct limits *limits)
{
    enum condition missed = rule_misses(rule, e->facts, limits);

    return json_pack("{s:s, s:s, s:b, s:o, s:b}", "rule", rule_kind_word(rule->kind), "where", rule->where, "matches",
                     missed == CONDITION_NONE, "misses", missed_json(missed), "decides", decides(e, rule));
}

static json_t *policy_json(const struct explanation *e, const struct policy *policy, const struct limits *limits)
{
    enum condition missed = policy_misses(policy, e->facts);
    json_t *rules = json_array();

    for (size_t i = 0; missed == CONDITION_NONE && i < policy->rule_count; i++)
        if (is_of_step(&policy->rules[i], e->facts->step))
            json_array_append_new(rules, rule_json(e, &policy->rules[i], limits));
    return json_pack("{s:s, s:s, s:b, s:o, s:o}", "policy", policy->name, "where", policy->where, "matches",
                     missed == CONDITION_NONE, "misses", missed_json(missed), "rules", rules);
}

/* --- the whole --- */

static void print_words(const char *name, const char *const *words, size_t count)
{
    if (count == 0)
        return;
    printf("  %-10s", name);
    for (size_t i = 0; i < count; i++) {
        putchar(' ');
        print_escaped(stdout, words[i]);
    }
    putchar('\n');
}

static void print_step(const struct facts *facts)
{
    char when[32];

    print_field("step", step_word(facts->step));
    print_field("at", format_time(facts->now, when));
    print_field("account", facts->account);
    print_field("agent", facts->identity);
    print_field("principal", facts->principal);
    print_field("delegator", facts->delegator);
    print_field("issuer", facts->issuer);
    print_field("task", facts->task);
    print_field("purpose", facts->purpose);
    print_field("sensitivity", level_word(facts->task_sensitivity));
    print_field("possession", possession_word(facts->possession));
    print_field("service", facts->service);
    print_field("source", facts->source);
    print_field("run-as", facts->run_as);
    print_words("command", facts->argv, facts->argc);
    print_field("risk", level_word(facts->standing.risk));
}

static void print_decision(const struct explanation *e)
{
    const struct decision *decision = &e->decision;
    char when[32];

    say("%s: %s%s", permits(e) ? "PERMITTED" : "REFUSED", reason_word(decision->reason),
        is_let_be(e) ? " (observed only)" : "");
    print_step(e->facts);
    print_field("detail", e->detail);
    print_field("rule", decision->rule);
    print_field("written at", decision->rule_where);
    if (permits(e) && decision->session_deadline)
        print_field("ends", format_time(decision->session_deadline, when));
    if (permits(e) && decision->leaves_service)
        print_field("leaves", "service");
    print_field("why", reason_meaning(decision->reason));
    if (!permits(e))
        print_field("mend", reason_mend(decision->reason));
}

int explain_print(const struct explanation *e)
{
    struct limits limits;
    int r;

    print_decision(e);
    if (e->policies->count == 0)
        return 0;
    (void)gather_limits(e->facts, e->policies, &limits);
    putchar('\n');
    r = print_policies(e, &limits);
    putchar('\n');
    return r < 0 ? r : print_limits(&limits);
}

static json_t *words_json(const char *const *words, size_t count)
{
    json_t *array = words ? json_array() : json_null();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_of_text(words[i]));
    return array;
}

static json_t *step_json(const struct facts *facts)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "step",
                     step_word(facts->step), "at", json_of_time(facts->now), "account", json_of_text(facts->account),
                     "agent", json_of_text(facts->identity), "principal", json_of_text(facts->principal), "delegator",
                     json_of_text(facts->delegator), "issuer", json_of_text(facts->issuer), "task",
                     json_of_text(facts->task), "purpose", json_of_text(facts->purpose), "sensitivity",
                     json_of_text(level_word(facts->task_sensitivity)), "service", json_of_text(facts->service),
                     "source", json_of_text(facts->source), "run_as", json_of_text(facts->run_as), "command",
                     words_json(facts->argv, facts->argc), "possession", possession_word(facts->possession), "risk",
                     level_word(facts->standing.risk));
}

static json_t *decision_json(const struct explanation *e)
{
    const struct decision *decision = &e->decision;

    return json_pack(
        "{s:s, s:b, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:b}", "verdict", permits(e) ? "permit" : "deny", "observed",
        is_let_be(e), "reason", reason_word(decision->reason), "meaning", reason_meaning(decision->reason), "mend",
        permits(e) ? json_null() : json_string(reason_mend(decision->reason)), "detail", json_of_text(e->detail),
        "rule", json_of_text(decision->rule), "rule_where", json_of_text(decision->rule_where), "session_deadline",
        json_of_time(permits(e) ? decision->session_deadline : 0), "leaves_service",
        permits(e) && decision->leaves_service);
}

json_t *explain_json(const struct explanation *e)
{
    json_t *whole = decision_json(e), *limits = json_object(), *policies = json_array();
    struct limits strictest;

    (void)gather_limits(e->facts, e->policies, &strictest);
    if (e->policies->count && limits_each(&strictest, limit_member, limits) < 0) {
        json_decref(limits);
        limits = NULL;
    }
    for (size_t i = 0; i < e->policies->count; i++)
        json_array_append_new(policies, policy_json(e, &e->policies->policies[i], &strictest));
    if (json_object_set_new(whole, "facts", step_json(e->facts)) < 0 ||
        json_object_set_new(whole, "policies", policies) < 0 || json_object_set_new(whole, "limits", limits) < 0) {
        json_decref(whole);
        return NULL;
    }
    return whole;
}
