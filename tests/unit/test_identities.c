/* common/core/identities and database: what is found, and what a damaged file can make of it. */
#include <check.h>
#include <errno.h>

#include "../identities_maker.h"
#include "core/database.h"
#include "core/files.h"

static char base[64], path[96];

static void make_base(void)
{
    strcpy(base, "/tmp/test_identities.XXXXXX");
    if (!mkdtemp(base))
        ck_abort_msg("mkdtemp: %s", strerror(errno));
    snprintf(path, sizeof path, "%s/identities.cdb", base);
}

static void remove_base(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", base);
    ck_assert_int_eq(system(command), 0);
}

/* Not identities_open(): the tests need no root. */
static int opened(void)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    return fd;
}

static const struct identity some[] = {
    {.account = "agent-deploy", .id = "spiffe://example.org/agent/deploy", .uid = 70002},
    {.account = "agent-any", .id = "spiffe://example.org/agent/*", .uid = 70003},
    {.account = "agent-ci", .id = "spiffe://example.org/agent/ci/*", .uid = 70004},
    {.account = "agent-all", .id = "spiffe://example.org/*", .uid = 70005},
    {.account = "svc",
     .id = "spiffe://example.org/svc",
     .uid = 500,
     .gid = 501,
     .home = "/srv/svc",
     .shell = "/bin/bash",
     .local = 1,
     .keep_home = 1},
    {.account = "agent-kept", .id = "spiffe://example.net/kept", .uid = 70007, .keep_home = 1, .keep_seconds = 1},
    {.account = "agent-member",
     .id = "spiffe://example.net/member",
     .uid = 70009,
     .groups = {33, 1000},
     .human_use = 1,
     .unattended = 0xb,
     .group_count = 2},
    {.account = "agent-kept-2", .id = "spiffe://example.net/kept", .uid = 70008, .keep_home = 1},
    {.account = "agent-old", .id = "spiffe://other.org/old", .uid = 70006, .disabled = 1},
};

static void make_some(void)
{
    struct identities_meta meta = maker_meta(COUNT_OF(some), 900);
    struct maker maker;

    maker_begin(&maker, path, &meta);
    for (size_t i = 0; i < COUNT_OF(some); i++)
        maker_add(&maker, &some[i]);
    maker_end(&maker);
}

static void assert_same(const struct identity *got, const struct identity *put)
{
    char home[IDENTITY_PATH_MAX];

    snprintf(home, sizeof home, MAKER_HOMES "/%s", put->account);
    ck_assert_str_eq(got->account, put->account);
    ck_assert_str_eq(got->id, put->id);
    ck_assert_uint_eq(got->uid, put->uid);
    ck_assert_uint_eq(got->gid, put->gid ? put->gid : put->uid);
    ck_assert_str_eq(got->home, put->home[0] ? put->home : home);
    ck_assert_str_eq(got->shell, put->shell[0] ? put->shell : MAKER_SHELL);
    ck_assert_int_eq(got->disabled, put->disabled);
    ck_assert_int_eq(got->local, put->local);
    ck_assert_int_eq(got->keep_home, put->keep_home);
    ck_assert_uint_eq(got->keep_seconds, put->keep_seconds);
    ck_assert_int_eq(got->human_use, put->human_use);
    ck_assert_uint_eq(got->unattended, put->unattended);
    ck_assert_uint_eq(got->group_count, put->group_count);
    ck_assert_mem_eq(got->groups, put->groups, sizeof got->groups);
}

