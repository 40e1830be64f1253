#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agentctl/edit.h"
#include "core/text.h"

#define SERVICE "agent"
#define LINE_MARK "# pam_agent"

/* What glibc takes where a line is missing (nss_database.c of 2.34; older ones had compat), and whether we may add one. */
static const struct {
    const char *name;
    int needed;
} databases[] = {{"passwd", 1}, {"group", 1}, {"shadow", 1}, {"initgroups", 0}};

/* A line taken apart: its services are [start, end), then come white space, a comment and the line's end up to next. */
struct line {
    const char *start, *end, *next;
    int database; /* index, -1: none of ours */
};

static int database_of(const char *name, size_t len)
{
    for (size_t i = 0; i < COUNT_OF(databases); i++) {
        if (strlen(databases[i].name) == len && !strncmp(databases[i].name, name, len))
            return (int)i;
    }
    return -1;
}

static struct line take_apart(const char *text)
{
    const char *name = text + strspn(text, " \t");
    size_t len = strcspn(name, ": \t\r\n#");
    const char *stop = text + strcspn(text, "#\n");
    struct line line = {.database = name[len] == ':' ? database_of(name, len) : -1};

    line.next = strchr(text, '\n');
    line.next = line.next ? line.next + 1 : text + strlen(text);
    line.start = line.database < 0 ? stop : name + len + 1;
    line.end = stop;
    while (line.end > line.start && isspace((unsigned char)line.end[-1]))
        line.end--;
    return line;
}

/* The next service name or [action] in [at, end); NULL at the end. */
static const char *next_word(const char *at, const char *end, size_t *ret_len)
{
    const char *stop;

    while (at < end && isspace((unsigned char)*at))
        at++;
    if (at == end)
        return NULL;
    stop = at;
    if (*at == '[') {
        while (stop < end && *stop != ']')
            stop++;
        stop += stop < end;
    } else {
        while (stop < end && !isspace((unsigned char)*stop) && *stop != '[')
            stop++;
    }
    *ret_len = (size_t)(stop - at);
    return at;
}

static int is_service(const char *word, size_t len)
{
    return len == strlen(SERVICE) && !strncmp(word, SERVICE, len);
}

static int has_service(const struct line *line)
{
    size_t len;

    for (const char *word = line->start; (word = next_word(word, line->end, &len)); word += len) {
        if (is_service(word, len))
            return 1;
    }
    return 0;
}

/* Does the [action] end the search when the name was not found? `[!X=return]` does for every X but NOTFOUND. */
static int ends_search(const char *action, size_t len)
{
    char *copy = strndup(action, len), *rest = copy, *item;
    int ends = 0;

    while (copy && !ends && (item = strsep(&rest, " \t[]")) != NULL) {
        size_t name = strcspn(item, "=");
        int negated = item[0] == '!';
        int is_notfound = name - (size_t)negated == 8 && !strncasecmp(item + negated, "NOTFOUND", 8);

        ends = item[name] == '=' && !strcasecmp(item + name + 1, "return") && is_notfound != negated;
    }
    free(copy);
    return ends;
}

/* Where the service goes: the end, or the first service that would hide it. */
static const char *place(const struct line *line)
{
    const char *service = NULL;
    size_t len;

    for (const char *word = line->start; (word = next_word(word, line->end, &len)); word += len) {
        if (*word != '[')
            service = word;
        else if (service && ends_search(word, len))
            return service;
    }
    return line->end;
}

static void add_to_line(FILE *to, const char *text, const struct line *line)
{
    const char *at = place(line);

    fwrite(text, 1, (size_t)(at - text), to);
    fputs(at == line->end ? " " SERVICE : SERVICE " ", to);
    fwrite(at, 1, (size_t)(line->next - at), to);
}

/* Everything but the service and the white space before it; where it stands first, the white space after it. */
static void remove_from_line(FILE *to, const char *text, const struct line *line)
{
    const char *kept = text;
    size_t len;

    for (const char *word = line->start; (word = next_word(word, line->end, &len)); word += len) {
        const char *before = word, *after = word + len;

        if (!is_service(word, len))
            continue;
        if (after < line->end && *after != '[') {
            while (after < line->end && isspace((unsigned char)*after))
                after++;
        } else {
            while (before > kept && isspace((unsigned char)before[-1]))
                before--;
        }
        fwrite(kept, 1, (size_t)(before - kept), to);
        kept = after;
        len = (size_t)(after - word);
    }
    fwrite(kept, 1, (size_t)(line->next - kept), to);
}

static int is_own_line(const char *text, const struct line *line)
{
    const char *comment = memchr(text, '#', (size_t)(line->next - text));

    return comment && text_starts_with(comment, LINE_MARK);
}

static int finish(FILE *to, char **text, char **ret_text)
{
    int failed = ferror(to);

    if (fclose(to) != 0 || failed) {
        free(*text);
        return -ENOMEM;
    }
    *ret_text = *text;
    return 0;
}

int edit_nsswitch_add(const char *text, char **ret_text)
{
    int seen[COUNT_OF(databases)] = {0};
    char *out = NULL;
    size_t len;
    FILE *to = open_memstream(&out, &len);
    const char *at = text;

    if (!to)
        return -ENOMEM;
    while (*at) {
        struct line line = take_apart(at);

        if (line.database >= 0)
            seen[line.database] = 1;
        if (line.database >= 0 && !has_service(&line))
            add_to_line(to, at, &line);
        else
            fwrite(at, 1, (size_t)(line.next - at), to);
        at = line.next;
    }
    for (size_t i = 0; i < COUNT_OF(databases); i++) {
        if (databases[i].needed && !seen[i]) {
            fprintf(to, "%s%s: files " SERVICE " " LINE_MARK "\n", at > text && at[-1] != '\n' ? "\n" : "",
                    databases[i].name);
            at = text;
        }
    }
    return finish(to, &out, ret_text);
}

int edit_nsswitch_remove(const char *text, char **ret_text)
{
    char *out = NULL;
    size_t len;
    FILE *to = open_memstream(&out, &len);

    if (!to)
        return -ENOMEM;
    while (*text) {
        struct line line = take_apart(text);

        if (line.database < 0)
            fwrite(text, 1, (size_t)(line.next - text), to);
        else if (!is_own_line(text, &line))
            remove_from_line(to, text, &line);
        text = line.next;
    }
    return finish(to, &out, ret_text);
}
