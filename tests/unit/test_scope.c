/* common/judge/scope: what a credential was issued for. */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/compat.h"
#include "judge/scope.h"

#define HEAD "pam_agent 1\n"
#define PERMIT REASON_PERMIT
#define EXCEEDED REASON_SCOPE_EXCEEDED
#define UNKNOWN REASON_COMMAND_UNKNOWN
#define MALFORMED REASON_STATE_UNAVAILABLE

static enum reason allows(const char *text, const struct scope_arg *args, size_t count)
{
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1); /* its own block, without a NUL: sanitizers see a byte too far */
    enum reason reason;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, len);
    reason = scope_allows(copy, len, "host:sudo", args, count);
    ck_assert_mem_eq(copy, text, len);
    free(copy);
    return reason;
}

static const char *const reload_nginx[] = {"reload", "nginx"};

/* The steps that the texts are held against: sudo -u www-data /usr/bin/systemctl ... */
enum shape { WITH_ARGS, NO_ARGS, EMPTY_ARGS, BEFORE_COMMAND, SHAPES };

static enum reason allows_shape(const char *text, enum shape shape)
{
    const struct scope_arg args[] = {
        {.name = "runas", .value = "www-data"},
        {.name = "command",
         .value = shape == BEFORE_COMMAND ? NULL : "/usr/bin/systemctl",
         .later = shape == BEFORE_COMMAND},
        {.name = "args",
         .items = shape == BEFORE_COMMAND ? NULL : reload_nginx,
         .item_count = shape == WITH_ARGS ? 2 : 0,
         .absent = shape == NO_ARGS,
         .later = shape == BEFORE_COMMAND},
    };

    return allows(text, args, COUNT_OF(args));
}

#define SUDO HEAD "tool host:sudo\n"
#define REST SUDO "rest 1\n"
#define ARGS REST "arg args\n"
#define RUNAS REST "arg runas\n"

