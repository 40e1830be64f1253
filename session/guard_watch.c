#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ask/ask.h"
#include "ask/who.h"
#include "core/clock.h"
#include "core/files.h"
#include "core/identities.h"
#include "core/paths.h"
#include "core/text.h"
#include "judge/anchor_store.h"
#include "judge/gather.h"
#include "judge/policy_store.h"
#include "judge/record.h"
#include "judge/standing.h"
#include "live/doorbell.h"
#include "session/guard.h"

#define CLOSED_MS 1000      /* the last processes of a session that is closed are on their way */
#define STOPPED_LOOK_MS 500 /* does it stay stopped? Ever more rarely, up to */
#define STOPPED_LOOK_MAX_MS 2000
#define LINGER_LOOK_MS 30000 /* nothing tells when the last one of those that stay ends */
#define UNREADABLE_LOOK_MS 5000

struct moment moment_now(void)
{
    return (struct moment){clock_wall_seconds(), clock_boot_ms()};
}

const struct grant *guard_grant(const struct guard *guard)
{
    return guard->attestation ? &guard->attestation->grant : &guard->session.grant;
}

/* --- facts --- */

/* Into the other of the two places: one that cannot be read leaves the last one in force. */
static int read_attestation(struct guard *guard)
{
    struct attestation *place = &guard->attestations[guard->attestation == &guard->attestations[0]];
    int r = session_attestation(guard->session.id, place);

    if (r == 0)
        guard->attestation = place;
    return r == -ENOENT ? 0 : r;
}

/* What is said against either credential is said against the session. */
static void add_standing(struct standing *standing, const struct standing *other)
{
    if (other->task > standing->task)
        standing->task = other->task;
    if (other->risk > standing->risk)
        standing->risk = other->risk;
    if (other->revoked && !standing->revoked) {
        standing->revoked = 1;
        standing->revoked_by = other->revoked_by;
    }
    standing->stopped |= other->stopped;
}

/* The session's grant, and of the credential that attested it what the login's no longer stands for. */
static int add_attestation(const struct guard *guard, struct facts *facts)
{
    const struct grant *grant = guard_grant(guard);
    struct standing standing;
    int r;

    if (!guard->attestation)
        return 0;
    r = standing_of(grant, facts->now, &standing);
    add_standing(&facts->standing, &standing); /* what is known, whatever could not be read */
    if (grant_depth(grant) > facts->ancestors)
        facts->ancestors = grant_depth(grant);
    if (grant->sensitivity > facts->task_sensitivity)
        facts->task_sensitivity = grant->sensitivity;
    facts->issued = grant->issued;
    facts->expires = grant->expires;
    facts->scopes[facts->scope_count].text = grant->scope;
    facts->scopes[facts->scope_count++].len = strlen(grant->scope);
    return r;
}

int guard_facts(struct guard *guard, enum step step, struct facts *facts)
{
    int unreadable = guard_read_policy(guard), r, also;

    r = gather_grant(&guard->session.grant, &guard->host, clock_wall_seconds(), facts);
    also = add_attestation(guard, facts);
    if (r == 0)
        r = also;
    if (r == 0)
        r = unreadable;
    if (r == 0)
        r = guard_read_identity(guard, &facts->identity_disabled);
    facts->step = step;
    return r;
}

static int has_group(const struct identity *identity, uint32_t gid)
{
    for (size_t i = 0; i < identity->group_count; i++)
        if (identity->groups[i] == gid)
            return 1;
    return 0;
}

/*
 * A process has the groups that it began with, whatever becomes of its account's: has the identity lost one since the last look?
 * 1, 0 or -errno.
 */
static int has_lost_group(struct guard *guard)
{
    struct identity identity;
    int r = identity_of_account(guard->session.grant.account, &identity);

    if (r < 0)
        return r == -ENOENT ? 0 : r; /* gone with the account: guard_read_identity() */
    for (size_t i = 0; i < guard->group_count; i++)
        if (!has_group(&identity, guard->groups[i]))
            return 1;
    guard->group_count = identity.group_count;
    memcpy(guard->groups, identity.groups, sizeof guard->groups);
    return 0;
}

/* --- what they ask for --- */

/* Does policy still open this session? Its limits are taken over. */
static enum reason decide_again(struct guard *guard, struct facts *facts)
{
    struct decision decision;

    facts->service = guard->session.grant.service;
    decision = decide(facts, &guard->stores.policies);
    if (decision.verdict != VERDICT_PERMIT && !decision.observed)
        return decision.reason;
    guard->limits = decision.limits;
    guard->observes = facts->observe || decision.limits.mode == MODE_OBSERVE;
    return REASON_PERMIT;
}

/* What is known counts, whatever else cannot be read. */
enum reason guard_ended_by(const struct standing *standing)
{
    if (standing->task == TASK_REVOKED)
        return REASON_TASK_REVOKED;
    if (standing->revoked)
        return REASON_REVOKED;
    return standing->task == TASK_COMPLETED ? REASON_TASK_COMPLETED : REASON_PERMIT;
}

