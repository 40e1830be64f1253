#include "agentctl/config_scan.h"

#include <errno.h>
#include <search.h>
#include <string.h>

#include "agentctl/config_lex.h"

#define PIECE_ITEMS 32

struct scanner {
    struct lexer lexer;
    const char *text;
    struct arena *scratch;
    struct titles *titles;
    struct scan *scan;
    const char *manual;
    size_t items; /* of the file so far */
};

/* What becomes of an item, where its shape does not end the scan (-EINVAL). */
enum { KEEP = 0, DROP = 1 /* reported; libconfuse must not see it */ };

/* A section and what it held so far. */
struct level {
    const struct key *keys;
    const char *name; /* NULL: the file itself */
    unsigned line;
    unsigned seen[KEYS_MAX]; /* line of each key; 0: not yet */
};

/* --- titles --- */

struct title {
    const struct key *key;
    const char *text, *file;
    unsigned line;
};

static int compare_titles(const void *a, const void *b)
{
    const struct title *left = a, *right = b;

    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return strcmp(left->text, right->text);
}

static void keep(void *title)
{
    (void)title; /* their arena's */
}

void titles_clear(struct titles *titles)
{
    tdestroy(titles->root, keep);
    titles->root = NULL;
    arena_clear(&titles->arena);
}

#define report(s, line, ...) problem_add((s)->lexer.problems, (s)->lexer.file, line, __VA_ARGS__)

/* KEEP or DROP. */
static int note_title(struct scanner *s, const struct key *key, const struct token *title, unsigned line)
{
    struct title *entry, **found;

    if (key->repeatable)
        return KEEP;
    entry = arena_alloc(&s->titles->arena, 1, sizeof *entry);
    *entry = (struct title){.key = key, .file = s->lexer.file, .line = line};
    entry->text = title ? arena_copy(&s->titles->arena, title->start, title->len) : "";
    found = memory_must(tsearch(entry, &s->titles->root, compare_titles));
    if (*found == entry)
        return KEEP;
    if (title)
        report(s, line, "%s \"%s\" is there already, at %s:%u: give it another name or remove one", key->name,
               entry->text, (*found)->file, (*found)->line);
    else
        report(s, line, "%s is there already, at %s:%u: write one section", key->name, (*found)->file, (*found)->line);
    return DROP;
}

/* --- values --- */

static int unexpected(struct scanner *s, const struct token *token, const char *wanted)
{
    if (token->kind == TOKEN_BAD)
        return -EINVAL; /* reported */
    if (token->kind == TOKEN_END)
        report(s, token->line, "the file ends too early: expected %s", wanted);
    else
        report(s, token->line, "unexpected \"%.*s\": expected %s", token->len > 60 ? 60 : (int)token->len, token->start,
               wanted);
    return -EINVAL;
}

static int is_value(const struct token *token)
{
    return token->kind == TOKEN_WORD || token->kind == TOKEN_STRING;
}

/* What follows "KEY = {". key is NULL for an unknown one. */
static int scan_list(struct scanner *s, const struct key *key, unsigned line)
{
    struct token token = lexer_next(&s->lexer);

    if (token_is(&token, '}')) {
        if (key)
            report(s, line, "%s: the list is empty: name something or remove the key", key->name);
        return KEEP;
    }
    for (;;) {
        if (!is_value(&token))
            return unexpected(s, &token, "a value of the list");
        s->scan->value_count++;
        token = lexer_next(&s->lexer);
        if (token_is(&token, '}'))
            return KEEP;
        if (!token_is(&token, ','))
            return unexpected(s, &token, "',' or '}'");
        token = lexer_next(&s->lexer);
    }
}

/* What follows "KEY =". */
static int scan_value(struct scanner *s, const struct key *key, unsigned line)
{
    struct token token = lexer_next(&s->lexer);

    int r;

    if (token_is(&token, '{')) {
        r = scan_list(s, key, line);
        if (r < 0 || !key || key->shape != KEY_VALUE)
            return r;
        report(s, line, "%s takes one value, not a list: write %s = \"...\"", key->name, key->name);
        return DROP;
    }
    if (!is_value(&token))
        return unexpected(s, &token, "a value");
    s->scan->value_count++;
    return KEEP;
}

/* --- sections --- */

/* What follows "NAME {" of an unknown section, to its end. */
static int skip_section(struct scanner *s)
{
    for (size_t depth = 1; depth > 0;) {
        struct token token = lexer_next(&s->lexer);

        if (token.kind == TOKEN_BAD || token.kind == TOKEN_END)
            return unexpected(s, &token, "'}'");
        if (token_is(&token, '{'))
            depth++;
        else if (token_is(&token, '}'))
            depth--;
    }
    return DROP;
}

