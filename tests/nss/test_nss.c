/*
 * test_nss [MODULE]: the built libnss_agent.so.2, its functions called as glibc calls them. The module reads its
 * database at the one real path, so this runs on a throw-away host alone (tests/host/enter).
 */
#include <check.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pthread.h>
#include <pwd.h>
#include <shadow.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../identities_maker.h"
#include "core/paths.h"

#define AGENTS_GID 900

static enum nss_status (*getpwnam_agent)(const char *, struct passwd *, char *, size_t, int *);
static enum nss_status (*getpwuid_agent)(uid_t, struct passwd *, char *, size_t, int *);
static enum nss_status (*setpwent_agent)(int);
static enum nss_status (*getpwent_agent)(struct passwd *, char *, size_t, int *);
static enum nss_status (*endpwent_agent)(void);
static enum nss_status (*getgrnam_agent)(const char *, struct group *, char *, size_t, int *);
static enum nss_status (*getgrgid_agent)(gid_t, struct group *, char *, size_t, int *);
static enum nss_status (*setgrent_agent)(int);
static enum nss_status (*getgrent_agent)(struct group *, char *, size_t, int *);
static enum nss_status (*endgrent_agent)(void);
static enum nss_status (*initgroups_agent)(const char *, gid_t, long *, long *, gid_t **, long, int *);
static enum nss_status (*getspnam_agent)(const char *, struct spwd *, char *, size_t, int *);
static enum nss_status (*setspent_agent)(int);
static enum nss_status (*getspent_agent)(struct spwd *, char *, size_t, int *);
static enum nss_status (*endspent_agent)(void);

static const struct {
    void *function;
    const char *name;
} symbols[] = {
    {&getpwnam_agent, "getpwnam_r"}, {&getpwuid_agent, "getpwuid_r"},       {&setpwent_agent, "setpwent"},
    {&getpwent_agent, "getpwent_r"}, {&endpwent_agent, "endpwent"},         {&getgrnam_agent, "getgrnam_r"},
    {&getgrgid_agent, "getgrgid_r"}, {&setgrent_agent, "setgrent"},         {&getgrent_agent, "getgrent_r"},
    {&endgrent_agent, "endgrent"},   {&initgroups_agent, "initgroups_dyn"}, {&getspnam_agent, "getspnam_r"},
    {&setspent_agent, "setspent"},   {&getspent_agent, "getspent_r"},       {&endspent_agent, "endspent"},
};

static void load_module(const char *path)
{
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (!module)
        errx(1, "%s", dlerror());
    for (size_t i = 0; i < COUNT_OF(symbols); i++) {
        char name[64];
        void *symbol;

        snprintf(name, sizeof name, "_nss_agent_%s", symbols[i].name);
        symbol = dlsym(module, name);
        if (!symbol)
            errx(1, "%s", dlerror());
        memcpy(symbols[i].function, &symbol, sizeof symbol);
    }
}

static const struct identity some[] = {
    {.account = "svc",
     .id = "spiffe://example.org/svc",
     .uid = 500,
     .gid = 501,
     .home = "/srv/svc",
     .shell = "/bin/bash",
     .local = 1},
    {.account = "agent-deploy", .id = "spiffe://example.org/agent/deploy", .uid = 70002},
    {.account = "agent-any", .id = "spiffe://example.org/agent/*", .uid = 70003, .gid = 801, .shell = "/bin/dash"},
    {.account = "agent-member",
     .id = "spiffe://example.org/member",
     .uid = 70005,
     .groups = {33, AGENTS_GID, 44},
     .group_count = 3},
    {.account = "agent-old", .id = "spiffe://example.org/old", .uid = 70004, .disabled = 1},
};

static void make_with(uint32_t agents_gid)
{
    struct identities_meta meta = maker_meta(COUNT_OF(some), agents_gid);
    struct maker maker;

    maker_begin(&maker, PATH_IDENTITIES, &meta);
    for (size_t i = 0; i < COUNT_OF(some); i++)
        maker_add(&maker, &some[i]);
    maker_end(&maker);
}

static void make_some(void)
{
    (void)mkdir(PATH_STATE_DIR, 0755);
    make_with(AGENTS_GID);
}

static void remove_all(void)
{
    (void)unlink(PATH_IDENTITIES);
    (void)rmdir(PATH_IDENTITIES);
}

