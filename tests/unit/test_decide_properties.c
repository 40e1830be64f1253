/* common/judge/decide: what must hold whatever the policies are, on random ones. Their texts are compiled ones: test_config_properties.c. */
#include <check.h>
#include <stdlib.h>

#include "random_steps.h"

#define ZONES "zone UTC\noffset 0 0\nzone Etc/GMT-1\noffset 0 3600\n"

#define STEPS 10 /* cases of the same policies */

static const char *const rule_groups[] = {"root", "root", "staff", "adm"};

static void random_sensitivity(char *text, const char *kind)
{
    if (strncmp(kind, "allow", 5) == 0 && one_in(3))
        append(text, "sensitivity", PICK(levels));
}

static void random_rule(char *text, const char *kind)
{
    append(text, "rule", kind);
    if (one_in(10))
        append(text, "window", PICK(windows));
    if (strstr(kind, "login")) {
        append_some(text, "service", services, COUNT_OF(services), 2);
        append_some(text, "from", from_patterns, COUNT_OF(from_patterns), 2);
        random_sensitivity(text, kind);
        return;
    }
    append_some(text, "run-as", users, COUNT_OF(users), 2);
    if (one_in(8))
        append_some(text, "run-as-group", rule_groups, COUNT_OF(rule_groups), 2);
    if (one_in(10))
        append_some(text, "from", from_patterns, COUNT_OF(from_patterns), 2);
    for (unsigned n = next_random(3); n > 0; n--) {
        append(text, "command", PICK(programs));
        append_some(text, "word", argument_patterns, COUNT_OF(argument_patterns), 2);
        if (one_in(3))
            append(text, "any-arguments", "1");
    }
    if (one_in(4))
        append(text, "any-command", "1");
    random_sensitivity(text, kind);
    if (strcmp(kind, "allow-sudo") == 0 && one_in(3))
        append(text, "leaves", "service");
}

static void random_limits(char *text)
{
    static const struct {
        const char *key;
        unsigned most;
    } numbers[] = {{"max-lifetime", 900}, {"max-session", 2000},   {"max-logins", 3},
                   {"max-sessions", 5},   {"reattest-grace", 300}, {"max-denials", 5},
                   {"max-delegation", 8}, {"max-steps", 9},        {"steps-per-minute", 9}};
    static const char *const risks[] = {"max-risk-low", "max-risk-medium", "max-risk-high"};
    char number[16];

    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        snprintf(number, sizeof number, "%u", 1 + next_random(numbers[i].most));
        if (one_in(3))
            append(text, numbers[i].key, number);
    }
    if (one_in(2))
        append(text, "possession", PICK(possessions));
    for (size_t i = 0; i < COUNT_OF(risks); i++)
        if (one_in(4))
            append(text, risks[i], PICK(levels));
    if (one_in(3))
        append(text, "linger", one_in(2) ? "yes" : "no");
    if (one_in(3))
        append(text, "abstract-sockets", one_in(2) ? "apart" : "shared");
}

/* It makes a session longer than its credential, so a policy that has it is no narrower. */
static void random_reattestation(char *text)
{
    if (one_in(4))
        append(text, "reattest-every", one_in(2) ? "60" : "600");
}

static void random_policy(char *text, int observes)
{
    static const char *const kinds[] = {"allow-login", "allow-login", "deny-login",
                                        "allow-sudo",  "allow-sudo",  "deny-sudo"};

    append(text, "policy", "p");
    append(text, "identity", PICK(identity_patterns));
    append_some(text, "identity", identity_patterns, COUNT_OF(identity_patterns), 1);
    append_some(text, "purpose", purpose_patterns, COUNT_OF(purpose_patterns), 1);
    if (one_in(8))
        append(text, "issuer", PICK(issuers));
    if (one_in(8))
        append(text, "principal", PICK(principal_patterns));
    random_limits(text);
    random_reattestation(text);
    if (observes != one_in(10))
        append(text, "mode", "observe");
    for (unsigned n = next_random(5); n > 0; n--)
        random_rule(text, PICK(kinds));
}

