/* Why: a decision with what led to it, for people and as JSON. */
#ifndef AGENTCTL_EXPLAIN_H
#define AGENTCTL_EXPLAIN_H

#include <jansson.h>

#include "core/compat.h"
#include "judge/decide.h"

struct explanation {
    const struct facts *facts;
    const struct policy_set *policies; /* of the account; none where it was refused before they were asked */
    struct decision decision;
    const char *detail; /* of a credential that was refused: where; or NULL */
};

/* 0; -ENOMEM. */
int explain_print(const struct explanation *explanation) MUST_CHECK;
/* One object; NULL: no memory. */
json_t *explain_json(const struct explanation *explanation);

#endif
