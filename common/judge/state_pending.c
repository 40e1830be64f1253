#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/files.h"
#include "core/text.h"
#include "judge/state.h"
#include "judge/state_dir.h"
#include "judge/state_file.h"

static void put(struct fields_writer *w, const void *object)
{
    const struct pending *pending = object;

    fields_put_u64(w, "made", (uint64_t)pending->made);
    grant_write(w, &pending->grant);
}

static int take(void *object, const char *key, const char *value)
{
    struct pending *pending = object;

    return strcmp(key, "made") == 0 ? state_take_i64(&pending->made, value) : grant_field(&pending->grant, key, value);
}

static int complete(const void *object)
{
    const struct pending *pending = object;

    return grant_complete(&pending->grant);
}

static const struct state_format format = {.put = put, .take = take, .complete = complete};

static int pending_name(char *buf, size_t cap, pid_t pid, uint64_t start)
{
    return text_format(buf, cap, "%ld-%llu", (long)pid, (unsigned long long)start);
}

static int remove_if_old(int dir, const char *name, void *arg)
{
    const int64_t *oldest = arg;
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_mtime < *oldest)
        (void)unlinkat(dir, name, 0);
    return 0;
}

int pending_put(pid_t pid, uint64_t start, const struct pending *pending)
{
    CLEANUP(close_fd) int dir = -1;
    int64_t oldest = clock_wall_seconds() - 2 * PENDING_SECONDS;
    char name[64];
    int r = pending_name(name, sizeof name, pid, start);

    if (r == 0)
        r = state_run_dir(MAKE, "pending", NULL, NULL, &dir);
    if (r < 0)
        return r;
    (void)!state_names_each(dir, remove_if_old, &oldest); /* what nobody took */
    return state_replace(dir, name, &format, pending, 0);
}

static int pending_read(int dir, const char *name, struct pending *ret)
{
    int64_t age;
    int r;

    memset(ret, 0, sizeof *ret);
    r = state_read(dir, name, &format, ret);
    if (r < 0)
        return r;
    age = clock_boot_ms() - ret->made;
    return age < 0 || age > PENDING_SECONDS * 1000 ? -ENOENT : 0;
}

int pending_get(pid_t pid, uint64_t start, struct pending *ret)
{
    CLEANUP(close_fd) int dir = -1;
    char name[64];
    int r = pending_name(name, sizeof name, pid, start);

    if (r == 0)
        r = state_run_dir(FIND, "pending", NULL, NULL, &dir);
    return r < 0 ? r : pending_read(dir, name, ret);
}

int pending_take(pid_t pid, uint64_t start, struct pending *ret)
{
    CLEANUP(close_fd) int dir = -1;
    char name[64], mine[80];
    int r = pending_name(name, sizeof name, pid, start);

    if (r == 0)
        r = state_run_dir(FIND, "pending", NULL, NULL, &dir);
    if (r == 0)
        r = text_format(mine, sizeof mine, ".taken-%s-%ld", name, (long)getpid());
    if (r < 0)
        return r;
    if (renameat(dir, name, dir, mine) < 0) /* of two that take it, one gets it */
        return -errno;
    r = pending_read(dir, mine, ret);
    (void)unlinkat(dir, mine, 0);
    return r;
}
