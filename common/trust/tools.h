/*
 * Tools: the capability claims of an AAT (draft-niyikiza-oauth-attenuating-agent-tokens-02 Sections 3.3, 3.4 and 4.5).
 */
#ifndef PAM_AGENT_TOOLS_H
#define PAM_AGENT_TOOLS_H

#include <jansson.h>
#include <stddef.h>

#include "trust/constraint.h"
#include "trust/verdict.h"

/* An argument that a constraint map names. */
struct argument {
    const char *name;
    struct constraint constraint;
};

struct tool {
    const char *name;
    struct argument *arguments; /* by name */
    size_t argument_count;
    int rest; /* arguments that are not named, too: the "*" entry, or an empty map */
};

struct tools {
    struct tool *items; /* by name */
    size_t count;
};

/*
 * Step 3n (is_child: 4o) over a `tools` map whose values are objects; numbers are not looked at (number.h). The map must outlive
 * *ret, which the caller clears in any case.
 */
struct verdict tools_read(json_t *map, int is_child, struct tools *ret);
void tools_clear(struct tools *tools);

/* Step 4p: does the child narrow the parent? */
struct verdict tools_narrow(const struct tools *parent, const struct tools *child);

/* Step 6b: may the tool be invoked with these arguments, an object? Their numbers are not looked at (number.h). */
struct verdict tools_allow(const struct tools *tools, const char *tool, json_t *args);

/* As scope text (judge/scope.h) in buf[cap]. 0; -ENOBUFS. */
int tools_compile(const struct tools *tools, char *buf, size_t cap, size_t *ret_len) MUST_CHECK;

#endif
