/*
 * Tasks, and how often a credential was used.
 *
 *   /run/pam_agent/task/KEY                  what agentctl said of a task; KEY of (iss, task)
 *   /var/lib/pam_agent/state/task/KEY        the same, durable
 *   /run/pam_agent/replay/KEY/N              the Nth session that a credential opened; KEY of (iss, jti)
 *
 * All return 0 or -errno.
 */
#ifndef PAM_AGENT_TASK_H
#define PAM_AGENT_TASK_H

#include <stdint.h>

#include "core/compat.h"

/*
 * A completed task stays completed. Written to /run first, which is what ends its sessions, then with fsync to
 * /var/lib; *ret_durable says whether the second worked. -errno when neither did.
 */
int task_complete(const char *iss, const char *task, int64_t now, int *ret_durable) MUST_CHECK;
int task_is_completed(const char *iss, const char *task, int *ret_completed) MUST_CHECK;

/* Sessions that the credential has opened. */
int replay_count(const char *iss, const char *jti, uint32_t *ret_count) MUST_CHECK;
/* Take one of max places: -EUSERS when all are taken. Of two that race for the last, one gets it. */
int replay_take(const char *iss, const char *jti, uint32_t max) MUST_CHECK;

#endif