/* A policy that only allows, and holds nobody to anything. */
#define ALLOWING \
    "policy allowing\nidentity spiffe://example.org/*\nmode observe\n" \
    "rule allow-login\nservice sshd\nservice su\nservice cockpit\nrule allow-sudo\nany-command 1\n"

/* Where nothing is set a built-in limit holds, which a policy may widen: with these, all is set. */
#define WIDEST \
    "policy defaults\nmax-lifetime 900\nmax-session 2000\nmax-logins 3\npossession bearer\nmax-sessions 5\n" \
    "reattest-every 600\nreattest-grace 300\nmax-denials 5\nmax-delegation 8\nmax-steps 9\nsteps-per-minute " \
    "9\nmax-risk-medium high\nmax-risk-high " \
    "high\nlinger yes\n" \
    "abstract-sockets shared\n"

static void random_policies(char *text)
{
    unsigned count = 1 + next_random(4);
    int observes = one_in(3); /* most of them do */

    strcpy(text, HEAD ZONES);
    if (one_in(2))
        append_some(text, "delegator", identity_patterns, COUNT_OF(identity_patterns), 2);
    if (one_in(2)) {
        append(text, "policy", "defaults");
        random_limits(text);
        if (one_in(4))
            append(text, "mode", one_in(2) ? "observe" : "enforce");
    }
    for (unsigned i = 0; i < count; i++)
        random_policy(text, observes);
    if (one_in(2))
        strcat(text, ALLOWING);
}

static void parse(const char *text, struct policy_set *ret)
{
    ck_assert_msg(policy_set_parse(text, strlen(text), ret) == 0, "%s", text);
}

/* Those of the next cases, with what stands behind them. */
static void next_policies(char *text, const char *base, struct policy_set *ret)
{
    random_policies(text);
    strcat(text, base);
    parse(text, ret);
}

static int permits(const struct facts *facts, const struct policy_set *set)
{
    return decide(facts, set).verdict == VERDICT_PERMIT;
}

/* 0 is none. */
static int no_wider(uint32_t before, uint32_t after)
{
    return before == 0 || (after && after <= before);
}

static void assert_no_wider(const struct decision *before, const struct decision *after)
{
    const struct limits *was = &before->limits, *is = &after->limits;

    ck_assert_int_le(after->session_deadline, before->session_deadline);
    ck_assert_int_le(after->leaves_service, before->leaves_service);
    ck_assert(no_wider(was->max_lifetime, is->max_lifetime));
    ck_assert(no_wider(was->max_session, is->max_session));
    ck_assert(no_wider(was->max_logins, is->max_logins));
    ck_assert(no_wider(was->max_sessions, is->max_sessions));
    ck_assert(no_wider(was->reattest_every, is->reattest_every));
    ck_assert(no_wider(was->reattest_grace, is->reattest_grace));
    ck_assert(no_wider(was->max_denials, is->max_denials));
    ck_assert(no_wider(was->max_steps, is->max_steps));
    ck_assert(no_wider(was->steps_per_minute, is->steps_per_minute));
    ck_assert(no_wider(was->max_chain, is->max_chain));
    ck_assert(no_wider(was->possession, is->possession));
    ck_assert(no_wider((uint32_t)was->linger, (uint32_t)is->linger));
    ck_assert(no_wider((uint32_t)was->sockets, (uint32_t)is->sockets));
    ck_assert(no_wider((uint32_t)was->mode, (uint32_t)is->mode));
    for (int i = LEVEL_LOW; i <= LEVEL_HIGH; i++)
        ck_assert(no_wider(was->max_risk[i], is->max_risk[i]));
}

/* Changes to the policies and to the step, after which nothing is permitted that was refused. */
typedef void change_text_fn(char *text);
typedef void change_step_fn(struct random_step *step);

static void nothing_of_the_text(char *text)
{
    (void)text;
}

static void nothing_of_the_step(struct random_step *step)
{
    (void)step;
}

