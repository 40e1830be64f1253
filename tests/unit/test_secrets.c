/* common/judge/secrets: which arguments are not recorded. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/compat.h"
#include "judge/secrets.h"

static struct secrets secrets;

static void setup(void)
{
    static const char *const names[] = {"--password", "--token", "-p*", "-P", "pass:*"};

    secrets = (struct secrets){.count = 0};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        ck_assert_int_eq(secrets_add(&secrets, names[i]), 0);
}

static const struct {
    const char *argv[4];
    int begins[4]; /* -1: nowhere */
} commands[] = {
    {{"/bin/a", "--password", "x"}, {-1, -1, 0}},
    {{"/bin/a", "--password=x", "y"}, {-1, 11, -1}},
    {{"/bin/a", "--password=", "y"}, {-1, -1, -1}},
    {{"/bin/a", "--passwords", "y"}, {-1, -1, -1}},
    {{"/bin/a", "--passwor", "y"}, {-1, -1, -1}},
    {{"/bin/a", "--password", "--token", "z"}, {-1, -1, 0, 0}},
    {{"/bin/a", "--password", "--token=z"}, {-1, -1, 0}}, /* whatever could be one */
    {{"/bin/a", "-psecret", "y"}, {-1, 2, -1}},
    {{"/bin/a", "-p", "y"}, {-1, -1, -1}},
    {{"/bin/a", "-P", "y"}, {-1, -1, 0}},
    {{"/bin/a", "-Py"}, {-1, -1}},
    {{"/bin/a", "pass:x"}, {-1, 5}},
    {{"/bin/a", "x", "--token", ""}, {-1, -1, -1, -1}},
    {{"--password", "x"}, {-1, -1}}, /* a program is no option */
    {{"-px", "y"}, {-1, -1}},
};

START_TEST(where_secrets_begin)
{
    for (size_t i = 0; i < 4 && commands[_i].argv[i]; i++) {
        const char *word = commands[_i].argv[i];
        size_t begins = commands[_i].begins[i] < 0 ? strlen(word) : (size_t)commands[_i].begins[i];

        ck_assert_uint_eq(secret_begins(&secrets, commands[_i].argv, i), begins);
    }
}
END_TEST

START_TEST(all_are)
{
    static const char *const argv[] = {"/bin/a", "-x", "", "y"};

    ck_assert_uint_eq(secret_begins(&secrets_all, argv, 0), strlen("/bin/a"));
    ck_assert_uint_eq(secret_begins(&secrets_all, argv, 1), 0);
    ck_assert_uint_eq(secret_begins(&secrets_all, argv, 3), 0);
}
END_TEST

START_TEST(names)
{
    static const char *const bad[] = {"", "*", "a b", "a*b", "*a", "a\n", "\x7f", "-*-"};
    static const char *const good[] = {"-p", "-p*", "PGPASSWORD", "--a=b", "\xc3\xa4"};
    char longest[SECRET_NAME_MAX + 2];

    for (size_t i = 0; i < COUNT_OF(bad); i++)
        ck_assert(!secret_name_valid(bad[i]));
    for (size_t i = 0; i < COUNT_OF(good); i++)
        ck_assert(secret_name_valid(good[i]));
    memset(longest, 'x', sizeof longest);
    longest[SECRET_NAME_MAX + 1] = '\0';
    ck_assert(!secret_name_valid(longest));
    longest[SECRET_NAME_MAX] = '\0';
    ck_assert(secret_name_valid(longest));
}
END_TEST

START_TEST(so_many)
{
    secrets = (struct secrets){.count = 0};
    for (size_t i = 0; i < SECRETS_MAX; i++)
        ck_assert_int_eq(secrets_add(&secrets, "-p"), 0);
    ck_assert_int_lt(secrets_add(&secrets, "-p"), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secrets");
    TCase *tests = tcase_create("arguments");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, where_secrets_begin, 0, COUNT_OF(commands));
    tcase_add_test(tests, all_are);
    tcase_add_test(tests, names);
    tcase_add_test(tests, so_many);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
