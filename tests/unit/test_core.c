/* common/core: text, names, fields, files. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/fields.h"
#include "core/files.h"
#include "core/names.h"
#include "core/text.h"

/* --- text --- */

static const struct {
    const char *text;
    uint64_t max;
    int r;
    uint64_t value;
} numbers[] = {
    {"0", UINT64_MAX, 0, 0},
    {"7", 7, 0, 7},
    {"8", 7, -EINVAL, 0},
    {"0", 0, 0, 0},
    {"1", 0, -EINVAL, 0},
    {"10", 10, 0, 10},
    {"11", 10, -EINVAL, 0},
    {"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
    {"18446744073709551616", UINT64_MAX, -EINVAL, 0},
    {"18446744073709551610", UINT64_MAX - 6, -EINVAL, 0},
    {"99999999999999999999", UINT64_MAX, -EINVAL, 0},
    {"4294967296", UINT32_MAX, -EINVAL, 0},
    {"", 9, -EINVAL, 0},
    {"00", 9, -EINVAL, 0},
    {"01", 9, -EINVAL, 0},
    {"+1", 9, -EINVAL, 0},
    {"-1", 9, -EINVAL, 0},
    {" 1", 9, -EINVAL, 0},
    {"1 ", 9, -EINVAL, 0},
    {"1x", 99, -EINVAL, 0},
    {"\xb1", 99, -EINVAL, 0},
};

START_TEST(text_u64_takes_plain_decimal)
{
    uint64_t value = 4711;

    ck_assert_int_eq(text_u64(numbers[_i].text, numbers[_i].max, &value), numbers[_i].r);
    ck_assert_uint_eq(value, numbers[_i].r == 0 ? numbers[_i].value : 4711);
}
END_TEST

START_TEST(text_i64_takes_a_sign)
{
    int64_t value = 0;

    ck_assert_int_eq(text_i64("-12", &value), 0);
    ck_assert_int_eq(value, -12);
    ck_assert_int_eq(text_i64("9223372036854775807", &value), 0);
    ck_assert(value == INT64_MAX);
    ck_assert_int_eq(text_i64("9223372036854775808", &value), -EINVAL);
    ck_assert_int_eq(text_i64("--1", &value), -EINVAL);
    ck_assert_int_eq(text_i64("-", &value), -EINVAL);
}
END_TEST

START_TEST(text_decimal_is_what_printf_prints)
{
    static const uint64_t values[] = {0, 1, 9, 10, 99, 100, 70002, UINT32_MAX, UINT64_MAX / 10, UINT64_MAX};

    for (size_t i = 0; i < COUNT_OF(values); i++) {
        char expected[32], digits[TEXT_DECIMAL_MAX + 1];

        snprintf(expected, sizeof expected, "%llu", (unsigned long long)values[i]);
        text_decimal(digits, values[i]);
        ck_assert_str_eq(digits, expected);
    }
}
END_TEST

START_TEST(text_copies_whole_or_not_at_all)
{
    char dst[4] = "old";

    ck_assert_int_eq(text_copy(dst, sizeof dst, "abc"), 0);
    ck_assert_str_eq(dst, "abc");
    ck_assert_int_eq(text_copy(dst, sizeof dst, "abcd"), -ENOBUFS);
    ck_assert_str_eq(dst, "");
    ck_assert_int_eq(text_copy(dst, 0, ""), -ENOBUFS);
    ck_assert_int_eq(text_format(dst, sizeof dst, "%d", 999), 0);
    ck_assert_int_eq(text_format(dst, sizeof dst, "%d", 1000), -ENOBUFS);
}
END_TEST

START_TEST(text_compares)
{
    char hex[5];

    text_hex(hex, (const unsigned char *)"\x00\xfa", 2);
    ck_assert_str_eq(hex, "00fa");
    ck_assert(text_starts_with("abc", "ab") && text_starts_with("abc", "") && !text_starts_with("ab", "abc"));
    ck_assert(text_equal("a", "a") && !text_equal("a", "b") && !text_equal(NULL, NULL) && !text_equal("a", NULL));
}
END_TEST

/* --- names --- */

static const struct {
    const char *name;
    int valid;
} accounts[] = {
    {"a", 1},
    {"_", 1},
    {"agent-deploy", 1},
    {"agent_7-", 1},
    {"abcdefghijklmnopqrstuvwxyz012345", 1},
    {"abcdefghijklmnopqrstuvwxyz0123456", 0},
    {"", 0},
    {"7agent", 0},
    {"-agent", 0},
    {"Agent", 0},
    {"agent.deploy", 0},
    {"agent deploy", 0},
    {"agent:x", 0},
    {"agent\n", 0},
    {"agent/", 0},
    {"agent$", 0},
    {"../agent", 0},
    {"\xc3\xa4gent", 0},
};

START_TEST(account_names)
{
    ck_assert_int_eq(account_name_valid(accounts[_i].name), accounts[_i].valid);
}
END_TEST

static const struct {
    const char *id;
    int is_id, is_pattern;
} ids[] = {
    {"spiffe://example.org/agent", 1, 1},
    {"spiffe://example.org/agent/deploy", 1, 1},
    {"spiffe://e/a", 1, 1},
    {"spiffe://a.b-c_d.0/A-Z.a_z/...", 1, 1},
    {"spiffe://example.org/.a/a.", 1, 1},
    {"spiffe://example.org/*", 0, 1},
    {"spiffe://example.org/agent/*", 0, 1},
    {"", 0, 0},
    {"spiffe://", 0, 0},
    {"spiffe:///", 0, 0},
    {"spiffe:///agent", 0, 0},
    {"spiffe://example.org", 0, 0},
    {"spiffe://example.org/", 0, 0},
    {"spiffe://example.org//agent", 0, 0},
    {"spiffe://example.org/agent/", 0, 0},
    {"spiffe://example.org/agent//x", 0, 0},
    {"spiffe://example.org/.", 0, 0},
    {"spiffe://example.org/..", 0, 0},
    {"spiffe://example.org/a/../b", 0, 0},
    {"spiffe://example.org/a/./b", 0, 0},
    {"spiffe://Example.org/agent", 0, 0},
    {"SPIFFE://example.org/agent", 0, 0},
    {"spiffe:/example.org/agent", 0, 0},
    {"https://example.org/agent", 0, 0},
    {" spiffe://example.org/agent", 0, 0},
    {"spiffe://example.org:443/agent", 0, 0},
    {"spiffe://user@example.org/agent", 0, 0},
    {"spiffe://example.org/agent?x", 0, 0},
    {"spiffe://example.org/agent#x", 0, 0},
    {"spiffe://example.org/ag%65nt", 0, 0},
    {"spiffe://example.org/agent:x", 0, 0},
    {"spiffe://example.org/agent\n", 0, 0},
    {"spiffe://example.org/\xc3\xa4", 0, 0},
    {"spiffe://*/agent", 0, 0},
    {"spiffe://*", 0, 0},
    {"spiffe://example.org/*/deploy", 0, 0},
    {"spiffe://example.org/agent*", 0, 0},
    {"spiffe://example.org/agent/**", 0, 0},
    {"spiffe://example.org/*/", 0, 0},
};

START_TEST(spiffe_ids)
{
    ck_assert_int_eq(spiffe_id_valid(ids[_i].id), ids[_i].is_id);
    ck_assert_int_eq(spiffe_pattern_valid(ids[_i].id), ids[_i].is_pattern);
}
END_TEST

/* "spiffe://" + domain_len times 'd' + "/" + segment */
static void long_id(char *id, size_t domain_len, size_t total)
{
    strcpy(id, "spiffe://");
    memset(id + 9, 'd', domain_len);
    id[9 + domain_len] = '/';
    memset(id + 10 + domain_len, 's', total - 10 - domain_len);
    id[total] = '\0';
}

START_TEST(spiffe_ids_have_lengths)
{
    char id[SPIFFE_ID_MAX + 2];

    long_id(id, 255, SPIFFE_ID_MAX);
    ck_assert_int_eq(spiffe_id_valid(id), 1);
    long_id(id, 255, SPIFFE_ID_MAX + 1);
    ck_assert_int_eq(spiffe_id_valid(id), 0);
    long_id(id, 256, 300);
    ck_assert_int_eq(spiffe_id_valid(id), 0);
    long_id(id, 255, 255 + 10 + 1);
    ck_assert_int_eq(spiffe_id_valid(id), 1);
}
END_TEST

static const struct {
    const char *pattern, *id;
    int matches;
} matches[] = {
    {"spiffe://e.org/a", "spiffe://e.org/a", 1},       {"spiffe://e.org/a", "spiffe://e.org/a/b", 0},
    {"spiffe://e.org/a/b", "spiffe://e.org/a", 0},     {"spiffe://e.org/a/*", "spiffe://e.org/a/b", 1},
    {"spiffe://e.org/a/*", "spiffe://e.org/a/b/c", 1}, {"spiffe://e.org/a/*", "spiffe://e.org/a", 0},
    {"spiffe://e.org/a/*", "spiffe://e.org/ab", 0},    {"spiffe://e.org/a/*", "spiffe://e.org/ab/c", 0},
    {"spiffe://e.org/*", "spiffe://e.org/a", 1},       {"spiffe://e.org/*", "spiffe://e.org.evil/a", 0},
};

START_TEST(spiffe_patterns_match_whole_segments)
{
    ck_assert_int_eq(spiffe_pattern_matches(matches[_i].pattern, matches[_i].id), matches[_i].matches);
}
END_TEST

START_TEST(trust_domains_and_sessions)
{
    const char *start;

    ck_assert_uint_eq(spiffe_trust_domain("spiffe://e.org/a", &start), 5);
    ck_assert_int_eq(strncmp(start, "e.org/", 6), 0);
    ck_assert(trust_domain_valid("e.org") && !trust_domain_valid("") && !trust_domain_valid("E") &&
              !trust_domain_valid("e/") && !trust_domain_valid("e:1"));
    ck_assert(session_id_valid("0123456789abcdef") && !session_id_valid("0123456789abcde") &&
              !session_id_valid("0123456789abcdef0") && !session_id_valid("0123456789ABCDEF") && !session_id_valid(""));
}
END_TEST

/* --- fields --- */

START_TEST(fields_bring_every_byte_back)
{
    char all[256], text[2048];
    const char *key, *value;
    struct fields_writer w;
    struct fields f;
    size_t len;

    for (int i = 0; i < 255; i++)
        all[i] = (char)(i + 1);
    all[255] = '\0';
    fields_begin(&w, text, sizeof text);
    fields_put(&w, "all", all);
    fields_put(&w, "empty", "");
    fields_put(&w, "absent", NULL);
    fields_put_u64(&w, "number-1", UINT64_MAX);
    fields_put(&w, "all", "again");
    ck_assert_int_eq(fields_end(&w, &len), 0);
    ck_assert_uint_eq(len, strlen(text));
    for (size_t i = 0; i < len; i++)
        ck_assert(text[i] == '\n' || ((unsigned char)text[i] >= 0x20 && text[i] != 0x7f));

    ck_assert_int_eq(fields_open(&f, text, len), 0);
    ck_assert_int_eq(fields_next(&f, &key, &value), 1);
    ck_assert_str_eq(key, "all");
    ck_assert_str_eq(value, all);
    ck_assert_int_eq(fields_next(&f, &key, &value), 1);
    ck_assert_str_eq(key, "empty");
    ck_assert_str_eq(value, "");
    ck_assert_int_eq(fields_next(&f, &key, &value), 1);
    ck_assert_str_eq(key, "number-1");
    ck_assert_str_eq(value, "18446744073709551615");
    ck_assert_int_eq(fields_next(&f, &key, &value), 1);
    ck_assert_str_eq(value, "again");
    ck_assert_int_eq(fields_next(&f, &key, &value), 0);
    ck_assert_int_eq(fields_next(&f, &key, &value), 0);
}
END_TEST

START_TEST(fields_that_do_not_fit_are_an_error)
{
    static const char expected[] = "pam_agent 1\nkey a%0Ab\n";
    char text[64];
    struct fields_writer w;
    size_t len;

    for (size_t cap = 0; cap < sizeof text; cap++) {
        memset(text, 'x', sizeof text);
        fields_begin(&w, text, cap);
        fields_put(&w, "key", "a\nb");
        if (cap < sizeof expected) {
            ck_assert_int_eq(fields_end(&w, &len), -ENOBUFS);
        } else {
            ck_assert_int_eq(fields_end(&w, &len), 0);
            ck_assert_str_eq(text, expected);
        }
        ck_assert_int_eq(text[cap], 'x');
    }
}
END_TEST

START_TEST(fields_keys_are_checked)
{
    static const char *const bad[] = {
        "", "A", "a b", "a\n", "1a", "-a", "a_b", "a=", "abcdefghijklmnopqrstuvwxyz0123456"};
    char text[256];
    struct fields_writer w;
    size_t len;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        fields_begin(&w, text, sizeof text);
        fields_put(&w, bad[i], "x");
        fields_put(&w, "good", "x");
        ck_assert_int_eq(fields_end(&w, &len), -EINVAL);
    }
    fields_begin(&w, text, sizeof text);
    fields_put(&w, "abcdefghijklmnopqrstuvwxyz012345", "x");
    ck_assert_int_eq(fields_end(&w, &len), 0);
}
END_TEST

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
    const char *text;
    size_t len;
} malformed[] = {
    {BYTES("")},
    {BYTES("\n")},
    {BYTES("pam_agent 1")},
    {BYTES("pam_agent\n")},
    {BYTES("pam_agent \n")},
    {BYTES("pam_agent 2\n")},
    {BYTES("pam_agent 1 \n")},
    {BYTES("pam_agent 11\n")},
    {BYTES("pam-agent 1\n")},
    {BYTES("agent 1\n")},
    {BYTES("PAM_agent 1\n")},
    {BYTES("key value\npam_agent 1\n")},
    {BYTES("pam_agent 1\nkey value")},
    {BYTES("pam_agent 1\nkey\n")},
    {BYTES("pam_agent 1\n\n")},
    {BYTES("pam_agent 1\n key value\n")},
    {BYTES("pam_agent 1\nKey value\n")},
    {BYTES("pam_agent 1\n1key value\n")},
    {BYTES("pam_agent 1\nkey\tvalue\n")},
    {BYTES("pam_agent 1\nabcdefghijklmnopqrstuvwxyz0123456 x\n")},
    {BYTES("pam_agent 1\nkey a\0b\n")},
    {BYTES("pam_agent 1\nkey \0\n")},
    {BYTES("pam_agent 1\nkey a%\n")},
    {BYTES("pam_agent 1\nkey a%4\n")},
    {BYTES("pam_agent 1\nkey a%0a\n")},
    {BYTES("pam_agent 1\nkey a%00b\n")},
    {BYTES("pam_agent 1\nkey a%%b\n")},
    {BYTES("pam_agent 1\nkey a\tb\n")},
    {BYTES("pam_agent 1\nkey a\x7f\n")},
    {BYTES("pam_agent 1\nkey a\r\n")},
};

