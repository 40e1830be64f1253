/* Commands of rules, and the groups of commands that rules use. */
#include <stdlib.h>
#include <string.h>

#include "agentctl/config_reader.h"
#include "agentctl/config_syntax.h"
#include "agentctl/words.h"

#define ANY_ARGUMENTS "..."

/* A command as it was configured and where. */
struct source {
    struct reader *reader;
    const struct section *section;
    const struct value *value;
};

static void source_problem(const struct source *source, const char *word, const char *what)
{
    value_problem(source->reader, source->section, source->value, "%s: \"%s\": %s",
                  source->section->title ? "list" : "commands", word, what);
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

static struct command parse_command(const struct source *source)
{
    struct arena *arena = &source->reader->config->arena;
    char *line = arena_copy(arena, source->value->text, strlen(source->value->text));
    struct command command = {.any_arguments = 0};
    struct words *words = &command.words;

    if (!words_split(line, COMMAND_WORDS_MAX, arena, words)) {
        source_problem(source, source->value->text, "too many words: write at most 64");
        return command;
    }
    if (words->count && strcmp(words->items[words->count - 1], ANY_ARGUMENTS) == 0) {
        words->count--;
        command.any_arguments = 1;
    }
    check_words(source, words);
    return command;
}

static void add_command(struct arena *arena, const struct command *command, struct command **commands, size_t *count)
{
    *commands = arena_grow(arena, *commands, *count, sizeof **commands);
    (*commands)[(*count)++] = *command;
}

/* --- groups --- */

void read_commands(struct reader *reader, const struct section *section)
{
    struct arena *arena = &reader->config->arena;
    const struct setting *list = section_setting(section, "list");
    struct command_group group = {.name = section->title, .place = section_place(section)};

    (void)read_required(reader, section, "list", "{ \"/path word ...\" }");
    for (size_t i = 0; list && i < list->count; i++) {
        const struct source source = {reader, section, &list->values[i]};
        struct command command = parse_command(&source);

        if (command.words.count)
            add_command(arena, &command, &group.commands, &group.command_count);
    }
    reader->groups = arena_grow(arena, reader->groups, reader->group_count, sizeof group);
    reader->groups[reader->group_count++] = group;
}

static int compare_groups(const void *a, const void *b)
{
    return strcmp(((const struct command_group *)a)->name, ((const struct command_group *)b)->name);
}

static struct command_group *find_group(struct reader *reader, const char *name)
{
    const struct command_group wanted = {.name = name};

    return reader->group_count ? bsearch(&wanted, reader->groups, reader->group_count, sizeof wanted, compare_groups)
                               : NULL;
}

/* --- rules --- */

/* 1 where one of the commands takes any arguments. */
static int takes_any(const struct command *commands, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (commands[i].any_arguments)
            return 1;
    return 0;
}

static int allows_any(const struct section *section)
{
    const struct value *any = read_value(section, "any-arguments");

    return any && strcmp(any->text, "true") == 0;
}

static void check_any_arguments(struct reader *reader, const struct section *section, const struct rule *rule)
{
    if (allows_any(section) && !takes_any(rule->commands, rule->command_count))
        section_problem(reader, section,
                        "any-arguments is set, but no command ends in \"...\": remove one or add the other");
}

/* The tree that it is of goes with the file. */
static const struct section *keep_section(struct arena *arena, const struct section *section)
{
    struct section *kept = arena_alloc(arena, 1, sizeof *kept);

    *kept = (struct section){.key = section->key, .file = section->file, .line = section->line};
    kept->settings = arena_alloc(arena, section->setting_count, sizeof *kept->settings);
    for (; kept->setting_count < section->setting_count; kept->setting_count++) {
        const struct setting *setting = &section->settings[kept->setting_count];
        struct value *values = arena_alloc(arena, setting->count, sizeof *values);

        memcpy(values, setting->values, setting->count * sizeof *values);
        kept->settings[kept->setting_count] = (struct setting){setting->key, values, setting->count};
    }
    return kept;
}

void read_rule_commands(struct reader *reader, const struct section *section, struct rule *rule)
{
    struct config *config = reader->config;
    const struct setting *setting = section_setting(section, "commands");
    struct group_user user = {.policy = config->policy_count - 1,
                              .rule = config->policies[config->policy_count - 1].rule_count - 1};
    int any_arguments = 0;

    read_flag(reader, section, "any-arguments", &any_arguments);
    for (size_t i = 0; setting && i < setting->count; i++) {
        const struct source source = {reader, section, &setting->values[i]};
        struct command command = parse_command(&source);

        if (command.any_arguments && !any_arguments)
            source_problem(&source, source.value->text, "\"...\" needs any-arguments = true in this rule");
        if (command.words.count)
            add_command(&config->arena, &command, &rule->commands, &rule->command_count);
    }
    if (!section_setting(section, "use")) {
        check_any_arguments(reader, section, rule);
        return;
    }
    user.section = keep_section(&config->arena, section);
    reader->users = arena_grow(&config->arena, reader->users, reader->user_count, sizeof user);
    reader->users[reader->user_count++] = user;
}

static void use_group(struct reader *reader, const struct section *section, const struct value *name, struct rule *rule)
{
    struct command_group *group = find_group(reader, name->text);

    if (!group) {
        value_problem(reader, section, name,
                      "use: there is no commands \"%s\": correct the name or write commands \"%s\" { list = { ... } }",
                      name->text, name->text);
        return;
    }
    group->used = 1;
    if (!allows_any(section) && takes_any(group->commands, group->command_count))
        value_problem(reader, section, name,
                      "use: a command of \"%s\" ends in \"...\", which needs any-arguments = true in this rule",
                      name->text);
    for (size_t i = 0; i < group->command_count; i++)
        add_command(&reader->config->arena, &group->commands[i], &rule->commands, &rule->command_count);
}

void check_groups(struct reader *reader)
{
    struct command_group *groups = reader->groups;

    if (groups)
        qsort(groups, reader->group_count, sizeof *groups, compare_groups);
    for (size_t i = 0; i < reader->user_count; i++) {
        const struct group_user *user = &reader->users[i];
        const struct setting *names = section_setting(user->section, "use");
        struct rule *rule = &reader->config->policies[user->policy].rules[user->rule];

        for (size_t j = 0; j < names->count; j++)
            use_group(reader, user->section, &names->values[j], rule);
        check_any_arguments(reader, user->section, rule);
    }
    for (size_t i = 0; i < reader->group_count; i++)
        if (!groups[i].used)
            problem_add(
                reader->problems, groups[i].place.file, groups[i].place.line,
                "commands \"%s\": no rule uses it: write use = { \"%s\" } in a sudo or deny-sudo rule, or remove it",
                groups[i].name, groups[i].name);
}
