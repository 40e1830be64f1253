#include "trust/tools.h"

#include <stdlib.h>
#include <string.h>

#include "core/fields.h"
#include "trust/json.h"

#define REST_NAME "*" /* the entry for every argument that the map does not name */

/* --- reading: each text as step 3n of a root and step 4o of a child --- */

#define STEPS(text) \
    { \
        "3n: " text, "4o: " text \
    }

static struct verdict judge_constraint(enum reason reason, int is_child)
{
    static const char *const malformed[] = STEPS("a constraint is not well-formed, or too deep");
    static const char *const unknown[] = STEPS("a constraint_type is not understood");
    static const char *const memory[] = STEPS("out of memory");

    if (reason == REASON_CLAIM_INVALID)
        return refuse(reason, malformed[is_child]);
    if (reason == REASON_CONSTRAINT_UNKNOWN)
        return refuse(reason, unknown[is_child]);
    return reason == REASON_PERMIT ? permit() : refuse(reason, memory[is_child]);
}

static int by_argument(const void *a, const void *b)
{
    return strcmp(((const struct argument *)a)->name, ((const struct argument *)b)->name);
}

static int by_tool(const void *a, const void *b)
{
    return strcmp(((const struct tool *)a)->name, ((const struct tool *)b)->name);
}

static struct verdict read_rest(const json_t *json, int is_child)
{
    static const char *const odd[] = STEPS("the \"*\" entry is not a plain wildcard");
    struct constraint constraint;
    enum reason reason = constraint_read(json, &constraint);
    int plain = constraint.type == CONSTRAINT_WILDCARD && !json_object_get(json, "optional");

    constraint_clear(&constraint);
    if (reason == REASON_PERMIT && !plain)
        return refuse(REASON_CLAIM_INVALID, odd[is_child]);
    return judge_constraint(reason, is_child);
}

static struct verdict read_map(json_t *map, int is_child, struct tool *tool)
{
    size_t size = json_object_size(map);
    struct verdict verdict = permit();
    const char *name;
    json_t *json;

    tool->rest = size == 0;
    tool->arguments = calloc(size ? size : 1, sizeof *tool->arguments);
    if (!tool->arguments)
        return judge_constraint(REASON_INTERNAL, is_child);
    json_object_foreach(map, name, json)
    {
        if (strcmp(name, REST_NAME) == 0) {
            tool->rest = 1;
            verdict = read_rest(json, is_child);
        } else {
            struct argument *argument = &tool->arguments[tool->argument_count++];

            argument->name = name;
            verdict = judge_constraint(constraint_read(json, &argument->constraint), is_child);
        }
        if (verdict.reason != REASON_PERMIT)
            break;
    }
    qsort(tool->arguments, tool->argument_count, sizeof *tool->arguments, by_argument);
    return verdict;
}

struct verdict tools_read(json_t *map, int is_child, struct tools *ret)
{
    size_t size = json_object_size(map);
    struct verdict verdict = permit();
    const char *name;
    json_t *json;

    *ret = (struct tools){.items = calloc(size ? size : 1, sizeof *ret->items)};
    if (!ret->items)
        return judge_constraint(REASON_INTERNAL, is_child);
    json_object_foreach(map, name, json)
    {
        struct tool *tool = &ret->items[ret->count++];

        tool->name = name;
        verdict = read_map(json, is_child, tool);
        if (verdict.reason != REASON_PERMIT)
            break;
    }
    qsort(ret->items, ret->count, sizeof *ret->items, by_tool);
    return verdict;
}

void tools_clear(struct tools *tools)
{
    for (size_t i = 0; i < tools->count; i++) {
        for (size_t j = 0; j < tools->items[i].argument_count; j++)
            constraint_clear(&tools->items[i].arguments[j].constraint);
        free(tools->items[i].arguments);
    }
    free(tools->items);
    *tools = (struct tools){.items = NULL};
}

static const struct tool *find_tool(const struct tools *tools, const char *name)
{
    const struct tool key = {.name = name};

    return tools->count ? bsearch(&key, tools->items, tools->count, sizeof key, by_tool) : NULL;
}

static const struct argument *find_argument(const struct tool *tool, const char *name)
{
    const struct argument key = {.name = name};

    return tool->argument_count ? bsearch(&key, tool->arguments, tool->argument_count, sizeof key, by_argument) : NULL;
}

