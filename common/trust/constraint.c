#include "trust/constraint.h"

#include <stdlib.h>
#include <string.h>

#include "trust/aat.h"
#include "trust/jcs.h"
#include "trust/json.h"

/* --- sets of JCS texts --- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

/* The elements of an array, sorted, each once. 0 or -1. */
static int read_texts(const json_t *array, char ***ret_texts, size_t *ret_count)
{
    size_t size = json_array_size(array), kept = 0;
    char **texts = calloc(size ? size : 1, sizeof *texts);

    for (size_t i = 0; texts && i < size; i++)
        if (!(texts[i] = jcs_format(json_array_get(array, i)))) {
            free_texts(texts, i);
            return -1;
        }
    if (!texts)
        return -1;
    qsort(texts, size, sizeof *texts, by_text);
    for (size_t i = 0; i < size; i++) {
        if (kept > 0 && strcmp(texts[kept - 1], texts[i]) == 0)
            free(texts[i]);
        else
            texts[kept++] = texts[i];
    }
    *ret_texts = texts;
    *ret_count = kept;
    return 0;
}

static int holds(char *const *texts, size_t count, const char *text)
{
    return bsearch(&text, texts, count, sizeof *texts, by_text) != NULL;
}

static int holds_all(char *const *texts, size_t count, char *const *wanted, size_t wanted_count)
{
    for (size_t i = 0; i < wanted_count; i++)
        if (!holds(texts, count, wanted[i]))
            return 0;
    return 1;
}

/* --- reading --- */

/* The members that a type defines beside constraint_type and optional. */
static const struct type {
    enum constraint_type type;
    const char *name, *members[5];
} types[] = {
    {CONSTRAINT_EXACT, "exact", {"value"}},
    {CONSTRAINT_RANGE, "range", {"min", "max", "min_inclusive", "max_inclusive"}},
    {CONSTRAINT_ONE_OF, "one_of", {"values"}},
    {CONSTRAINT_NOT_ONE_OF, "not_one_of", {"excluded"}},
    {CONSTRAINT_CONTAINS, "contains", {"required"}},
    {CONSTRAINT_SUBSET, "subset", {"allowed"}},
    {CONSTRAINT_WILDCARD, "wildcard", {NULL}},
    {CONSTRAINT_ALL, "all", {"constraints"}},
    {CONSTRAINT_ANY, "any", {"constraints"}},
};

static const struct type *type_of(const json_t *json)
{
    const json_t *name = json_object_get(json, "constraint_type");

    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (json_is_text(name, types[i].name))
            return &types[i];
    return NULL;
}

static int has_other_members(const json_t *json, const struct type *type)
{
    size_t known = 1 + (json_object_get(json, "optional") != NULL);

    for (size_t i = 0; i < COUNT_OF(type->members) && type->members[i]; i++)
        known += json_object_get(json, type->members[i]) != NULL;
    return json_object_size(json) != known;
}

static enum reason read_value(struct constraint *c)
{
    json_t *value = json_object_get(c->json, "value"), *list;
    int r;

    if (!value || json_is_object(value) || json_is_array(value))
        return REASON_CLAIM_INVALID;
    list = json_pack("[O]", value);
    r = list ? read_texts(list, &c->values, &c->value_count) : -1;
    json_decref(list);
    return r < 0 ? REASON_INTERNAL : REASON_PERMIT;
}

static enum reason read_values(struct constraint *c, const char *member)
{
    const json_t *values = json_object_get(c->json, member);

    if (!json_is_array(values) || (c->type == CONSTRAINT_ONE_OF && json_array_size(values) == 0))
        return REASON_CLAIM_INVALID;
    return read_texts(values, &c->values, &c->value_count) < 0 ? REASON_INTERNAL : REASON_PERMIT;
}

static enum reason read_bound(const json_t *json, const char *name, const char *inclusive_name, struct bound *ret)
{
    const json_t *value = json_object_get(json, name), *inclusive = json_object_get(json, inclusive_name);