START_TEST(identities_are_found_every_way)
{
    struct identities_meta meta;
    struct identity got;
    int fd;

    make_some();
    fd = opened();
    ck_assert_int_eq(identities_meta(fd, &meta), 0);
    ck_assert_uint_eq(meta.agents_gid, 900);
    ck_assert_uint_eq(meta.count, COUNT_OF(some));
    for (size_t i = 0; i < COUNT_OF(some); i++) {
        ck_assert_int_eq(identities_by_account(fd, some[i].account, &got), 0);
        assert_same(&got, &some[i]);
        ck_assert_int_eq(identities_by_uid(fd, some[i].uid, &got), 0);
        assert_same(&got, &some[i]);
        ck_assert_int_eq(identities_at(fd, i, &got), 0);
        assert_same(&got, &some[i]);
    }
    ck_assert_int_eq(identities_at(fd, COUNT_OF(some), &got), -ENOENT);
    ck_assert_int_eq(identities_at(fd, UINT64_MAX, &got), -ENOENT);
    ck_assert_int_eq(identities_by_account(fd, "agent", &got), -ENOENT);
    ck_assert_int_eq(identities_by_account(fd, "", &got), -ENOENT);
    ck_assert_int_eq(identities_by_account(fd, "agent-deploy ", &got), -ENOENT);
    ck_assert_int_eq(identities_by_uid(fd, 0, &got), -ENOENT);
    ck_assert_int_eq(identities_by_uid(fd, UINT32_MAX, &got), -ENOENT);
    close(fd);
}
END_TEST

static const struct {
    const char *id, *account;
} mapped[] = {
    {"spiffe://example.org/agent/deploy", "agent-deploy"},
    {"spiffe://example.org/agent/deploy/x", "agent-any"},
    {"spiffe://example.org/agent/other", "agent-any"},
    {"spiffe://example.org/agent/ci", "agent-any"},
    {"spiffe://example.org/agent/ci/7", "agent-ci"},
    {"spiffe://example.org/agent/ci/7/8/9", "agent-ci"},
    {"spiffe://example.org/agent/cix/7", "agent-any"},
    {"spiffe://example.org/agent", "agent-all"},
    {"spiffe://example.org/svc", "svc"},
    {"spiffe://example.org/svc/x", "agent-all"},
    {"spiffe://example.net/kept", "agent-kept"}, /* the first of several */
    {"spiffe://other.org/old", "agent-old"},
    {"spiffe://other.org/new", NULL},
    {"spiffe://example.org", NULL},
    {"spiffe://example.org/*", NULL},
    {"spiffe://example.org/agent/*", NULL},
    {"spiffe://example.org/agent/", NULL},
    {"spiffe://example.org.evil/agent/deploy", NULL},
    {"agent-deploy", NULL},
    {"", NULL},
};

START_TEST(identities_by_spiffe_take_the_longest_pattern)
{
    struct identity got;
    int fd, r;

    make_some();
    fd = opened();
    r = identities_by_spiffe(fd, mapped[_i].id, &got);
    ck_assert_int_eq(r, mapped[_i].account ? 0 : -ENOENT);
    if (mapped[_i].account)
        ck_assert_str_eq(got.account, mapped[_i].account);
    close(fd);
}
END_TEST

START_TEST(identities_by_the_longest_spiffe_id)
{
    struct identities_meta meta = maker_meta(1, 0);
    struct identity put = {.account = "agent-long", .uid = 70002}, got;
    char id[SPIFFE_ID_MAX + 2];
    struct maker maker;
    int fd;

    strcpy(put.id, "spiffe://e/");
    memset(put.id + 11, 'x', SPIFFE_ID_MAX - 11);
    maker_begin(&maker, path, &meta);
    maker_add(&maker, &put);
    maker_end(&maker);
    fd = opened();
    ck_assert_int_eq(identities_by_spiffe(fd, put.id, &got), 0);
    assert_same(&got, &put);
    strcpy(id, put.id);
    id[SPIFFE_ID_MAX - 1] = 'y';
    ck_assert_int_eq(identities_by_spiffe(fd, id, &got), -ENOENT);
    for (size_t i = 12; i < SPIFFE_ID_MAX; i += 2) /* as many segments as can be */
        id[i] = '/';
    id[SPIFFE_ID_MAX] = '\0';
    id[SPIFFE_ID_MAX - 1] = 'y';
    ck_assert_int_eq(identities_by_spiffe(fd, id, &got), -ENOENT);
    strcpy(id, put.id);
    strcat(id, "x");
    ck_assert_int_eq(identities_by_spiffe(fd, id, &got), -ENOENT);
    close(fd);
}
END_TEST

