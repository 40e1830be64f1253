/* sudo_agent/environment: what sudo must not pass on to an agent's command. */
#include <check.h>
#include <stdlib.h>

#include "sudo_agent/environment.c" /* of a plug-in: no archive has it */

#define PATHS "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static char name[VARIABLE_NAME_SIZE];

static int strange(const char *variable)
{
    char *const env[] = {(char *)"HOME=/root", (char *)PATHS, (char *)(variable ? variable : "TERM=xterm"), NULL};

    return environment_strange(env, "/root", name);
}

static const char *const usual[] = {
    NULL,
    "HOME=/root",
    PATHS,
    "PATH=/snap/bin",
    "PATH=/bin",
    "LANG=C.UTF-8",
    "LC_ALL=C",
    "LC_TIME=x",
    "TZ=UTC",
    "TERM=",
    "PS1=$ ",
    "USER=root",
    "LOGNAME=root",
    "MAIL=/var/mail/root",
    "SHELL=/x",
    "DISPLAY=:0",
    "SUDO_UID=70002",
    "SUDO_GID=1",
    "SUDO_USER=a",
    "SUDO_COMMAND=/usr/bin/id -u",
    "SUDO_HOME=/x",
};

START_TEST(as_sudo_makes_it)
{
    ck_assert_int_eq(strange(usual[_i]), 0);
}
END_TEST

static const char *const odd[] = {
    "LD_PRELOAD=/tmp/x.so",
    "LD_LIBRARY_PATH=",
    "PYTHONPATH=/tmp",
    "PERL5OPT=-d",
    "BASH_ENV=/tmp/x",
    "ENV=/tmp/x",
    "BASH_FUNC_id%%=() { x; }",
    "EDITOR=vi",
    "SUDO_EDITOR=vi",
    "SUDO_ASKPASS=/tmp/x",
    "SUDO_PROMPT=x",
    "PAGER=x",
    "SYSTEMD_PAGER=x",
    "LESSOPEN=|x",
    "http_proxy=x",
    "SSH_AUTH_SOCK=/tmp/x",
    "IFS=x",
    "LCX=x",
    "LC=x",
    "TERMINFO=/tmp",
    "HOME=",
    "HOME=/home/agent",
    "HOME=/root/",
    "HOME",
    "PATH",
    "PATH=",
    "PATH=:/bin",
    "PATH=/bin:",
    "PATH=/bin::/sbin",
    "PATH=.",
    "PATH=/tmp:/bin",
    "PATH=/bin:/home/a",
    "PATH=/bin/",
    "PATHS=/bin",
    "HOMES=/root",
    "",
    "=",
    "=x",
    "x",
    "HOM=/root",
    "user=x",
    "LANG",
    "TZDIR=/tmp",
    "LOCPATH=/tmp",
    "NLSPATH=x",
    "MALLOC_CHECK_=1",
    "GCONV_PATH=/tmp",
    "HOSTALIASES=/x",
};

START_TEST(as_somebody_chose_it)
{
    ck_assert_int_eq(strange(odd[_i]), 1);
    ck_assert_uint_eq(strlen(name), strcspn(odd[_i], "="));
    ck_assert_int_eq(strncmp(name, odd[_i], strlen(name)), 0);
}
END_TEST

START_TEST(edges)
{
    char *const none[] = {NULL}, *const home[] = {(char *)"HOME=/root", NULL};
    char longest[200];

    ck_assert_int_eq(environment_strange(NULL, "/root", name), 0);
    ck_assert_int_eq(environment_strange(none, NULL, name), 0);
    ck_assert_int_eq(environment_strange(home, NULL, name), 1);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ck_assert_int_eq(strange(longest), 1);
    ck_assert_uint_eq(strlen(name), VARIABLE_NAME_SIZE - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("environment");
    TCase *tests = tcase_create("variables");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tests, as_sudo_makes_it, 0, COUNT_OF(usual));
    tcase_add_loop_test(tests, as_somebody_chose_it, 0, COUNT_OF(odd));
    tcase_add_test(tests, edges);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
