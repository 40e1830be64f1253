#include "session/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
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
#include "judge/anchor_store.h"
#include "judge/gather.h"
#include "judge/match.h"
#include "judge/policy_store.h"
#include "judge/record.h"
#include "judge/task.h"
#include "live/doorbell.h"
#include "live/sweep.h"

#define PATIENCE_SECONDS 150 /* of a whole conversation; sshd's LoginGraceTime is 120 */
#define ANSWER_MS 1700       /* less than ASK_TIMEOUT_MS, so that the reason gets through */
#define OPENING_MS 5000      /* so long a session may be without a guard: it is being opened */
#define STATUS_MS 200
#define ANSWER_MAX 4096
#define KILL_MS 1100 /* session_kill waits a second */
#define PATH_SWEPT PATH_RUN "/swept"

static int64_t answer_by; /* deadline_in() */

int gate_time_left(void)
{
    return deadline_left(answer_by);
}

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
    answer_by = deadline_in(ANSWER_MS);
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
    if (step < 0 || step == STEP_ATTEST || step == STEP_RECHECK || !gate->question.user)
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

void gate_read_host(struct gate *gate)
{
    gate->observe = gate->question.observe;
    if (policy_host(&gate->host) == 0)
        gate->observe |= gate->host.mode == MODE_OBSERVE;
    else
        gate->host.id[0] = '\0';
}

enum reason gate_identify(struct gate *gate, const char *name)
{
    CLEANUP(close_fd) int fd = -1;
    const struct passwd *pw;
    int r = identities_open(PATH_IDENTITIES, &fd);

    if (r == 0)
        r = identities_meta(fd, &gate->meta);
    if (r < 0)
        return REASON_STATE_UNAVAILABLE;
    pw = getpwnam(name);
    r = identities_by_account(fd, name, &gate->identity);
    if (r == 0)
        return pw && pw->pw_uid == gate->identity.uid ? REASON_PERMIT : REASON_ALIAS;
    gate->identity.account[0] = '\0';
    if (r != -ENOENT)
        return REASON_STATE_UNAVAILABLE;
    return pw && identities_by_uid(fd, pw->pw_uid, &gate->identity) == 0 ? REASON_ALIAS : REASON_IDENTITY_UNKNOWN;
}

enum reason gate_find_account(struct gate *gate)
{
    enum reason reason = gate_identify(gate, gate->question.user);

    if (reason != REASON_PERMIT)
        return reason;
    if (gate->identity.disabled)
        return REASON_IDENTITY_DISABLED;
    return policy_of_account(gate->identity.account, &gate->policies) < 0 || !gate->host.id[0]
               ? REASON_STATE_UNAVAILABLE
               : REASON_PERMIT;
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

int gate_same_authority(const struct grant *a, const struct grant *b)
{
    return strcmp(a->iss, b->iss) == 0 && strcmp(a->task, b->task) == 0 && strcmp(a->identity, b->identity) == 0;
}

int gate_same_intent(const struct grant *a, const struct grant *b)
{
    return gate_same_authority(a, b) && strcmp(a->principal, b->principal) == 0 &&
           strcmp(a->delegator, b->delegator) == 0 && strcmp(a->purpose, b->purpose) == 0;
}

/* A session whose guard is gone: nothing will end it. One that is being opened has none yet. */
static int is_lost(const struct session *session)
{
    struct report report;
    int r;

    if (clock_boot_ms() - session->opened_boot < OPENING_MS && process_alive(session->leader, session->leader_start))
        return 0;
    r = ask_report(session->id, "status", STATUS_MS, &report);
    return r == -ENOENT || r == -ECONNREFUSED;
}

static int end_lost(const struct session *session)
{
    return gate_time_left() > KILL_MS && is_lost(session) && session_kill(session->id, REASON_GUARD_LOST) == 1;
}

/* Is the account in use for another task, issuer or actor than the grant's? 1, 0 or -errno. */
static int account_busy(const struct gate *gate)
{
    session_id ids[SESSIONS_PER_ACCOUNT_MAX];
    struct session *session = calloc(1, sizeof *session);
    size_t count = 0;
    int busy = 0, r = session ? sessions_of_uid(gate->identity.uid, ids, COUNT_OF(ids), &count) : -ENOMEM;

    for (size_t i = 0; r == 0 && i < count; i++) {
        if (strcmp(ids[i], gate->session) == 0)
            continue;
        r = session_read(ids[i], session);
        if (r == -ENOENT) /* it has just ended */
            r = 0;
        else if (r == 0 && !end_lost(session))
            busy |= !gate_same_authority(&session->grant, &gate->grant);
    }
    free(session);
    return r < 0 ? r : busy;
}

enum reason gate_take_place(const struct gate *gate)
{
    const struct grant *grant = &gate->grant;
    int r = grant->voucher.once ? replay_take(grant->voucher.iss, grant->voucher.jti, 1) : 0;

