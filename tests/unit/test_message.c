/* common/ask: messages and what is made of them. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask/ask.h"
#include "ask/message.h"
#include "ask/outcome.h"
#include "core/text.h"

#define HEAD "pam_agent 1\n"
#define TEXT(literal) literal, sizeof literal - 1

static char buf[MESSAGE_MAX];
static struct question question;
static struct answer answer;

/* --- question --- */

static const struct question full = {
    .step = "command",
    .phase = "account",
    .service = "sudo",
    .user = "agent-deploy",
    .source = "192.0.2.1",
    .connection = "192.0.2.1 4711 192.0.2.2 22",
    .auth_info = "publickey ssh-ed25519 AAAA\npublickey ssh-ed25519 BBBB",
    .tty = "",
    .run_as = "root:adm",
    .own_group = "root",
    .cwd = "/tmp/100%\x01\x7f",
    .session = "0123456789abcdef",
    .argv = {"/usr/bin/id", "", "a b", "line\nargv /bin/sh", "\xff\xfe", "%0A", NULL},
    .argc = 6,
    .observe = 1,
};

static void assert_same(const char *a, const char *b)
{
    if (a || b)
        ck_assert_str_eq(a, b);
}

START_TEST(question_comes_back_as_it_was)
{
    size_t len;

    ck_assert_int_eq(question_write(&full, buf, sizeof buf, &len), 0);
    ck_assert_int_eq(question_read(buf, len, &question), 0);
    assert_same(question.step, full.step);
    assert_same(question.phase, full.phase);
    assert_same(question.service, full.service);
    assert_same(question.user, full.user);
    assert_same(question.source, full.source);
    assert_same(question.connection, full.connection);
    assert_same(question.auth_info, full.auth_info);
    assert_same(question.tty, full.tty);
    assert_same(question.run_as, full.run_as);
    assert_same(question.own_group, full.own_group);
    assert_same(question.cwd, full.cwd);
    assert_same(question.session, full.session);
    ck_assert_int_eq(question.observe, 1);
    ck_assert_uint_eq(question.argc, full.argc);
    for (size_t i = 0; i < full.argc; i++)
        ck_assert_str_eq(question.argv[i], full.argv[i]);
    ck_assert_ptr_null(question.argv[question.argc]);
}
END_TEST

START_TEST(question_without_a_value_has_none)
{
    const struct question bare = {.step = "login"};
    size_t len;

    memset(&question, 0xa5, sizeof question);
    ck_assert_int_eq(question_write(&bare, buf, sizeof buf, &len), 0);
    ck_assert_str_eq(buf, HEAD "step login\n");
    ck_assert_int_eq(question_read(buf, len, &question), 0);
    ck_assert_ptr_null(question.user);
    ck_assert_ptr_null(question.argv[0]);
    ck_assert_int_eq(question.observe, 0);
}
END_TEST

START_TEST(question_that_does_not_fit_is_not_cut)
{
    size_t len = 4711, whole;

    ck_assert_int_eq(question_write(&full, buf, sizeof buf, &whole), 0);
    for (size_t cap = 1; cap <= whole; cap++)
        ck_assert_int_eq(question_write(&full, buf, cap, &len), -ENOBUFS);
    ck_assert_uint_eq(len, 4711);
    ck_assert_int_eq(question_write(&full, buf, whole + 1, &len), 0);
}
END_TEST

START_TEST(question_bounds_its_arguments)
{
    struct question many = {.step = "command"};
    size_t len;

    for (many.argc = 0; many.argc < MESSAGE_ARGS_MAX; many.argc++)
        many.argv[many.argc] = "x";
    ck_assert_int_eq(question_write(&many, buf, sizeof buf, &len), 0);
    memcpy(buf + len, "argv x\n", sizeof "argv x\n");
    ck_assert_int_eq(question_read(buf, len + 7, &question), -EBADMSG);
    ck_assert_int_eq(question_write(&many, buf, sizeof buf, &len), 0);
    ck_assert_int_eq(question_read(buf, len, &question), 0);
    ck_assert_uint_eq(question.argc, MESSAGE_ARGS_MAX);
    many.argc++;
    ck_assert_int_eq(question_write(&many, buf, sizeof buf, &len), -ENOBUFS);
}
END_TEST

