/* policy and its rules. */
#include <string.h>

#include "agentctl/config_reader.h"
#include "agentctl/config_syntax.h"
#include "core/names.h"
#include "judge/match.h"
#include "judge/rules.h"

static void read_leaves(struct reader *reader, const struct section *section, struct rule *rule)
{
    const struct value *leaves = read_value(section, "leaves");

    if (!leaves)
        return;
    if (rule->kind != RULE_ALLOW_SUDO)
        value_problem(reader, section, leaves, "leaves: a rule that denies leaves nothing: remove it");
    else if (strcmp(leaves->text, "service") != 0)
        value_problem(reader, section, leaves, "leaves: \"%s\" is unknown: write \"service\"", leaves->text);
    rule->leaves_service = 1;
}

/* What a command of the rule may start: nothing, unless one of these says more. */
static void read_starts(struct reader *reader, const struct section *section, struct rule *rule)
{
    const struct value *may_exec = read_value(section, "may-exec"), *intercept = read_value(section, "intercept");

    read_flag(reader, section, "may-exec", &rule->may_exec);
    read_flag(reader, section, "intercept", &rule->intercept);
    if (may_exec && rule->kind != RULE_ALLOW_SUDO)
        value_problem(reader, section, may_exec, "may-exec: a rule that denies starts nothing: remove it");
    else if (intercept && rule->kind != RULE_ALLOW_SUDO)
        value_problem(reader, section, intercept, "intercept: a rule that denies starts nothing: remove it");
    else if (rule->intercept && rule->may_exec)
        value_problem(reader, section, intercept, "intercept: may-exec = true asks nobody: write one of them");
    else if (rule->intercept && rule->leaves_service)
        value_problem(reader, section, intercept,
                      "intercept: sudo answers as long as the command runs, and what leaves = \"service\" leaves runs "
                      "on: write one of them");
}

/* What says how an allowed command runs stands in a rule that allows. */
static void read_allowed(struct reader *reader, const struct section *section, struct rule *rule)
{
    const struct value *escapes = read_value(section, "escapes");

    read_starts(reader, section, rule);
    rule->escapes_accepted = escapes != NULL;
    if (escapes && strcmp(escapes->text, "accepted") != 0)
        value_problem(reader, section, escapes, "escapes: \"%s\" is unknown: write \"accepted\"", escapes->text);
    if (escapes && rule->kind != RULE_ALLOW_SUDO)
        value_problem(reader, section, escapes, "escapes: a rule that denies accepts nothing: remove it");
}

static void read_sensitivity(struct reader *reader, const struct section *section, struct rule *rule)
{
    const struct value *sensitivity = read_value(section, "sensitivity");

    if (sensitivity && (rule->kind == RULE_DENY_LOGIN || rule->kind == RULE_DENY_SUDO))
        value_problem(reader, section, sensitivity, "sensitivity: a rule denies at any risk: remove it");
    else
        read_level(reader, section, "sensitivity", &rule->sensitivity);
}

static void read_login_rule(struct reader *reader, const struct section *section, struct rule *rule)
{
    read_words(reader, section, "services", service_name_valid, "the name of a PAM service, as in \"sshd\"",
               &rule->services);
}

static void read_sudo_rule(struct reader *reader, const struct section *section, struct rule *rule)
{
    const char *name = section->key->name, *named = NULL;

    if (section_setting(section, "commands"))
        named = "commands";
    else if (section_setting(section, "use"))
        named = "use";
    read_words(reader, section, "run-as", user_name_valid, "\"root\" or the name of an account", &rule->run_as);
    read_words(reader, section, "run-as-group", user_name_valid, "the name of a group", &rule->run_as_groups);
    read_rule_commands(reader, section, rule);
    read_flag(reader, section, "any-command", &rule->any_command);
    read_leaves(reader, section, rule);
    read_allowed(reader, section, rule);
    if (named && rule->any_command)
        section_problem(reader, section, "%s has %s and any-command = true: write one of them", name, named);
    else if (rule->kind == RULE_ALLOW_SUDO && !named && !rule->any_command)
        section_problem(
            reader, section,
            "%s has no commands: write commands = { \"/path word ...\" }, or any-command = true to allow every one",
            name);
}