/* --- what is answered --- */

static void assert_deploy(const struct passwd *passwd)
{
    ck_assert_str_eq(passwd->pw_name, "agent-deploy");
    ck_assert_str_eq(passwd->pw_passwd, "*");
    ck_assert_uint_eq(passwd->pw_uid, 70002);
    ck_assert_uint_eq(passwd->pw_gid, 70002);
    ck_assert_str_eq(passwd->pw_gecos, "example.org/agent/deploy");
    ck_assert_str_eq(passwd->pw_dir, "/var/lib/agents/agent-deploy");
    ck_assert_str_eq(passwd->pw_shell, "/bin/sh");
}

START_TEST(passwd_is_answered_both_ways)
{
    struct passwd passwd;
    char buf[512];
    int error = 4711;

    errno = 4712;
    ck_assert_int_eq(getpwnam_agent("agent-deploy", &passwd, buf, sizeof buf, &error), NSS_STATUS_SUCCESS);
    assert_deploy(&passwd);
    ck_assert_int_eq(getpwuid_agent(70002, &passwd, buf, sizeof buf, &error), NSS_STATUS_SUCCESS);
    assert_deploy(&passwd);
    ck_assert_int_eq(getpwnam_agent("agent-any", &passwd, buf, sizeof buf, &error), NSS_STATUS_SUCCESS);
    ck_assert_uint_eq(passwd.pw_gid, 801);
    ck_assert_str_eq(passwd.pw_shell, "/bin/dash");
    ck_assert_str_eq(passwd.pw_gecos, "example.org/agent/*");
    ck_assert_int_eq(error, 4711);
    ck_assert_int_eq(errno, 4712);
}
END_TEST

START_TEST(passwd_of_a_disabled_identity_has_no_shell)
{
    struct passwd passwd;
    char buf[512];
    int error;

    ck_assert_int_eq(getpwuid_agent(70004, &passwd, buf, sizeof buf, &error), NSS_STATUS_SUCCESS);
    ck_assert_str_eq(passwd.pw_name, "agent-old");
    ck_assert_str_eq(passwd.pw_shell, "/usr/sbin/nologin");
}
END_TEST

static const struct {
    const char *name, *account; /* NULL: not found */
} names[] = {
    {"spiffe://example.org/agent/deploy", "agent-deploy"},
    {"spiffe://example.org/agent/x", "agent-any"},
    {"spiffe://example.org/agent/x/y", "agent-any"},
    {"spiffe://example.org/svc", "svc"},
    {"spiffe://example.org/other", NULL},
    {"spiffe://example.org/agent/*", NULL},
    {"svc", NULL},
    {"root", NULL},
    {"alice", NULL},
};

START_TEST(passwd_by_spiffe_id)
{
    struct passwd passwd;
    char buf[512];
    int error = 4711;
    enum nss_status status = getpwnam_agent(names[_i].name, &passwd, buf, sizeof buf, &error);

    ck_assert_int_eq(status, names[_i].account ? NSS_STATUS_SUCCESS : NSS_STATUS_NOTFOUND);
    if (names[_i].account)
        ck_assert_str_eq(passwd.pw_name, names[_i].account);
    ck_assert_int_eq(error, 4711);
}
END_TEST

START_TEST(group_is_the_private_one)
{
    struct group group;
    char buf[512];
    int error;

    ck_assert_int_eq(getgrnam_agent("agent-any", &group, buf, sizeof buf, &error), NSS_STATUS_SUCCESS);
    ck_assert_str_eq(group.gr_name, "agent-any");
    ck_assert_str_eq(group.gr_passwd, "*");
    ck_assert_uint_eq(group.gr_gid, 70003);
    ck_assert_ptr_null(group.gr_mem[0]);
    ck_assert_int_eq(getgrgid_agent(70003, &group, buf, sizeof buf, &error), NSS_STATUS_SUCCESS);
    ck_assert_str_eq(group.gr_name, "agent-any");
    ck_assert_int_eq(getgrgid_agent(AGENTS_GID, &group, buf, sizeof buf, &error), NSS_STATUS_NOTFOUND);
    ck_assert_int_eq(getgrgid_agent(500, &group, buf, sizeof buf, &error), NSS_STATUS_NOTFOUND);
    ck_assert_int_eq(getgrnam_agent("svc", &group, buf, sizeof buf, &error), NSS_STATUS_NOTFOUND);
    ck_assert_int_eq(getgrnam_agent("spiffe://example.org/agent/deploy", &group, buf, sizeof buf, &error),
                     NSS_STATUS_NOTFOUND);
}
END_TEST

