/* The rules of suggested policies. */
#include <string.h>

#include "agentctl/suggest_parts.h"
#include "core/names.h"
#include "judge/match.h"

#define ALIKE_MIN 6 /* so many commands that differ in one word alone may be meant as a pattern */

/* A value of a list on its own line, below how often it was used. The list goes on with a comma. */
static void put_value(FILE *to, const struct suggestion *item, int is_first)
{
    fputs(is_first ? "\n            # " : ",\n            # ", to);
    put_use(to, item);
    fputs("\n            ", to);
    if (item->seen->is_login)
        put_string(to, item->seen->source);
    else
        put_command(to, &item->seen->command);
}

static const char *rule_key(const struct suggestion *item)
{
    return item->seen->is_login ? item->seen->service : item->seen->run_as;
}

static int is_of_rule(const struct suggestion *a, const struct suggestion *b)
{
    return a->seen->is_login == b->seen->is_login && strcmp(rule_key(a), rule_key(b)) == 0;
}

/* Two commands that differ in their last word alone, of equally many and more than the program. */
static int are_alike(const struct suggestion *a, const struct suggestion *b)
{
    const struct words *left = &a->seen->command, *right = &b->seen->command;
    size_t i = 0;

    if (a->seen->is_login || left->count != right->count || left->count < 2)
        return 0;
    while (i < left->count && strcmp(left->items[i], right->items[i]) == 0)
        i++;
    return i == left->count - 1;
}

/* Those from the first on that are like it. */
static size_t count_alike(struct suggestion *const *items, size_t count)
{
    size_t alike = 1;

    while (alike < count && are_alike(items[0], items[alike]))
        alike++;
    return alike;
}

/* The directory that the last words have in common, as "/var/log/"; "" for words that are none. */
static size_t common_directory(struct suggestion *const *items, size_t count)
{
    const struct words *first = &items[0]->seen->command;
    const char *word = first->items[first->count - 1], *slash = strrchr(word, '/');
    size_t len = slash ? (size_t)(slash - word) + 1 : 0;

    for (size_t i = 1; i < count; i++)
        if (strncmp(items[i]->seen->command.items[first->count - 1], word, len) != 0)
            return SIZE_MAX;
    return len;
}

/* A pattern for the last word of them all, in pattern: 1; 0: there is none. */
static int find_pattern(struct suggestion *const *items, size_t count, char *pattern, size_t cap)
{
    const struct words *first = &items[0]->seen->command;
    size_t len = common_directory(items, count);

    if (len == SIZE_MAX || len + 2 > cap)
        return 0;
    memcpy(pattern, first->items[first->count - 1], len);
    strcpy(pattern + len, "*");
    for (size_t i = 0; i < count; i++)
        if (!word_matches(pattern, items[i]->seen->command.items[first->count - 1]))
            return 0;
    return 1;
}

static void put_proposal(FILE *to, struct suggestion *const *items, size_t count, const struct escapes *escapes)
{
    struct arena arena = {0};
    const struct words *first = &items[0]->seen->command;
    struct command command = {.words = {arena_alloc(&arena, first->count, sizeof *first->items), first->count}};
    char pattern[256];

    memcpy(command.words.items, first->items, first->count * sizeof *first->items);
    command.words.items[first->count - 1] = pattern;
    if (find_pattern(items, count, pattern, sizeof pattern) && !escapes_find(escapes, &command)) {
        fprintf(to, "        # %zu of these differ in their last word alone: ", count);
        put_command(to, &command.words);
        fputs(" would be for them all, and for more\n", to);
    }
    arena_clear(&arena);
}

static void put_proposals(FILE *to, struct suggestion *const *items, size_t count, const struct escapes *escapes)
{
    size_t alike;

    for (size_t i = 0; i < count; i += alike) {
        alike = count_alike(items + i, count - i);
        if (alike >= ALIKE_MIN)
            put_proposal(to, items + i, alike, escapes);
    }
}

static void put_run_as(FILE *to, const char *run_as)
{
    const char *group = run_as_group(run_as);

    fprintf(to, "        run-as   = \"%.*s\"\n", (int)run_as_user(run_as), run_as);
    if (group)
        fprintf(to, "        run-as-group = \"%s\"\n", group);
}

static void put_rule(FILE *to, struct suggestion *const *items, size_t count, const struct escapes *escapes)
{
    int is_login = items[0]->seen->is_login;

    if (is_login) {
        fprintf(to, "    login {\n        services = { \"%s\" }\n        from     = {", items[0]->seen->service);
    } else {
        fputs("    sudo {\n", to);
        put_run_as(to, items[0]->seen->run_as);
        put_proposals(to, items, count, escapes);
        fputs("        commands = {", to);
    }
    for (size_t i = 0; i < count; i++)
        put_value(to, items[i], i == 0);
    fputs("\n        }\n    }\n", to);
}

/* Those of one service or run-as follow each other. */
void put_rules(FILE *to, struct suggestion *const *items, size_t count, const struct escapes *escapes)
{
    size_t of_rule;

    for (size_t i = 0; i < count; i += of_rule) {
        for (of_rule = 1; i + of_rule < count && is_of_rule(items[i], items[i + of_rule]); of_rule++)
            ;
        put_rule(to, items + i, of_rule, escapes);
    }
}
