#include "trust/tools.h"

#include <string.h>

#include "core/fields.h"

#define ANY_NAME "*" /* the entry for every argument the map does not name */

enum constraint {
    CONSTRAINT_UNKNOWN,
    CONSTRAINT_EXACT,
    CONSTRAINT_ONE_OF,
    CONSTRAINT_WILDCARD,
};

static const struct {
    enum constraint type;
    const char *name, *member; /* the one member the type defines, or NULL */
} constraints[] = {
    {CONSTRAINT_EXACT, "exact", "value"},
    {CONSTRAINT_ONE_OF, "one_of", "values"},
    {CONSTRAINT_WILDCARD, "wildcard", NULL},
};

static enum constraint type_of(const json_t *constraint, const char **ret_member)
{
    const char *name = json_string_value(json_object_get(constraint, "constraint_type"));

    *ret_member = NULL;
    for (size_t i = 0; name && i < COUNT_OF(constraints); i++) {
        if (strcmp(constraints[i].name, name) == 0) {
            *ret_member = constraints[i].member;
            return constraints[i].type;
        }
    }
    return CONSTRAINT_UNKNOWN;
}

static int has_other_members(json_t *constraint, const char *member)
{
    const char *name;
    json_t *value;

    json_object_foreach(constraint, name, value)
    {
        if (strcmp(name, "constraint_type") != 0 && strcmp(name, "optional") != 0 &&
            (!member || strcmp(name, member) != 0))
            return 1;
    }
    return 0;
}

static int value_is_well_formed(const json_t *constraint, enum constraint type)
{
    const json_t *value = json_object_get(constraint, "value");
    const json_t *values = json_object_get(constraint, "values");

    if (type == CONSTRAINT_EXACT)
        return value && !json_is_object(value) && !json_is_array(value);
    if (type == CONSTRAINT_ONE_OF)
        return json_array_size(values) > 0; /* 0 for what is no array */
    return 1;
}

static struct verdict check_constraint(const char *argument, json_t *constraint)
{
    const json_t *optional = json_object_get(constraint, "optional");
    const char *member;
    enum constraint type = type_of(constraint, &member);

    if (!json_is_object(constraint))
        return refuse(REASON_CLAIM_INVALID, "3n: a constraint is not an object");
    if (!json_is_string(json_object_get(constraint, "constraint_type")))
        return refuse(REASON_CLAIM_INVALID, "3n: a constraint has no constraint_type");
    if (type == CONSTRAINT_UNKNOWN)
        return refuse(REASON_CONSTRAINT_UNKNOWN, "3n: a constraint_type is not understood");
    if (has_other_members(constraint, member))
        return refuse(REASON_CLAIM_INVALID, "3n: a constraint has a member that its type does not define");
    if (optional && !json_is_boolean(optional))
        return refuse(REASON_CLAIM_INVALID, "3n: optional is not a boolean");
    if (strcmp(argument, ANY_NAME) == 0 && (type != CONSTRAINT_WILDCARD || optional))
        return refuse(REASON_CLAIM_INVALID, "3n: the \"*\" entry is not a plain wildcard");
    if (!value_is_well_formed(constraint, type))
        return refuse(REASON_CLAIM_INVALID, "3n: the value of a constraint is missing or of the wrong type");
    return permit();
}

struct verdict tools_check(json_t *tools)
{
    const char *tool, *argument;
    json_t *map, *constraint;

    json_object_foreach(tools, tool, map)
    {
        json_object_foreach(map, argument, constraint)
        {
            struct verdict verdict = check_constraint(argument, constraint);

            if (verdict.reason != REASON_PERMIT)
                return verdict;
        }
    }
    return permit();
}

/* Our arguments are strings and arrays of strings: an alternative of another type matches none and is left out. */
static void put_alternative(struct fields_writer *w, const json_t *value)
{
    const json_t *item;
    size_t i;

    if (json_is_string(value))
        fields_put(w, "value", json_string_value(value));
    if (!json_is_array(value))
        return;
    if (json_array_size(value) == 0)
        fields_put(w, "list-empty", "1");
    json_array_foreach(value, i, item)
    {
        if (!json_is_string(item))
            return;
    }
    json_array_foreach(value, i, item)
    {
        fields_put(w, i == 0 ? "list" : "item", json_string_value(item));
    }
}

static void put_argument(struct fields_writer *w, const char *name, const json_t *constraint)
{
    const json_t *values = json_object_get(constraint, "values"), *value;
    const char *member;
    size_t i;

    fields_put(w, json_is_true(json_object_get(constraint, "optional")) ? "optional" : "arg", name);
    if (type_of(constraint, &member) == CONSTRAINT_WILDCARD)
        fields_put(w, "any", "1");
    put_alternative(w, json_object_get(constraint, "value"));
    json_array_foreach(values, i, value)
    {
        put_alternative(w, value);
    }
}

static void put_tool(struct fields_writer *w, const char *name, json_t *map)
{
    const char *argument;
    json_t *constraint;

    fields_put(w, "tool", name);
    if (json_object_size(map) == 0 || json_object_get(map, ANY_NAME))
        fields_put(w, "rest", "1");
    json_object_foreach(map, argument, constraint)
    {
        if (strcmp(argument, ANY_NAME) != 0)
            put_argument(w, argument, constraint);
    }
}

int tools_compile(json_t *tools, char *buf, size_t cap, size_t *ret_len)
{
    struct fields_writer w;
    const char *name;
    json_t *map;

    fields_begin(&w, buf, cap);
    json_object_foreach(tools, name, map)
    {
        put_tool(&w, name, map);
    }
    return fields_end(&w, ret_len);
}
