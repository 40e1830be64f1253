#include "agentctl/suggest_check.h"

#include <stdlib.h>
#include <string.h>

#include "agentctl/config_syntax.h"
#include "agentctl/suppose.h"
#include "core/names.h"
#include "core/text.h"
#include "judge/match.h"
#include "judge/rules.h"

void checker_begin(struct checker *c, const struct suggest_host *host, struct arena *arena)
{
    *c = (struct checker){.host = host, .arena = arena, .grant = memory_must(malloc(sizeof *c->grant))};
    find_prepare(host->apply->config, arena, &c->identities);
}

void checker_end(struct checker *c)
{
    policy_set_clear(&c->policies);
    free(c->grant);
}

/* --- what can be written --- */

/* Does it stand for itself alone, and look like what it is? What is no ASCII may look like something else. */
static int is_exact(const char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text >= 0x7f || strchr("*?", *text) || text_starts_with(text, "${"))
            return 0;
    return 1;
}

/* What keeps the word from standing for itself alone, where commands are split at blanks and "..." stands for more words; NULL: nothing. */
static const char *word_problem(const char *word)
{
    if (!word[0])
        return "an empty word";
    if (strchr(word, ' '))
        return "a blank in a word";
    if (strpbrk(word, "*?"))
        return "a wildcard that is meant as itself";
    if (strpbrk(word, "\"\\"))
        return "a quote or backslash";
    if (strcmp(word, "...") == 0)
        return "the word \"...\"";
    if (!is_exact(word))
        return "\"${\", or what is no printable ASCII";
    return word_pattern_valid(word) ? NULL : "a word over 1024 bytes";
}

static const char *check_words(struct checker *c, const struct words *words)
{
    if (words->count > COMMAND_WORDS_MAX)
        return "a rule has at most 64 words";
    if (!path_normal(words->items[0]))
        return "a rule cannot name such a program";
    for (size_t i = 1; i < words->count; i++) {
        const char *problem = word_problem(words->items[i]);

        if (problem)
            return arena_format(c->arena, "no rule says exactly this: %s", problem);
    }
    return NULL;
}

/* What `apply` would say of such a rule. */
static const char *check_apply(struct checker *c, struct rule *rule)
{
    struct apply *apply = c->host->apply;
    const char *problem = NULL;

    config_check_escapes(apply->config, rule->commands, NULL, &apply->problems);
    if (apply->problems.count == 0)
        apply_check_rule(apply, rule);
    if (apply->problems.count)
        problem = arena_copy(c->arena, apply->problems.texts[0], strlen(apply->problems.texts[0]));
    problems_clear(&apply->problems);
    return problem;
}

static const char *check_run_as(struct checker *c, const char *run_as)
{
    const char *user = arena_copy(c->arena, run_as, run_as_user(run_as)), *group = run_as_group(run_as);

    if (!user_name_valid(user) || (group && !user_name_valid(group)))
        return "a rule cannot name such a run-as";
    if (find_has_account(&c->identities, user))
        return "run-as is an agent's account, which is entered with a credential";
    return group && find_has_account(&c->identities, group) ? "its group is an agent's own" : NULL;
}

static const char *check_command(struct checker *c, const struct observed *seen)
{
    struct command command = {.words = seen->command};
    struct rule rule = {.kind = RULE_ALLOW_SUDO, .commands = &command, .command_count = 1};
    const char *problem;

    if (seen->is_cut)
        return "not all of it was recorded: it was too long, or holds a secret";
    problem = check_run_as(c, seen->run_as ? seen->run_as : "");
    if (!problem)
        problem = check_words(c, &command.words);
    return problem ? problem : check_apply(c, &rule);
}

static const char *check_login(const struct observed *seen)
{
    if (!seen->service || !service_name_valid(seen->service))
        return "a rule cannot name such a service";
    if (!seen->source || !address_valid(seen->source))
        return "its source is not known: a rule without `from` would be for every one";
    return NULL;
}

/* --- what is in force --- */

static void read_policies(struct checker *c, const char *account)
{
    if (text_equal(c->account, account))
        return;
    policy_set_clear(&c->policies);
    c->account = account;
    if (c->host->policies_of(account, &c->policies) < 0)
        c->policies = (struct policy_set){.count = 0};
}

