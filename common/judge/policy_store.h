/* Reading policy.cdb. All return 0 or -errno; -EPERM and -EBADMSG mean that it cannot be trusted or read. */
#ifndef PAM_AGENT_POLICY_STORE_H
#define PAM_AGENT_POLICY_STORE_H

#include "judge/policy.h"

/* The policies that can match this account: none is an empty set. The caller clears it. */
int policy_of_account(const char *account, struct policy_set *ret) MUST_CHECK;
/* This host's id, the audience of credentials. */
int policy_host_id(char *buf, size_t cap) MUST_CHECK;

#endif
