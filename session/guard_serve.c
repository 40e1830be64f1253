#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ask/packet.h"
#include "core/clock.h"
#include "core/text.h"
#include "judge/cgroup.h"
#include "judge/policy_store.h"
#include "judge/record.h"
#include "judge/session_process.h"
#include "session/guard.h"
#include "session/guard_sudo.h"

#define OWN_MESSAGE_MAX 1024 /* the account's questions are short */

/* --- the decision --- */

static int is_sudo(const struct question *question)
{
    return text_equal(question->service, "sudo") || text_equal(question->service, "sudo-i");
}

/* Is it an agent that the command would run as? Behind the name may stand a group, and what no rule speaks of (sudo_agent/command.h). */
static enum reason refuse_target(struct guard *guard, const char *run_as)
{
    char user[ACCOUNT_NAME_MAX + 1] = "";
    size_t len = run_as ? strcspn(run_as, ": ") : 0;
    int is_agent = 0;

    if (len > 0 && len < sizeof user) {
        memcpy(user, run_as, len);
        is_agent = guard_is_agent(guard, user);
    }
    if (is_agent < 0)
        return REASON_STATE_UNAVAILABLE;
    return is_agent ? REASON_TARGET_IS_AGENT : REASON_PERMIT;
}

/* What is not known to be none is taken for one. */
static const struct secrets *guard_secrets(const struct guard *guard)
{
    return guard->host.id[0] ? &guard->host.secrets : &secrets_all;
}

/* Refusals that need no policy. */
static enum reason refuse_form(struct guard *guard, const struct question *question, enum step step)
{
    if (guard->phase >= ENDS)
        return REASON_SESSION_ENDING;
    if (guard->phase == FROZEN)
        return guard->frozen;
    /* What its record would leave out could be the very part that matters: no record, no permit. */
    if (question->argc && !record_holds_command(question->argv, question->argc, guard_secrets(guard)))
        return REASON_TOO_LARGE;
    if (step != STEP_COMMAND && !is_sudo(question))
        return REASON_SERVICE_REFUSED;
    return step == STEP_COMMAND || step == STEP_SUDO ? refuse_target(guard, question->run_as)
                                                     : REASON_PASSWORD_UNSUPPORTED;
}

static int is_open(const struct question *question, enum step step)
{
    return step == STEP_SUDO && text_equal(question->phase, "open");
}

static struct decision judge(struct guard *guard, const struct question *question, enum step step, int approved)
{
    struct decision decision = {.verdict = VERDICT_DENY, .reason = refuse_form(guard, question, step)};
    struct facts facts = {
        .observe = question->observe,
        .session_deadline = guard->due.deadline.wall,
        .steps_permitted = guard->budget.steps,
        .steps_last_minute = budget_last_minute(&guard->budget, clock_boot_ms()),
        .service = question->service,
        .run_as = question->run_as,
        .own_group = question->own_group,
        .argv = question->argc ? question->argv : NULL,
        .argc = question->argc,
        .approval_required = is_open(question, step),
        .approved = approved,
    };

    if (decision.reason != REASON_PERMIT)
        return decision;
    if (guard_facts(guard, step, &facts) < 0) {
        decision.reason = guard_ended_by(&facts.standing); /* what is known, whatever could not be read */
        if (decision.reason == REASON_PERMIT)
            decision.reason = REASON_STATE_UNAVAILABLE;
        return decision;
    }
    return decide(&facts, &guard->stores.policies);
}

static struct record describe(const struct guard *guard, const struct question *question,
                              const struct decision *decision, const char *detail)
{
    const struct grant *grant = &guard->session.grant;

    return (struct record){
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
        .delegator = grant->delegator[0] ? grant->delegator : NULL,
        .principal = grant->principal,
        .issuer = grant->issuer,
        .task = grant->task,
        .purpose = grant->purpose,
        .rule = decision->rule,
        .rule_where = decision->rule_where,
        .session = guard->session.id,
        .detail = detail,
        .observed = decision->observed,
        .secrets = guard_secrets(guard),
    };
}