/* Every table and every chain of slots, the ones that wrap around too; what libcdb wrote, our reader finds. */
START_TEST(identities_are_all_found_among_many)
{
    const unsigned long count = 20000;
    struct identity got, put;
    int fd;

    maker_make(path, count, 0);
    fd = opened();
    for (unsigned long i = 0; i < count; i++) {
        put = maker_numbered(i);
        ck_assert_int_eq(identities_by_account(fd, put.account, &got), 0);
        assert_same(&got, &put);
        ck_assert_int_eq(identities_by_uid(fd, put.uid, &got), 0);
        assert_same(&got, &put);
        ck_assert_int_eq(identities_by_spiffe(fd, put.id, &got), 0);
        assert_same(&got, &put);
        snprintf(put.account, sizeof put.account, "absent-%lu", i);
        ck_assert_int_eq(identities_by_account(fd, put.account, &got), -ENOENT);
    }
    ck_assert_int_eq(identities_at(fd, IDENTITIES_LISTED - 1, &got), 0);
    ck_assert_int_eq(identities_at(fd, IDENTITIES_LISTED, &got), -ENOENT);
    close(fd);
}
END_TEST

START_TEST(unattended_services_have_bits)
{
    for (unsigned i = 0; i < UNATTENDED_MAX; i++)
        ck_assert_uint_eq(unattended_bit(unattended_services[i]), 1u << i);
    ck_assert_uint_eq(unattended_bit("sshd"), 0);
    ck_assert_uint_eq(unattended_bit(""), 0);
    ck_assert_uint_eq(unattended_bit("cron "), 0);
}
END_TEST

/* --- records that libcdb would write and we would not --- */

#define GROUPS_8 "group 1\ngroup 2\ngroup 3\ngroup 4\ngroup 5\ngroup 6\ngroup 7\ngroup 8\n"

static const struct {
    char kind;
    const char *key, *value;
} wrong_records[] = {
    {'n', "agent-x", "id spiffe://e.org/x\n"},                 /* no uid */
    {'n', "agent-x", "uid 70002\n"},                           /* no id */
    {'n', "agent-x", "id spiffe://e.org/x\nuid 0\n"},          /* root */
    {'n', "agent-x", "id spiffe://e.org/x\nuid 4294967295\n"}, /* (uid_t)-1 */
    {'n', "agent-x", "id spiffe://e.org/x\nuid 4294967296\n"}, /* root, cut to 32 bits */
    {'n', "agent-x", "id spiffe://e.org/x\nuid -1\n"},
    {'n', "agent-x", "id spiffe://e.org/x\nuid 70002"},
    {'n', "agent-x", "id spiffe://e.org/x%0Aroot:x:0\nuid 70002\n"},
    {'n', "agent-x", "id e.org/x\nuid 70002\n"},
    {'n', "agent-x", "id spiffe://e.org/x\nuid 70002\nhome relative\n"},
    {'n', "agent-x", "id spiffe://e.org/x\nuid 70002\nhome /a:b\n"},
    {'n', "agent-x", "id spiffe://e.org/x\nuid 70002\nshell /bin/sh%0A\n"},
    {'n', "agent-x", "id spiffe://e.org/x\nuid 70002\nkeep-seconds 7d\n"},
    {'n', "agent-x", "id spiffe://e.org/x\nuid 70002\ngroup 0\n"},
    {'n', "agent-x", "id spiffe://e.org/x\nuid 70002\ngroup www-data\n"},
    {'n', "agent-x", "id spiffe://e.org/x\nuid 70002\n" GROUPS_8 GROUPS_8 "group 9\n"},
    {'n', "agent-x", "pam_agent 1\nid spiffe://e.org/x\nuid 70002\n"},
    {'n', "agent-x", ""},
    {'u', "70002", "nobody-here"},
    {'u', "70002", "Not An Account"},
    {'u', "70002", ""},
    {'u', "70002", "agent-whose-name-is-longer-than-names-are"},
    {'u', "70002", "agent-good"},            /* whose uid is another */
    {'s', "spiffe://e.org/x", "agent-good"}, /* whose id is another */
    {'i', "0", "nobody-here"},
};

