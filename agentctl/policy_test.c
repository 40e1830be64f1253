#include "agentctl/policy_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/config_find.h"
#include "agentctl/config_here.h"
#include "agentctl/policy_choice.h"
#include "core/names.h"
#include "core/text.h"

/* An account that cases ask about. */
struct subject {
    const char *account;
    const struct identity_config *identity; /* NULL: it is nobody's */
    struct policy_set policies;
};

struct run {
    struct policy_test *test;
    struct problems *problems;
    struct subject *subjects; /* by name */
    size_t subject_count;
    struct found_by identities;
};

/* --- the accounts, and their policies as every step reads them --- */

static int by_account(const void *a, const void *b)
{
    return strcmp(((const struct subject *)a)->account, ((const struct subject *)b)->account);
}

static struct subject *find_subject(const struct run *run, const char *account)
{
    const struct subject wanted = {.account = account};

    return bsearch(&wanted, run->subjects, run->subject_count, sizeof wanted, by_account);
}

static void list_subjects(struct run *run)
{
    const struct cases *cases = run->test->cases;
    size_t kept = 0;

    run->subjects = arena_alloc(&run->test->arena, cases->count, sizeof *run->subjects);
    for (size_t i = 0; i < cases->count; i++)
        run->subjects[i].account = cases->items[i].said.account;
    qsort(run->subjects, cases->count, sizeof *run->subjects, by_account);
    for (size_t i = 0; i < cases->count; i++)
        if (i == 0 || by_account(&run->subjects[i], &run->subjects[kept - 1]) != 0)
            run->subjects[kept++] = run->subjects[i];
    run->subject_count = kept;
}

static int take_policies(struct run *run, const struct policy_choices *choices)
{
    const struct config *config = choices->config;
    int r = 0;

    for (size_t i = 0; i < config->identity_count && r == 0; i++) {
        const struct identity_config *identity = &config->identities[i];
        struct subject *subject = find_subject(run, identity->account);

        if (!subject)
            continue;
        subject->identity = identity;
        r = policy_choice_read(choices, i, &subject->policies);
        if (r == -ENOBUFS)
            problem_add(run->problems, identity->place.file, identity->place.line,
                        "the policies of account \"%s\" are too large", identity->account);
    }
    return r;
}

static int compile(struct run *run)
{
    struct policy_choices choices;
    int r;

    policy_choices_make(run->test->config, &choices);
    r = take_policies(run, &choices);
    policy_choices_clear(&choices);
    return r;
}

/* --- whose credential --- */

/* As judge/actor.h has it of a credential that names this identity. */
static enum reason check_identity(const struct found_by *identities, const struct identity_config *account,
                                  const char *id)
{
    const struct identity_config *owner = find_by_spiffe(identities, id);

    if (!owner)
        return REASON_IDENTITY_UNKNOWN;
    return strcmp(owner->id, account->id) == 0 ? REASON_PERMIT : REASON_IDENTITY_MISMATCH;
}

/* As judge/actor.h has it of a delegatee who does not prove its own identity: it acts under the account's. */
static enum reason name_delegatee(const struct found_by *identities, const struct identity_config *account,
                                  struct supposed *said)
{
    const struct identity_config *delegator = find_by_spiffe(identities, said->delegator);

    if (delegator && strcmp(delegator->id, account->id) == 0)
        return REASON_DELEGATEE_UNKNOWN;
    if (!spiffe_id_valid(account->id)) /* a pattern names nobody */
        return REASON_DELEGATEE_UNKNOWN;
    said->identity = account->id;
    return REASON_PERMIT;
}

/* Who acts: the identity that is said, or with a delegator the account's. */
static enum reason name_actor(const struct found_by *identities, const struct identity_config *account,
                              struct supposed *said)
{
    enum reason reason = check_identity(identities, account, said->identity);

    return reason == REASON_PERMIT && said->delegator ? name_delegatee(identities, account, said) : reason;
}

/* By its name or iss; where none is named, the one that there is. NULL: no such one. */
static const struct issuer_config *find_issuer(const struct config *config, const char *wanted)
{
    const struct issuer_config *found = NULL;

    for (size_t i = 0; i < config->issuer_count; i++) {
        const struct issuer_config *issuer = &config->issuers[i];

        if (wanted && (strcmp(issuer->name, wanted) == 0 || text_equal(issuer->iss, wanted)))
            return issuer;
        if (!wanted && i > 0 && !text_equal(issuer->iss, found->iss))
            return NULL;
        if (!wanted && i == 0)
            found = issuer;
    }
    return found;
}

static int name_issuer(struct run *run, const struct test_case *one, struct grant *grant)
{
    const struct issuer_config *issuer = find_issuer(run->test->config, one->said.issuer);

    if (!issuer && one->said.issuer) {
        problem_add(run->problems, one->place.file, one->place.line, "case \"%s\": no issuer \"%s\" is configured",
                    one->name, one->said.issuer);
        return -EINVAL;
    }
    return issuer ? text_copy(grant->issuer, sizeof grant->issuer, issuer->name) : 0;
}