static const struct {
    const char *text;
    size_t len;
} malformed[] = {
    {TEXT("")},
    {TEXT("\n")},
    {TEXT("\0")},
    {TEXT("garbage")},
    {TEXT("step login\n")},
    {TEXT("pam_agent 1")},
    {TEXT("pam_agent 2\nstep login\n")},
    {TEXT("pam_agent 01\nstep login\n")},
    {TEXT("pam_agent\nstep login\n")},
    {TEXT("Pam_agent 1\nstep login\n")},
    {TEXT(HEAD)},
    {TEXT(HEAD "user alice\n")},
    {TEXT(HEAD "step login")},
    {TEXT(HEAD "step login\n\n")},
    {TEXT(HEAD "step login\nuser alice\0\n")},
    {TEXT(HEAD "step login\nuser alice\nuser bob\n")},
    {TEXT(HEAD "step login\nstep login\n")},
    {TEXT(HEAD "step login\nobserve 1\nobserve 1\n")},
    {TEXT(HEAD "step login\nobserve 0\n")},
    {TEXT(HEAD "step login\nobserve\n")},
    {TEXT(HEAD "step login\nunknown x\n")},
    {TEXT(HEAD "step login\nverdict permit\n")},
    {TEXT(HEAD "step login\nUser alice\n")},
    {TEXT(HEAD "step login\nuser\talice\n")},
    {TEXT(HEAD "step login\nuser al\x01ice\n")},
    {TEXT(HEAD "step login\nuser al%0\n")},
    {TEXT(HEAD "step login\nuser al%00ice\n")},
    {TEXT(HEAD "step login\nuser al%0aice\n")},
    {TEXT(HEAD "step login\npam_agent 1\n")},
};

/* In memory of exactly that size, so that a read beyond it is seen by ASan and valgrind. */
static char *exactly(const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, len);
    return copy;
}

START_TEST(question_that_is_malformed_is_refused)
{
    char *text = exactly(malformed[_i].text, malformed[_i].len);

    ck_assert_int_eq(question_read(text, malformed[_i].len, &question), -EBADMSG);
    free(text);
}
END_TEST

START_TEST(question_cut_anywhere_is_refused_or_shorter)
{
    size_t whole, kept = 0;

    ck_assert_int_eq(question_write(&full, buf, sizeof buf, &whole), 0);
    for (size_t len = 0; len < whole; len++) {
        char *text = exactly(buf, len);

        if (question_read(text, len, &question) == 0) {
            ck_assert_int_eq(buf[len - 1], '\n');
            ck_assert_uint_le(question.argc, full.argc);
            kept++;
        }
        free(text);
    }
    ck_assert_uint_lt(kept, 20);
}
END_TEST

/* --- answer and reply --- */

START_TEST(answer_comes_back_as_it_was)
{
    const struct answer sent = {
        .verdict = "prompt", .reason = "permit", .reference = "7F3C9B", .session = "x", .prompt = "a: "};
    size_t len;

    ck_assert_int_eq(answer_write(&sent, buf, sizeof buf, &len), 0);
    ck_assert_int_eq(answer_read(buf, len, &answer), 0);
    ck_assert_str_eq(answer.verdict, "prompt");
    ck_assert_str_eq(answer.reason, "permit");
    ck_assert_str_eq(answer.reference, "7F3C9B");
    ck_assert_str_eq(answer.session, "x");
    ck_assert_str_eq(answer.prompt, "a: ");
}
END_TEST

