/* Values of every section: read, checked, complained about. */
#include <errno.h>
#include <string.h>

#include "agentctl/config_reader.h"
#include "agentctl/config_syntax.h"
#include "core/text.h"

struct place section_place(const struct section *section)
{
    return (struct place){.file = section->file, .line = section->line};
}

const char *where_text(struct reader *reader, const char *file, unsigned line)
{
    return arena_format(&reader->config->arena, "%s:%u", file, line);
}

const struct value *read_value(const struct section *section, const char *key)
{
    const struct setting *setting = section_setting(section, key);

    return setting ? &setting->values[0] : NULL;
}

const struct value *read_required(struct reader *reader, const struct section *section, const char *key,
                                  const char *mend)
{
    const struct value *value = read_value(section, key);

    if (!value)
        section_problem(reader, section, "%s has no %s: write %s = %s", section->key->name, key, key, mend);
    return value;
}

void read_duration(struct reader *reader, const struct section *section, const char *key, uint32_t max, uint32_t *ret)
{
    const struct value *value = read_value(section, key);
    uint32_t seconds;
    char most[16];
    int r;

    if (!value)
        return;
    r = duration_parse(value->text, &seconds);
    if (r == -EDOM)
        value_problem(reader, section, value,
                      "%s: \"%s\" has no unit: write s, m, h or d after the number, as in \"10m\"", key, value->text);
    else if (r < 0)
        value_problem(reader, section, value,
                      "%s: \"%s\" is no duration: write a number and s, m, h or d, as in \"10m\"", key, value->text);
    else if (seconds > max)
        value_problem(reader, section, value, "%s: \"%s\" is too long: write at most \"%s\"", key, value->text,
                      duration_format(max, most));
    else
        *ret = seconds;
}

static void read_range(struct reader *reader, const struct section *section, const char *key, uint32_t min,
                       uint32_t max, uint32_t *ret)
{
    const struct value *value = read_value(section, key);
    uint64_t number;

    if (!value)
        return;
    if (text_u64(value->text, max, &number) < 0 || number < min)
        value_problem(reader, section, value, "%s: \"%s\" is not allowed: write a number from %u to %u", key,
                      value->text, min, max);
    else
        *ret = (uint32_t)number;
}

void read_number(struct reader *reader, const struct section *section, const char *key, uint32_t max, uint32_t *ret)
{
    read_range(reader, section, key, 1, max, ret);
}

void read_flag(struct reader *reader, const struct section *section, const char *key, int *ret)
{
    const struct value *value = read_value(section, key);

    if (!value)
        return;
    if (strcmp(value->text, "true") == 0)
        *ret = 1;
    else if (strcmp(value->text, "false") == 0)
        *ret = 0;
    else
        value_problem(reader, section, value, "%s: \"%s\" is neither: write true or false", key, value->text);
}

void read_level(struct reader *reader, const struct section *section, const char *key, enum level *ret)
{
    const struct value *value = read_value(section, key);
    enum level level;

    if (!value)
        return;
    level = level_parse(value->text);
    if (level == LEVEL_UNSET)
        value_problem(reader, section, value, "%s: \"%s\" is unknown: write \"low\", \"medium\" or \"high\"", key,
                      value->text);
    else
        *ret = level;
}

void read_words(struct reader *reader, const struct section *section, const char *key, int (*valid)(const char *),
                const char *mend, struct words *ret)
{
    const struct setting *setting = section_setting(section, key);

    if (!setting)
        return;
    ret->items = arena_alloc(&reader->config->arena, setting->count, sizeof *ret->items);
    ret->count = 0;
    for (size_t i = 0; i < setting->count; i++) {
        const struct value *value = &setting->values[i];

        if (!valid(value->text))
            value_problem(reader, section, value, "%s: \"%s\" is not valid: write %s", key, value->text, mend);
        ret->items[ret->count++] = value->text;
    }
}

