/* sudo_agent/environment: what sudo must not pass on to an agent's command. */
#include <check.h>
#include <stdlib.h>

#include "sudo_agent/environment.c" /* of a plug-in: no archive has it */

#define PATHS "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static char name[VARIABLE_NAME_SIZE];

static int strange(const char *variable)
{
    char *const env[] = {(char *)"HOME=/root", (char *)PATHS, (char *)(variable ? variable : "TERM=xterm"), NULL};

    return environment_strange(env, "/root", NULL, name);
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

#define LIBRARY "/usr/libexec/sudo/sudo_intercept.so"

static int strange_below(const char *variable, const char *preloaded)
{
    char *const env[] = {(char *)"HOME=/root", (char *)PATHS, (char *)variable, NULL};

    return environment_strange(env, "/root", preloaded, name);
}

static const char *const usual_below[] = {
    "LD_PRELOAD=" LIBRARY, "SUDO_INTERCEPT_FD=9", "PWD=/", "PWD=/a b", "OLDPWD=/tmp", "SHLVL=1", "_=/usr/bin/id", "_=",
};

/* What sudo and shells add is theirs below a command alone. */
START_TEST(as_sudo_and_shells_make_it_below)
{
    ck_assert_int_eq(strange_below(usual_below[_i], LIBRARY), 0);
    ck_assert_int_eq(strange(usual_below[_i]), 1);
}
END_TEST

static const char *const odd_below[] = {
    "LD_PRELOAD=",
    "LD_PRELOAD=/tmp/x.so",
    "LD_PRELOAD=" LIBRARY ":/tmp/x.so",
    "LD_PRELOAD=/tmp/x.so:" LIBRARY,
    "LD_PRELOAD=" LIBRARY " ",
    "LD_PRELOAD=" LIBRARY "x",
    "LD_PRELOAD=sudo_intercept.so",
    "LD_PRELOAD",
    "LD_PRELOADS=" LIBRARY,
    "LD_AUDIT=" LIBRARY,
    "SUDO_INTERCEPT_FD=",
    "SUDO_INTERCEPT_FD=x",
    "SUDO_INTERCEPT_FD=9x",
    "SUDO_INTERCEPT_FD=-1",
    "SUDO_INTERCEPT_FD",
    "PWD=",
    "PWD=tmp",
    "OLDPWD=.",
    "SHLVL=",
    "SHLVL=1+1",
    "PWD",
    "_",
    "HOME=/tmp",
    "PATH=/tmp",
    "IFS=/",
    "ENV=x",
    "__=x",
};

START_TEST(as_somebody_chose_it_below)
{
    ck_assert_int_eq(strange_below(odd_below[_i], LIBRARY), 1);
    ck_assert_int_eq(strncmp(name, odd_below[_i], strlen(name)), 0);
}
END_TEST

/* Where sudo names no library, it preloads none. */
START_TEST(without_a_library)
{
    ck_assert_int_eq(strange_below("LD_PRELOAD=" LIBRARY, ""), 1);
    ck_assert_int_eq(strange_below("LD_PRELOAD=", ""), 1);
    ck_assert_int_eq(strange_below("PWD=/", ""), 0);
}
END_TEST

START_TEST(edges)
{
    char *const none[] = {NULL}, *const home[] = {(char *)"HOME=/root", NULL};
    char longest[200];

    ck_assert_int_eq(environment_strange(NULL, "/root", NULL, name), 0);
    ck_assert_int_eq(environment_strange(none, NULL, NULL, name), 0);
    ck_assert_int_eq(environment_strange(home, NULL, NULL, name), 1);
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
    tcase_add_loop_test(tests, as_sudo_and_shells_make_it_below, 0, COUNT_OF(usual_below));
    tcase_add_loop_test(tests, as_somebody_chose_it_below, 0, COUNT_OF(odd_below));
    tcase_add_test(tests, without_a_library);
    tcase_add_test(tests, edges);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