    if ((value && !json_is_number(value)) || (inclusive && (!value || !json_is_boolean(inclusive))))
        return REASON_CLAIM_INVALID;
    ret->given = value != NULL;
    ret->exclusive = json_is_false(inclusive);
    ret->value = json_number_value(value);
    return REASON_PERMIT;
}

static enum reason read_range(struct constraint *c)
{
    if (read_bound(c->json, "min", "min_inclusive", &c->min) != REASON_PERMIT ||
        read_bound(c->json, "max", "max_inclusive", &c->max) != REASON_PERMIT ||
        (c->min.given && c->max.given && c->min.value > c->max.value))
        return REASON_CLAIM_INVALID;
    return REASON_PERMIT;
}

static enum reason read_at(const json_t *json, int depth, struct constraint *c);

static enum reason read_clauses(struct constraint *c, int depth)
{
    const json_t *clauses = json_object_get(c->json, "constraints");
    size_t count = json_array_size(clauses);
    enum reason reason = REASON_PERMIT;

    if (!json_is_array(clauses) || count == 0)
        return REASON_CLAIM_INVALID;
    c->clauses = calloc(count, sizeof *c->clauses);
    if (!c->clauses)
        return REASON_INTERNAL;
    for (c->clause_count = 0; reason == REASON_PERMIT && c->clause_count < count; c->clause_count++)
        reason = read_at(json_array_get(clauses, c->clause_count), depth + 1, &c->clauses[c->clause_count]);
    return reason;
}

static enum reason read_members(struct constraint *c, const struct type *type, int depth)
{
    switch (c->type) {
    case CONSTRAINT_EXACT:
        return read_value(c);
    case CONSTRAINT_RANGE:
        return read_range(c);
    case CONSTRAINT_ALL:
    case CONSTRAINT_ANY:
        return read_clauses(c, depth);
    case CONSTRAINT_WILDCARD:
        return REASON_PERMIT;
    default:
        return read_values(c, type->members[0]);
    }
}

static enum reason read_at(const json_t *json, int depth, struct constraint *c)
{
    const json_t *optional = json_object_get(json, "optional");
    const struct type *type = type_of(json);

    if (depth > AAT_CONSTRAINT_DEPTH_MAX || !json_is_string(json_object_get(json, "constraint_type")))
        return REASON_CLAIM_INVALID;
    if (!type)
        return REASON_CONSTRAINT_UNKNOWN;
    if (has_other_members(json, type) || (optional && (depth > 1 || !json_is_boolean(optional))))
        return REASON_CLAIM_INVALID;
    c->type = type->type;
    c->json = json;
    c->optional = json_is_true(optional);
    return read_members(c, type, depth);
}

enum reason constraint_read(const json_t *json, struct constraint *ret)
{
    *ret = (struct constraint){.json = NULL};
    return read_at(json, 1, ret);
}

void constraint_clear(struct constraint *constraint)
{
    free_texts(constraint->values, constraint->value_count);
    for (size_t i = 0; i < constraint->clause_count; i++)
        constraint_clear(&constraint->clauses[i]);
    free(constraint->clauses);
    *constraint = (struct constraint){.json = NULL};
}

/* --- the table of Section 4.5 --- */

static int min_holds(const struct bound *min, double value)
{
    return !min->given || value > min->value || (value == min->value && !min->exclusive);
}

static int max_holds(const struct bound *max, double value)
{
    return !max->given || value < max->value || (value == max->value && !max->exclusive);
}

static int in_range(const struct constraint *range, const json_t *value)
{
    return json_is_number(value) && min_holds(&range->min, json_number_value(value)) &&
           max_holds(&range->max, json_number_value(value));
}

/* What lies beyond the parent's bound is not the child's; on it, only what is the parent's. */
static int min_covers(const struct bound *parent, const struct bound *child)
{
    return !parent->given ||
           (child->given &&
            (child->value > parent->value || (child->value == parent->value && child->exclusive >= parent->exclusive)));
}

static int max_covers(const struct bound *parent, const struct bound *child)
{
    return !parent->given ||
           (child->given &&
            (child->value < parent->value || (child->value == parent->value && child->exclusive >= parent->exclusive)));
}

