/*
 * Scope: which steps a credential was issued for, compiled from its tools (AAT Section 3.3).
 *
 * As fields text, tools in any order, each followed by its arguments:
 *
 *     tool host:sudo
 *     arg runas              a named argument; must be present in the step
 *     value root             alternatives: the argument equals one of them, as a string
 *     arg command
 *     value /usr/bin/systemctl
 *     arg args
 *     list restart           an alternative that is an array of strings: starts it, with its first element
 *     item nginx             further elements
 *     list-empty 1           the alternative []
 *     optional arg2          like arg, but may be absent
 *     any 1                  (below an argument) wildcard: any value
 *     rest 1                 (below a tool) unnamed arguments are allowed: the "*" entry, or an empty map
 *
 * What else may be said of the alternatives that stand before it:
 *
 *     is one-of              as where nothing is said
 *     is not-one-of          the argument equals none of them
 *     is containing          it is an array, and every `value` is an element of it
 *     is within              it is an array, and every element of it is a `value`
 *     is anything, is nothing
 *     open all | any         clauses, each ended by `is` or `close`, all or one of which hold
 *     close 1
 *
 * A value that is no string and no array of strings matches nothing and is left out. An argument without
 * alternatives never matches. Closed world: an argument of the step that the tool does not name is refused unless `rest`.
 */
#ifndef PAM_AGENT_SCOPE_H
#define PAM_AGENT_SCOPE_H

#include <stddef.h>

#include "core/reason.h"

#define SCOPE_MAX 65536
#define SCOPE_ARGS_MAX 8     /* arguments of a step */
#define SCOPE_ITEMS_MAX 1024 /* elements of one */
#define SCOPE_DEPTH_MAX 32   /* of constraints inside each other */

/* One argument of a step: a string, or (items != NULL) an array of strings. */
struct scope_arg {
    const char *name;
    const char *value;
    const char *const *items;
    size_t item_count;
    int absent; /* not given: need not be named, and is compared as what it holds (no arguments: the empty array) */
    int later;  /* a later step will know it (run-as and command before sudo resolved them): not compared now */
};

/*
 * May this tool be used with these arguments? scope[len] is not changed. REASON_PERMIT, REASON_SCOPE_EXCEEDED,
 * REASON_COMMAND_UNKNOWN (a constraint names an argument that is not among args) or
 * REASON_STATE_UNAVAILABLE (malformed text).
 */
enum reason scope_allows(const char *scope, size_t len, const char *tool, const struct scope_arg *args,
                         size_t arg_count) MUST_CHECK;

#endif
