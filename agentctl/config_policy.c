/* policy and its rules. */
#include <string.h>

#include "agentctl/config_reader.h"
#include "agentctl/config_syntax.h"
#include "core/names.h"
#include "judge/match.h"

#define ANY_ARGUMENTS "..."

/* A pattern as it was configured and where. */
struct source {
    struct reader *reader;
    const struct section *section;
    const struct value *value;
};

static void source_problem(const struct source *source, const char *word, const char *what)
{
    value_problem(source->reader, source->section, source->value, "commands: \"%s\": %s", word, what);
}

/* The words of the command line, which is changed. 0 where there are more than COMMAND_WORDS_MAX. */
static int split(char *line, struct arena *arena, struct words *ret)
{
    char *rest = NULL;

    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (ret->count == COMMAND_WORDS_MAX)
            return 0;
        ret->items = arena_grow(arena, ret->items, ret->count, sizeof *ret->items);
        ret->items[ret->count++] = word;
    }
    return 1;
}

static void check_words(const struct source *source, const struct words *words)
{
    if (words->count == 0) {
        source_problem(source, source->value->text, "no command: write an absolute path and its arguments");
        return;
    }
    if (!path_normal(words->items[0]))
        source_problem(
            source, words->items[0],
            "not an absolute path in its plainest form: write it whole, as in \"/usr/bin/systemctl\"; no patterns, "
            "\".\", \"..\" or \"//\"");
    for (size_t i = 1; i < words->count; i++) {
        if (!word_pattern_valid(words->items[i]))
            source_problem(source, words->items[i],
                           "'\"', '\\' and words over 1024 bytes cannot be written: use ? or *");
        if (strcmp(words->items[i], ANY_ARGUMENTS) == 0)
            source_problem(source, source->value->text, "\"...\" stands as the last word only");
    }
}

static struct command parse_command(const struct source *source, int any_arguments)
{
    struct arena *arena = &source->reader->config->arena;
    char *line = arena_copy(arena, source->value->text, strlen(source->value->text));
    struct command command = {.any_arguments = 0};
    struct words *words = &command.words;

    if (!split(line, arena, words)) {
        source_problem(source, source->value->text, "too many words: write at most 64");
        return command;
    }
    if (words->count && strcmp(words->items[words->count - 1], ANY_ARGUMENTS) == 0) {
        words->count--;
        command.any_arguments = 1;
        if (!any_arguments)
            source_problem(source, source->value->text, "\"...\" needs any-arguments = true in this rule");
    }
    check_words(source, words);
    return command;
}

static void read_commands(struct reader *reader, const struct section *section, struct rule *rule)
{
    const struct setting *setting = section_setting(section, "commands");
    int any_arguments = 0, used = 0;

    read_flag(reader, section, "any-arguments", &any_arguments);
    if (setting)
        rule->commands = arena_alloc(&reader->config->arena, setting->count, sizeof *rule->commands);
    for (size_t i = 0; setting && i < setting->count; i++) {
        const struct source source = {reader, section, &setting->values[i]};
        struct command command = parse_command(&source, any_arguments);

        used |= command.any_arguments;
        if (command.words.count)
            rule->commands[rule->command_count++] = command;
    }
    if (any_arguments && !used)
        section_problem(reader, section,
                        "any-arguments is set, but no command ends in \"...\": remove one or add the other");
}

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
    read_words(reader, section, "from", address_pattern_valid,
               "a numeric address or ADDRESS/BITS without bits beyond the prefix, as in \"10.0.0.0/8\"", &rule->from);
}

static void read_sudo_rule(struct reader *reader, const struct section *section, struct rule *rule)
{
    const char *name = section->key->name;

    read_words(reader, section, "run-as", user_name_valid, "\"root\" or the name of an account", &rule->run_as);
    read_commands(reader, section, rule);
    read_flag(reader, section, "any-command", &rule->any_command);
    read_leaves(reader, section, rule);
    if (section_setting(section, "commands") && rule->any_command)
        section_problem(reader, section, "%s has commands and any-command = true: write one of them", name);
    else if (rule->kind == RULE_ALLOW_SUDO && !section_setting(section, "commands") && !rule->any_command)
        section_problem(
            reader, section,
            "%s has no commands: write commands = { \"/path word ...\" }, or any-command = true to allow every one",
            name);
}

static int rule_kind(const struct section *section, enum rule_kind *ret)
{
    static const char *const names[] = {
        [RULE_ALLOW_LOGIN] = "login",
        [RULE_DENY_LOGIN] = "deny-login",
        [RULE_ALLOW_SUDO] = "sudo",
        [RULE_DENY_SUDO] = "deny-sudo",
    };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (section_is(section, names[i])) {
            *ret = (enum rule_kind)i;
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
    read_sensitivity(reader, section, rule);
}

void read_policy(struct reader *reader, const struct section *section)
{
    struct config *config = reader->config;
    struct policy *policy;

    config->policies = arena_grow(&config->arena, config->policies, config->policy_count, sizeof *policy);
    config->policy_places =
        arena_grow(&config->arena, config->policy_places, config->policy_count, sizeof *config->policy_places);
    config->policy_places[config->policy_count] = section_place(section);
    policy = &config->policies[config->policy_count++];
    *policy = (struct policy){.name = section->title, .where = where_text(reader, section->file, section->line)};
    if (!section_setting(section, "identities"))
        section_problem(reader, section, "policy has no identities: write identities = { \"spiffe://...\" }");
    read_words(reader, section, "identities", spiffe_pattern_valid,
               "a SPIFFE ID, as in \"spiffe://example.org/agent/deploy\", or one that ends in \"/*\"",
               &policy->identities);
    read_words(reader, section, "purposes", purpose_pattern_valid, "a word of at most 128 bytes; * and ? are patterns",
               &policy->purposes);
    read_limits(reader, section, &policy->limits);
    for (size_t i = 0; i < section->section_count; i++)
        read_rule(reader, &section->sections[i], policy);
}