static int range_subsumes(const struct constraint *parent, const struct constraint *child)
{
    if (child->type == CONSTRAINT_EXACT)
        return in_range(parent, json_object_get(child->json, "value"));
    return child->type == CONSTRAINT_RANGE && min_covers(&parent->min, &child->min) &&
           max_covers(&parent->max, &child->max);
}

static int holds_values_of(const struct constraint *outer, const struct constraint *inner)
{
    return holds_all(outer->values, outer->value_count, inner->values, inner->value_count);
}

/* Each clause of the parent subsumes some clause of the child. */
static int all_subsumes(const struct constraint *parent, const struct constraint *child)
{
    for (size_t i = 0; i < parent->clause_count; i++) {
        size_t j = 0;

        while (j < child->clause_count && !constraint_subsumes(&parent->clauses[i], &child->clauses[j]))
            j++;
        if (j == child->clause_count)
            return 0;
    }
    return 1;
}

/* Each clause of the child is subsumed by some clause of the parent. */
static int any_subsumes(const struct constraint *parent, const struct constraint *child)
{
    for (size_t j = 0; j < child->clause_count; j++) {
        size_t i = 0;

        while (i < parent->clause_count && !constraint_subsumes(&parent->clauses[i], &child->clauses[j]))
            i++;
        if (i == parent->clause_count)
            return 0;
    }
    return 1;
}

int constraint_subsumes(const struct constraint *parent, const struct constraint *child)
{
    if (parent->type == CONSTRAINT_WILDCARD)
        return 1;
    if (parent->type == CONSTRAINT_RANGE)
        return range_subsumes(parent, child);
    if (parent->type == CONSTRAINT_ONE_OF && child->type == CONSTRAINT_EXACT)
        return holds_values_of(parent, child);
    if (parent->type != child->type)
        return 0;
    switch (parent->type) {
    case CONSTRAINT_EXACT:
    case CONSTRAINT_ONE_OF:
    case CONSTRAINT_SUBSET:
        return holds_values_of(parent, child);
    case CONSTRAINT_NOT_ONE_OF:
    case CONSTRAINT_CONTAINS:
        return holds_values_of(child, parent);
    case CONSTRAINT_ALL:
        return all_subsumes(parent, child);
    case CONSTRAINT_ANY:
        return any_subsumes(parent, child);
    default:
        return 0;
    }
}

/* --- a value --- */

static int accepts_scalar(const struct constraint *c, const json_t *value)
{
    char *text = jcs_format(value);
    int found = text ? holds(c->values, c->value_count, text) : -1;

    free(text);
    return c->type == CONSTRAINT_NOT_ONE_OF ? found == 0 : found == 1;
}

static int accepts_array(const struct constraint *c, const json_t *value)
{
    char **texts;
    size_t count;
    int r;

    if (!json_is_array(value) || read_texts(value, &texts, &count) < 0)
        return 0;
    r = c->type == CONSTRAINT_SUBSET ? holds_all(c->values, c->value_count, texts, count)
                                     : holds_all(texts, count, c->values, c->value_count);
    free_texts(texts, count);
    return r;
}

static int accepts_by_clauses(const struct constraint *c, const json_t *value)
{
    int decisive = c->type == CONSTRAINT_ANY; /* the answer of one clause that settles it */

    for (size_t i = 0; i < c->clause_count; i++)
        if (constraint_accepts(&c->clauses[i], value) == decisive)
            return decisive;
    return !decisive;
}

int constraint_accepts(const struct constraint *c, const json_t *value)
{
    switch (c->type) {
    case CONSTRAINT_EXACT:
    case CONSTRAINT_ONE_OF:
    case CONSTRAINT_NOT_ONE_OF:
        return accepts_scalar(c, value);
    case CONSTRAINT_RANGE:
        return in_range(c, value);
    case CONSTRAINT_CONTAINS:
    case CONSTRAINT_SUBSET:
        return accepts_array(c, value);
    case CONSTRAINT_ALL:
    case CONSTRAINT_ANY:
        return accepts_by_clauses(c, value);
    case CONSTRAINT_WILDCARD:
        return 1;
    }
    return 0;
}