static void never_permits_more(unsigned long long from, const char *base, change_text_fn *change_text,
                               change_step_fn *change_step)
{
    static char text[65536], changed[65536];
    unsigned permitted = 0, taken = 0;
    struct policy_set set, changed_set;

    seed = from;
    for (unsigned i = 0; i < cases; i++) {
        struct decision before, after;
        struct random_step step;
        int was, is;

        if (i % STEPS == 0) {
            next_policies(text, base, &set);
            strcpy(changed, text);
            change_text(changed);
            parse(changed, &changed_set);
        }
        random_step(&step);
        before = decide(&step.facts, &set);
        change_step(&step);
        after = decide(&step.facts, &changed_set);
        was = before.verdict == VERDICT_PERMIT;
        is = after.verdict == VERDICT_PERMIT;
        permitted += (unsigned)was;
        taken += was && !is;
        ck_assert_msg((was || !is) && (goes_on(&before) || !goes_on(&after)),
                      "case %u: %s was %s and is %s\n%s\nscope %s\nbefore:\n%s", i, step_word(step.facts.step),
                      reason_word(before.reason), reason_word(after.reason), changed, step.scope, text);
        if (was && is)
            assert_no_wider(&before, &after);
        if (i % STEPS == STEPS - 1) {
            policy_set_clear(&set);
            policy_set_clear(&changed_set);
        }
    }
    ck_assert_uint_gt(permitted, cases / 8); /* the cases are no empty ones */
    ck_assert_uint_gt(taken, cases / 500);
}

static void add_deny(char *text)
{
    append(text, "policy", "deny");
    append(text, "mode", "enforce");
    append(text, "identity", PICK(identity_patterns));
    if (one_in(2))
        append(text, "purpose", PICK(purpose_patterns));
    random_rule(text, one_in(2) ? "deny-login" : "deny-sudo");
}

/* A policy of limits alone is a deny, too: where another one matches anyway. */
static void add_limits(char *text)
{
    append(text, "policy", "defaults");
    random_limits(text);
    random_reattestation(text);
}

/* One more line at the end of one of the allow rules. */
static void add_to_allow(char *text, const char *line)
{
    char *rules[64], *at, rest[65536];
    unsigned count = 0;

    for (at = strstr(text, "\nrule allow-"); at && count < COUNT_OF(rules); at = strstr(at + 1, "\nrule allow-"))
        rules[count++] = at + 1;
    if (count == 0)
        return;
    at = strchr(rules[next_random(count)], '\n') + 1; /* what the rule says further down counts: the last does */
    while (*at && strncmp(at, "rule ", 5) != 0 && strncmp(at, "policy ", 7) != 0)
        at = strchr(at, '\n') + 1;
    strcpy(rest, at);
    strcpy(at, line);
    strcat(at, rest);
}

/* Some rules are more sensitive, or the host, or the task. */
static void raise_sensitivity(char *text)
{
    for (unsigned n = 1 + next_random(4); n > 0; n--)
        add_to_allow(text, "sensitivity high\n");
}

static void raise_sensitivity_of_facts(struct random_step *step)
{
    if (one_in(2))
        step->facts.sensitivity = LEVEL_HIGH;
    else
        step->facts.task_sensitivity = LEVEL_HIGH;
}

/* A rule that has none is from now on of another time. */
static void add_window(char *text)
{
    if (!strstr(text, "\nwindow "))
        add_to_allow(text, "window tue 16:00-17:00 UTC\n");
}

/* Cut one allow rule out, up to the next rule or policy. */
static void remove_allow(char *text)
{
    char *rules[64], *end, *next;
    unsigned count = 0;

    for (char *at = strstr(text, "\nrule allow-"); at && count < COUNT_OF(rules); at = strstr(at + 1, "\nrule allow-"))
        rules[count++] = at + 1;
    if (count == 0)
        return;
    end = rules[next_random(count)];
    next = end;
    do
        next = strchr(next, '\n') + 1;
    while (*next && strncmp(next, "rule ", 5) != 0 && strncmp(next, "policy ", 7) != 0);
    memmove(end, next, strlen(next) + 1);
}

/* It takes that policy from some sessions, and from none what others deny or limit. */
static void add_condition(char *text)
{
    if (one_in(2))
        append(text, "issuer", PICK(issuers));
    else
        append_some(text, "principal", principal_patterns, COUNT_OF(principal_patterns), 2);
}

