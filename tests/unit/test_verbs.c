/* What the verbs of agentctl share: the command line, tables, times, JSON of strangers' texts, the talk of a re-attestation. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentctl/arguments.h"
#include "agentctl/attest.h"
#include "agentctl/say.h"
#include "agentctl/table.h"
#include "agentctl/verbs.h"
#include "core/clock.h"
#include "core/text.h"
#include "trust/base64url.h"

/* --- arguments --- */

static int take(const char *line, int takes, size_t min, size_t max, struct arguments *ret)
{
    static char text[512];
    char verb[] = "verb", *argv[16] = {verb}, *rest = text, *word;
    int argc = 1;

    ck_assert_int_eq(text_copy(text, sizeof text, line), 0);
    while ((word = strsep(&rest, " ")) && *word)
        argv[argc++] = word;
    return arguments_take(argc, argv, takes, min, max, ret);
}

START_TEST(arguments_come_in_any_order)
{
    struct arguments a;

    ck_assert_int_eq(take("T1 --issuer https://i --note why", TAKES_ISSUER | TAKES_NOTE, 1, 1, &a), 0);
    ck_assert_str_eq(a.words[0], "T1");
    ck_assert_str_eq(a.issuer, "https://i");
    ck_assert_str_eq(a.note, "why");
    ck_assert_int_eq(take("--note=why T1", TAKES_ISSUER | TAKES_NOTE, 1, 1, &a), 0);
    ck_assert_str_eq(a.words[0], "T1");
    ck_assert_ptr_null(a.issuer);
    ck_assert_int_eq(take("task T1 high --for 10m", TAKES_FOR, 2, 3, &a), 0);
    ck_assert_uint_eq(a.count, 3);
    ck_assert_uint_eq(a.seconds, 600);
    ck_assert_int_eq(take("-- --json", TAKES_JSON, 1, 1, &a), 0);
    ck_assert_str_eq(a.words[0], "--json");
    ck_assert_int_eq(a.json, 0);
}
END_TEST

START_TEST(arguments_that_are_absent_are_said_so)
{
    struct arguments a;

    ck_assert_int_eq(take("", ~0, 0, 0, &a), 0);
    ck_assert(!a.json && !a.yes && !a.quiet && !a.issuer && !a.credential && !a.key);
    ck_assert_str_eq(a.note, "");
    ck_assert_int_eq(a.before, -1);
    ck_assert_uint_eq(a.seconds, 0);
}
END_TEST

static const struct {
    const char *line;
    int takes;
    size_t min, max;
} wrong[] = {
    {"", 0, 1, 1},
    {"a b", 0, 1, 1},
    {"a", 0, 0, 0},
    {"--json", 0, 0, 0},
    {"--jsonn", TAKES_JSON, 0, 0},
    {"--json=1", TAKES_JSON, 0, 0},
    {"--issuer", TAKES_ISSUER, 0, 0},
    {"--issuer=", TAKES_ISSUER, 0, 0},
    {"--note a\033[2J", TAKES_NOTE, 0, 0},
    {"--note a\377", TAKES_NOTE, 0, 0},
    {"--for 10", TAKES_FOR, 0, 0},
    {"--for 0s", TAKES_FOR, 0, 0},
    {"--before yesterday", TAKES_BEFORE, 0, 0},
    {"-j", TAKES_JSON, 0, 0},
};

START_TEST(arguments_that_are_wrong_are_usage)
{
    struct arguments a;

    ck_assert_int_eq(take(wrong[_i].line, wrong[_i].takes, wrong[_i].min, wrong[_i].max, &a), EXIT_USAGE);
}
END_TEST

START_TEST(argument_is_bounded)
{
    char text[12] = "0123456789";

    ck_assert_int_eq(argument_fits("it", text, 10), 1);
    ck_assert_int_eq(argument_fits("it", text, 9), 0);
    ck_assert_int_eq(argument_fits("it", "", 9), 0);
    ck_assert_int_eq(argument_fits("it", "\303\244", 2), 1);
    ck_assert_int_eq(argument_fits("it", "a\nb", 9), 0);
}
END_TEST

/* --- times --- */

START_TEST(time_comes_back_as_it_was)
{
    char text[32];
    int64_t seconds;

    ck_assert_int_eq(parse_time("2026-11-23T20:17:10Z", &seconds), 0);
    ck_assert_str_eq(format_time(seconds, text), "2026-11-23T20:17:10Z");
    ck_assert_int_eq(parse_time("now", &seconds), 0);
    ck_assert(llabs((long long)(seconds - clock_wall_seconds())) < 5);
}
END_TEST