enum reason guard_record(const struct guard *guard, const struct question *question, const struct decision *decision,
                         const char *detail, char *reference)
{
    const struct record record = describe(guard, question, decision, detail);

    return record_write(&record, reference) < 0 ? REASON_RECORD_FAILED : decision->reason;
}

/* --- steps --- */

/* A refusal by a rule, a scope or a limit; not one that the agent has no part in, or that would have been permitted a little later. */
static int is_denial(enum reason reason)
{
    switch (reason) {
    case REASON_PERMIT:
    case REASON_STATE_UNAVAILABLE:
    case REASON_RECORD_FAILED:
    case REASON_INTERNAL:
    case REASON_STOPPED:
    case REASON_TASK_SUSPENDED:
    case REASON_TOO_FAST:
        return 0;
    default:
        return 1;
    }
}

static int counts(const struct guard *guard, enum step step, enum reason reason, int observed)
{
    return guard->phase == RUNNING && (step == STEP_SUDO || step == STEP_COMMAND) && !observed && is_denial(reason);
}

static void count_step(struct guard *guard, enum step step, enum reason reason, int observed)
{
    guard->steps++;
    if (reason != REASON_PERMIT)
        guard->refusals++;
    if (counts(guard, step, reason, observed) && ++guard->denials > guard->limits.max_denials &&
        guard->limits.max_denials)
        guard_trip(guard);
}

/* What the command starts is the host's: its sudo leaves the session's cgroup, and pam_agent takes it out of the audit session. */
static const char *leave_service(const struct guard *guard, const struct process *asker)
{
    if (guard->session.cgroup[0])
        (void)!cgroup_leave(guard->session.cgroup, asker->pid);
    return "service";
}

static int observes(const struct guard *guard, const struct question *question)
{
    return question->observe || guard->host.mode == MODE_OBSERVE;
}

/* Refused, and let be: by the decision, or because the host or the stack refuses nothing but by orders. */
static int is_let_be(const struct guard *guard, const struct question *question, const struct decision *decision)
{
    if (decision->verdict == VERDICT_PERMIT || decision->observed || reason_is_order(decision->reason))
        return decision->observed;
    return observes(guard, question);
}

static const char *verdict_word(const struct guard *guard, const struct question *question,
                                const struct decision *decision, enum reason recorded)
{
    if (decision->verdict != VERDICT_PERMIT && !decision->observed)
        return "deny";
    if (recorded == REASON_RECORD_FAILED)
        return observes(guard, question) ? "observe" : "deny";
    return decision->observed ? "observe" : "permit";
}

/* The command of a sudo that has no approval plug-ins. 1: the question has it, and the step is that of its command. */
static int ask_arguments(const struct guard *guard, struct question *question, const struct process *asker)
{
    return text_equal(question->service, "sudo") && guard->host.sudo_by_arguments &&
           sudo_command(asker->pid, question) == 0;
}

/* What the open of a session is decided with: the command, whose approval alone knows it, or else the arguments of sudo. 1: it was approved. */
static int find_command(struct guard *guard, struct question *question, enum step *step, const struct process *asker,
                        struct approval *ret_approval)
{
    if (!is_open(question, *step))
        return 0;
    if (approval_take(&guard->approvals, asker, question->run_as, ret_approval)) {
        approval_describe(ret_approval, question);
        return 1;
    }
    if (ask_arguments(guard, question, asker))
        *step = STEP_COMMAND;
    return 0;
}

/* The command of what goes on by an approval stands in the log with that. */
static struct record describe_step(const struct guard *guard, const struct question *question,
                                   const struct decision *decision, int approved)
{
    struct record record = describe(guard, question, decision, NULL);

    if (approved && (decision->verdict == VERDICT_PERMIT || decision->observed)) {
        record.argv = NULL;
        record.argc = 0;
    }
    return record;
}

