#include "judge/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/text.h"

#define DAY_MINUTES 1440u
#define WEEK_DAYS 7u
#define WEEK_MINUTES (WEEK_DAYS * DAY_MINUTES)
#define WEEK_SECONDS (60 * (int64_t)WEEK_MINUTES)
#define EVERY_DAY ((1u << WEEK_DAYS) - 1)
#define EPOCH_WEEKDAY 3 /* 1970-01-01 was a Thursday */
#define DAY_LETTERS 3
#define NUMBER_MAX 21

/* --- the text of a window: each takes what it names off *at, 1 or 0 --- */

static int take(const char **at, char c)
{
    if (**at != c)
        return 0;
    (*at)++;
    return 1;
}

static int take_day(const char **at, unsigned *ret)
{
    static const char days[WEEK_DAYS][DAY_LETTERS + 1] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

    for (unsigned i = 0; i < WEEK_DAYS; i++) {
        if (strncmp(*at, days[i], DAY_LETTERS) != 0)
            continue;
        *at += DAY_LETTERS;
        *ret = i;
        return 1;
    }
    return 0;
}

/* Two digits. */
static int take_number(const char **at, unsigned most, unsigned *ret)
{
    unsigned tens = (unsigned)(*at)[0] - '0', ones = tens <= 9 ? (unsigned)(*at)[1] - '0' : 10;

    if (ones > 9 || 10 * tens + ones > most)
        return 0;
    *at += 2;
    *ret = 10 * tens + ones;
    return 1;
}

/* HH:MM, in minutes; 24:00 among them. */
static int take_time(const char **at, unsigned *ret)
{
    unsigned hours, minutes;

    if (!take_number(at, 24, &hours) || !take(at, ':') || !take_number(at, 59, &minutes))
        return 0;
    *ret = 60 * hours + minutes;
    return *ret <= DAY_MINUTES;
}

/* Behind "DAY": a range of days that each have a window. */
static int take_last_day(const char **at, unsigned first, struct window *window)
{
    unsigned last = first;

    if (take(at, '-') && (!take_day(at, &last) || last == first))
        return 0;
    for (unsigned day = first; day != last; day = (day + 1) % WEEK_DAYS)
        window->days |= 1u << day;
    window->days |= 1u << last;
    return take(at, ' ');
}

/* Of `most` minutes; an end that is not after its beginning is the next one. */
static void set_length(struct window *window, unsigned begin, unsigned end, unsigned most)
{
    window->length = end > begin ? end - begin : end + most - begin;
}

/* "HH:MM-HH:MM", or with a day before both. */
static int take_times(const char **at, unsigned first, struct window *window)
{
    unsigned end, day;

    if (!take_time(at, &window->begin) || window->begin == DAY_MINUTES || !take(at, '-'))
        return 0;
    if (window->days != 1u << first || !take_day(at, &day)) {
        if (!take_time(at, &end))
            return 0;
        set_length(window, window->begin, end, DAY_MINUTES);
        return 1;
    }
    if (!take(at, ' ') || !take_time(at, &end))
        return 0;
    set_length(window, first * DAY_MINUTES + window->begin, day * DAY_MINUTES + end, WEEK_MINUTES);
    return 1;
}

int window_parse(const char *text, struct window *ret, const char **ret_zone)
{
    struct window window = {.text = text};
    const char *at = text;
    unsigned first = 0;

    if (!take_day(&at, &first))
        window.days = EVERY_DAY;
    else if (!take_last_day(&at, first, &window))
        return -EINVAL;
    if (!take_times(&at, first, &window) || !take(&at, ' '))
        return -EINVAL;
    *ret = window;
    *ret_zone = at;
    return 0;
}

/* --- matching --- */

static int32_t east_of(const struct zone *zone, int64_t now)
{
    size_t i = 0;

    while (i + 1 < zone->offset_count && zone->offsets[i + 1].from <= now)
        i++;
    return zone->offsets[i].east;
}

/* Of the week, from Monday on. */
static unsigned minute_of_week(const struct zone *zone, int64_t now)
{
    int64_t seconds = (now % WEEK_SECONDS + east_of(zone, now) + EPOCH_WEEKDAY * 86400) % WEEK_SECONDS;

    return (unsigned)((seconds < 0 ? seconds + WEEK_SECONDS : seconds) / 60);
}

int window_holds(const struct window *window, int64_t now)
{
    unsigned minute = minute_of_week(window->zone, now);

    for (unsigned day = 0; day < WEEK_DAYS; day++) {
        unsigned begin = day * DAY_MINUTES + window->begin;

        if (window->days & 1u << day && (minute + WEEK_MINUTES - begin) % WEEK_MINUTES < window->length)
            return 1;
    }
    return 0;
}

/* --- zones --- */

/* No name of the database has a dot, and each begins with a capital, unlike what else lies beside them ("right/", "posixrules"). */
int zone_name_valid(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > ZONE_NAME_MAX || name[0] < 'A' || name[0] > 'Z' || name[len - 1] == '/' || strstr(name, "//"))
        return 0;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == len;
}

static int add_zone(struct zones *zones, const char *name)
{
    struct zone *zone;

    if (!zone_name_valid(name))
        return -EBADMSG;
    zone = array_grow(&zones->items, &zones->count, sizeof *zone);
    if (!zone)
        return -ENOMEM;
    zone->name = name;
    return 0;
}

/* "EPOCH SECONDS" */
static int offset_parse(const char *text, struct zone_offset *ret)
{
    const char *space = strchr(text, ' ');
    char from[NUMBER_MAX + 1];
    int64_t east;

    if (!space || text_format(from, sizeof from, "%.*s", (int)(space - text), text) < 0 ||
        text_i64(from, &ret->from) < 0 || text_i64(space + 1, &east) < 0 || east < -ZONE_EAST_MAX ||
        east > ZONE_EAST_MAX)
        return -EBADMSG;
    ret->east = (int32_t)east;
    return 0;
}

static int add_offset(struct zone *zone, const char *value)
{
    struct zone_offset offset, *slot;

    if (offset_parse(value, &offset) < 0 ||
        (zone->offset_count && offset.from <= zone->offsets[zone->offset_count - 1].from))
        return -EBADMSG;
    slot = array_grow(&zone->offsets, &zone->offset_count, sizeof *slot);
    if (!slot)
        return -ENOMEM;
    *slot = offset;
    return 0;
}

int zones_line(struct zones *zones, const char *key, const char *value)
{
    if (strcmp(key, "zone") == 0)
        return add_zone(zones, value);
    if (strcmp(key, "offset") == 0 && zones->count)
        return add_offset(&zones->items[zones->count - 1], value);
    return -EBADMSG;
}

const struct zone *zones_find(const struct zones *zones, const char *name)
{
    for (size_t i = 0; i < zones->count; i++)
        if (strcmp(zones->items[i].name, name) == 0)
            return zones->items[i].offset_count ? &zones->items[i] : NULL;
    return NULL;
}

void zones_clear(struct zones *zones)
{
    for (size_t i = 0; i < zones->count; i++)
        free(zones->items[i].offsets);
    free(zones->items);
    *zones = (struct zones){0};
}

void zone_write(struct fields_writer *w, const struct zone *zone)
{
    char text[2 * NUMBER_MAX + 2];

    fields_put(w, "zone", zone->name);
    for (size_t i = 0; i < zone->offset_count; i++) {
        const struct zone_offset *offset = &zone->offsets[i];

        (void)!text_format(text, sizeof text, "%lld %ld", (long long)offset->from, (long)offset->east); /* it fits */
        fields_put(w, "offset", text);
    }
}
