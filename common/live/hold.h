/*
 * Hold: an account is stopped while its guards are asked, and goes on when none of them says otherwise.
 *
 *   /run/pam_agent/held/UID       stopped here and not yet let go; sweep lets go what a killed holder forgot
 *
 * Only what is marked so is ever continued: a process that stopped itself (^Z) stays stopped.
 */
#ifndef PAM_AGENT_HOLD_H
#define PAM_AGENT_HOLD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/compat.h"

/* Stop the account in one pass. 0 or -errno. */
int hold_account(uid_t uid) MUST_CHECK;
/*
 * Let it go on, and what sudo started for it, unless a session of it is frozen or ending: its guard then has it. Where a guard does
 * not say, it stays stopped and marked.
 */
void hold_release(uid_t uid);
/* Its guards have it: it is not ours to continue. */
void hold_forget(uid_t uid);
/*
 * What sudo started: signal the processes of these sessions, all in one look at the host, where they are known by an audit session of
 * their own. sshd's monitors and programs of pam_agent are left out. What a session knows otherwise is its guard's to find.
 */
struct audited {
    uint32_t audit; /* AUDIT_UNSET: none of its own */
    pid_t leader;
};
void hold_others(struct audited *sessions, size_t count, int sig);
/* Release what has been held too long. */
void holds_expire(void);

#endif
