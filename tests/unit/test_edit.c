/* The editing of nsswitch.conf, PAM stacks, sudo.conf and sshd_config. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/edit.h"

/* before, with us, and what taking out leaves where that is not `before` */
static const struct {
    const char *before, *with, *left;
} nsswitch[] = {
    {"passwd: files\ngroup: files\nshadow: files\n", "passwd: files agent\ngroup: files agent\nshadow: files agent\n",
     NULL},
    {"passwd:\tfiles  systemd  \ngroup: files\nshadow: files",
     "passwd:\tfiles  systemd agent  \ngroup: files agent\nshadow: files agent", NULL},
    {"passwd: files\r\ngroup: files\r\nshadow: files\r\n",
     "passwd: files agent\r\ngroup: files agent\r\nshadow: files agent\r\n", NULL},
    {"passwd: files # agent\ngroup:files\nshadow: files#x\n",
     "passwd: files agent # agent\ngroup:files agent\nshadow: files agent#x\n", NULL},
    {"  passwd: files\ngroup: files\nshadow: files\n",
     "  passwd: files agent\ngroup: files agent\nshadow: files agent\n", NULL},
    {"initgroups: files\npasswd: files\ngroup: files\nshadow: files\n",
     "initgroups: files agent\npasswd: files agent\ngroup: files agent\nshadow: files agent\n", NULL},
    {"passwd: files [NOTFOUND=return] ldap\ngroup: files\nshadow: files\n",
     "passwd: agent files [NOTFOUND=return] ldap\ngroup: files agent\nshadow: files agent\n", NULL},
    {"passwd: files sss [notfound=RETURN]\ngroup: files\nshadow: files\n",
     "passwd: files agent sss [notfound=RETURN]\ngroup: files agent\nshadow: files agent\n", NULL},
    {"passwd: files sss[!UNAVAIL=return]\ngroup: files [!NOTFOUND=return] ldap\nshadow: files\n",
     "passwd: files agent sss[!UNAVAIL=return]\ngroup: files [!NOTFOUND=return] ldap agent\nshadow: files agent\n",
     NULL},
    {"passwd: files [SUCCESS=merge] ldap\ngroup: files [ SUCCESS=continue UNAVAIL=return ] ldap\nshadow: files\n",
     "passwd: files [SUCCESS=merge] ldap agent\ngroup: files [ SUCCESS=continue UNAVAIL=return ] ldap agent\nshadow: "
     "files agent\n",
     NULL},
    {"passwd: files agent\ngroup: agent files\nshadow: files\n",
     "passwd: files agent\ngroup: agent files\nshadow: files agent\n", "passwd: files\ngroup: files\nshadow: files\n"},
    {"passwd: agents files my-agent\ngroup: files\nshadow: files\n",
     "passwd: agents files my-agent agent\ngroup: files agent\nshadow: files agent\n", NULL},
    {"passwd: files\npasswd: compat\ngroup: files\nshadow: files\n",
     "passwd: files agent\npasswd: compat agent\ngroup: files agent\nshadow: files agent\n", NULL},
    {"passwd: files\ngroup: files\n", "passwd: files agent\ngroup: files agent\nshadow: files agent # pam_agent\n",
     NULL},
    {"hosts: files",
     "hosts: files\npasswd: files agent # pam_agent\ngroup: files agent # pam_agent\nshadow: files agent # pam_agent\n",
     "hosts: files\n"},
    {"", "passwd: files agent # pam_agent\ngroup: files agent # pam_agent\nshadow: files agent # pam_agent\n", NULL},
    {"#passwd: files\npasswd_compat: nis\npasswd files\ngshadow: files\npasswd:\ngroup: \nshadow: files\n",
     "#passwd: files\npasswd_compat: nis\npasswd files\ngshadow: files\npasswd: agent\ngroup: agent \nshadow: files "
     "agent\n",
     NULL},
    {"passwd: files [NOTFOUND\ngroup: []\nshadow: files\n",
     "passwd: files [NOTFOUND agent\ngroup: [] agent\nshadow: files agent\n",
     "passwd: files [NOTFOUND agent\ngroup: []\nshadow: files\n"},
};