static int scan_unknown(struct scanner *s, const struct level *level, const struct token *name)
{
    struct token token;

    report(s, name->line, "unknown key \"%.*s\"%s%s: see %s", name->len > 60 ? 60 : (int)name->len, name->start,
           level->name ? " in " : "", level->name ? level->name : "", s->manual);
    token = lexer_next(&s->lexer);
    if (token_is(&token, '='))
        return scan_value(s, NULL, name->line) < 0 ? -EINVAL : DROP;
    if (is_value(&token))
        token = lexer_next(&s->lexer);
    if (!token_is(&token, '{'))
        return unexpected(s, &token, "'=' or '{'");
    return skip_section(s);
}

static int scan_items(struct scanner *s, struct level *level);

static void note_opening(struct scanner *s, const struct key *key, unsigned line)
{
    struct scan *scan = s->scan;

    scan->openings = arena_grow(s->scratch, scan->openings, scan->opening_count, sizeof *scan->openings);
    scan->openings[scan->opening_count++] = (struct opening){.key = key, .line = line};
}

/* What follows the name of a known section. Recursion ends with the grammar, three levels deep. */
static int scan_section(struct scanner *s, const struct key *key, unsigned line)
{
    struct token token = lexer_next(&s->lexer), title = {.kind = TOKEN_END};
    struct level level = {.keys = key->keys, .name = key->name, .line = line};
    int fate = DROP;

    if (is_value(&token)) {
        title = token;
        token = lexer_next(&s->lexer);
    }
    if (!token_is(&token, '{'))
        return unexpected(s, &token, key->titled && title.kind == TOKEN_END ? "a name" : "'{'");
    if (key->titled && (title.kind == TOKEN_END || title.len == 0))
        report(s, line, "%s has no name: write %s \"NAME\" { ... }", key->name, key->name);
    else if (!key->titled && title.kind != TOKEN_END)
        report(s, line, "%s takes no name: write %s { ... }", key->name, key->name);
    else
        fate = note_title(s, key, key->titled ? &title : NULL, line);
    note_opening(s, key, line);
    return scan_items(s, &level) < 0 ? -EINVAL : fate;
}

static int scan_known(struct scanner *s, struct level *level, const struct key *key, unsigned line)
{
    unsigned *seen = &level->seen[key - level->keys];
    unsigned first = *seen;
    struct token token;
    int r;

    if (key->shape == KEY_SECTION)
        return scan_section(s, key, line);
    *seen = line;
    token = lexer_next(&s->lexer);
    if (!token_is(&token, '='))
        return unexpected(s, &token, "'='");
    r = scan_value(s, key, line);
    if (r < 0 || !first)
        return r;
    report(s, line, "%s is given twice, first at line %u: write it once", key->name, first);
    return DROP;
}

/* As if the bytes from `start` to here and what was counted in them were not there. */
static void drop(struct scanner *s, const char *start, const struct scan *before)
{
    for (char *at = s->lexer.at; at-- > start;)
        if (*at != '\n')
            *at = ' ';
    s->scan->value_count = before->value_count;
    s->scan->opening_count = before->opening_count;
}

/* A new piece at every so manyth item of the file. */
static void note_item(struct scanner *s, const struct token *name)
{
    struct scan *scan = s->scan;

    if (s->items++ % PIECE_ITEMS != 0)
        return;
    scan->pieces = arena_grow(s->scratch, scan->pieces, scan->piece_count, sizeof *scan->pieces);
    scan->pieces[scan->piece_count++] = (struct piece){(size_t)(name->start - s->text), name->line};
}

/* The keys of a section up to its '}', or of the file up to its end. */
static int scan_items(struct scanner *s, struct level *level)
{
    for (;;) {
        struct token token = lexer_next(&s->lexer);
        struct scan before = *s->scan;
        const struct key *key;
        int r;

        if (level->name ? token_is(&token, '}') : token.kind == TOKEN_END)
            return 0;
        if (level->name && token.kind == TOKEN_END) {
            report(s, level->line, "%s is not closed: write '}' at its end", level->name);
            return -EINVAL;
        }
        if (token.kind != TOKEN_WORD)
            return unexpected(s, &token, level->name ? "a key or '}'" : "a section");
        if (!level->name)
            note_item(s, &token);
        key = key_find(level->keys, token.start, token.len);
        r = key ? scan_known(s, level, key, token.line) : scan_unknown(s, level, &token);
        if (r < 0)
            return r;
        if (r == DROP)
            drop(s, token.start, &before);
    }
}

int scan_text(char *text, size_t len, const struct config_text *of, struct titles *titles, struct scan *ret)
{
    struct scanner s = {.text = text, .scratch = of->scratch, .titles = titles, .scan = ret, .manual = of->manual};
    struct level top = {.keys = of->keys};

    *ret = (struct scan){0};
    if (lexer_open(&s.lexer, text, len, of->file, of->problems) < 0)
        return -EINVAL;
    return scan_items(&s, &top);
}
