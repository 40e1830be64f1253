#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ask/packet.h"
#include "core/clock.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/proc.h"
#include "core/text.h"
#include "judge/gather.h"
#include "judge/policy_store.h"
#include "judge/record.h"
#include "session/guard.h"

#define ANSWER_MS 100 /* to hand an answer to a client that does not read */

struct asker {
    struct process process;
};

/* The process at the other end, by the kernel's word. Only root asks: sudo and su run with effective uid 0. */
static int identify(int fd, struct asker *ret)
{
    struct ucred peer;
    socklen_t len = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || peer.uid != 0)
        return -EPERM;
    return process_read(peer.pid, &ret->process);
}

/* Does the asker belong to this session? By its audit session where that is the session's alone, else by descent. */
static int is_ours(const struct guard *guard, const struct asker *asker)
{
    const struct session *session = &guard->session;

    if (session->audit != AUDIT_UNSET && process_audit_session(asker->process.pid) == session->audit)
        return 1;
    return process_descends(asker->process.pid, session->leader, session->leader_start);
}

/* --- approvals --- */

static void approve(struct guard *guard, const struct asker *asker, const char *run_as)
{
    struct approval *approval = &guard->approvals[guard->next_approval++ % APPROVALS_MAX];

    approval->pid = asker->process.pid;
    approval->start = asker->process.start;
    if (text_copy(approval->run_as, sizeof approval->run_as, run_as) < 0)
        approval->pid = 0;
}

/* Was the command of this sudo process approved, for this user? Had once. */
static int take_approval(struct guard *guard, const struct asker *asker, const char *run_as)
{
    for (size_t i = 0; i < APPROVALS_MAX; i++) {
        struct approval *approval = &guard->approvals[i];

        if (approval->pid != asker->process.pid || approval->start != asker->process.start)
            continue;
        approval->pid = 0;
        return text_equal(approval->run_as, run_as);
    }
    return 0;
}

/* --- the decision --- */

static int is_sudo(const struct question *question)
{
    return text_equal(question->service, "sudo") || text_equal(question->service, "sudo-i");
}

static int identity_disabled(const struct guard *guard, int *ret)
{
    CLEANUP(close_fd) int fd = -1;
    struct identity identity;
    int r = identities_open(PATH_IDENTITIES, &fd);

    if (r == 0)
        r = identities_by_account(fd, guard->session.grant.account, &identity);
    if (r < 0 && r != -ENOENT)
        return r;
    *ret = r == -ENOENT || identity.disabled || identity.uid != guard->session.grant.uid;
    return 0;
}

static int is_agent_account(const char *account, int *ret)
{
    CLEANUP(close_fd) int fd = -1;
    struct identity identity;
    int r = identities_open(PATH_IDENTITIES, &fd);

    if (r == 0)
        r = identities_by_account(fd, account, &identity);
    if (r < 0 && r != -ENOENT)
        return r;
    *ret = r == 0;
    return 0;
}

/* Refusals that need no policy. */
static enum reason refuse_form(const struct guard *guard, const struct question *question, enum step step)
{
    int agent = 0;

    if (guard->phase != RUNNING)
        return REASON_SESSION_ENDING;
    /* What its record would leave out could be the very part that matters: no record, no permit. */
    if (question->argc && !record_holds_command(question->argv, question->argc))
        return REASON_TOO_LARGE;
    if (step == STEP_COMMAND)
        return question->run_as && is_agent_account(question->run_as, &agent) < 0 ? REASON_STATE_UNAVAILABLE
               : agent                                                            ? REASON_TARGET_IS_AGENT
                                                                                  : REASON_PERMIT;
    if (!is_sudo(question))
        return REASON_SERVICE_REFUSED;
    return step == STEP_SUDO ? REASON_PERMIT : REASON_PASSWORD_UNSUPPORTED;
}

static int gather(struct guard *guard, const struct question *question, enum step step, const struct asker *asker,
                  struct facts *facts)
{
    int r = gather_grant(&guard->session.grant, clock_wall_seconds(), facts);

    if (r == 0)
        r = identity_disabled(guard, &facts->identity_disabled);
    if (r < 0)
        return r;
    facts->step = step;
    facts->session_deadline = guard->session.deadline;
    facts->service = question->service;
    facts->run_as = question->run_as;
    facts->argv = question->argc ? question->argv : NULL;
    facts->argc = question->argc;
    if (step == STEP_SUDO && text_equal(question->phase, "open")) {
        facts->approval_required = 1;
        facts->approved = take_approval(guard, asker, question->run_as);
    }
    return 0;
}

