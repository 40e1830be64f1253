/* session/guard_sudo: the command of a sudo process, by its arguments. */
#include <check.h>
#include <stdlib.h>

#include "core/compat.h"
#include "session/guard_sudo.c" /* of a program: no archive has it */

static struct question question;

static int parse(const char *text, size_t len)
{
    question = (struct question){.run_as = "root", .argc = 99};
    return sudo_parse(text, len, &question);
}

#define TEXT(text) text, sizeof text /* with the NUL that C puts behind it */

static const struct {
    const char *text;
    size_t len;
    const char *argv[4];
} taken[] = {
    {TEXT("sudo\0-n\0/usr/bin/id"), {"/usr/bin/id"}},
    {TEXT("/usr/bin/sudo\0-n\0/usr/bin/id"), {"/usr/bin/id"}},
    {TEXT("sudo\0-n\0-u\0root\0/usr/bin/id"), {"/usr/bin/id"}},
    {TEXT("sudo\0-n\0--\0/usr/bin/id"), {"/usr/bin/id"}},
    {TEXT("sudo\0-n\0-u\0root\0--\0/usr/bin/id\0-u"), {"/usr/bin/id", "-u"}},
    {TEXT("sudo\0-n\0/bin/a\0\0b"), {"/bin/a", "", "b"}},
    {TEXT("sudo\0-n\0/bin/a\0-u\0b c;d\n"), {"/bin/a", "-u", "b c;d\n"}},
    {TEXT("sudo\0-n\0/bin/a\0--\0-b"), {"/bin/a", "--", "-b"}},
    {TEXT("sudo\0-n\0/bin/a\0"), {"/bin/a", ""}},
};

START_TEST(the_one_form)
{
    size_t count = 0;

    ck_assert_int_eq(parse(taken[_i].text, taken[_i].len), 0);
    while (count < COUNT_OF(taken[_i].argv) && taken[_i].argv[count]) {
        ck_assert_str_eq(question.argv[count], taken[_i].argv[count]);
        count++;
    }
    ck_assert_uint_eq(question.argc, count);
}
END_TEST

static const struct {
    const char *text;
    size_t len;
} refused[] = {
    {"", 0},
    {"", 1},
    {TEXT("sudo")},
    {TEXT("sudo\0-n")},
    {TEXT("sudo\0/usr/bin/id")},
    {TEXT("sudo\0-n\0id")},
    {TEXT("sudo\0-n\0./id")},
    {TEXT("sudo\0-n\0")},
    {TEXT("sudo\0-n\0-u\0root")},
    {TEXT("sudo\0-n\0-u")},
    {TEXT("sudo\0-n\0-u\0www-data\0/usr/bin/id")},
    {TEXT("sudo\0-n\0-u\0#0\0/usr/bin/id")},
    {TEXT("sudo\0-n\0-uroot\0/usr/bin/id")},
    {TEXT("sudo\0-nu\0root\0/usr/bin/id")},
    {TEXT("sudo\0-u\0root\0-n\0/usr/bin/id")},
    {TEXT("sudo\0-n\0--user=root\0/usr/bin/id")},
    {TEXT("sudo\0--non-interactive\0/usr/bin/id")},
    {TEXT("sudo\0-n\0-n\0/usr/bin/id")},
    {TEXT("sudo\0-n\0-g\0root\0/usr/bin/id")},
    {TEXT("sudo\0-n\0-b\0/usr/bin/id")},
    {TEXT("sudo\0-n\0-i\0/usr/bin/id")},
    {TEXT("sudo\0-n\0-s\0/usr/bin/id")},
    {TEXT("sudo\0-n\0-e\0/etc/passwd")},
    {TEXT("sudo\0-n\0-D\0/tmp\0/usr/bin/id")},
    {TEXT("sudo\0-n\0-R\0/tmp\0/usr/bin/id")},
    {TEXT("sudo\0-n\0-E\0/usr/bin/id")},
    {TEXT("sudo\0-n\0LD_PRELOAD=/x\0/usr/bin/id")},
    {TEXT("sudo\0-n\0--\0--\0/usr/bin/id")},
    {TEXT("sudo\0-n\0--\0-u\0root\0/usr/bin/id")},
    {TEXT("sudo\0-n\0-u\0root\0-u\0root\0/usr/bin/id")},
    {TEXT("sudoedit\0-n\0/etc/passwd")},
    {TEXT("/usr/bin/sudoedit\0-n\0/etc/passwd")},
    {TEXT("sudo/\0-n\0/usr/bin/id")},
    {TEXT("xsudo\0-n\0/usr/bin/id")},
    {TEXT("\0-n\0/usr/bin/id")},
    {TEXT("-sudo\0-n\0/usr/bin/id")},
    {"sudo\0-n\0/usr/bin/id", 19}, /* no NUL: something wrote there */
    {"sudo\0-n\0/usr/bin/id\0-u", 22},
};

START_TEST(another_form)
{
    ck_assert_int_eq(parse(refused[_i].text, refused[_i].len), -EINVAL);
    ck_assert_uint_eq(question.argc, 0);
}
END_TEST

START_TEST(more_than_a_question_holds)
{
    static char text[2 * MESSAGE_ARGS_MAX + 64] = "sudo\0-n\0/bin/a";
    size_t len = sizeof "sudo\0-n\0/bin/a";

    for (int i = 1; i < MESSAGE_ARGS_MAX; i++, len += 2)
        text[len] = 'x';
    ck_assert_int_eq(parse(text, len), 0);
    ck_assert_uint_eq(question.argc, MESSAGE_ARGS_MAX);
    text[len] = 'x';
    ck_assert_int_eq(parse(text, len + 2), -E2BIG);
    ck_assert_uint_eq(question.argc, 0);
}
END_TEST

START_TEST(nobody_named)
{
    question = (struct question){.run_as = NULL};
    ck_assert_int_eq(sudo_parse(TEXT("sudo\0-n\0-u\0root\0/usr/bin/id"), &question), -EINVAL);
}
END_TEST

START_TEST(a_process)
{
    question = (struct question){.run_as = "root"};
    ck_assert_int_eq(sudo_command(getpid(), &question), -EINVAL);
    ck_assert_int_lt(sudo_command((pid_t)0x7fffffff, &question), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard_sudo");
    TCase *tests = tcase_create("arguments");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tests, the_one_form, 0, COUNT_OF(taken));
    tcase_add_loop_test(tests, another_form, 0, COUNT_OF(refused));
    tcase_add_test(tests, more_than_a_question_holds);
    tcase_add_test(tests, nobody_named);
    tcase_add_test(tests, a_process);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
