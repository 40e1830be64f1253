/*
 * The decision. Facts and policy in, decision out; no clock, file, lock or log inside.
 */
#ifndef PAM_AGENT_DECIDE_H
#define PAM_AGENT_DECIDE_H

#include <stddef.h>
#include <stdint.h>

#include "core/reason.h"
#include "judge/policy.h"

enum step { STEP_LOGIN, STEP_ACCOUNT, STEP_SETCRED, STEP_OPEN, STEP_CLOSE, STEP_SUDO, STEP_COMMAND };

/* No single flipped bit turns one into the other; everything but PERMIT refuses. */
enum verdict { VERDICT_DENY = 0x2d5a, VERDICT_PERMIT = 0x52a5 };

struct facts {
    enum step step;
    int64_t now;  /* seconds since the epoch */
    int64_t boot; /* when the host booted, the same clock */

    /* who and for what; from a verified credential */
    const char *account, *identity, *issuer, *task, *purpose; /* purpose may be NULL */
    int64_t issued, expires;
    enum possession possession; /* proven */
    const char *scope;
    size_t scope_len;

    /* state */
    int identity_disabled, environment_forgeable, account_busy;
    int task_completed;
    uint32_t logins;          /* sessions this credential has opened */
    int64_t session_deadline; /* 0: none yet */
    int session_ending;

    /* the step */
    const char *service;
    const char *source;      /* numeric address; NULL: not known */
    const char *run_as;      /* NULL: not known yet (account phase of sudo) */
    const char *const *argv; /* resolved command first; NULL: not known yet */
    size_t argc;
    int approved;          /* at open of sudo: the approval of this process was found */
    int approval_required; /* at open of sudo */
};

struct decision {
    enum verdict verdict;
    enum reason reason;
    const char *rule, *rule_where; /* policy name and where; NULL: no rule decided. Point into the policy set. */
    int64_t session_deadline;      /* login and open: when the session must end at the latest */
    uint32_t max_logins;
};

struct decision decide(const struct facts *facts, const struct policy_set *policies);

/* Does a rule of these policies open logins of this service at all? 1 or 0. */
int service_opens_agents(const struct policy_set *policies, const char *service);

const char *step_word(enum step step);
/* -1 for an unknown word. */
int step_parse(const char *word);

#endif
