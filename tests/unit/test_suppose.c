/* agentctl/suppose: what is said becomes the facts that gate and guard would have. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/suppose.h"
#include "agentctl/words.h"
#include "ask/message.h"
#include "core/compat.h"

#define HEAD "pam_agent 1\n"
#define DEPLOY "spiffe://example.org/agent/deploy"
#define NOW 1764000000
#define CARE \
    HEAD "policy defaults\nwhere built in\nmax-lifetime 600\n" \
         "policy care\nwhere conf:1\nidentity " DEPLOY "\npurpose restart-web\nmax-lifetime 300\n" \
         "rule allow-login\nrule-where conf:2\n" \
         "rule allow-sudo\nrule-where conf:3\ncommand /usr/bin/systemctl\nword restart\nword nginx\n"

static struct supposed supposed;
static struct grant grant;
static struct arena arena;
static struct policy_set policies;

static void setup(void)
{
    supposed_begin(&supposed);
    ck_assert_int_eq(policy_set_parse(CARE, sizeof CARE - 1, &policies), 0);
}

static void teardown(void)
{
    policy_set_clear(&policies);
    arena_clear(&arena);
}

static void say_it(const char *key, const char *value)
{
    const char *mend = supposed_take(&supposed, key, value);

    ck_assert_msg(mend == NULL, "%s = %s: %s", key, value, mend);
}

static void say_usual(const char *step)
{
    say_it("account", "agent-deploy");
    say_it("identity", DEPLOY);
    say_it("purpose", "restart-web");
    say_it("step", step);
    supposed.at = NOW;
}

static struct facts facts_of(void)
{
    struct facts facts;

    ck_assert_ptr_null(supposed_problem(&supposed));
    ck_assert_int_eq(suppose_grant(&supposed, &grant), 0);
    suppose_facts(&supposed, &grant, &arena, &facts);
    suppose_lifetime(&policies, &facts);
    return facts;
}

static enum reason reason_of(int target_is_agent)
{
    struct facts facts = facts_of();

    return suppose_decide(&facts, &policies, target_is_agent).reason;
}

/* --- what is said --- */

static const struct {
    const char *key, *value;
    int taken;
} values[] = {
    {"account", "agent-deploy", 1},
    {"account", "Agent", 0},
    {"account", "", 0},
    {"identity", DEPLOY, 1},
    {"identity", "spiffe://example.org/agent/*", 0},
    {"identity", "deploy", 0},
    {"purpose", "restart-web", 1},
    {"purpose", "", 0},
    {"purpose", "a\nb", 0},
    {"task", "T 1", 1},
    {"task", "", 0},
    {"issuer", "corp", 1},
    {"issuer", "\x7f", 0},
    {"principal", "alice", 1},
    {"principal", "", 0},
    {"delegator", DEPLOY, 1},
    {"delegator", "planner", 0},
    {"service", "sshd", 1},
    {"service", "../sshd", 0},
    {"from", "10.0.0.1", 1},
    {"from", "2001:db8::1", 1},
    {"from", "10.0.0.0/8", 0},
    {"from", "gateway", 0},
    {"run-as", "root", 1},
    {"run-as", "ALL", 0},
    {"run-as", "root:adm", 1},
    {"run-as", "root:", 0},
    {"run-as", ":adm", 0},
    {"run-as", "root:#4", 0},
    {"run-as", "root:adm:adm", 0},
    {"run-as", "a-name-that-is-longer-than-any-name-of-a-user-of-a-host-may-ever-be:adm", 0},
    {"command", "/usr/bin/id -u", 1},
    {"command", "  /usr/bin/id", 1},
    {"command", "id", 0},
    {"command", "", 0},
    {"step", "login", 1},
    {"step", "sudo", 1},
    {"step", "command", 1},
    {"step", "open", 0},
    {"step", "", 0},
    {"at", "2026-11-28T16:00:00Z", 1},
    {"at", "now", 1},
    {"at", "2026-02-31T16:00:00Z", 0},
    {"at", "yesterday", 0},
    {"risk", "high", 1},
    {"risk", "extreme", 0},
    {"sensitivity", "medium", 1},
    {"sensitivity", "", 0},
    {"sensitivity", "secret", 0},
    {"possession", "bearer", 1},
    {"possession", "strong", 0},
    {"colour", "red", 0},
};

START_TEST(a_value_is_taken_or_mended)
{
    const char *mend = supposed_take(&supposed, values[_i].key, values[_i].value);

    ck_assert_msg((mend == NULL) == values[_i].taken, "%s = %s: %s", values[_i].key, values[_i].value,
                  mend ? mend : "taken");
}
END_TEST

START_TEST(every_key_is_known)
{
    for (const char *const *key = supposed_keys; *key; key++)
        ck_assert_str_ne(supposed_take(&supposed, *key, "\n") ?: "", "nothing: there is no such key");
}
END_TEST

