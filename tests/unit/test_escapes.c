/* Which commands of rules can be uses that run or write what their caller likes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/escapes.h"

static struct arena arena;
static struct escapes escapes;
static struct problems problems;

static void setup(void)
{
    escapes_add_known(&escapes, &arena, &problems);
    ck_assert_uint_eq(problems.count, 0);
    ck_assert_uint_gt(escapes.count, 200);
}

static void teardown(void)
{
    arena_clear(&arena);
    problems_clear(&problems);
    escapes = (struct escapes){.items = NULL};
}

/* The words of the line; "..." at its end: any further arguments. */
static struct command command_of(const char *line)
{
    struct command command = {.any_arguments = 0};
    char *rest = NULL, *copy = arena_copy(&arena, line, strlen(line));

    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (strcmp(word, "...") == 0) {
            command.any_arguments = 1;
            continue;
        }
        command.words.items = arena_grow(&arena, command.words.items, command.words.count, sizeof word);
        command.words.items[command.words.count++] = word;
    }
    return command;
}

static const struct {
    const char *line;
    int escapes;
} commands[] = {
    {"/usr/bin/id", 0},
    {"/usr/bin/id ...", 0},
    {"/usr/bin/vim", 1},
    {"/usr/bin/vim.basic /etc/hosts", 1},
    {"/bin/sh", 1},
    {"/bin/sh -c id", 1},
    {"/bin/sh -ec id", 1},
    {"/bin/sh /opt/backup.sh", 0},
    {"/bin/sh /opt/*", 0},
    {"/bin/sh *", 1},
    {"/bin/sh /opt/backup.sh ...", 1},
    {"/usr/bin/python3.11 /opt/x.py", 0},
    {"/usr/bin/python3.11 -c pass", 1},
    {"/usr/bin/python3.11 -Ic pass", 1},
    {"/usr/bin/python3 -", 1},
    {"/usr/bin/php /srv/app/artisan queue:restart", 0},
    {"/usr/bin/systemctl restart nginx", 0},
    {"/usr/bin/systemctl restart *", 0},
    {"/usr/bin/systemctl status nginx", 1},
    {"/usr/bin/systemctl status --no-pager nginx", 0},
    {"/usr/bin/systemctl --no-pager * nginx", 1}, /* edit */
    {"/usr/bin/systemctl *", 1},
    {"/usr/bin/systemctl ed?t nginx", 1},
    {"/usr/bin/systemctl ...", 1},
    {"/usr/bin/systemctl restart nginx ...", 1},
    {"/usr/bin/systemctl --host=x restart nginx", 1},
    {"/usr/bin/systemctl --ho=x restart nginx", 1},
    {"/usr/bin/systemctl --h* restart nginx", 1},
    {"/usr/bin/systemctl -Hx restart nginx", 1},
    {"/usr/bin/systemctl -qH x restart nginx", 1},
    {"/usr/bin/systemctl -q restart nginx", 0},
    {"/usr/bin/systemctl -* restart nginx", 1},
    {"/usr/bin/systemctl -- restart nginx", 0},
    {"/usr/bin/systemctl --now restart nginx", 0},
    {"/usr/bin/journalctl -u nginx", 1},
    {"/usr/bin/journalctl --no-pager -u nginx -n *", 0},
    {"/usr/bin/journalctl --no-pager -u nginx --cursor-file=/x", 1},
    {"/usr/bin/journalctl --no-pager -u nginx --cursor-fi*", 1},
    {"/usr/bin/journalctl --no-pag? -u nginx", 1}, /* not surely so */
    {"/usr/bin/journalctl --no-pager -u nginx ...", 1},
    {"/usr/bin/find /var -name *", 0},
    {"/usr/bin/find /var -exec id", 1},
    {"/usr/bin/find /var -e*", 1},
    {"/usr/bin/tar -cf /x /y", 1},
    {"/usr/bin/tar -tf /x", 1},
    {"/usr/bin/tar --list --file=/x", 1},
    {"/usr/bin/tar --list -Ox", 1},
    {"/usr/bin/curl https://example.org/", 1},
    {"/usr/bin/tar xf *", 1},
    {"/usr/bin/python3 deploy.py /srv/app", 1},
    {"/usr/bin/python3 * /srv/app", 1},
    {"/usr/bin/python3 -O /opt/x.py", 0},
    {"/usr/bin/python3 -X dev /opt/x.py", 1}, /* the value of an option, which is not known to be one */
    {"/bin/bash x.sh /etc", 1},
    {"/usr/bin/php -f x.php /srv", 1},
    {"/usr/bin/systemctl -n 20 * nginx", 1},
    {"/usr/bin/systemctl --lines 20 * nginx", 1},
    {"/usr/bin/systemctl restart --no-pager *", 0},
    {"/usr/bin/ip -n x * exec y", 1},
    {"/usr/bin/sysctl net.ipv4.ip_forward=1", 1},
    {"/usr/bin/sort /x", 0},
    {"/usr/bin/sort --out=/y /x", 1},
    {"/lib64/ld-linux-x86-64.so.2 /x", 1},
    {"/opt/vim/bin/tool", 0},
};

START_TEST(what_escapes)
{
    const struct command command = command_of(commands[_i].line);

    ck_assert_msg(!!escapes_find(&escapes, &command) == commands[_i].escapes, "%s", commands[_i].line);
}
END_TEST

START_TEST(a_list_of_the_hosts_own)
{
    static const char list[] = "# ours\n\n  deploy  rollback !--dry-run # not so\n/usr/bin/x\ntool*";
    struct escapes own = {.items = NULL};
    struct command command;

    escapes_add(&own, list, sizeof list - 1, "/etc/pam_agent/escapes.list", &arena, &problems);
    ck_assert_uint_eq(own.count, 2);
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_ptr_nonnull(strstr(problems.texts[0], "/etc/pam_agent/escapes.list:4: write programs without"));
    command = command_of("/opt/deploy rollback");
    ck_assert_ptr_eq(escapes_find(&own, &command), &own.items[0]);
    command = command_of("/opt/deploy rollback --dry-run");
    ck_assert_ptr_null(escapes_find(&own, &command));
    command = command_of("/opt/tool7");
    ck_assert_str_eq(escapes_find(&own, &command)->program, "tool*");
}
END_TEST

START_TEST(a_list_with_a_nul)
{
    escapes_add(&escapes, "a\0b\n", 4, "list", &arena, &problems);
    ck_assert_uint_eq(problems.count, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("escapes");
    TCase *tests = tcase_create("tests");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, what_escapes, 0, (int)COUNT_OF(commands));
    tcase_add_test(tests, a_list_of_the_hosts_own);
    tcase_add_test(tests, a_list_with_a_nul);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