START_TEST(shadow_is_locked)
{
    struct spwd shadow;
    char buf[512];
    int error;

    ck_assert_int_eq(getspnam_agent("agent-deploy", &shadow, buf, sizeof buf, &error), NSS_STATUS_SUCCESS);
    ck_assert_str_eq(shadow.sp_namp, "agent-deploy");
    ck_assert_str_eq(shadow.sp_pwdp, "!*");
    ck_assert(shadow.sp_lstchg == -1 && shadow.sp_min == -1 && shadow.sp_max == -1 && shadow.sp_warn == -1 &&
              shadow.sp_inact == -1 && shadow.sp_expire == -1 && shadow.sp_flag == ~0UL);
    ck_assert_int_eq(getspnam_agent("svc", &shadow, buf, sizeof buf, &error), NSS_STATUS_NOTFOUND);
}
END_TEST

/* --- buffers: each size in memory of its own, so that a sanitizer sees the byte behind it --- */

static enum nss_status with_room(int which, size_t len, size_t shift, void *ret)
{
    char *memory = malloc(len + shift + 1), *buf = memory + shift;
    enum nss_status status;
    int error = 0;

    memory[len + shift] = '#';
    errno = 0;
    if (which == 0)
        status = getpwnam_agent("agent-deploy", ret, buf, len, &error);
    else if (which == 1)
        status = getgrnam_agent("agent-deploy", ret, buf, len, &error);
    else
        status = getspnam_agent("agent-deploy", ret, buf, len, &error);
    ck_assert_int_eq(memory[len + shift], '#');
    if (status == NSS_STATUS_TRYAGAIN)
        ck_assert(error == ERANGE && errno == ERANGE);
    else
        ck_assert_int_eq(status, NSS_STATUS_SUCCESS);
    free(memory);
    return status;
}

static const size_t needs[] = {
    sizeof "agent-deploy" + sizeof "*" + sizeof "example.org/agent/deploy" + sizeof "/var/lib/agents/agent-deploy" +
        sizeof "/bin/sh",
    sizeof(char *) + sizeof "agent-deploy" + sizeof "*",
    sizeof "agent-deploy" + sizeof "!*",
};

START_TEST(short_buffers_say_erange)
{
    union {
        struct passwd passwd;
        struct group group;
        struct spwd shadow;
        char bytes[256];
    } ret, untouched;

    memset(&untouched, '?', sizeof untouched);
    for (size_t shift = 0; shift < 2 * sizeof(char *); shift++) {
        size_t gap = _i == 1 ? -shift % sizeof(char *) : 0;

        for (size_t len = 0; len < needs[_i] + gap + 20; len++) {
            enum nss_status status;

            ret = untouched;
            status = with_room(_i, len, shift, &ret);
            ck_assert_int_eq(status, len < needs[_i] + gap ? NSS_STATUS_TRYAGAIN : NSS_STATUS_SUCCESS);
            ck_assert_int_eq(memcmp(&ret, &untouched, sizeof ret) == 0, status == NSS_STATUS_TRYAGAIN);
        }
    }
}
END_TEST

/* --- a database that cannot be used --- */