    if (r == 0)
        r = replay_take(grant->iss, grant->jti, gate->decision.limits.max_logins);
    if (r < 0)
        return r == -EUSERS ? REASON_REPLAYED : REASON_STATE_UNAVAILABLE;
    return REASON_PERMIT;
}

static enum reason gather(struct gate *gate)
{
    struct facts *facts = &gate->facts;
    int busy = account_busy(gate), fits = gate_home_fits(gate);

    *facts = (struct facts){.step = gate->step, .observe = gate->observe};
    if (busy < 0 || fits < 0 || gather_grant(&gate->grant, &gate->host, clock_wall_seconds(), facts) < 0 ||
        replay_logins(&gate->grant, &facts->logins) < 0)
        return REASON_STATE_UNAVAILABLE;
    facts->boot = gather_boot_time();
    facts->account_busy = busy;
    facts->identity_disabled = gate->identity.disabled;
    /* A home of another authority is cleared away before the session begins; attesting reads no environment. */
    facts->environment_forgeable = fits && !gate->attested && gate_environment_forgeable(gate);
    facts->service = gate->question.service;
    return REASON_PERMIT;
}

enum reason gate_decide(struct gate *gate)
{
    enum reason reason = gather(gate);

    if (reason != REASON_PERMIT)
        return reason;
    gate->decision = decide(&gate->facts, &gate->policies);
    return gate->decision.verdict == VERDICT_PERMIT || gate->decision.observed ? REASON_PERMIT : gate->decision.reason;
}

/*
 * In account and setcred of a login by key alone sshd has the variable set, and empty: what opened the connection is told at open, which
 * sshd heeds and which judges the whole.
 */
static int is_key_login(const struct gate *gate)
{
    return gate->question.auth_info && !gate->question.auth_info[0];
}

/* A host that observes asks also where no rule takes an answer yet: what comes is recorded. */
static int asks_for_credentials(const struct gate *gate, const char *service)
{
    return service && (service_opens_agents(&gate->policies, service) ||
                       (gate->observe && strcmp(service, RULE_DEFAULT_SERVICE) == 0));
}

static enum reason find_grant(struct gate *gate)
{
    enum reason reason;

    if (!asks_for_credentials(gate, gate->question.service))
        return REASON_NOT_AN_AGENT_LOGIN;
    if (gate->step == STEP_LOGIN)
        return gate_credential(gate);
    reason = find_pending(gate);
    if (reason != REASON_PENDING_MISSING)
        return reason;
    if (gate->step == STEP_OPEN)
        return gate_has_certificate(gate) ? gate_certificate(gate) : reason;
    if (!is_key_login(gate) || anchors_take_certificates() != 1)
        return reason;
    gate->is_later = 1;
    gate->detail = "a login by key: open judges what opened it";
    return REASON_PERMIT;
}

static enum reason decide_step(struct gate *gate)
{
    enum reason reason;

