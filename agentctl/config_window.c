/* window: when a rule counts. */
#include <string.h>

#include "agentctl/config_reader.h"
#include "agentctl/zone.h"
#include "core/clock.h"

/* The zone of this name, read once; NULL: there is none. */
static const struct zone *find_zone(struct config *config, const char *name)
{
    struct zone *zone;

    for (size_t i = 0; i < config->zone_count; i++)
        if (strcmp(config->zones[i]->name, name) == 0)
            return config->zones[i];
    zone = arena_alloc(&config->arena, 1, sizeof *zone);
    if (zone_read(name, clock_wall_seconds(), &config->arena, zone) < 0)
        return NULL;
    config->zones = arena_grow(&config->arena, config->zones, config->zone_count, sizeof(struct zone *));
    config->zones[config->zone_count++] = zone;
    return zone;
}

static void read_window(struct reader *reader, const struct section *section, const struct value *value,
                        struct window *ret)
{
    const char *zone;

    if (window_parse(value->text, ret, &zone) < 0) {
        value_problem(reader, section, value,
                      "window: \"%s\" is none: write \"DAY HH:MM-DAY HH:MM ZONE\", \"DAY-DAY HH:MM-HH:MM ZONE\" or "
                      "\"HH:MM-HH:MM ZONE\", as in \"fri 16:00-mon 06:00 Europe/Berlin\"",
                      value->text);
        return;
    }
    ret->zone = find_zone(reader->config, zone);
    if (!ret->zone)
        value_problem(reader, section, value,
                      "window: there is no time zone \"%s\" in %s: write one of its names, as in \"Europe/Berlin\", or "
                      "UTC",
                      zone, ZONE_DIR);
}

void read_windows(struct reader *reader, const struct section *section, struct rule *rule)
{
    const struct setting *setting = section_setting(section, "window");

    if (!setting)
        return;
    rule->windows = arena_alloc(&reader->config->arena, setting->count, sizeof *rule->windows);
    for (size_t i = 0; i < setting->count; i++)
        read_window(reader, section, &setting->values[i], &rule->windows[rule->window_count++]);
}
