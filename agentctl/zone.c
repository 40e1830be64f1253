#include "agentctl/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"

#define YEAR_SECONDS 31556952 /* of the Gregorian calendar, on average */
#define STEP_SECONDS (6 * 3600)
#define MAGIC "TZif" /* RFC 8536 section 3.1 */
#define PATH_SIZE (sizeof ZONE_DIR + 2 + ZONE_NAME_MAX)

/* libc takes any name, and a wrong one for UTC. */
static int is_zone_file(const char *path)
{
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    char magic[sizeof MAGIC - 1];
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && read(fd, magic, sizeof magic) == sizeof magic &&
           memcmp(magic, MAGIC, sizeof magic) == 0;
}

/* NULL: the host's own. */
static void use_zone(const char *tz)
{
    if (tz ? setenv("TZ", tz, 1) : unsetenv("TZ"))
        memory_must(NULL);
    tzset();
}

static int32_t east_at(int64_t when)
{
    time_t seconds = (time_t)when;
    struct tm tm;

    return localtime_r(&seconds, &tm) ? (int32_t)tm.tm_gmtoff : 0;
}

/* The first second of what holds at `after`, and not at `before`. */
static int64_t find_change(int64_t before, int64_t after)
{
    int32_t east = east_at(after);

    while (after - before > 1) {
        int64_t middle = before + (after - before) / 2;

        if (east_at(middle) == east)
            after = middle;
        else
            before = middle;
    }
    return after;
}

static void add_offset(struct zone *zone, struct arena *arena, int64_t from)
{
    zone->offsets = arena_grow(arena, zone->offsets, zone->offset_count, sizeof *zone->offsets);
    zone->offsets[zone->offset_count++] = (struct zone_offset){.from = from, .east = east_at(from)};
}

static void sample(struct zone *zone, struct arena *arena, int64_t now)
{
    int64_t begin = now - now % YEAR_SECONDS, end = begin + (ZONE_YEARS + 1) * (int64_t)YEAR_SECONDS;

    add_offset(zone, arena, begin);
    for (int64_t at = begin; at < end; at += STEP_SECONDS)
        if (east_at(at + STEP_SECONDS) != zone->offsets[zone->offset_count - 1].east)
            add_offset(zone, arena, find_change(at, at + STEP_SECONDS));
}

int zone_read(const char *name, int64_t now, struct arena *arena, struct zone *ret)
{
    struct zone zone = {.name = name};
    char tz[PATH_SIZE] = ":";
    const char *before = getenv("TZ");

    if (strcmp(name, "UTC") == 0) { /* also where no database is installed */
        zone.offsets = arena_alloc(arena, 1, sizeof *zone.offsets);
        zone.offset_count = 1;
        *ret = zone;
        return 0;
    }
    if (!zone_name_valid(name) || text_format(tz, sizeof tz, ":%s/%s", ZONE_DIR, name) < 0 || !is_zone_file(tz + 1))
        return -ENOENT;
    before = before ? arena_copy(arena, before, strlen(before)) : NULL;
    use_zone(tz); /* the very file, whatever TZDIR says */
    sample(&zone, arena, now);
    use_zone(before);
    *ret = zone;
    return 0;
}
