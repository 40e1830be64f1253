/*
 * What the holder of a credential makes of it, offline: a narrower one for somebody else, and proofs that it holds the key
 * (draft-niyikiza-oauth-attenuating-agent-tokens-02 Sections 6.2 and 7).
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

/* A proof of possession for one login. Strings are borrowed, UTF-8. */
struct prove_request {
    const char *credential; /* a presentation */
    size_t credential_len;
    const struct key *holder;              /* the private key that it is bound to */
    const char *nonce, *host_id, *account; /* as the host asks */
    int64_t now;                           /* seconds since the epoch */
};

/* 0 and a compact PoP JWT for free(), as possession_by_pop() takes it; -EINVAL and what is wrong; -EIO, -ENOMEM. */
int credential_prove(const struct prove_request *request, char **ret_pop, char ret_error[ISSUE_ERROR_SIZE]) MUST_CHECK;

#endif
