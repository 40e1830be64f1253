#include "trust/jcs.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/number.h"

struct text {
    char *bytes;
    size_t len, cap;
    int failed;
};

static void put(struct text *text, const char *bytes, size_t len)
{
    if (!text->failed && text->cap - text->len < len) {
        size_t cap = 2 * text->cap + len + 64;
        char *grown = realloc(text->bytes, cap);

        if (grown) {
            text->bytes = grown;
            text->cap = cap;
        }
        text->failed = !grown;
    }
    if (text->failed || len == 0)
        return;
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
}

static void put_string(struct text *text, const char *string, size_t len)
{
    static const char shorts[] = "btn.fr"; /* of U+0008 to U+000D */
    char escape[8];

    put(text, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)string[i];

        if (c == '"' || c == '\\')
            put(text, escape, (size_t)sprintf(escape, "\\%c", c));
        else if (c >= 8 && c <= 13 && c != 11)
            put(text, escape, (size_t)sprintf(escape, "\\%c", shorts[c - 8]));
        else if (c < 0x20)
            put(text, escape, (size_t)sprintf(escape, "\\u%04x", c));
        else
            put(text, string + i, 1);
    }
    put(text, "\"", 1);
}

static void put_number(struct text *text, const json_t *number)
{
    char buf[NUMBER_TEXT_SIZE];

    number_format(json_number_value(number), buf);
    put(text, buf, strlen(buf));
}

/* --- names, in the order of their UTF-16 code units --- */

/*
 * UTF-8 and UTF-16 sort alike but for the surrogates (0xD800 and above), which come before U+E000 to U+FFFF: of two first
 * bytes that differ, 0xEE and 0xEF come after 0xF0 to 0xF4.
 */
static int weight(unsigned char c)
{
    return c == 0xee || c == 0xef ? c + 0x10 : c;
}

static int by_name(const void *a, const void *b)
{
    const unsigned char *x = *(const unsigned char *const *)a, *y = *(const unsigned char *const *)b;

    while (*x && *x == *y) {
        x++;
        y++;
    }
    return weight(*x) - weight(*y);
}

static void put_value(struct text *text, const json_t *value);

static void put_object(struct text *text, json_t *object)
{
    size_t count = json_object_size(object), i = 0;
    const char **names = calloc(count ? count : 1, sizeof *names), *name;
    json_t *member;

    text->failed |= !names;
    put(text, "{", 1);
    if (names) {
        json_object_foreach(object, name, member)
        {
            names[i++] = name;
        }
        qsort(names, count, sizeof *names, by_name);
    }
    for (i = 0; i < count && !text->failed; i++) {
        put(text, ",", i > 0);
        put_string(text, names[i], strlen(names[i]));
        put(text, ":", 1);
        put_value(text, json_object_get(object, names[i]));
    }
    put(text, "}", 1);
    free(names);
}

static void put_array(struct text *text, const json_t *array)
{
    const json_t *item;
    size_t i;

    put(text, "[", 1);
    json_array_foreach(array, i, item)
    {
        put(text, ",", i > 0);
        put_value(text, item);
    }
    put(text, "]", 1);
}

static void put_value(struct text *text, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_object(text, (json_t *)(uintptr_t)value); /* jansson's loop takes no const */
        break;
    case JSON_ARRAY:
        put_array(text, value);
        break;
    case JSON_STRING:
        put_string(text, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        put_number(text, value);
        break;
    case JSON_TRUE:
        put(text, "true", 4);
        break;
    case JSON_FALSE:
        put(text, "false", 5);
        break;
    case JSON_NULL:
        put(text, "null", 4);
        break;
    }
}

char *jcs_format(const json_t *value)
{
    struct text text = {.bytes = NULL};

    put_value(&text, value);
    put(&text, "", 1);
    if (text.failed) {
        free(text.bytes);
        text.bytes = NULL;
    }
    return text.bytes;
}

int jcs_equal(const json_t *a, const json_t *b)
{
    char *x, *y;
    int r;

    if (!a || !b)
        return 0;
    x = jcs_format(a);
    y = jcs_format(b);
    r = x && y ? strcmp(x, y) == 0 : -ENOMEM;
    free(x);
    free(y);
    return r;
}