static void let_go_on(struct guard *guard, const struct question *question, enum step step, int opens,
                      const struct process *asker)
{
    if (step != STEP_COMMAND)
        return;
    budget_spend(&guard->budget, clock_boot_ms());
    if (!opens && !text_equal(question->phase, PHASE_SUBCOMMAND))
        approval_give(&guard->approvals, asker, question);
}

static void answer_step(struct guard *guard, int fd, struct question *question, enum step step,
                        const struct process *asker)
{
    CLEANUP(approval_clear) struct approval approval = {.pid = 0};
    int opens = is_open(question, step);
    int approved = find_command(guard, question, &step, asker, &approval);
    struct decision decision = judge(guard, question, step, approved);
    char reference[REFERENCE_SIZE] = "";
    struct answer answer = {.reference = reference};
    struct record record;
    enum reason reason;
    int goes_on, appended;

    decision.observed = is_let_be(guard, question, &decision);
    record = describe_step(guard, question, &decision, approved);
    appended = record_append(&record, reference);
    reason = appended < 0 ? REASON_RECORD_FAILED : decision.reason;
    answer.verdict = verdict_word(guard, question, &decision, reason);
    answer.reason = reason_word(reason);
    goes_on = strcmp(answer.verdict, "deny") != 0;
    if (goes_on)
        let_go_on(guard, question, step, opens, asker);
    if (goes_on && opens && question->argc && decision.leaves_service) /* of a known command */
        answer.leaves = leave_service(guard, asker);
    guard_answer(fd, &answer);
    record_tell(&record, appended, reference);
    count_step(guard, step, reason, decision.observed);
    if (opens) /* it hardly asks again, and nobody waits now */
        asker_forget(&guard->asker);
}

/* The asker is not in this session. */
static void point_elsewhere(int fd)
{
    guard_answer(fd, &(struct answer){.verdict = "elsewhere", .reason = reason_word(REASON_SESSION_NOT_FOUND)});
}

static void answer_question(struct guard *guard, int fd, struct question *question)
{
    const struct process *asker = &guard->asker.process;
    int step = step_parse(question->step);

    if (guard_verb(guard, fd, question))
        return;
    if (step == STEP_CLOSE) {
        if (asker->pid == guard->session.leader)
            guard_close(guard);
        guard_answer(fd, &(struct answer){.verdict = "permit", .reason = reason_word(REASON_PERMIT)});
    } else if (!asker_is_owned(&guard->asker, &guard->session)) {
        point_elsewhere(fd);
    } else if (step < 0) {
        guard_deny(fd, REASON_BAD_QUESTION);
    } else {
        answer_step(guard, fd, question, (enum step)step, asker);
    }
}

void guard_serve(struct guard *guard, struct client *client)
{
    static char buf[MESSAGE_MAX];
    static struct question question;
    size_t len;
    int r = packet_receive(client->fd, buf, sizeof buf, deadline_in(0), &len);

    if (r == -ETIMEDOUT) /* nothing so far */
        return;
    if (r == 0)
        r = asker_find(&guard->asker, client->fd, 0);
    if (r == 0)
        r = question_read(buf, len, &question);
    if (r == 0)
        answer_question(guard, client->fd, &question);
    else if (r == -EBADMSG)
        guard_deny(client->fd, REASON_BAD_QUESTION);
    close(client->fd);
    client->fd = -1;
}

void guard_serve_own(const struct guard *guard, int fd)
{
    static struct question question;
    char buf[OWN_MESSAGE_MAX];
    struct process asker;
    size_t len;
    int r = packet_receive(fd, buf, sizeof buf, deadline_in(CLIENT_MS), &len);

    (void)alarm(0); /* what is done now takes its time */
    if (r == 0)
        r = asker_read(fd, guard->session.grant.uid, &asker);
    if (r == -ETIMEDOUT || r == -EPERM)
        return;
    if (r == 0)
        r = question_read(buf, len, &question);
    if (r == 0 && !session_owns(&guard->session, asker.pid))
        point_elsewhere(fd);
    else if (r < 0 || !guard_verb_own(guard, fd, &question))
        guard_deny(fd, REASON_BAD_QUESTION);
}
