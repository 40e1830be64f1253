#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agentctl/edit.h"
#include "core/text.h"

/* The start of the next line. */
static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');

    return end ? end + 1 : line + strlen(line);
}

/* Is this line that text, but for white space after it? */
static int line_is(const char *line, const char *wanted)
{
    size_t len = strlen(wanted);

    return text_starts_with(line, wanted) && line[len + strspn(line + len, " \t\r")] <= '\n';
}

/* Where the first statement starts; the top where there is none, so that no line's end has to be added. */
static const char *first_statement(const char *text)
{
    for (const char *line = text; *line; line = next_line(line)) {
        const char *word = line + strspn(line, " \t\r");

        if (*word && *word != '\n' && *word != '#')
            return line;
    }
    return text;
}

/* The block's first byte and the first after it; both NULL when there is none. */
static int find_block(const char *text, const char **ret_begin, const char **ret_end)
{
    const char *begin = NULL, *end = NULL;

    for (const char *line = text; *line; line = next_line(line)) {
        if (line_is(line, EDIT_BEGIN)) {
            if (begin)
                return -EBADMSG;
            begin = line;
        } else if (line_is(line, EDIT_END)) {
            if (!begin || end)
                return -EBADMSG;
            end = next_line(line);
        }
    }
    if (!begin != !end)
        return -EBADMSG;
    *ret_begin = begin;
    *ret_end = end;
    return 0;
}

int edit_block_add(const char *text, const char *body, char **ret_text)
{
    const char *begin, *end;
    int r = find_block(text, &begin, &end);

    if (r < 0)
        return r;
    if (!begin)
        begin = end = first_statement(text);
    return asprintf(ret_text, "%.*s%s\n%s%s\n%s", (int)(begin - text), text, EDIT_BEGIN, body, EDIT_END, end) < 0
               ? -ENOMEM
               : 0;
}

int edit_block_remove(const char *text, char **ret_text)
{
    const char *begin, *end;
    int r = find_block(text, &begin, &end);

    if (r < 0)
        return r;
    if (!begin)
        begin = end = text;
    return asprintf(ret_text, "%.*s%s", (int)(begin - text), text, end) < 0 ? -ENOMEM : 0;
}

/* Does one of the words of an Include line name the path? Relative ones start at /etc/ssh (sshd_config(5)). */
static int include_names(const char *words, size_t len, const char *path)
{
    char *copy = strndup(words, len), *rest = copy, *word, pattern[512];
    int found = 0;

    while (copy && !found && (word = strsep(&rest, " \t\r\"")) != NULL) {
        if (word[0] == '#')
            break;
        if (word[0] && text_format(pattern, sizeof pattern, "%s%s", word[0] == '/' ? "" : "/etc/ssh/", word) == 0)
            found = fnmatch(pattern, path, 0) == 0;
    }
    free(copy);
    return found;
}

int edit_sshd_includes(const char *text, const char *path)
{
    for (const char *line = text; *line; line = next_line(line)) {
        const char *word = line + strspn(line, " \t");
        size_t len = strcspn(word, " \t\r\n=\"");
        const char *rest = word + len + strspn(word + len, " \t=");

        if (len == 5 && !strncasecmp(word, "Match", len))
            return 0;
        if (len == 7 && !strncasecmp(word, "Include", len) && include_names(rest, strcspn(rest, "\n"), path))
            return 1;
    }
    return 0;
}

/* As sudo reads it: the key in any case, blanks before and between. */
static int loads_plugin(const char *line, const char *symbol)
{
    const char *word = line + strspn(line, " \t");
    size_t len = strcspn(word, " \t\r\n");

    if (len != 6 || strncasecmp(word, "Plugin", len) != 0)
        return 0;
    word += len;
    word += strspn(word, " \t");
    len = strcspn(word, " \t\r\n");
    return len == strlen(symbol) && memcmp(word, symbol, len) == 0;
}

unsigned edit_plugin_line(const char *text, const char *symbol)
{
    unsigned number = 1;
    int ours = 0;

    for (const char *line = text; *line; line = next_line(line), number++) {
        if (line_is(line, EDIT_BEGIN) || line_is(line, EDIT_END))
            ours = line_is(line, EDIT_BEGIN);
        if (!ours && loads_plugin(line, symbol))
            return number;
    }
    return 0;
}