void read_labels(struct reader *reader, const struct section *section, const char *key, int (*valid)(const char *),
                 const char *mend, struct words *ret)
{
    const struct setting *setting = section_setting(section, key);

    if (!setting)
        return;
    if (setting->count > LABELS_MAX) {
        value_problem(reader, section, &setting->values[LABELS_MAX], "%s: more than %d: write fewer", key, LABELS_MAX);
        return;
    }
    read_words(reader, section, key, valid, mend, ret);
    for (size_t i = 0; i < setting->count; i++)
        for (size_t j = 0; j < i; j++)
            if (label_same_key(ret->items[i], ret->items[j]))
                value_problem(reader, section, &setting->values[i],
                              "%s: \"%s\" has the key of \"%s\": a host has one value of it, remove one", key,
                              ret->items[i], ret->items[j]);
}

static void read_possession(struct reader *reader, const struct section *section, enum possession *ret)
{
    const struct value *value = read_value(section, "possession");
    enum possession possession = value ? possession_parse(value->text) : POSSESSION_UNSET;

    if (possession != POSSESSION_UNSET)
        *ret = possession;
    else if (value)
        value_problem(reader, section, value,
                      "possession: \"%s\" is unknown: write \"channel\", \"signed\" or \"bearer\"", value->text);
}

static void read_linger(struct reader *reader, const struct section *section, int *ret)
{
    int linger = -1;

    read_flag(reader, section, "linger", &linger);
    if (linger >= 0)
        *ret = linger ? LINGER_YES : LINGER_NO;
}

static void read_sockets(struct reader *reader, const struct section *section, int *ret)
{
    const struct value *value = read_value(section, "abstract-sockets");

    if (value && (*ret = sockets_parse(value->text)) == SOCKETS_UNSET)
        value_problem(reader, section, value, "abstract-sockets: \"%s\" is neither: write \"apart\" or \"shared\"",
                      value->text);
}

void read_mode(struct reader *reader, const struct section *section, int *ret)
{
    const struct value *value = read_value(section, "mode");

    if (value && (*ret = mode_parse(value->text)) == MODE_UNSET)
        value_problem(reader, section, value, "mode: \"%s\" is neither: write \"enforce\" or \"observe\"", value->text);
}

/* The chain that may be delegated so often. */
static void read_delegation(struct reader *reader, const struct section *section, uint32_t *ret)
{
    uint32_t most = UINT32_MAX;

    read_range(reader, section, "max-delegation", 0, CONFIG_DELEGATION_HARD, &most);
    if (most != UINT32_MAX)
        *ret = most + 1;
}

void read_limits(struct reader *reader, const struct section *section, struct limits *ret)
{
    read_duration(reader, section, "max-lifetime", CONFIG_LIFETIME_HARD, &ret->max_lifetime);
    read_duration(reader, section, "max-session", CONFIG_SESSION_HARD, &ret->max_session);
    read_number(reader, section, "max-logins", CONFIG_LOGINS_HARD, &ret->max_logins);
    read_possession(reader, section, &ret->possession);
    read_number(reader, section, "max-sessions", CONFIG_SESSIONS_HARD, &ret->max_sessions);
    read_duration(reader, section, "reattest-every", CONFIG_SESSION_HARD, &ret->reattest_every);
    read_duration(reader, section, "reattest-grace", CONFIG_GRACE_HARD, &ret->reattest_grace);
    read_number(reader, section, "max-denials", CONFIG_DENIALS_HARD, &ret->max_denials);
    read_number(reader, section, "max-steps", CONFIG_STEPS_HARD, &ret->max_steps);
    read_number(reader, section, "steps-per-minute", STEPS_PER_MINUTE_MAX, &ret->steps_per_minute);
    read_level(reader, section, "max-risk-low", &ret->max_risk[LEVEL_LOW]);
    read_level(reader, section, "max-risk-medium", &ret->max_risk[LEVEL_MEDIUM]);
    read_level(reader, section, "max-risk-high", &ret->max_risk[LEVEL_HIGH]);
    read_delegation(reader, section, &ret->max_chain);
    read_linger(reader, section, &ret->linger);
    read_sockets(reader, section, &ret->sockets);
    read_mode(reader, section, &ret->mode);
}