START_TEST(fields_refuse_what_is_malformed)
{
    /* In memory of the exact size, so that a sanitizer sees each byte read too far. */
    char *text = malloc(malformed[_i].len + (malformed[_i].len == 0));
    const char *key, *value;
    struct fields f;
    int r;

    memcpy(text, malformed[_i].text, malformed[_i].len);
    r = fields_open(&f, text, malformed[_i].len);
    while (r == 0 && (r = fields_next(&f, &key, &value)) > 0)
        r = 0;
    ck_assert_int_eq(r, -EBADMSG);
    free(text);
}
END_TEST

START_TEST(fields_may_stand_without_the_version)
{
    char text[] = "key value\n", cut[] = "key value";
    const char *key, *value;
    struct fields f;

    ck_assert_int_eq(fields_open_bare(&f, text, sizeof text - 1), 0);
    ck_assert_int_eq(fields_next(&f, &key, &value), 1);
    ck_assert_str_eq(value, "value");
    ck_assert_int_eq(fields_next(&f, &key, &value), 0);
    ck_assert_int_eq(fields_open_bare(&f, cut, sizeof cut - 1), -EBADMSG);
    ck_assert_int_eq(fields_open_bare(&f, cut, 0), -EBADMSG);
}
END_TEST

/* --- files --- */

