#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files.h"
#include "live/account.h"
#include "live/leftovers.h"
#include "live/sweep.h"
#include "live/visits.h"
#include "session/gate.h"

#define SKEL "/etc/skel"
#define SKEL_ENTRIES_MAX 256
#define SKEL_BYTES_MAX (4 << 20) /* of all files together */
#define SKEL_DEPTH_MAX 8
#define CLEAR_MS 1000
#define LEAVE_MS 1000 /* for the guard to start */
#define LOOK_MS 10

/* pam_env reads it as root into the PAM environment of the next service in line (user_readenv). */
#define FORGING_FILE ".pam_environment"

int gate_environment_forgeable(const struct gate *gate)
{
    CLEANUP(close_fd) int home = open(gate->identity.home, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (home < 0)
        return errno != ENOENT;
    return fstatat(home, FORGING_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* --- skel --- */

struct skel {
    const struct identity *owner;
    unsigned entries; /* still to be had, as are the bytes */
    off_t bytes;
};

static int copy_bytes(int from, int to)
{
    char buf[16384];
    ssize_t n;
    int r = 0;

    while (r == 0 && (n = read(from, buf, sizeof buf)) != 0)
        r = n < 0 ? -errno : write_all(to, buf, (size_t)n);
    return r;
}

static int hand_over(int fd, mode_t mode, const struct skel *skel)
{
    return fchmod(fd, mode & 0755) < 0 || fchown(fd, skel->owner->uid, skel->owner->gid) < 0 ? -errno : 0;
}

static int copy_file(int from_dir, const char *name, int to_dir, struct skel *skel)
{
    CLEANUP(close_fd) int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    CLEANUP(close_fd) int to = -1;
    struct stat st;
    int r;

    if (from < 0 || fstat(from, &st) < 0)
        return -errno;
    if (st.st_size > skel->bytes)
        return 0;
    skel->bytes -= st.st_size;
    to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return errno == EEXIST ? 0 : -errno; /* of a copy that broke off, or of another login of this moment */
    r = copy_bytes(from, to);
    return r < 0 ? r : hand_over(to, st.st_mode, skel);
}

static int copy_tree(int from, int to, int depth, struct skel *skel);

static int copy_dir(int from_dir, const char *name, int to_dir, int depth, struct skel *skel)
{
    CLEANUP(close_fd) int from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    CLEANUP(close_fd) int to = -1;
    struct stat st;
    int r;

    if (from < 0 || fstat(from, &st) < 0 || (mkdirat(to_dir, name, 0700) < 0 && errno != EEXIST))
        return -errno;
    to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (to < 0)
        return -errno;
    r = copy_tree(from, to, depth + 1, skel);
    return r < 0 ? r : hand_over(to, st.st_mode, skel);
}

/* Files and directories; links and what else lies there stay behind, and so does what would refuse the next login. */
static int copy_entry(int from, const char *name, int to, int depth, struct skel *skel)
{
    struct stat st;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, FORGING_FILE) == 0)
        return 0;
    if (skel->entries == 0 || depth > SKEL_DEPTH_MAX)
        return 0;
    skel->entries--;
    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return copy_dir(from, name, to, depth, skel);
    return S_ISREG(st.st_mode) ? copy_file(from, name, to, skel) : 0;
}

static int copy_tree(int from, int to, int depth, struct skel *skel)
{
    int copy = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;

    if (!stream) {
        close_fd(&copy);
        return -errno;
    }
    while (r == 0 && (entry = readdir(stream)))
        r = copy_entry(from, entry->d_name, to, depth, skel);
    closedir(stream);
    return r;
}

/* As far as the bounds go: a home lacks a file rather than that it refuses a login. */
static int copy_skel(int home, const struct identity *identity)
{
    CLEANUP(close_fd) int from = -1;
    struct skel skel = {.owner = identity, .entries = SKEL_ENTRIES_MAX, .bytes = SKEL_BYTES_MAX};

    return dir_open(SKEL, &from) < 0 ? 0 : copy_tree(from, home, 0, &skel); /* there may be none of root's */
}

/* --- home --- */

/*
 * PREFIX/ACCOUNT, mode 0700. It is root's until skel lies in it whole; then the account's. One that is the account's already stays
 * as it is.
 */
static int make_home(const struct gate *gate)
{
    CLEANUP(close_fd) int prefix = -1;
    CLEANUP(close_fd) int home = -1;
    const struct identity *identity = &gate->identity;
    struct stat st;
    int r;

    if (identity->local)
        return 0;
    r = dir_make(gate->meta.home_prefix, 0755, &prefix);
    if (r < 0)
        return r;
    if (mkdirat(prefix, identity->account, 0700) < 0 && errno != EEXIST)
        return -errno;
    home = openat(prefix, identity->account, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (home < 0 || fstat(home, &st) < 0)
        return -errno;
    if (st.st_uid != 0)
        return st.st_uid == identity->uid ? 0 : -EPERM;
    r = copy_skel(home, identity);
    if (r < 0)
        return r;
    return fchmod(home, 0700) < 0 || fchown(home, identity->uid, identity->gid) < 0 ? -errno : 0;
}

/* --- whose it is --- */

int gate_home_fits(const struct gate *gate)
{
    return leftovers_fit(&gate->identity, &gate->grant);
}

/* Another login of the same authority may be at it: waits a moment. 1 while there is time to try again. */
static int wait_for_others(void)
{
    return gate_time_left() > LEAVE_MS && poll(NULL, 0, LOOK_MS) == 0;
}

static enum reason reason_of(int r)
{
    if (r == 0)
        return REASON_PERMIT;
    return r == -EAGAIN || r == -EBUSY ? REASON_ACCOUNT_BUSY : REASON_STATE_UNAVAILABLE;
}

/* What runs there without a session would share the session's uid, and files may be of another authority. */
static int clear(const struct gate *gate)
{
    int left = gate_time_left(), fits = gate_home_fits(gate);

    if (left > CLEAR_MS)
        left = CLEAR_MS;
    if (fits < 0)
        return fits;
    return fits ? account_kill_strays(gate->identity.uid, left) : leftovers_clear(&gate->identity, left);
}

/* On a host that observes, agents also run without sessions: nothing of theirs is touched. */
enum reason gate_home_clear(const struct gate *gate)
{
    int r;

    if (gate->host.mode == MODE_OBSERVE)
        return REASON_PERMIT;
    do {
        r = account_is_free(gate->identity.uid);
        if (r == 0)
            return REASON_PERMIT;
        if (r > 0)
            r = visits_end(&gate->identity);
        if (r == 0)
            r = clear(gate);
    } while (r == -EBUSY && wait_for_others());
    if (r == -EAGAIN) /* too much for a login: done by the time of another one */
        sweeper_start_clear(&gate->grant);
    return reason_of(r);
}

enum reason gate_home_claim(const struct gate *gate)
{
    int r;

    if (gate->host.mode == MODE_OBSERVE)
        return reason_of(make_home(gate));
    do {
        r = visits_end(&gate->identity); /* one that began before the session was published */
        if (r == 0)
            r = leftovers_claim(&gate->identity, &gate->grant);
    } while (r == -EBUSY && wait_for_others());
    return reason_of(r == 0 ? make_home(gate) : r);
}
