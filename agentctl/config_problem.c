#include "agentctl/config_problem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/config_memory.h"

#define TEXT_MAX 1024 /* of the part that says what is wrong: a hostile word may be as long as the file */

static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

void problem_add(struct problems *problems, const char *file, unsigned line, const char *fmt, ...)
{
    char text[TEXT_MAX], *whole = NULL;
    va_list args;
    int len;

    if (problems->count == PROBLEMS_MAX) {
        problems->dropped++;
        return;
    }
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (!file)
        len = asprintf(&whole, "%s", text);
    else if (line == 0)
        len = asprintf(&whole, "%s: %s", file, text);
    else
        len = asprintf(&whole, "%s:%u: %s", file, line, text);
    if (len < 0)
        memory_must(NULL);
    make_printable(whole);
    problems->texts = memory_must(realloc(problems->texts, (problems->count + 1) * sizeof *problems->texts));
    problems->texts[problems->count++] = whole;
}

const char *problem_with_file(int r)
{
    switch (r) {
    case -EPERM:
        return "not a regular file that root owns and nobody else may write to: chown root and chmod go-w";
    case -ELOOP:
        return "a symbolic link: put the file itself there";
    default:
        return strerror(-r);
    }
}

void problems_print(const struct problems *problems, FILE *out)
{
    for (size_t i = 0; i < problems->count; i++)
        fprintf(out, "%s\n", problems->texts[i]);
    if (problems->dropped)
        fprintf(out, "and %zu more problems\n", problems->dropped);
}

void problems_clear(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        free(problems->texts[i]);
    free(problems->texts);
    *problems = (struct problems){0};
}
