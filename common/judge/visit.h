/*
 * Visits: who is no agent acts in an agent's account, because its identity lets humans (human-use) or services (unattended) do so.
 *
 *   /run/pam_agent/visit/UID/PID-START       the process that opened it: it is over when that has ended
 *
 * While one is live, what runs under the uid is no stray. None begins while a session of the account is published, and each login
 * ends those that it finds once its session is (live/visits.h).
 */
#ifndef PAM_AGENT_VISIT_H
#define PAM_AGENT_VISIT_H

#include <sys/types.h>

#include "core/compat.h"
#include "core/proc.h"

/* Note one; the same one may be noted again. 0 or -errno. */
int visit_put(uid_t uid, const struct process *leader) MUST_CHECK;
void visit_remove(uid_t uid, const struct process *leader);
/* Call fn for the leader of each that is live, until it answers other than 0: that answer, 0 or -errno. Those that are over are dropped. */
int visits_each(uid_t uid, int (*fn)(const struct process *leader, void *arg), void *arg) MUST_CHECK;
/* Is there one? 1, 0 or -errno. */
int visits_live(uid_t uid) MUST_CHECK;

#endif
