/* Time zones of the host's time zone database, as the tables that windows are judged by (judge/window.h). */
#ifndef PAM_AGENT_ZONE_H
#define PAM_AGENT_ZONE_H

#include <stdint.h>

#include "agentctl/config_memory.h"
#include "core/compat.h"
#include "judge/window.h"

#define ZONE_DIR "/usr/share/zoneinfo"
#define ZONE_YEARS 10 /* that a table reaches, from when it is made on */

/*
 * The offsets of the zone, in the arena, from the beginning of a year before now on: so the table is the same for a year. 0; -ENOENT: there
 * is none of this name. TZ is as before.
 */
int zone_read(const char *name, int64_t now, struct arena *arena, struct zone *ret) MUST_CHECK;

#endif
