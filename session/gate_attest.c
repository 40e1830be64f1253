#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "ask/ask.h"
#include "core/clock.h"
#include "core/text.h"
#include "judge/record.h"
#include "judge/task.h"
#include "live/doorbell.h"
#include "session/gate.h"

#define GUARD_MS 5000      /* on a busy host, and less than who attests waits for us */
#define OTHER_GUARD_MS 200 /* one of many, while a login waits */

/* large: a scope */
static struct session session;
static struct attestation attestation;

/* --- may it? --- */

/* The record says whose session it is; the kernel noted who connected: the account or root. */
static enum reason find_session(struct gate *gate, const char *id)
{
    const struct grant *grant = &session.grant;
    struct ucred peer;
    socklen_t peer_len = sizeof peer;
    int r = session_read(id, &session);

    if (r < 0)
        return r == -ENOENT ? REASON_SESSION_NOT_FOUND : REASON_STATE_UNAVAILABLE;
    if (getsockopt(GATE_SOCKET, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) < 0)
        return REASON_INTERNAL;
    if (peer.uid != 0 && peer.uid != grant->uid)
        return REASON_SESSION_NOT_FOUND;
    gate->asker_uid = peer.uid;
    gate->attested = &session;
    gate->question.user = grant->account;
    gate->question.service = grant->service;
    gate->source = grant->source[0] ? grant->source : NULL;
    strcpy(gate->session, session.id);
    return REASON_PERMIT;
}

/* The guard did not say what becomes of the session. */
static enum reason unanswered(const char *id, int error)
{
    if (session_is_gone(id))
        return REASON_SESSION_ENDING;
    if (error == -ETIMEDOUT)
        return REASON_TIMEOUT;
    return error == -ENOENT || error == -ECONNREFUSED || error == -EPIPE ? REASON_GUARD_LOST : REASON_INTERNAL;
}

/* A session that ends stays ended. One that is frozen is thawed by root or a new login, not from within. */
static enum reason check_guard(const struct gate *gate)
{
    struct report report;
    int r = ask_report(session.id, "status", GUARD_MS, &report);

    if (r < 0)
        return unanswered(session.id, r);
    if (report.state == REPORT_ENDING)
        return REASON_SESSION_ENDING;
    return report.state == REPORT_FROZEN && gate->asker_uid != 0 ? report.reason : REASON_PERMIT;
}

enum reason gate_attest(struct gate *gate, const char *id)
{
    enum reason reason;

    gate->step = STEP_ATTEST;
    gate->question.step = step_word(STEP_ATTEST);
    gate_read_host(gate);
    reason = find_session(gate, id);
    if (reason == REASON_PERMIT)
        reason = check_guard(gate);
    if (reason == REASON_PERMIT)
        reason = gate_find_account(gate);
    if (reason == REASON_PERMIT)
        reason = gate_credential(gate);
    if (reason == REASON_PERMIT)
        reason = gate_decide(gate);
    if (reason == REASON_PERMIT)
        reason = check_guard(gate); /* the conversation took its time */
    return reason == REASON_PERMIT ? gate_take_place(gate) : reason;
}

/* --- it does --- */

/*
 * Publish, then let the guard look: it thaws the session, moves its deadline, or is ending it. Of an end and an attestation that meet,
 * either the end takes the attestation along, or we find the session gone and do. Of a guard that is too busy to answer nobody knows
 * whether it will look before it ends: that is no permit.
 */
static enum reason attest(const struct session *target, const struct grant *grant, int guard_ms)
{
    struct report report;
    enum reason reason;
    int r;

    attestation.made = clock_wall_seconds();
    attestation.made_boot = clock_boot_ms();
    attestation.grant = *grant;
    r = session_attest(target, &attestation);
    if (r < 0)
        return r == -ENOENT ? REASON_SESSION_ENDING : REASON_STATE_UNAVAILABLE;
    r = ask_report(target->id, "recheck", guard_ms, &report);
    if (r == 0)
        return report.state == REPORT_ENDING ? REASON_SESSION_ENDING : REASON_PERMIT;
    reason = unanswered(target->id, r);
    if (reason == REASON_SESSION_ENDING)
        session_remove(target);
    return reason;
}

enum reason gate_attest_session(const struct gate *gate)
{
    return attest(gate->attested, &gate->grant, GUARD_MS);
}

static int is_frozen(const char *id)
{
    struct report report;

    return ask_report(id, "status", OTHER_GUARD_MS, &report) == 0 && report.state == REPORT_FROZEN;
}

/* Its steps would need both scopes: a login for something else takes nothing from a session that can still attest itself. */
static int is_served_by(const struct session *other, const struct grant *grant)
{
    const struct grant *last = session_attestation(other->id, &attestation) == 0 ? &attestation.grant : &other->grant;

    return gate_same_intent(&other->grant, grant) && strcmp(last->jti, grant->jti) != 0 &&
           (strcmp(last->scope, grant->scope) == 0 || is_frozen(other->id));
}

void gate_attest_others(const struct gate *gate)
{
    session_id ids[SESSIONS_PER_ACCOUNT_MAX];
    char reference[REFERENCE_SIZE];
    size_t count;

    if (sessions_of_uid(gate->identity.uid, ids, COUNT_OF(ids), &count) < 0)
        return;
    for (size_t i = 0; i < count && gate_time_left() > OTHER_GUARD_MS; i++)
        if (strcmp(ids[i], gate->session) != 0 && session_read(ids[i], &session) == 0 &&
            is_served_by(&session, &gate->grant) &&
            gate_record(gate, step_word(STEP_ATTEST), session.id, REASON_PERMIT, reference) == REASON_PERMIT)
            (void)!attest(&session, &gate->grant, OTHER_GUARD_MS);
}
