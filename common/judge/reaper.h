/*
 * Reaper: ends what an agent started.
 *
 * Processes of the account's uid are signalled by one kill(-1) with that uid as effective uid: the kernel
 * reaches every one of them in one pass under the task list lock, so that a fork storm cannot outrun it (a walk through
 * /proc can be outrun). The real and saved uid is then one that no other process has, so that neither the account nor
 * another reaper can signal the caller.
 *
 * Processes of other uids (what sudo started) are those of the session's audit session, where that is the session's alone.
 */
#ifndef PAM_AGENT_REAPER_H
#define PAM_AGENT_REAPER_H

#include <stdint.h>
#include <sys/types.h>

#include "core/compat.h"

struct target {
    uid_t uid;      /* the account's; 0: leave the uid alone */
    uint32_t audit; /* the session's audit session, or AUDIT_UNSET */
    pid_t spare[2]; /* never signalled: the guard, and sshd's monitor; 0 = none */
};

/* Signal all of them. Root only, single-threaded only. 0 or -errno. */
int reaper_signal(const struct target *target, int sig) MUST_CHECK;
/* How many are left that are no zombies. */
unsigned reaper_count(const struct target *target);

#endif
