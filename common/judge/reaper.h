/*
 * Reaper: ends what an agent started.
 *
 * Processes of the account's uid are signalled by one kill(-1) with that uid as effective uid: the kernel
 * reaches every one of them in one pass under the task list lock, so that a fork storm cannot outrun it (a walk through
 * /proc can be outrun). The real and saved uid is then one that no other process has, so that neither the account nor
 * another reaper can signal the sender, which is a child where one is to be had.
 *
 * Processes of other uids (what sudo started) are those of the session's audit session or cgroup, where these are the session's
 * alone, and those that descend from its leader while it lives. Nothing is signalled because of an id alone: a pid counts with its
 * start time, an audit session and a cgroup only when they were found to hold nobody else at open.
 *
 * What a command with leaves = "service" starts is the host's: it has left the session's audit session or cgroup (pam_agent and the
 * guard see to that). It may descend from the leader all the same, so a descendant does not count that is not in the leader's audit
 * session or in the session's cgroup, where the leader is in one: only root can leave them. Where neither can be left (no
 * CAP_AUDIT_CONTROL or an immutable login uid, and no cgroup), a service that the command itself starts is ended with the session and
 * named in the record; one that process 1 or a supervisor starts is the host's everywhere.
 */
#ifndef PAM_AGENT_REAPER_H
#define PAM_AGENT_REAPER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/compat.h"

struct target {
    uid_t uid;          /* the account's; 0: leave the uid alone */
    uint32_t audit;     /* the session's audit session, or AUDIT_UNSET */
    const char *cgroup; /* directory of the session's own cgroup; NULL or "": none */
    pid_t leader;       /* what descends from it (itself not); 0: none */
    uint64_t leader_start;
    pid_t spare[2];       /* never signalled: the guard, sshd's monitor; 0: none */
    pid_t spare_children; /* nor the children of this one, the guard; 0: none */
};

/* Signal all of them. Root only, single-threaded only. 0 or -errno. */
int reaper_signal(const struct target *target, int sig) MUST_CHECK;
/* Signal the processes of the uid alone, in one pass: to stop an account at once, or to let it go on. */
int reaper_signal_uid(uid_t uid, int sig) MUST_CHECK;
/* Is there a process, or a zombie, whose real uid it is? The kernel looks, and is not outrun. 1, also where that is not known; or 0. */
int reaper_has_uid(uid_t uid);
/* How often the threads of the account have been given a processor: what does not change, stands still. */
uint64_t reaper_switches(uid_t uid);
/* Signal those of other uids alone. */
int reaper_signal_others(const struct target *target, int sig) MUST_CHECK;
/*
 * SIGKILL to those of other uids, and the count of all; or to all. 0 when there were none; else how many, or 1 where that is not
 * known: look again, they take time to die.
 */
unsigned reaper_kill_others(const struct target *target);
unsigned reaper_kill(const struct target *target);
/* How many are left that are no zombies. */
unsigned reaper_count(const struct target *target);
/* List those of other uids for the record, "name(pid) name(pid)": at most REAPER_NAMES_MAX, then "...". buf is "" when there are none. */
#define REAPER_NAMES_MAX 8
void reaper_names(const struct target *target, char *buf, size_t cap);

#endif
