/*
 * Sweep: puts right what no event will. Sessions without a guard are ended (`guard_lost`), guards without a session are rung, so that
 * they find out and end; processes of an agent's uid in no session are killed; accounts that a killed doorbell left stopped go on;
 * sockets, indexes, replay records, kept homes and pending logins that are of no use are removed; the accounts of completed and
 * revoked tasks are cleared (live/leftovers.h). Run by a timer, by root, and by gate at an open when none ran within SWEEP_EVERY
 * seconds. One at a time.
 */
#ifndef PAM_AGENT_SWEEP_H
#define PAM_AGENT_SWEEP_H

#include "core/compat.h"
#include "core/reason.h"
#include "judge/state.h"

#define SWEEP_EVERY 60

struct swept {
    unsigned sessions; /* ended because their guard was gone */
    unsigned guards;   /* rung because their session was gone */
    unsigned strays;   /* accounts whose stray processes were killed */
    unsigned accounts; /* cleared */
    unsigned left;     /* could not be put right */
};

/* Start a sweeper (session/sweeper.c), which nobody waits for: for one sweep; */
void sweeper_start(void);
/* for a session that has ended and whose record is gone: the hooks of PATH_END_HOOKS, and the account's leftovers; */
void sweeper_start_ended(const struct session *session, enum reason reason);
/* to clear the account of what is not this authority's. */
void sweeper_start_clear(const struct grant *grant);

/* Is the task whose files the account holds over? 1, 0 or -errno; -ENOENT: no record says whose they are. */
int sweep_is_over(uid_t uid) MUST_CHECK;
/*
 * Clear the account, within this many milliseconds, when the task whose files it holds is over and no session of it lives. 1: it was
 * cleared; 0: there is nothing to clear; -EAGAIN: time is up, call again; -errno.
 */
int sweep_account(uid_t uid, int milliseconds) MUST_CHECK;
/* The same when its files are of another authority than the grant's, whose task may go on. */
int sweep_account_for(const struct grant *grant, int milliseconds) MUST_CHECK;

/* 0; -EBUSY: another sweep runs; -errno. */
int sweep(struct swept *ret) MUST_CHECK;

#endif
