/* Putting pam_agent into the host, and taking it out again. */
#ifndef AGENTCTL_ENABLE_H
#define AGENTCTL_ENABLE_H

#include "core/compat.h"

struct enable_options {
    int dry_run, yes, plain_keys;
};

/* Exit statuses of verbs.h. */
int enable_host(const struct enable_options *options) MUST_CHECK;
int disable_host(const struct enable_options *options) MUST_CHECK;

/* Show the plan, and ask unless options->yes. 1: go on; 0: no; -1: nobody can be asked, which has been said. */
struct plan;
int enable_confirm(const struct plan *plan, const struct enable_options *options) MUST_CHECK;

/* Is everything in place that the changes rely on, so that none of them could lock anybody out? 1, or 0 and it has been said. */
int enable_preflight(const struct enable_options *options) MUST_CHECK;
/* What the configuration, which was found good, says of the host. */
struct plan_options;
void enable_read_host(struct plan_options *ret);

/* Make the group `agents`, or see that it is there; *ret_made. Remove it, where enable made it and nobody is in it. */
int enable_make_group(int *ret_made) MUST_CHECK;
int enable_remove_group(void) MUST_CHECK;

#endif
