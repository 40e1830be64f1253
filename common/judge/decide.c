#include "judge/decide.h"

#include <string.h>

#include "core/names.h"
#include "core/text.h"
#include "judge/rules.h"
#include "judge/scope.h"

static const char *const step_words[] = {"login", "account", "setcred", "open",   "close",
                                         "sudo",  "command", "attest",  "recheck"};

const char *step_word(enum step step)
{
    return (unsigned)step < COUNT_OF(step_words) ? step_words[step] : "";
}

int step_parse(const char *word)
{
    for (unsigned i = 0; i < COUNT_OF(step_words); i++)
        if (strcmp(step_words[i], word) == 0)
            return (int)i;
    return -1;
}

/* --- rules --- */

/* In rising order: of several rules the one that matches best decides, wherever it stands. */
enum match { MATCH_NO, MATCH_SOURCE_UNKNOWN, MATCH_RISK_TOO_HIGH, MATCH_YES, MATCH_LEAVES };

static enum match match_of(const struct rule *rule, enum condition missed)
{
    switch (missed) {
    case CONDITION_NONE:
        return rule->leaves_service ? MATCH_LEAVES : MATCH_YES;
    case CONDITION_SOURCE_UNKNOWN:
        return MATCH_SOURCE_UNKNOWN;
    case CONDITION_RISK:
        return MATCH_RISK_TOO_HIGH;
    default:
        return MATCH_NO;
    }
}

/* How the best of the rules of this kind, of the policies that apply, matches. */
static enum match find_rule(const struct facts *facts, const struct policy_set *policies, const struct limits *limits,
                            enum rule_kind kind, struct decision *decision)
{
    enum match best = MATCH_NO;

    for (size_t i = 0; i < policies->count; i++) {
        const struct policy *policy = &policies->policies[i];
        size_t count = policy_misses(policy, facts) == CONDITION_NONE ? policy->rule_count : 0;

        for (size_t j = 0; j < count; j++) {
            const struct rule *rule = &policy->rules[j];
            enum match match = rule->kind == kind ? match_of(rule, rule_misses(rule, facts, limits)) : MATCH_NO;

            if (match <= best)
                continue;
            best = match;
            decision->rule = policy->name;
            decision->rule_where = rule->where;
        }
    }
    return best;
}

/* What the best of the rules that allow makes of a step that none denies. */
static enum reason reason_of(enum match match)
{
    static const enum reason reasons[] = {
        [MATCH_NO] = REASON_NO_RULE,
        [MATCH_SOURCE_UNKNOWN] = REASON_SOURCE_UNKNOWN,
        [MATCH_RISK_TOO_HIGH] = REASON_RISK_TOO_HIGH,
        [MATCH_YES] = REASON_PERMIT,
        [MATCH_LEAVES] = REASON_PERMIT,
    };

    return reasons[match];
}

static enum reason check_rules(const struct facts *facts, const struct policy_set *policies,
                               const struct limits *limits, enum rule_kind allow, enum rule_kind deny,
                               struct decision *decision)
{
    enum match match = find_rule(facts, policies, limits, deny, decision);

    if (match != MATCH_NO)
        return match == MATCH_SOURCE_UNKNOWN ? REASON_SOURCE_UNKNOWN : REASON_DENIED_BY_RULE;
    match = find_rule(facts, policies, limits, allow, decision);
    decision->leaves_service = match == MATCH_LEAVES;
    return reason_of(match);
}

/* --- scope of the credentials --- */

/* Every one must allow it; a step without any is not allowed by all. */
static enum reason check_scopes(const struct facts *facts, const char *tool, const struct scope_arg *args, size_t count)
{
    enum reason reason = REASON_STATE_UNAVAILABLE;