/*
 * REASON_PERMIT: it may go on; REASON_STATE_UNAVAILABLE: nothing is known against it, but not everything could be read, so it
 * stays as it is; else why it must end.
 */
static enum reason look_at_facts(struct guard *guard, struct facts *facts)
{
    const struct session *session = &guard->session;
    int ordered = session_end_ordered(session->id), known, lost, unreadable;
    enum reason reason;

    if (session_is_gone(session->id))
        return REASON_GUARD_LOST; /* another ended it in our place */
    unreadable = read_attestation(guard) < 0;
    unreadable |= guard_facts(guard, STEP_RECHECK, facts) < 0;
    reason = guard_ended_by(&facts->standing);
    if (reason != REASON_PERMIT)
        return reason;
    if (ordered > 0)
        return REASON_SESSION_ENDED;
    known = anchors_hold(guard_grant(guard));
    if (known == 0)
        return REASON_KEY_UNKNOWN;
    lost = has_lost_group(guard);
    if (lost > 0)
        return REASON_GROUP_TAKEN;
    if (unreadable || ordered < 0 || known < 0 || lost < 0)
        return REASON_STATE_UNAVAILABLE;
    return decide_again(guard, facts);
}

static void record_turn(const struct guard *guard, enum reason reason, int observed)
{
    const struct question question = {.step = "recheck", .service = guard->session.grant.service};
    const struct decision decision = {.reason = reason, .observed = observed};
    char reference[REFERENCE_SIZE];

    (void)!guard_record(guard, &question, &decision, NULL, reference);
}

static void set_due(struct guard *guard)
{
    const struct session *session = &guard->session;
    struct terms terms = {
        .opened = {session->opened, session->opened_boot},
        .attested = {session->opened, session->opened_boot},
        .expires = guard_grant(guard)->expires,
        .longest = session->longest,
        .max_session = guard->limits.max_session,
        .reattest_every = guard->limits.reattest_every,
        .reattest_grace = guard->limits.reattest_grace,
    };

    if (guard->attestation)
        terms.attested = (struct moment){guard->attestation->made, guard->attestation->made_boot};
    due_compute(&terms, &guard->due);
}

static enum reason why_over(const struct guard *guard, const struct moment *now)
{
    if (moment_reached(&guard->due.deadline, now))
        return REASON_SESSION_EXPIRED;
    return moment_reached(&guard->due.overdue, now) ? REASON_ATTESTATION_OVERDUE : REASON_PERMIT;
}

/* Where time is observed only, what it would have ended goes on, and that is said once. */
static enum reason why_end(struct guard *guard, const struct moment *now)
{
    enum reason over = why_over(guard, now);

    if (!guard->observes)
        return over;
    if (over != REASON_PERMIT && over != guard->passed)
        record_turn(guard, over, 1);
    guard->passed = over;
    return REASON_PERMIT;
}

static enum reason why_freeze(const struct guard *guard, const struct standing *standing, const struct moment *now)
{
    if (standing->stopped)
        return REASON_STOPPED;
    if (standing->task == TASK_SUSPENDED)
        return REASON_TASK_SUSPENDED;
    return moment_reached(&guard->due.attest_by, now) && !guard->observes ? REASON_ATTESTATION_OVERDUE : REASON_PERMIT;
}

/* --- freezing --- */

/* At no time that could be known beforehand: who is stopped whenever we look could go on in between. */
static void look_later(struct guard *guard)
{
    unsigned char random = 0;

    (void)!random_bytes(&random, 1);
    guard->look_at = clock_boot_ms() + guard->look_ms / 2 + guard->look_ms * random / 256;
}

/* Since the last look, for however short a time. */
static int has_gone_on(struct guard *guard)
{
    uint64_t before = guard->switches;

    if (guard->shares_account) /* others of the uid go on, and may */
        return 0;
    guard->switches = reaper_switches(guard->session.grant.uid);
    return before && guard->switches != before;
}

/*
 * A stop does not bind: SIGCONT may come from a timer, from a process that it has not reached yet, from one of another user in the
 * same terminal session (kill(2)). 1 when the account has gone on too often.
 */
static int defies(struct guard *guard, const struct moment *now)
{
    if (guard->phase != FROZEN || now->boot < guard->look_at)
        return 0;
    if (has_gone_on(guard)) {
        guard->defiances++;
        guard->look_ms = STOPPED_LOOK_MS;
    } else if (guard->look_ms < STOPPED_LOOK_MAX_MS) {
        guard->look_ms *= 2;
    }
    look_later(guard);
    return guard->defiances >= DEFIANCES_MAX;
}

static void stop(const struct guard *guard)
{
    const struct target session = guard_target(guard, 1);

    if (guard->shares_account)
        (void)!reaper_signal_others(&session, SIGSTOP);
    else
        (void)!reaper_signal_uid(session.uid, SIGSTOP);
}

