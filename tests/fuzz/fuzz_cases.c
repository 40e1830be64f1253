/*
 * Fuzz target: case files of `agentctl policy test`. A mistake is told with its file; what is taken is decided, each case with a reason.
 */
#include "config_dir.h"
#include "agentctl/policy_test.h"

#define NOW 1764000000

static const char configuration[] =
    "host { id = \"spiffe://e.org/host/a\"\n sensitivity = \"medium\" }\n"
    "issuer one { kind = aat\n iss = \"https://one\" keys = k trust-domains = { \"e.org\" } }\n"
    "issuer two { kind = aat\n iss = \"https://two\" keys = k trust-domains = { \"e.org\" } }\n"
    "identity agent-a { id = \"spiffe://e.org/agent/a\"\n slots = 2\n delegates = { \"spiffe://e.org/agent/plan\" } }\n"
    "identity agent-all { id = \"spiffe://e.org/agent/*\" }\n"
    "policy p {\n identities = { \"spiffe://e.org/agent/*\" }\n purposes = { \"fix\", \"in-*\" }\n principals = "
    "\"al*\"\n"
    " login { from = { \"10.0.0.0/8\" } } deny-login { from = { \"10.9.0.0/16\" } }\n"
    " sudo { commands = { \"/bin/ls\", \"/bin/cat * ...\" } any-arguments = true window = \"mon-fri 08:00-18:00 UTC\" "
    "}\n"
    " sudo { run-as = \"www-data\"\n commands = { \"/bin/ls ?\" } sensitivity = \"high\" leaves = service }\n}\n";

static struct config *read_configuration(void)
{
    struct problems problems = {0};
    struct config *config = NULL;

    make_config_dir();
    put_file("agent.conf", configuration, sizeof configuration - 1);
    must(config_read_of(config_dir, geteuid(), &config, &problems) == 0);
    problems_clear(&problems);
    return config;
}

static void decide_all(const struct config *config, const struct cases *cases, struct problems *problems)
{
    struct policy_test test;
    size_t failed = 0;
    int r = policy_test_run(config, cases, problems, &test);

    must((r == 0) == (problems->count == 0));
    for (size_t i = 0; i < cases->count; i++) {
        must(reason_word(test.results[i].got)[0] != '\0');
        failed += test.results[i].got != cases->items[i].expected;
    }
    must(test.failed == failed && test.reached <= test.rule_count);
    policy_test_clear(&test);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config *config;
    struct problems problems = {0};
    struct cases cases = {.count = 0};
    char path[128];
    int r;

    if (!config)
        config = read_configuration();
    put_file("cases", data, size);
    snprintf(path, sizeof path, "%s/cases", config_dir);
    r = cases_read(path, NOW, &cases, &problems);
    must((r == 0) == (problems.count == 0));
    if (r == 0)
        decide_all(config, &cases, &problems);
    check_problems(&problems);
    cases_clear(&cases);
    problems_clear(&problems);
    return 0;
}