static char base[64];
static int dir = -1;

static void make_base(void)
{
    strcpy(base, "/tmp/test_core.XXXXXX");
    if (!mkdtemp(base))
        ck_abort_msg("mkdtemp: %s", strerror(errno));
    if (geteuid() != 0)
        return;
    ck_assert_int_eq(dir_open(base, &dir), 0);
}

static void remove_base(void)
{
    char command[128];

    close_fd(&dir);
    snprintf(command, sizeof command, "rm -rf '%s'", base);
    ck_assert_int_eq(system(command), 0);
}

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", base, name);
    return path;
}

static void put_file(const char *name, mode_t mode, const char *text)
{
    FILE *file = fopen(path_of(name), "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(path_of(name), mode), 0);
}

static int read_named(const char *name)
{
    char buf[16];
    size_t len;

    return file_read_at(dir, name, buf, sizeof buf, &len);
}

START_TEST(file_is_read_when_root_alone_can_change_it)
{
    char buf[16];
    size_t len = 0;
    int fd;

    put_file("good", 0644, "text");
    ck_assert_int_eq(file_read_at(dir, "good", buf, sizeof buf, &len), 0);
    ck_assert_uint_eq(len, 4);
    ck_assert_str_eq(buf, "text");
    ck_assert_int_eq(file_open(path_of("good"), &fd), 0);
    ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    ck_assert_int_eq(read_named("none"), -ENOENT);
    ck_assert_int_eq(file_open(path_of("none"), &fd), -ENOENT);
}
END_TEST

START_TEST(file_of_another_owner_or_mode_is_refused)
{
    put_file("group", 0664, "x");
    put_file("others", 0646, "x");
    put_file("owner", 0644, "x");
    ck_assert_int_eq(chown(path_of("owner"), 65534, 0), 0);
    ck_assert_int_eq(read_named("group"), -EPERM);
    ck_assert_int_eq(read_named("others"), -EPERM);
    ck_assert_int_eq(read_named("owner"), -EPERM);
}
END_TEST

START_TEST(file_that_is_none_is_refused_without_waiting)
{
    put_file("good", 0644, "x");
    ck_assert_int_eq(symlink("good", path_of("link")), 0);
    ck_assert_int_eq(mkfifo(path_of("fifo"), 0600), 0);
    ck_assert_int_eq(mkdir(path_of("directory"), 0700), 0);
    ck_assert_int_eq(read_named("link"), -ELOOP);
    ck_assert_int_eq(read_named("fifo"), -EPERM);
    ck_assert_int_eq(read_named("directory"), -EPERM);
}
END_TEST

START_TEST(file_that_is_too_large_is_refused)
{
    put_file("fits", 0644, "123456789012345");
    put_file("large", 0644, "1234567890123456");
    ck_assert_int_eq(read_named("fits"), 0);
    ck_assert_int_eq(read_named("large"), -EFBIG);
}
END_TEST

static int entries(void)
{
    char command[128], line[16];
    FILE *count;

    snprintf(command, sizeof command, "ls -A '%s' | wc -l", base);
    count = popen(command, "r");
    ck_assert_ptr_nonnull(count);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, count));
    pclose(count);
    return atoi(line);
}