START_TEST(values_go_where_they_belong)
{
    for (const char *const *key = supposed_keys; *key; key++)
        (void)!supposed_take(&supposed, *key, "x");
    say_it("account", "agent-a");
    say_it("from", "::1");
    say_it("run-as", "www-data");
    say_it("command", "/bin/ls");
    say_it("at", "2026-11-28T16:00:00Z");
    ck_assert_str_eq(supposed.account, "agent-a");
    ck_assert_str_eq(supposed.source, "::1");
    ck_assert_str_eq(supposed.run_as, "www-data");
    ck_assert_str_eq(supposed.command, "/bin/ls");
    ck_assert_str_eq(supposed.task, "x");
    ck_assert_str_eq(supposed.principal, "x");
    ck_assert_int_eq(supposed.at, 1795881600);
    ck_assert_int_eq(supposed.step, -1);
    ck_assert_ptr_null(supposed.identity);
}
END_TEST

static const struct {
    const char *said[8]; /* key, value ... */
    const char *problem; /* NULL: none */
} wholes[] = {
    {{"step", "login"}, "account is missing"},
    {{"account", "a"}, "step is missing"},
    {{"account", "a", "step", "login"}, NULL},
    {{"account", "a", "step", "login", "run-as", "root"}, "run-as and command are of"},
    {{"account", "a", "step", "login", "command", "/bin/ls"}, "run-as and command are of"},
    {{"account", "a", "step", "sudo"}, NULL},
    {{"account", "a", "step", "sudo", "service", "sshd"}, "service is of"},
    {{"account", "a", "step", "command"}, "command is missing"},
    {{"account", "a", "step", "command", "command", "/bin/ls"}, NULL},
};

START_TEST(the_whole_is_checked)
{
    const char *problem;

    for (const char *const *said = wholes[_i].said; *said; said += 2)
        say_it(said[0], said[1]);
    problem = supposed_problem(&supposed);
    if (wholes[_i].problem)
        ck_assert_msg(problem && strstr(problem, wholes[_i].problem), "%s", problem);
    else
        ck_assert_msg(!problem, "%s", problem);
}
END_TEST

START_TEST(words_are_counted)
{
    char *line = calloc(1, 2 * MESSAGE_ARGS_MAX + 3);

    for (int i = 0; i < MESSAGE_ARGS_MAX; i++)
        strcat(line, "/ ");
    say_it("account", "a");
    say_it("step", "command");
    say_it("command", line);
    ck_assert_ptr_null(supposed_problem(&supposed));
    strcat(line, "/");
    ck_assert_str_eq(supposed_problem(&supposed), "command has too many words");
    free(line);
}
END_TEST

/* --- words --- */

START_TEST(a_line_is_split_at_blanks)
{
    char line[] = "  /bin/ls  -l 'a b' ";
    struct words words = {0};

    ck_assert_int_eq(words_split(line, 4, &arena, &words), 1);
    ck_assert_uint_eq(words.count, 4);
    ck_assert_str_eq(words.items[0], "/bin/ls");
    ck_assert_str_eq(words.items[1], "-l");
    ck_assert_str_eq(words.items[2], "'a");
    ck_assert_str_eq(words.items[3], "b'");
}
END_TEST

START_TEST(a_line_has_a_bound)
{
    char line[] = "a b c", none[] = "   ";
    struct words words = {0};

    ck_assert_int_eq(words_split(none, 0, &arena, &words), 1);
    ck_assert_uint_eq(words.count, 0);
    ck_assert_int_eq(words_split(line, 2, &arena, &words), 0);
}
END_TEST

/* --- facts --- */

START_TEST(a_login)
{
    struct facts facts;

    say_usual("login");
    say_it("from", "10.0.0.1");
    say_it("task", "T1");
    facts = facts_of();
    ck_assert_int_eq(facts.task_sensitivity, LEVEL_UNSET);
    say_it("sensitivity", "high");
    ck_assert_int_eq(facts_of().task_sensitivity, LEVEL_HIGH);
    ck_assert_int_eq(facts.step, STEP_LOGIN);
    ck_assert_str_eq(facts.service, "sshd");
    ck_assert_str_eq(facts.source, "10.0.0.1");
    ck_assert_str_eq(facts.account, "agent-deploy");
    ck_assert_str_eq(facts.identity, DEPLOY);
    ck_assert_str_eq(facts.purpose, "restart-web");
    ck_assert_str_eq(facts.task, "T1");
    ck_assert_ptr_null(facts.delegator);
    ck_assert_ptr_null(facts.argv);
    ck_assert_int_eq(facts.possession, POSSESSION_CHANNEL);
    ck_assert_int_eq(facts.now, NOW);
    ck_assert_int_eq(facts.issued, NOW);
    ck_assert_int_eq(facts.expires, NOW + 300); /* the strictest that applies */
    ck_assert_int_eq(reason_of(0), REASON_PERMIT);
}
END_TEST

START_TEST(a_login_of_another_service_or_purpose)
{
    say_usual("login");
    say_it("service", "login");
    ck_assert_int_eq(reason_of(0), REASON_NOT_AN_AGENT_LOGIN); /* gate asks for no credential */
    supposed.service = NULL;
    say_it("purpose", "other");
    ck_assert_int_eq(facts_of().expires, NOW + 600);
    ck_assert_int_eq(reason_of(0), REASON_NO_POLICY);
    supposed.purpose = NULL;
    ck_assert_ptr_null(facts_of().purpose);
}
END_TEST