    if (facts->scope_count > FACTS_SCOPES_MAX)
        return reason;
    for (size_t i = 0; i < facts->scope_count; i++) {
        reason = scope_allows(facts->scopes[i].text, facts->scopes[i].len, tool, args, count);
        if (reason != REASON_PERMIT)
            break;
    }
    return reason;
}

static enum reason check_login_scope(const struct facts *facts)
{
    const struct scope_arg args[] = {
        {.name = "account", .value = facts->account},
        {.name = "service", .value = facts->service},
    };

    return check_scopes(facts, "host:login", args, COUNT_OF(args));
}

static enum reason check_sudo_scope(const struct facts *facts)
{
    const struct scope_arg args[] = {
        {.name = "runas", .value = facts->run_as, .later = !facts->run_as},
        {.name = "command", .value = facts->argv ? facts->argv[0] : NULL, .later = !facts->argv},
        {.name = "args",
         .items = facts->argv ? facts->argv + 1 : NULL,
         .item_count = facts->argv ? facts->argc - 1 : 0,
         .absent = facts->argv && facts->argc == 1,
         .later = !facts->argv},
    };

    return check_scopes(facts, "host:sudo", args, COUNT_OF(args));
}

/* --- the steps --- */

/* What the host knows against the grant. A guard freezes by a stop and a suspension itself: no reason to end its session. */
static enum reason check_standing(const struct facts *facts)
{
    const struct standing *standing = &facts->standing;
    int freezes = facts->step != STEP_RECHECK;

    if (facts->identity_disabled)
        return REASON_IDENTITY_DISABLED;
    if (freezes && standing->stopped)
        return REASON_STOPPED;
    if (standing->task == TASK_REVOKED)
        return REASON_TASK_REVOKED;
    if (standing->revoked)
        return REASON_REVOKED;
    if (standing->task == TASK_COMPLETED)
        return REASON_TASK_COMPLETED;
    if (freezes && standing->task == TASK_SUSPENDED)
        return REASON_TASK_SUSPENDED;
    return REASON_PERMIT;
}

/* A delegated credential opens only what takes it from its delegator, as long as it does, or who proved to be the delegatee. */
static enum reason check_delegator(const struct facts *facts, const struct policy_set *policies)
{
    const struct words *delegators = &policies->delegators;
    size_t i = 0;

    if (!facts->delegator || facts->delegatee_proven)
        return REASON_PERMIT;
    while (i < delegators->count && !spiffe_pattern_matches(delegators->items[i], facts->delegator))
        i++;
    return i < delegators->count ? REASON_PERMIT : REASON_DELEGATEE_UNKNOWN;
}

static enum reason check_chain(const struct facts *facts, const struct limits *limits)
{
    return limits->max_chain && facts->ancestors >= limits->max_chain ? REASON_CHAIN_TOO_DEEP : REASON_PERMIT;
}

/* Of a credential that opens or attests a session now: whose it is, and that it was not used. */
static enum reason check_credential(const struct facts *facts, const struct limits *limits)
{
    if (facts->issued <= facts->boot) /* whole seconds: within the same one it may have been before */
        return REASON_BEFORE_BOOT;
    if (facts->possession == POSSESSION_UNSET ||
        (facts->possession == POSSESSION_BEARER && limits->possession != POSSESSION_BEARER))
        return REASON_POSSESSION_MISSING;
    if (facts->logins >= limits->max_logins)
        return REASON_REPLAYED;
    return REASON_PERMIT;
}

/* Of the same: what a good one is still held to. */
static enum reason check_strength(const struct facts *facts, const struct limits *limits)
{
    if (facts->step == STEP_RECHECK)
        return REASON_PERMIT;
    if (limits->max_lifetime && facts->expires - facts->issued > (int64_t)limits->max_lifetime)
        return REASON_LIFETIME_TOO_LONG;
    return facts->possession > limits->possession ? REASON_POSSESSION_TOO_WEAK : REASON_PERMIT;
}

static enum reason check_login(const struct facts *facts, const struct limits *limits)
{
    enum reason reason;

