/* What the plug-ins show to the process that loads them, and what they bring into it. */
#include <check.h>

#include "tests/pam/stage.h"

static const struct {
    const char *file;
    const char *symbols; /* nm's, sorted */
    const char *libraries;
} plugins[] = {
    {"pam_agent.so",
     "pam_sm_acct_mgmt pam_sm_authenticate pam_sm_chauthtok pam_sm_close_session pam_sm_open_session pam_sm_setcred ",
     "libc.so libpam.so "},
    {"sudo_agent.so", "sudo_agent ", "libc.so "},
};

static void output_of(const char *format, const char *file, char *ret, size_t cap)
{
    char command[2 * PATH_MAX];
    FILE *pipe;

    ck_assert_int_eq(text_format(command, sizeof command, "LC_ALL=C; file='%s'; %s", stage_built(file), format), 0);
    pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    ret[fread(ret, 1, cap - 1, pipe)] = '\0';
    ck_assert_int_eq(pclose(pipe), 0);
}

START_TEST(a_plugin_shows_its_entry_points_alone)
{
    char seen[4096];

    output_of("nm -D --defined-only \"$file\" | awk '{print $3}' | sort | tr '\\n' ' '", plugins[_i].file, seen,
              sizeof seen);
    ck_assert_str_eq(seen, plugins[_i].symbols);
}
END_TEST

START_TEST(a_plugin_needs_few_libraries)
{
    char seen[4096];

    output_of("readelf -d \"$file\" | sed -n 's/.*(NEEDED).*\\[\\(.*\\.so\\).*\\]/\\1/p' | sort | tr '\\n' ' '",
              plugins[_i].file, seen, sizeof seen);
    if (!strstr(seen, "libasan")) /* of a build with sanitizers */
        ck_assert_str_eq(seen, plugins[_i].libraries);
}
END_TEST

START_TEST(a_plugin_stays_and_runs_nothing_when_it_is_loaded)
{
    char seen[4096];

    output_of("readelf -d \"$file\" | grep -c 'FLAGS_1.*NODELETE.*' ; true", plugins[_i].file, seen, sizeof seen);
    ck_assert_str_eq(seen, "1\n");
    output_of("readelf -lW \"$file\" | grep -c '^ *TLS ' ; true", plugins[_i].file, seen, sizeof seen);
    ck_assert_str_eq(seen, "0\n");
}
END_TEST

static const char *const unwanted[] = {"openlog", "select", "getenv", "signal", "system", "popen", "execvp", "atexit"};

START_TEST(a_plugin_calls_nothing_that_changes_its_host)
{
    char seen[16384];

    output_of("nm -D --undefined-only \"$file\" | awk '{print $NF}' | sed 's/@.*//' | tr '\\n' ' '", plugins[_i].file,
              seen, sizeof seen);
    for (size_t i = 0; i < COUNT_OF(unwanted); i++) {
        char word[64];

        snprintf(word, sizeof word, " %s ", unwanted[i]);
        ck_assert_msg(!strstr(seen, word), "%s calls%s", plugins[_i].file, word);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exports");
    TCase *all = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(all, a_plugin_shows_its_entry_points_alone, 0, COUNT_OF(plugins));
    tcase_add_loop_test(all, a_plugin_needs_few_libraries, 0, COUNT_OF(plugins));
    tcase_add_loop_test(all, a_plugin_stays_and_runs_nothing_when_it_is_loaded, 0, COUNT_OF(plugins));
    tcase_add_loop_test(all, a_plugin_calls_nothing_that_changes_its_host, 0, COUNT_OF(plugins));
    suite_add_tcase(suite, all);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
