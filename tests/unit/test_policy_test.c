/* Case files: every mistake has its file and line; cases are decided as steps are; rules that none reaches are known. Runs as root. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentctl/policy_test.h"
#include "agentctl/verbs.h"
#include "core/compat.h"

#define NOW 1795881600 /* 2026-11-28T16:00:00Z */

static char dir[64];

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *to = fopen(path_of(name), "w");

    ck_assert_ptr_nonnull(to);
    ck_assert_int_ge(fputs(text, to), 0);
    ck_assert_int_eq(fclose(to), 0);
}

static void setup(void)
{
    umask(022);
    strcpy(dir, "/tmp/test_policy_test.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(chmod(dir, 0755), 0);
}

static void teardown(void)
{
    char command[96];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

static const char config_text[] =
    "host { id = \"spiffe://e.org/host/a\"\n sensitivity = \"medium\" }\n"
    "issuer one { kind = aat\n iss = \"https://one\" keys = k trust-domains = { \"e.org\" } }\n"
    "issuer two { kind = aat\n iss = \"https://two\" keys = k trust-domains = { \"e.org\" } }\n"
    "identity agent-a { id = \"spiffe://e.org/agent/a\"\n slots = 2\n delegates = { \"spiffe://e.org/agent/plan\" } }\n"
    "identity agent-all { id = \"spiffe://e.org/agent/*\" }\n"
    "policy p {\n"
    " identities = { \"spiffe://e.org/agent/*\" }\n"
    " purposes = { \"fix\" }\n"
    " login { from = { \"10.0.0.0/8\" } } deny-login { from = { \"10.9.0.0/16\" } }\n"
    " sudo { commands = { \"/bin/ls\" } } sudo { commands = { \"/bin/cat\" } }\n"
    " sudo { run-as = \"www-data\"\n commands = { \"/bin/ls\" } sensitivity = \"high\" }\n"
    " sudo { run-as = \"www-data\"\n run-as-group = { \"adm\", \"www-data\" } commands = { \"/bin/df\" } }\n"
    "}\n"
    "policy q { identities = { \"spiffe://e.org/agent/b\" }\n sudo { any-command = true } }\n"
    "policy two { identities = { \"spiffe://e.org/agent/*\" }\n issuers = two max-delegation = 0 }\n"
    "policy alice { identities = { \"spiffe://e.org/agent/*\" }\n principals = \"al*\" max-risk-medium = low }\n"
    "policy elsewhere { identities = { \"spiffe://e.org/agent/*\" }\n requires = \"env=prod\" deny-login { } }\n";

/* --- mistakes --- */

#define CASE(more) "case c { account = agent-a\n step = login\n" more "}\n"

static const struct {
    const char *text, *line, *says; /* one problem is at this line, and says this */
} mistakes[] = {
    {"", "cases: ", "no case is in it"},
    {"# nothing\n", "cases: ", "no case is in it"},
    {"\n" CASE("expect = permit\n") CASE("expect = permit\n"), "cases:6: ", "case \"c\" is there already"},
    {"case { account = agent-a\n step = login expect = permit }", "cases:1: ", "case has no name"},
    {"policy p { }", "cases:1: ", "unknown key \"policy\": see agentctl(8)"},
    {CASE("expect = permit\ncolour = red\n"), "cases:4: ", "unknown key \"colour\" in case"},
    {CASE("expect = permit\nfrom = { \"10.0.0.1\" }\n"), "cases:4: ", "from takes one value"},
    {CASE("expect = permit\nfrom = gateway\n"), "cases:4: ", "from: \"gateway\" is not valid: write a numeric address"},
    {CASE("expect = permit\nrisk = some\n"), "cases:4: ", "risk: \"some\" is not valid"},
    {CASE("expect = permit\nat = \"tomorrow\"\n"), "cases:4: ", "write a time such as"},
    {CASE(""), "cases:1: ", "case has no expect"},
    {CASE("expect = yes\n"), "cases:3: ", "expect: \"yes\" is neither"},
    {CASE("expect = \"deny\"\n"), "cases:3: ", "expect: \"deny\" is neither"},
    {CASE("expect = \"deny:\"\n"), "cases:3: ", "no such reason"},
    {CASE("expect = \"deny:no_rul\"\n"), "cases:3: ", "expect: \"deny:no_rul\": there is no such reason"},
    {CASE("expect = \"deny:permit\"\n"), "cases:3: ", "no such reason"},
    {CASE("expect = permit\nrun-as = root\n"), "cases:1: ", "case \"c\": run-as and command are of"},
    {"case c { step = login\n expect = permit }", "cases:1: ", "account is missing"},
    {"case c { account = agent-a\n step = command expect = permit }", "cases:1: ", "command is missing"},
    {"case c {", "cases:1: ", "case is not closed"},
};

static char *told_by(const struct problems *problems)
{
    char *told = NULL;
    size_t len;
    FILE *to = open_memstream(&told, &len);

    problems_print(problems, to);
    fclose(to);
    return told;
}

START_TEST(mistake)
{
    struct problems problems = {0};
    struct cases cases = {.count = 0};
    char place[160], *told;

    put("cases", mistakes[_i].text);
    ck_assert_int_lt(cases_read(path_of("cases"), NOW, &cases, &problems), 0);
    told = told_by(&problems);
    snprintf(place, sizeof place, "%s/%s", dir, mistakes[_i].line);
    ck_assert_msg(problems.count == 1, "%s", told);
    ck_assert_msg(strncmp(told, place, strlen(place)) == 0, "%s", told);
    ck_assert_msg(strstr(told, mistakes[_i].says) != NULL, "%s", told);
    free(told);
    problems_clear(&problems);
    cases_clear(&cases);
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
    struct problems problems = {0};
    struct cases cases = {.count = 0};

    ck_assert_int_lt(cases_read(path_of("none"), NOW, &cases, &problems), 0);
    ck_assert_ptr_nonnull(strstr(problems.texts[0], "No such file"));
    problems_clear(&problems);
    cases_clear(&cases);
}
END_TEST

/* --- runs --- */

static struct problems problems;
static struct config *config;
static struct cases cases;
static struct policy_test test;

static int read_and_run(void)
{
    ck_assert_int_eq(config_read_of(dir, geteuid(), &config, &problems), 0);
    ck_assert_int_eq(cases_read(path_of("cases"), NOW, &cases, &problems), 0);
    return policy_test_run(config, &cases, &problems, &test);
}

static int run(const char *text)
{
    put("agent.conf", config_text);
    put("cases", text);
    return read_and_run();
}

static void clear(void)
{
    policy_test_clear(&test);
    cases_clear(&cases);
    config_free(config);
    problems_clear(&problems);
    config = NULL;
}

static const struct {
    const char *said, *expected;
} decided[] = {
    {"account = agent-a step = login from = \"10.0.0.1\" purpose = fix", "permit"},
    {"account = agent-a-2 step = login from = \"10.0.0.1\" purpose = fix", "permit"},
    {"account = agent-a step = login from = \"10.0.0.1\" purpose = other", "deny:no_policy"},
    {"account = agent-a step = login from = \"10.9.0.1\" purpose = fix", "deny:denied_by_rule"},
    {"account = agent-a step = login from = \"11.0.0.1\" purpose = fix", "deny:no_rule"},
    {"account = agent-a step = login purpose = fix", "deny:source_unknown"},
    {"account = agent-a step = login from = \"10.0.0.1\" purpose = fix service = su", "deny:not_an_agent_login"},
    {"account = agent-a step = login from = \"10.0.0.1\" purpose = fix possession = bearer", "deny:possession_missing"},
    {"account = agent-a step = login from = \"10.0.0.1\" purpose = fix delegator = \"spiffe://e.org/agent/plan\"",
     "permit"},
    {"account = agent-a step = login from = \"10.0.0.1\" purpose = fix delegator = \"spiffe://e.org/agent/plan\" "
     "issuer = two",
     "deny:chain_too_deep"},
    {"account = agent-a step = command command = \"/bin/ls\" purpose = fix risk = medium principal = alice",
     "deny:risk_too_high"},
    {"account = agent-a step = command command = \"/bin/ls\" purpose = fix risk = medium principal = bob", "permit"},
    {"account = agent-a step = login from = \"10.0.0.1\" purpose = fix delegator = \"spiffe://e.org/agent/other\"",
     "deny:delegatee_unknown"},
    {"account = agent-a step = login from = \"10.0.0.1\" purpose = fix delegator = \"spiffe://e.org/agent/a\"",
     "deny:delegatee_unknown"},
    {"account = agent-a step = login identity = \"spiffe://e.org/x\" delegator = \"spiffe://e.org/agent/plan\" "
     "from = \"10.0.0.1\" purpose = fix",
     "deny:identity_unknown"},
    {"account = agent-a step = login identity = \"spiffe://e.org/agent/b\" delegator = \"spiffe://e.org/agent/plan\" "
     "from = \"10.0.0.1\" purpose = fix",
     "deny:identity_mismatch"},
    {"account = agent-all step = login identity = \"spiffe://e.org/agent/b\" delegator = \"spiffe://e.org/x\" "
     "from = \"10.0.0.1\" purpose = fix",
     "deny:delegatee_unknown"},
    {"account = agent-a step = command command = \"/bin/ls\" purpose = fix", "permit"},
    {"account = agent-a step = command command = \"/bin/cat\" purpose = fix run-as = root", "permit"},
    {"account = agent-a step = command command = \"/bin/ls\" purpose = fix run-as = www-data", "permit"},
    {"account = agent-a step = command command = \"/bin/ls\" purpose = fix run-as = www-data risk = medium",
     "deny:risk_too_high"},
    {"account = agent-a step = command command = \"/bin/ls\" purpose = fix risk = medium", "permit"},
    {"account = agent-a step = command command = \"/bin/ls\" purpose = fix risk = high", "deny:risk_too_high"},
    {"account = agent-a step = command command = \"/bin/ls\" purpose = fix risk = medium sensitivity = high",
     "deny:risk_too_high"},
    {"account = agent-a step = command command = \"/bin/ls\" purpose = fix risk = medium sensitivity = low", "permit"},
    {"account = agent-a step = command command = \"/bin/ls\" purpose = fix run-as = agent-all", "deny:target_is_agent"},
    {"account = agent-a step = command command = \"/bin/ls\" purpose = fix run-as = \"agent-all:adm\"",
     "deny:target_is_agent"},
    {"account = agent-a step = command command = \"/bin/df\" purpose = fix run-as = \"www-data:adm\"", "permit"},
    {"account = agent-a step = command command = \"/bin/df\" purpose = fix run-as = www-data", "permit"},
    {"account = agent-a step = command command = \"/bin/df\" purpose = fix run-as = \"www-data:disk\"", "deny:no_rule"},
    {"account = agent-a step = command command = \"/bin/ls\" purpose = fix run-as = \"www-data:adm\"", "deny:no_rule"},
    {"account = agent-a step = sudo purpose = fix", "permit"},
    {"account = nobody step = login", "deny:identity_unknown"},
    {"account = agent-all step = login identity = \"spiffe://e.org/agent/b\" from = \"10.0.0.1\" purpose = fix",
     "permit"},
    {"account = agent-all step = login identity = \"spiffe://e.org/agent/a\" from = \"10.0.0.1\" purpose = fix",
     "deny:identity_mismatch"},
    {"account = agent-all step = login identity = \"spiffe://e.org/x\" from = \"10.0.0.1\" purpose = fix",
     "deny:identity_unknown"},
    {"account = agent-all step = command identity = \"spiffe://e.org/agent/b\" command = \"/bin/sh\"", "permit"},
    {"account = agent-a step = login from = \"10.0.0.1\" purpose = fix issuer = one", "permit"},
    {"account = agent-a step = login from = \"10.0.0.1\" purpose = fix issuer = \"https://two\"", "permit"},
};

START_TEST(a_case)
{
    static const char *const others[] = {"permit", "deny:internal_error"};
    char text[512];

    for (int i = 0; i < 2; i++) {
        const char *expected = i ? others[strcmp(decided[_i].expected, "permit") == 0] : decided[_i].expected;

        snprintf(text, sizeof text, "case c { %s expect = \"%s\" }", decided[_i].said, expected);
        ck_assert_int_eq(run(text), 0);
        ck_assert_msg(test.failed == (size_t)i, "%s: %s", decided[_i].said, reason_word(test.results[0].got));
        clear();
    }
}
END_TEST

START_TEST(rules_are_reached)
{
    ck_assert_int_eq(
        run("case a { account = agent-a step = login from = \"10.0.0.1\" purpose = fix expect = permit }\n"
            "case b { account = agent-a step = command command = \"/bin/cat\" purpose = fix expect = permit }\n"
            "case c { account = agent-a-2 step = command command = \"/bin/cat\" purpose = fix expect = permit }\n"
            "case d { account = agent-a step = command command = \"/bin/sh\" purpose = fix expect = permit }\n"),
        0);
    ck_assert_uint_eq(test.failed, 1);
    ck_assert_uint_eq(test.rule_count, 7);
    ck_assert_uint_eq(test.reached, 2);
    /* two rules of one kind in one line are told apart */
    for (size_t i = 0; i < 7; i++)
        ck_assert_int_eq(test.rules[i].reached,
                         test.rules[i].rule->kind == RULE_ALLOW_LOGIN ||
                             (test.rules[i].rule->command_count == 1 &&
                              !strcmp(test.rules[i].rule->commands[0].words.items[0], "/bin/cat")));
    ck_assert_str_eq(test.results[1].rule, "p");
    ck_assert_ptr_nonnull(strstr(test.results[1].rule_where, "/agent.conf:15"));
    ck_assert_ptr_null(test.results[3].rule);
    clear();
}
END_TEST

/* 256,000 accounts, 6,000 cases that ask whose three names are: not by looking through all of them for each. */
START_TEST(many_identities_cost_a_case_nothing)
{
    FILE *to = fopen(path_of("agent.conf"), "w");

    ck_assert_ptr_nonnull(to);
    fputs("host { id = \"spiffe://e.org/host/a\"\n uid-range = \"100000-400000\" }\n"
          "issuer one { kind = aat\n iss = \"https://one\" keys = k trust-domains = { \"e.org\" } }\n"
          "policy p { identities = { \"spiffe://e.org/agent/0\" } sudo { commands = { \"/bin/ls\" } } }\n",
          to);
    for (int i = 0; i < 4000; i++)
        fprintf(to, "identity a%d { id = \"spiffe://e.org/agent/%d\"\n slots = 64 delegates = \"spiffe://e.org/x\" }\n",
                i, i);
    ck_assert_int_eq(fclose(to), 0);
    to = fopen(path_of("cases"), "w");
    ck_assert_ptr_nonnull(to);
    for (int i = 0; i < 6000; i++)
        fprintf(to,
                "case c%d { account = a0 step = command command = \"/bin/ls\" run-as = u\n"
                " delegator = \"spiffe://e.org/x\" expect = \"deny:no_rule\" }\n",
                i);
    ck_assert_int_eq(fclose(to), 0);
    ck_assert_int_eq(read_and_run(), 0);
    ck_assert_msg(test.failed == 0, "%s", reason_word(test.results[0].got));
    clear();
}
END_TEST

static const struct {
    const char *said, *says;
} impossible[] = {
    {"account = agent-all step = login", "the account is for every agent below spiffe://e.org/agent/*"},
    {"account = agent-a step = login issuer = three", "no issuer \"three\" is configured"},
};

START_TEST(a_case_that_cannot_be_asked)
{
    char text[256];

    snprintf(text, sizeof text, "\ncase c { %s expect = permit }", impossible[_i].said);
    ck_assert_int_lt(run(text), 0);
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_ptr_nonnull(strstr(problems.texts[0], "cases:2: case \"c\": "));
    ck_assert_ptr_nonnull(strstr(problems.texts[0], impossible[_i].says));
    clear();
}
END_TEST

/* --- whose files --- */

/* As this user: does the configuration of the directory read? */
static int reads_as(uid_t uid)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        if (setresuid(uid, uid, uid) < 0)
            _exit(2);
        _exit(config_read_of(dir, geteuid(), &config, &problems) == 0 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_ne(status, 2 << 8);
    return status == 0;
}

START_TEST(files_are_of_root_or_of_who_reads_them)
{
    put("agent.conf", config_text);
    ck_assert_int_eq(reads_as(0), 1);
    ck_assert_int_eq(reads_as(1234), 1);
    ck_assert_int_eq(chown(dir, 1234, 1234), 0);
    ck_assert_int_eq(chown(path_of("agent.conf"), 1234, 1234), 0);
    ck_assert_int_eq(reads_as(1234), 1);
    ck_assert_int_eq(reads_as(1235), 0);
    ck_assert_int_eq(reads_as(0), 0);
    ck_assert_int_eq(chmod(path_of("agent.conf"), 0664), 0);
    ck_assert_int_eq(reads_as(1234), 0);
}
END_TEST

static Suite *policy_test_suite(void)
{
    Suite *suite = suite_create("policy test");
    TCase *files = tcase_create("case files"), *runs = tcase_create("runs"), *many = tcase_create("many");

    tcase_add_checked_fixture(files, setup, teardown);
    tcase_add_loop_test(files, mistake, 0, COUNT_OF(mistakes));
    tcase_add_test(files, a_file_that_is_not_there);
    tcase_add_test(files, files_are_of_root_or_of_who_reads_them);
    suite_add_tcase(suite, files);
    tcase_add_checked_fixture(runs, setup, teardown);
    tcase_add_loop_test(runs, a_case, 0, COUNT_OF(decided));
    tcase_add_test(runs, rules_are_reached);
    tcase_add_loop_test(runs, a_case_that_cannot_be_asked, 0, COUNT_OF(impossible));
    suite_add_tcase(suite, runs);
    tcase_add_checked_fixture(many, setup, teardown);
    tcase_set_timeout(many, 20); /* seconds; one is enough, and a search through all takes 35 */
    tcase_add_test(many, many_identities_cost_a_case_nothing);
    suite_add_tcase(suite, many);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(policy_test_suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