static void assert_unavailable(int expected)
{
    struct passwd passwd;
    struct group group;
    struct spwd shadow;
    long start = 1, size = 1;
    gid_t *groups = malloc(sizeof *groups);
    char buf[512];
    int error[9] = {0};

#define UNAVAILABLE(at, call) \
    do { \
        errno = 0; \
        ck_assert_int_eq(call, NSS_STATUS_UNAVAIL); \
        ck_assert_int_eq(errno, expected); \
        ck_assert_int_eq(error[at], expected); \
    } while (0)
    UNAVAILABLE(0, getpwnam_agent("agent-deploy", &passwd, buf, sizeof buf, &error[0]));
    UNAVAILABLE(1, getpwnam_agent("spiffe://example.org/a", &passwd, buf, sizeof buf, &error[1]));
    UNAVAILABLE(2, getpwuid_agent(70002, &passwd, buf, sizeof buf, &error[2]));
    UNAVAILABLE(3, getpwent_agent(&passwd, buf, sizeof buf, &error[3]));
    UNAVAILABLE(4, getgrnam_agent("no-such-agent", &group, buf, sizeof buf, &error[4]));
    UNAVAILABLE(5, getgrgid_agent(99999, &group, buf, sizeof buf, &error[5]));
    UNAVAILABLE(6, getspnam_agent("agent-deploy", &shadow, buf, sizeof buf, &error[6]));
    UNAVAILABLE(7, getspent_agent(&shadow, buf, sizeof buf, &error[7]));
    groups[0] = 1;
    UNAVAILABLE(8, initgroups_agent("agent-deploy", 1, &start, &size, &groups, -1, &error[8]));
    ck_assert(start == 1 && size == 1);
    free(groups);
}

START_TEST(missing_database_is_unavailable)
{
    remove_all();
    assert_unavailable(ENOENT);
}
END_TEST

START_TEST(untrusted_database_is_unavailable)
{
    ck_assert_int_eq(chmod(PATH_IDENTITIES, 0664), 0);
    assert_unavailable(EPERM);
    ck_assert_int_eq(chmod(PATH_IDENTITIES, 0646), 0);
    assert_unavailable(EPERM);
    ck_assert_int_eq(chmod(PATH_IDENTITIES, 0644), 0);
    ck_assert_int_eq(chown(PATH_IDENTITIES, 65534, 0), 0);
    assert_unavailable(EPERM);
    ck_assert_int_eq(rename(PATH_IDENTITIES, PATH_IDENTITIES ".real"), 0);
    ck_assert_int_eq(symlink(PATH_IDENTITIES ".real", PATH_IDENTITIES), 0);
    assert_unavailable(ELOOP);
    remove_all();
    ck_assert_int_eq(mkfifo(PATH_IDENTITIES, 0644), 0);
    assert_unavailable(EPERM);
    remove_all();
    ck_assert_int_eq(mkdir(PATH_IDENTITIES, 0755), 0);
    assert_unavailable(EPERM);
}
END_TEST

START_TEST(corrupt_database_is_unavailable)
{
    char zeros[4096] = {0};
    struct stat st;
    int fd;

    ck_assert_int_eq(stat(PATH_IDENTITIES, &st), 0);
    ck_assert_int_eq(truncate(PATH_IDENTITIES, 0), 0);
    assert_unavailable(EBADMSG);
    ck_assert_int_eq(truncate(PATH_IDENTITIES, st.st_size), 0);
    assert_unavailable(EBADMSG);
    fd = open(PATH_IDENTITIES, O_WRONLY | O_CLOEXEC);
    memset(zeros, 'x', sizeof zeros);
    ck_assert_int_eq(write(fd, zeros, sizeof zeros), sizeof zeros);
    close(fd);
    assert_unavailable(EBADMSG);
}
END_TEST

START_TEST(no_descriptor_is_unavailable)
{
    struct rlimit usual, none;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = usual;
    none.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_unavailable(EMFILE);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
}
END_TEST

START_TEST(names_no_account_can_have_open_nothing)
{
    static const char *const bad[] = {
        "",    "Alice", "alice@example.org", "DOMAIN\\alice", "alice.b",        "7",
        "a:b", "\n",    "spiffe:",           "spiffe://",     "spiffe://e.org", "spiffe://e.org/../x"};
    struct passwd passwd;
    struct group group;
    char buf[512];
    int error;

    remove_all(); /* whoever opened it would say UNAVAIL */
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        ck_assert_int_eq(getpwnam_agent(bad[i], &passwd, buf, sizeof buf, &error), NSS_STATUS_NOTFOUND);
        ck_assert_int_eq(getgrnam_agent(bad[i], &group, buf, sizeof buf, &error), NSS_STATUS_NOTFOUND);
    }
    ck_assert_int_eq(getpwuid_agent(0, &passwd, buf, sizeof buf, &error), NSS_STATUS_NOTFOUND);
    ck_assert_int_eq(getgrgid_agent((gid_t)-1, &group, buf, sizeof buf, &error), NSS_STATUS_NOTFOUND);
}
END_TEST

/* --- enumeration --- */