/* A tick of the file system's clock: two changes within one would look alike, but for their size. */
static void tick(void)
{
    ck_assert_int_eq(nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL), 0);
}

START_TEST(a_stamp_tells_another_file)
{
    struct file_stamp was, is;

    ck_assert_int_eq(file_stamp_of(path_of("none"), &is), -ENOENT);
    put_file("it", 0600, "one");
    ck_assert_int_eq(file_stamp_of(path_of("it"), &was), 0);
    ck_assert(!file_stamp_same(&was, &(struct file_stamp){0}));
    ck_assert_int_eq(file_stamp_of(path_of("it"), &is), 0);
    ck_assert(file_stamp_same(&was, &is));
    put_file("it", 0600, "four");
    ck_assert_int_eq(file_stamp_of(path_of("it"), &is), 0);
    ck_assert(!file_stamp_same(&was, &is));
    was = is;
    tick();
    ck_assert_int_eq(chmod(path_of("it"), 0622), 0);
    ck_assert_int_eq(file_stamp_of(path_of("it"), &is), 0);
    ck_assert(!file_stamp_same(&was, &is));
    was = is;
    put_file("new", 0622, "four");
    ck_assert_int_eq(renameat(dir, "new", dir, "it"), 0);
    ck_assert_int_eq(file_stamp_of(path_of("it"), &is), 0);
    ck_assert(!file_stamp_same(&was, &is));
    ck_assert_int_eq(symlink("it", path_of("link")), 0); /* itself counts, which file_open() refuses */
    ck_assert_int_eq(file_stamp_of(path_of("link"), &was), 0);
    ck_assert(!file_stamp_same(&was, &is));
}
END_TEST

