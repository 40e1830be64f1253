/* The texts in suggestions. */
#include <string.h>
#include <time.h>

#include "agentctl/say.h"
#include "agentctl/suggest_parts.h"

void put_told(FILE *to, const char *text)
{
    for (; text && *text; text++) {
        const char one[2] = {*text, '\0'};

        if (*text == '$')
            fputs("\\x24", to);
        else
            print_escaped(to, one);
    }
}

static void put_part(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', to);
        putc(*text, to);
    }
}

void put_string(FILE *to, const char *text)
{
    putc('"', to);
    put_part(to, text);
    putc('"', to);
}

void put_command(FILE *to, const struct words *words)
{
    putc('"', to);
    for (size_t i = 0; i < words->count; i++) {
        if (i)
            putc(' ', to);
        put_part(to, words->items[i]);
    }
    putc('"', to);
}

void put_time(FILE *to, int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    char text[32];

    if (gmtime_r(&t, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &tm))
        fputs(text, to);
    else
        fprintf(to, "%lld", (long long)seconds);
}

void put_use(FILE *to, const struct suggestion *item)
{
    if (item->times == 1)
        fputs("used once, ", to);
    else
        fprintf(to, "used %llu times, last ", (unsigned long long)item->times);
    put_time(to, item->last);
}

void put_count(FILE *to, uint64_t count, const char *one, const char *several)
{
    fprintf(to, "%llu %s", (unsigned long long)count, count == 1 ? one : several);
}
