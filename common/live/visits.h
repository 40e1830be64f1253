/*
 * How a visit (judge/visit.h) begins and ends. A visit is an authority like a task: what it leaves in the account, the next task does not
 * meet, and it meets nothing of a task: that is cleared before.
 */
#ifndef PAM_AGENT_VISITS_H
#define PAM_AGENT_VISITS_H

#include "core/identities.h"
#include "core/proc.h"

/*
 * cron has read what it is about to run a moment before it asks: of a process that began within this time after the account was cleared,
 * the agent may have written what it runs.
 */
#define VISIT_QUIET_SECONDS 180

/*
 * May this process visit the account? 0; -EBUSY: a session is live, or, unattended, the account holds files of a task that is not over;
 * -ETIME: unattended, the account was cleared too recently; -errno.
 */
int visit_check(const struct identity *identity, const struct process *leader, int unattended) MUST_CHECK;
/* The same, and it begins. What runs there, and files of a task, are cleared before. -EAGAIN: not within milliseconds. */
int visit_begin(const struct identity *identity, const struct process *leader, int unattended,
                int milliseconds) MUST_CHECK;
/*
 * End all visits of the account, with what runs there. Once a session of it is published and before its first process runs, or under no
 * session. 0; -EBUSY: another has the account's lock; -errno.
 */
int visits_end(const struct identity *identity) MUST_CHECK;

#endif
