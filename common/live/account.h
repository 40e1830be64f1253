/*
 * An account between its tasks. What runs under its uid while no session of it is published, and nobody visits it (judge/visit.h), is a stray, and its files may be cleared.
 *
 *   /run/pam_agent/used/UID.lock      held by who kills or clears there because no session is left, and for a moment by each open
 *                                     after it has published its session and before its first process runs: so nobody kills what has
 *                                     just been opened
 */
#ifndef PAM_AGENT_ACCOUNT_H
#define PAM_AGENT_ACCOUNT_H

#include <stdint.h>
#include <sys/types.h>

#include "core/compat.h"

/* The lock, for close(); waits this long. -EBUSY: another has it. */
int account_lock(uid_t uid, int milliseconds, int *ret_fd) MUST_CHECK;
/* Has it no session? 1, 0 or -errno. Sure only for who holds the lock. */
int account_is_free(uid_t uid) MUST_CHECK;
/* The same, and is nobody else visiting it? */
int account_is_left(uid_t uid) MUST_CHECK;
/* Kill its processes, by clock_boot_ms(). The account is locked and free. 0: none is left; -EAGAIN: time is up; -errno. */
int account_kill(uid_t uid, int64_t until) MUST_CHECK;
/* The same where nobody is there, the lock included. -EBUSY: somebody is, or another has the lock. */
int account_kill_strays(uid_t uid, int milliseconds) MUST_CHECK;

#endif
