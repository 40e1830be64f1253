#include "agentctl/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"

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

int parse_time(const char *text, int64_t *ret_seconds)
{
    struct tm tm = {0};
    char again[32];
    const char *end;

    if (!strcmp(text, "now")) {
        *ret_seconds = clock_wall_seconds();
        return 0;
    }
    end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (!end || *end)
        return -EINVAL;
    *ret_seconds = timegm(&tm);
    /* strptime(3) takes February 31st, and spaces. */
    return *ret_seconds > 0 && !strcmp(format_time(*ret_seconds, again), text) ? 0 : -EINVAL;
}

const char *format_left(int64_t then, int64_t now, char *buf)
{
    long long left = then - now;

    if (then == 0)
        return "-";
    if (left <= 0)
        return "over";
    if (left < 120)
        snprintf(buf, 24, "%llds", left);
    else if (left < 2 * 3600)
        snprintf(buf, 24, "%lldm", left / 60);
    else
        snprintf(buf, 24, "%lldh", left / 3600);
    return buf;
}

json_t *json_of_text(const char *text)
{
    json_t *value = text && text[0] ? json_string(text) : json_null();
    char *plain = NULL;
    size_t len;
    FILE *stream;

    if (value)
        return value;
    stream = open_memstream(&plain, &len);
    if (!stream)
        return NULL;
    print_escaped(stream, text);
    if (fclose(stream) == 0)
        value = json_string(plain);
    free(plain);
    return value;
}

json_t *json_of_time(int64_t seconds)
{
    return seconds ? json_integer(seconds) : json_null();
}

int print_json_value(json_t *value)
{
    if (!value)
        return -ENOMEM;
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(value);
    return 0;
}
