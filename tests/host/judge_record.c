/* common/judge/record at its real path: whole lines from many writers, and on a full disk. */
#include "judge_host.h"

#include <fcntl.h>
#include <jansson.h>

#include "judge/record.h"

#define WRITERS 8
#define EACH 300

static char long_word[3000];
static const char *const argv[] = {"/usr/bin/x", long_word, "\n{\"torn\": 1", NULL};
static struct record record = {
    .reason = REASON_PERMIT,
    .step = "command",
    .service = "sudo",
    .account = "agent-deploy",
    .run_as = "root",
    .argv = argv,
    .argc = 3,
    .task = "task-1\n",
    .session = "0123456789abcdef",
};

static void new_log(void)
{
    memset(long_word, 'a', sizeof long_word - 1);
    fresh_host();
}

static int write_one(void)
{
    char reference[REFERENCE_SIZE] = "";
    int r = record_write(&record, reference);

    if (r == 0)
        ck_assert_uint_eq(strspn(reference, "0123456789abcdef"), REFERENCE_SIZE - 1);
    return r;
}

/* How many lines the log has, each of them whole. */
static size_t whole_lines(void)
{
    char *line = NULL;
    size_t cap = 0, lines = 0;
    ssize_t len;
    FILE *log = fopen(PATH_DECISIONS, "r");

    if (!log)
        return 0;
    while ((len = getline(&line, &cap, log)) > 0) {
        json_t *root = json_loadb(line, (size_t)len, JSON_REJECT_DUPLICATES, NULL);

        ck_assert_msg(root != NULL && line[len - 1] == '\n', "torn: %.200s", line);
        ck_assert_str_eq(json_string_value(json_object_get(json_object_get(root, "user"), "name")), "agent-deploy");
        json_decref(root);
        lines++;
    }
    free(line);
    fclose(log);
    return lines;
}

static int write_many(unsigned number)
{
    for (int i = 0; i < EACH; i++)
        if (write_one() != 0)
            return 1;
    (void)number;
    return 0;
}

START_TEST(many_writers_give_whole_lines)
{
    ck_assert_uint_eq(race(WRITERS, write_many), WRITERS);
    ck_assert_uint_eq(whole_lines(), WRITERS * EACH);
    shell("test $(jq -r .metadata.uid " PATH_DECISIONS " | sort -u | wc -l) = $(wc -l <" PATH_DECISIONS ")");
}
END_TEST

START_TEST(log_is_roots_alone)
{
    umask(0);
    ck_assert_int_eq(write_one(), 0);
    umask(022);
    shell("test \"$(stat -c %a:%u " PATH_LOG_DIR " " PATH_DECISIONS " | tr '\\n' ' ')\" = '700:0 600:0 '");
}
END_TEST

#define WRONG_DIRS 4
static const char *const wrongs[] = {
    "chown 1 " PATH_LOG_DIR,
    "chmod 0777 " PATH_LOG_DIR,
    "chmod 0770 " PATH_LOG_DIR,
    "mv " PATH_LOG_DIR " /tmp/elsewhere; ln -s /tmp/elsewhere " PATH_LOG_DIR,
    "chown 1 " PATH_DECISIONS,
    "mv " PATH_DECISIONS " /tmp/log; ln -s /tmp/log " PATH_DECISIONS,
    "rm " PATH_DECISIONS "; ln -s /tmp/none " PATH_DECISIONS,
    "rm " PATH_DECISIONS "; mkfifo " PATH_DECISIONS,
    "rm " PATH_DECISIONS "; mkdir " PATH_DECISIONS,
    "rm -r " PATH_LOG_DIR "; touch " PATH_LOG_DIR,
};

START_TEST(wrong_log_is_refused)
{
    shell("rm -rf /tmp/log /tmp/elsewhere");
    ck_assert_int_eq(write_one(), 0);
    shell(wrongs[_i]);
    ck_assert_int_lt(write_one(), 0);
    shell("test ! -e /tmp/none");
    shell("test ! -e /tmp/log || test $(wc -l </tmp/log) = 1");
}
END_TEST

/* --- a log that is kept open --- */

