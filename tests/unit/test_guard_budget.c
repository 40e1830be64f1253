/* session/guard_budget: how many commands, and how many within a minute. */
#include <check.h>
#include <stdlib.h>

#include "session/guard_budget.c" /* pure, and of a program: no archive has it */

static struct budget budget;

static void setup(void)
{
    budget = (struct budget){0};
}

START_TEST(nothing_is_spent)
{
    ck_assert_uint_eq(budget.steps, 0);
    ck_assert_uint_eq(budget_last_minute(&budget, 0), 0); /* the host has just booted */
    ck_assert_uint_eq(budget_last_minute(&budget, 5000), 0);
}
END_TEST

START_TEST(a_minute_goes_by)
{
    budget_spend(&budget, 1000);
    budget_spend(&budget, 1000);
    budget_spend(&budget, 31000);
    ck_assert_uint_eq(budget_last_minute(&budget, 31000), 3);
    ck_assert_uint_eq(budget_last_minute(&budget, 60999), 3);
    ck_assert_uint_eq(budget_last_minute(&budget, 61000), 1);
    ck_assert_uint_eq(budget_last_minute(&budget, 90999), 1);
    ck_assert_uint_eq(budget_last_minute(&budget, 91000), 0);
    ck_assert_uint_eq(budget.steps, 3);
    budget_spend(&budget, 91000);
    ck_assert_uint_eq(budget_last_minute(&budget, 91000), 1);
}
END_TEST

/* The same as a list of all of them says, up to what a limit can ask. */
START_TEST(many_are_counted)
{
    static int64_t all[10 * STEPS_PER_MINUTE_MAX];
    int64_t now = 0;

    srand(1);
    for (unsigned n = 0; n < 10 * STEPS_PER_MINUTE_MAX; n++) {
        uint32_t count = 0;

        now += rand() % (n % 1000 < 500 ? 50 : 400); /* too many for the ring, and not */
        all[n] = now;
        budget_spend(&budget, now);
        while (count <= n && count < STEPS_PER_MINUTE_MAX && all[n - count] > now - MINUTE_MS)
            count++;
        ck_assert_uint_eq(budget_last_minute(&budget, now), count);
        ck_assert_uint_eq(budget.steps, n + 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard_budget");
    TCase *tests = tcase_create("budget");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, nothing_is_spent);
    tcase_add_test(tests, a_minute_goes_by);
    tcase_add_test(tests, many_are_counted);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
