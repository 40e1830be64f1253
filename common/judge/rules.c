#include "judge/rules.h"

#include <string.h>

#include "core/names.h"
#include "core/text.h"
#include "judge/match.h"

#define DEFAULT_SESSION_SECONDS 1800
#define DEFAULT_LOGINS 1
#define DEFAULT_GRACE_SECONDS 120

static const char *const condition_words[] = {
    [CONDITION_NONE] = "",
    [CONDITION_IDENTITY] = "identities",
    [CONDITION_PURPOSE] = "purposes",
    [CONDITION_ISSUER] = "issuers",
    [CONDITION_PRINCIPAL] = "principals",
    [CONDITION_SERVICE] = "services",
    [CONDITION_RUN_AS] = "run-as",
    [CONDITION_RUN_AS_GROUP] = "run-as-group",
    [CONDITION_COMMAND] = "commands",
    [CONDITION_WINDOW] = "window",
    [CONDITION_SOURCE] = "from",
    [CONDITION_SOURCE_UNKNOWN] = "from",
    [CONDITION_RISK] = "sensitivity",
};

const char *condition_word(enum condition condition)
{
    return (unsigned)condition < COUNT_OF(condition_words) ? condition_words[condition] : "";
}

static const char *const rule_kind_words[] = {
    [RULE_ALLOW_LOGIN] = "login",
    [RULE_DENY_LOGIN] = "deny-login",
    [RULE_ALLOW_SUDO] = "sudo",
    [RULE_DENY_SUDO] = "deny-sudo",
};

