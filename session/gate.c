#include "session/gate.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask/ask.h"
#include "ask/packet.h"
#include "ask/who.h"
#include "core/clock.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"
#include "judge/gather.h"
#include "judge/match.h"
#include "judge/policy_store.h"
#include "judge/record.h"
#include "judge/task.h"

#define PATIENCE_SECONDS 150 /* of a whole conversation; sshd's LoginGraceTime is 120 */

const char *gate_prompt(const char *prompt, char *buf, size_t cap)
{
    const struct answer answer = {.verdict = "prompt", .prompt = prompt};
    const char *reply;
    size_t len;

    if (answer_write(&answer, buf, cap, &len) < 0 ||
        packet_send(GATE_SOCKET, buf, len, deadline_in(ASK_TIMEOUT_MS)) < 0 ||
        packet_receive(GATE_SOCKET, buf, cap, deadline_in(PATIENCE_SECONDS * 1000), &len) < 0 ||
        reply_read(buf, len, &reply) < 0)
        return NULL;
    return reply;
}

/* --- who and what --- */

static enum reason read_question(struct gate *gate, char *buf)
{
    struct ucred peer;
    socklen_t peer_len = sizeof peer;
    size_t len;
    int step;

    if (packet_receive(GATE_SOCKET, buf, MESSAGE_MAX, deadline_in(ASK_TIMEOUT_MS), &len) < 0 ||
        question_read(buf, len, &gate->question) < 0)
        return REASON_BAD_QUESTION;
    step = step_parse(gate->question.step);
    if (step < 0 || !gate->question.user)
        return REASON_BAD_QUESTION;
    gate->step = (enum step)step;
    /* The kernel noted who made the socket pair: the process that runs the plug-in. */
    if (getsockopt(GATE_SOCKET, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) < 0 ||
        process_read(peer.pid, &gate->asker) < 0 || process_uid(peer.pid, &gate->asker_uid) < 0)
        return REASON_INTERNAL;
    return REASON_PERMIT;
}

/* The numeric address of the client: sshd's SSH_CONNECTION ("ADDRESS PORT ADDRESS PORT"), else PAM_RHOST. */
static const char *find_source(const struct gate *gate, char *buf, size_t cap)
{
    const char *connection = gate->question.connection;
    size_t len = connection ? strcspn(connection, " ") : 0;

    if (len > 0 && len < cap) {
        memcpy(buf, connection, len);
        buf[len] = '\0';
        if (address_valid(buf))
            return buf;
    }
    return gate->question.source && address_valid(gate->question.source) ? gate->question.source : NULL;
}

/* PAM_USER must be the account's own name and resolve to the account's own uid. */
static enum reason identify(struct gate *gate)
{
    CLEANUP(close_fd) int fd = -1;
    const struct passwd *pw;
    int r = identities_open(PATH_IDENTITIES, &fd);

    if (r == 0)
        r = identities_meta(fd, &gate->meta);
    if (r < 0)
        return REASON_STATE_UNAVAILABLE;
    pw = getpwnam(gate->question.user);
    r = identities_by_account(fd, gate->question.user, &gate->identity);
    if (r == 0)
        return pw && pw->pw_uid == gate->identity.uid ? REASON_PERMIT : REASON_ALIAS;
    gate->identity.account[0] = '\0';
    if (r != -ENOENT)
        return REASON_STATE_UNAVAILABLE;
    return pw && identities_by_uid(fd, pw->pw_uid, &gate->identity) == 0 ? REASON_ALIAS : REASON_IDENTITY_UNKNOWN;
}

/* Steps that belong to no login: from an agent's process outside a session, or to an agent's account. */
static enum reason refuse_foreign(struct gate *gate)
{
    if (uid_is_agent(gate->asker_uid) == 1)
        return REASON_SESSION_NOT_FOUND;
    switch (gate->step) {
    case STEP_COMMAND:
        return REASON_TARGET_IS_AGENT;
    case STEP_SUDO:
        return REASON_SESSION_NOT_FOUND;
    default:
        return REASON_PERMIT;
    }
}

/* --- the decision --- */