START_TEST(without_a_limit_a_credential_lives_as_long_as_its_issuer_lets_it)
{
    policy_set_clear(&policies);
    say_usual("login");
    ck_assert_int_eq(facts_of().expires, NOW + 900);
}
END_TEST

START_TEST(a_command)
{
    struct facts facts;

    say_usual("command");
    say_it("command", "/usr/bin/systemctl restart nginx");
    facts = facts_of();
    ck_assert_str_eq(facts.run_as, "root");
    ck_assert_uint_eq(facts.argc, 3);
    ck_assert_str_eq(facts.argv[0], "/usr/bin/systemctl");
    ck_assert_str_eq(facts.argv[2], "nginx");
    ck_assert_int_eq(reason_of(0), REASON_PERMIT);
    ck_assert_int_eq(reason_of(1), REASON_TARGET_IS_AGENT);
    say_it("run-as", "www-data");
    ck_assert_int_eq(reason_of(0), REASON_NO_RULE);
    supposed.run_as = NULL;
    say_it("command", "/usr/bin/systemctl restart sshd");
    ck_assert_int_eq(reason_of(0), REASON_NO_RULE);
}
END_TEST

/* A group counts where it is not the user's own, which bears the user's name unless the host knows better. */
START_TEST(a_command_with_a_group)
{
    say_usual("command");
    say_it("command", "/usr/bin/systemctl restart nginx");
    ck_assert_str_eq(facts_of().own_group, "root");
    say_it("run-as", "root:adm");
    ck_assert_str_eq(facts_of().run_as, "root:adm");
    ck_assert_str_eq(facts_of().own_group, "root");
    ck_assert_int_eq(reason_of(0), REASON_NO_RULE);
    supposed.own_group = "adm";
    ck_assert_str_eq(facts_of().run_as, "root");
    ck_assert_str_eq(facts_of().own_group, "adm");
    ck_assert_int_eq(reason_of(0), REASON_PERMIT);
    supposed.own_group = NULL;
    say_it("run-as", "root:root");
    ck_assert_str_eq(facts_of().run_as, "root");
}
END_TEST

START_TEST(sudo_knows_less)
{
    struct facts facts;

    say_usual("sudo");
    facts = facts_of();
    ck_assert_ptr_null(facts.run_as);
    ck_assert_ptr_null(facts.argv);
    ck_assert_int_eq(reason_of(0), REASON_PERMIT);
    say_it("run-as", "www-data");
    ck_assert_int_eq(reason_of(0), REASON_NO_RULE);
}
END_TEST

START_TEST(a_delegated_one)
{
    say_usual("login");
    say_it("delegator", "spiffe://example.org/agent/planner");
    ck_assert_str_eq(facts_of().delegator, "spiffe://example.org/agent/planner");
    ck_assert_uint_eq(facts_of().ancestors, 1);
    ck_assert_int_eq(reason_of(0), REASON_DELEGATEE_UNKNOWN);
}
END_TEST

START_TEST(a_weaker_proof)
{
    say_usual("login");
    say_it("possession", "signed");
    ck_assert_int_eq(reason_of(0), REASON_POSSESSION_TOO_WEAK);
}
END_TEST

START_TEST(what_is_too_long_for_a_grant)
{
    static char task[TASK_MAX + 2];

    say_usual("login");
    memset(task, 't', sizeof task - 1);
    supposed.task = task;
    ck_assert_int_lt(suppose_grant(&supposed, &grant), 0);
}
END_TEST

static Suite *suppose_suite(void)
{
    Suite *suite = suite_create("suppose");
    TCase *said = tcase_create("what is said"), *facts = tcase_create("facts");

    tcase_add_checked_fixture(said, setup, teardown);
    tcase_add_loop_test(said, a_value_is_taken_or_mended, 0, COUNT_OF(values));
    tcase_add_test(said, every_key_is_known);
    tcase_add_test(said, values_go_where_they_belong);
    tcase_add_loop_test(said, the_whole_is_checked, 0, COUNT_OF(wholes));
    tcase_add_test(said, words_are_counted);
    tcase_add_test(said, a_line_is_split_at_blanks);
    tcase_add_test(said, a_line_has_a_bound);
    suite_add_tcase(suite, said);
    tcase_add_checked_fixture(facts, setup, teardown);
    tcase_add_test(facts, a_login);
    tcase_add_test(facts, a_login_of_another_service_or_purpose);
    tcase_add_test(facts, without_a_limit_a_credential_lives_as_long_as_its_issuer_lets_it);
    tcase_add_test(facts, a_command);
    tcase_add_test(facts, a_command_with_a_group);
    tcase_add_test(facts, sudo_knows_less);
    tcase_add_test(facts, a_delegated_one);
    tcase_add_test(facts, a_weaker_proof);
    tcase_add_test(facts, what_is_too_long_for_a_grant);
    suite_add_tcase(suite, facts);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(suppose_suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
