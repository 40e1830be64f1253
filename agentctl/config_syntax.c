#include "agentctl/config_syntax.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/names.h"
#include "core/text.h"

static const struct {
    char letter;
    uint32_t seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

int duration_parse(const char *text, uint32_t *ret)
{
    size_t len = strlen(text);
    char digits[16];
    uint64_t count;

    if (len < 1 || len > sizeof digits)
        return -EINVAL;
    memcpy(digits, text, len - 1);
    digits[len - 1] = '\0';
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (text[len - 1] != units[i].letter)
            continue;
        if (text_u64(digits, UINT32_MAX / units[i].seconds, &count) < 0 || count == 0)
            return -EINVAL;
        *ret = (uint32_t)count * units[i].seconds;
        return 0;
    }
    return text_u64(text, UINT64_MAX, &count) == 0 ? -EDOM : -EINVAL;
}

const char *duration_format(uint32_t seconds, char *buf)
{
    size_t i = 0;

    while (i < COUNT_OF(units) - 1 && (seconds == 0 || seconds % units[i].seconds))
        i++;
    snprintf(buf, 16, "%u%c", seconds / units[i].seconds, units[i].letter);
    return buf;
}

int range_parse(const char *text, uint32_t *ret_min, uint32_t *ret_max)
{
    const char *dash = strchr(text, '-');
    char first[16];
    uint64_t min, max;

    if (!dash || (size_t)(dash - text) >= sizeof first)
        return -EINVAL;
    memcpy(first, text, (size_t)(dash - text));
    first[dash - text] = '\0';
    if (text_u64(first, UINT32_MAX - 1, &min) < 0 || text_u64(dash + 1, UINT32_MAX - 1, &max) < 0)
        return -EINVAL;
    *ret_min = (uint32_t)min;
    *ret_max = (uint32_t)max;
    return 0;
}

static int lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static int alphanumeric(char c)
{
    return lower(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int service_name_valid(const char *name)
{
    size_t n = 0;

    if (!alphanumeric(name[0]))
        return 0;
    while (alphanumeric(name[n]) || (name[n] && strchr("._-", name[n])))
        n++;
    return n <= SERVICE_NAME_MAX && name[n] == '\0';
}

int user_name_valid(const char *name)
{
    size_t n = 0, lowers = 0;

    if (!alphanumeric(name[0]) && name[0] != '_')
        return 0;
    if (name[0] >= '0' && name[0] <= '9')
        return 0;
    while (alphanumeric(name[n]) || (name[n] && strchr("._-", name[n])))
        lowers += (size_t)lower(name[n++]);
    return n <= ACCOUNT_NAME_MAX && name[n] == '\0' && lowers > 0;
}

/* Text without control characters, of 1 to max bytes. */
static int plain(const char *text, size_t max)
{
    size_t n = 0;

    for (; text[n]; n++)
        if ((unsigned char)text[n] < 0x20 || text[n] == 0x7f)
            return 0;
    return n >= 1 && n <= max;
}

int purpose_pattern_valid(const char *pattern)
{
    return plain(pattern, PURPOSE_MAX);
}

int principal_pattern_valid(const char *pattern)
{
    return plain(pattern, SPIFFE_ID_MAX);
}

#define LABEL_ANY "*"

/* The bytes of a part of a label at the front of the text; 0 where there are too many. */
static size_t label_part(const char *text)
{
    size_t n = 0;

    while (alphanumeric(text[n]) || (text[n] && strchr("_.-", text[n])))
        n++;
    return n <= LABEL_PART_MAX ? n : 0;
}

/* What stands behind KEY=; NULL where there is no such key. */
static const char *label_value(const char *label)
{
    size_t n = label_part(label);

    return n && label[n] == '=' ? label + n + 1 : NULL;
}

int label_valid(const char *label)
{
    const char *value = label_value(label);
    size_t n = value ? label_part(value) : 0;

    return n && value[n] == '\0';
}

int label_pattern_valid(const char *pattern)
{
    const char *value = label_value(pattern);

    return label_valid(pattern) || (value && strcmp(value, LABEL_ANY) == 0);
}

int label_same_key(const char *a, const char *b)
{
    const char *value = label_value(a);

    return value && strncmp(a, b, (size_t)(value - a)) == 0;
}

int label_matches(const char *pattern, const char *label)
{
    return strcmp(pattern, label) == 0 ||
           (label_same_key(pattern, label) && strcmp(label_value(pattern), LABEL_ANY) == 0);
}

int uri_valid(const char *text)
{
    const char *colon = strchr(text, ':');

    return plain(text, URI_MAX) && colon && colon > text && colon[1] && !strchr(text, ' ');
}

int path_normal(const char *path)
{
    size_t len = strlen(path);

    if (path[0] != '/' || len < 2 || len > COMMAND_PATH_MAX || path[len - 1] == '/' || strstr(path, "//"))
        return 0;
    for (const char *at = path; *at; at++) {
        if (!alphanumeric(*at) && !strchr("._+@~/-", *at))
            return 0;
        if (*at != '/' || at[1] != '.')
            continue;
        if (at[2] == '\0' || at[2] == '/' || (at[2] == '.' && (at[3] == '\0' || at[3] == '/')))
            return 0;
    }
    return 1;
}

int word_pattern_valid(const char *pattern)
{
    return plain(pattern, COMMAND_WORD_MAX) && !strpbrk(pattern, "\"\\");
}