/* A fact for the worse. */
static void worsen_facts(struct random_step *step)
{
    struct facts *f = &step->facts;

    switch (next_random(17)) {
    case 0:
        f->identity_disabled = 1;
        break;
    case 1:
        f->standing.task = TASK_COMPLETED;
        break;
    case 2:
        f->environment_forgeable = 1;
        break;
    case 3:
        f->account_busy = 1;
        break;
    case 4:
        f->logins++;
        break;
    case 5:
        f->session_ending = 1;
        break;
    case 6:
        f->session_deadline--;
        break;
    case 7:
        if (f->possession == POSSESSION_CHANNEL || f->possession == POSSESSION_SIGNED)
            f->possession++;
        break;
    case 8:
        f->approved = 0;
        break;
    case 9:
        end_sooner(f, (int64_t)next_random(700));
        break;
    case 10:
        f->standing.task = f->standing.task < TASK_REVOKED
                               ? f->standing.task + 1 + next_random(TASK_REVOKED - f->standing.task)
                               : TASK_REVOKED;
        break;
    case 11:
        f->standing.revoked = 1;
        break;
    case 12:
        f->standing.stopped = 1;
        break;
    case 13:
        f->standing.risk = LEVEL_HIGH;
        break;
    case 14:
        delegate(f);
        f->ancestors += next_random(8);
        break;
    case 15:
        f->steps_permitted += 1 + next_random(8);
        break;
    case 16:
        f->steps_last_minute += 1 + next_random(8);
        break;
    }
}

START_TEST(adding_a_deny_never_permits_more)
{
    never_permits_more(1, ALLOWING, add_deny, nothing_of_the_step);
}
END_TEST
START_TEST(adding_limits_never_permits_more)
{
    never_permits_more(2, WIDEST, add_limits, nothing_of_the_step);
}
END_TEST
START_TEST(a_more_sensitive_rule_never_permits_more)
{
    never_permits_more(3, "", raise_sensitivity, nothing_of_the_step);
}
END_TEST
START_TEST(a_more_sensitive_host_or_task_never_permits_more)
{
    never_permits_more(4, "", nothing_of_the_text, raise_sensitivity_of_facts);
}
END_TEST
START_TEST(a_window_never_permits_more)
{
    never_permits_more(5, "", add_window, nothing_of_the_step);
}
END_TEST
START_TEST(removing_an_allow_never_permits_more)
{
    never_permits_more(6, "", remove_allow, nothing_of_the_step);
}
END_TEST
START_TEST(adding_a_condition_never_permits_more)
{
    never_permits_more(7, ALLOWING, add_condition, nothing_of_the_step);
}
END_TEST
START_TEST(narrowing_the_credential_never_permits_more)
{
    never_permits_more(8, "", nothing_of_the_text, narrow_credential);
}
END_TEST
START_TEST(worse_facts_never_permit_more)
{
    never_permits_more(9, ALLOWING, nothing_of_the_text, worsen_facts);
}
END_TEST

START_TEST(no_matching_policy_is_refused)
{
    static char text[65536];
    struct policy_set set;

    seed = 10;
    for (unsigned i = 0; i < cases; i++) {
        struct random_step step;
        struct decision decision;

        if (i % STEPS == 0)
            next_policies(text, "", &set);
        random_step(&step);
        step.facts.identity = "spiffe://elsewhere.example/agent/deploy"; /* no pattern's */
        decision = decide(&step.facts, &set);
        ck_assert_msg(decision.verdict == VERDICT_DENY && (!decision.observed || step.facts.observe), "case %u: %s\n%s",
                      i, step_word(step.facts.step), text);
        if (i % STEPS == STEPS - 1)
            policy_set_clear(&set);
    }
}
END_TEST

