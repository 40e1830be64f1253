#include "trust/toolspec.h"

#include <errno.h>
#include <string.h>

#include "trust/json.h"

struct word {
    const char *at;
    size_t len;
};

static int fail(const char **ret_error, const char *text)
{
    *ret_error = text;
    return -EINVAL;
}

static json_t *constraint_new(const char *type, const char *member, json_t *value)
{
    json_t *constraint = json_pack("{s:s}", "constraint_type", type);

    /* json_object_set_new takes the value over in any case, and fails when either is NULL */
    if (member && json_object_set_new(constraint, member, value) < 0) {
        json_decref(constraint);
        return NULL;
    }
    return constraint;
}

/* Where a JSON array of strings ends: just past the first `]` outside a string; NULL when nowhere. */
static const char *array_end(const char *at)
{
    int in_string = 0;

    for (; *at; at++) {
        if (in_string && *at == '\\' && at[1])
            at++;
        else if (*at == '"')
            in_string = !in_string;
        else if (*at == ']' && !in_string)
            return at + 1;
    }
    return NULL;
}

static int is_array_of_strings(const json_t *array)
{
    const json_t *item;
    size_t i;

    if (!json_is_array(array))
        return 0;
    json_array_foreach(array, i, item)
    {
        if (!json_is_string(item))
            return 0;
    }
    return 1;
}

static int array_constraint(struct word text, json_t **ret_constraint, const char **ret_error)
{
    CLEANUP(json_freep) json_t *array = NULL;

    if (json_strict_parse(text.at, text.len, &array) < 0 || !is_array_of_strings(array))
        return fail(ret_error, "a value that begins with [ must be a JSON array of strings");
    *ret_constraint = constraint_new("one_of", "values", json_pack("[O]", array));
    return *ret_constraint ? 0 : -ENOMEM;
}

static int list_constraint(struct word text, json_t **ret_constraint, const char **ret_error)
{
    CLEANUP(json_freep) json_t *values = json_array();
    const char *end = text.at + text.len, *stop;

    for (const char *at = text.at;; at = stop + 1) {
        stop = memchr(at, ',', (size_t)(end - at));
        if (!stop)
            stop = end;
        if (stop == at)
            return fail(ret_error, "a value is empty");
        if (json_array_append_new(values, json_stringn(at, (size_t)(stop - at))) < 0)
            return fail(ret_error, "a value is not UTF-8");
        if (stop == end)
            break;
    }
    if (json_array_size(values) == 1)
        *ret_constraint = constraint_new("exact", "value", json_incref(json_array_get(values, 0)));
    else
        *ret_constraint = constraint_new("one_of", "values", json_incref(values));
    return *ret_constraint ? 0 : -ENOMEM;
}

static int parse_value(struct word text, json_t **ret_constraint, const char **ret_error)
{
    if (text.len == 1 && *text.at == '*') {
        *ret_constraint = constraint_new("wildcard", NULL, NULL);
        return *ret_constraint ? 0 : -ENOMEM;
    }
    if (text.len > 0 && *text.at == '[')
        return array_constraint(text, ret_constraint, ret_error);
    return list_constraint(text, ret_constraint, ret_error);
}

/* The value at *at, which then stands just past it. */
static int next_value(const char **at, struct word *ret_value, const char **ret_error)
{
    const char *end = **at == '[' ? array_end(*at) : *at + strcspn(*at, " ");

    if (!end || (*end != '\0' && *end != ' '))
        return fail(ret_error, "a JSON array does not end, or not at the end of its word");
    *ret_value = (struct word){*at, (size_t)(end - *at)};
    *at = end;
    return 0;
}

/* NAME, NAME? and the constraint into the map. */
static int add_argument(json_t *map, struct word name, json_t *constraint, const char **ret_error)
{
    char key[TOOLSPEC_MAX];
    int optional = name.len > 1 && name.at[name.len - 1] == '?';

    name.len -= (size_t)optional;
    memcpy(key, name.at, name.len);
    key[name.len] = '\0';
    if (strcmp(key, "*") == 0 && (optional || json_object_size(constraint) != 1))
        return fail(ret_error, "the name * takes the value * alone");
    if (json_object_get(map, key))
        return fail(ret_error, "an argument is named twice");
    if (optional && json_object_set_new(constraint, "optional", json_true()) < 0)
        return -ENOMEM;
    if (json_object_set(map, key, constraint) < 0)
        return fail(ret_error, "a name is not UTF-8");
    return 0;
}

static int parse_argument(const char **at, json_t *map, const char **ret_error)
{
    CLEANUP(json_freep) json_t *constraint = NULL;
    struct word name = {*at, strcspn(*at, "= ")}, value;
    int error;

    if (name.at[name.len] != '=')
        return fail(ret_error, "a word after the tool is not NAME=VALUE");
    if (name.len == 0 || (name.len == 1 && *name.at == '?'))
        return fail(ret_error, "a name is empty");
    *at += name.len + 1;
    error = next_value(at, &value, ret_error);
    if (!error)
        error = parse_value(value, &constraint, ret_error);
    return error ? error : add_argument(map, name, constraint, ret_error);
}

int toolspec_add(json_t *tools, const char *spec, const char **ret_error)
{
    char tool[TOOLSPEC_MAX];
    const char *at = spec + strspn(spec, " ");
    size_t len = strcspn(at, " ");
    json_t *map;

    if (strnlen(spec, TOOLSPEC_MAX) >= TOOLSPEC_MAX)
        return fail(ret_error, "a tool is too long");
    if (len == 0 || memchr(at, '=', len))
        return fail(ret_error, "a tool has no name: it begins with TOOL, then NAME=VALUE");
    memcpy(tool, at, len);
    tool[len] = '\0';
    if (json_object_get(tools, tool))
        return fail(ret_error, "a tool is named twice");
    map = json_object();
    if (json_object_set_new(tools, tool, map) < 0)
        return fail(ret_error, "the name of a tool is not UTF-8");
    for (at += len; at += strspn(at, " "), *at;) {
        int error = parse_argument(&at, map, ret_error);

        if (error)
            return error;
    }
    return 0;
}