START_TEST(enumeration_passes_over_local_accounts_and_short_buffers)
{
    struct passwd passwd;
    struct group group;
    struct spwd shadow;
    char buf[512];
    int error;

    ck_assert_int_eq(setpwent_agent(0), NSS_STATUS_SUCCESS);
    for (size_t i = 1; i < COUNT_OF(some); i++) {
        ck_assert_int_eq(getpwent_agent(&passwd, buf, 3, &error), NSS_STATUS_TRYAGAIN);
        ck_assert_int_eq(error, ERANGE);
        ck_assert_int_eq(getpwent_agent(&passwd, buf, sizeof buf, &error), NSS_STATUS_SUCCESS);
        ck_assert_str_eq(passwd.pw_name, some[i].account);
        ck_assert_int_eq(getgrent_agent(&group, buf, sizeof buf, &error), NSS_STATUS_SUCCESS);
        ck_assert_str_eq(group.gr_name, some[i].account);
    }
    errno = 0;
    ck_assert_int_eq(getpwent_agent(&passwd, buf, sizeof buf, &error), NSS_STATUS_NOTFOUND);
    ck_assert_int_eq(getpwent_agent(&passwd, buf, sizeof buf, &error), NSS_STATUS_NOTFOUND);
    ck_assert_int_eq(getgrent_agent(&group, buf, sizeof buf, &error), NSS_STATUS_NOTFOUND);
    ck_assert_int_eq(errno, 0);
    ck_assert_int_eq(setgrent_agent(1), NSS_STATUS_SUCCESS);
    ck_assert_int_eq(getgrent_agent(&group, buf, sizeof buf, &error), NSS_STATUS_SUCCESS);
    ck_assert_str_eq(group.gr_name, "agent-deploy");
    ck_assert_int_eq(endgrent_agent(), NSS_STATUS_SUCCESS);
    ck_assert_int_eq(endpwent_agent(), NSS_STATUS_SUCCESS);
    ck_assert_int_eq(setspent_agent(0), NSS_STATUS_SUCCESS);
    ck_assert_int_eq(getspent_agent(&shadow, buf, sizeof buf, &error), NSS_STATUS_SUCCESS);
    ck_assert_str_eq(shadow.sp_namp, "agent-deploy");
    ck_assert_int_eq(endspent_agent(), NSS_STATUS_SUCCESS);
}
END_TEST

START_TEST(enumeration_ends_at_a_hundred)
{
    struct passwd passwd;
    char buf[512];
    int error, count = 0;

    maker_make(PATH_IDENTITIES, 150, 0);
    ck_assert_int_eq(setpwent_agent(0), NSS_STATUS_SUCCESS);
    while (getpwent_agent(&passwd, buf, sizeof buf, &error) == NSS_STATUS_SUCCESS)
        count++;
    ck_assert_int_eq(count, 100);
    ck_assert_int_eq(getpwnam_agent("agent-149", &passwd, buf, sizeof buf, &error), NSS_STATUS_SUCCESS);
}
END_TEST

/* --- initgroups --- */

static const struct {
    const char *name;
    long start, size, limit;
    uint32_t agents_gid;
    gid_t first;
    enum nss_status status;
    long end, grown;
} memberships[] = {
    {"agent-deploy", 1, 16, -1, AGENTS_GID, 70002, NSS_STATUS_SUCCESS, 2, 16},
    {"spiffe://example.org/agent/deploy", 1, 16, -1, AGENTS_GID, 70002, NSS_STATUS_SUCCESS, 2, 16},
    {"agent-old", 1, 16, -1, AGENTS_GID, 70004, NSS_STATUS_SUCCESS, 2, 16},
    {"agent-deploy", 1, 1, -1, AGENTS_GID, 70002, NSS_STATUS_SUCCESS, 2, 2}, /* grows */
    {"agent-deploy", 4, 4, -1, AGENTS_GID, 70002, NSS_STATUS_SUCCESS, 5, 8},
    {"agent-deploy", 4, 4, 5, AGENTS_GID, 70002, NSS_STATUS_SUCCESS, 5, 5},         /* to the limit */
    {"agent-deploy", 4, 4, 4, AGENTS_GID, 70002, NSS_STATUS_SUCCESS, 4, 4},         /* full: cut, as glibc cuts */
    {"agent-deploy", 1, 16, -1, AGENTS_GID, AGENTS_GID, NSS_STATUS_SUCCESS, 1, 16}, /* there already */
    {"agent-deploy", 1, 16, -1, 0, 70002, NSS_STATUS_SUCCESS, 1, 16}, /* no such group: nothing, and never gid 0 */
    {"svc", 1, 16, -1, AGENTS_GID, 501, NSS_STATUS_NOTFOUND, 1, 16},
    {"alice", 1, 1, -1, AGENTS_GID, 1000, NSS_STATUS_NOTFOUND, 1, 1},
};