START_TEST(nsswitch_lines)
{
    char *with, *again, *left;

    ck_assert_int_eq(edit_nsswitch_add(nsswitch[_i].before, &with), 0);
    ck_assert_str_eq(with, nsswitch[_i].with);
    if (!strstr(with,
                "[NOTFOUND agent")) { /* an unclosed action swallows what follows; the proof by getent refuses that */
        ck_assert_int_eq(edit_nsswitch_add(with, &again), 0);
        ck_assert_str_eq(again, with);
        free(again);
    }
    ck_assert_int_eq(edit_nsswitch_remove(with, &left), 0);
    ck_assert_str_eq(left, nsswitch[_i].left ? nsswitch[_i].left : nsswitch[_i].before);
    free(with);
    free(left);
}
END_TEST

#define BLOCK EDIT_BEGIN "\nsession x.so\n" EDIT_END "\n"

static const struct {
    const char *before, *with;
} blocks[] = {
    {"", BLOCK},
    {"session a.so\n", BLOCK "session a.so\n"},
    {"#%PAM-1.0\n\n# words\nsession a.so\nauth b.so\n", "#%PAM-1.0\n\n# words\n" BLOCK "session a.so\nauth b.so\n"},
    {"# only\n# comments", BLOCK "# only\n# comments"},
    {"# no end\nsession a.so", "# no end\n" BLOCK "session a.so"},
    {"#%PAM-1.0\r\nsession a.so\r\n", "#%PAM-1.0\r\n" BLOCK "session a.so\r\n"},
    {"\t@include common\n", BLOCK "\t@include common\n"},
};

START_TEST(block_goes_in_and_out)
{
    char *with, *again, *left;

    ck_assert_int_eq(edit_block_add(blocks[_i].before, "session x.so\n", &with), 0);
    ck_assert_str_eq(with, blocks[_i].with);
    ck_assert_int_eq(edit_block_add(with, "session x.so\n", &again), 0);
    ck_assert_str_eq(again, with);
    free(again);
    ck_assert_int_eq(edit_block_remove(with, &left), 0);
    ck_assert_str_eq(left, blocks[_i].before);
    free(left);
    free(with);
}
END_TEST

START_TEST(block_is_replaced_where_it_stands)
{
    char *with;

    ck_assert_int_eq(edit_block_add("a\n" EDIT_BEGIN " \r\nold\nolder\n" EDIT_END "\nb\n", "new\n", &with), 0);
    ck_assert_str_eq(with, "a\n" EDIT_BEGIN "\nnew\n" EDIT_END "\nb\n");
    free(with);
}
END_TEST

static const char *const damaged[] = {
    EDIT_BEGIN "\nx\n",
    "x\n" EDIT_END "\n",
    EDIT_END "\n" EDIT_BEGIN "\n",
    EDIT_BEGIN "\n" EDIT_BEGIN "\n" EDIT_END "\n",
    EDIT_BEGIN "\n" EDIT_END "\n" EDIT_END "\n",
};

START_TEST(block_that_is_damaged)
{
    char *text;

    ck_assert_int_eq(edit_block_add(damaged[_i], "x\n", &text), -EBADMSG);
    ck_assert_int_eq(edit_block_remove(damaged[_i], &text), -EBADMSG);
}
END_TEST

START_TEST(block_that_is_not_there)
{
    char *left;

    ck_assert_int_eq(edit_block_remove("a\n" EDIT_END "ing\nb", &left), 0);
    ck_assert_str_eq(left, "a\n" EDIT_END "ing\nb");
    free(left);
}
END_TEST