static struct decision judge(struct guard *guard, const struct question *question, enum step step,
                             const struct asker *asker, struct policy_set *policies)
{
    struct decision decision = {.verdict = VERDICT_DENY, .reason = refuse_form(guard, question, step)};
    struct facts facts = {.step = step};

    if (decision.reason != REASON_PERMIT)
        return decision;
    decision.reason = REASON_STATE_UNAVAILABLE;
    if (policy_of_account(guard->session.grant.account, policies) < 0 ||
        gather(guard, question, step, asker, &facts) < 0)
        return decision;
    return decide(&facts, policies);
}

enum reason guard_record(const struct guard *guard, const struct question *question, const struct decision *decision,
                         char *reference)
{
    const struct grant *grant = &guard->session.grant;
    const struct record record = {
        .reason = decision->reason,
        .step = question->step,
        .phase = question->phase,
        .service = question->service,
        .source = grant->source,
        .run_as = question->run_as,
        .argv = question->argc ? question->argv : NULL,
        .argc = question->argc,
        .account = grant->account,
        .identity = grant->identity,
        .issuer = grant->issuer,
        .task = grant->task,
        .purpose = grant->purpose,
        .rule = decision->rule,
        .rule_where = decision->rule_where,
        .session = guard->session.id,
        .observed = question->observe,
    };

    return record_write(&record, reference) < 0 ? REASON_RECORD_FAILED : decision->reason;
}

/* --- questions --- */

static void answer(int fd, const char *verdict, enum reason reason, const char *reference)
{
    const struct answer answer = {.verdict = verdict, .reason = reason_word(reason), .reference = reference};
    char buf[1024];
    size_t len;

    if (answer_write(&answer, buf, sizeof buf, &len) == 0)
        (void)!packet_send(fd, buf, len, deadline_in(ANSWER_MS));
}

static void answer_step(struct guard *guard, int fd, const struct question *question, enum step step,
                        const struct asker *asker)
{
    struct policy_set policies = {0};
    struct decision decision = judge(guard, question, step, asker, &policies);
    char reference[REFERENCE_SIZE] = "";
    enum reason reason = guard_record(guard, question, &decision, reference);
    int permit = decision.verdict == VERDICT_PERMIT && reason == REASON_PERMIT;

    if (permit && step == STEP_COMMAND)
        approve(guard, asker, question->run_as);
    answer(fd, permit ? "permit" : "deny", reason, reference);
    policy_set_clear(&policies);
}

static void answer_question(struct guard *guard, int fd, const struct question *question, const struct asker *asker)
{
    int step = step_parse(question->step);

    if (strcmp(question->step, "recheck") == 0) {
        guard_recheck(guard);
        if (guard->phase == RUNNING)
            answer(fd, "permit", REASON_PERMIT, NULL);
        else
            answer(fd, "deny", REASON_SESSION_ENDING, NULL);
    } else if (step == STEP_CLOSE) {
        if (asker->process.pid == guard->session.leader)
            guard_end(guard, REASON_PERMIT);
        answer(fd, "permit", REASON_PERMIT, NULL);
    } else if (!is_ours(guard, asker)) {
        answer(fd, "elsewhere", REASON_SESSION_NOT_FOUND, NULL);
    } else if (step < 0) {
        answer(fd, "deny", REASON_BAD_QUESTION, NULL);
    } else {
        answer_step(guard, fd, question, (enum step)step, asker);
    }
}

void guard_serve(struct guard *guard, struct client *client)
{
    static char buf[MESSAGE_MAX];
    static struct question question;
    struct asker asker;
    size_t len;
    int r = packet_receive(client->fd, buf, sizeof buf, deadline_in(0), &len);

    if (r == -ETIMEDOUT)
        return; /* nothing there after all */
    if (r == 0 && identify(client->fd, &asker) == 0) {
        if (question_read(buf, len, &question) < 0)
            answer(client->fd, "deny", REASON_BAD_QUESTION, NULL);
        else
            answer_question(guard, client->fd, &question, &asker);
    }
    close(client->fd);
    client->fd = -1;
}