static const struct {
    const char *text;
    enum reason reasons[SHAPES]; /* with arguments, without, [], before the command is known */
} cases[] = {
    /* tools */
    {HEAD, {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {HEAD "tool host:login\nrest 1\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {HEAD "tool host:sud\nrest 1\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {HEAD "tool host:sudoedit\nrest 1\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {HEAD "tool Host:Sudo\nrest 1\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {HEAD "tool *\nrest 1\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {REST, {PERMIT, PERMIT, PERMIT, PERMIT}},
    {HEAD "tool host:login\nrest 1\ntool host:sudo\nrest 1\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {REST "tool host:login\narg account\nvalue x\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    /* the rest of another tool is not ours */
    {SUDO "tool host:login\nrest 1\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {HEAD "tool host:login\nrest 1\ntool host:sudo\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},

    /* closed world: what is not named is refused, what was not given need not be named */
    {SUDO, {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {SUDO "arg runas\nvalue www-data\n", {EXCEEDED, EXCEEDED, EXCEEDED, PERMIT}},
    {SUDO "arg runas\nvalue www-data\narg command\nvalue /usr/bin/systemctl\n", {EXCEEDED, PERMIT, EXCEEDED, PERMIT}},
    {SUDO "arg runas\nany 1\narg command\nany 1\narg args\nany 1\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {SUDO "arg runas\nany 1\narg command\nany 1\noptional args\nany 1\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {SUDO "optional args\nany 1\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},

    /* a string among alternatives */
    {RUNAS "value www-data\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {RUNAS "value root\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {RUNAS "value root\nvalue www-data\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {RUNAS "value www-data\nvalue root\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {RUNAS "value root\nany 1\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {RUNAS "", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},          /* no alternative is no permission */
    {RUNAS "value *\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}}, /* values are no patterns */
    {RUNAS "value www-dat\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {RUNAS "value www-data%20\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {RUNAS "value www%2Ddata\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {RUNAS "value \n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {RUNAS "list www-data\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}}, /* ["www-data"] is no string */
    {RUNAS "list-empty 1\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    /* each constraint holds, also a second one for the same argument */
    {RUNAS "value www-data\narg runas\nvalue root\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {RUNAS "value root\narg runas\nvalue www-data\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {RUNAS "value www-data\narg command\nvalue /bin/sh\n", {EXCEEDED, EXCEEDED, EXCEEDED, PERMIT}},
    {RUNAS "value root\narg command\nvalue /usr/bin/systemctl\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {SUDO "arg runas\nvalue root\nrest 1\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},

    /* arrays, element by element */
    {ARGS "list reload\nitem nginx\n", {PERMIT, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "list reload\n", {EXCEEDED, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "list reload\nitem nginx\nitem \n", {EXCEEDED, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "list nginx\nitem reload\n", {EXCEEDED, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "list reload nginx\n", {EXCEEDED, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "list reload\nitem apache\nlist reload\nitem nginx\n", {PERMIT, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "list reload\nitem nginx\nlist reload\nitem apache\n", {PERMIT, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "list reload\nitem apache\nlist restart\nitem nginx\n", {EXCEEDED, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "list reload\nitem nginx\nvalue x\n", {PERMIT, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "value x\nlist reload\nitem nginx\n", {PERMIT, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "value reload\n", {EXCEEDED, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "value reload nginx\n", {EXCEEDED, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "list-empty 1\n", {EXCEEDED, PERMIT, PERMIT, PERMIT}},
    {ARGS "list-empty 1\nlist reload\nitem nginx\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {ARGS "list reload\nitem nginx\nlist-empty 1\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {ARGS "any 1\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {ARGS "", {EXCEEDED, EXCEEDED, EXCEEDED, PERMIT}},

    /* what else is said of alternatives */
    {ARGS "list reload\nitem nginx\nis one-of\n", {PERMIT, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "list reload\nitem nginx\nis not-one-of\n", {EXCEEDED, PERMIT, PERMIT, PERMIT}},
    {RUNAS "value root\nis not-one-of\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {RUNAS "value root\nvalue www-data\nis not-one-of\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {RUNAS "is not-one-of\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {RUNAS "is one-of\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {RUNAS "is anything\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {RUNAS "is nothing\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {ARGS "value nginx\nis containing\n", {PERMIT, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "value nginx\nvalue reload\nis containing\n", {PERMIT, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "value nginx\nvalue apache\nis containing\n", {EXCEEDED, EXCEEDED, EXCEEDED, PERMIT}},
    {ARGS "is containing\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {RUNAS "value www-data\nis containing\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}}, /* no array */
    {ARGS "value nginx\nvalue reload\nvalue x\nis within\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {ARGS "value nginx\nvalue x\nis within\n", {EXCEEDED, PERMIT, PERMIT, PERMIT}},
    {ARGS "is within\n", {EXCEEDED, PERMIT, PERMIT, PERMIT}},
    {RUNAS "value www-data\nis within\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    /* clauses */
    {RUNAS "open all\nis anything\nvalue root\nis not-one-of\nclose 1\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {RUNAS "open all\nis anything\nvalue root\nis one-of\nclose 1\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {RUNAS "open any\nis nothing\nvalue www-data\nis one-of\nclose 1\n", {PERMIT, PERMIT, PERMIT, PERMIT}},
    {RUNAS "open any\nis nothing\nis nothing\nclose 1\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {RUNAS "open any\nopen all\nis anything\nis nothing\nclose 1\nopen all\nis anything\nclose 1\nclose 1\n",
     {PERMIT, PERMIT, PERMIT, PERMIT}},
    {RUNAS "open all\nopen any\nis anything\nis nothing\nclose 1\nopen any\nis nothing\nclose 1\nclose 1\n",
     {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {RUNAS "open all\nvalue root\nis not-one-of\nvalue www-data\nis one-of\nclose 1\n",
     {PERMIT, PERMIT, PERMIT, PERMIT}},
    {RUNAS "open all\nis nothing\nis anything\nclose 1\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},
    {RUNAS "value www-data\nopen all\nis anything\nclose 1\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {RUNAS "open all\nis anything\nclose 2\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {RUNAS "open all\nclose 1\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {RUNAS "open all\nis anything\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {RUNAS "open all\nvalue a\nclose 1\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {RUNAS "open some\nis anything\nclose 1\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {RUNAS "close 1\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {RUNAS "is anything\nis anything\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {RUNAS "is nothing\nvalue www-data\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {RUNAS "is any\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {RUNAS "open all\nis anything\narg args\nany 1\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},

    /* optional: may be absent, and is judged when it is there */
    {REST "optional args\nlist reload\nitem nginx\n", {PERMIT, PERMIT, EXCEEDED, PERMIT}},
    {REST "optional args\nlist restart\n", {EXCEEDED, PERMIT, EXCEEDED, PERMIT}},
    {REST "optional args\n", {EXCEEDED, PERMIT, EXCEEDED, PERMIT}},
    {REST "optional runas\nvalue root\n", {EXCEEDED, EXCEEDED, EXCEEDED, EXCEEDED}},

    /* an argument that the step does not have */
    {REST "arg cwd\nvalue /\n", {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN}},
    {REST "arg cwd\nany 1\n", {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN}},
    {REST "optional cwd\nvalue /\n", {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN}},
    {REST "arg Runas\nvalue www-data\n", {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN}},
    {REST "arg \nvalue www-data\n", {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN}},
    {REST "tool host:login\narg cwd\nvalue /\n", {PERMIT, PERMIT, PERMIT, PERMIT}},

    /* malformed */
    {"", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {"tool host:sudo\nrest 1\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {"pam_agent 2\ntool host:sudo\nrest 1\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {SUDO "rest 1", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {SUDO "rest 1\n\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {SUDO "rest 1\ngarbage\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {SUDO "rest 1\nmin 3\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}}, /* a restriction that is not understood */
    {RUNAS "value www-data\npattern x\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {RUNAS "any 0\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {SUDO "rest 0\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {ARGS "list-empty 0\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {SUDO "value www-data\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}}, /* of which argument? */
    {SUDO "any 1\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {SUDO "list a\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {SUDO "list-empty 1\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {RUNAS "value www-data\nrest 1\nany 1\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {ARGS "item reload\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}}, /* of which list? */
    {ARGS "value x\nitem reload\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {ARGS "list a\nvalue x\nitem reload\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {RUNAS "value www%2ddata\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
    {RUNAS "value www%00data\n", {MALFORMED, MALFORMED, MALFORMED, MALFORMED}},
};

START_TEST(scope_table)
{
    for (enum shape shape = 0; shape < SHAPES; shape++) {
        enum reason reason = allows_shape(cases[_i].text, shape);

        ck_assert_msg(reason == cases[_i].reasons[shape], "shape %d: %s, not %s:\n%s", (int)shape, reason_word(reason),
                      reason_word(cases[_i].reasons[shape]), cases[_i].text);
    }
}
END_TEST

/* Before anything is known the tool itself must be there. */
START_TEST(tool_must_be_named)
{
    const struct scope_arg later = {.name = "runas", .later = 1}, absent = {.name = "args", .absent = 1};

    ck_assert_int_eq(allows(SUDO, &later, 1), PERMIT);
    ck_assert_int_eq(allows(SUDO, &absent, 1), PERMIT);
    ck_assert_int_eq(allows(SUDO, NULL, 0), PERMIT);
    ck_assert_int_eq(allows(HEAD "tool host:login\nrest 1\n", &later, 1), EXCEEDED);
    ck_assert_int_eq(allows(HEAD "tool host:login\nrest 1\n", &absent, 1), EXCEEDED);
    ck_assert_int_eq(allows(HEAD "tool host:login\nrest 1\n", NULL, 0), EXCEEDED);
}
END_TEST

START_TEST(malformed_after_a_permission_is_no_permission)
{
    const char nul[] = HEAD "tool host:sudo\nrest 1\n\0tool host:login\n";

    ck_assert_int_eq(scope_allows(nul, sizeof nul - 1, "host:sudo", NULL, 0), MALFORMED);
    ck_assert_int_eq(scope_allows(nul, strlen(nul), "host:sudo", NULL, 0), PERMIT);
}
END_TEST

START_TEST(scope_bounds)
{
    static char text[SCOPE_MAX + 2];
    struct scope_arg args[SCOPE_ARGS_MAX + 1];
    size_t len = (size_t)sprintf(text, "%s", REST "tool x\narg ");

    for (size_t i = 0; i < COUNT_OF(args); i++)
        args[i] = (struct scope_arg){.name = "a", .value = "b"};
    ck_assert_int_eq(allows(REST, args, SCOPE_ARGS_MAX), PERMIT);
    ck_assert_int_eq(allows(REST, args, SCOPE_ARGS_MAX + 1), MALFORMED);
    memset(text + len, 'a', SCOPE_MAX - len - 1);
    text[SCOPE_MAX - 1] = '\n';
    ck_assert_int_eq(allows(text, NULL, 0), PERMIT);
    text[SCOPE_MAX - 1] = 'a';
    text[SCOPE_MAX] = '\n';
    ck_assert_int_eq(allows(text, NULL, 0), MALFORMED);
}
END_TEST

/* A scope that ends early never allows more. */
START_TEST(scope_cut_anywhere)
{
    static const char whole[] = SUDO "arg runas\nvalue www-data\narg command\nvalue /usr/bin/systemctl\n"
                                     "arg args\nlist reload\nitem nginx\ntool host:login\narg service\nvalue sshd\n";
    const char *needed = strstr(whole, "tool host:login");
    char text[sizeof whole];

    ck_assert_int_eq(allows_shape(whole, WITH_ARGS), PERMIT);
    for (size_t len = 0; len < sizeof whole; len++) {
        enum reason reason;

        memcpy(text, whole, len);
        text[len] = '\0';
        reason = allows_shape(text, WITH_ARGS);
        if (len < (size_t)(needed - whole))
            ck_assert_int_ne(reason, PERMIT);
    }
}
END_TEST

START_TEST(arguments_are_bounded)
{
    static const char *items[SCOPE_ITEMS_MAX + 1];
    struct scope_arg args = {.name = "args", .items = items, .item_count = SCOPE_ITEMS_MAX};

    for (size_t i = 0; i < COUNT_OF(items); i++)
        items[i] = "a";
    ck_assert_int_eq(allows(SUDO "arg args\nvalue a\nis within\n", &args, 1), PERMIT);
    args.item_count++;
    ck_assert_int_eq(allows(SUDO "arg args\nvalue a\nis within\n", &args, 1), MALFORMED);
}
END_TEST

START_TEST(clauses_are_as_deep_as_they_may_be)
{
    char text[2048] = RUNAS;

    for (int i = 0; i < SCOPE_DEPTH_MAX; i++)
        strcat(text, "open all\n");
    strcat(text, "is anything\n");
    for (int i = 0; i < SCOPE_DEPTH_MAX; i++)
        strcat(text, "close 1\n");
    ck_assert_int_eq(allows_shape(text, WITH_ARGS), PERMIT);
    memmove(text + strlen(RUNAS "open all\n"), text + strlen(RUNAS), strlen(text + strlen(RUNAS)) + 1);
    memcpy(text + strlen(RUNAS), "open all\n", strlen("open all\n"));
    strcat(text, "close 1\n");
    ck_assert_int_eq(allows_shape(text, WITH_ARGS), MALFORMED);
}
END_TEST

/* What the step does not know satisfies no exclusion. */
START_TEST(unknown_is_not_excluded)
{
    const struct scope_arg known = {.name = "runas", .value = "x"}, unknown = {.name = "runas"};

    ck_assert_int_eq(allows(RUNAS "value root\nis not-one-of\n", &known, 1), PERMIT);
    ck_assert_int_eq(allows(RUNAS "value root\nis not-one-of\n", &unknown, 1), EXCEEDED);
}
END_TEST

static Suite *scope_suite(void)
{
    Suite *suite = suite_create("scope");
    TCase *tcase = tcase_create("scope");

    tcase_add_loop_test(tcase, scope_table, 0, COUNT_OF(cases));
    tcase_add_test(tcase, unknown_is_not_excluded);
    tcase_add_test(tcase, tool_must_be_named);
    tcase_add_test(tcase, malformed_after_a_permission_is_no_permission);
    tcase_add_test(tcase, scope_bounds);
    tcase_add_test(tcase, arguments_are_bounded);
    tcase_add_test(tcase, clauses_are_as_deep_as_they_may_be);
    tcase_add_test(tcase, scope_cut_anywhere);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(scope_suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