/* Also when it is frozen already: another guard of the account may have let it go on. */
static void freeze(struct guard *guard, enum reason reason)
{
    struct target others = guard_target(guard, 1);

    others.uid = guard->session.grant.uid; /* the account's own are none of them */
    stop(guard);
    if (guard->phase != FROZEN) { /* who could be in the middle of anything are asked to end, the rest is stopped */
        (void)!reaper_signal_others(&others, SIGTERM);
        (void)!reaper_signal_others(&others, SIGCONT);
    }
    if (guard->phase != FROZEN || guard->frozen != reason)
        record_turn(guard, reason, 0);
    if (guard->phase != FROZEN) {
        guard->defiances = 0;
        guard->switches = 0;
        guard->look_ms = STOPPED_LOOK_MS;
        look_later(guard);
    }
    guard->phase = FROZEN;
    guard->frozen = reason;
}

/* One of the account's other sessions may have to stay frozen: then its guard stops the account again. */
static void ring_others(const struct guard *guard)
{
    session_id ids[SESSIONS_PER_ACCOUNT_MAX];
    struct report report;
    size_t count = 0;

    if (!guard_has_company(guard) || guard_fork(-1) != 0)
        return;
    (void)!sessions_of_uid(guard->session.grant.uid, ids, SESSIONS_PER_ACCOUNT_MAX, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(ids[i], guard->session.id) != 0)
            (void)!ask_report(ids[i], "recheck", ASK_TIMEOUT_MS, &report);
    _exit(0);
}

static void thaw(struct guard *guard)
{
    const struct target target = guard_target(guard, 1);

    if (guard->phase != FROZEN)
        return;
    guard->phase = RUNNING;
    guard->frozen = REASON_PERMIT;
    record_turn(guard, REASON_PERMIT, 0);
    (void)!reaper_signal(&target, SIGCONT);
    ring_others(guard);
}

/* --- the recheck --- */

/* Once for each time it is put off. */
static void give_notice(struct guard *guard, const struct moment *now)
{
    const struct due *due = &guard->due;
    time_t end = (time_t)(due->attest_by.wall < due->deadline.wall ? due->attest_by.wall : due->deadline.wall);
    char line[160], when[16];
    struct process carrier;
    struct tm tm;

    if (!moment_reached(&due->notice, now) || guard->told.wall == due->notice.wall)
        return;
    guard->told = due->notice;
    if (gmtime_r(&end, &tm) && strftime(when, sizeof when, "%H:%M:%S", &tm) &&
        text_format(line, sizeof line,
                    due->attest_helps ? "\r\npam_agent: attest again before %s UTC: agentctl attest\r\n"
                                      : "\r\npam_agent: this session ends at %s UTC\r\n",
                    when) == 0)
        (void)guard_say(guard, line, &carrier);
}

static int nothing_lingers(const struct guard *guard)
{
    const struct target target = guard_target(guard, !guard_has_company(guard));

    return reaper_count(&target) == 0;
}

static void look_by(struct guard *guard, int64_t boot)
{
    if (guard->next.boot > boot)
        guard->next.boot = boot;
}

void guard_recheck(struct guard *guard)
{
    const struct moment now = moment_now();
    struct facts facts = {0};
    enum reason end, halt;
    int unreadable;

    if (guard->phase == KILLING)
        return;
    end = look_at_facts(guard, &facts);
    if (guard->phase >= ENDS) {
        if (end != REASON_PERMIT && end != REASON_STATE_UNAVAILABLE)
            guard_end(guard, end); /* it may have become a stricter one */
        return;
    }
    unreadable = end == REASON_STATE_UNAVAILABLE;
    set_due(guard);
    if (end == REASON_PERMIT || unreadable)
        end = why_end(guard, &now);
    if (end == REASON_PERMIT && guard->lingering && nothing_lingers(guard))
        end = REASON_CLOSED;
    if (end != REASON_PERMIT) {
        guard_end(guard, end);
        return;
    }
    halt = why_freeze(guard, &facts.standing, &now);
    if (halt == REASON_PERMIT && unreadable && guard->phase == FROZEN)
        halt = guard->frozen; /* until it is known that nothing asks for it any more */
    if (halt != REASON_PERMIT && defies(guard, &now)) {
        (void)!text_copy(guard->detail, sizeof guard->detail, "it did not stay stopped");
        guard_end(guard, halt);
        return;
    }
    if (halt != REASON_PERMIT)
        freeze(guard, halt);
    else
        thaw(guard);
    give_notice(guard, &now);
    guard->next = due_next(&guard->due, &now);
    if (unreadable)
        look_by(guard, now.boot + UNREADABLE_LOOK_MS);
    if (guard->lingering)
        look_by(guard, now.boot + LINGER_LOOK_MS);
    if (guard->phase == FROZEN)
        look_by(guard, guard->look_at);
}

void guard_close(struct guard *guard)
{
    const struct target target = guard_target(guard, 1);

    if (target.audit == AUDIT_UNSET) /* what descends from the leader is remembered: it may be gone at the next look */
        (void)!reaper_count(&target);
    if (guard->limits.linger != LINGER_YES) {
        guard_end(guard, REASON_CLOSED);
        return;
    }
    guard->lingering = 1;
    session_set_lingering(guard->session.id, 1);
    guard->next.boot = clock_boot_ms() + CLOSED_MS;
}
