/* common/judge/record: the form of a decision record. Its file is tests/host/judge_host.c's. */
#include <check.h>
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/compat.h"
#include "core/names.h"
#include "judge/record.h"

static char line[RECORD_MAX];
static size_t line_len;

/* The record as whoever reads the log sees it; the line is one line of JSON. */
static json_t *formatted(const struct record *record)
{
    json_error_t error;
    json_t *root;

    ck_assert_int_eq(record_format(record, "0123abcd", 1764000000123LL, line, sizeof line, &line_len), 0);
    ck_assert_uint_eq(line_len, strlen(line));
    ck_assert_ptr_eq(memchr(line, '\n', line_len), line + line_len - 1);
    root = json_loadb(line, line_len, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(root != NULL, "%s: %s", error.text, line);
    return root;
}

/* The member at a dotted path; NULL where it is absent. */
static json_t *at(json_t *root, const char *path)
{
    char copy[128], *rest = copy, *name;

    ck_assert_uint_lt(strlen(path), sizeof copy);
    strcpy(copy, path);
    while (root && (name = strsep(&rest, ".")))
        root = json_object_get(root, name);
    return root;
}

static void assert_text(json_t *root, const char *path, const char *value)
{
    ck_assert_msg(json_is_string(at(root, path)), "%s is no string: %s", path, line);
    ck_assert_str_eq(json_string_value(at(root, path)), value);
}

static const char *const argv[] = {"/usr/bin/systemctl", "restart", "", "a b", NULL};

START_TEST(whole_record)
{
    const struct record record = {
        .reason = REASON_DENIED_BY_RULE,
        .step = "command",
        .phase = "account",
        .service = "sudo",
        .source = "192.0.2.1",
        .run_as = "root",
        .argv = argv,
        .argc = 4,
        .account = "agent-deploy",
        .identity = "spiffe://example.org/agent/deploy",
        .issuer = "corp-sts",
        .task = "task-4711",
        .purpose = "restart-web",
        .principal = "alice@example.org",
        .rule = "nginx-care",
        .rule_where = "/etc/pam_agent/agent.conf:40",
        .session = "0123456789abcdef",
        .detail = "why",
        .observed = 1,
    };
    json_t *root = formatted(&record), *command = at(root, "unmapped.command");

    ck_assert(json_integer_value(at(root, "time")) == 1764000000123LL);
    ck_assert_int_eq(json_integer_value(at(root, "class_uid")), 3003);
    ck_assert_int_eq(json_integer_value(at(root, "activity_id")), 1);
    ck_assert_int_eq(json_integer_value(at(root, "status_id")), 2);
    assert_text(root, "status_code", "denied_by_rule");
    assert_text(root, "user.name", "agent-deploy");
    assert_text(root, "metadata.uid", "0123abcd");
    assert_text(root, "metadata.correlation_uid", "task-4711");
    assert_text(root, "unmapped.step", "command");
    assert_text(root, "unmapped.phase", "account");
    assert_text(root, "unmapped.service", "sudo");
    assert_text(root, "unmapped.source", "192.0.2.1");
    assert_text(root, "unmapped.run_as", "root");
    assert_text(root, "unmapped.agent", "spiffe://example.org/agent/deploy");
    assert_text(root, "unmapped.issuer", "corp-sts");
    assert_text(root, "unmapped.purpose", "restart-web");
    assert_text(root, "unmapped.principal", "alice@example.org");
    assert_text(root, "unmapped.rule", "nginx-care");
    assert_text(root, "unmapped.rule_where", "/etc/pam_agent/agent.conf:40");
    assert_text(root, "unmapped.session", "0123456789abcdef");
    assert_text(root, "unmapped.detail", "why");
    ck_assert(json_is_true(at(root, "unmapped.observed")));
    ck_assert_uint_eq(json_array_size(command), 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_str_eq(json_string_value(json_array_get(command, i)), argv[i]);
    ck_assert_ptr_null(at(root, "unmapped.command_left_out"));
    json_decref(root);
}
END_TEST

START_TEST(absent_facts_are_left_out)
{
    const struct record record = {.reason = REASON_CREDENTIAL_MISSING, .step = "login", .account = ""};
    json_t *root = formatted(&record);

    ck_assert_uint_eq(json_object_size(at(root, "user")), 0);
    ck_assert_uint_eq(json_object_size(at(root, "metadata")), 1);
    ck_assert_uint_eq(json_object_size(at(root, "unmapped")), 1);
    ck_assert_uint_eq(json_object_size(root), 8);
    json_decref(root);
}
END_TEST

static const struct {
    const char *step;
    enum reason reason;
    int class_uid, activity_id, status_id;
} kinds[] = {
    {"login", REASON_PERMIT, 3002, 1, 1},   {"login", REASON_EXPIRED, 3002, 1, 2},
    {"account", REASON_PERMIT, 3002, 1, 1}, {"setcred", REASON_PERMIT, 3002, 1, 1},
    {"open", REASON_REPLAYED, 3002, 1, 2},  {"close", REASON_PERMIT, 3002, 2, 1},
    {"sudo", REASON_PERMIT, 3003, 1, 1},    {"command", REASON_NO_RULE, 3003, 1, 2},
    {NULL, REASON_INTERNAL, 3002, 1, 2},
};

START_TEST(kind_of_record)
{
    const struct record record = {.reason = kinds[_i].reason, .step = kinds[_i].step};
    json_t *root = formatted(&record);

    ck_assert_int_eq(json_integer_value(at(root, "class_uid")), kinds[_i].class_uid);
    ck_assert_int_eq(json_integer_value(at(root, "activity_id")), kinds[_i].activity_id);
    ck_assert_int_eq(json_integer_value(at(root, "status_id")), kinds[_i].status_id);
    json_decref(root);
}
END_TEST

START_TEST(record_of_nothing_but_a_command)
{
    const struct record record = {.argv = argv, .argc = 1};
    json_t *root = formatted(&record);

    ck_assert_uint_eq(json_array_size(at(root, "unmapped.command")), 1);
    json_decref(root);
}
END_TEST

/* What goes in, what a reader gets back, and what the line must not hold. */
static const struct {
    const char *text, *back, *never;
} hostile[] = {
    {"plain", "plain", NULL},
    {"\"", "\"", NULL},
    {"\\", "\\", NULL},
    {"\\u0041", "\\u0041", NULL},
    {"\",\"status_id\":1,\"x\":\"", "\",\"status_id\":1,\"x\":\"", NULL},
    {"a\nb", "a\nb", "a\nb"},
    {"a\r\nb", "a\r\nb", "\r"},
    {"\t\b\f", "\t\b\f", "\t"},
    {"\x01\x1f", "\x01\x1f", "\x01"},
    {"\x1b[2J", "\x1b[2J", "\x1b"},
    {"\x7f", "\x7f", "\x7f"},
    {"\xc2\x85next", "\xc2\x85next", "\xc2\x85"}, /* C1: NEL, CSI */
    {"\xc2\x9b"
     "31m",
     "\xc2\x9b"
     "31m",
     "\xc2\x9b"},
    {"\xc2\xa0", "\xc2\xa0", NULL},
    {"M\xc3\xbcnchen \xe2\x82\xac \xf0\x9f\x98\x80", "M\xc3\xbcnchen \xe2\x82\xac \xf0\x9f\x98\x80", NULL},
    {"\xff", "\xef\xbf\xbd", "\xff"},
    {"\x80", "\xef\xbf\xbd", "\x80"},
    {"\x9b", "\xef\xbf\xbd", "\x9b"},
    {"a\xc3", "a\xef\xbf\xbd", "\xc3"}, /* cut */
    {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd", "\xe2"},
    {"\xf0\x9f\x98", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\xf0"},
    {"\xc3\"", "\xef\xbf\xbd\"", "\xc3"},             /* does not take the quote along */
    {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", "\xc0"}, /* too long: '/' */
    {"\xc1\xbf", "\xef\xbf\xbd\xef\xbf\xbd", "\xc1"},
    {"\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\xe0"},
    {"\xe0\x9f\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\xe0"},
    {"\xe0\xa0\x80", "\xe0\xa0\x80", NULL},
    {"\xf0\x8f\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\xf0"},
    {"\xf0\x90\x80\x80", "\xf0\x90\x80\x80", NULL},
    {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\xed"}, /* surrogate */
    {"\xed\x9f\xbf", "\xed\x9f\xbf", NULL},
    {"\xee\x80\x80", "\xee\x80\x80", NULL},
    {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf", NULL},
    {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\xf4"}, /* beyond U+10FFFF */
    {"\xf5\x80\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\xf5"},
    {"\xf8\x88\x80\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\xf8"},
};

START_TEST(hostile_names_stay_names)
{
    const char *text = hostile[_i].text;
    const char *const words[] = {text, text};
    const struct record record = {
        .reason = REASON_NO_RULE,
        .step = text,
        .phase = text,
        .service = text,
        .source = text,
        .run_as = text,
        .argv = words,
        .argc = 2,
        .account = text,
        .identity = text,
        .principal = text,
        .issuer = text,
        .task = text,
        .purpose = text,
        .rule = text,
        .rule_where = text,
        .session = text,
        .detail = text,
    };
    static const char *const paths[] = {
        "user.name",           "metadata.correlation_uid", "unmapped.step",      "unmapped.phase",
        "unmapped.service",    "unmapped.source",          "unmapped.run_as",    "unmapped.agent",
        "unmapped.issuer",     "unmapped.purpose",         "unmapped.principal", "unmapped.rule",
        "unmapped.rule_where", "unmapped.session",         "unmapped.detail",
    };
    json_t *root = formatted(&record);

    for (size_t i = 0; i < COUNT_OF(paths); i++)
        assert_text(root, paths[i], hostile[_i].back);
    for (size_t i = 0; i < 2; i++)
        ck_assert_str_eq(json_string_value(json_array_get(at(root, "unmapped.command"), i)), hostile[_i].back);
    ck_assert_int_eq(json_integer_value(at(root, "status_id")), 2);
    if (hostile[_i].never)
        ck_assert_ptr_null(strstr(line, hostile[_i].never));
    json_decref(root);
}
END_TEST

/* Every sequence of three bytes with a high first one: the line is UTF-8 and JSON whatever the name is. */
START_TEST(any_bytes_give_json)
{
    char text[8];
    const struct record record = {.step = "login", .account = text};

    for (unsigned i = 0; i < 0x10000; i++) {
        static const unsigned char third[] = {0x80, 0xbf, 0xc0, '"', '\\', '\n'};

        snprintf(text, sizeof text, "%c%c%cz", 0x80 | (i >> 9), 1 + (i >> 1) % 255, third[i % sizeof third]);
        json_decref(formatted(&record));
    }
}
END_TEST

/* What a credential can make of it, each byte escaped where one may have to be. */
START_TEST(the_longest_claims_fit)
{
    static char id[SPIFFE_ID_MAX + 1], principal[PRINCIPAL_MAX + 1], task[TASK_MAX + 1], purpose[PURPOSE_MAX + 1],
        word[RECORD_COMMAND_MAX + 1];
    const char *const words[] = {word, word};
    const struct record record = {.step = "command",
                                  .identity = id,
                                  .delegator = id,
                                  .principal = principal,
                                  .task = task,
                                  .purpose = purpose,
                                  .argv = words,
                                  .argc = 2};
    json_t *root;

    memset(id, 'a', sizeof id - 1);
    memset(principal, '"', sizeof principal - 1);
    memset(task, '"', sizeof task - 1);
    memset(purpose, '"', sizeof purpose - 1);
    memset(word, 'a', RECORD_COMMAND_MAX - 10);
    root = formatted(&record);
    assert_text(root, "unmapped.principal", principal);
    json_decref(root);
}
END_TEST

START_TEST(long_commands_are_cut_and_counted)
{
    static char word[1001];
    const char *words[10];
    const struct record record = {.step = "command", .argv = words, .argc = 10};
    json_t *root;

    memset(word, 'a', sizeof word - 1);
    for (size_t i = 0; i < 10; i++)
        words[i] = word;
    root = formatted(&record);
    ck_assert_uint_eq(json_array_size(at(root, "unmapped.command")), 4);
    ck_assert_int_eq(json_integer_value(at(root, "unmapped.command_left_out")), 6);
    json_decref(root);
}
END_TEST

START_TEST(secrets_are_not_recorded)
{
    static const struct secrets secrets = {.names = {"--password", "-p*"}, .count = 2};
    static const char *const words[] = {"/usr/bin/mysql",     "--password", "hunter2",
                                        "--password=hunter2", "-phunter2",  "db"};
    const struct record record = {.step = "command", .argv = words, .argc = COUNT_OF(words), .secrets = &secrets};
    json_t *root = formatted(&record), *command = at(root, "unmapped.command");
    char *text = json_dumps(root, 0);

    ck_assert_ptr_null(strstr(text, "hunter2"));
    ck_assert_int_eq(json_integer_value(at(root, "unmapped.command_hidden")), 3);
    ck_assert_str_eq(json_string_value(json_array_get(command, 1)), "--password");
    ck_assert_int_eq(strncmp(json_string_value(json_array_get(command, 2)), "sha256:", 7), 0);
    ck_assert_int_eq(strncmp(json_string_value(json_array_get(command, 3)), "--password=sha256:", 18), 0);
    ck_assert_int_eq(strncmp(json_string_value(json_array_get(command, 4)), "-psha256:", 9), 0);
    ck_assert_str_eq(json_string_value(json_array_get(command, 5)), "db");
    free(text);
    json_decref(root);
}
END_TEST

/* The refusal of a command must not be lost because the command is long, or longer once it is escaped. */
static void assert_left_out(const char *word, size_t shown, size_t left_out)
{
    const char *const words[] = {"/bin/sh", word, "last"};
    const struct record record = {.step = "command", .argv = words, .argc = 3};
    json_t *root = formatted(&record);

    ck_assert_uint_eq(json_array_size(at(root, "unmapped.command")), shown);
    ck_assert_int_eq(json_integer_value(at(root, "unmapped.command_left_out")), (json_int_t)left_out);
    json_decref(root);
}

START_TEST(huge_word_is_left_out)
{
    static char word[100001];

    memset(word, 'a', sizeof word - 1);
    assert_left_out(word, 1, 2);
}
END_TEST

START_TEST(huge_escaped_word_is_left_out)
{
    static char word[RECORD_COMMAND_MAX];

    for (int c = 1; c < 256; c++) {
        memset(word, c, sizeof word - 200);
        if (c < 0x20 || c == '"' || c == '\\' || c >= 0x7f)
            assert_left_out(word, 1, 2);
    }
}
END_TEST

START_TEST(full_buffer_is_an_error)
{
    const struct record record = {.step = "command", .account = "agent", .argv = argv, .argc = 4, .detail = "why"};
    size_t whole, len;

    json_decref(formatted(&record));
    whole = line_len;
    for (size_t cap = 0; cap <= whole + 1; cap++) {
        char *buf = malloc(cap ? cap : 1); /* its own block: sanitizers see a byte too far */
        int r;

        ck_assert_ptr_nonnull(buf);
        len = 4711;
        r = record_format(&record, "0123abcd", 1764000000123LL, buf, cap, &len);
        ck_assert_int_eq(r, cap > whole ? 0 : -ENOBUFS);
        ck_assert_uint_eq(len, cap > whole ? whole : 4711);
        free(buf);
    }
}
END_TEST

START_TEST(names_too_long_for_a_line_are_an_error)
{
    static char detail[RECORD_MAX];
    const struct record record = {.step = "login", .detail = detail};

    memset(detail, 'x', sizeof detail - 1);
    ck_assert_int_eq(record_format(&record, "0123abcd", 0, line, sizeof line, &line_len), -ENOBUFS);
}
END_TEST

static Suite *record_suite(void)
{
    Suite *suite = suite_create("record");
    TCase *tcase = tcase_create("form");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, whole_record);
    tcase_add_test(tcase, absent_facts_are_left_out);
    tcase_add_loop_test(tcase, kind_of_record, 0, COUNT_OF(kinds));
    tcase_add_test(tcase, record_of_nothing_but_a_command);
    tcase_add_loop_test(tcase, hostile_names_stay_names, 0, COUNT_OF(hostile));
    tcase_add_test(tcase, any_bytes_give_json);
    tcase_add_test(tcase, the_longest_claims_fit);
    tcase_add_test(tcase, long_commands_are_cut_and_counted);
    tcase_add_test(tcase, secrets_are_not_recorded);
    tcase_add_test(tcase, huge_word_is_left_out);
    tcase_add_test(tcase, huge_escaped_word_is_left_out);
    tcase_add_test(tcase, full_buffer_is_an_error);
    tcase_add_test(tcase, names_too_long_for_a_line_are_an_error);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(record_suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