/*
 * The asker's parent, where it runs the same program as root: sshd makes a child for the conversation, and opens the session
 * itself. 1 or 0.
 */
static int find_parent(const struct gate *gate, struct process *ret)
{
    uid_t uid;

    return process_same_program(gate->asker.pid, gate->asker.parent) && process_uid(gate->asker.parent, &uid) == 0 &&
           uid == 0 && process_read(gate->asker.parent, ret) == 0;
}

/* For whichever of the two will open the session; open takes what stands under its own name alone. */
static enum reason put_pending(struct gate *gate)
{
    struct pending *pending = calloc(1, sizeof *pending);
    struct process parent;
    int r = -ENOMEM;

    if (pending) {
        pending->made = clock_boot_ms();
        pending->grant = gate->grant;
        r = pending_put(gate->asker.pid, gate->asker.start, pending);
    }
    if (r == 0 && find_parent(gate, &parent))
        r = pending_put(parent.pid, parent.start, pending);
    free(pending);
    return r < 0 ? REASON_STATE_UNAVAILABLE : REASON_PERMIT;
}

/* The pending login of this process. Account and setcred may run in sshd's child; open never does. */
static enum reason find_pending(struct gate *gate)
{
    struct pending *pending = calloc(1, sizeof *pending);
    const struct grant *grant;
    struct process parent;
    int r = -ENOMEM;

    if (pending && gate->step == STEP_OPEN)
        r = pending_take(gate->asker.pid, gate->asker.start, pending);
    else if (pending) {
        r = pending_get(gate->asker.pid, gate->asker.start, pending);
        if (r == -ENOENT && find_parent(gate, &parent))
            r = pending_get(parent.pid, parent.start, pending);
    }
    if (r == 0) {
        grant = &pending->grant;
        if (strcmp(grant->account, gate->identity.account) != 0 || grant->uid != gate->identity.uid ||
            strcmp(grant->service, gate->question.service ? gate->question.service : "") != 0 ||
            strcmp(grant->source, gate->source ? gate->source : "") != 0)
            r = -ENOENT;
        else
            gate->grant = *grant;
    }
    free(pending);
    if (r == 0)
        return REASON_PERMIT;
    return r == -ENOENT ? REASON_PENDING_MISSING : REASON_STATE_UNAVAILABLE;
}

/* A session whose leader is dead and whose guard answers no more: nothing will end it, so it has ended. */
static int is_stale(const struct session *session)
{
    return !process_alive(session->leader, session->leader_start) && !ask_is_guarded(session->id);
}

int gate_account_busy(const struct gate *gate)
{
    session_id ids[SESSIONS_PER_ACCOUNT_MAX];
    struct session *session = calloc(1, sizeof *session);
    size_t count = 0;
    int busy = 0, r = session ? sessions_of_uid(gate->identity.uid, ids, COUNT_OF(ids), &count) : -ENOMEM;

    for (size_t i = 0; r == 0 && i < count; i++) {
        r = session_read(ids[i], session);
        if (r == -ENOENT) { /* it has just ended */
            r = 0;
            continue;
        }
        if (r == 0 && is_stale(session))
            session_remove(session);
        else if (r == 0)
            busy |= strcmp(session->grant.iss, gate->grant.iss) != 0 ||
                    strcmp(session->grant.task, gate->grant.task) != 0 ||
                    strcmp(session->grant.identity, gate->grant.identity) != 0;
    }
    free(session);
    return r < 0 ? r : busy;
}

static enum reason gather(struct gate *gate)
{
    struct facts *facts = &gate->facts;
    int busy = gate_account_busy(gate);

    if (busy < 0 || gather_grant(&gate->grant, clock_wall_seconds(), facts) < 0 ||
        replay_count(gate->grant.iss, gate->grant.jti, &facts->logins) < 0)
        return REASON_STATE_UNAVAILABLE;
    facts->step = gate->step;
    facts->account_busy = busy;
    facts->identity_disabled = gate->identity.disabled;
    facts->environment_forgeable = gate_environment_forgeable(gate);
    facts->service = gate->question.service;
    facts->source = gate->source;
    return REASON_PERMIT;
}