static const struct {
    const char *config;
    int includes;
} includes[] = {
    {"Include /etc/ssh/sshd_config.d/*.conf\n", 1},
    {"# x\n\tinclude\t\"/etc/ssh/sshd_config.d/*.conf\"\r\n", 1},
    {"Include sshd_config.d/*.conf", 1},
    {"Include=/etc/ssh/sshd_config.d/*.conf\n", 1},
    {"Include /etc/ssh/other/*.conf /etc/ssh/sshd_config.d/00-*\n", 1},
    {"", 0},
    {"#Include /etc/ssh/sshd_config.d/*.conf\n", 0},
    {"Include /etc/ssh/other.d/*.conf # sshd_config.d/*.conf\n", 0},
    {"Match User x\nInclude /etc/ssh/sshd_config.d/*.conf\n", 0},
    {"Port 22\nIncludes /etc/ssh/sshd_config.d/*.conf\n", 0},
};

START_TEST(sshd_includes)
{
    ck_assert_int_eq(edit_sshd_includes(includes[_i].config, "/etc/ssh/sshd_config.d/00-pam_agent.conf"),
                     includes[_i].includes);
}
END_TEST

static const struct {
    const char *config;
    unsigned line;
} plugins[] = {
    {"", 0},
    {"Plugin sudo_agent sudo_agent.so", 1},
    {"# x\n\n \tplugin\tsudo_agent /opt/sudo_agent.so\r\n", 3},
    {"Plugin sudo_agent\n", 1},
    {"# Plugin sudo_agent sudo_agent.so\n", 0},
    {"Plugin sudo_agents sudo_agent.so\nPlugin sudo sudo_agent.so\nPlugins sudo_agent x\nPlugin\n", 0},
    {EDIT_BEGIN "\nPlugin sudo_agent sudo_agent.so\n" EDIT_END "\n", 0},
    {EDIT_BEGIN "\nPlugin sudo_agent sudo_agent.so\n" EDIT_END "\nPlugin sudo_agent x\n", 4},
};

START_TEST(plugin_that_a_line_names)
{
    ck_assert_uint_eq(edit_plugin_line(plugins[_i].config, "sudo_agent"), plugins[_i].line);
}
END_TEST

static const struct {
    const char *before, *after, *diff;
} diffs[] = {
    {"a\n", "a\n", ""},
    {NULL, NULL, ""},
    {NULL, "a\n", "--- /dev/null\n+++ /f\n@@ -0,0 +1,1 @@\n+a\n"},
    {"a\n", NULL, "--- /f\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n"},
    {"a\nb\nc\nd\ne\nf\ng\nh\n", "a\nb\nc\nd\nE\nf\ng\nh\n",
     "--- /f\n+++ /f\n@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n"},
    {"1\na\nb\nc\nd\ne\nf\ng\n2", "one\na\nb\nc\nd\ne\nf\ng\n2\n",
     "--- /f\n+++ /f\n@@ -1,4 +1,4 @@\n-1\n+one\n a\n b\n c\n@@ -6,4 +6,4 @@\n e\n f\n g\n-2\n\\ No newline at end of "
     "file\n+2\n"},
    {"\033[2J\n", "x\r\n", "--- /f\n+++ /f\n@@ -1,1 +1,1 @@\n-\\x1B[2J\n+x\\x0D\n"},
};

START_TEST(diff_as_people_know_it)
{
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);

    edit_print_diff(to, "/f", diffs[_i].before, diffs[_i].after);
    fclose(to);
    ck_assert_str_eq(text, diffs[_i].diff);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("edit");
    TCase *tests = tcase_create("edit");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tests, nsswitch_lines, 0, sizeof nsswitch / sizeof *nsswitch);
    tcase_add_loop_test(tests, block_goes_in_and_out, 0, sizeof blocks / sizeof *blocks);
    tcase_add_test(tests, block_is_replaced_where_it_stands);
    tcase_add_loop_test(tests, block_that_is_damaged, 0, sizeof damaged / sizeof *damaged);
    tcase_add_test(tests, block_that_is_not_there);
    tcase_add_loop_test(tests, sshd_includes, 0, sizeof includes / sizeof *includes);
    tcase_add_loop_test(tests, plugin_that_a_line_names, 0, sizeof plugins / sizeof *plugins);
    tcase_add_loop_test(tests, diff_as_people_know_it, 0, sizeof diffs / sizeof *diffs);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
