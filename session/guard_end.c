#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/files.h"
#include "core/text.h"
#include "judge/record.h"
#include "live/account.h"
#include "live/sweep.h"
#include "session/guard.h"

#define TELL_MS 200 /* for the terminal's last line to reach the client, on a busy host too */
#define TELL_STEP_MS 10
#define GRACE_MS 2000 /* between SIGTERM and SIGKILL */
#define STEP_MS 20    /* between the first two looks at what is left */
#define STEP_MAX_MS 160
#define STUCK_MS 3000 /* what was killed and is still there waits in the kernel */
#define STUCK_LOOK_MS 5000

/* Ends that leave processes the time to finish. At any other the authority is in doubt, and nothing of it may run on. */
static int is_ordinary(enum reason reason)
{
    switch (reason) {
    case REASON_TASK_COMPLETED:
    case REASON_SESSION_EXPIRED:
    case REASON_ATTESTATION_OVERDUE:
    case REASON_SESSION_ENDED:
    case REASON_CLOSED:
    case REASON_LEADER_GONE:
    case REASON_TIMEOUT:
        return 1;
    default:
        return 0;
    }
}

/* Who is frozen is asked nothing: to be asked, it would have to go on. */
static int is_gentle(const struct guard *guard)
{
    return is_ordinary(guard->end_reason) && guard->frozen == REASON_PERMIT;
}

/* Ends of this session alone; any other is of the authority, and so of the whole account. */
static int is_of_session(enum reason reason)
{
    return reason == REASON_CLOSED || reason == REASON_LEADER_GONE || reason == REASON_SESSION_ENDED ||
           reason == REASON_SESSION_EXPIRED || reason == REASON_TIMEOUT;
}

/* --- what is to end --- */

int guard_leader_alive(const struct guard *guard)
{
    return process_alive(guard->session.leader, guard->session.leader_start);
}

/* One whose leader is gone lingers, where that is allowed; otherwise it is ending or has lost its guard, and holds nothing. */
int guard_has_company(const struct guard *guard)
{
    static struct session other; /* large: a scope */
    session_id ids[SESSIONS_PER_ACCOUNT_MAX];
    size_t count;

    if (sessions_of_uid(guard->session.grant.uid, ids, SESSIONS_PER_ACCOUNT_MAX, &count) < 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(ids[i], guard->session.id) != 0 && session_read(ids[i], &other) == 0 &&
            (process_alive(other.leader, other.leader_start) || session_lingers(ids[i])))
            return 1;
    return 0;
}

/* The pid of one that is gone spares nobody: an agent may have forked until it got it. */
struct target guard_target(const struct guard *guard, int whole_uid)
{
    const struct session *session = &guard->session;

    return (struct target){
        .uid = whole_uid && !guard->shares_account ? session->grant.uid : 0,
        .audit = session->audit,
        .cgroup = session->cgroup,
        .leader = session->leader,
        .leader_start = session->leader_start,
        .spare = {getpid(), guard_leader_alive(guard) ? session->leader : 0},
        .spare_children = getpid(),
    };
}

/* The account's processes go along when its authority ends, or its last session. */
static int takes_account(const struct guard *guard)
{
    return !is_of_session(guard->end_reason) || !guard_has_company(guard);
}

static struct target end_target(const struct guard *guard)
{
    return guard_target(guard, takes_account(guard));
}

/*
 * A session that was opened while we looked at the host keeps the account; between the last look and the pass none is
 * (live/account.h). -EBUSY: one is being opened, or another clears; whoever loses its authority is ended nevertheless.
 */
static int signal_account(const struct guard *guard, const struct target *target, int sig)
{
    CLEANUP(close_fd) int lock = -1;

    if (!target->uid)
        return 0;
    if (is_of_session(guard->end_reason) && account_lock(target->uid, 0, &lock) == -EBUSY)
        return -EBUSY;
    return takes_account(guard) ? reaper_signal_uid(target->uid, sig) : 0;
}

static void signal_target(const struct guard *guard, int sig)
{
    const struct target target = end_target(guard);

    (void)!reaper_signal_others(&target, sig); /* what it leaves is found by the count */
    (void)!signal_account(guard, &target, sig);
}

/* --- what is said of it --- */

static int tell_terminal(const struct guard *guard, struct process *ret_carrier)
{
    char line[256];

    if (guard->end_reason == REASON_CLOSED || guard->end_reason == REASON_LEADER_GONE ||
        text_format(line, sizeof line, "\r\npam_agent: this session ends: %s (%s)\r\n",
                    reason_meaning(guard->end_reason), reason_word(guard->end_reason)) < 0)
        return 0;
    return guard_say(guard, line, ret_carrier);
}

/* Which processes that sudo started are about to be ended. */
static void name_others(struct guard *guard)
{
    const struct target target = guard_target(guard, 1);
    char names[sizeof guard->detail - sizeof "ended: "];

    reaper_names(&target, names, sizeof names);
    if (names[0] && !guard->detail[0])
        (void)!text_format(guard->detail, sizeof guard->detail, "ended: %s", names);
}

static void record_end(const struct guard *guard)
{
    const struct question question = {.step = "close", .service = guard->session.grant.service};
    const struct decision decision = {.reason = guard->end_reason};
    char reference[REFERENCE_SIZE];

    (void)!guard_record(guard, &question, &decision, guard->detail[0] ? guard->detail : NULL, reference);
}

/* --- the steps of the end --- */

static void take_step_in(struct guard *guard, int ms)
{
    guard->step_at = clock_boot_ms() + ms;
}

/* Look at what is left, then ever more rarely: a look goes through all processes of the host, and many guards may be looking. */
static void start_looking(struct guard *guard, int in_ms)
{
    guard->step_ms = STEP_MS;
    take_step_in(guard, in_ms);
}

