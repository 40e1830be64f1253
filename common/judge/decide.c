#include "judge/decide.h"

#include <string.h>

#include "core/names.h"
#include "core/text.h"
#include "judge/match.h"
#include "judge/scope.h"

#define DEFAULT_SESSION_SECONDS 1800
#define DEFAULT_LOGINS 1
#define DEFAULT_GRACE_SECONDS 120
#define DEFAULT_SERVICE "sshd"
#define DEFAULT_RUN_AS "root"

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

static int in_words(const struct words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (text_equal(words->items[i], word))
            return 1;
    return 0;
}

/* --- which policies are of this session, and the strictest of their limits --- */

static int matches_identity(const struct policy *policy, const char *identity)
{
    for (size_t i = 0; i < policy->identities.count; i++)
        if (spiffe_pattern_matches(policy->identities.items[i], identity))
            return 1;
    return 0;
}

static int matches_purpose(const struct policy *policy, const char *purpose)
{
    if (policy->purposes.count == 0)
        return 1;
    for (size_t i = 0; purpose && i < policy->purposes.count; i++)
        if (word_matches(policy->purposes.items[i], purpose))
            return 1;
    return 0;
}

static int is_defaults(const struct policy *policy)
{
    return policy->identities.count == 0;
}

static int applies(const struct policy *policy, const struct facts *facts)
{
    return is_defaults(policy) ||
           (matches_identity(policy, facts->identity) && matches_purpose(policy, facts->purpose));
}

/* 0 is "not set". */
static uint32_t stricter(uint32_t limit, uint32_t other)
{
    return other && (limit == 0 || other < limit) ? other : limit;
}

/* Of levels and kinds of possession, too, the lower one is the stricter. */
static void narrow_limits(struct limits *limits, const struct limits *other)
{
    limits->max_lifetime = stricter(limits->max_lifetime, other->max_lifetime);
    limits->max_session = stricter(limits->max_session, other->max_session);
    limits->max_logins = stricter(limits->max_logins, other->max_logins);
    limits->max_sessions = stricter(limits->max_sessions, other->max_sessions);
    limits->reattest_every = stricter(limits->reattest_every, other->reattest_every);
    limits->reattest_grace = stricter(limits->reattest_grace, other->reattest_grace);
    limits->max_denials = stricter(limits->max_denials, other->max_denials);
    limits->possession = stricter(limits->possession, other->possession);
    limits->linger = stricter(limits->linger, other->linger);
    limits->sockets = stricter(limits->sockets, other->sockets);
    for (unsigned i = LEVEL_LOW; i <= LEVEL_HIGH; i++)
        limits->max_risk[i] = stricter(limits->max_risk[i], other->max_risk[i]);
}

/* What is more sensitive is never allowed at a higher risk than what is less. */
static void default_risks(enum level max_risk[])
{
    static const enum level defaults[] = {
        [LEVEL_LOW] = LEVEL_HIGH, [LEVEL_MEDIUM] = LEVEL_MEDIUM, [LEVEL_HIGH] = LEVEL_LOW};

    for (unsigned i = LEVEL_LOW; i <= LEVEL_HIGH; i++) {
        if (max_risk[i] == LEVEL_UNSET)
            max_risk[i] = defaults[i];
        if (i > LEVEL_LOW)
            max_risk[i] = stricter(max_risk[i], max_risk[i - 1]);
    }
}

static void default_limits(struct limits *limits)
{
    if (limits->max_session == 0)
        limits->max_session = DEFAULT_SESSION_SECONDS;
    if (limits->max_logins == 0)
        limits->max_logins = DEFAULT_LOGINS;
    if (limits->possession == POSSESSION_UNSET)
        limits->possession = POSSESSION_CHANNEL;
    if (limits->reattest_every && limits->reattest_grace == 0)
        limits->reattest_grace = DEFAULT_GRACE_SECONDS;
    if (limits->linger == LINGER_UNSET)
        limits->linger = LINGER_NO;
    if (limits->sockets == SOCKETS_UNSET)
        limits->sockets = SOCKETS_SHARED;
    default_risks(limits->max_risk);
}

/* 1 when a policy other than the defaults applies. */
static int gather_limits(const struct facts *facts, const struct policy_set *policies, struct limits *ret)
{
    struct limits limits = {0};
    int any = 0;

    for (size_t i = 0; i < policies->count; i++) {
        const struct policy *policy = &policies->policies[i];

        if (!applies(policy, facts))
            continue;
        any |= !is_defaults(policy);
        narrow_limits(&limits, &policy->limits);
    }
    default_limits(&limits);
    /* What nobody proved to hold opens one session. */
    if (facts->possession == POSSESSION_BEARER)
        limits.max_logins = 1;
    *ret = limits;
    return any;
}

