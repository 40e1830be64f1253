#include "live/leftovers_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/files.h"
#include "core/text.h"
#include "judge/state_dir.h"

#define DEPTH_MAX 16 /* descriptors: one stream and one directory a level */

void walk_note(struct walk *walk, int error)
{
    if (walk->error == 0)
        walk->error = error;
}

int walk_late(struct walk *walk)
{
    if (clock_boot_ms() < walk->until)
        return 0;
    walk->error = -EAGAIN;
    return 1;
}

static int is_owners(const struct walk *walk, const struct stat *st)
{
    return st->st_uid == walk->owner || (walk->roots && st->st_uid == 0);
}

int walk_open(struct walk *walk, int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        walk_note(walk, -errno);
    else if (!is_owners(walk, &st))
        walk_note(walk, -EPERM);
    else if (fchmod(fd, 0700) < 0) /* ACLs end with it: the mode's group bits are their mask (acl(5)) */
        walk_note(walk, -errno);
    else
        return fd;
    close_fd(&fd);
    return -1;
}

/* Move a directory up to base, which is closed to others too, under a name that nobody chose. */
static void move_up(struct walk *walk, int dir, int base, const char *name)
{
    unsigned char random[8];
    char hex[2 * sizeof random + 1], fresh[32];
    int r = random_bytes(random, sizeof random);

    text_hex(hex, random, sizeof random);
    if (r == 0)
        r = text_format(fresh, sizeof fresh, ".deep-%s", hex);
    if (r == 0 && renameat(dir, name, base, fresh) < 0)
        r = -errno;
    if (r == 0)
        walk->changes++;
    else
        walk_note(walk, r);
}

/* What is left in it is of others: it must not go, nor be the owner's any longer. */
static void seal(struct walk *walk, int dir)
{
    if (fchown(dir, 0, 0) < 0)
        walk_note(walk, -errno);
    else
        walk->sealed++;
}

/* Where a walk stands: base is the uppermost directory that is the owner's, -1 above it. */
struct place {
    int dir, base;
    unsigned depth;
};

static void remove_all(struct walk *walk, const struct place *place);

/* Remove a directory that holds something. */
static void remove_full(struct walk *walk, const struct place *place, const char *name)
{
    CLEANUP(close_fd) int dir = walk_open(walk, place->dir, name);
    const struct place inner = {.dir = dir, .base = place->base < 0 ? dir : place->base, .depth = place->depth + 1};
    uint64_t before;

    if (dir < 0)
        return;
    do { /* again: for what was moved up to here, and where a file system lists badly what changes meanwhile */
        before = walk->changes;
        remove_all(walk, &inner);
        if (unlinkat(place->dir, name, AT_REMOVEDIR) == 0) {
            walk->changes++;
            return;
        }
        if (errno != ENOTEMPTY && errno != EEXIST)
            walk_note(walk, -errno);
    } while (walk->error == 0 && walk->changes != before);
    if (walk->error == 0)
        seal(walk, dir);
}

/* Like the uppermost one: root's, and everybody may put files there (/tmp/.X11-unix). */
static int is_shared(const struct stat *st)
{
    return S_ISDIR(st->st_mode) && st->st_uid == 0 && (st->st_mode & S_IWOTH) && (st->st_mode & S_ISVTX);
}

static void enter_shared(struct walk *walk, const struct place *place, const char *name)
{
    CLEANUP(close_fd) int dir = openat(place->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const struct place inner = {.dir = dir, .base = -1, .depth = place->depth + 1};
    struct stat outer_st, st;

    if (dir < 0 || fstat(place->dir, &outer_st) < 0 || fstat(dir, &st) < 0)
        walk_note(walk, -errno);
    else if (is_shared(&st) && st.st_dev == outer_st.st_dev)
        remove_all(walk, &inner);
}

static void remove_name(struct walk *walk, const struct place *place, const char *name)
{
    struct stat st;

    if (fstatat(place->dir, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0) {
        if (errno != ENOENT && place->base >= 0) /* above, it may be anybody's: a FUSE mount */
            walk_note(walk, -errno);
        return;
    }
    if (!is_owners(walk, &st)) {
        if (is_shared(&st) && place->base < 0 && place->depth < DEPTH_MAX)
            enter_shared(walk, place, name);
        return;
    }
    /* Who still has it open could go on running it as the owner. Nobody can exchange it (leftovers_walk.h). */
    if (S_ISREG(st.st_mode) && (st.st_mode & (S_ISUID | S_ISGID)) && fchmodat(place->dir, name, 0, 0) < 0)
        walk_note(walk, -errno);
    if (unlinkat(place->dir, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) == 0) {
        walk->changes++;
        return;
    }
    if (!S_ISDIR(st.st_mode) || (errno != ENOTEMPTY && errno != EEXIST)) /* EBUSY: a mount point */
        walk_note(walk, -errno);
    else if (place->depth >= DEPTH_MAX)
        move_up(walk, place->dir, place->base, name);
    else
        remove_full(walk, place, name);
}

struct listing {
    struct walk *walk;
    const struct place *place;
};

static int remove_listed(int dir, const char *name, void *arg)
{
    const struct listing *listing = arg;

    (void)dir;
    if (walk_late(listing->walk))
        return -EAGAIN;
    remove_name(listing->walk, listing->place, name);
    return 0;
}

static void remove_all(struct walk *walk, const struct place *place)
{
    struct listing listing = {walk, place};
    int r = state_names_each(place->dir, remove_listed, &listing);

    if (r < 0)
        walk_note(walk, r);
}

void walk_directory(struct walk *walk, int dir)
{
    remove_all(walk, &(struct place){.dir = dir, .base = -1});
}

void walk_name(struct walk *walk, int dir, const char *name)
{
    remove_name(walk, &(struct place){.dir = dir, .base = -1}, name);
}
