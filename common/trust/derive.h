/*
 * Deriving credentials: a holder gives away less than it has, offline (draft-niyikiza-oauth-attenuating-agent-tokens-02 Section 6.2).
 */
#ifndef PAM_AGENT_DERIVE_H
#define PAM_AGENT_DERIVE_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"
#include "trust/issue.h"
#include "trust/key.h"

/* Strings are borrowed, UTF-8. */
struct derive_request {
    const char *parent; /* a presentation */
    size_t parent_len;
    const struct key *holder; /* the private key that the parent is bound to */
    const struct key *to;     /* the public one that the child will be bound to */
    const char *const *tools; /* each as in toolspec.h; none: those of the parent */
    size_t tool_count;
    const char *audience; /* one host's id, or NULL: as the parent */
    int64_t now;          /* seconds since the epoch */
    uint32_t lifetime;    /* seconds; cut at the parent's end */
    int max_depth;        /* of the chain from its root; -1: the child is the last */
};

/*
 * Derive and sign. 0 and the presentation of the longer chain, for free(); -EINVAL the request is wrong, or would widen, and ret_error says
 * what; -EIO, -ENOMEM.
 */
int credential_derive(const struct derive_request *request, char **ret_presentation,
                      char ret_error[ISSUE_ERROR_SIZE]) MUST_CHECK;

#endif