/* --- narrowing --- */

/* Step 4p2. */
static struct verdict narrow_names(const struct tool *parent, const struct tool *child)
{
    if (child->rest && !parent->rest)
        return refuse(REASON_DELEGATION_WIDENED, "4p2: a tool allows arguments that the parent does not name");
    for (size_t i = 0; i < child->argument_count && !parent->rest; i++)
        if (!find_argument(parent, child->arguments[i].name))
            return refuse(REASON_DELEGATION_WIDENED, "4p2: a tool names an argument that the parent does not");
    for (size_t i = 0; i < parent->argument_count; i++)
        if (!find_argument(child, parent->arguments[i].name) &&
            (child->rest || !parent->arguments[i].constraint.optional))
            return refuse(REASON_DELEGATION_WIDENED, "4p2: a tool leaves out an argument that the parent names");
    return permit();
}

/* Step 4p3. */
static struct verdict narrow_required(const struct tool *parent, const struct tool *child)
{
    for (size_t i = 0; i < child->argument_count; i++) {
        const struct argument *argument = &child->arguments[i], *of_parent = find_argument(parent, argument->name);

        if (of_parent && argument->constraint.optional && !of_parent->constraint.optional)
            return refuse(REASON_DELEGATION_WIDENED, "4p3: an argument is optional that the parent requires");
    }
    return permit();
}

/* Step 4p4. What stands under the parent's "*", a wildcard, is subsumed. */
static struct verdict narrow_values(const struct tool *parent, const struct tool *child)
{
    for (size_t i = 0; i < child->argument_count; i++) {
        const struct argument *argument = &child->arguments[i], *of_parent = find_argument(parent, argument->name);

        if (of_parent && !constraint_subsumes(&of_parent->constraint, &argument->constraint))
            return refuse(REASON_DELEGATION_WIDENED, "4p4: a constraint is not narrower than the parent's");
    }
    return permit();
}

typedef struct verdict (*narrow_fn)(const struct tool *parent, const struct tool *child);

/* One step over all tools: the first step that fails counts, not the first tool. */
static struct verdict narrow_each(const struct tools *parent, const struct tools *child, narrow_fn narrow)
{
    for (size_t i = 0; i < child->count; i++) {
        struct verdict verdict = narrow(find_tool(parent, child->items[i].name), &child->items[i]);

        if (verdict.reason != REASON_PERMIT)
            return verdict;
    }
    return permit();
}

/* Step 4p1. */
static struct verdict narrow_tool(const struct tool *parent, const struct tool *child)
{
    (void)child;
    return parent ? permit() : refuse(REASON_DELEGATION_WIDENED, "4p1: a tool is not among the parent's");
}

struct verdict tools_narrow(const struct tools *parent, const struct tools *child)
{
    static const narrow_fn steps[] = {narrow_tool, narrow_names, narrow_required, narrow_values};

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct verdict verdict = narrow_each(parent, child, steps[i]);

        if (verdict.reason != REASON_PERMIT)
            return verdict;
    }
    return permit();
}

/* --- an invocation --- */

/* A tool's argument that is named "*" is one that the map does not name. */
struct verdict tools_allow(const struct tools *tools, const char *name, json_t *args)
{
    const struct tool *tool = find_tool(tools, name);
    const char *arg;
    json_t *value;

    if (!tool)
        return refuse(REASON_SCOPE_EXCEEDED, "6b: the leaf does not hold the tool");
    json_object_foreach(args, arg, value)
    {
        const struct argument *argument = find_argument(tool, arg);

        if (!argument && !tool->rest)
            return refuse(REASON_SCOPE_EXCEEDED, "6b: an argument is not named");
        if (argument && !constraint_accepts(&argument->constraint, value))
            return refuse(REASON_SCOPE_EXCEEDED, "6b: an argument does not satisfy its constraint");
    }
    for (size_t i = 0; i < tool->argument_count; i++)
        if (!tool->arguments[i].constraint.optional && !json_object_get(args, tool->arguments[i].name))
            return refuse(REASON_SCOPE_EXCEEDED, "6b: a required argument is missing");
    return permit();
}

/* --- as scope text --- */

/* A string that an argument can be: none of them holds a NUL. */
static int is_plain(const json_t *value)
{
    return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value);
}

