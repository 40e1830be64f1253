/*
 * Leftovers: what one task left in an account, gone before the next one. An account's files belong to the authority (issuer, task,
 * actor) that made them:
 *
 *   /run/pam_agent/used/UID       iss, task, identity of the authority whose files these are
 *
 * Where there is no such record but a home, the files are of an unknown one (before the last boot), and go.
 *
 * Clearing ends the processes of the uid, moves the home to HOME-PREFIX/.kept/ACCOUNT-SECONDS (root 0700; removed by sweep after
 * keep-home), detaches its FUSE mounts, removes the uid's files in /tmp, /var/tmp, /dev/shm, /run/user/UID, its crontab, at jobs, linger flag, mail and System V
 * and POSIX IPC, and the record last. No link is followed, no other user's file is touched, mount points are not crossed; a directory
 * of the uid that holds files of others becomes root's, 0700. What cannot go (immutable, a mount point) keeps the account closed, and
 * syslog says so. Only accounts that NSS made (not `local`), whose identity says home = "task".
 */
#ifndef PAM_AGENT_LEFTOVERS_H
#define PAM_AGENT_LEFTOVERS_H

#include "core/identities.h"
#include "judge/grant.h"

/* Are the account's files of this authority, or are there none? 1; 0: they must be cleared first; -errno. */
int leftovers_fit(const struct identity *identity, const struct grant *grant) MUST_CHECK;
/*
 * From now on the account's files are of this authority. Once its session is published, which keeps killing and clearing from
 * beginning, and before its first process runs. -EBUSY: they are of another one, or it is being cleared.
 */
int leftovers_claim(const struct identity *identity, const struct grant *grant) MUST_CHECK;
/*
 * Clear them, within this many milliseconds. 0: all gone; -EAGAIN: time is up, call again (what was done is done); -EBUSY: a session of
 * the account lives, somebody visits it, or another process clears it; -errno. The home goes first: with it moved, nothing of it reaches the next task.
 */
int leftovers_clear(const struct identity *identity, int milliseconds) MUST_CHECK;
/*
 * When it was cleared last, by the wall clock; or, where that was not since the host was started, used first. -ENOENT: neither. It is the
 * time of the account's lock.
 */
int leftovers_cleared(uid_t uid, int64_t *ret_seconds) MUST_CHECK;
/*
 * Remove kept homes older than their identity says, else than keep_seconds, within milliseconds. identities: the database; -1: there is
 * none.
 */
int leftovers_expire(int identities, const char *home_prefix, int64_t now, int64_t keep_seconds,
                     int milliseconds) MUST_CHECK;

#endif
