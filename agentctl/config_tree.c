/* The one file that knows libconfuse. */
#include "agentctl/config_tree.h"

#include <confuse.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the callback leaves with libconfuse in place of a value: a line number is known only while the value is parsed. */
struct seen_value {
    unsigned line;
    char text[];
};

static int see_value(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
    size_t size = strlen(text) + 1;
    struct seen_value *seen = memory_must(malloc(sizeof *seen + size));

    (void)opt;
    seen->line = (unsigned)cfg->line;
    memcpy(seen->text, text, size);
    memcpy(result, &seen, sizeof seen);
    return 0;
}

static void say_nothing(cfg_t *cfg, const char *fmt, va_list args)
{
    (void)cfg;
    (void)fmt;
    (void)args;
}

/* Options in libconfuse's terms. Sections are CFGF_MULTI throughout: what may stand only once the scan has seen to. */
static cfg_opt_t *options_new(const struct key *keys)
{
    cfg_opt_t *options = memory_must(calloc(KEYS_MAX + 1, sizeof *options));

    for (size_t i = 0; keys[i].name; i++) {
        cfg_opt_t one = CFG_PTR_CB(keys[i].name, NULL, CFGF_NODEFAULT, see_value, free);
        cfg_opt_t list = CFG_PTR_LIST_CB(keys[i].name, NULL, CFGF_NODEFAULT, see_value, free);
        cfg_opt_t section = CFG_SEC(keys[i].name, NULL, CFGF_MULTI);

        if (keys[i].shape == KEY_SECTION) {
            section.subopts = options_new(keys[i].keys);
            section.flags |= keys[i].titled ? CFGF_TITLE : 0;
        }
        options[i] = keys[i].shape == KEY_SECTION ? section : keys[i].shape == KEY_LIST ? list : one;
    }
    return options;
}

static void options_free(cfg_opt_t *options)
{
    for (size_t i = 0; options[i].name; i++)
        if (options[i].subopts)
            options_free(options[i].subopts);
    free(options);
}

/* The tree that is being made, and how far the scan's openings of each kind of section are used up. */
struct maker {
    struct arena *arena, *scratch;
    const struct scan *scan;
    const char *file;
    unsigned lines_before; /* of the piece */
    size_t values, sections;
};

static void take_setting(struct maker *maker, const struct key *key, cfg_opt_t *option, struct section *to)
{
    unsigned count = cfg_opt_size(option);
    struct setting *setting;

    if (count == 0)
        return;
    to->settings = arena_grow(maker->scratch, to->settings, to->setting_count, sizeof *to->settings);
    setting = &to->settings[to->setting_count++];
    *setting = (struct setting){.key = key, .values = arena_alloc(maker->scratch, count, sizeof *setting->values)};
    for (unsigned i = 0; i < count; i++) {
        const struct seen_value *seen = cfg_opt_getnptr(option, i);

        setting->values[setting->count++] = (struct value){
            .text = arena_copy(maker->arena, seen->text, strlen(seen->text)), .line = maker->lines_before + seen->line};
    }
    maker->values += count;
}

static void take_section(struct maker *maker, const struct key *keys, cfg_t *cfg, struct section *to)
{
    for (size_t i = 0; keys[i].name; i++) {
        cfg_opt_t *option = cfg_getopt(cfg, keys[i].name);
        unsigned count = keys[i].shape == KEY_SECTION ? cfg_opt_size(option) : 0;

        if (keys[i].shape != KEY_SECTION)
            take_setting(maker, &keys[i], option, to);
        for (unsigned n = 0; n < count; n++) {
            cfg_t *inner = cfg_opt_getnsec(option, n);
            const char *title = cfg_title(inner);
            struct section *child;

            to->sections = arena_grow(maker->scratch, to->sections, to->section_count, sizeof *to->sections);
            child = &to->sections[to->section_count++];
            *child = (struct section){.key = &keys[i], .file = maker->file};
            child->title = title ? arena_copy(maker->arena, title, strlen(title)) : NULL;
            take_section(maker, keys[i].keys, inner, child);
            maker->sections++;
        }
    }
}

/*
 * Where each section begins, which libconfuse forgets: sections of one kind have one kind of parent, so in both readings they
 * come in the order of the text.
 */
static void take_lines(const struct scan *scan, const struct key *key, struct section *tree, size_t *at)
{
    for (size_t i = 0; i < tree->section_count; i++) {
        struct section *child = &tree->sections[i];

        if (child->key == key) {
            while (*at < scan->opening_count && scan->openings[*at].key != key)
                (*at)++;
            child->line = *at < scan->opening_count ? scan->openings[(*at)++].line : 0;
        }
        take_lines(scan, key, child, at);
    }
}

static void take_all_lines(const struct scan *scan, const struct key *keys, struct section *tree)
{
    for (size_t i = 0; keys[i].name; i++) {
        size_t at = 0;

        if (keys[i].shape != KEY_SECTION)
            continue;
        take_lines(scan, &keys[i], tree, &at);
        take_all_lines(scan, keys[i].keys, tree);
    }
}

/* 1, or 0 where libconfuse does not take it. */
static int take_piece(struct maker *maker, const struct key *keys, cfg_opt_t *options, const char *text,
                      struct section *tree)
{
    cfg_t *cfg = memory_must(cfg_init(options, CFGF_NONE));
    int parsed;

    cfg_set_error_function(cfg, say_nothing);
    parsed = cfg_parse_buf(cfg, text) == CFG_SUCCESS;
    if (parsed)
        take_section(maker, keys, cfg, tree);
    cfg_free(cfg);
    return parsed;
}

/* Each piece ends, for libconfuse, where the next one begins. */
static int take_pieces(struct maker *maker, const struct key *keys, char *text, struct section *tree)
{
    const struct piece *pieces = maker->scan->pieces;
    cfg_opt_t *options = options_new(keys);
    int parsed = 1;

    for (size_t i = 0; i < maker->scan->piece_count && parsed; i++) {
        char *end = i + 1 < maker->scan->piece_count ? text + pieces[i + 1].start : NULL, first = end ? *end : '\0';

        if (end)
            *end = '\0';
        maker->lines_before = pieces[i].line - 1;
        parsed = take_piece(maker, keys, options, text + pieces[i].start, tree);
        if (end)
            *end = first;
    }
    options_free(options);
    return parsed;
}

int tree_parse(char *text, const struct scan *scan, const struct config_text *of, struct section *ret)
{
    struct maker maker = {.arena = of->arena, .scratch = of->scratch, .scan = scan, .file = of->file};
    struct section tree = {.file = of->file};
    int parsed = take_pieces(&maker, of->keys, text, &tree);

    if (parsed)
        take_all_lines(scan, of->keys, &tree);
    if (!parsed || maker.values != scan->value_count || maker.sections != scan->opening_count) {
        problem_add(of->problems, of->file, 0,
                    "libconfuse reads this file otherwise than it is written: please report it, with the file");
        return -EINVAL;
    }
    *ret = tree;
    return 0;
}

const struct setting *section_setting(const struct section *section, const char *name)
{
    for (size_t i = 0; i < section->setting_count; i++)
        if (strcmp(section->settings[i].key->name, name) == 0)
            return &section->settings[i];
    return NULL;
}

int section_is(const struct section *section, const char *name)
{
    return strcmp(section->key->name, name) == 0;
}