static const struct {
    const char *text;
    size_t len;
    int read; /* of answer_read */
    int verdict;
    enum reason reason;
} answers[] = {
    {TEXT(HEAD "verdict permit\n"), 0, OUTCOME_PERMIT, REASON_PERMIT},
    {TEXT(HEAD "verdict permit\nreason permit\nreference 7F3C9B\n"), 0, OUTCOME_PERMIT, REASON_PERMIT},
    {TEXT(HEAD "verdict permit\nsession 0123456789abcdef\n"), 0, OUTCOME_PERMIT, REASON_PERMIT},
    {TEXT(HEAD "verdict deny\nreason expired\n"), 0, OUTCOME_DENY, REASON_EXPIRED},
    {TEXT(HEAD "verdict deny\n"), 0, OUTCOME_DENY, REASON_INTERNAL},
    {TEXT(HEAD "verdict deny\nreason a-later-word\n"), 0, OUTCOME_DENY, REASON_INTERNAL},
    {TEXT(HEAD "verdict deny\nreason permit\n"), 0, OUTCOME_DENY, REASON_BAD_QUESTION},
    {TEXT(HEAD "verdict PERMIT\n"), 0, OUTCOME_DENY, REASON_BAD_QUESTION},
    {TEXT(HEAD "verdict permit \n"), 0, OUTCOME_DENY, REASON_BAD_QUESTION},
    {TEXT(HEAD "verdict permitted\n"), 0, OUTCOME_DENY, REASON_BAD_QUESTION},
    {TEXT(HEAD "verdict \n"), 0, OUTCOME_DENY, REASON_BAD_QUESTION},
    {TEXT(HEAD "verdict elsewhere\n"), 0, OUTCOME_DENY, REASON_BAD_QUESTION},
    {TEXT(HEAD "verdict prompt\nprompt x\n"), 0, OUTCOME_DENY, REASON_BAD_QUESTION},
    {TEXT(HEAD "verdict permit\nsession 0123456789ABCDEF\n"), 0, OUTCOME_DENY, REASON_BAD_QUESTION},
    {TEXT(HEAD "verdict permit\nsession ../../etc\n"), 0, OUTCOME_DENY, REASON_BAD_QUESTION},
    {TEXT(HEAD "verdict deny\nreference 0123456789ABCDEF\n"), 0, OUTCOME_DENY, REASON_BAD_QUESTION},
    {TEXT(HEAD "verdict deny\nreference %1B[2J\n"), 0, OUTCOME_DENY, REASON_BAD_QUESTION},
    {TEXT(HEAD "verdict observe\nreason no_rule\n"), 0, OUTCOME_OBSERVE, REASON_NO_RULE},
    {TEXT(HEAD "verdict observe\n"), 0, OUTCOME_OBSERVE, REASON_INTERNAL},
    {TEXT(HEAD "verdict observe\nreason permit\n"), 0, OUTCOME_DENY, REASON_BAD_QUESTION},
    {TEXT(HEAD "verdict observed\nreason no_rule\n"), 0, OUTCOME_DENY, REASON_BAD_QUESTION},
    {TEXT(HEAD), -EBADMSG, 0, 0},
    {TEXT(HEAD "reason permit\n"), -EBADMSG, 0, 0},
    {TEXT(HEAD "verdict permit\nverdict permit\n"), -EBADMSG, 0, 0},
    {TEXT(HEAD "verdict deny\nverdict permit\n"), -EBADMSG, 0, 0},
    {TEXT(HEAD "verdict permit\nobligation log\n"), -EBADMSG, 0, 0},
    {TEXT(HEAD "verdict permit"), -EBADMSG, 0, 0},
    {TEXT("pam_agent 2\nverdict permit\n"), -EBADMSG, 0, 0},
    {TEXT("verdict permit\n"), -EBADMSG, 0, 0},
    {TEXT("permit"), -EBADMSG, 0, 0},
    {TEXT(""), -EBADMSG, 0, 0},
};

