#include "agentctl/cases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/config_reader.h"
#include "agentctl/host.h"

#define DENY "deny:"

/* What is said of a step, and what is expected. */
static void list_keys(struct key keys[KEYS_MAX])
{
    size_t count = 0;

    for (; supposed_keys[count]; count++)
        keys[count] = (struct key){.name = supposed_keys[count], .shape = KEY_VALUE};
    keys[count++] = (struct key){.name = "expect", .shape = KEY_VALUE};
    keys[count] = (struct key){.name = NULL};
}

/* REASON_INTERNAL is also what no word means. */
static int parse_expected(const char *text, enum reason *ret)
{
    const char *word = strncmp(text, DENY, strlen(DENY)) == 0 ? text + strlen(DENY) : NULL;
    enum reason reason = word ? reason_parse(word) : REASON_PERMIT;

    if (!word && strcmp(text, "permit") != 0)
        return -EINVAL;
    if (word && (reason == REASON_PERMIT || strcmp(reason_word(reason), word) != 0))
        return -ENOENT;
    *ret = reason;
    return 0;
}

static void read_expected(struct reader *reader, const struct section *section, enum reason *ret)
{
    const struct value *value = read_required(reader, section, "expect", "\"permit\" or \"deny:REASON\"");
    int r = value ? parse_expected(value->text, ret) : 0;

    if (r == -ENOENT)
        value_problem(reader, section, value, "expect: \"%s\": there is no such reason to deny: see pam_agent(8)",
                      value->text);
    else if (r < 0)
        value_problem(reader, section, value, "expect: \"%s\" is neither: write \"permit\" or \"deny:REASON\"",
                      value->text);
}

static void read_said(struct reader *reader, const struct section *section, struct supposed *said)
{
    for (size_t i = 0; i < section->setting_count; i++) {
        const char *key = section->settings[i].key->name;
        const struct value *value = &section->settings[i].values[0];
        const char *mend = strcmp(key, "expect") == 0 ? NULL : supposed_take(said, key, value->text);

        if (mend)
            value_problem(reader, section, value, "%s: \"%s\" is not valid: write %s", key, value->text, mend);
    }
}

static void read_case(struct reader *reader, const struct section *section, int64_t now, struct cases *cases)
{
    struct test_case read = {.name = section->title, .place = section_place(section), .expected = REASON_INTERNAL};
    size_t before = reader->problems->count;
    const char *problem;

    supposed_begin(&read.said);
    read_said(reader, section, &read.said);
    if (read.said.at < 0)
        read.said.at = now;
    problem = reader->problems->count == before ? supposed_problem(&read.said) : NULL;
    if (problem)
        section_problem(reader, section, "case \"%s\": %s", section->title, problem);
    read_expected(reader, section, &read.expected);
    cases->items = arena_grow(&cases->arena, cases->items, cases->count, sizeof read);
    cases->items[cases->count++] = read;
}

static void read_text(char *text, size_t len, const struct config_text *of, int64_t now, struct cases *cases)
{
    struct reader reader = {.problems = of->problems};
    struct titles titles = {NULL};
    size_t before = of->problems->count;
    struct section tree;
    struct scan scan;

    if (scan_text(text, len, of, &titles, &scan) == 0 && tree_parse(text, &scan, of, &tree) == 0) {
        if (tree.section_count == 0 && of->problems->count == before)
            problem_add(of->problems, of->file, 0, "no case is in it: write case \"NAME\" { ... }");
        for (size_t i = 0; i < tree.section_count; i++)
            read_case(&reader, &tree.sections[i], now, cases);
    }
    titles_clear(&titles);
}

int cases_read(const char *path, int64_t now, struct cases *cases, struct problems *problems)
{
    struct arena *arena = &cases->arena;
    struct key *inner = arena_alloc(arena, KEYS_MAX, sizeof *inner);
    struct key *keys = arena_alloc(arena, 2, sizeof *keys);
    const char *file = strcmp(path, "-") ? arena_copy(arena, path, strlen(path)) : "standard input";
    const struct config_text of = {
        .file = file, .keys = keys, .manual = "agentctl(8)", .arena = arena, .scratch = arena, .problems = problems};
    char *text = memory_must(malloc(CONFIG_FILE_MAX + 1));
    size_t len, before = problems->count + problems->dropped;
    int r = read_input(path, text, CONFIG_FILE_MAX + 1, &len);

    list_keys(inner);
    keys[0] = (struct key){.name = "case", .shape = KEY_SECTION, .titled = 1, .keys = inner};
    if (r < 0)
        problem_add(problems, file, 0, "%s", r == -EFBIG ? "larger than 1 MiB: split it" : strerror(-r));
    else
        read_text(text, len, &of, now, cases);
    free(text);
    return problems->count + problems->dropped > before ? -EINVAL : 0;
}

void cases_clear(struct cases *cases)
{
    arena_clear(&cases->arena);
    *cases = (struct cases){.count = 0};
}
