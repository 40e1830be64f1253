/*
 * Issuing credentials: compact root tokens that credential_verify accepts.
 */
#ifndef PAM_AGENT_ISSUE_H
#define PAM_AGENT_ISSUE_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"
#include "trust/key.h"

#define ISSUE_ERROR_SIZE 256
#define ISSUE_TOOLS_MAX 256
#define ISSUE_ID_SIZE 37 /* with its NUL */

/* What a credential is to say. Strings are borrowed, UTF-8. */
struct issue_request {
    const char *iss;       /* a URI */
    const char *identity;  /* SPIFFE ID: the actor */
    const char *principal; /* on whose behalf, or NULL: then `sub` is the identity, else `act.sub` is */
    const char *task;
    const char *purpose;     /* or NULL */
    const char *sensitivity; /* of the task, or NULL */
    const char *audience;    /* the id of one host */
    const struct key *holder;
    const char *const *tools; /* each as in toolspec.h */
    size_t tool_count;
    int64_t now;       /* seconds since the epoch */
    uint32_t lifetime; /* seconds */
    int max_depth;     /* how often it may be delegated, 0 to AAT_DEPTH_MAX */
    const char *jti;   /* or NULL: a new UUIDv7 (RFC 9562) */
};

/*
 * Sign what the request says. The made token is verified before it is handed out, so whatever credential_verify refuses is an error
 * here. 0 and a NUL-terminated token for free(); -EINVAL the request is wrong; -EIO, -ENOMEM. After an error ret_error holds a text for a person.
 */
int credential_issue(const struct issue_request *request, const struct key *issuer, char **ret_token,
                     char ret_error[ISSUE_ERROR_SIZE]) MUST_CHECK;

/*
 * The same as task claims for an ssh certificate (certificate.h), which is to be made with them: iss, holder, lifetime and max_depth do not
 * count. 0 and JSON for free(); -EINVAL, -ENOMEM, -EIO.
 */
int credential_task_claims(const struct issue_request *request, char **ret_claims,
                           char ret_error[ISSUE_ERROR_SIZE]) MUST_CHECK;

/*
 * Would a host that trusts the CA of this certificate take it, which was made with those claims, for the account? The line is as ssh-keygen
 * wrote it. 0; -EINVAL, -ENOMEM and a text.
 */
int credential_check_certificate(const struct issue_request *request, const char *account, const char *line,
                                 char ret_error[ISSUE_ERROR_SIZE]) MUST_CHECK;

/* A new `jti`: a UUIDv7 (RFC 9562) of this second. 0 or -EIO. */
int issue_new_id(int64_t now, char ret_id[ISSUE_ID_SIZE]) MUST_CHECK;

#endif