static enum reason find_grant(struct gate *gate)
{
    if (!gate->question.service || !service_opens_agents(&gate->policies, gate->question.service))
        return REASON_NOT_AN_AGENT_LOGIN;
    return gate->step == STEP_LOGIN ? gate_credential(gate) : find_pending(gate);
}

static enum reason decide_step(struct gate *gate)
{
    enum reason reason = refuse_foreign(gate);

    if (reason != REASON_PERMIT)
        return reason;
    reason = identify(gate);
    if (reason != REASON_PERMIT)
        return reason;
    if (gate->identity.disabled)
        return REASON_IDENTITY_DISABLED;
    if (policy_of_account(gate->identity.account, &gate->policies) < 0 ||
        policy_host_id(gate->host_id, sizeof gate->host_id) < 0)
        return REASON_STATE_UNAVAILABLE;
    reason = find_grant(gate);
    if (reason == REASON_PERMIT)
        reason = gather(gate);
    if (reason != REASON_PERMIT)
        return reason;
    gate->decision = decide(&gate->facts, &gate->policies);
    if (gate->decision.verdict != VERDICT_PERMIT)
        return gate->decision.reason;
    if (gate->step == STEP_LOGIN)
        return put_pending(gate);
    return gate->step == STEP_OPEN ? gate_open_session(gate) : REASON_PERMIT;
}

/* --- the answer --- */

static enum reason record(const struct gate *gate, enum reason reason, char *reference)
{
    const struct question *question = &gate->question;
    const struct grant *grant = &gate->grant;
    int verified = grant->task[0] != '\0';
    const struct record record = {
        .reason = reason,
        .step = question->step,
        .phase = question->phase,
        .service = question->service,
        .source = gate->source,
        .run_as = question->run_as,
        .argv = question->argc ? question->argv : NULL,
        .argc = question->argc,
        .account = gate->identity.account[0] ? gate->identity.account : question->user,
        .identity = verified               ? grant->identity
                    : gate->identity.id[0] ? gate->identity.id
                                           : NULL,
        .issuer = verified ? grant->issuer : NULL,
        .task = verified ? grant->task : NULL,
        .purpose = verified ? grant->purpose : NULL,
        .rule = gate->decision.rule,
        .rule_where = gate->decision.rule_where,
        .session = gate->session,
        .detail = gate->detail,
        .observed = question->observe,
    };

    return record_write(&record, reference) < 0 ? REASON_RECORD_FAILED : reason;
}

static int reply(const struct gate *gate, enum reason reason, const char *reference, char *buf)
{
    const struct answer answer = {
        .verdict = reason == REASON_PERMIT ? "permit" : "deny",
        .reason = reason_word(reason),
        .reference = reference,
        .session = reason == REASON_PERMIT && gate->session[0] ? gate->session : NULL,
    };
    size_t len;
    int r = answer_write(&answer, buf, MESSAGE_MAX, &len);

    return r < 0 ? r : packet_send(GATE_SOCKET, buf, len, deadline_in(ASK_TIMEOUT_MS));
}

int main(void)
{
    static struct gate gate; /* large: a scope */
    static char buf[MESSAGE_MAX], out[MESSAGE_MAX];
    char reference[REFERENCE_SIZE] = "", source[64];
    enum reason reason;

    if (getuid() != 0 || geteuid() != 0)
        return 2;
    (void)umask(077);
    (void)alarm(PATIENCE_SECONDS + 30);
    reason = read_question(&gate, buf);
    if (reason == REASON_PERMIT) {
        gate.source = find_source(&gate, source, sizeof source);
        reason = decide_step(&gate);
    }
    if (gate.question.step) {
        enum reason recorded = record(&gate, reason, reference);

        if (recorded != reason && gate.session[0])
            gate_abandon_session(&gate);
        reason = recorded;
    }
    if (reply(&gate, reason, reference, out) < 0 && gate.session[0])
        gate_abandon_session(&gate); /* nobody heard the permit */
    else if (gate.session[0])
        gate_confirm_session();
    return 0;
}