/* Policies and rules in another order: the same verdict, deadline and places. The defaults are the first ones. */
static void shuffle(char *text)
{
    static char copy[65536];
    char *starts[16], *rest;
    unsigned count = 0;

    strcpy(copy, text);
    rest = strstr(copy, "\npolicy ");
    if (strncmp(rest, "\npolicy defaults\n", 17) == 0)
        rest = strstr(rest + 1, "\npolicy ");
    for (char *at = rest; at; at = strstr(at + 1, "\npolicy "))
        starts[count++] = at + 1;
    text[rest + 1 - copy] = '\0';
    while (count > 0) {
        unsigned i = next_random(count);
        char *end = strstr(starts[i], "\npolicy ");

        strncat(text, starts[i], end ? (size_t)(end + 1 - starts[i]) : strlen(starts[i]));
        starts[i] = starts[--count];
    }
}

START_TEST(order_of_policies_means_nothing)
{
    static char text[65536], other[65536];
    struct policy_set set, turned;

    seed = 11;
    for (unsigned i = 0; i < cases; i++) {
        struct decision before, after;
        struct random_step step;

        if (i % STEPS == 0) {
            next_policies(text, "", &set);
            strcpy(other, text);
            shuffle(other);
            ck_assert_uint_eq(strlen(other), strlen(text));
            parse(other, &turned);
        }
        random_step(&step);
        before = decide(&step.facts, &set);
        after = decide(&step.facts, &turned);
        ck_assert_msg(
            before.reason == after.reason && before.observed == after.observed &&
                before.session_deadline == after.session_deadline && before.leaves_service == after.leaves_service &&
                memcmp(&before.limits, &after.limits, sizeof before.limits) == 0,
            "case %u: %s and %s\n%s\n%s", i, reason_word(before.reason), reason_word(after.reason), text, other);
        if (i % STEPS == STEPS - 1) {
            policy_set_clear(&set);
            policy_set_clear(&turned);
        }
    }
}
END_TEST

/* What is permitted before the command is known may be refused after, but never the other way round. */
START_TEST(knowing_more_never_permits_more)
{
    static char text[65536];
    struct policy_set set;
    unsigned permitted = 0;

    seed = 12;
    for (unsigned i = 0; i < cases; i++) {
        struct random_step step;
        struct facts blind;

        if (i % STEPS == 0)
            next_policies(text, "", &set);
        random_step(&step);
        step.facts.step = STEP_SUDO;
        step.facts.session_deadline = NOW + 5;
        step.facts.run_as = random_run_as();
        step.facts.argv = step.argv;
        step.facts.argc = 1;
        blind = step.facts;
        blind.argv = NULL;
        blind.argc = 0;
        if (one_in(2))
            blind.run_as = NULL;
        if (permits(&step.facts, &set)) {
            permitted++;
            ck_assert_msg(permits(&blind, &set), "case %u: %s\n%s", i, reason_word(decide(&blind, &set).reason), text);
        }
        if (i % STEPS == STEPS - 1)
            policy_set_clear(&set);
    }
    ck_assert_uint_gt(permitted, cases / 20);
}
END_TEST

/* Each more of risk permits less of the steps, and each standing that is worse. */
START_TEST(risk_and_standing_never_permit_more)
{
    static char text[65536];
    unsigned permitted = 0, taken = 0;
    struct policy_set set;

    seed = 13;
    for (unsigned i = 0; i < cases; i++) {
        struct random_step step;
        int was = 1, is;

        if (i % STEPS == 0)
            next_policies(text, "", &set);
        random_step(&step);
        for (int risk = LEVEL_UNSET; risk <= LEVEL_HIGH; risk++) {
            step.facts.standing.risk = (enum level)risk;
            is = permits(&step.facts, &set);
            ck_assert_msg(was || !is, "case %u: risk %d permits %s\n%s", i, risk, step_word(step.facts.step), text);
            permitted += (unsigned)is;
            taken += risk && was && !is;
            was = is;
        }
        for (int task = step.facts.standing.task; task <= TASK_REVOKED; task++) {
            step.facts.standing.task = (enum task_state)task;
            is = permits(&step.facts, &set);
            ck_assert_msg(was || !is, "case %u: task state %d permits %s\n%s", i, task, step_word(step.facts.step),
                          text);
            was = is;
        }
        ck_assert(!was);
        if (i % STEPS == STEPS - 1)
            policy_set_clear(&set);
    }
    ck_assert_uint_gt(permitted, cases / 4);
    ck_assert_uint_gt(taken, cases / 100);
}
END_TEST

