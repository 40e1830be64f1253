/* policy test: cases against the policies of a configuration, before they are put in force. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agentctl/policy_test.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "core/clock.h"
#include "core/paths.h"
#include "judge/rules.h"

static const char *expectation(enum reason reason)
{
    return reason == REASON_PERMIT ? "" : "deny:";
}

/* --- as text --- */

static void print_failure(const struct test_case *one, const struct tested *result)
{
    printf("%s:%u: case \"", one->place.file, one->place.line);
    print_escaped(stdout, one->name);
    printf("\": expected %s%s, got %s%s", expectation(one->expected), reason_word(one->expected),
           expectation(result->got), reason_word(result->got));
    if (result->rule)
        printf(" by policy \"%s\" at %s", result->rule, result->rule_where);
    putchar('\n');
}

static void print_text(const struct policy_test *test)
{
    const struct cases *cases = test->cases;

    for (size_t i = 0; i < cases->count; i++)
        if (test->results[i].got != cases->items[i].expected)
            print_failure(&cases->items[i], &test->results[i]);
    for (size_t i = 0; i < test->rule_count; i++)
        if (!test->rules[i].reached)
            say("%s: no case reaches this %s rule of policy \"%s\"", test->rules[i].rule->where,
                rule_kind_word(test->rules[i].rule->kind), test->rules[i].policy->name);
    say("%zu passed, %zu failed; %zu of %zu rules reached", cases->count - test->failed, test->failed, test->reached,
        test->rule_count);
}

/* --- as JSON --- */

static json_t *place_json(const struct place *place)
{
    return json_sprintf("%s:%u", place->file, place->line);
}

static json_t *word_json(enum reason reason)
{
    return json_sprintf("%s%s", expectation(reason), reason_word(reason));
}

static json_t *case_json(const struct test_case *one, const struct tested *result)
{
    return json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "case", json_of_text(one->name), "where",
                     place_json(&one->place), "passed", result->got == one->expected, "expected",
                     word_json(one->expected), "got", word_json(result->got), "rule", json_of_text(result->rule),
                     "rule_where", json_of_text(result->rule_where));
}

static json_t *rule_json(const struct coverage *rule)
{
    return json_pack("{s:o, s:s, s:o, s:b}", "policy", json_of_text(rule->policy->name), "rule",
                     rule_kind_word(rule->rule->kind), "where", json_of_text(rule->rule->where), "reached",
                     rule->reached);
}

static int print_json(const struct policy_test *test)
{
    json_t *cases = json_array(), *rules = json_array();

    for (size_t i = 0; i < test->cases->count; i++)
        json_array_append_new(cases, case_json(&test->cases->items[i], &test->results[i]));
    for (size_t i = 0; i < test->rule_count; i++)
        json_array_append_new(rules, rule_json(&test->rules[i]));
    return print_json_value(json_pack(
        "{s:I, s:I, s:I, s:o, s:o}", "passed", (json_int_t)(test->cases->count - test->failed), "failed",
        (json_int_t)test->failed, "rules_reached", (json_int_t)test->reached, "rules", rules, "cases", cases));
}

/* --- --- */

struct asking {
    const char *config_dir;
    int json;
    char **files;
    size_t file_count;
};

static int take_options(int argc, char **argv, struct asking *ret)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'd'}, {"json", no_argument, NULL, 'j'}, {0}};
    int c;

    *ret = (struct asking){.config_dir = PATH_CONFIG_DIR};
    optind = 0;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'd')
            ret->config_dir = optarg;
        else if (c == 'j')
            ret->json = 1;
        else
            return EXIT_USAGE; /* getopt has said it */
    }
    ret->files = argv + optind;
    ret->file_count = (size_t)(argc - optind);
    if (ret->file_count)
        return 0;
    complain("a file of cases is missing");
    return EXIT_USAGE;
}

/* 0, or -EINVAL; all problems are told, of the configuration and of every file. */
static int read_all(const struct asking *asking, struct config **ret_config, struct cases *cases,
                    struct problems *problems)
{
    int r = config_read_of(asking->config_dir, geteuid(), ret_config, problems);
    int64_t now = clock_wall_seconds();

    for (size_t i = 0; i < asking->file_count; i++) {
        int one = cases_read(asking->files[i], now, cases, problems);

        if (r == 0)
            r = one;
    }
    return r;
}

static int test_and_tell(const struct asking *asking, const struct config *config, const struct cases *cases,
                         struct problems *problems)
{
    struct policy_test test;
    int status = EXIT_PART, r = policy_test_run(config, cases, problems, &test);

    if (r == 0 && asking->json)
        r = print_json(&test);
    else if (r == 0)
        print_text(&test);
    if (r == 0)
        status = test.failed ? EXIT_NO : EXIT_YES;
    else if (problems->count == 0)
        complain("the cases cannot be tried: %s", strerror(-r));
    policy_test_clear(&test);
    return status;
}

int verb_policy_test(int argc, char **argv)
{
    struct problems problems = {0};
    struct config *config = NULL;
    struct cases cases = {.count = 0};
    struct asking asking;
    int status = take_options(argc, argv, &asking);

    if (status)
        return status;
    status = read_all(&asking, &config, &cases, &problems) < 0 ? EXIT_PART
                                                               : test_and_tell(&asking, config, &cases, &problems);
    problems_print(&problems, stderr);
    problems_clear(&problems);
    cases_clear(&cases);
    config_free(config);
    return status;
}
