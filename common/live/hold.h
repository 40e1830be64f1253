/*
 * Hold: an account is stopped while its guards are asked, and goes on when none of them says otherwise.
 *
 *   /run/pam_agent/held/UID       stopped here and not yet let go; sweep lets go what a killed holder forgot
 *
 * Only what is marked so is ever continued: a process that stopped itself (^Z) stays stopped.
 */
#ifndef PAM_AGENT_HOLD_H
#define PAM_AGENT_HOLD_H

#include <sys/types.h>

#include "core/compat.h"

/* Stop the account in one pass. 0 or -errno. */
int hold_account(uid_t uid) MUST_CHECK;
/* Let it go on, unless a session of it is frozen or ending; its guard then has it. */
void hold_release(uid_t uid);
/* Its guards have it: it is not ours to continue. */
void hold_forget(uid_t uid);
/* Release what has been held too long. */
void holds_expire(void);

#endif
