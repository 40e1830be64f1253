#include "live/doorbell.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask/ask.h"
#include "ask/packet.h"
#include "core/clock.h"
#include "core/proc.h"
#include "core/text.h"
#include "judge/policy_store.h"
#include "live/hold.h"

#define SESSIONS_FEW 256
#define SESSIONS_MAX (1u << 20)
#define ANSWER_MS 1000   /* since the last guard answered: a busy host is slow with all of them */
#define PATIENT_MS 3000  /* where no authority is at stake */
#define CONNECT_MS 10    /* a guard whose queue is full delays the others by no more */
#define ASKED_AT_ONCE 32 /* a guard that rings has few descriptors */
#define OPENING_MS 3000  /* a session this young may be about to get its guard */
#define LOOK_MS 10

struct bell {
    struct ring *ring;
    uid_t uid;           /* 0: its record cannot be read */
    int64_t opened_boot; /* clock_boot_ms() */
    struct audited audited;
    int held; /* this is the one for which its account was stopped here */
    int asked, fd, error;
    struct report report;
};

/* --- which sessions --- */

static int list_some(const struct ring_filter *filter, session_id *ids, size_t cap, size_t *ret_count)
{
    if (filter->link)
        return sessions_of_link(filter->link, ids, cap, ret_count);
    if (!filter->session)
        return sessions_all(ids, cap, ret_count);
    *ret_count = 1;
    return session_id_valid(filter->session) ? text_copy(ids[0], sizeof ids[0], filter->session) : -EINVAL;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Whatever their number; *ret_ids is the caller's to free. */
static int list(const struct ring_filter *filter, session_id **ret_ids, size_t *ret_count)
{
    for (size_t cap = SESSIONS_FEW; cap <= SESSIONS_MAX; cap *= 2) {
        session_id *ids = calloc(cap, sizeof *ids);
        int r = ids ? list_some(filter, ids, cap, ret_count) : -ENOMEM;

        if (r == 0) {
            qsort(ids, *ret_count, sizeof *ids, by_id);
            *ret_ids = ids;
            return 0;
        }
        free(ids);
        if (r != -E2BIG)
            return r;
    }
    return -E2BIG;
}

/* 1: ring; 0: there is no such session, or it is not asked for. One that cannot be read is rung: that can do no harm. */
static int fill(const struct ring_filter *filter, const char *id, struct session *session, struct bell *bell)
{
    int r = session_read(id, session);

    if (r == -ENOENT)
        return 0;
    memcpy(bell->ring->id, id, sizeof bell->ring->id);
    bell->audited.audit = AUDIT_UNSET;
    if (r < 0)
        return 1;
    if (filter->identity && !spiffe_pattern_matches(filter->identity, session->grant.identity) &&
        !spiffe_pattern_matches(filter->identity, session->grant.delegator))
        return 0;
    memcpy(bell->ring->account, session->grant.account, sizeof bell->ring->account);
    memcpy(bell->ring->task, session->grant.task, sizeof bell->ring->task);
    bell->uid = session->grant.uid;
    bell->opened_boot = session->opened_boot;
    bell->audited = (struct audited){session->audit, session->leader};
    return 1;
}

/* --- stopping --- */

static void hold(struct bell *bells, struct bell *bell)
{
    for (struct bell *before = bells; before < bell; before++)
        if (before->uid == bell->uid)
            return;
    bell->held = bell->uid && hold_account(bell->uid) == 0;
}

/* All accounts are stopped by now; what sudo started for them comes to stand still in one look at the host. */
static void hold_what_sudo_started(const struct bell *bells, size_t count)
{
    struct audited *sessions = calloc(count + 1, sizeof *sessions);

    if (!sessions)
        return; /* their guards will */
    for (size_t i = 0; i < count; i++)
        sessions[i] = bells[i].audited;
    hold_others(sessions, count, SIGSTOP);
    free(sessions);
}

/* A guard that freezes or ends has the account; of one that only goes on hold_release() asks all. */
static void let_go(const struct bell *bells, size_t count, const struct bell *held)
{
    for (size_t i = 0; i < count; i++) {
        enum ring_end end = bells[i].ring->end;

        if (bells[i].uid == held->uid && (end == RING_ENDING || end == RING_FROZEN)) {
            hold_forget(held->uid);
            return;
        }
    }
    hold_release(held->uid);
}

/* --- asking --- */

static void ask_together(struct bell *bells, size_t count, int answer_ms)
{
    int64_t deadline = deadline_in(answer_ms);

    for (struct bell *bell = bells; bell < bells + count; bell++) {
        bell->error = ask_report_begin(bell->ring->id, "recheck", CONNECT_MS, &bell->fd);
        bell->asked = bell->error == 0;
    }
    for (struct bell *bell = bells; bell < bells + count; bell++) {
        if (!bell->asked)
            continue;
        bell->error = ask_report_end(bell->fd, deadline_left(deadline), &bell->report);
        if (bell->error == 0)
            deadline = deadline_in(answer_ms);
    }
}

static int has_no_guard(const struct bell *bell)
{
    return bell->error == -ENOENT || bell->error == -ECONNREFUSED || bell->error == -EPIPE ||
           bell->error == -ECONNRESET;
}

/* Its queue was full, or it has not started yet. */
static int may_answer_yet(const struct bell *bell)
{
    if (bell->error == -ETIMEDOUT)
        return !bell->asked;
    return has_no_guard(bell) && clock_boot_ms() - bell->opened_boot < OPENING_MS && !session_is_gone(bell->ring->id);
}

static void ask_again(struct bell *bell)
{
    int64_t deadline = deadline_in(ANSWER_MS);

    while (may_answer_yet(bell) && deadline_left(deadline) > 0) {
        (void)usleep(LOOK_MS * 1000);
        bell->error = ask_report(bell->ring->id, "recheck", deadline_left(deadline), &bell->report);
    }
}

static void settle(struct bell *bell)
{
    static const enum ring_end ends[] = {
        [REPORT_RUNNING] = RING_GOES_ON,
        [REPORT_LINGERING] = RING_GOES_ON,
        [REPORT_FROZEN] = RING_FROZEN,
        [REPORT_ENDING] = RING_ENDING,
    };
    struct ring *ring = bell->ring;

    if (bell->error == 0) {
        ring->end = ends[bell->report.state];
        ring->reason = ring->end == RING_GOES_ON ? REASON_PERMIT : bell->report.reason;
    } else if (session_is_gone(ring->id)) {
        ring->end = RING_ENDING;
        ring->reason = REASON_SESSION_ENDING;
    } else if (has_no_guard(bell) || bell->error == -ETIMEDOUT) {
        ring->end = session_kill(ring->id, REASON_GUARD_LOST) ? RING_KILLED : RING_LEFT;
        ring->reason = REASON_GUARD_LOST;
    } else { /* we could not ask, or it is of another version: no reason to kill */
        ring->end = RING_LEFT;
        ring->reason = REASON_STATE_UNAVAILABLE;
    }
}

static void ask(struct bell *bells, size_t count, int answer_ms)
{
    for (size_t first = 0; first < count; first += ASKED_AT_ONCE) {
        size_t left = count - first;

        ask_together(bells + first, left < ASKED_AT_ONCE ? left : ASKED_AT_ONCE, answer_ms);
    }
    for (struct bell *bell = bells; bell < bells + count; bell++) {
        ask_again(bell);
        settle(bell);
    }
}

int doorbell_ring(const struct ring_filter *filter, int stop, struct ring **ret_rings, size_t *ret_count)
{
    struct session *session = malloc(sizeof *session);
    session_id *ids = NULL;
    struct bell *bells = NULL;
    struct ring *rings = NULL;
    size_t listed = 0, count = 0;
    int r = session ? list(filter, &ids, &listed) : -ENOMEM;
    /* On a host that observes, the account has processes that no session holds: a guard stops its own. */
    int holds = stop && policy_host_observes() <= 0;

    if (r == 0) {
        bells = calloc(listed + 1, sizeof *bells);
        rings = calloc(listed + 1, sizeof *rings);
        r = bells && rings ? 0 : -ENOMEM;
    }
    for (size_t i = 0; r == 0 && i < listed; i++) {
        bells[count].ring = &rings[count];
        if (!fill(filter, ids[i], session, &bells[count]))
            continue;
        if (holds)
            hold(bells, &bells[count]);
        count++;
    }
    if (r == 0 && holds)
        hold_what_sudo_started(bells, count);
    if (r == 0)
        ask(bells, count, stop ? ANSWER_MS : PATIENT_MS);
    for (size_t i = 0; i < count; i++)
        if (bells[i].held)
            let_go(bells, count, &bells[i]);
    free(bells);
    free(ids);
    free(session);
    if (r < 0) {
        free(rings);
        return r;
    }
    *ret_rings = rings;
    *ret_count = count;
    return 0;
}