START_TEST(identities_refuse_a_wrong_record)
{
    struct identity good = {.account = "agent-good", .id = "spiffe://e.org/good", .uid = 70009}, got;
    struct identities_meta meta = maker_meta(2, 0);
    struct maker maker;
    int fd, r = 0;

    maker_begin(&maker, path, &meta);
    maker_put(&maker, wrong_records[_i].kind, wrong_records[_i].key, wrong_records[_i].value,
              strlen(wrong_records[_i].value));
    maker_add(&maker, &good); /* behind it: the first of two records with one key is found */
    maker_end(&maker);
    fd = opened();
    switch (wrong_records[_i].kind) {
    case 'n':
        r = identities_by_account(fd, "agent-x", &got);
        break;
    case 'u':
        r = identities_by_uid(fd, 70002, &got);
        break;
    case 's':
        r = identities_by_spiffe(fd, "spiffe://e.org/x", &got);
        break;
    case 'i':
        r = identities_at(fd, 0, &got);
        break;
    }
    ck_assert_int_eq(r, -EBADMSG);
    ck_assert_int_eq(identities_by_account(fd, "agent-good", &got), 0);
    close(fd);
}
END_TEST

START_TEST(identities_need_their_meta_record_first)
{
    struct identities_meta wrong[4];
    struct identity good = {.account = "agent-good", .id = "spiffe://e.org/good", .uid = 70009}, got;
    struct maker maker;

    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        wrong[i] = maker_meta(1, 0);
    wrong[0].uid_min = 0;
    wrong[1].uid_max = wrong[1].uid_min - 1;
    strcpy(wrong[2].home_prefix, "relative");
    strcpy(wrong[3].shell, "/bin/sh:x");
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        int fd;

        maker_begin(&maker, path, &wrong[i]);
        maker_add(&maker, &good);
        maker_end(&maker);
        fd = opened();
        ck_assert_int_eq(identities_by_account(fd, "agent-good", &got), -EBADMSG);
        ck_assert_int_eq(identities_by_account(fd, "agent-none", &got), -EBADMSG);
        close(fd);
    }
}
END_TEST

/* --- damaged files --- */

static char *content;
static size_t content_len;

static void load(void)
{
    struct stat st;
    int fd = opened();

    ck_assert_int_eq(fstat(fd, &st), 0);
    content_len = (size_t)st.st_size;
    content = malloc(content_len);
    ck_assert(read(fd, content, content_len) == (ssize_t)content_len);
    close(fd);
}

static void store(const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write_all(fd, bytes, len), 0);
    close(fd);
}