    if (facts->environment_forgeable)
        return REASON_ENVIRONMENT_FORGEABLE;
    reason = check_credential(facts, limits);
    if (reason == REASON_PERMIT && facts->account_busy)
        reason = REASON_ACCOUNT_BUSY;
    return reason;
}

/* The checks of a login that this step repeats. */
static enum reason check_authority(const struct facts *facts, const struct limits *limits)
{
    if (facts->step == STEP_RECHECK)
        return REASON_PERMIT;
    return facts->step == STEP_ATTEST ? check_credential(facts, limits) : check_login(facts, limits);
}

static enum reason check_session(const struct facts *facts)
{
    if (facts->session_ending)
        return REASON_SESSION_ENDING;
    if (facts->session_deadline <= facts->now)
        return REASON_SESSION_EXPIRED;
    return REASON_PERMIT;
}

/* Login, and what repeats it within the session. any: is there a policy that applies? */
static enum reason decide_authority(const struct facts *facts, const struct policy_set *policies, int any,
                                    struct decision *decision)
{
    const struct limits *limits = &decision->limits;
    enum reason reason = check_standing(facts);

    if (reason == REASON_PERMIT)
        reason = check_delegator(facts, policies);
    if (reason != REASON_PERMIT)
        return reason;
    if (facts->step != STEP_RECHECK && facts->expires <= facts->now)
        return REASON_EXPIRED;
    if (!any)
        return REASON_NO_POLICY;
    reason = check_chain(facts, limits);
    if (reason == REASON_PERMIT)
        reason = check_authority(facts, limits);
    if (reason == REASON_PERMIT)
        reason = check_strength(facts, limits);
    if (reason == REASON_PERMIT)
        reason = check_login_scope(facts);
    if (reason == REASON_PERMIT)
        reason = check_rules(facts, policies, limits, RULE_ALLOW_LOGIN, RULE_DENY_LOGIN, decision);
    return reason;
}

/* A session that must be attested outlives the credential that opened it. */
static int64_t deadline_of(const struct facts *facts, const struct limits *limits)
{
    int64_t longest = facts->now + limits->max_session;

    return limits->reattest_every || longest < facts->expires ? longest : facts->expires;
}

static enum reason decide_login(const struct facts *facts, const struct policy_set *policies, int any,
                                struct decision *decision)
{
    enum reason reason = decide_authority(facts, policies, any, decision);

    if (reason == REASON_PERMIT)
        decision->session_deadline = deadline_of(facts, &decision->limits);
    return reason;
}

/* What a sudo is counted by: before it knows its command nothing is permitted, and what it opens was counted. */
static enum reason check_budget(const struct facts *facts, const struct limits *limits)
{
    if (facts->step != STEP_COMMAND)
        return REASON_PERMIT;
    if (limits->max_steps && facts->steps_permitted >= limits->max_steps)
        return REASON_BUDGET_EXHAUSTED;
    if (limits->steps_per_minute && facts->steps_last_minute >= limits->steps_per_minute)
        return REASON_TOO_FAST;
    return REASON_PERMIT;
}

static enum reason check_question(const struct facts *facts)
{
    if ((facts->argv && facts->argc == 0) || (facts->step == STEP_COMMAND && (!facts->run_as || !facts->argv)))
        return REASON_BAD_QUESTION;
    return REASON_PERMIT;
}

static enum reason decide_sudo(const struct facts *facts, const struct policy_set *policies, int any,
                               struct decision *decision)
{
    const struct limits *limits = &decision->limits;
    enum reason reason = check_session(facts);