/* A property of cases that are all refused, or all for one reason, would say little. */
START_TEST(cases_reach_every_answer)
{
    static const enum reason wanted[] = {REASON_IDENTITY_DISABLED,
                                         REASON_STOPPED,
                                         REASON_TASK_REVOKED,
                                         REASON_REVOKED,
                                         REASON_TASK_COMPLETED,
                                         REASON_TASK_SUSPENDED,
                                         REASON_DELEGATEE_UNKNOWN,
                                         REASON_EXPIRED,
                                         REASON_NO_POLICY,
                                         REASON_CHAIN_TOO_DEEP,
                                         REASON_LIFETIME_TOO_LONG,
                                         REASON_BEFORE_BOOT,
                                         REASON_REPLAYED,
                                         REASON_POSSESSION_MISSING,
                                         REASON_POSSESSION_TOO_WEAK,
                                         REASON_ENVIRONMENT_FORGEABLE,
                                         REASON_ACCOUNT_BUSY,
                                         REASON_SESSION_ENDING,
                                         REASON_SESSION_EXPIRED,
                                         REASON_BAD_QUESTION,
                                         REASON_SCOPE_EXCEEDED,
                                         REASON_COMMAND_UNKNOWN,
                                         REASON_STATE_UNAVAILABLE,
                                         REASON_NO_RULE,
                                         REASON_DENIED_BY_RULE,
                                         REASON_SOURCE_UNKNOWN,
                                         REASON_RISK_TOO_HIGH,
                                         REASON_NOT_APPROVED,
                                         REASON_BUDGET_EXHAUSTED,
                                         REASON_TOO_FAST};
    static char text[65536];
    unsigned reasons[REASON_COUNT] = {0}, asked[STEP_RECHECK + 1] = {0}, permitted[STEP_RECHECK + 1] = {0};
    struct policy_set set;

    seed = 14;
    for (unsigned i = 0; i < cases; i++) {
        struct random_step step;
        struct decision decision;

        if (i % STEPS == 0)
            next_policies(text, "", &set);
        random_step(&step);
        decision = decide(&step.facts, &set);
        reasons[decision.reason]++;
        asked[step.facts.step]++;
        permitted[step.facts.step] += decision.verdict == VERDICT_PERMIT;
        if (i % STEPS == STEPS - 1)
            policy_set_clear(&set);
    }
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        ck_assert_msg(reasons[wanted[i]] >= cases / 4000, "%s: %u", reason_word(wanted[i]), reasons[wanted[i]]);
    for (int step = STEP_LOGIN; step <= STEP_RECHECK; step++)
        ck_assert_msg(permitted[step] >= asked[step] / 14, "%s: %u of %u", step_word((enum step)step), permitted[step],
                      asked[step]);
}
END_TEST

static Suite *properties_suite(void)
{
    Suite *suite = suite_create("decide_properties");
    TCase *tcase = tcase_create("properties");

    tcase_set_timeout(tcase, 300); /* under valgrind */
    tcase_add_test(tcase, adding_a_deny_never_permits_more);
    tcase_add_test(tcase, adding_limits_never_permits_more);
    tcase_add_test(tcase, a_window_never_permits_more);
    tcase_add_test(tcase, removing_an_allow_never_permits_more);
    tcase_add_test(tcase, adding_a_condition_never_permits_more);
    tcase_add_test(tcase, narrowing_the_credential_never_permits_more);
    tcase_add_test(tcase, a_more_sensitive_rule_never_permits_more);
    tcase_add_test(tcase, a_more_sensitive_host_or_task_never_permits_more);
    tcase_add_test(tcase, risk_and_standing_never_permit_more);
    tcase_add_test(tcase, worse_facts_never_permit_more);
    tcase_add_test(tcase, no_matching_policy_is_refused);
    tcase_add_test(tcase, order_of_policies_means_nothing);
    tcase_add_test(tcase, knowing_more_never_permits_more);
    tcase_add_test(tcase, cases_reach_every_answer);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(properties_suite());
    int failed;

    cases = cases_wanted();
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
