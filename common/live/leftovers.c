#include "live/leftovers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/files.h"
#include "core/text.h"
#include "judge/state_dir.h"
#include "judge/state_file.h"
#include "live/account.h"
#include "live/leftovers_places.h"
#include "live/leftovers_walk.h"

#define KEPT ".kept"
#define KEPT_TRIES 1000 /* more homes of one account than can go within a second */
#define CLAIM_MS 200

/* --- the record of whose files they are --- */

static int is_kept(const struct identity *identity)
{
    return identity->local || identity->keep_home;
}

struct used {
    char iss[ISS_MAX + 1], task[TASK_MAX + 1], identity[SPIFFE_ID_MAX + 1];
};

static void put_used(struct fields_writer *w, const void *object)
{
    const struct grant *grant = object;

    fields_put(w, "iss", grant->iss);
    fields_put(w, "task", grant->task);
    fields_put(w, "identity", grant->identity);
}

static int take_used(void *object, const char *key, const char *value)
{
    struct used *used = object;

    if (strcmp(key, "iss") == 0)
        return state_take_text(used->iss, sizeof used->iss, value);
    if (strcmp(key, "task") == 0)
        return state_take_text(used->task, sizeof used->task, value);
    if (strcmp(key, "identity") == 0)
        return state_take_text(used->identity, sizeof used->identity, value);
    return 0;
}

static int used_complete(const void *object)
{
    const struct used *used = object;

    return used->iss[0] && used->task[0] && used->identity[0];
}

static const struct state_format used_format = {put_used, take_used, used_complete};

static int remove_used(int dir, uid_t uid)
{
    char name[TEXT_DECIMAL_MAX + 1];

    text_decimal(name, uid);
    return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* --- homes --- */

/*
 * A home that is being cleared is PREFIX/.kept/.ACCOUNT, and PREFIX/.kept/ACCOUNT-SECONDS once all else is gone: so a clearing that
 * a boot interrupted is known, though the record is not there any more.
 */
struct home {
    char prefix[IDENTITY_PATH_MAX], name[IDENTITY_PATH_MAX], leaving[IDENTITY_PATH_MAX + 1];
};

static int find_home(const struct identity *identity, struct home *ret)
{
    const char *slash = strrchr(identity->home, '/');
    int r;

    if (!slash || slash == identity->home || !account_name_valid(slash + 1))
        return -EINVAL;
    r = text_format(ret->prefix, sizeof ret->prefix, "%.*s", (int)(slash - identity->home), identity->home);
    if (r == 0)
        r = text_copy(ret->name, sizeof ret->name, slash + 1);
    if (r == 0)
        r = text_format(ret->leaving, sizeof ret->leaving, ".%s", ret->name);
    return r;
}

/* Does the name stand in the directory? 1, 0 or -errno. */
static int stands(int dir, const char *name)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return 1;
    return errno == ENOENT ? 0 : -errno;
}

/* Is there a home, or one that is being cleared? 1, 0 or -errno. */
static int has_home(const struct identity *identity)
{
    CLEANUP(close_fd) int prefix = -1;
    CLEANUP(close_fd) int kept = -1;
    struct home home;
    int r = find_home(identity, &home);

    if (r == 0)
        r = dir_open(home.prefix, &prefix);
    if (r == 0)
        r = stands(prefix, home.name);
    if (r == 0)
        r = dir_open_at(prefix, KEPT, &kept);
    if (r == 0)
        r = stands(kept, home.leaving);
    return r == -ENOENT ? 0 : r;
}