/* The step, taken again when it was last seen. */
static int make_facts(struct checker *c, const struct observed *seen, const char *account, struct facts *ret)
{
    const struct supposed said = {.step = seen->is_login ? STEP_LOGIN : STEP_COMMAND,
                                  .account = account,
                                  .identity = seen->identity,
                                  .principal = seen->principal,
                                  .purpose = seen->purpose,
                                  .service = seen->service,
                                  .source = seen->source,
                                  .run_as = seen->run_as,
                                  .at = seen->last};
    int r = suppose_grant(&said, c->grant);

    if (r == 0 && seen->issuer)
        r = text_copy(c->grant->issuer, sizeof c->grant->issuer, seen->issuer);
    if (r < 0)
        return r;
    suppose_facts(&said, c->grant, c->arena, ret);
    ret->argv = seen->command.items;
    ret->argc = seen->command.count;
    ret->sensitivity = c->host->apply->config->host.sensitivity;
    suppose_lifetime(&c->policies, ret);
    return 0;
}

/* Does this rule allow it at another time, or, what a new rule of sudo would not look at either, from elsewhere? */
static int nearly_allows(const struct rule *rule, const struct facts *facts, const struct limits *limits)
{
    int login = facts->step == STEP_LOGIN;

    if (rule->kind != (login ? RULE_ALLOW_LOGIN : RULE_ALLOW_SUDO))
        return 0;
    switch (rule_misses(rule, facts, limits)) {
    case CONDITION_WINDOW:
        return 1;
    case CONDITION_SOURCE:
        return !login;
    default:
        return 0;
    }
}

static const char *find_near(struct checker *c, const struct facts *facts)
{
    struct limits limits;

    (void)gather_limits(facts, &c->policies, &limits);
    for (size_t i = 0; i < c->policies.count; i++) {
        const struct policy *policy = &c->policies.policies[i];

        if (policy_misses(policy, facts) != CONDITION_NONE)
            continue;
        for (size_t j = 0; j < policy->rule_count; j++)
            if (nearly_allows(&policy->rules[j], facts, &limits))
                return arena_format(c->arena, "a rule at %s allows it, but for its `%s`", policy->rules[j].where,
                                    condition_word(rule_misses(&policy->rules[j], facts, &limits)));
    }
    return NULL;
}

/* 0: it is permitted by now. */
static int check_in_force(struct checker *c, const struct facts *facts, const char **ret_left_out)
{
    const struct decision decision = suppose_decide(facts, &c->policies, 0);

    switch (decision.reason) {
    case REASON_PERMIT:
        return 0;
    case REASON_NO_POLICY:
    case REASON_NO_RULE:
    case REASON_NOT_AN_AGENT_LOGIN:
        *ret_left_out = find_near(c, facts);
        break;
    default:
        *ret_left_out =
            arena_format(c->arena, "the policies in force refuse it: %s%s%s", reason_word(decision.reason),
                         decision.rule_where ? ", at " : "", decision.rule_where ? decision.rule_where : "");
    }
    return 1;
}

int check_step(struct checker *c, const struct observed *seen, const char *account, const char **ret_left_out)
{
    struct facts facts;

    read_policies(c, account);
    *ret_left_out = NULL;
    if (make_facts(c, seen, account, &facts) < 0)
        *ret_left_out = "it is longer than anything that a credential says";
    else if (!check_in_force(c, &facts, ret_left_out))
        return 0;
    if (!*ret_left_out)
        *ret_left_out = seen->is_login ? check_login(seen) : check_command(c, seen);
    return 1;
}

/* --- whose it is --- */

const char *check_session(struct checker *c, const struct observed *seen, const char **ret_account)
{
    const struct config *config = c->host->apply->config;
    CLEANUP(owners_clear) struct owners owners = {.count = 0};

    if (!seen->identity || !spiffe_pattern_valid(seen->identity))
        return "no identity is configured for it: add one to the configuration";
    overlap_find(&c->identities.ids, seen->identity, &owners);
    if (owners.count == 0)
        return "no identity is configured for it: add one to the configuration";
    *ret_account = spiffe_id_valid(seen->identity) ? find_by_spiffe(&c->identities, seen->identity)->account
                                                   : config->identities[owners.items[0]].account;
    if (seen->issuer && !find_has_issuer(config, seen->issuer))
        return "its issuer is not configured any more";
    if (seen->purpose && (!is_exact(seen->purpose) || !purpose_pattern_valid(seen->purpose)))
        return "its purpose has wildcards or what is no printable ASCII: no policy says exactly this";
    if (seen->principal && (!is_exact(seen->principal) || !principal_pattern_valid(seen->principal)))
        return "its principal has wildcards or what is no printable ASCII: no policy says exactly this";
    return NULL;
}