START_TEST(file_create_takes_no_name_that_is_taken)
{
    struct stat st;

    umask(0077);
    ck_assert_int_eq(file_create_at(dir, "new", 0644, "one", 3), 0);
    ck_assert_int_eq(file_create_at(dir, "new", 0644, "two", 3), -EEXIST);
    ck_assert_int_eq(stat(path_of("new"), &st), 0);
    ck_assert_int_eq(st.st_size, 3);
    ck_assert_int_eq(st.st_mode & 07777, 0644);
    ck_assert_int_eq(st.st_nlink, 1);
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(file_replace_leaves_one_whole_file)
{
    char buf[16];
    size_t len;
    int old;

    ck_assert_int_eq(file_replace_at(dir, "it", 0600, "one", 3, 0), 0);
    ck_assert_int_eq(file_open(path_of("it"), &old), 0);
    ck_assert_int_eq(file_replace_at(dir, "it", 0644, "second", 6, 1), 0);
    ck_assert_int_eq(file_read_at(dir, "it", buf, sizeof buf, &len), 0);
    ck_assert_str_eq(buf, "second");
    ck_assert_int_eq(read(old, buf, sizeof buf), 3); /* who has it open keeps the old one */
    close(old);
    ck_assert_int_eq(mkdir(path_of("taken"), 0700), 0);
    ck_assert_int_lt(file_replace_at(dir, "taken", 0600, "x", 1, 0), 0);
    ck_assert_int_eq(entries(), 2);
}
END_TEST

START_TEST(directories_are_judged_too)
{
    int fd = -1;

    ck_assert_int_eq(dir_make_at(dir, "made", 0711, &fd), 0);
    close(fd);
    ck_assert_int_eq(dir_make_at(dir, "made", 0711, &fd), 0);
    close(fd);
    ck_assert_int_eq(symlink("made", path_of("link")), 0);
    ck_assert_int_lt(dir_open_at(dir, "link", &fd), 0);
    put_file("file", 0644, "x");
    ck_assert_int_eq(dir_open_at(dir, "file", &fd), -ENOTDIR);
    ck_assert_int_eq(chmod(path_of("made"), 0777), 0);
    ck_assert_int_eq(dir_open_at(dir, "made", &fd), -EPERM);
    ck_assert_int_eq(dir_make_at(dir, "made", 0711, &fd), -EPERM);
    ck_assert_int_eq(chmod(path_of("made"), 0755), 0);
    ck_assert_int_eq(chown(path_of("made"), 65534, 0), 0);
    ck_assert_int_eq(dir_open_at(dir, "made", &fd), -EPERM);
}
END_TEST

START_TEST(directories_on_the_way_are_judged)
{
    char upper[256], lower[300], last[340];
    const char *const way[] = {upper, lower, last, NULL};
    int fd = -1;

    snprintf(upper, sizeof upper, "%s", path_of("upper"));
    snprintf(lower, sizeof lower, "%s/lower", upper);
    snprintf(last, sizeof last, "%s/last", lower);
    ck_assert_int_eq(dir_open_below(way, &fd), -ENOENT);
    ck_assert_int_eq(mkdir(upper, 0711) | mkdir(lower, 0711) | mkdir(last, 0711), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(dir_open_below(way, &fd), 0);
        close(fd);
        ck_assert_int_eq(chmod(way[i], 0731), 0);
        ck_assert_int_eq(dir_open_below(way, &fd), -EPERM);
        ck_assert_int_eq(chmod(way[i], 0711) | chown(way[i], 65534, 0), 0);
        ck_assert_int_eq(dir_open_below(way, &fd), -EPERM);
        ck_assert_int_eq(chown(way[i], 0, 0) | rename(way[i], path_of("moved")), 0);
        ck_assert_int_eq(dir_open_below(way, &fd), -ENOENT);
        ck_assert_int_eq(symlink(path_of("moved"), way[i]), 0);
        ck_assert_int_lt(dir_open_below(way, &fd), 0);
        ck_assert_int_eq(unlink(way[i]) | rename(path_of("moved"), way[i]), 0);
    }
}
END_TEST

static Suite *core_suite(void)
{
    Suite *suite = suite_create("core");
    TCase *text = tcase_create("text"), *names = tcase_create("names"), *fields = tcase_create("fields"),
          *files = tcase_create("files");

    tcase_add_loop_test(text, text_u64_takes_plain_decimal, 0, COUNT_OF(numbers));
    tcase_add_test(text, text_i64_takes_a_sign);
    tcase_add_test(text, text_decimal_is_what_printf_prints);
    tcase_add_test(text, text_copies_whole_or_not_at_all);
    tcase_add_test(text, text_compares);
    suite_add_tcase(suite, text);

    tcase_add_loop_test(names, account_names, 0, COUNT_OF(accounts));
    tcase_add_loop_test(names, spiffe_ids, 0, COUNT_OF(ids));
    tcase_add_test(names, spiffe_ids_have_lengths);
    tcase_add_loop_test(names, spiffe_patterns_match_whole_segments, 0, COUNT_OF(matches));
    tcase_add_test(names, trust_domains_and_sessions);
    suite_add_tcase(suite, names);

    tcase_add_test(fields, fields_bring_every_byte_back);
    tcase_add_test(fields, fields_that_do_not_fit_are_an_error);
    tcase_add_test(fields, fields_keys_are_checked);
    tcase_add_loop_test(fields, fields_refuse_what_is_malformed, 0, COUNT_OF(malformed));
    tcase_add_test(fields, fields_may_stand_without_the_version);
    suite_add_tcase(suite, fields);

    tcase_add_checked_fixture(files, make_base, remove_base);
    if (geteuid() == 0) { /* trusted is what root owns */
        tcase_add_test(files, file_is_read_when_root_alone_can_change_it);
        tcase_add_test(files, file_of_another_owner_or_mode_is_refused);
        tcase_add_test(files, file_that_is_none_is_refused_without_waiting);
        tcase_add_test(files, file_that_is_too_large_is_refused);
        tcase_add_test(files, a_stamp_tells_another_file);
        tcase_add_test(files, file_create_takes_no_name_that_is_taken);
        tcase_add_test(files, file_replace_leaves_one_whole_file);
        tcase_add_test(files, directories_are_judged_too);
        tcase_add_test(files, directories_on_the_way_are_judged);
    } else {
        puts("skip files: only root can make what is trusted");
    }
    suite_add_tcase(suite, files);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(core_suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