    if (gate_is_visit(gate))
        return gate_visit(gate);
    reason = refuse_foreign(gate);
    if (reason == REASON_PERMIT)
        reason = gate_find_account(gate);
    if (reason == REASON_PERMIT)
        reason = find_grant(gate);
    if (reason == REASON_PERMIT && !gate->is_later)
        reason = gate_decide(gate);
    if (reason != REASON_PERMIT)
        return reason;
    if (gate->step == STEP_LOGIN)
        return put_pending(gate);
    return gate->step == STEP_OPEN ? gate_open_session(gate) : REASON_PERMIT;
}

/* --- the answer --- */

/* What was verified: the credential, or nothing yet but that of the session that it is to attest. */
static const struct grant *known_grant(const struct gate *gate)
{
    if (gate->grant.task[0])
        return &gate->grant;
    return gate->attested ? &gate->attested->grant : NULL;
}

/* Is this, which is no permit, let be? An attestation leaves nothing to anybody else. */
static int is_let_be(const struct gate *gate, enum reason reason)
{
    return gate->observe && gate->step != STEP_ATTEST && !reason_is_order(reason);
}

enum reason gate_record(const struct gate *gate, const char *step, const char *session, enum reason reason,
                        char *reference)
{
    const struct question *question = &gate->question;
    const struct grant *grant = known_grant(gate);
    int observed = reason == REASON_PERMIT ? gate->decision.observed : is_let_be(gate, reason);
    const struct record record = {
        .reason = reason == REASON_PERMIT && observed ? gate->decision.reason : reason,
        .step = step,
        .phase = question->phase,
        .service = question->service,
        .source = gate->source,
        .run_as = question->run_as,
        .argv = question->argc ? question->argv : NULL,
        .argc = question->argc,
        .account = gate->identity.account[0] ? gate->identity.account : question->user,
        .identity = grant                  ? grant->identity
                    : gate->identity.id[0] ? gate->identity.id
                                           : NULL,
        .delegator = grant && grant->delegator[0] ? grant->delegator : NULL,
        .principal = grant ? grant->principal : NULL,
        .possession = grant && grant->possession != POSSESSION_UNSET ? possession_word(grant->possession) : NULL,
        .issuer = grant ? grant->issuer : NULL,
        .task = grant ? grant->task : NULL,
        .purpose = grant ? grant->purpose : NULL,
        .rule = gate->decision.rule,
        .rule_where = gate->decision.rule_where,
        .session = session,
        .detail = gate->detail,
        .observed = observed,
        .secrets = gate->host.id[0] ? &gate->host.secrets : &secrets_all,
    };

    return record_write(&record, reference) < 0 ? REASON_RECORD_FAILED : reason;
}

static const char *verdict_word(const struct gate *gate, enum reason reason)
{
    if (reason == REASON_PERMIT)
        return gate->decision.observed ? "observe" : "permit";
    return is_let_be(gate, reason) ? "observe" : "deny";
}

static int reply(const struct gate *gate, enum reason reason, const char *reference)
{
    const struct answer answer = {
        .verdict = verdict_word(gate, reason),
        .reason = reason_word(reason == REASON_PERMIT && gate->decision.observed ? gate->decision.reason : reason),
        .reference = reference,
        .session = reason == REASON_PERMIT && gate->session[0] ? gate->session : NULL,
        .adopt = reason == REASON_PERMIT && gate->adopt ? "1" : NULL,
        .apart = reason == REASON_PERMIT && gate->apart ? "1" : NULL,
    };
    char buf[ANSWER_MAX];
    size_t len;
    int r = answer_write(&answer, buf, sizeof buf, &len);

    return r < 0 ? r : packet_send(GATE_SOCKET, buf, len, deadline_in(ASK_TIMEOUT_MS));
}

/* Was there no sweep for a while? One whose time lies ahead was before the clock was set back. */
static int is_sweep_due(void)
{
    time_t now = (time_t)clock_wall_seconds();
    struct stat st;

    return lstat(PATH_SWEPT, &st) < 0 || st.st_mtime > now || now - st.st_mtime > SWEEP_EVERY;
}

static void serve_step(struct gate *gate)
{
    static char buf[MESSAGE_MAX];
    char reference[REFERENCE_SIZE] = "", source[64];
    enum reason reason = read_question(gate, buf), recorded = reason;

    gate_read_host(gate);
    if (reason == REASON_PERMIT) {
        gate->source = find_source(gate, source, sizeof source);
        reason = decide_step(gate);
    }
    if (gate->question.step)
        recorded = gate_record(gate, gate->question.step, gate->session, reason, reference);
    if (reason == REASON_PERMIT) /* a refusal stays what it is: an order is one, recorded or not */
        reason = recorded;
    if (reason != REASON_PERMIT && gate->session[0])
        gate_abandon_session(gate);
    if (gate->session[0])
        gate_attest_others(gate);
    if (reply(gate, reason, reference) < 0 && gate->session[0]) {
        gate_abandon_session(gate); /* nobody heard the permit */
    } else if (gate->session[0]) {
        gate_confirm_session();
        if (is_sweep_due())
            sweeper_start();
    }
}

static void serve_attest(struct gate *gate, const char *id)
{
    char reference[REFERENCE_SIZE] = "";
    enum reason reason = gate_attest(gate, id), recorded;

    recorded = gate_record(gate, gate->question.step, gate->session, reason, reference);
    if (recorded == REASON_PERMIT) {
        recorded = gate_attest_session(gate);
        if (recorded != REASON_PERMIT)
            recorded = gate_record(gate, gate->question.step, gate->session, recorded, reference);
    }
    (void)!reply(gate, recorded, reference);
}

int main(int argc, char **argv)
{
    static struct gate gate; /* large: a scope */

    if (getuid() != 0 || geteuid() != 0)
        return 2;
    (void)umask(077);
    (void)alarm(PATIENCE_SECONDS + 30);
    answer_by = deadline_in(ANSWER_MS);
    if (argc == 3 && strcmp(argv[1], "attest") == 0)
        serve_attest(&gate, argv[2]);
    else
        serve_step(&gate);
    return 0;
}