const char *rule_kind_word(enum rule_kind kind)
{
    return (unsigned)kind < COUNT_OF(rule_kind_words) ? rule_kind_words[kind] : "";
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

/* Where a policy says nothing, an absent one does, too; no pattern matches it. */
static int matches_pattern(const struct words *patterns, const char *word)
{
    if (patterns->count == 0)
        return 1;
    for (size_t i = 0; word && i < patterns->count; i++)
        if (word_matches(patterns->items[i], word))
            return 1;
    return 0;
}

int policy_is_defaults(const struct policy *policy)
{
    return policy->identities.count == 0;
}

enum condition policy_misses(const struct policy *policy, const struct facts *facts)
{
    if (policy_is_defaults(policy))
        return CONDITION_NONE;
    if (!matches_identity(policy, facts->identity))
        return CONDITION_IDENTITY;
    if (!matches_pattern(&policy->purposes, facts->purpose))
        return CONDITION_PURPOSE;
    if (policy->issuers.count && !in_words(&policy->issuers, facts->issuer))
        return CONDITION_ISSUER;
    if (!matches_pattern(&policy->principals, facts->principal))
        return CONDITION_PRINCIPAL;
    return CONDITION_NONE;
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
    limits->max_steps = stricter(limits->max_steps, other->max_steps);
    limits->steps_per_minute = stricter(limits->steps_per_minute, other->steps_per_minute);
    limits->max_chain = stricter(limits->max_chain, other->max_chain);
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

/* A policy that names no mode has that of the defaults, which bind no other. */
static int mode_of(const struct policy *policy, const struct policy_set *policies)
{
    const struct policy *defaults = &policies->policies[0];

    if (policy->limits.mode != MODE_UNSET)
        return policy->limits.mode;
    return policy_is_defaults(defaults) && defaults->limits.mode == MODE_OBSERVE ? MODE_OBSERVE : MODE_ENFORCE;
}

int gather_limits(const struct facts *facts, const struct policy_set *policies, struct limits *ret)
{
    struct limits limits = {0};
    int any = 0;

    for (size_t i = 0; i < policies->count; i++) {
        const struct policy *policy = &policies->policies[i];

        if (policy_misses(policy, facts) != CONDITION_NONE)
            continue;
        narrow_limits(&limits, &policy->limits);
        if (policy_is_defaults(policy))
            continue;
        any = 1;
        limits.mode = (int)stricter((uint32_t)limits.mode, (uint32_t)mode_of(policy, policies));
    }
    default_limits(&limits);
    /* What nobody proved to hold opens one session. */
    if (facts->possession == POSSESSION_BEARER)
        limits.max_logins = 1;
    *ret = limits;
    return any;
}

/* --- rules --- */

static int login_service_matches(const struct rule *rule, const char *service)
{
    if (rule->services.count)
        return in_words(&rule->services, service);
    return rule->kind == RULE_DENY_LOGIN || text_equal(service, RULE_DEFAULT_SERVICE);
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

/* Windows bound when a step begins: of a session that was begun, they neither allow nor deny anything. */
static int is_within(const struct rule *rule, const struct facts *facts)
{
    if (rule->window_count == 0)
        return 1;
    if (facts->step == STEP_RECHECK)
        return rule->kind == RULE_ALLOW_LOGIN;
    for (size_t i = 0; i < rule->window_count; i++)
        if (window_holds(&rule->windows[i], facts->now))
            return 1;
    return 0;
}

static enum condition source_misses(const struct rule *rule, const struct facts *facts)
{
    if (rule->from.count == 0)
        return CONDITION_NONE;
    if (!facts->source)
        return CONDITION_SOURCE_UNKNOWN;
    for (size_t i = 0; i < rule->from.count; i++)
        if (address_matches(rule->from.items[i], facts->source))
            return CONDITION_NONE;
    return CONDITION_SOURCE;
}

/* What stands behind this user in a run-as: "" or ":GROUP". NULL: it is another user. */
static const char *behind_user(const char *run_as, const char *user)
{
    size_t len = strlen(user);

    return strncmp(run_as, user, len) == 0 && (run_as[len] == '\0' || run_as[len] == ':') ? run_as + len : NULL;
}

/* *ret_behind: what stands behind the user, where one is named. */
static int run_as_matches(const struct rule *rule, const struct facts *facts, const char **ret_behind)
{
    if (!facts->run_as) /* known later */
        return rule->kind == RULE_ALLOW_SUDO || rule->run_as.count == 0;
    if (rule->run_as.count == 0)
        return rule->kind == RULE_DENY_SUDO || (*ret_behind = behind_user(facts->run_as, RULE_DEFAULT_RUN_AS)) != NULL;
    for (size_t i = 0; i < rule->run_as.count; i++)
        if ((*ret_behind = behind_user(facts->run_as, rule->run_as.items[i])))
            return !strchr(rule->run_as.items[i], ':');
    return 0;
}

static int group_matches(const struct rule *rule, const struct facts *facts, const char *behind)
{
    const char *group;

    if (rule->run_as_groups.count == 0)
        return rule->kind == RULE_DENY_SUDO || !behind || !*behind;
    if (!facts->run_as) /* known later */
        return rule->kind == RULE_ALLOW_SUDO;
    group = run_as_group(facts->run_as);
    if (!group)
        group = facts->own_group;
    /* Of a user whose own group has no name, no group is allowed, and each may be the one that is denied. */
    return group ? in_words(&rule->run_as_groups, group) : rule->kind == RULE_DENY_SUDO;
}

static int names_every_command(const struct rule *rule)
{
    return rule->any_command || (rule->kind == RULE_DENY_SUDO && rule->command_count == 0);
}

static enum condition login_rule_misses(const struct rule *rule, const struct facts *facts)
{
    return login_service_matches(rule, facts->service) ? CONDITION_NONE : CONDITION_SERVICE;
}

static enum condition sudo_rule_misses(const struct rule *rule, const struct facts *facts)
{
    const char *behind = NULL;

    if (!run_as_matches(rule, facts, &behind))
        return CONDITION_RUN_AS;
    if (!group_matches(rule, facts, behind))
        return CONDITION_RUN_AS_GROUP;
    if (names_every_command(rule))
        return CONDITION_NONE;
    if (!facts->argv) /* known later: it may be one that is allowed, and need not be one that is denied */
        return rule->kind == RULE_ALLOW_SUDO ? CONDITION_NONE : CONDITION_COMMAND;
    for (size_t i = 0; i < rule->command_count; i++)
        if (command_matches(&rule->commands[i], facts->argv, facts->argc))
            return CONDITION_NONE;
    return CONDITION_COMMAND;
}

static enum level higher(enum level a, enum level b)
{
    return a > b ? a : b;
}

/* The host's, the credential's or the rule's, the highest. Which rule allows a command that is not known yet is not known either. */
static enum level sensitivity_of(const struct rule *rule, const struct facts *facts)
{
    enum level known = higher(LEVEL_LOW, higher(facts->sensitivity, facts->task_sensitivity));

    return facts->step == STEP_SUDO && !facts->argv ? known : higher(known, rule->sensitivity);
}

enum condition rule_misses(const struct rule *rule, const struct facts *facts, const struct limits *limits)
{
    int login = rule->kind == RULE_ALLOW_LOGIN || rule->kind == RULE_DENY_LOGIN;
    int allow = rule->kind == RULE_ALLOW_LOGIN || rule->kind == RULE_ALLOW_SUDO;
    enum condition missed = login ? login_rule_misses(rule, facts) : sudo_rule_misses(rule, facts);

    if (missed == CONDITION_NONE && !is_within(rule, facts))
        missed = CONDITION_WINDOW;
    if (missed == CONDITION_NONE) /* last: an unknown source refuses only what the rule is about */
        missed = source_misses(rule, facts);
    /* An allow rule allows what it matches up to the risk that its sensitivity bears. */
    if (missed == CONDITION_NONE && allow && facts->standing.risk > limits->max_risk[sensitivity_of(rule, facts)])
        return CONDITION_RISK;
    return missed;
}
