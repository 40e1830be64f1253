#include "agentctl/suppose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/config.h"
#include "agentctl/config_syntax.h"
#include "agentctl/say.h"
#include "agentctl/words.h"
#include "ask/message.h"
#include "core/names.h"
#include "core/text.h"
#include "judge/gather.h"
#include "judge/match.h"
#include "judge/rules.h"
#include "trust/credential_parts.h"

/* --- what is said --- */

static int text_valid(const char *text, size_t max)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return 0;
    return len > 0 && len <= max;
}

static int task_valid(const char *text)
{
    return text_valid(text, TASK_MAX);
}

static int purpose_valid(const char *text)
{
    return text_valid(text, PURPOSE_MAX);
}

static int issuer_valid(const char *text)
{
    return text_valid(text, ISS_MAX);
}

static int principal_valid(const char *text)
{
    return text_valid(text, PRINCIPAL_MAX);
}

static int run_as_valid(const char *text)
{
    const char *group = run_as_group(text);
    char user[LOCAL_NAME_MAX] = "";

    if (run_as_user(text) >= sizeof user)
        return 0;
    memcpy(user, text, run_as_user(text));
    return user_name_valid(user) && (!group || user_name_valid(group));
}

static int command_valid(const char *text)
{
    return text[strspn(text, " ")] == '/';
}

#define STRING(key, member, valid, mend) \
    { \
        key, offsetof(struct supposed, member), valid, mend \
    }

static const struct {
    const char *key;
    size_t offset;
    int (*valid)(const char *text);
    const char *mend;
} strings[] = {
    STRING("account", account, account_name_valid, "the name of an account, as in agent-deploy"),
    STRING("identity", identity, spiffe_id_valid, "a SPIFFE ID, as in spiffe://example.org/agent/deploy"),
    STRING("purpose", purpose, purpose_valid, "a purpose of 1 to 128 bytes, as in restart-web"),
    STRING("task", task, task_valid, "a task of 1 to 256 bytes"),
    STRING("issuer", issuer, issuer_valid, "the name or the iss of an issuer of agent.conf"),
    STRING("principal", principal, principal_valid, "a principal of 1 to 256 bytes"),
    STRING("delegator", delegator, spiffe_id_valid, "a SPIFFE ID, as in spiffe://example.org/agent/planner"),
    STRING("service", service, service_name_valid, "the name of a PAM service, as in sshd"),
    STRING("from", source, address_valid, "a numeric address, as in 10.0.0.1"),
    STRING("run-as", run_as, run_as_valid,
           "root or the name of an account, or USER:GROUP where the group is not its own"),
    STRING("command", command, command_valid,
           "the path that sudo resolves, and arguments, as in \"/usr/bin/systemctl restart nginx\""),
};

const char *const supposed_keys[] = {"account",   "step",      "identity",    "purpose",    "task",   "issuer",
                                     "principal", "delegator", "service",     "from",       "run-as", "command",
                                     "at",        "risk",      "sensitivity", "possession", NULL};

void supposed_begin(struct supposed *supposed)
{
    *supposed = (struct supposed){.step = -1, .at = -1};
}

static const char *take_step(struct supposed *supposed, const char *value)
{
    int step = step_parse(value);

    if (step != STEP_LOGIN && step != STEP_SUDO && step != STEP_COMMAND)
        return "login, sudo or command";
    supposed->step = step;
    return NULL;
}

static const char *take_time(struct supposed *supposed, const char *value)
{
    return parse_time(value, &supposed->at) < 0 ? "a time such as 2026-11-28T16:00:00Z, or now" : NULL;
}

static const char *take_risk(struct supposed *supposed, const char *value)
{
    supposed->risk = level_parse(value);
    return supposed->risk == LEVEL_UNSET ? "low, medium or high" : NULL;
}

static const char *take_sensitivity(struct supposed *supposed, const char *value)
{
    supposed->sensitivity = level_parse(value);
    return supposed->sensitivity == LEVEL_UNSET ? "low, medium or high" : NULL;
}

static const char *take_possession(struct supposed *supposed, const char *value)
{
    supposed->possession = possession_parse(value);
    return supposed->possession == POSSESSION_UNSET ? "channel, signed or bearer" : NULL;
}

const char *supposed_take(struct supposed *supposed, const char *key, const char *value)
{
    static const struct {
        const char *key;
        const char *(*take)(struct supposed *, const char *);
    } others[] = {{"step", take_step},
                  {"at", take_time},
                  {"risk", take_risk},
                  {"sensitivity", take_sensitivity},
                  {"possession", take_possession}};

    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (strcmp(others[i].key, key) == 0)
            return others[i].take(supposed, value);
    for (size_t i = 0; i < COUNT_OF(strings); i++) {
        if (strcmp(strings[i].key, key) != 0)
            continue;
        if (!strings[i].valid(value))
            return strings[i].mend;
        memcpy((char *)supposed + strings[i].offset, &value, sizeof value);
        return NULL;
    }
    return "nothing: there is no such key";
}

