/*
 * Constraints on one argument of a tool (draft-niyikiza-oauth-attenuating-agent-tokens-02 Sections 3.4 and 4.5), in a form in
 * which they are compared: values are their JCS texts, sorted.
 */
#ifndef PAM_AGENT_CONSTRAINT_H
#define PAM_AGENT_CONSTRAINT_H

#include <jansson.h>
#include <stddef.h>

#include "core/compat.h"
#include "core/reason.h"

enum constraint_type {
    CONSTRAINT_EXACT = 1,
    CONSTRAINT_RANGE,
    CONSTRAINT_ONE_OF,
    CONSTRAINT_NOT_ONE_OF,
    CONSTRAINT_CONTAINS,
    CONSTRAINT_SUBSET,
    CONSTRAINT_WILDCARD,
    CONSTRAINT_ALL,
    CONSTRAINT_ANY,
};

struct bound {
    int given, exclusive;
    double value;
};

struct constraint {
    enum constraint_type type;
    int optional;       /* of a top-level one */
    const json_t *json; /* what it was made of; borrowed */
    char **values;      /* value, values, excluded, required, allowed: JCS texts, sorted, each once */
    size_t value_count;
    struct bound min, max;      /* range */
    struct constraint *clauses; /* all, any */
    size_t clause_count;
};

/*
 * Read a top-level constraint. REASON_PERMIT; REASON_CONSTRAINT_UNKNOWN a type that is not known; REASON_CLAIM_INVALID it is not
 * well-formed or too deep; REASON_INTERNAL no memory. Numbers are not looked at (number.h). The json must outlive *ret, which the caller
 * clears in any case.
 */
enum reason constraint_read(const json_t *json, struct constraint *ret) MUST_CHECK;
void constraint_clear(struct constraint *constraint);

/* Does the parent subsume the child, `optional` aside? 1 or 0. */
int constraint_subsumes(const struct constraint *parent, const struct constraint *child);

/* Does the value satisfy it? 1; 0, want of memory too. */
int constraint_accepts(const struct constraint *constraint, const json_t *value);

#endif
