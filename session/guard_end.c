#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/proc.h"
#include "judge/record.h"
#include "judge/task.h"
#include "session/guard.h"

#define GRACE_MS 2000 /* between SIGTERM and SIGKILL */

/*
 * Does the account have another session? Then its other processes are that session's. One whose leader is gone is ending
 * or has lost its guard, and holds nothing. Unknown counts as none.
 */
static int has_company(const struct guard *guard)
{
    static struct session other; /* large: a scope */
    session_id ids[SESSIONS_PER_ACCOUNT_MAX];
    size_t count;

    if (sessions_of_uid(guard->session.grant.uid, ids, SESSIONS_PER_ACCOUNT_MAX, &count) < 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(ids[i], guard->session.id) != 0 && session_read(ids[i], &other) == 0 &&
            process_alive(other.leader, other.leader_start))
            return 1;
    return 0;
}

static int leader_alive(const struct guard *guard)
{
    return process_alive(guard->session.leader, guard->session.leader_start);
}

/*
 * What is to end. A task that is over takes the whole account along: one account has one task at a time. The pid of a leader
 * that is gone spares nobody: an agent may have forked until it got it.
 */
static struct target target_of(const struct guard *guard)
{
    struct target target = {
        .uid = guard->session.grant.uid,
        .audit = guard->session.audit,
        .spare = {getpid(), leader_alive(guard) ? guard->session.leader : 0},
    };

    if (guard->end_reason != REASON_TASK_COMPLETED && has_company(guard))
        target.uid = 0;
    return target;
}

static void signal_target(const struct guard *guard, int sig)
{
    const struct target target = target_of(guard);

    (void)!reaper_signal(&target, sig); /* what it leaves is found by the count */
}

void guard_end(struct guard *guard, enum reason reason)
{
    if (guard->phase != RUNNING)
        return;
    guard->phase = ENDING;
    guard->end_reason = reason;
    guard->kill_at = clock_boot_ms() + GRACE_MS;
    signal_target(guard, SIGTERM);
    signal_target(guard, SIGCONT); /* a stopped process takes its SIGTERM when it goes on */
}

void guard_recheck(struct guard *guard)
{
    const struct grant *grant = &guard->session.grant;
    int completed = 0;

    if (guard->phase != RUNNING)
        return;
    if (clock_wall_seconds() >= guard->session.deadline || clock_boot_ms() >= guard->boot_deadline)
        guard_end(guard, REASON_SESSION_EXPIRED);
    else if (task_is_completed(grant->iss, grant->task, &completed) == 0 && completed)
        guard_end(guard, REASON_TASK_COMPLETED);
}

/*
 * The user's processes are gone: sshd's monitor closes by itself, or is asked to. It may be about to start the first of them,
 * so the guard stays until it is gone. 1 when it is.
 */
static int dismiss_leader(struct guard *guard)
{
    if (!leader_alive(guard))
        return 1;
    if (!guard->dismissed || guard->phase == KILLING)
        (void)kill(guard->session.leader, guard->phase == KILLING ? SIGKILL : SIGTERM);
    guard->dismissed = 1;
    return 0;
}

static void record_end(const struct guard *guard)
{
    const struct question question = {.step = "close", .service = guard->session.grant.service};
    const struct decision decision = {.reason = guard->end_reason};
    char reference[REFERENCE_SIZE];

    (void)!guard_record(guard, &question, &decision, reference);
}

int guard_end_step(struct guard *guard)
{
    struct target target = target_of(guard);

    if (guard->phase == ENDING && clock_boot_ms() >= guard->kill_at)
        guard->phase = KILLING;
    if (guard->phase == KILLING)
        signal_target(guard, SIGKILL);
    if (reaper_count(&target) > 0)
        return 0;
    signal_target(guard, SIGKILL); /* a walk through /proc can miss what forks all the time; this cannot */
    if (guard->end_reason != REASON_PERMIT && !dismiss_leader(guard))
        return 0;
    if (!guard->recorded)
        record_end(guard);
    guard->recorded = 1;
    session_remove(&guard->session);
    /* Of two sessions that end together each saw the other: whoever is removed last takes what is left of the uid. */
    target = target_of(guard);
    return reaper_count(&target) == 0;
}
