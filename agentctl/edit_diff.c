#include <stdlib.h>
#include <string.h>

#include "agentctl/edit.h"

#define CONTEXT 3
#define LINES_MAX 4000 /* larger files are shown as a whole that changed */

struct lines {
    const char **at; /* count + 1: the last is the end of the text */
    size_t count;
};

static int split(const char *text, struct lines *ret)
{
    size_t count = 0;

    for (const char *c = text; *c; count++)
        c = strchr(c, '\n') ? strchr(c, '\n') + 1 : c + strlen(c);
    ret->at = calloc(count + 1, sizeof *ret->at);
    if (!ret->at)
        return -1;
    ret->count = 0;
    ret->at[0] = text;
    while (*ret->at[ret->count]) {
        const char *line = ret->at[ret->count], *end = strchr(line, '\n');

        ret->at[++ret->count] = end ? end + 1 : line + strlen(line);
    }
    return 0;
}

static int same(const struct lines *a, size_t i, const struct lines *b, size_t j)
{
    size_t len = (size_t)(a->at[i + 1] - a->at[i]);

    return len == (size_t)(b->at[j + 1] - b->at[j]) && !memcmp(a->at[i], b->at[j], len);
}

/* A line of the diff: the mark and its text, control characters but the tab made visible. */
static void print_line(FILE *to, char mark, const struct lines *lines, size_t i)
{
    const char *c = lines->at[i], *end = lines->at[i + 1];

    fputc(mark, to);
    for (; c < end && *c != '\n'; c++) {
        unsigned char byte = (unsigned char)*c;

        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            fprintf(to, "\\x%02X", byte);
        else
            fputc(byte, to);
    }
    fputc('\n', to);
    if (c == end)
        fputs("\\ No newline at end of file\n", to);
}

/* Lengths of the longest common subsequences of a[i...] and b[j...]. */
static unsigned *common_lengths(const struct lines *a, const struct lines *b)
{
    size_t width = b->count + 1;
    unsigned *length = calloc((a->count + 1) * width, sizeof *length);

    for (size_t i = a->count; length && i-- > 0;) {
        for (size_t j = b->count; j-- > 0;) {
            unsigned down = length[(i + 1) * width + j], right = length[i * width + j + 1];

            if (same(a, i, b, j))
                length[i * width + j] = length[(i + 1) * width + j + 1] + 1;
            else
                length[i * width + j] = down >= right ? down : right;
        }
    }
    return length;
}

struct edit {
    char mark; /* ' ', '-', '+' */
    size_t a, b;
};

static size_t find_edits(const struct lines *a, const struct lines *b, const unsigned *length, struct edit *edits)
{
    size_t width = b->count + 1, i = 0, j = 0, count = 0;

    while (i < a->count || j < b->count) {
        struct edit *edit = &edits[count++];

        *edit = (struct edit){' ', i, j};
        if (i < a->count && j < b->count && same(a, i, b, j)) {
            i++, j++;
        } else if (j == b->count || (i < a->count && length[(i + 1) * width + j] >= length[i * width + j + 1])) {
            edit->mark = '-';
            i++;
        } else {
            edit->mark = '+';
            j++;
        }
    }
    return count;
}

/* Print edits[from, to) as one hunk. */
static void print_hunk(FILE *out, const struct lines *a, const struct lines *b, const struct edit *edits, size_t from,
                       size_t to)
{
    size_t old = 0, new = 0;

    for (size_t i = from; i < to; i++) {
        old += edits[i].mark != '+';
        new += edits[i].mark != '-';
    }
    fprintf(out, "@@ -%zu,%zu +%zu,%zu @@\n", edits[from].a + (old > 0), old, edits[from].b + (new > 0), new);
    for (size_t i = from; i < to; i++)
        print_line(out, edits[i].mark, edits[i].mark == '+' ? b : a, edits[i].mark == '+' ? edits[i].b : edits[i].a);
}

static void print_hunks(FILE *to, const struct lines *a, const struct lines *b, const struct edit *edits, size_t count)
{
    size_t from = 0, last = 0, quiet = 0;
    int open = 0;

    for (size_t i = 0; i <= count; i++) {
        if (i < count && edits[i].mark != ' ') {
            if (!open)
                from = i > CONTEXT && i - CONTEXT > last ? i - CONTEXT : last;
            open = 1;
            quiet = 0;
        } else if (open && (i == count || ++quiet > 2 * CONTEXT)) {
            last = i == count ? count - (quiet > CONTEXT ? quiet - CONTEXT : 0) : i - CONTEXT;
            print_hunk(to, a, b, edits, from, last);
            open = 0;
        }
    }
}

void edit_print_diff(FILE *to, const char *path, const char *before, const char *after)
{
    struct lines a = {NULL, 0}, b = {NULL, 0};
    unsigned *length = NULL;
    struct edit *edits = NULL;

    if (before == after || (before && after && !strcmp(before, after)))
        return;
    fprintf(to, "--- %s\n+++ %s\n", before ? path : "/dev/null", after ? path : "/dev/null");
    if (split(before ? before : "", &a) == 0 && split(after ? after : "", &b) == 0 && a.count <= LINES_MAX &&
        b.count <= LINES_MAX) {
        length = common_lengths(&a, &b);
        edits = calloc(a.count + b.count + 1, sizeof *edits);
    }
    if (length && edits)
        print_hunks(to, &a, &b, edits, find_edits(&a, &b, length, edits));
    else
        fputs("(too large to show)\n", to);
    free(edits);
    free(length);
    free(a.at);
    free(b.at);
}