START_TEST(initgroups_adds_agents)
{
    long start = memberships[_i].start, size = memberships[_i].size;
    gid_t *groups = calloc((size_t)size, sizeof *groups);
    int error = 4711;

    make_with(memberships[_i].agents_gid);
    for (long i = 0; i < start; i++)
        groups[i] = memberships[_i].first + (gid_t)i;
    ck_assert_int_eq(initgroups_agent(memberships[_i].name, memberships[_i].first, &start, &size, &groups,
                                      memberships[_i].limit, &error),
                     memberships[_i].status);
    ck_assert_int_eq(start, memberships[_i].end);
    ck_assert_int_eq(size, memberships[_i].grown);
    if (start > memberships[_i].start)
        ck_assert_uint_eq(groups[start - 1], AGENTS_GID);
    ck_assert_uint_eq(groups[0], memberships[_i].first);
    ck_assert_int_eq(error, 4711);
    free(groups);
}
END_TEST

static const struct {
    long size, limit;
    uint32_t agents_gid;
    gid_t primary, listed[3];
    long end;
} own_groups[] = {
    {16, -1, AGENTS_GID, 70005, {AGENTS_GID, 33, 44}, 4}, {1, -1, AGENTS_GID, 70005, {AGENTS_GID, 33, 44}, 4},
    {1, 3, AGENTS_GID, 70005, {AGENTS_GID, 33}, 3}, /* to the limit */
    {16, -1, AGENTS_GID, 33, {AGENTS_GID, 44}, 3},  /* there already */
    {16, -1, 0, 70005, {33, AGENTS_GID, 44}, 4},
};

START_TEST(initgroups_adds_those_of_the_identity)
{
    long start = 1, size = own_groups[_i].size;
    gid_t *groups = calloc((size_t)size, sizeof *groups);
    int error = 4711;

    make_with(own_groups[_i].agents_gid);
    groups[0] = own_groups[_i].primary;
    ck_assert_int_eq(initgroups_agent("agent-member", groups[0], &start, &size, &groups, own_groups[_i].limit, &error),
                     NSS_STATUS_SUCCESS);
    ck_assert_int_eq(start, own_groups[_i].end);
    for (long i = 1; i < start; i++)
        ck_assert_uint_eq(groups[i], own_groups[_i].listed[i - 1]);
    free(groups);
}
END_TEST

/* --- many at once --- */

static int descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

START_TEST(descriptors_are_closed_whatever_is_answered)
{
    struct passwd passwd;
    char buf[512];
    int error, before = descriptors();

    for (int i = 0; i < 100; i++) {
        (void)getpwnam_agent("agent-deploy", &passwd, buf, sizeof buf, &error);
        (void)getpwnam_agent("agent-deploy", &passwd, buf, 3, &error);
        (void)getpwnam_agent("svc", &passwd, buf, sizeof buf, &error);
        (void)getpwuid_agent(1, &passwd, buf, sizeof buf, &error);
        (void)getpwent_agent(&passwd, buf, sizeof buf, &error);
    }
    ck_assert_int_eq(chmod(PATH_IDENTITIES, 0666), 0);
    (void)getpwnam_agent("agent-deploy", &passwd, buf, sizeof buf, &error);
    ck_assert_int_eq(chmod(PATH_IDENTITIES, 0644), 0);
    ck_assert_int_eq(truncate(PATH_IDENTITIES, 2050), 0);
    (void)getpwnam_agent("agent-deploy", &passwd, buf, sizeof buf, &error);
    ck_assert_int_eq(descriptors(), before);
}
END_TEST

static int stop;