static const char *const no_times[] = {"",
                                       "2026-11-23",
                                       "2026-11-23T20:17:10",
                                       "2026-11-23T20:17:10Zx",
                                       "2026-02-30T00:00:00Z",
                                       "2026-1-1T00:00:00Z",
                                       " 2026-11-23T20:17:10Z",
                                       "2026-11-23T20:17:10+01:00",
                                       "1960-01-01T00:00:00Z",
                                       "12"};

START_TEST(time_that_is_none_is_refused)
{
    int64_t seconds;

    ck_assert_int_eq(parse_time(no_times[_i], &seconds), -EINVAL);
}
END_TEST

START_TEST(time_left_is_short)
{
    char text[24];

    ck_assert_str_eq(format_left(0, 100, text), "-");
    ck_assert_str_eq(format_left(100, 100, text), "over");
    ck_assert_str_eq(format_left(145, 100, text), "45s");
    ck_assert_str_eq(format_left(700, 100, text), "10m");
    ck_assert_str_eq(format_left(36100, 100, text), "10h");
}
END_TEST

/* --- tables and JSON --- */

static char *printed(struct table *table, int wanted)
{
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);

    ck_assert_int_eq(table_print(table, to), wanted);
    fclose(to);
    return text;
}

static const char *const heads[] = {"ID", "TASK", "STATE", NULL};

START_TEST(table_is_aligned)
{
    struct table table;
    char *text;

    table_start(&table, heads);
    table_cell(&table, "0123456789abcdef");
    table_cell(&table, "t\033[2J");
    table_cell(&table, "running");
    table_number(&table, -7);
    table_cell(&table, NULL);
    table_time(&table, 0);
    ck_assert_uint_eq(table_rows(&table), 2);
    text = printed(&table, 0);
    ck_assert_str_eq(text, "ID                TASK      STATE\n"
                           "0123456789abcdef  t\\x1B[2J  running\n"
                           "-7                -         -\n");
    free(text);
    table_clear(&table); /* once more is no mistake */
}
END_TEST

START_TEST(table_keeps_many_rows_and_long_cells)
{
    struct table table;
    char wide[200], *text;

    memset(wide, 'w', sizeof wide);
    wide[sizeof wide - 1] = '\0';
    table_start(&table, heads);
    for (int i = 0; i < 1000; i++)
        for (int column = 0; column < 3; column++)
            table_cell(&table, i == 500 && column == 1 ? wide : "x");
    ck_assert_uint_eq(table_rows(&table), 1000);
    text = printed(&table, 0);
    ck_assert(strstr(text, wide) != NULL);
    ck_assert(strstr(text, "\nx   x     x\n") != NULL); /* it made the column no wider */
    free(text);
}
END_TEST

static void check_json(json_t *value, const char *wanted)
{
    char *text;

    ck_assert_ptr_nonnull(value);
    text = json_dumps(value, JSON_ENCODE_ANY);
    ck_assert_str_eq(text, wanted);
    free(text);
    json_decref(value);
}

START_TEST(json_holds_any_text)
{
    check_json(json_of_text("T-1"), "\"T-1\"");
    check_json(json_of_text("a\377\"\n"), "\"a\\\\xFF\\\"\\\\x0A\"");
    check_json(json_of_text(""), "null");
    check_json(json_of_text(NULL), "null");
    check_json(json_of_time(0), "null");
    check_json(json_of_time(1764000000), "1764000000");
    ck_assert_int_eq(print_json_value(NULL), -ENOMEM);
}
END_TEST

/* --- the talk of a re-attestation --- */

#define HOST "spiffe://example.org/host/web-07"

static void load(struct attester *attester, const char *claims, size_t padding)
{
    char path[] = "/tmp/test_verbs.XXXXXX", payload[1024];
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");

    base64url_encode(claims, strlen(claims), payload);
    fprintf(file, "e30.%s.", payload);
    for (size_t i = 0; i < padding; i++)
        fputc('A', file);
    fputs("\r\n", file);
    fclose(file);
    ck_assert_int_eq(attester_load(attester, path, NULL), 0);
    unlink(path);
}

START_TEST(credential_goes_in_parts)
{
    static struct attester attester;
    char reply[REPLY_MAX + 1], whole[4096] = "", prompt[64];

    load(&attester, "{\"aud\":\"" HOST "\"}", 2500);
    for (int part = 1; part <= 3; part++) {
        snprintf(prompt, sizeof prompt, "Agent credential (part %d): ", part);
        ck_assert_int_eq(attest_reply(&attester, prompt, reply), 0);
        ck_assert_uint_le(strlen(reply), 1000);
        ck_assert_int_eq(reply[strlen(reply) - 1] == '~', part < 3);
        reply[strcspn(reply, "~")] = '\0';
        strcat(whole, reply);
    }
    ck_assert_str_eq(whole, attester.credential);
    ck_assert_int_lt(attest_reply(&attester, "Agent credential (part 4): ", reply), 0);
}
END_TEST

