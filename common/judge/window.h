/*
 * Windows of time: at which hours of which days, in which zone, a rule counts. Pure: a zone is a table of its offsets from UTC, which
 * `agentctl apply` makes of the time zone database.
 *
 *   DAY HH:MM-DAY HH:MM ZONE          once a week
 *   DAY[-DAY] HH:MM-HH:MM ZONE        on each of these days
 *   HH:MM-HH:MM ZONE                  every day
 *
 * DAY is mon, tue, wed, thu, fri, sat or sun. The first minute is within, that of the end is not; an end may be 24:00, and one that is not
 * after its beginning is that of the next week or day. Times are what a clock shows in the zone: an hour that comes twice counts twice, one
 * that is left out not at all.
 */
#ifndef PAM_AGENT_WINDOW_H
#define PAM_AGENT_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"
#include "core/fields.h"

#define ZONE_NAME_MAX 64
#define ZONE_EAST_MAX 93599 /* seconds; RFC 8536 section 3.2 */

struct zone_offset {
    int64_t from;
    int32_t east; /* seconds */
};

struct zone {
    const char *name;
    struct zone_offset *offsets; /* by time; the first holds before it, too, the last for ever */
    size_t offset_count;
};

struct zones {
    struct zone *items;
    size_t count;
};

struct window {
    const char *text;       /* as it is written */
    unsigned days;          /* bit 0 is Monday */
    unsigned begin, length; /* minutes: of each of the days, and from there on */
    const struct zone *zone;
};

/* Read a text, which must outlive *ret, all but the zone, whose name is at *ret_zone within it. 0 or -EINVAL. */
int window_parse(const char *text, struct window *ret, const char **ret_zone) MUST_CHECK;
/* Is this second within? 1 or 0. Its zone has an offset. */
int window_holds(const struct window *window, int64_t now);

/* One of the time zone database, by its form alone, or UTC? 1 or 0. */
int zone_name_valid(const char *name);
/*
 * Take in a line of the compiled policies, `zone NAME` or `offset EPOCH SECONDS-EAST`, which is of the last zone; the name must outlive the
 * zones. 0; -EBADMSG: it is neither, or out of place; -ENOMEM.
 */
int zones_line(struct zones *zones, const char *key, const char *value) MUST_CHECK;
/* One that has an offset; NULL: there is none of this name. */
const struct zone *zones_find(const struct zones *zones, const char *name);
void zones_clear(struct zones *zones);
/* Append its lines. */
void zone_write(struct fields_writer *w, const struct zone *zone);

#endif