/* Give what was cleared the name it is kept under: of its second, or a later one where that is taken. */
static int keep_home(int kept, const struct home *home)
{
    char name[IDENTITY_PATH_MAX + 2 * (TEXT_DECIMAL_MAX + 1)];
    long long now = clock_wall_seconds();

    for (int i = 1; i <= KEPT_TRIES; i++) {
        int r = i == 1 ? text_format(name, sizeof name, "%s-%lld", home->name, now)
                       : text_format(name, sizeof name, "%s-%lld.%d", home->name, now, i);

        if (r < 0)
            return r;
        if (renameat(kept, home->leaving, kept, name) == 0 || errno == ENOENT)
            return 0;
        if (errno != ENOTEMPTY && errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

/* Move the home out of everybody's reach. One that is not the account's own is not touched: -EPERM. */
static int move_home(int prefix, int kept, const struct identity *identity, const struct home *home)
{
    struct stat st;
    int r;

    if (fstatat(prefix, home->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISDIR(st.st_mode) || (st.st_uid != identity->uid && st.st_uid != 0)) /* root's: not handed over yet */
        return -EPERM;
    r = keep_home(kept, home); /* one that an earlier clearing left: the same authority came back meanwhile */
    return r == 0 && renameat(prefix, home->name, kept, home->leaving) < 0 ? -errno : r;
}

/* --- clearing --- */

/* As in judge/record.c: syslog(3) may wait for a slow reader. */
static void tell(const char *account, const char *what, const char *why)
{
    CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    char text[256];

    if (fd < 0 || text_format(text, sizeof text, "<%d>pam_agent[%ld]: leftovers of %s: %s%s",
                              LOG_AUTHPRIV | LOG_WARNING, (long)getpid(), account, what, why) < 0)
        return;
    (void)sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, sizeof address);
}

/* The account is locked and has no session. */
static int clear_account(const struct identity *identity, struct walk *walk)
{
    CLEANUP(close_fd) int prefix = -1;
    CLEANUP(close_fd) int kept = -1;
    struct home home;
    int r = account_kill(identity->uid, walk->until);

    if (r == -EAGAIN)
        tell(identity->account, "its processes do not end", "");
    if (r == 0)
        mounts_clear(walk);
    if (r == 0)
        r = find_home(identity, &home);
    if (r == 0)
        r = dir_make(home.prefix, 0755, &prefix);
    if (r == 0)
        r = dir_make_at(prefix, KEPT, 0700, &kept);
    if (r == 0)
        r = move_home(prefix, kept, identity, &home);
    if (r < 0)
        return r;
    places_clear(walk, identity->account);
    if (walk->error == 0) /* a setuid program may have been run until it was gone */
        walk->error = account_kill(identity->uid, walk->until);
    return walk->error < 0 ? walk->error : keep_home(kept, &home);
}

int leftovers_clear(const struct identity *identity, int milliseconds)
{
    CLEANUP(close_fd) int dir = -1;
    CLEANUP(close_fd) int lock = -1;
    struct walk walk = {.owner = identity->uid, .until = clock_boot_ms() + milliseconds};
    int r;

    if (is_kept(identity))
        return 0;
    if (identity->uid == 0)
        return -EINVAL;
    r = state_run_dir(MAKE, "used", NULL, NULL, &dir);
    if (r == 0)
        r = account_lock(identity->uid, 0, &lock);
    if (r == 0)
        r = account_is_left(identity->uid);
    if (r <= 0)
        return r < 0 ? r : -EBUSY;
    r = clear_account(identity, &walk);
    if (walk.sealed > 0)
        tell(identity->account, "directories that hold files of others are root's now", "");
    if (r == 0 && futimens(lock, NULL) < 0) /* leftovers_cleared() */
        r = -errno;
    if (r == 0)
        return remove_used(dir, identity->uid);
    if (r != -EAGAIN)
        tell(identity->account, "the account stays closed to other tasks: ", strerror(-r));
    return r;
}

int leftovers_cleared(uid_t uid, int64_t *ret_seconds)
{
    CLEANUP(close_fd) int dir = -1;
    char name[TEXT_DECIMAL_MAX + 8];
    struct stat st;
    int r = text_format(name, sizeof name, "%lu.lock", (unsigned long)uid);

    if (r == 0)
        r = state_run_dir(FIND, "used", NULL, NULL, &dir);
    if (r < 0)
        return r;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    *ret_seconds = st.st_mtime;
    return 0;
}

/* --- whose they are --- */

static int fits(int dir, const struct identity *identity, const struct grant *grant)
{
    char name[TEXT_DECIMAL_MAX + 1];
    struct used used = {"", "", ""};
    int r;

    text_decimal(name, identity->uid);
    r = state_read(dir, name, &used_format, &used);
    if (r == -EBADMSG || r == -EFBIG) /* of nobody who could say so */
        return 0;
    if (r == 0)
        return strcmp(used.iss, grant->iss) == 0 && strcmp(used.task, grant->task) == 0 &&
               strcmp(used.identity, grant->identity) == 0;
    if (r != -ENOENT)
        return r;
    r = has_home(identity);
    return r < 0 ? r : !r;
}

int leftovers_fit(const struct identity *identity, const struct grant *grant)
{
    CLEANUP(close_fd) int dir = -1;
    int r;

    if (is_kept(identity))
        return 1;
    r = state_run_dir(MAKE, "used", NULL, NULL, &dir);
    return r < 0 ? r : fits(dir, identity, grant);
}

int leftovers_claim(const struct identity *identity, const struct grant *grant)
{
    CLEANUP(close_fd) int dir = -1;
    CLEANUP(close_fd) int lock = -1;
    char name[TEXT_DECIMAL_MAX + 1];
    int r;

    r = account_lock(identity->uid, CLAIM_MS, &lock);
    if (r < 0 || is_kept(identity))
        return r;
    text_decimal(name, identity->uid);
    r = state_run_dir(MAKE, "used", NULL, NULL, &dir);
    if (r == 0)
        r = fits(dir, identity, grant); /* once more, under the lock */
    if (r <= 0)
        return r < 0 ? r : -EBUSY;
    return state_replace(dir, name, &used_format, grant, 0);
}

/* --- kept homes --- */

/* Of ACCOUNT-SECONDS or ACCOUNT-SECONDS.N both; 0 or -EINVAL: it is no such name. */
static int parse_kept(const char *name, char account[ACCOUNT_NAME_MAX + 1], int64_t *ret_since)
{
    const char *dash = strrchr(name, '-');
    char digits[TEXT_DECIMAL_MAX + 1];
    uint64_t seconds;

    if (name[0] == '.' || !dash ||
        text_format(digits, sizeof digits, "%.*s", (int)strcspn(dash + 1, "."), dash + 1) < 0 ||
        text_u64(digits, INT64_MAX, &seconds) < 0 ||
        text_format(account, ACCOUNT_NAME_MAX + 1, "%.*s", (int)(dash - name), name) < 0)
        return -EINVAL;
    *ret_since = (int64_t)seconds;
    return 0;
}

struct expiry {
    int identities; /* -1: none */
    int64_t now, keep_seconds, until;
    int error;
};

/* Was it kept for as long as it is to be? Not where the identity cannot be read: it may want it for longer. */
static int is_old(const struct expiry *expiry, const char *name)
{
    char account[ACCOUNT_NAME_MAX + 1];
    struct identity identity;
    int64_t since, keep = expiry->keep_seconds;
    int r = -ENOENT;

    if (parse_kept(name, account, &since) < 0)
        return 0;
    if (expiry->identities >= 0)
        r = identities_by_account(expiry->identities, account, &identity);
    if (r == 0 && identity.keep_seconds > 0)
        keep = identity.keep_seconds;
    return (r == 0 || r == -ENOENT) && since <= expiry->now - keep;
}

static int expire_one(int kept, const char *name, void *arg)
{
    struct expiry *expiry = arg;
    struct walk walk = {.roots = 1, .until = expiry->until}; /* others' it may hold, whose the agent moved there */
    struct stat st;

    if (!is_old(expiry, name) || fstatat(kept, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    walk.owner = st.st_uid;
    walk_name(&walk, kept, name);
    if (expiry->error == 0)
        expiry->error = walk.error;
    return walk.error == -EAGAIN ? -EAGAIN : 0;
}

int leftovers_expire(int identities, const char *home_prefix, int64_t now, int64_t keep_seconds, int milliseconds)
{
    CLEANUP(close_fd) int prefix = -1;
    CLEANUP(close_fd) int kept = -1;
    struct expiry expiry = {identities, now, keep_seconds, clock_boot_ms() + milliseconds, 0};
    int r = dir_open(home_prefix, &prefix);

    if (r == 0)
        r = dir_open_at(prefix, KEPT, &kept);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    r = state_names_each(kept, expire_one, &expiry);
    return r < 0 ? r : expiry.error;
}
