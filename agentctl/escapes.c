#include "agentctl/escapes.h"

#include <string.h>

#include "agentctl/escapes_list.h"
#include "core/text.h"
#include "judge/match.h"

/* --- the list --- */

static void add_word(struct words *words, const char *word, struct arena *arena)
{
    words->items = arena_grow(arena, words->items, words->count, sizeof *words->items);
    words->items[words->count++] = word;
}

/* 0: it names a directory. */
static int add_line(struct escapes *escapes, char *line, struct escape escape, struct arena *arena)
{
    char *rest = NULL;

    for (char *word = strtok_r(line, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        if (!escape.program)
            escape.program = word;
        else if (word[0] == '!')
            add_word(&escape.without, word + 1, arena);
        else
            add_word(&escape.words, word, arena);
    }
    if (!escape.program || strchr(escape.program, '/'))
        return !escape.program;
    escapes->items = arena_grow(arena, escapes->items, escapes->count, sizeof escape);
    escapes->items[escapes->count++] = escape;
    return 1;
}

void escapes_add(struct escapes *escapes, const char *text, size_t len, const char *file, struct arena *arena,
                 struct problems *problems)
{
    char *copy = arena_copy(arena, text, len), *next;
    unsigned number = 1;

    if (strlen(copy) != len)
        problem_add(problems, file, 0, "a NUL byte: this is no list of escapes");
    for (char *line = copy; line; line = next, number++) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        line[strcspn(line, "#")] = '\0';
        if (!add_line(escapes, line, (struct escape){.file = file, .line = number}, arena))
            problem_add(problems, file, number, "write programs without their directory, as in \"vim\"");
    }
}

void escapes_add_known(struct escapes *escapes, struct arena *arena, struct problems *problems)
{
    escapes_add(escapes, known_escapes, sizeof known_escapes - 1, "escapes.list", arena, problems);
}

/* --- what a command can be --- */

/* Up to here a pattern stands for itself. */
static size_t literal_length(const char *pattern)
{
    return strcspn(pattern, "*?");
}

static int is_long(const char *option)
{
    return text_starts_with(option, "--");
}

/*
 * Can the pattern be this option, with or without a value behind it? A long one may be cut short, a letter may stand among others. No
 * pattern stands for a leading '-' (judge/match.h).
 */
static int can_be_option(const char *pattern, const char *option)
{
    size_t literal = literal_length(pattern), name = strcspn(pattern, "=*?"), len = strlen(option);

    if (strcmp(pattern, option) == 0)
        return 1;
    if (literal == 0 || pattern[0] != '-')
        return 0;
    if (!is_long(option) && len == 2)
        return !is_long(pattern) && (pattern[literal] != '\0' || memchr(pattern, option[1], literal));
    if (name < 3 && pattern[literal] == '\0')
        return 0;
    return strncmp(pattern, option, name < len ? name : len) == 0;
}

static int is_literal(const char *pattern)
{
    return pattern[literal_length(pattern)] == '\0';
}

/*
 * A word that is no option names what the program is to do: a pattern can be it only as long as none before it does. One behind an option may
 * be that one's value.
 */
static int has(const struct command *command, const char *word)
{
    int open = 1, options = 0;

    for (size_t i = 1; i < command->words.count; i++) {
        const char *pattern = command->words.items[i];

        if (word[0] == '-' ? can_be_option(pattern, word)
                           : (open || is_literal(pattern)) && word_matches(pattern, word))
            return 1;
        options |= pattern[0] == '-';
        open &= options || !is_literal(pattern);
    }
    return 0;
}

static int has_one(const struct command *command, const struct words *words)
{
    size_t i = 0;

    if (words->count == 0 || command->any_arguments)
        return 1;
    while (i < words->count && !has(command, words->items[i]))
        i++;
    return i < words->count;
}

/* Is whatever the pattern stands for this word, or, where that ends in '*', one that begins so? */
static int is_surely(const char *pattern, const char *word)
{
    size_t beginning = literal_length(word);

    return strcmp(pattern, word) == 0 ||
           (word[beginning] == '*' && literal_length(pattern) >= beginning && strncmp(pattern, word, beginning) == 0);
}

/* An option anywhere; what is none, as the first that is none. */
static int surely_has(const struct command *command, const char *word)
{
    for (size_t i = 1; i < command->words.count; i++) {
        const char *pattern = command->words.items[i];

        if (is_surely(pattern, word))
            return 1;
        if (word[0] != '-' && pattern[0] != '-')
            break;
    }
    return 0;
}

static int surely_has_one(const struct command *command, const struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        if (surely_has(command, words->items[i]))
            return 1;
    return 0;
}

const struct escape *escapes_find(const struct escapes *escapes, const struct command *command)
{
    const char *slash = strrchr(command->words.items[0], '/');
    const char *program = slash ? slash + 1 : command->words.items[0];

    for (size_t i = 0; i < escapes->count; i++) {
        const struct escape *escape = &escapes->items[i];

        if (word_matches(escape->program, program) && has_one(command, &escape->words) &&
            !surely_has_one(command, &escape->without))
            return escape;
    }
    return NULL;
}