/* --- rules --- */

/* In rising order: of several rules the one that matches best decides, wherever it stands. */
enum match { MATCH_NO, MATCH_SOURCE_UNKNOWN, MATCH_RISK_TOO_HIGH, MATCH_YES, MATCH_LEAVES };

static int login_service_matches(const struct rule *rule, const char *service)
{
    if (rule->services.count)
        return in_words(&rule->services, service);
    return rule->kind == RULE_DENY_LOGIN || text_equal(service, DEFAULT_SERVICE);
}

int service_opens_agents(const struct policy_set *policies, const char *service)
{
    for (size_t i = 0; i < policies->count; i++)
        for (size_t j = 0; j < policies->policies[i].rule_count; j++) {
            const struct rule *rule = &policies->policies[i].rules[j];

            if (rule->kind == RULE_ALLOW_LOGIN && login_service_matches(rule, service))
                return 1;
        }
    return 0;
}

static enum match login_rule_matches(const struct rule *rule, const struct facts *facts)
{
    if (!login_service_matches(rule, facts->service))
        return MATCH_NO;
    if (rule->from.count == 0)
        return MATCH_YES;
    if (!facts->source)
        return MATCH_SOURCE_UNKNOWN;
    for (size_t i = 0; i < rule->from.count; i++)
        if (address_matches(rule->from.items[i], facts->source))
            return MATCH_YES;
    return MATCH_NO;
}

static int run_as_matches(const struct rule *rule, const struct facts *facts)
{
    if (!facts->run_as) /* known later */
        return rule->kind == RULE_ALLOW_SUDO || rule->run_as.count == 0;
    if (rule->run_as.count == 0)
        return rule->kind == RULE_DENY_SUDO || strcmp(facts->run_as, DEFAULT_RUN_AS) == 0;
    return in_words(&rule->run_as, facts->run_as);
}

static int names_every_command(const struct rule *rule)
{
    return rule->any_command || (rule->kind == RULE_DENY_SUDO && rule->command_count == 0);
}

static enum match sudo_rule_matches(const struct rule *rule, const struct facts *facts)
{
    if (!run_as_matches(rule, facts))
        return MATCH_NO;
    if (names_every_command(rule))
        return MATCH_YES;
    if (!facts->argv) /* known later: it may be one that is allowed, and need not be one that is denied */
        return rule->kind == RULE_ALLOW_SUDO ? MATCH_YES : MATCH_NO;
    for (size_t i = 0; i < rule->command_count; i++)
        if (command_matches(&rule->commands[i], facts->argv, facts->argc))
            return MATCH_YES;
    return MATCH_NO;
}

/* The host's or the rule's, the higher one. Which rule allows a command that is not known yet is not known either. */
static enum level sensitivity_of(const struct rule *rule, const struct facts *facts)
{
    enum level host = facts->sensitivity == LEVEL_UNSET ? LEVEL_LOW : facts->sensitivity;

    if (facts->step == STEP_SUDO && !facts->argv)
        return host;
    return rule->sensitivity > host ? rule->sensitivity : host;
}

/* An allow rule allows what it matches up to the risk that its sensitivity bears. */
static enum match allowed_at_risk(const struct rule *rule, const struct facts *facts, const struct limits *limits)
{
    if (facts->standing.risk > limits->max_risk[sensitivity_of(rule, facts)])
        return MATCH_RISK_TOO_HIGH;
    return rule->leaves_service ? MATCH_LEAVES : MATCH_YES;
}

static enum match rule_matches(const struct rule *rule, const struct facts *facts, const struct limits *limits)
{
    int login = rule->kind == RULE_ALLOW_LOGIN || rule->kind == RULE_DENY_LOGIN;
    int allow = rule->kind == RULE_ALLOW_LOGIN || rule->kind == RULE_ALLOW_SUDO;
    enum match match = login ? login_rule_matches(rule, facts) : sudo_rule_matches(rule, facts);

    return match == MATCH_YES && allow ? allowed_at_risk(rule, facts, limits) : match;
}

/* How the best of the rules of this kind, of the policies that apply, matches. */
static enum match find_rule(const struct facts *facts, const struct policy_set *policies, const struct limits *limits,
                            enum rule_kind kind, struct decision *decision)
{
    enum match best = MATCH_NO;