    if (reason == REASON_PERMIT)
        reason = check_standing(facts);
    if (reason == REASON_PERMIT)
        reason = check_delegator(facts, policies);
    if (reason != REASON_PERMIT)
        return reason;
    if (!limits->reattest_every && facts->expires <= facts->now)
        return REASON_EXPIRED;
    reason = check_question(facts);
    if (reason != REASON_PERMIT)
        return reason;
    if (!any)
        return REASON_NO_POLICY;
    reason = check_chain(facts, limits);
    if (reason == REASON_PERMIT)
        reason = check_sudo_scope(facts);
    if (reason == REASON_PERMIT)
        reason = check_rules(facts, policies, limits, RULE_ALLOW_SUDO, RULE_DENY_SUDO, decision);
    if (reason == REASON_PERMIT && facts->approval_required && !facts->approved)
        reason = REASON_NOT_APPROVED;
    if (reason == REASON_PERMIT)
        reason = check_budget(facts, limits);
    return reason;
}

/* --- observing --- */

/* What rules, limits and time say of a step whose credential and possession are good: what is tried out where it is observed. */
static int is_of_policy(enum reason reason)
{
    switch (reason) {
    case REASON_NO_POLICY:
    case REASON_NO_RULE:
    case REASON_DENIED_BY_RULE:
    case REASON_SOURCE_UNKNOWN:
    case REASON_RISK_TOO_HIGH:
    case REASON_SCOPE_EXCEEDED:
    case REASON_COMMAND_UNKNOWN:
    case REASON_CHAIN_TOO_DEEP:
    case REASON_LIFETIME_TOO_LONG:
    case REASON_POSSESSION_TOO_WEAK:
    case REASON_EXPIRED:
    case REASON_SESSION_EXPIRED:
    case REASON_BUDGET_EXHAUSTED:
    case REASON_TOO_FAST:
    case REASON_NOT_APPROVED:
        return 1;
    default:
        return 0;
    }
}

/* What else refuses it, and would have been named had policy not been first. */
static enum reason check_others(const struct facts *facts, const struct policy_set *policies,
                                const struct limits *limits)
{
    int sudo = facts->step == STEP_SUDO || facts->step == STEP_COMMAND;
    enum reason reason = check_standing(facts);

    if (reason == REASON_PERMIT)
        reason = check_delegator(facts, policies);
    if (reason == REASON_PERMIT)
        reason = sudo ? check_question(facts) : check_authority(facts, limits);
    if (reason != REASON_PERMIT)
        return reason;
    reason = sudo ? check_sudo_scope(facts) : check_login_scope(facts);
    return reason == REASON_STATE_UNAVAILABLE ? reason : REASON_PERMIT;
}

/* Of a refused step: observed is what policy alone refuses. */
static void observe(const struct facts *facts, const struct policy_set *policies, struct decision *decision)
{
    enum reason other;

    if (!is_of_policy(decision->reason) || (!facts->observe && decision->limits.mode != MODE_OBSERVE))
        return;
    other = check_others(facts, policies, &decision->limits);
    decision->observed = other == REASON_PERMIT;
    if (!decision->observed)
        decision->reason = other;
}

struct decision decide(const struct facts *facts, const struct policy_set *policies)
{
    struct decision decision = {.verdict = VERDICT_DENY, .reason = REASON_INTERNAL};
    int any = gather_limits(facts, policies, &decision.limits);

    switch (facts->step) {
    case STEP_LOGIN:
    case STEP_ACCOUNT:
    case STEP_SETCRED:
    case STEP_OPEN:
        decision.reason = decide_login(facts, policies, any, &decision);
        break;
    case STEP_ATTEST:
    case STEP_RECHECK:
        decision.reason = decide_authority(facts, policies, any, &decision);
        break;
    case STEP_SUDO:
    case STEP_COMMAND:
        decision.reason = decide_sudo(facts, policies, any, &decision);
        break;
    case STEP_CLOSE:
        decision.reason = REASON_PERMIT;
        break;
    }
    if (decision.reason == REASON_PERMIT)
        decision.verdict = VERDICT_PERMIT;
    else
        observe(facts, policies, &decision);
    return decision;
}