static unsigned descriptors(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static const char *const turns[] = {
    "mv " PATH_DECISIONS " " PATH_DECISIONS ".1",
    "rm " PATH_DECISIONS,
    "cp -a " PATH_DECISIONS " /tmp/log; > /tmp/log; mv /tmp/log " PATH_DECISIONS,
    "mv " PATH_LOG_DIR " /tmp/elsewhere",
};

START_TEST(log_of_the_name_is_the_one)
{
    unsigned before = descriptors();

    shell("rm -rf /tmp/log /tmp/elsewhere");
    record_keep(1);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(write_one(), 0);
    ck_assert_uint_eq(whole_lines(), 3);
    ck_assert_uint_gt(descriptors(), before);
    shell(turns[_i]);
    ck_assert_int_eq(write_one(), 0);
    ck_assert_int_eq(write_one(), 0);
    ck_assert_uint_eq(whole_lines(), 2);
    record_keep(0);
    ck_assert_uint_eq(descriptors(), before);
    ck_assert_int_eq(write_one(), 0);
    ck_assert_uint_eq(descriptors(), before);
    ck_assert_uint_eq(whole_lines(), 3);
}
END_TEST

/* Not the directory: it is looked at when the log is opened. */
START_TEST(wrong_log_is_not_kept)
{
    shell("rm -rf /tmp/log /tmp/elsewhere");
    record_keep(1);
    ck_assert_int_eq(write_one(), 0);
    shell(wrongs[WRONG_DIRS + _i]);
    ck_assert_int_lt(write_one(), 0);
    record_keep(0);
    shell("test ! -e /tmp/none");
    shell("test ! -e /tmp/log || test $(wc -l </tmp/log) = 1");
}
END_TEST

/* --- a full disk --- */

/* A log on a disk of its own that holds so much. */
static void small_disk(const char *size)
{
    char command[256];

    snprintf(command, sizeof command, "install -d -m 0700 %s && mount -t tmpfs -o mode=0700,size=%s small %s",
             PATH_LOG_DIR, size, PATH_LOG_DIR);
    shell(command);
}

static void fill_disk(void)
{
    shell("! head -c 1G /dev/zero 2>/dev/null >" PATH_LOG_DIR "/fill");
}

static void end_disk(void)
{
    shell("umount " PATH_LOG_DIR);
}

/* Write until it is refused; how many were written. */
static size_t write_until_refused(void)
{
    size_t written = 0;
    int r;

    while ((r = write_one()) == 0)
        ck_assert_uint_lt(++written, 100000);
    ck_assert_int_eq(r, -ENOSPC);
    return written;
}

START_TEST(full_disk_is_refused_and_tears_nothing)
{
    small_disk("1500k");
    fill_disk();
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(write_one(), -ENOSPC);
    ck_assert_uint_eq(whole_lines(), 0);
    shell("rm " PATH_LOG_DIR "/fill");
    ck_assert_uint_gt(write_until_refused(), 100);
    end_disk();
}
END_TEST

START_TEST(reserved_space_serves_a_full_disk)
{
    size_t written;

    small_disk("3m");
    ck_assert_int_eq(write_one(), 0);
    fill_disk(); /* an agent's doing */
    written = 1 + write_until_refused();
    ck_assert_uint_gt(written, 100);
    ck_assert_uint_eq(whole_lines(), written);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(write_one(), -ENOSPC);
    ck_assert_uint_eq(whole_lines(), written);
    shell("rm " PATH_LOG_DIR "/fill");
    ck_assert_int_eq(write_one(), 0);
    ck_assert_uint_eq(whole_lines(), written + 1);
    end_disk();
}
END_TEST

static atomic_uint *written_by_all;

static int write_until_full(unsigned number)
{
    int r;

    (void)number;
    while ((r = write_one()) == 0)
        atomic_fetch_add(written_by_all, 1);
    return r == -ENOSPC ? 0 : 1;
}

START_TEST(many_writers_fill_the_disk_with_whole_lines)
{
    static const char *const sizes[] = {"100k", "1100k", "1300k", "2500k", "5m"};

    written_by_all = shared(sizeof *written_by_all);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        atomic_store(written_by_all, 0);
        small_disk(sizes[i]);
        ck_assert_uint_eq(race(WRITERS, write_until_full), WRITERS);
        ck_assert_uint_eq(whole_lines(), atomic_load(written_by_all));
        end_disk();
    }
}
END_TEST

/* Many at once come to the end of what was reserved, with the longest lines there are. */
START_TEST(reservation_is_never_overdrawn)
{
    static char detail[12000];

    memset(detail, 'd', sizeof detail - 1);
    record.detail = detail;
    written_by_all = shared(sizeof *written_by_all);
    for (int i = 0; i < 10; i++) {
        atomic_store(written_by_all, 1);
        small_disk("2m");
        ck_assert_int_eq(write_one(), 0);
        fill_disk();
        ck_assert_uint_eq(race(WRITERS, write_until_full), WRITERS);
        ck_assert_uint_eq(whole_lines(), atomic_load(written_by_all));
        end_disk();
    }
}
END_TEST

START_TEST(no_space_for_the_file_itself)
{
    shell("install -d -m 0700 " PATH_LOG_DIR " && mount -t tmpfs -o mode=0700,nr_inodes=1 small " PATH_LOG_DIR);
    ck_assert_int_eq(write_one(), -ENOSPC);
    end_disk();
}
END_TEST

START_TEST(read_only_disk_is_an_error)
{
    ck_assert_int_eq(write_one(), 0);
    shell("mount --bind " PATH_LOG_DIR " " PATH_LOG_DIR " && mount -o remount,bind,ro " PATH_LOG_DIR);
    ck_assert_int_eq(write_one(), -EROFS);
    end_disk();
    ck_assert_int_eq(write_one(), 0);
}
END_TEST

static Suite *record_suite(void)
{
    Suite *suite = suite_create("judge_record");
    TCase *tcase = tcase_create("record");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, new_log, NULL);
    tcase_add_test(tcase, many_writers_give_whole_lines);
    tcase_add_test(tcase, log_is_roots_alone);
    tcase_add_loop_test(tcase, wrong_log_is_refused, 0, COUNT_OF(wrongs));
    tcase_add_loop_test(tcase, log_of_the_name_is_the_one, 0, COUNT_OF(turns));
    tcase_add_loop_test(tcase, wrong_log_is_not_kept, 0, COUNT_OF(wrongs) - WRONG_DIRS);
    tcase_add_test(tcase, full_disk_is_refused_and_tears_nothing);
    tcase_add_test(tcase, reserved_space_serves_a_full_disk);
    tcase_add_test(tcase, many_writers_fill_the_disk_with_whole_lines);
    tcase_add_test(tcase, reservation_is_never_overdrawn);
    tcase_add_test(tcase, no_space_for_the_file_itself);
    tcase_add_test(tcase, read_only_disk_is_an_error);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_on_host(record_suite());
}