START_TEST(only_a_whole_permit_permits)
{
    char *text = exactly(answers[_i].text, answers[_i].len);
    struct outcome outcome;

    ck_assert_int_eq(answer_read(text, answers[_i].len, &answer), answers[_i].read);
    if (answers[_i].read == 0) {
        memset(&outcome, 0xa5, sizeof outcome);
        outcome_of_answer(&answer, &outcome);
        ck_assert_int_eq((int)outcome.verdict, answers[_i].verdict);
        ck_assert_int_eq(outcome.reason, answers[_i].reason);
    }
    free(text);
}
END_TEST

START_TEST(who_goes_on_adopts_parts_or_leaves)
{
    const struct answer permit = {.verdict = "permit", .leaves = "service", .adopt = "1", .apart = "1"};
    const struct answer deny = {
        .verdict = "deny", .reason = "no_rule", .leaves = "service", .adopt = "1", .apart = "1"};
    const struct answer observe = {
        .verdict = "observe", .reason = "no_rule", .leaves = "service", .adopt = "1", .apart = "1"};
    const struct answer odd = {.verdict = "permit", .leaves = "1", .adopt = "service", .apart = "yes"};
    struct outcome outcome;

    outcome_of_answer(&permit, &outcome);
    ck_assert(outcome.leaves && outcome.adopt && outcome.apart);
    outcome_of_answer(&deny, &outcome);
    ck_assert(!outcome.leaves && !outcome.adopt && !outcome.apart);
    outcome_of_answer(&observe, &outcome);
    ck_assert(outcome.leaves && outcome.adopt && outcome.apart);
    outcome_of_answer(&odd, &outcome);
    ck_assert(!outcome.leaves && !outcome.adopt && !outcome.apart);
}
END_TEST

START_TEST(report_comes_back_as_it_was)
{
    const struct answer said = {
        .verdict = "permit",
        .reason = "attestation_overdue",
        .state = "frozen",
        .deadline = "1754000000",
        .attest_by = "1753999000",
        .frozen_until = "1753999120",
        .steps = "7",
        .refusals = "2",
    };
    struct report report;
    size_t len;

    ck_assert_int_eq(answer_write(&said, buf, sizeof buf, &len), 0);
    ck_assert_int_eq(answer_read(buf, len, &answer), 0);
    ck_assert_int_eq(report_of_answer(&answer, &report), 0);
    ck_assert_int_eq(report.state, REPORT_FROZEN);
    ck_assert_int_eq(report.reason, REASON_ATTESTATION_OVERDUE);
    ck_assert_int_eq(report.deadline, 1754000000);
    ck_assert_int_eq(report.attest_by, 1753999000);
    ck_assert_int_eq(report.frozen_until, 1753999120);
    ck_assert_uint_eq(report.steps, 7);
    ck_assert_uint_eq(report.refusals, 2);
}
END_TEST

static const struct {
    struct answer answer;
    int r;
} reports[] = {
    {{.state = "running"}, 0},
    {{.state = "lingering"}, 0},
    {{.state = "ending", .reason = "task_completed"}, 0},
    {{.state = NULL}, -EBADMSG},
    {{.state = "permit"}, -EBADMSG},
    {{.state = "running", .deadline = "soon"}, -EBADMSG},
    {{.state = "running", .attest_by = "1.5"}, -EBADMSG},
    {{.state = "running", .steps = ""}, -EBADMSG},
    {{.state = "running", .refusals = "0x1"}, -EBADMSG},
};

START_TEST(report_is_read_whole_or_not)
{
    struct report report;

    ck_assert_int_eq(report_of_answer(&reports[_i].answer, &report), reports[_i].r);
}
END_TEST

static const struct {
    const char *text;
    size_t len;
    int r;
    const char *reply;
} replies[] = {
    {TEXT(HEAD), 0, NULL},
    {TEXT(HEAD "reply \n"), 0, ""},
    {TEXT(HEAD "reply eyJ~\n"), 0, "eyJ~"},
    {TEXT(HEAD "reply a%0Ab\n"), 0, "a\nb"},
    {TEXT(HEAD "reply a\nreply b\n"), -EBADMSG, NULL},
    {TEXT(HEAD "answer a\n"), -EBADMSG, NULL},
    {TEXT(HEAD "reply a"), -EBADMSG, NULL},
    {TEXT("reply a\n"), -EBADMSG, NULL},
};