static int has_words(const char *command)
{
    struct arena arena = {0};
    struct words words = {0};
    int fits = words_split(arena_copy(&arena, command, strlen(command)), MESSAGE_ARGS_MAX, &arena, &words);

    arena_clear(&arena);
    return fits;
}

const char *supposed_problem(const struct supposed *supposed)
{
    if (!supposed->account)
        return "account is missing";
    if (supposed->step < 0)
        return "step is missing: login, sudo or command";
    if (supposed->step == STEP_LOGIN && (supposed->run_as || supposed->command))
        return "run-as and command are of the steps sudo and command";
    if (supposed->step != STEP_LOGIN && supposed->service)
        return "service is of the step login";
    if (supposed->step == STEP_COMMAND && !supposed->command)
        return "command is missing: the path that sudo resolves, and arguments";
    if (supposed->command && !has_words(supposed->command))
        return "command has too many words";
    return NULL;
}

/* --- the credential --- */

/* As of credentials that carry no tools. */
static int put_scope(struct grant *grant)
{
    CLEANUP(credential_freep) struct credential *unlimited = calloc(1, sizeof *unlimited);

    if (!unlimited || credential_limit(unlimited, NULL).reason != REASON_PERMIT)
        return -ENOMEM;
    return text_copy(grant->scope, sizeof grant->scope, unlimited->scope);
}

static int put_string(char *to, size_t cap, const char *from)
{
    return from ? text_copy(to, cap, from) : 0;
}

int suppose_grant(const struct supposed *supposed, struct grant *ret)
{
    grant_clear(ret);
    ret->issued = supposed->at;
    ret->sensitivity = supposed->sensitivity;
    if (put_string(ret->account, sizeof ret->account, supposed->account) < 0 ||
        put_string(ret->identity, sizeof ret->identity, supposed->identity) < 0 ||
        put_string(ret->principal, sizeof ret->principal, supposed->principal) < 0 ||
        put_string(ret->delegator, sizeof ret->delegator, supposed->delegator) < 0 ||
        put_string(ret->task, sizeof ret->task, supposed->task) < 0 ||
        put_string(ret->purpose, sizeof ret->purpose, supposed->purpose) < 0)
        return -ENOBUFS;
    if (ret->delegator[0] && grant_add_ancestor(ret, LINK_IDENTITY, NULL, ret->delegator) < 0)
        return -ENOBUFS;
    ret->possession = supposed->possession == POSSESSION_UNSET ? POSSESSION_CHANNEL : supposed->possession;
    return put_scope(ret);
}

void suppose_lifetime(const struct policy_set *policies, struct facts *facts)
{
    struct limits limits;

    (void)gather_limits(facts, policies, &limits);
    facts->expires = facts->issued + (limits.max_lifetime ? limits.max_lifetime : CONFIG_LIFETIME_DEFAULT);
}

/* --- the step --- */

/* As sudo_agent says it: a group only where it is another one than the user's own. */
static void put_run_as(const struct supposed *supposed, struct arena *arena, struct facts *facts)
{
    const char *run_as = supposed->run_as, *group, *user;

    if (!run_as && supposed->step == STEP_COMMAND)
        run_as = RULE_DEFAULT_RUN_AS;
    if (!run_as)
        return;
    user = arena_copy(arena, run_as, run_as_user(run_as));
    group = run_as_group(run_as);
    facts->own_group = supposed->own_group ? supposed->own_group : user;
    facts->run_as = group && strcmp(group, facts->own_group) == 0 ? user : run_as;
}

static void put_command(const char *command, struct arena *arena, struct facts *facts)
{
    struct words words = {0};

    if (!command)
        return;
    (void)!words_split(arena_copy(arena, command, strlen(command)), MESSAGE_ARGS_MAX, arena, &words);
    facts->argv = words.items;
    facts->argc = words.count;
}

void suppose_facts(const struct supposed *supposed, const struct grant *grant, struct arena *arena, struct facts *ret)
{
    struct facts facts = {.step = (enum step)supposed->step, .standing = {.risk = LEVEL_LOW}};

    gather_claims(grant, supposed->at, &facts);
    facts.boot = facts.issued - 1;
    if (supposed->delegator && facts.ancestors == 0)
        facts.ancestors = 1; /* how often is not said */
    facts.source = supposed->source;
    if (supposed->step == STEP_LOGIN) {
        facts.service = supposed->service ? supposed->service : RULE_DEFAULT_SERVICE;
    } else {
        facts.service = "sudo";
        facts.session_deadline = facts.now + 1;
        put_run_as(supposed, arena, &facts);
        put_command(supposed->command, arena, &facts);
    }
    *ret = facts;
}

struct decision suppose_decide(const struct facts *facts, const struct policy_set *policies, int target_is_agent)
{
    if (facts->step == STEP_LOGIN && !service_opens_agents(policies, facts->service))
        return (struct decision){.verdict = VERDICT_DENY, .reason = REASON_NOT_AN_AGENT_LOGIN};
    if (facts->step == STEP_COMMAND && target_is_agent)
        return (struct decision){.verdict = VERDICT_DENY, .reason = REASON_TARGET_IS_AGENT};
    return decide(facts, policies);
}