static void look_again(struct guard *guard)
{
    take_step_in(guard, guard->step_ms);
    if (guard->step_ms < STEP_MAX_MS)
        guard->step_ms *= 2;
}

/* The account goes in one pass, and is gone at the first look; but what is known by descent alone is looked for before that. */
static void begin_killing(struct guard *guard)
{
    const struct target target = end_target(guard);
    int by_descent = target.audit == AUDIT_UNSET && !*target.cgroup;

    guard->phase = KILLING;
    guard->kill_at = clock_boot_ms() + STUCK_MS;
    if (!by_descent)
        (void)!signal_account(guard, &target, SIGKILL);
    start_looking(guard, target.uid && !by_descent ? STEP_MS : 0);
}

static void begin_ending(struct guard *guard)
{
    if (guard->budget.steps) /* otherwise sudo has started none */
        name_others(guard);
    if (!is_gentle(guard)) {
        begin_killing(guard);
        return;
    }
    guard->phase = ENDING;
    guard->kill_at = clock_boot_ms() + GRACE_MS;
    signal_target(guard, SIGTERM);
    signal_target(guard, SIGCONT); /* a stopped process takes its SIGTERM when it goes on */
    start_looking(guard, 0);
}

static void begin_telling(struct guard *guard)
{
    (void)setpriority(PRIO_PROCESS, 0, 0); /* from here on others have more to decide */
    if (!tell_terminal(guard, &guard->carrier)) {
        begin_ending(guard);
        return;
    }
    guard->phase = TELLING;
    guard->tell_until = clock_boot_ms() + TELL_MS;
    signal_target(guard, SIGSTOP);
}

/* Who rang has an answer before anything else is done: of many sessions that end at once, none waits for another. */
void guard_end(struct guard *guard, enum reason reason)
{
    if (guard->phase >= ENDS && (is_ordinary(reason) || !is_ordinary(guard->end_reason)))
        return;
    if (guard->phase < ENDS)
        guard->phase = ENDS;
    if (guard->phase < KILLING)
        guard->kill_at = 0; /* of an ordinary end that has begun: its time is over */
    guard->end_reason = reason;
    if (guard->lingering)
        session_set_lingering(guard->session.id, 0);
    take_step_in(guard, 0);
}

/* Let the last line through, alone. Time and again: the guards of the account's other sessions may be stopping everything. */
static int is_telling(struct guard *guard)
{
    if (clock_boot_ms() >= guard->tell_until || process_signal(&guard->carrier, SIGCONT) < 0)
        return 0;
    take_step_in(guard, TELL_STEP_MS);
    return 1;
}

/*
 * The user's processes are gone: sshd's monitor closes by itself, or is asked to. It may be about to start the first of them,
 * so the guard stays until it is gone. 1 when it is.
 */
static int dismiss_leader(struct guard *guard)
{
    const struct process leader = {.pid = guard->session.leader, .start = guard->session.leader_start};
    int64_t now = clock_boot_ms();

    if (!guard_leader_alive(guard))
        return 1;
    if (!guard->dismissed_until) {
        guard->dismissed_until = now + GRACE_MS;
        (void)!process_signal(&leader, SIGTERM);
    } else if (now >= guard->dismissed_until) {
        (void)!process_signal(&leader, SIGKILL);
    }
    return 0;
}

static int leader_stays(struct guard *guard)
{
    return guard->end_reason != REASON_CLOSED && !dismiss_leader(guard);
}

/* How many are left; more than none where that is not known. */
static unsigned end_processes(const struct guard *guard)
{
    const struct target target = end_target(guard);
    unsigned left = guard->phase == ENDING ? reaper_count(&target) : 0;

    if (left > 0)
        return left;
    left = reaper_kill_others(&target);
    return signal_account(guard, &target, SIGKILL) < 0 && left == 0 ? 1 : left;
}

/* Nobody can end them; the account stays taken, and it is said once. */
static void note_stuck(struct guard *guard, unsigned left)
{
    if (guard->phase != KILLING || clock_boot_ms() < guard->kill_at)
        return;
    take_step_in(guard, STUCK_LOOK_MS);
    if (guard->recorded)
        return;
    (void)!text_format(guard->detail, sizeof guard->detail, "%u processes were killed and do not end", left);
    record_end(guard);
    guard->recorded = 1;
}

int guard_end_step(struct guard *guard)
{
    struct target target;
    unsigned left;

    if (clock_boot_ms() < guard->step_at)
        return 0;
    if (guard->phase == ENDS)
        begin_telling(guard);
    if (guard->phase == TELLING) {
        if (!is_telling(guard))
            begin_ending(guard);
        return 0;
    }
    if (guard->phase == ENDING && clock_boot_ms() >= guard->kill_at)
        begin_killing(guard);
    if (clock_boot_ms() < guard->step_at)
        return 0;
    look_again(guard);
    if (guard->empty && leader_stays(guard))
        return 0;
    left = end_processes(guard); /* the leader may have started more until it went */
    guard->empty = left == 0;
    if (!guard->empty)
        note_stuck(guard, left);
    if (!guard->empty || leader_stays(guard))
        return 0;
    if (!guard->recorded)
        record_end(guard);
    guard->recorded = 1;
    doors_close(guard);
    session_remove(&guard->session);
    if (!is_of_session(guard->end_reason))
        return 1;
    /* Of two sessions that end together each saw the other: whoever is removed last takes what is left of the uid. */
    target = end_target(guard);
    return reaper_count(&target) == 0;
}

void guard_hand_over(const struct guard *guard)
{
    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_DFL);
    sweeper_start_ended(&guard->session, guard->end_reason);
}