/* Our arguments are plain strings and arrays of those: an alternative of another type matches none and is left out. */
static void put_alternative(struct fields_writer *w, const json_t *value)
{
    const json_t *item;
    size_t i;

    if (is_plain(value))
        fields_put(w, "value", json_string_value(value));
    if (!json_is_array(value))
        return;
    if (json_array_size(value) == 0)
        fields_put(w, "list-empty", "1");
    json_array_foreach(value, i, item)
    {
        if (!is_plain(item))
            return;
    }
    json_array_foreach(value, i, item)
    {
        fields_put(w, i == 0 ? "list" : "item", json_string_value(item));
    }
}

static void put_alternatives(struct fields_writer *w, const json_t *values)
{
    const json_t *value;
    size_t i;

    json_array_foreach(values, i, value)
    {
        put_alternative(w, value);
    }
}

/* The elements that an array must or may have; 0 where one is demanded that no array of strings has. */
static int put_elements(struct fields_writer *w, const struct constraint *constraint, const char *member)
{
    const json_t *elements = json_object_get(constraint->json, member), *element;
    size_t i;

    json_array_foreach(elements, i, element)
    {
        if (is_plain(element))
            fields_put(w, "value", json_string_value(element));
        else if (constraint->type == CONSTRAINT_CONTAINS)
            return 0;
    }
    return 1;
}

static void put_constraint(struct fields_writer *w, const struct constraint *constraint);

static void put_clauses(struct fields_writer *w, const struct constraint *constraint)
{
    fields_put(w, "open", constraint->type == CONSTRAINT_ALL ? "all" : "any");
    for (size_t i = 0; i < constraint->clause_count; i++)
        put_constraint(w, &constraint->clauses[i]);
    fields_put(w, "close", "1");
}

static void put_constraint(struct fields_writer *w, const struct constraint *constraint)
{
    const char *is = NULL;

    switch (constraint->type) {
    case CONSTRAINT_EXACT:
        put_alternative(w, json_object_get(constraint->json, "value"));
        is = "one-of";
        break;
    case CONSTRAINT_ONE_OF:
        put_alternatives(w, json_object_get(constraint->json, "values"));
        is = "one-of";
        break;
    case CONSTRAINT_NOT_ONE_OF:
        put_alternatives(w, json_object_get(constraint->json, "excluded"));
        is = "not-one-of";
        break;
    case CONSTRAINT_CONTAINS:
        is = put_elements(w, constraint, "required") ? "containing" : "nothing";
        break;
    case CONSTRAINT_SUBSET:
        (void)put_elements(w, constraint, "allowed");
        is = "within";
        break;
    case CONSTRAINT_RANGE: /* of numbers */
        is = "nothing";
        break;
    case CONSTRAINT_WILDCARD:
        is = "anything";
        break;
    case CONSTRAINT_ALL:
    case CONSTRAINT_ANY:
        put_clauses(w, constraint);
        break;
    }
    fields_put(w, "is", is);
}

/* Of the constraint itself nothing need be said where it is one of alternatives. */
static void put_argument(struct fields_writer *w, const struct argument *argument)
{
    const struct constraint *constraint = &argument->constraint;

    fields_put(w, constraint->optional ? "optional" : "arg", argument->name);
    if (constraint->type == CONSTRAINT_WILDCARD)
        fields_put(w, "any", "1");
    else if (constraint->type == CONSTRAINT_EXACT)
        put_alternative(w, json_object_get(constraint->json, "value"));
    else if (constraint->type == CONSTRAINT_ONE_OF)
        put_alternatives(w, json_object_get(constraint->json, "values"));
    else
        put_constraint(w, constraint);
}

static void put_tool(struct fields_writer *w, const struct tool *tool)
{
    fields_put(w, "tool", tool->name);
    if (tool->rest)
        fields_put(w, "rest", "1");
    for (size_t i = 0; i < tool->argument_count; i++)
        put_argument(w, &tool->arguments[i]);
}

int tools_compile(const struct tools *tools, char *buf, size_t cap, size_t *ret_len)
{
    struct fields_writer w;

    fields_begin(&w, buf, cap);
    for (size_t i = 0; i < tools->count; i++)
        put_tool(&w, &tools->items[i]);
    return fields_end(&w, ret_len);
}