/* --- a case --- */

static void mark(struct policy_test *test, const struct policy_set *policies, const struct decision *decision)
{
    const struct policy *policy = NULL;
    size_t at = 0;

    for (size_t i = 0; i < policies->count; i++)
        for (size_t j = 0; j < policies->policies[i].rule_count; j++)
            if (policies->policies[i].rules[j].where == decision->rule_where) {
                policy = &policies->policies[i];
                at = j;
            }
    for (size_t i = 0; policy && i < test->rule_count; i++)
        if (strcmp(test->rules[i].policy->name, policy->name) == 0) {
            test->rules[i + at].reached = 1;
            return;
        }
}

static void decide_case(const struct run *run, const struct supposed *said, const struct grant *grant,
                        const struct policy_set *policies, struct tested *ret)
{
    struct policy_test *test = run->test;
    struct arena arena = {0};
    struct decision decision;
    struct facts facts;
    int is_agent;

    suppose_facts(said, grant, &arena, &facts);
    facts.sensitivity = test->config->host.sensitivity;
    if (said->risk != LEVEL_UNSET)
        facts.standing.risk = said->risk;
    suppose_lifetime(policies, &facts);
    is_agent =
        facts.run_as && find_has_account(&run->identities, arena_copy(&arena, facts.run_as, run_as_user(facts.run_as)));
    decision = suppose_decide(&facts, policies, is_agent);
    ret->got = decision.reason;
    if (decision.rule) {
        mark(test, policies, &decision);
        ret->rule = arena_copy(&test->arena, decision.rule, strlen(decision.rule));
        ret->rule_where = arena_copy(&test->arena, decision.rule_where, strlen(decision.rule_where));
    }
    arena_clear(&arena);
}

static int run_case(struct run *run, const struct test_case *one, struct grant *grant, struct tested *ret)
{
    const struct subject *subject = find_subject(run, one->said.account);
    struct supposed said = one->said;
    int r;

    if (!subject->identity) {
        ret->got = REASON_IDENTITY_UNKNOWN;
        return 0;
    }
    if (!said.identity && !spiffe_id_valid(subject->identity->id)) {
        problem_add(run->problems, one->place.file, one->place.line,
                    "case \"%s\": the account is for every agent below %s: write identity = \"spiffe://...\"",
                    one->name, subject->identity->id);
        return -EINVAL;
    }
    if (!said.identity)
        said.identity = subject->identity->id;
    ret->got = name_actor(&run->identities, subject->identity, &said);
    if (ret->got != REASON_PERMIT)
        return 0;
    r = suppose_grant(&said, grant);
    if (r == 0)
        r = name_issuer(run, one, grant);
    if (r == 0)
        decide_case(run, &said, grant, &subject->policies, ret);
    return r;
}

static int run_cases(struct run *run)
{
    struct policy_test *test = run->test;
    struct grant *grant = memory_must(malloc(sizeof *grant));
    int failed = 0;

    test->results = arena_alloc(&test->arena, test->cases->count, sizeof *test->results);
    for (size_t i = 0; i < test->cases->count; i++) {
        int r = run_case(run, &test->cases->items[i], grant, &test->results[i]);

        if (r < 0)
            failed = r;
        test->failed += test->results[i].got != test->cases->items[i].expected;
    }
    free(grant);
    return failed;
}

/* --- the whole --- */

static void list_rules(struct policy_test *test)
{
    const struct config *config = test->config;

    for (size_t i = 0; i < config->policy_count; i++)
        for (size_t j = 0; policy_is_here(config, i) && j < config->policies[i].rule_count; j++) {
            test->rules = arena_grow(&test->arena, test->rules, test->rule_count, sizeof *test->rules);
            test->rules[test->rule_count++] =
                (struct coverage){.policy = &config->policies[i], .rule = &config->policies[i].rules[j]};
        }
}

int policy_test_run(const struct config *config, const struct cases *cases, struct problems *problems,
                    struct policy_test *ret)
{
    struct run run = {.test = ret, .problems = problems};
    int r;

    *ret = (struct policy_test){.config = config, .cases = cases};
    list_rules(ret);
    list_subjects(&run);
    find_prepare(config, &ret->arena, &run.identities);
    r = compile(&run);
    if (r == 0)
        r = run_cases(&run);
    for (size_t i = 0; i < run.subject_count; i++)
        policy_set_clear(&run.subjects[i].policies);
    for (size_t i = 0; i < ret->rule_count; i++)
        ret->reached += ret->rules[i].reached;
    return r;
}

void policy_test_clear(struct policy_test *test)
{
    arena_clear(&test->arena);
    *test = (struct policy_test){.failed = 0};
}