    for (size_t i = 0; i < policies->count; i++) {
        const struct policy *policy = &policies->policies[i];
        size_t count = applies(policy, facts) ? policy->rule_count : 0;

        for (size_t j = 0; j < count; j++) {
            const struct rule *rule = &policy->rules[j];
            enum match match = rule->kind == kind ? rule_matches(rule, facts, limits) : MATCH_NO;

            if (match <= best)
                continue;
            best = match;
            decision->rule = policy->name;
            decision->rule_where = rule->where;
        }
    }
    return best;
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
    switch (match) {
    case MATCH_NO:
        return REASON_NO_RULE;
    case MATCH_SOURCE_UNKNOWN:
        return REASON_SOURCE_UNKNOWN;
    case MATCH_RISK_TOO_HIGH:
        return REASON_RISK_TOO_HIGH;
    case MATCH_YES:
    case MATCH_LEAVES:
        break;
    }
    return REASON_PERMIT;
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

/* Of a credential that opens or attests a session now. */
static enum reason check_credential(const struct facts *facts, const struct limits *limits)
{
    if (facts->issued <= facts->boot) /* whole seconds: within the same one it may have been before */
        return REASON_BEFORE_BOOT;
    if (limits->max_lifetime && facts->expires - facts->issued > (int64_t)limits->max_lifetime)
        return REASON_LIFETIME_TOO_LONG;
    if (facts->possession == POSSESSION_UNSET)
        return REASON_POSSESSION_MISSING;
    if (facts->possession > limits->possession)
        return facts->possession == POSSESSION_BEARER ? REASON_POSSESSION_MISSING : REASON_POSSESSION_TOO_WEAK;
    if (facts->logins >= limits->max_logins)
        return REASON_REPLAYED;
    return REASON_PERMIT;
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

/* Login, and what repeats it within the session. */
static enum reason decide_authority(const struct facts *facts, const struct policy_set *policies,
                                    struct decision *decision)
{
    enum reason reason = check_standing(facts);
    struct limits *limits = &decision->limits;

    if (reason == REASON_PERMIT)
        reason = check_delegator(facts, policies);
    if (reason != REASON_PERMIT)
        return reason;
    if (facts->step != STEP_RECHECK && facts->expires <= facts->now)
        return REASON_EXPIRED;
    if (!gather_limits(facts, policies, limits))
        return REASON_NO_POLICY;
    reason = check_authority(facts, limits);
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

static enum reason decide_login(const struct facts *facts, const struct policy_set *policies, struct decision *decision)
{
    enum reason reason = decide_authority(facts, policies, decision);

    if (reason == REASON_PERMIT)
        decision->session_deadline = deadline_of(facts, &decision->limits);
    return reason;
}

static enum reason decide_sudo(const struct facts *facts, const struct policy_set *policies, struct decision *decision)
{
    enum reason reason = check_session(facts);
    struct limits limits;
    int any;

    if (reason == REASON_PERMIT)
        reason = check_standing(facts);
    if (reason == REASON_PERMIT)
        reason = check_delegator(facts, policies);
    if (reason != REASON_PERMIT)
        return reason;
    any = gather_limits(facts, policies, &limits);
    if (!limits.reattest_every && facts->expires <= facts->now)
        return REASON_EXPIRED;
    if ((facts->argv && facts->argc == 0) || (facts->step == STEP_COMMAND && (!facts->run_as || !facts->argv)))
        return REASON_BAD_QUESTION;
    if (!any)
        return REASON_NO_POLICY;
    reason = check_sudo_scope(facts);
    if (reason == REASON_PERMIT)
        reason = check_rules(facts, policies, &limits, RULE_ALLOW_SUDO, RULE_DENY_SUDO, decision);
    if (reason == REASON_PERMIT && facts->approval_required && !facts->approved)
        reason = REASON_NOT_APPROVED;
    return reason;
}

struct decision decide(const struct facts *facts, const struct policy_set *policies)
{
    struct decision decision = {.verdict = VERDICT_DENY, .reason = REASON_INTERNAL};

    switch (facts->step) {
    case STEP_LOGIN:
    case STEP_ACCOUNT:
    case STEP_SETCRED:
    case STEP_OPEN:
        decision.reason = decide_login(facts, policies, &decision);
        break;
    case STEP_ATTEST:
    case STEP_RECHECK:
        decision.reason = decide_authority(facts, policies, &decision);
        break;
    case STEP_SUDO:
    case STEP_COMMAND:
        decision.reason = decide_sudo(facts, policies, &decision);
        break;
    case STEP_CLOSE:
        decision.reason = REASON_PERMIT;
        break;
    }
    if (decision.reason == REASON_PERMIT)
        decision.verdict = VERDICT_PERMIT;
    return decision;
}
