/*
 * Doorbell: after a fact was written, every session it touches hears of it. The accounts that a fact ends or freezes are stopped
 * first, in one pass each, so that nothing of them runs on while their guards are asked one by one; then all guards are rung at
 * once, each waited for at most a second; in the place of a guard that is dead or stuck its session is killed here. An account
 * whose guards all said that it goes on is continued. Root, and a single-threaded process, only; a guard rings from a child, so
 * that it can answer.
 */
#ifndef PAM_AGENT_DOORBELL_H
#define PAM_AGENT_DOORBELL_H

#include <stddef.h>

#include "core/reason.h"
#include "judge/state.h"

enum ring_end {
    RING_ENDING, /* its guard ends it */
    RING_FROZEN, /* its processes are stopped: suspended, or its attestation is overdue */
    RING_GOES_ON,
    RING_KILLED, /* its guard was dead or stuck: killed here */
    RING_LEFT,   /* nothing could be done: it may live on */
};

struct ring {
    session_id id;
    char account[ACCOUNT_NAME_MAX + 1];
    char task[TASK_MAX + 1];
    enum ring_end end;
    enum reason reason; /* as its guard says; REASON_PERMIT where it goes on */
};

/* What the sessions are looked up by; NULL where not asked for, all of them where no one is. */
struct ring_filter {
    const struct link *link;
    const char *identity; /* a SPIFFE ID or pattern of the session's own grant */
    const char *session;  /* one ID */
};

/*
 * Ring. stop: the fact takes authority away, so stop the accounts first. *ret_rings is the caller's to free, in the order of IDs. 0
 * or -errno; each session's own fate stands in its ring.
 */
int doorbell_ring(const struct ring_filter *filter, int stop, struct ring **ret_rings, size_t *ret_count) MUST_CHECK;

/* End a session in its guard's place: kill, wait at most a second, dismiss its leader, remove its records. 1: nothing is left. */
int session_kill(const char *id, enum reason reason) MUST_CHECK;
/* Has it ended, so that it has no record? 1; 0 also where that cannot be known. */
int session_is_gone(const char *id);

#endif
