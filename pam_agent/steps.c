#include "pam_agent/steps.h"

#include <sys/prctl.h>

#include "ask/ask.h"
#include "ask/outcome.h"
#include "core/apart.h"
#include "pam_agent/conversation.h"
#include "pam_agent/login_uid.h"

/* --- whose are the processes that the caller starts --- */

/* Of a session without an audit session, orphans are found as long as they descend from this process. */
static void adopt_orphans(void)
{
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* Where a permit says so, in the caller: it starts the session or the command after this. 0, or -1: it cannot be had. */
static int take_place(const struct call *call, const struct outcome *outcome)
{
    if (call->phase != PHASE_OPEN || outcome->verdict == OUTCOME_DENY)
        return 0;
    if (call->kind == CALL_LOGIN && outcome->adopt)
        adopt_orphans();
    if (call->kind == CALL_INSIDE && outcome->leaves)
        login_uid_leave();
    return call->kind == CALL_LOGIN && outcome->apart && apart_enter() < 0 ? -1 : 0;
}

/* --- inside a session: its guard answers --- */

static void question_inside(const struct call *call, struct question *ret)
{
    if (call->phase == PHASE_AUTH) {
        call_question(call, "login", NULL, ret);
    } else if (call->phase == PHASE_OPEN) {
        call_question(call, "sudo", "open", ret);
        ret->run_as = call->user;
    } else {
        call_question(call, "sudo", "account", ret);
    }
}

/* 0: no session claims this process. */
static int ask_inside(const struct call *call, struct outcome *ret)
{
    struct question question;
    char claimant[SESSION_ID_LENGTH + 1] = "";

    question_inside(call, &question);
    return ask_guard(call->uid, call->memory ? call->memory->claimant : claimant, &question, ret);
}

/* gate records what comes from no session; whatever it says, it is refused. */
static void ask_stray(const struct call *call, struct outcome *ret)
{
    struct question question;

    question_inside(call, &question);
    ask_gate(&question, NULL, NULL, ret);
    if (ret->verdict == OUTCOME_PERMIT)
        outcome_refuse(ret, REASON_SESSION_NOT_FOUND);
}

/* --- the login of an agent: gate answers --- */

static void ask_login(const struct call *call, struct outcome *ret)
{
    struct question question;
    uint32_t before;
    int claimed = 0;

    switch (call->phase) {
    case PHASE_AUTH:
        call_question(call, "login", NULL, &question);
        ask_gate(&question, conversation_ask, call->pamh, ret);
        return;
    case PHASE_SETCRED:
        call_question(call, "setcred", NULL, &question);
        break;
    case PHASE_OPEN:
        call_question(call, "open", NULL, &question);
        claimed = login_uid_claim(call->user_uid, &before);
        break;
    default:
        call_question(call, "account", NULL, &question);
    }
    ask_gate(&question, NULL, NULL, ret);
    if (claimed && !ret->session[0]) /* whoever visits the account, too, stays who it was */
        login_uid_release(before);
}

/* --- one phase --- */

/*
 * setcred follows account and open of the same handle; sshd ignores its verdict after a key login, sudo always. Where it
 * is the first that this handle sees (sshd ran account in a child), gate is asked. 1: decided.
 */
static int setcred_follows(const struct call *call, struct outcome *ret)
{
    const struct outcome *before = memory_outcome(call->memory, PHASE_OPEN);

    if (!before)
        before = memory_outcome(call->memory, PHASE_ACCOUNT);
    if (before)
        *ret = *before;
    else if (call->kind == CALL_INSIDE)
        outcome_refuse(ret, REASON_SESSION_NOT_FOUND);
    else
        return 0;
    ret->session[0] = '\0';
    return 1;
}

/* A setcred that was refused and that the application ignored is refused at open. */
static int open_follows(const struct call *call, struct outcome *ret)
{
    if (!memory_denies(call->memory, PHASE_SETCRED))
        return 0;
    *ret = *memory_outcome(call->memory, PHASE_SETCRED);
    return 1;
}

static void decide(const struct call *call, struct outcome *ret)
{
    if (call->phase == PHASE_SETCRED && setcred_follows(call, ret))
        return;
    if (call->phase == PHASE_OPEN && open_follows(call, ret))
        return;
    if (call->kind == CALL_LOGIN)
        ask_login(call, ret);
    else if (ask_inside(call, ret) == 0)
        ask_stray(call, ret);
    /* No rule lets an agent change a password. */
    if (call->phase == PHASE_CHAUTHTOK && ret->verdict == OUTCOME_PERMIT)
        outcome_refuse(ret, REASON_SERVICE_REFUSED);
}

/* What this handle has decided in this phase before stands. setcred has no verdict of its own: it follows the others. */
static int remembered(const struct call *call, struct outcome *ret)
{
    const struct outcome *before = memory_outcome(call->memory, call->phase);

    if (!before || (call->phase == PHASE_SETCRED && before->verdict == OUTCOME_PERMIT))
        return 0;
    *ret = *before;
    return 1;
}

static void take(const struct call *call, struct outcome *ret)
{
    decide(call, ret);
    memory_put(call->memory, call->phase, ret);
    if (take_place(call, ret) == 0)
        return;
    memory_close_session(call->memory);
    outcome_refuse(ret, REASON_ISOLATION_UNAVAILABLE);
    memory_put(call->memory, call->phase, ret);
}

/* Before anything is asked: what cannot be remembered cannot be closed either. */
static int begin_memory(struct call *call)
{
    if (!call->memory)
        call->memory = memory_begin(call->pamh, call->user, call->service);
    if (!call->memory)
        return -1;
    call->memory->inside = call->kind == CALL_INSIDE;
    call->memory->uid = call->kind == CALL_INSIDE ? call->uid : call->user_uid;
    return 0;
}

/* Close and giving credentials back always work, and end what was opened. */
static int only_cleans_up(const struct call *call)
{
    return call->phase == PHASE_CLOSE || (call->phase == PHASE_SETCRED && (call->flags & PAM_DELETE_CRED));
}

static enum verdict refuse(const struct call *call, const struct outcome *outcome, int show)
{
    call_debug(call, "refused:", reason_word(outcome->reason));
    if (call->args.observe && !reason_is_order(outcome->reason))
        return VERDICT_PASS; /* nobody could be asked */
    if (show && !(call->flags & PAM_SILENT))
        conversation_refuse(call->pamh, outcome);
    return VERDICT_REFUSE;
}

static enum verdict conclude(const struct call *call, const struct outcome *outcome, int show)
{
    switch (outcome->verdict) {
    case OUTCOME_PERMIT:
        call_debug(call, "permitted", "");
        return VERDICT_GRANT;
    case OUTCOME_OBSERVE:
        call_debug(call, "observed:", reason_word(outcome->reason));
        return VERDICT_PASS;
    case OUTCOME_DENY:
        break;
    }
    return refuse(call, outcome, show);
}

/*
 * Root with the login uid of an agent. Nothing is refused unless a guard says that this process is of its session: a human
 * must not be locked out because sshd or cron was once restarted by an agent. setcred alone decides nothing anyway.
 */
static enum verdict take_trace(struct call *call)
{
    struct outcome outcome;

    if (call->phase == PHASE_SETCRED || ask_inside(call, &outcome) == 0)
        return VERDICT_PASS;
    call->kind = CALL_INSIDE;
    if (call->args.broken || begin_memory(call) < 0)
        outcome_refuse(&outcome, REASON_INTERNAL);
    else
        memory_put(call->memory, call->phase, &outcome);
    return conclude(call, &outcome, 1);
}

static enum verdict clean_up(struct call *call)
{
    if (call->memory && call->phase == PHASE_CLOSE)
        memory_close_session(call->memory);
    /* A handle that began as an agent's stays one, whatever has become of PAM_USER. */
    return call->memory || call->kind == CALL_LOGIN || call->kind == CALL_INSIDE ? VERDICT_GRANT : VERDICT_PASS;
}

enum verdict steps_take(struct call *call)
{
    struct outcome outcome;
    int again;

    outcome_refuse(&outcome, REASON_INTERNAL);
    if (only_cleans_up(call))
        return clean_up(call);
    if (call->kind == CALL_OTHERS)
        return VERDICT_PASS;
    if (call->kind == CALL_TRACE)
        return take_trace(call);
    if (call->kind == CALL_CHANGED) {
        outcome_refuse(&outcome, REASON_ALIAS);
        return refuse(call, &outcome, 1);
    }
    call_debug(call, "agent's call,", call->kind == CALL_LOGIN ? "a login" : "inside a session");
    if (call->args.broken || begin_memory(call) < 0)
        return refuse(call, &outcome, 1);
    again = remembered(call, &outcome);
    if (!again)
        take(call, &outcome);
    return conclude(call, &outcome, !again);
}