static void assert_text(const char *text, size_t cap)
{
    size_t len = strnlen(text, cap);

    ck_assert_uint_lt(len, cap);
    ck_assert_uint_gt(len, 0);
    for (size_t i = 0; i < len; i++)
        ck_assert((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
}

/* Whatever is answered is of the right type, if not of the right value: there is no checksum. */
static void assert_typed(int r, const struct identity *got, const char *account)
{
    ck_assert(r == 0 || r == -ENOENT || r == -EBADMSG);
    if (r < 0)
        return;
    assert_text(got->account, sizeof got->account);
    assert_text(got->id, sizeof got->id);
    assert_text(got->home, sizeof got->home);
    assert_text(got->shell, sizeof got->shell);
    ck_assert(account_name_valid(got->account) && spiffe_pattern_valid(got->id));
    ck_assert(got->home[0] == '/' && got->shell[0] == '/' && !strchr(got->home, ':') && !strchr(got->shell, ':'));
    ck_assert(got->uid != 0 && got->uid != UINT32_MAX && got->gid != 0);
    if (account)
        ck_assert_str_eq(got->account, account);
}

static int look_everywhere(void)
{
    struct identities_meta meta;
    struct identity got;
    int fd = opened(), found = 0;

    (void)!identities_meta(fd, &meta);
    for (size_t i = 0; i < COUNT_OF(some); i++) {
        int r = identities_by_account(fd, some[i].account, &got);

        assert_typed(r, &got, some[i].account);
        found += r == 0;
        assert_typed(identities_by_uid(fd, some[i].uid, &got), &got, NULL);
        assert_typed(identities_at(fd, i, &got), &got, NULL);
    }
    for (size_t i = 0; i < COUNT_OF(mapped); i++)
        assert_typed(identities_by_spiffe(fd, mapped[i].id, &got), &got, NULL);
    close(fd);
    return found;
}

START_TEST(identities_cut_anywhere)
{
    struct identity got;

    make_some();
    load();
    for (size_t len = 0; len < content_len; len++) {
        int fd;

        store(content, len);
        look_everywhere();
        fd = opened();
        for (size_t i = 0; i < COUNT_OF(some); i++) {
            ck_assert_int_ne(identities_by_account(fd, some[i].account, &got), -ENOENT);
            ck_assert_int_ne(identities_by_uid(fd, some[i].uid, &got), -ENOENT);
        }
        close(fd);
    }
    store(content, content_len);
    ck_assert_int_eq(look_everywhere(), COUNT_OF(some));
    free(content);
}
END_TEST

START_TEST(identities_absent_is_never_said_by_a_file_of_zeros)
{
    static const char zeros[8192];
    struct identity got;
    int fd;

    make_some();
    store(zeros, sizeof zeros);
    fd = opened();
    ck_assert_int_eq(identities_by_account(fd, "agent-deploy", &got), -EBADMSG);
    ck_assert_int_eq(identities_by_uid(fd, 70002, &got), -EBADMSG);
    ck_assert_int_eq(identities_by_spiffe(fd, "spiffe://example.org/a", &got), -EBADMSG);
    ck_assert_int_eq(identities_at(fd, 0, &got), -EBADMSG);
    close(fd);
}
END_TEST

START_TEST(identities_flipped_anywhere)
{
    make_some();
    load();
    srandom(20250101);
    for (int round = 0; round < 4000; round++) {
        char *damaged = malloc(content_len);

        memcpy(damaged, content, content_len);
        for (long n = random() % 4; n >= 0; n--)
            damaged[(size_t)random() % content_len] ^= (char)(1 << (random() % 8));
        store(damaged, content_len);
        look_everywhere();
        free(damaged);
    }
    free(content);
}
END_TEST

/* Each number of each table, slot and record, as large as it can be. */
START_TEST(identities_with_extreme_numbers)
{
    make_some();
    load();
    for (size_t at = 0; at + 4 <= content_len; at += at < 2048 ? 4 : 1) {
        char old[4];

        memcpy(old, content + at, 4);
        memset(content + at, 0xff, 4);
        store(content, content_len);
        look_everywhere();
        memcpy(content + at, old, 4);
    }
    free(content);
}
END_TEST

START_TEST(database_says_what_is_wrong)
{
    char buf[8], long_key[SPIFFE_ID_MAX + 2];
    struct identities_meta meta = maker_meta(0, 0);
    struct maker maker;
    size_t len = 99;
    int fd;

    maker_begin(&maker, path, &meta);
    maker_put(&maker, 'x', "seven", "1234567", 7);
    maker_put(&maker, 'x', "eight", "12345678", 8);
    maker_end(&maker);
    fd = opened();
    ck_assert_int_eq(database_get(fd, 'x', "seven", buf, sizeof buf, &len), 0);
    ck_assert_uint_eq(len, 7);
    ck_assert_str_eq(buf, "1234567");
    ck_assert_int_eq(database_get(fd, 'x', "eight", buf, sizeof buf, &len), -ENOBUFS);
    ck_assert_int_eq(database_get(fd, 'y', "seven", buf, sizeof buf, &len), -ENOENT);
    ck_assert_int_eq(database_first(fd, 'x', "seven", buf, sizeof buf, &len), -ENOENT);
    memset(long_key, 'k', sizeof long_key);
    long_key[sizeof long_key - 1] = '\0';
    ck_assert_int_eq(database_get(fd, 'x', long_key, buf, sizeof buf, &len), -ENAMETOOLONG);
    ck_assert_int_eq(database_get(-1, 'x', "seven", buf, sizeof buf, &len), -EBADF);
    ck_assert_uint_eq(len, 7);
    close(fd);
}
END_TEST

/* "keybC" and "keycb" have one hash. */
START_TEST(database_tells_keys_of_one_hash_apart)
{
    struct identities_meta meta = maker_meta(0, 0);
    struct maker maker;
    char buf[8];
    size_t len;
    int fd;

    ck_assert_uint_eq(cdb_hash("xkeybC", 6), cdb_hash("xkeycb", 6));
    maker_begin(&maker, path, &meta);
    maker_put(&maker, 'x', "keybC", "one", 3);
    maker_end(&maker);
    fd = opened();
    ck_assert_int_eq(database_get(fd, 'x', "keycb", buf, sizeof buf, &len), -ENOENT);
    close(fd);
    maker_begin(&maker, path, &meta);
    maker_put(&maker, 'x', "keybC", "one", 3);
    maker_put(&maker, 'x', "keycb", "two", 3);
    maker_end(&maker);
    fd = opened();
    ck_assert_int_eq(database_get(fd, 'x', "keybC", buf, sizeof buf, &len), 0);
    ck_assert_str_eq(buf, "one");
    ck_assert_int_eq(database_get(fd, 'x', "keycb", buf, sizeof buf, &len), 0);
    ck_assert_str_eq(buf, "two");
    close(fd);
}
END_TEST

static Suite *identities_suite(void)
{
    Suite *suite = suite_create("identities");
    TCase *whole = tcase_create("whole"), *damaged = tcase_create("damaged");

    tcase_add_checked_fixture(whole, make_base, remove_base);
    tcase_add_test(whole, identities_are_found_every_way);
    tcase_add_test(whole, unattended_services_have_bits);
    tcase_add_loop_test(whole, identities_by_spiffe_take_the_longest_pattern, 0, COUNT_OF(mapped));
    tcase_add_test(whole, identities_by_the_longest_spiffe_id);
    tcase_add_test(whole, identities_are_all_found_among_many);
    tcase_add_test(whole, database_says_what_is_wrong);
    tcase_add_test(whole, database_tells_keys_of_one_hash_apart);
    tcase_set_timeout(whole, 60);
    suite_add_tcase(suite, whole);

    tcase_add_checked_fixture(damaged, make_base, remove_base);
    tcase_add_loop_test(damaged, identities_refuse_a_wrong_record, 0, COUNT_OF(wrong_records));
    tcase_add_test(damaged, identities_need_their_meta_record_first);
    tcase_add_test(damaged, identities_cut_anywhere);
    tcase_add_test(damaged, identities_absent_is_never_said_by_a_file_of_zeros);
    tcase_add_test(damaged, identities_flipped_anywhere);
    tcase_add_test(damaged, identities_with_extreme_numbers);
    tcase_set_timeout(damaged, 120);
    suite_add_tcase(suite, damaged);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(identities_suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
