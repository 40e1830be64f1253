/*
 * The decision. Facts and policy in, decision out; no clock, file, lock or log inside.
 */
#ifndef PAM_AGENT_DECIDE_H
#define PAM_AGENT_DECIDE_H

#include <stddef.h>
#include <stdint.h>

#include "core/reason.h"
#include "judge/policy.h"
#include "judge/standing.h"

/*
 * attest: does this credential attest the session again? Decided like a login, but for what a login alone can meet: a forgeable
 * environment, an earlier boot, a busy account. recheck: may the session go on? Decided like a login, without what was settled when
 * it was opened (these, lifetime, possession, replay, windows of time), without the expiry, which is in the guard's deadline, and without stop and
 * suspension, which do not end a session: the guard freezes it by them itself.
 */
enum step {
    STEP_LOGIN,
    STEP_ACCOUNT,
    STEP_SETCRED,
    STEP_OPEN,
    STEP_CLOSE,
    STEP_SUDO,
    STEP_COMMAND,
    STEP_ATTEST,
    STEP_RECHECK
};

/* No single flipped bit turns one into the other; everything but PERMIT refuses. */
enum judgement { VERDICT_DENY = 0x2d5a, VERDICT_PERMIT = 0x52a5 };

#define FACTS_SCOPES_MAX 2

struct facts {
    enum step step;
    int64_t now;  /* seconds since the epoch */
    int64_t boot; /* when the host booted, the same clock */

    /* who and for what; from a verified credential */
    const char *account, *identity, *issuer, *task, *purpose; /* purpose may be NULL */
    const char *principal;                                    /* on whose behalf; NULL: the agent's own */
    const char *delegator;                                    /* whose credential was delegated; NULL: it was not */
    uint32_t ancestors;         /* credentials that it derives from; in a session: the most of those that attested it */
    int delegatee_proven;       /* by a JWT-SVID: who acts was not told by the account alone */
    int64_t issued, expires;    /* in a session: of the credential that attested it last */
    enum possession possession; /* proven */
    struct {
        const char *text;
        size_t len;
    } scopes
        [FACTS_SCOPES_MAX]; /* each must allow the step: of the login's credential, and of the one that attested last */
    size_t scope_count;

    /* state */
    int identity_disabled, environment_forgeable, account_busy;
    struct standing standing;    /* judge/standing.h */
    enum level sensitivity;      /* of the host; LEVEL_UNSET is low */
    enum level task_sensitivity; /* as the credentials say, the higher one; LEVEL_UNSET: none does */
    uint32_t logins;             /* sessions this credential has opened */
    int64_t session_deadline;    /* 0: none yet */
    int session_ending;
    uint64_t steps_permitted;   /* commands of this session so far */
    uint32_t steps_last_minute; /* of them, in the last 60 seconds */

    /* the step */
    int observe; /* the host, or the stack, refuses nothing but orders (core/reason.h) */
    const char *service;
    const char *source;      /* of the login, numeric address; NULL: not known */
    const char *run_as;      /* USER, or USER:GROUP of another group; NULL: not known yet (account phase of sudo) */
    const char *own_group;   /* name of the group that is the run-as user's own; NULL: not known */
    const char *const *argv; /* resolved command first; NULL: not known yet */
    size_t argc;
    int approved;          /* at open of sudo: the approval of this process was found */
    int approval_required; /* at open of sudo */
};

struct decision {
    enum judgement verdict;
    enum reason reason;
    const char *rule, *rule_where; /* policy name and where; NULL: no rule decided. Point into the policy set. */
    /*
     * Refused by policy or time, where all that is of the session observes, or the host does: the refusal is recorded, the step is left to
     * the other modules, and the session goes on as if it were permitted. What something else refuses, too, is refused for that.
     */
    int observed;
    struct limits limits; /* the strictest of the policies that apply, defaults filled in: what a permit is bound to */
    int64_t session_deadline; /* login and open: when the session must end, as long as nothing attests it again */
    int leaves_service;       /* sudo and command: what the command leaves behind is the host's */
};

struct decision decide(const struct facts *facts, const struct policy_set *policies);

/* Does a rule of these policies open logins of this service at all? 1 or 0. */
int service_opens_agents(const struct policy_set *policies, const char *service);

const char *step_word(enum step step);
/* -1 for an unknown word. */
int step_parse(const char *word);

#endif