START_TEST(credential_of_one_part_is_whole)
{
    static struct attester attester;
    char reply[REPLY_MAX + 1];

    load(&attester, "{}", 0);
    ck_assert_int_eq(attest_reply(&attester, "Agent credential (part 1): ", reply), 0);
    ck_assert_str_eq(reply, attester.credential);
    ck_assert_int_eq(reply[strlen(reply) - 1], '.');
    load(&attester, "{}", 1000 - strlen(attester.credential));
    ck_assert_int_eq(attest_reply(&attester, "Agent credential (part 1): ", reply), 0);
    ck_assert_uint_eq(strlen(reply), 1000);
}
END_TEST

static const char *const no_prompts[] = {
    "",
    "Password: ",
    "Agent credential (part 1):",
    "Agent credential (part 0): ",
    "Agent credential (part 01): ",
    "Agent credential (part 31): ",
    "Agent credential (part 1): x",
    "Agent credential x (part 1): ",
    "(me@host) Agent credential (part 1): ",
    "Agent proof n " HOST " (part 1): ",
    "Agent proof n " HOST " a b (part 1): ",
    "Agent proof n " HOST " agent-deploy (part 1): ", /* no key */
    "Agent proof n spiffe://example.org/host/db-01 a (part 1): ",
};

START_TEST(prompt_that_is_none_is_not_answered)
{
    static struct attester attester;
    char reply[REPLY_MAX + 1];

    load(&attester, "{\"aud\":\"" HOST "\"}", 0);
    ck_assert_int_lt(attest_reply(&attester, no_prompts[_i], reply), 0);
}
END_TEST

static const struct {
    const char *claims;
    int is_for;
} audiences[] = {
    {"{\"aud\":\"" HOST "\"}", 1},
    {"{\"aud\":[\"x\",\"" HOST "\"]}", 1},
    {"{\"aud\":[]}", 0},
    {"{\"aud\":\"" HOST "x\"}", 0},
    {"{\"aud\":7}", 0},
    {"{}", 0},
    {"[]", 0},
    {"{\"aud\":\"x\",\"aud\":\"" HOST "\"}", 0},
    {"", 0},
};

START_TEST(credential_says_whom_it_is_for)
{
    static struct attester attester;

    load(&attester, audiences[_i].claims, 8);
    ck_assert_int_eq(attest_is_for(attester.credential, HOST), audiences[_i].is_for);
}
END_TEST

START_TEST(file_without_a_credential_is_refused)
{
    static struct attester attester;

    ck_assert_int_eq(attester_load(&attester, "/etc/passwd", NULL), -EINVAL);
    ck_assert_int_eq(attester_load(&attester, "/dev/null", NULL), -EINVAL);
    ck_assert_int_eq(attester_load(&attester, "/nonexistent", NULL), -ENOENT);
}
END_TEST

static Suite *verbs_suite(void)
{
    Suite *suite = suite_create("verbs");
    TCase *arguments = tcase_create("arguments"), *output = tcase_create("output"),
          *attestation = tcase_create("attest");

    tcase_add_test(arguments, arguments_come_in_any_order);
    tcase_add_test(arguments, arguments_that_are_absent_are_said_so);
    tcase_add_loop_test(arguments, arguments_that_are_wrong_are_usage, 0, COUNT_OF(wrong));
    tcase_add_test(arguments, argument_is_bounded);
    tcase_add_test(arguments, time_comes_back_as_it_was);
    tcase_add_loop_test(arguments, time_that_is_none_is_refused, 0, COUNT_OF(no_times));
    suite_add_tcase(suite, arguments);
    tcase_add_test(output, time_left_is_short);
    tcase_add_test(output, table_is_aligned);
    tcase_add_test(output, table_keeps_many_rows_and_long_cells);
    tcase_add_test(output, json_holds_any_text);
    suite_add_tcase(suite, output);
    tcase_add_test(attestation, credential_goes_in_parts);
    tcase_add_test(attestation, credential_of_one_part_is_whole);
    tcase_add_loop_test(attestation, prompt_that_is_none_is_not_answered, 0, COUNT_OF(no_prompts));
    tcase_add_loop_test(attestation, credential_says_whom_it_is_for, 0, COUNT_OF(audiences));
    tcase_add_test(attestation, file_without_a_credential_is_refused);
    suite_add_tcase(suite, attestation);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(verbs_suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