/* Each of the two databases that take turns has another number of accounts; agent-7 is in both. */
static void *look_up(void *wrong)
{
    struct passwd passwd;
    struct group group;
    char buf[512];
    int error;

    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        long start = 1, size = 1;
        gid_t *groups = malloc(sizeof *groups);

        groups[0] = 1;
        if (getpwnam_agent("agent-7", &passwd, buf, sizeof buf, &error) != NSS_STATUS_SUCCESS ||
            passwd.pw_uid != MAKER_UID_MIN + 9 || strcmp(passwd.pw_gecos, "example.org/agent/7") != 0 ||
            getpwuid_agent(MAKER_UID_MIN + 9, &passwd, buf, sizeof buf, &error) != NSS_STATUS_SUCCESS ||
            strcmp(passwd.pw_name, "agent-7") != 0 ||
            getgrgid_agent(MAKER_UID_MIN + 9, &group, buf, sizeof buf, &error) != NSS_STATUS_SUCCESS ||
            getpwnam_agent("alice", &passwd, buf, sizeof buf, &error) != NSS_STATUS_NOTFOUND ||
            initgroups_agent("agent-7", 1, &start, &size, &groups, -1, &error) != NSS_STATUS_SUCCESS || start != 2)
            __atomic_store_n((int *)wrong, 1, __ATOMIC_RELAXED);
        (void)getpwent_agent(&passwd, buf, sizeof buf, &error);
        free(groups);
    }
    return NULL;
}

START_TEST(threads_forks_and_replaced_databases)
{
    pthread_t threads[4];
    struct passwd passwd;
    char buf[512];
    int error, wrong = 0, before = descriptors();

    maker_make(PATH_IDENTITIES, 20, AGENTS_GID);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, look_up, &wrong), 0);
    for (unsigned long i = 0; i < 100; i++) {
        int status;
        pid_t child;

        maker_make(PATH_IDENTITIES, i % 2 ? 20 : 2000, AGENTS_GID);
        child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0)
            _exit(getpwnam_agent("agent-7", &passwd, buf, sizeof buf, &error) != NSS_STATUS_SUCCESS);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_eq(descriptors(), before);
}
END_TEST

static Suite *nss_suite(void)
{
    Suite *suite = suite_create("nss_agent");
    TCase *answers = tcase_create("answers"), *refusals = tcase_create("refusals"), *many = tcase_create("many");

    tcase_add_checked_fixture(answers, make_some, remove_all);
    tcase_add_test(answers, passwd_is_answered_both_ways);
    tcase_add_test(answers, passwd_of_a_disabled_identity_has_no_shell);
    tcase_add_loop_test(answers, passwd_by_spiffe_id, 0, COUNT_OF(names));
    tcase_add_test(answers, group_is_the_private_one);
    tcase_add_test(answers, shadow_is_locked);
    tcase_add_loop_test(answers, short_buffers_say_erange, 0, COUNT_OF(needs));
    tcase_add_test(answers, enumeration_passes_over_local_accounts_and_short_buffers);
    tcase_add_test(answers, enumeration_ends_at_a_hundred);
    tcase_add_loop_test(answers, initgroups_adds_agents, 0, COUNT_OF(memberships));
    tcase_add_loop_test(answers, initgroups_adds_those_of_the_identity, 0, COUNT_OF(own_groups));
    suite_add_tcase(suite, answers);

    tcase_add_checked_fixture(refusals, make_some, remove_all);
    tcase_add_test(refusals, missing_database_is_unavailable);
    tcase_add_test(refusals, untrusted_database_is_unavailable);
    tcase_add_test(refusals, corrupt_database_is_unavailable);
    tcase_add_test(refusals, no_descriptor_is_unavailable);
    tcase_add_test(refusals, names_no_account_can_have_open_nothing);
    suite_add_tcase(suite, refusals);

    tcase_add_checked_fixture(many, make_some, remove_all);
    tcase_add_test(many, descriptors_are_closed_whatever_is_answered);
    tcase_add_test(many, threads_forks_and_replaced_databases);
    tcase_set_timeout(many, 60);
    suite_add_tcase(suite, many);
    return suite;
}

int main(int argc, char **argv)
{
    SRunner *runner;
    int failed;

    if (access("/run/throwaway-host", F_OK) < 0)
        errx(1, "not on a throw-away host: run this through tests/host/enter");
    load_module(argc > 1 ? argv[1] : "build/libnss_agent.so.2");
    runner = srunner_create(nss_suite());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