START_TEST(reply_is_read_whole_or_not)
{
    char *text = exactly(replies[_i].text, replies[_i].len);
    const char *reply = "before";

    ck_assert_int_eq(reply_read(text, replies[_i].len, &reply), replies[_i].r);
    assert_same(reply, replies[_i].reply);
    free(text);
}
END_TEST

START_TEST(reply_is_bounded)
{
    char typed[REPLY_MAX + 2];
    const char *reply;
    size_t len;

    memset(typed, '\x01', sizeof typed);
    typed[REPLY_MAX] = '\0';
    ck_assert_int_eq(reply_write(typed, buf, 3 * REPLY_MAX + 64, &len), 0);
    ck_assert_int_eq(reply_read(buf, len, &reply), 0);
    ck_assert_uint_eq(strlen(reply), REPLY_MAX);
    typed[REPLY_MAX] = 'x';
    typed[REPLY_MAX + 1] = '\0';
    ck_assert_int_eq(reply_write(typed, buf, sizeof buf, &len), 0);
    ck_assert_int_eq(reply_read(buf, len, &reply), -EBADMSG);
    ck_assert_ptr_null(reply);
}
END_TEST

START_TEST(refusal_is_told_in_one_text)
{
    struct outcome outcome;
    char text[OUTCOME_TEXT_MAX];

    outcome_refuse(&outcome, REASON_EXPIRED);
    outcome_text(&outcome, text, sizeof text);
    ck_assert_str_eq(text, "Access denied");
    strcpy(outcome.reference, "0123456789ABCDE");
    outcome_text(&outcome, text, sizeof text);
    ck_assert_str_eq(text, "Access denied (ref 0123456789ABCDE)");
}
END_TEST

/* Run from the top of the tree, as tests/run does. */
START_TEST(every_reason_stands_in_the_manual)
{
    static char page[1 << 20];
    FILE *file = fopen("doc/pam_agent.8", "r");

    if (!file)
        return;
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    for (int reason = 0; reason < REASON_COUNT; reason++) {
        char line[128];

        snprintf(line, sizeof line, "\n.It Sy %s\n", reason_word((enum reason)reason));
        ck_assert_msg(strstr(page, line) != NULL, "%s is not in pam_agent(8)", reason_word((enum reason)reason));
    }
}
END_TEST

static Suite *message_suite(void)
{
    Suite *suite = suite_create("message");
    TCase *questions = tcase_create("question"), *others = tcase_create("answer");

    tcase_add_test(questions, question_comes_back_as_it_was);
    tcase_add_test(questions, question_without_a_value_has_none);
    tcase_add_test(questions, question_that_does_not_fit_is_not_cut);
    tcase_add_test(questions, question_bounds_its_arguments);
    tcase_add_loop_test(questions, question_that_is_malformed_is_refused, 0, COUNT_OF(malformed));
    tcase_add_test(questions, question_cut_anywhere_is_refused_or_shorter);
    suite_add_tcase(suite, questions);
    tcase_add_test(others, answer_comes_back_as_it_was);
    tcase_add_loop_test(others, only_a_whole_permit_permits, 0, COUNT_OF(answers));
    tcase_add_test(others, who_goes_on_adopts_parts_or_leaves);
    tcase_add_test(others, report_comes_back_as_it_was);
    tcase_add_loop_test(others, report_is_read_whole_or_not, 0, COUNT_OF(reports));
    tcase_add_loop_test(others, reply_is_read_whole_or_not, 0, COUNT_OF(replies));
    tcase_add_test(others, reply_is_bounded);
    tcase_add_test(others, refusal_is_told_in_one_text);
    tcase_add_test(others, every_reason_stands_in_the_manual);
    suite_add_tcase(suite, others);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(message_suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