static int rule_kind(const struct section *section, enum rule_kind *ret)
{
    for (unsigned kind = RULE_ALLOW_LOGIN; kind <= RULE_DENY_SUDO; kind++) {
        if (section_is(section, rule_kind_word((enum rule_kind)kind))) {
            *ret = (enum rule_kind)kind;
            return 1;
        }
    }
    return 0;
}

static void read_rule(struct reader *reader, const struct section *section, struct policy *policy)
{
    struct arena *arena = &reader->config->arena;
    struct rule *rule, read = {.where = where_text(reader, section->file, section->line)};

    if (!rule_kind(section, &read.kind))
        return;
    policy->rules = arena_grow(arena, policy->rules, policy->rule_count, sizeof *rule);
    rule = &policy->rules[policy->rule_count++];
    *rule = read;
    if (rule->kind == RULE_ALLOW_LOGIN || rule->kind == RULE_DENY_LOGIN)
        read_login_rule(reader, section, rule);
    else
        read_sudo_rule(reader, section, rule);
    read_words(reader, section, "from", address_pattern_valid,
               "a numeric address or ADDRESS/BITS without bits beyond the prefix, as in \"10.0.0.0/8\"", &rule->from);
    read_windows(reader, section, rule);
    read_sensitivity(reader, section, rule);
}

static void read_issuers(struct reader *reader, const struct section *section, struct words *ret)
{
    struct config *config = reader->config;
    const struct setting *setting = section_setting(section, "issuers");

    if (!setting)
        return;
    ret->items = arena_alloc(&config->arena, setting->count, sizeof *ret->items);
    for (size_t i = 0; i < setting->count; i++) {
        const struct value *value = &setting->values[i];

        config->issuer_mentions = arena_grow(&config->arena, config->issuer_mentions, config->issuer_mention_count,
                                             sizeof *config->issuer_mentions);
        config->issuer_mentions[config->issuer_mention_count++] =
            (struct mention){{section->file, value->line}, value->text};
        ret->items[ret->count++] = value->text;
    }
}

void read_policy(struct reader *reader, const struct section *section)
{
    struct config *config = reader->config;
    struct policy_config *extra;
    struct policy *policy;

    config->policies = arena_grow(&config->arena, config->policies, config->policy_count, sizeof *policy);
    config->policy_configs = arena_grow(&config->arena, config->policy_configs, config->policy_count, sizeof *extra);
    extra = &config->policy_configs[config->policy_count];
    *extra = (struct policy_config){.place = section_place(section)};
    policy = &config->policies[config->policy_count++];
    *policy = (struct policy){.name = section->title, .where = where_text(reader, section->file, section->line)};
    if (!section_setting(section, "identities"))
        section_problem(reader, section, "policy has no identities: write identities = { \"spiffe://...\" }");
    read_words(reader, section, "identities", spiffe_pattern_valid,
               "a SPIFFE ID, as in \"spiffe://example.org/agent/deploy\", or one that ends in \"/*\"",
               &policy->identities);
    read_words(reader, section, "purposes", purpose_pattern_valid, "a word of at most 128 bytes; * and ? are patterns",
               &policy->purposes);
    read_issuers(reader, section, &policy->issuers);
    read_words(reader, section, "principals", principal_pattern_valid,
               "whom the agent may act for, at most 2048 bytes, as in \"alice@example.org\"; * and ? are patterns",
               &policy->principals);
    read_labels(reader, section, "requires", label_pattern_valid,
                "KEY=VALUE of letters, digits, '_', '.' and '-', as in \"env=prod\", or KEY=* for any value",
                &extra->requires);
    read_limits(reader, section, &policy->limits);
    for (size_t i = 0; i < section->section_count; i++)
        read_rule(reader, &section->sections[i], policy);
}
