/* session/guard_due: when a session is due, on both clocks. */
#include <check.h>
#include <stdlib.h>

#include "session/guard_due.c" /* pure, and of a program: no archive has it */

/* Opened at 1000000 s, which was 5000 s after boot; the credential lives 600 s, the session 1800 s. */
static struct terms usual(void)
{
    return (struct terms){
        .opened = {1000000, 5000000},
        .attested = {1000000, 5000000},
        .expires = 1000600,
        .longest = 1001800,
        .max_session = 1800,
    };
}

static struct due due_of(const struct terms *terms)
{
    struct due due;

    due_compute(terms, &due);
    return due;
}

#define assert_moment(moment, wall_s, boot_ms) \
    do { \
        ck_assert_int_eq((moment).wall, wall_s); \
        ck_assert_int_eq((moment).boot, boot_ms); \
    } while (0)

START_TEST(ends_with_its_credential)
{
    struct terms terms = usual();
    struct due due = due_of(&terms);

    assert_moment(due.deadline, 1000600, 5600000);
    assert_moment(due.attest_by, NEVER, NEVER);
    assert_moment(due.overdue, NEVER, NEVER);
    assert_moment(due.notice, 1000480, 5480000);
    ck_assert(due.attest_helps);
}
END_TEST

START_TEST(another_credential_puts_it_off)
{
    struct terms terms = usual();
    struct due due;

    terms.attested = (struct moment){1000500, 5500000};
    terms.expires = 1001100;
    due = due_of(&terms);
    assert_moment(due.deadline, 1001100, 6100000);
    assert_moment(due.notice, 1000980, 5980000);
}
END_TEST

START_TEST(nothing_goes_beyond_the_longest)
{
    struct terms terms = usual();
    struct due due;

    terms.attested = (struct moment){1001500, 6500000};
    terms.expires = 1002500;
    due = due_of(&terms);
    assert_moment(due.deadline, 1001800, 6800000);
    ck_assert(!due.attest_helps);
    terms.max_session = 600; /* policy was made stricter meanwhile */
    assert_moment(due_of(&terms).deadline, 1000600, 5600000);
    terms.max_session = 0; /* could not be read */
    assert_moment(due_of(&terms).deadline, 1001800, 6800000);
}
END_TEST

START_TEST(freezes_then_ends_where_it_must_attest)
{
    struct terms terms = usual();
    struct due due;

    terms.reattest_every = 100;
    terms.reattest_grace = 20;
    due = due_of(&terms);
    assert_moment(due.deadline, 1001800, 6800000); /* the credential's end is none of the session's */
    assert_moment(due.attest_by, 1000100, 5100000);
    assert_moment(due.overdue, 1000120, 5120000);
    assert_moment(due.notice, 1000080, 5080000);
    terms.attested = (struct moment){1000090, 5090000};
    due = due_of(&terms);
    assert_moment(due.attest_by, 1000190, 5190000);
    assert_moment(due.notice, 1000170, 5170000);
}
END_TEST

/* The wall clock was set back by an hour between open and attestation: on the boot clock nothing is gained. */
START_TEST(a_clock_set_back_extends_nothing)
{
    struct terms terms = usual();
    struct due due = due_of(&terms);
    struct moment late = {1000600 - 3600, 5600000};

    ck_assert(moment_reached(&due.deadline, &late));
    terms.attested = (struct moment){1000500 - 3600, 5500000};
    terms.expires = 1001100 - 3600;
    due = due_of(&terms);
    assert_moment(due.deadline, 1001100 - 3600, 6100000);
    terms.expires = 1001800;
    ck_assert_int_eq(due_of(&terms).deadline.boot, 6800000);
}
END_TEST

START_TEST(a_clock_set_forward_ends)
{
    struct terms terms = usual();
    struct due due = due_of(&terms);
    struct moment forward = {1000600, 5000001}, before = {1000599, 5599999}, suspended = {1000599, 5600000};

    ck_assert(moment_reached(&due.deadline, &forward));
    ck_assert(moment_reached(&due.deadline, &suspended));
    ck_assert(!moment_reached(&due.deadline, &before));
}
END_TEST

START_TEST(the_next_is_the_first_not_reached)
{
    struct terms terms = usual();
    struct moment now = terms.opened;
    struct due due;

    terms.reattest_every = 100;
    terms.reattest_grace = 20;
    due = due_of(&terms);
    assert_moment(due_next(&due, &now), 1000080, 5080000);
    now = (struct moment){1000080, 5080000};
    assert_moment(due_next(&due, &now), 1000100, 5100000);
    now = (struct moment){1000100, 5099000}; /* the wall clock alone has reached it */
    assert_moment(due_next(&due, &now), 1000120, 5120000);
    now = (struct moment){1000120, 5120000};
    assert_moment(due_next(&due, &now), 1001800, 6800000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard_due");
    TCase *tcase = tcase_create("due");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, ends_with_its_credential);
    tcase_add_test(tcase, another_credential_puts_it_off);
    tcase_add_test(tcase, nothing_goes_beyond_the_longest);
    tcase_add_test(tcase, freezes_then_ends_where_it_must_attest);
    tcase_add_test(tcase, a_clock_set_back_extends_nothing);
    tcase_add_test(tcase, a_clock_set_forward_ends);
    tcase_add_test(tcase, the_next_is_the_first_not_reached);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
