#include "judge/decide.h"

#include <string.h>

#include "core/names.h"
#include "core/text.h"
#include "judge/match.h"
#include "judge/scope.h"

#define DEFAULT_SESSION_SECONDS 1800
#define DEFAULT_LOGINS 1
#define DEFAULT_SERVICE "sshd"
#define DEFAULT_RUN_AS "root"

static const char *const step_words[] = {"login", "account", "setcred", "open", "close", "sudo", "command"};

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

static void strictest(uint32_t *limit, uint32_t other)
{
    if (other && (*limit == 0 || other < *limit))
        *limit = other;
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
        strictest(&limits.max_lifetime, policy->limits.max_lifetime);
        strictest(&limits.max_session, policy->limits.max_session);
        strictest(&limits.max_logins, policy->limits.max_logins);
        if (policy->limits.possession != POSSESSION_UNSET &&
            (limits.possession == POSSESSION_UNSET || policy->limits.possession < limits.possession))
            limits.possession = policy->limits.possession;
    }
    if (limits.max_session == 0)
        limits.max_session = DEFAULT_SESSION_SECONDS;
    if (limits.max_logins == 0)
        limits.max_logins = DEFAULT_LOGINS;
    if (limits.possession == POSSESSION_UNSET)
        limits.possession = POSSESSION_CHANNEL;
    *ret = limits;
    return any;
}

/* --- rules --- */

enum match { MATCH_NO, MATCH_YES, MATCH_SOURCE_UNKNOWN };

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

static enum match rule_matches(const struct rule *rule, const struct facts *facts)
{
    if (rule->kind == RULE_ALLOW_LOGIN || rule->kind == RULE_DENY_LOGIN)
        return login_rule_matches(rule, facts);
    return sudo_rule_matches(rule, facts);
}

/* The first rule of this kind, of the policies that apply, that matches; a match without doubt comes first. */
static enum match find_rule(const struct facts *facts, const struct policy_set *policies, enum rule_kind kind,
                            struct decision *decision)
{
    enum match best = MATCH_NO;

    for (size_t i = 0; i < policies->count && best != MATCH_YES; i++) {
        const struct policy *policy = &policies->policies[i];
        size_t count = applies(policy, facts) ? policy->rule_count : 0;

        for (size_t j = 0; j < count && best != MATCH_YES; j++) {
            const struct rule *rule = &policy->rules[j];
            enum match match = rule->kind == kind ? rule_matches(rule, facts) : MATCH_NO;

            if (match == MATCH_NO || (match == MATCH_SOURCE_UNKNOWN && best == MATCH_SOURCE_UNKNOWN))
                continue;
            best = match;
            decision->rule = policy->name;
            decision->rule_where = rule->where;
        }
    }
    return best;
}

static enum reason check_rules(const struct facts *facts, const struct policy_set *policies, enum rule_kind allow,
                               enum rule_kind deny, struct decision *decision)
{
    switch (find_rule(facts, policies, deny, decision)) {
    case MATCH_YES:
        return REASON_DENIED_BY_RULE;
    case MATCH_SOURCE_UNKNOWN:
        return REASON_SOURCE_UNKNOWN;
    case MATCH_NO:
        break;
    }
    switch (find_rule(facts, policies, allow, decision)) {
    case MATCH_YES:
        return REASON_PERMIT;
    case MATCH_SOURCE_UNKNOWN:
        return REASON_SOURCE_UNKNOWN;
    case MATCH_NO:
        break;
    }
    return REASON_NO_RULE;
}

/* --- scope of the credential --- */

static enum reason check_login_scope(const struct facts *facts)
{
    const struct scope_arg args[] = {
        {.name = "account", .value = facts->account},
        {.name = "service", .value = facts->service},
    };

    return scope_allows(facts->scope, facts->scope_len, "host:login", args, COUNT_OF(args));
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

    return scope_allows(facts->scope, facts->scope_len, "host:sudo", args, COUNT_OF(args));
}

/* --- the steps --- */

static enum reason check_task(const struct facts *facts)
{
    if (facts->identity_disabled)
        return REASON_IDENTITY_DISABLED;
    if (facts->task_completed)
        return REASON_TASK_COMPLETED;
    if (facts->expires <= facts->now)
        return REASON_EXPIRED;
    return REASON_PERMIT;
}

/* What nobody proved to hold opens one session. */
static uint32_t logins_of(const struct facts *facts, const struct limits *limits)
{
    return facts->possession == POSSESSION_BEARER ? 1 : limits->max_logins;
}

static enum reason check_login(const struct facts *facts, const struct limits *limits)
{
    if (facts->environment_forgeable)
        return REASON_ENVIRONMENT_FORGEABLE;
    if (facts->issued < facts->boot)
        return REASON_BEFORE_BOOT;
    if (limits->max_lifetime && facts->expires - facts->issued > (int64_t)limits->max_lifetime)
        return REASON_LIFETIME_TOO_LONG;
    if (facts->possession == POSSESSION_UNSET)
        return REASON_POSSESSION_MISSING;
    if (facts->possession > limits->possession)
        return facts->possession == POSSESSION_BEARER ? REASON_POSSESSION_MISSING : REASON_POSSESSION_TOO_WEAK;
    if (facts->logins >= logins_of(facts, limits))
        return REASON_REPLAYED;
    if (facts->account_busy)
        return REASON_ACCOUNT_BUSY;
    return REASON_PERMIT;
}

static enum reason check_session(const struct facts *facts)
{
    if (facts->session_ending)
        return REASON_SESSION_ENDING;
    if (facts->session_deadline <= facts->now)
        return REASON_SESSION_EXPIRED;
    return REASON_PERMIT;
}

static enum reason decide_login(const struct facts *facts, const struct policy_set *policies, struct decision *decision)
{
    enum reason reason = check_task(facts);
    struct limits limits;

    if (reason != REASON_PERMIT)
        return reason;
    if (!gather_limits(facts, policies, &limits))
        return REASON_NO_POLICY;
    reason = check_login(facts, &limits);
    if (reason == REASON_PERMIT)
        reason = check_login_scope(facts);
    if (reason == REASON_PERMIT)
        reason = check_rules(facts, policies, RULE_ALLOW_LOGIN, RULE_DENY_LOGIN, decision);
    if (reason != REASON_PERMIT)
        return reason;
    decision->max_logins = logins_of(facts, &limits);
    decision->session_deadline = facts->now + limits.max_session;
    if (decision->session_deadline > facts->expires)
        decision->session_deadline = facts->expires;
    return REASON_PERMIT;
}

static enum reason decide_sudo(const struct facts *facts, const struct policy_set *policies, struct decision *decision)
{
    enum reason reason = check_session(facts);
    struct limits limits;

    if (reason == REASON_PERMIT)
        reason = check_task(facts);
    if (reason != REASON_PERMIT)
        return reason;
    if ((facts->argv && facts->argc == 0) || (facts->step == STEP_COMMAND && (!facts->run_as || !facts->argv)))
        return REASON_BAD_QUESTION;
    if (!gather_limits(facts, policies, &limits))
        return REASON_NO_POLICY;
    reason = check_sudo_scope(facts);
    if (reason == REASON_PERMIT)
        reason = check_rules(facts, policies, RULE_ALLOW_SUDO, RULE_DENY_SUDO, decision);
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
