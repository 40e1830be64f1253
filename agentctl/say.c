#include "agentctl/say.h"

#include <stdarg.h>
#include <time.h>

void say(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
}

void complain(const char *fmt, ...)
{
    va_list args;

    fflush(stdout);
    fputs("agentctl: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}

void print_escaped(FILE *to, const char *text)
{
    if (!text) {
        fputc('-', to);
        return;
    }
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c >= 0x7f || c == '\\')
            fprintf(to, "\\x%02X", c);
        else
            fputc(c, to);
    }
}

void print_field(const char *name, const char *text)
{
    if (!text || !text[0])
        return;
    printf("  %-10s ", name);
    print_escaped(stdout, text);
    putchar('\n');
}

const char *format_time(long long seconds, char *buf)
{
    time_t t = (time_t)seconds;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || strftime(buf, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(buf, 32, "%lld", seconds);
    return buf;
}
