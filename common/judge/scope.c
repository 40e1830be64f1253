#include "judge/scope.h"

#include <string.h>

#include "core/fields.h"
#include "core/text.h"

/* The walk through the one tool that matters: the constraint that is open, and which arguments were named. */
struct walk {
    const struct scope_arg *args;
    size_t arg_count;
    int named[SCOPE_ARGS_MAX];
    int in_tool, found, rest;

    const struct scope_arg *arg; /* NULL: no constraint is open */
    int optional, matched;
    int list_open, list_equal; /* the array alternative that is being compared */
    size_t list_length;
};

static void close_list(struct walk *w)
{
    if (w->list_open && w->list_equal && w->list_length == w->arg->item_count)
        w->matched = 1;
    w->list_open = 0;
}

static enum reason close_constraint(struct walk *w)
{
    const struct scope_arg *arg = w->arg;

    if (!arg)
        return REASON_PERMIT;
    close_list(w);
    w->arg = NULL;
    if (arg->later)
        return REASON_PERMIT;
    if (arg->absent && w->optional)
        return REASON_PERMIT;
    return w->matched ? REASON_PERMIT : REASON_SCOPE_EXCEEDED;
}

static enum reason open_constraint(struct walk *w, const char *name, int optional)
{
    enum reason reason = close_constraint(w);

    if (reason != REASON_PERMIT)
        return reason;
    for (size_t i = 0; i < w->arg_count; i++) {
        if (strcmp(w->args[i].name, name) != 0)
            continue;
        w->named[i] = 1;
        w->arg = &w->args[i];
        w->optional = optional;
        w->matched = 0;
        return REASON_PERMIT;
    }
    return REASON_COMMAND_UNKNOWN;
}

static void list_element(struct walk *w, const char *element)
{
    const struct scope_arg *arg = w->arg;

    if (!arg->items || w->list_length >= arg->item_count || strcmp(arg->items[w->list_length], element) != 0)
        w->list_equal = 0;
    w->list_length++;
}

static void open_list(struct walk *w)
{
    close_list(w);
    w->list_open = 1;
    w->list_equal = w->arg->items != NULL;
    w->list_length = 0;
}

static enum reason alternative(struct walk *w, const char *key, const char *value)
{
    if (!w->arg)
        return REASON_STATE_UNAVAILABLE;
    if (strcmp(key, "value") == 0) {
        close_list(w);
        if (!w->arg->items && text_equal(w->arg->value, value))
            w->matched = 1;
    } else if (strcmp(key, "list") == 0) {
        open_list(w);
        list_element(w, value);
    } else if (strcmp(key, "list-empty") == 0 && strcmp(value, "1") == 0) {
        open_list(w);
    } else if (strcmp(key, "item") == 0 && w->list_open) {
        list_element(w, value);
    } else if (strcmp(key, "any") == 0 && strcmp(value, "1") == 0) {
        w->matched = 1;
    } else {
        return REASON_STATE_UNAVAILABLE; /* a restriction that is not understood is not skipped */
    }
    return REASON_PERMIT;
}

static enum reason tool_line(struct walk *w, const char *key, const char *value)
{
    if (strcmp(key, "arg") == 0)
        return open_constraint(w, value, 0);
    if (strcmp(key, "optional") == 0)
        return open_constraint(w, value, 1);
    if (strcmp(key, "rest") == 0 && strcmp(value, "1") == 0) {
        w->rest = 1;
        return close_constraint(w);
    }
    return alternative(w, key, value);
}

static enum reason closed_world(const struct walk *w)
{
    if (!w->found)
        return REASON_SCOPE_EXCEEDED;
    for (size_t i = 0; i < w->arg_count; i++)
        if (!w->named[i] && !w->rest && !w->args[i].absent && !w->args[i].later)
            return REASON_SCOPE_EXCEEDED;
    return REASON_PERMIT;
}

enum reason scope_allows(const char *scope, size_t len, const char *tool, const struct scope_arg *args,
                         size_t arg_count)
{
    struct walk walk = {.args = args, .arg_count = arg_count};
    char text[SCOPE_MAX + 1];
    const char *key, *value;
    enum reason reason;
    struct fields fields;
    int r;

    if (len > SCOPE_MAX || arg_count > SCOPE_ARGS_MAX)
        return REASON_STATE_UNAVAILABLE;
    memcpy(text, scope, len);
    if (fields_open(&fields, text, len) < 0)
        return REASON_STATE_UNAVAILABLE;
    while ((r = fields_next(&fields, &key, &value)) > 0) {
        if (strcmp(key, "tool") == 0) {
            reason = close_constraint(&walk);
            walk.in_tool = strcmp(value, tool) == 0;
            walk.found |= walk.in_tool;
        } else {
            reason = walk.in_tool ? tool_line(&walk, key, value) : REASON_PERMIT;
        }
        if (reason != REASON_PERMIT)
            return reason;
    }
    if (r < 0)
        return REASON_STATE_UNAVAILABLE;
    reason = close_constraint(&walk);
    return reason == REASON_PERMIT ? closed_world(&walk) : reason;
}
