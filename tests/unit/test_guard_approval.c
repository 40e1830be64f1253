/* session/guard_approval: what was permitted and has not opened yet. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session/guard_approval.c" /* of a program: no archive has it */

static struct approvals approvals;
static struct question question;
static const struct process sudo = {.pid = 71, .start = 9}, later = {.pid = 71, .start = 10},
                            child = {.pid = 72, .start = 9};

static void setup(void)
{
    approvals = (struct approvals){.count = 0};
    question =
        (struct question){.run_as = "root", .own_group = "wheel", .argv = {"/usr/bin/test", "", "a b"}, .argc = 3};
}

static void teardown(void)
{
    for (size_t i = 0; i < APPROVALS_MAX; i++)
        approval_clear(&approvals.items[i]);
}

static int take(const struct process *process, const char *user)
{
    CLEANUP(approval_clear) struct approval approval = {.pid = 0};

    return approval_take(&approvals, process, user, &approval);
}

START_TEST(it_says_what_was_permitted)
{
    CLEANUP(approval_clear) struct approval approval = {.pid = 0};
    struct question open = {.run_as = "root"};

    approval_give(&approvals, &sudo, &question);
    ck_assert_int_eq(approval_take(&approvals, &sudo, "root", &approval), 1);
    approval_describe(&approval, &open);
    ck_assert_str_eq(open.run_as, "root");
    ck_assert_str_eq(open.own_group, "wheel");
    ck_assert_uint_eq(open.argc, 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_str_eq(open.argv[i], question.argv[i]);
        ck_assert_ptr_ne(open.argv[i], question.argv[i]);
    }
}
END_TEST

START_TEST(it_is_good_once_for_one_process_and_user)
{
    ck_assert_int_eq(take(&sudo, "root"), 0);
    approval_give(&approvals, &sudo, &question);
    ck_assert_int_eq(take(&later, "root"), 0);
    ck_assert_int_eq(take(&child, "root"), 0);
    ck_assert_int_eq(take(&sudo, "root"), 1);
    ck_assert_int_eq(take(&sudo, "root"), 0);
    approval_give(&approvals, &sudo, &question);
    ck_assert_int_eq(take(&sudo, "www-data"), 0);
    ck_assert_int_eq(take(&sudo, "root"), 0);
    approval_give(&approvals, &sudo, &question);
    ck_assert_int_eq(take(&sudo, NULL), 0);
}
END_TEST

START_TEST(a_group_goes_with_its_user)
{
    CLEANUP(approval_clear) struct approval approval = {.pid = 0};
    struct question open = {.run_as = "root"};

    question.run_as = "root:adm";
    question.own_group = NULL;
    approval_give(&approvals, &sudo, &question);
    ck_assert_int_eq(approval_take(&approvals, &sudo, "root", &approval), 1);
    approval_describe(&approval, &open);
    ck_assert_str_eq(open.run_as, "root:adm");
    ck_assert_ptr_null(open.own_group);
    approval_give(&approvals, &sudo, &question);
    ck_assert_int_eq(take(&sudo, "root:adm"), 0);
}
END_TEST

START_TEST(a_process_has_one)
{
    CLEANUP(approval_clear) struct approval approval = {.pid = 0};
    struct question open = {.run_as = "root"};

    approval_give(&approvals, &sudo, &question);
    question.argv[1] = "-e";
    approval_give(&approvals, &sudo, &question);
    ck_assert_int_eq(approval_take(&approvals, &sudo, "root", &approval), 1);
    approval_describe(&approval, &open);
    ck_assert_str_eq(open.argv[1], "-e");
    ck_assert_int_eq(take(&sudo, "root"), 0);
}
END_TEST

START_TEST(what_cannot_be_kept_is_none)
{
    char name[sizeof approvals.items[0].run_as + 1];

    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    question.run_as = name;
    approval_give(&approvals, &sudo, &question);
    ck_assert_int_eq(take(&sudo, name), 0);
    question.run_as = NULL;
    approval_give(&approvals, &sudo, &question);
    ck_assert_int_eq(take(&sudo, NULL), 0);
    question.run_as = "root";
    question.argc = 0; /* of a step that is only observed */
    approval_give(&approvals, &sudo, &question);
    ck_assert_int_eq(take(&sudo, "root"), 1);
}
END_TEST

/* Children that wait, all of them in the approvals. */
static void fill(struct process *waiting)
{
    for (size_t i = 0; i < APPROVALS_MAX; i++) {
        pid_t pid = fork();

        if (pid == 0)
            for (;;)
                pause();
        ck_assert_int_eq(process_read(pid, &waiting[i]), 0);
        approval_give(&approvals, &waiting[i], &question);
    }
}

static void end(const struct process *process)
{
    ck_assert_int_eq(kill(process->pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(process->pid, NULL, 0), process->pid);
}

START_TEST(the_dead_make_room_and_then_the_oldest)
{
    struct process waiting[APPROVALS_MAX];

    fill(waiting);
    end(&waiting[7]);
    approval_give(&approvals, &sudo, &question);
    ck_assert_int_eq(take(&waiting[7], "root"), 0);
    ck_assert_int_eq(take(&waiting[0], "root"), 1);
    ck_assert_int_eq(take(&sudo, "root"), 1);
    approval_give(&approvals, &waiting[7], &question); /* gone, and in a free place */
    approval_give(&approvals, &waiting[0], &question); /* the youngest now */
    approval_give(&approvals, &sudo, &question);       /* for the dead one */
    end(&waiting[1]);
    approval_give(&approvals, &waiting[1], &question); /* keeps its own place */
    approval_give(&approvals, &child, &question);      /* for that one or sudo, which are no processes */
    for (size_t i = 2; i < APPROVALS_MAX; i++)
        ck_assert_int_eq(take(&waiting[i], "root"), i != 7);
    for (size_t i = 0; i < APPROVALS_MAX; i++)
        if (i != 1 && i != 7)
            end(&waiting[i]);
}
END_TEST

START_TEST(where_all_live_the_oldest_goes)
{
    struct process waiting[APPROVALS_MAX], self;

    fill(waiting);
    ck_assert_int_eq(process_read(getpid(), &self), 0);
    approval_give(&approvals, &waiting[0], &question); /* the second one is the oldest now */
    approval_give(&approvals, &self, &question);
    ck_assert_int_eq(take(&self, "root"), 1);
    for (size_t i = 0; i < APPROVALS_MAX; i++) {
        ck_assert_int_eq(take(&waiting[i], "root"), i != 1);
        end(&waiting[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard_approval");
    TCase *tests = tcase_create("approvals");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, it_says_what_was_permitted);
    tcase_add_test(tests, it_is_good_once_for_one_process_and_user);
    tcase_add_test(tests, a_group_goes_with_its_user);
    tcase_add_test(tests, a_process_has_one);
    tcase_add_test(tests, what_cannot_be_kept_is_none);
    tcase_add_test(tests, the_dead_make_room_and_then_the_oldest);
    tcase_add_test(tests, where_all_live_the_oldest_goes);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
