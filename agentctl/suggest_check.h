/* Can something observed be a rule? */
#ifndef AGENTCTL_SUGGEST_CHECK_H
#define AGENTCTL_SUGGEST_CHECK_H

#include "agentctl/config_find.h"
#include "agentctl/suggest.h"

struct checker {
    const struct suggest_host *host;
    struct arena *arena;
    struct found_by identities;
    const char *account;        /* whose policies these are; NULL: none were read yet */
    struct policy_set policies; /* in force */
    struct grant *grant;
};

void checker_begin(struct checker *checker, const struct suggest_host *host, struct arena *arena);
void checker_end(struct checker *checker);

/* Why there can be no policy of this identity, issuer, principal and purpose; NULL: there can. *ret_account: whose policies it would be among. */
const char *check_session(struct checker *checker, const struct observed *seen, const char **ret_account) MUST_CHECK;
/*
 * 1, and why a rule of a policy of this account cannot say it, or NULL where it can; 0: it is permitted by now.
 */
int check_step(struct checker *checker, const struct observed *seen, const char *account,
               const char **ret_left_out) MUST_CHECK;

#endif
