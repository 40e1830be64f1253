#include "judge/scope.h"

#include <string.h>

#include "core/fields.h"
#include "core/text.h"

/* An `all` or `any` whose clauses are being read. */
struct frame {
    int is_any, clauses, holds;
};

/* The walk through the one tool that matters: the constraint that is open, and which arguments were named. */
struct walk {
    const struct scope_arg *args;
    size_t arg_count;
    int named[SCOPE_ARGS_MAX];
    int in_tool, found, rest;

    const struct scope_arg *arg; /* NULL: no constraint is open */
    int optional, settled, holds;
    struct frame frames[SCOPE_DEPTH_MAX];
    size_t depth;

    /* What the alternatives so far say. */
    int any, matched, missing;           /* there are some; one equals the argument; one is no element of it */
    unsigned char seen[SCOPE_ITEMS_MAX]; /* elements that are among them */
    int list_open, list_equal;           /* the array alternative that is being compared */
    size_t list_length;
};

/* --- alternatives --- */

static void close_list(struct walk *w)
{
    if (w->list_open && w->list_equal && w->list_length == w->arg->item_count)
        w->matched = 1;
    w->list_open = 0;
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

static void take_value(struct walk *w, const char *value)
{
    int is_element = 0;

    close_list(w);
    if (!w->arg->items && text_equal(w->arg->value, value))
        w->matched = 1;
    for (size_t i = 0; w->arg->items && i < w->arg->item_count; i++)
        if (strcmp(w->arg->items[i], value) == 0)
            is_element = w->seen[i] = 1;
    w->missing |= !is_element;
}

static enum reason alternative(struct walk *w, const char *key, const char *value)
{
    w->any = 1;
    if (strcmp(key, "value") == 0) {
        take_value(w, value);
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

/* --- what is said of them --- */

static int is_within(const struct walk *w)
{
    size_t i = 0;

    while (i < w->arg->item_count && w->seen[i])
        i++;
    return w->arg->items && i == w->arg->item_count;
}

/* 1, 0, or -1: not a word. */
static int say(struct walk *w, const char *word)
{
    close_list(w);
    if (strcmp(word, "one-of") == 0)
        return w->matched;
    if (strcmp(word, "not-one-of") == 0)
        return !w->matched && (w->arg->value || w->arg->items); /* what is not known is not excluded either */
    if (strcmp(word, "containing") == 0)
        return w->arg->items && !w->missing;
    if (strcmp(word, "within") == 0)
        return is_within(w);
    if (strcmp(word, "anything") == 0)
        return 1;
    return strcmp(word, "nothing") == 0 ? 0 : -1;
}

static void forget_alternatives(struct walk *w)
{
    w->any = w->matched = w->missing = w->list_open = 0;
    memset(w->seen, 0, w->arg->item_count);
}

/* A clause of the innermost frame, or the constraint itself, is known. */
static enum reason settle(struct walk *w, int holds)
{
    struct frame *frame = w->depth > 0 ? &w->frames[w->depth - 1] : NULL;

    if (holds < 0 || (!frame && w->settled))
        return REASON_STATE_UNAVAILABLE;
    if (frame) {
        frame->holds = frame->is_any ? frame->holds || holds : frame->holds && holds;
        frame->clauses++;
    } else {
        w->settled = 1;
        w->holds = holds;
    }
    forget_alternatives(w);
    return REASON_PERMIT;
}

static enum reason open_frame(struct walk *w, const char *kind)
{
    int is_any = strcmp(kind, "any") == 0;

    if (w->any || w->depth == SCOPE_DEPTH_MAX || (!is_any && strcmp(kind, "all") != 0))
        return REASON_STATE_UNAVAILABLE;
    w->frames[w->depth++] = (struct frame){.is_any = is_any, .holds = !is_any};
    return REASON_PERMIT;
}

static enum reason close_frame(struct walk *w)
{
    const struct frame *frame = w->depth > 0 ? &w->frames[w->depth - 1] : NULL;

    if (!frame || w->any || frame->clauses == 0)
        return REASON_STATE_UNAVAILABLE;
    w->depth--;
    return settle(w, frame->holds);
}

static enum reason constraint_line(struct walk *w, const char *key, const char *value)
{
    if (!w->arg)
        return REASON_STATE_UNAVAILABLE;
    if (strcmp(key, "is") == 0)
        return settle(w, say(w, value));
    if (strcmp(key, "open") == 0)
        return open_frame(w, value);
    if (strcmp(key, "close") == 0 && strcmp(value, "1") == 0)
        return close_frame(w);
    return alternative(w, key, value);
}

/* --- arguments --- */

static enum reason close_constraint(struct walk *w)
{
    const struct scope_arg *arg = w->arg;

    if (!arg)
        return REASON_PERMIT;
    if (w->any && settle(w, say(w, "one-of")) != REASON_PERMIT)
        return REASON_STATE_UNAVAILABLE;
    if (w->depth > 0)
        return REASON_STATE_UNAVAILABLE;
    w->arg = NULL;
    if (arg->later)
        return REASON_PERMIT;
    if (arg->absent && w->optional)
        return REASON_PERMIT;
    return w->settled && w->holds ? REASON_PERMIT : REASON_SCOPE_EXCEEDED;
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
        w->settled = 0;
        forget_alternatives(w);
        return REASON_PERMIT;
    }
    return REASON_COMMAND_UNKNOWN;
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
    return constraint_line(w, key, value);
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
    for (size_t i = 0; i < arg_count; i++)
        if (args[i].item_count > SCOPE_ITEMS_MAX)
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
