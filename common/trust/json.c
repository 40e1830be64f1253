#include "trust/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trust/number.h"

void json_strict_begin(void)
{
    json_object_seed(0); /* one of its own */
}

/* A quote ends the string unless an odd number of backslashes stands before it. */
size_t json_skip_string(const char *text, size_t len, size_t at)
{
    size_t start = at + 1, end = start, escapes;
    const char *quote;

    do {
        quote = end < len ? memchr(text + end, '"', len - end) : NULL;
        if (!quote)
            return len;
        end = (size_t)(quote - text) + 1;
        for (escapes = 0; end - 1 - escapes > start && text[end - 2 - escapes] == '\\'; escapes++)
            ;
    } while (escapes % 2 == 1);
    return end;
}

/* Brackets are counted here, because jansson recurses 2048 levels before it refuses. */
static int too_deep(const char *text, size_t len)
{
    size_t depth = 0, at = 0;

    while (at < len) {
        if (text[at] == '"') {
            at = json_skip_string(text, len, at);
            continue;
        }
        if ((text[at] == '[' || text[at] == '{') && ++depth > JSON_DEPTH_MAX)
            return 1;
        if ((text[at] == ']' || text[at] == '}') && depth > 0)
            depth--;
        at++;
    }
    return 0;
}

static int parse(const char *text, size_t len, size_t max, size_t flags, json_t **ret_value)
{
    char *tame;
    json_t *value;

    if (len > max || too_deep(text, len))
        return -E2BIG;
    tame = malloc(len + 1);
    if (!tame)
        return -ENOMEM;
    memcpy(tame, text, len);
    tame[len] = '\0';
    number_tame(tame, len);
    value = json_loadb(tame, len, JSON_REJECT_DUPLICATES | flags, NULL);
    free(tame);
    if (!value)
        return -EBADMSG;
    *ret_value = value;
    return 0;
}

int json_strict_parse(const char *text, size_t len, json_t **ret_value)
{
    return parse(text, len, JSON_SIZE_MAX, 0, ret_value);
}

int json_claims_parse(const char *text, size_t len, size_t max, json_t **ret_value)
{
    return parse(text, len, max, JSON_ALLOW_NUL, ret_value);
}

int json_strict_parse_object(const char *text, size_t len, json_t **ret_object)
{
    json_t *value;
    int error = json_strict_parse(text, len, &value);

    if (error)
        return error;
    if (!json_is_object(value)) {
        json_decref(value);
        return -EBADMSG;
    }
    *ret_object = value;
    return 0;
}

void json_freep(json_t **value)
{
    json_decref(*value);
}

/* Valid UTF-8 is given: U+0080-009F is C2 followed by 80-9F. */
static int has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)text[i + 1] < 0xa0))
            return 1;
    }
    return 0;
}

int json_text_read(const json_t *value, size_t max, const char **ret_text)
{
    size_t len = json_string_length(value);

    if (!json_is_string(value) || len == 0 || len > max || has_control(json_string_value(value), len))
        return -EBADMSG;
    *ret_text = json_string_value(value);
    return 1;
}

int json_member_string(const json_t *object, const char *name, size_t max, const char **ret_text)
{
    const json_t *member = json_object_get(object, name);

    return member ? json_text_read(member, max, ret_text) : 0;
}

int json_text_among(const json_t *value, const char *text)
{
    const json_t *item;
    int found = 0;
    size_t i;

    if (!text)
        return 0;
    if (!json_is_array(value))
        return json_is_string(value) ? json_is_text(value, text) : -EBADMSG;
    json_array_foreach(value, i, item)
    {
        if (!json_is_string(item))
            return -EBADMSG;
        found |= json_is_text(item, text);
    }
    return found;
}

int json_is_text(const json_t *value, const char *text)
{
    size_t len = strlen(text);

    return json_is_string(value) && json_string_length(value) == len &&
           memcmp(json_string_value(value), text, len) == 0;
}

int json_member_integer(const json_t *object, const char *name, int64_t *ret_number)
{
    const json_t *member = json_object_get(object, name);

    if (!member)
        return 0;
    if (!json_is_integer(member))
        return -EBADMSG;
    *ret_number = json_integer_value(member);
    return 1;
}

int json_member_object(const json_t *object, const char *name, json_t **ret_object)
{
    json_t *member = json_object_get(object, name);

    if (!member)
        return 0;
    if (!json_is_object(member))
        return -EBADMSG;
    *ret_object = member;
    return 1;
}
