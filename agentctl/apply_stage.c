#include "agentctl/apply_stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"

#define COMPARE_SIZE 65536

int stage_begin(struct stage *stage, int dir, const char *name, mode_t mode)
{
    unsigned char random[8];
    char hex[2 * sizeof random + 1];
    int r = random_bytes(random, sizeof random);

    if (r < 0)
        return r;
    text_hex(hex, random, sizeof random);
    *stage = (struct stage){.dir = dir, .name = name, .fd = -1, .mode = mode};
    r = text_format(stage->hidden, sizeof stage->hidden, STAGE_PREFIX "%s", hex);
    if (r < 0)
        return r;
    stage->fd = openat(dir, stage->hidden, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return stage->fd < 0 ? -errno : 0;
}

int stage_write(struct stage *stage, const void *data, size_t len)
{
    return write_all(stage->fd, data, len);
}

static ssize_t read_full(int fd, char *buf, size_t len, off_t at)
{
    size_t have = 0;

    while (have < len) {
        ssize_t n = pread(fd, buf + have, len - have, at + (off_t)have);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

static int same_bytes(int a, int b, off_t size)
{
    char left[COMPARE_SIZE], right[COMPARE_SIZE];

    for (off_t at = 0; at < size; at += COMPARE_SIZE) {
        ssize_t n = read_full(a, left, sizeof left, at), m = read_full(b, right, sizeof right, at);

        if (n <= 0 || n != m || memcmp(left, right, (size_t)n) != 0)
            return 0;
    }
    return 1;
}

int stage_is_same(const struct stage *stage)
{
    CLEANUP(close_fd) int there = openat(stage->dir, stage->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat ours, theirs;

    if (there < 0 || fstat(there, &theirs) < 0 || fstat(stage->fd, &ours) < 0)
        return 0;
    return S_ISREG(theirs.st_mode) && theirs.st_uid == ours.st_uid && (theirs.st_mode & 07777) == stage->mode &&
           theirs.st_size == ours.st_size && same_bytes(stage->fd, there, ours.st_size);
}

int stage_finish(struct stage *stage)
{
    return fchmod(stage->fd, stage->mode) < 0 || fsync(stage->fd) < 0 ? -errno : 0;
}

int stage_commit(struct stage *stage)
{
    if (renameat(stage->dir, stage->hidden, stage->dir, stage->name) < 0)
        return -errno;
    close_fd(&stage->fd);
    stage->fd = -1;
    return fsync(stage->dir) < 0 ? -errno : 0;
}

void stage_drop(struct stage *stage)
{
    if (stage->fd < 0)
        return;
    (void)unlinkat(stage->dir, stage->hidden, 0);
    close_fd(&stage->fd);
    stage->fd = -1;
}

void stage_sweep(int dir)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!list) {
        close_fd(&fd);
        return;
    }
    while ((entry = readdir(list)))
        if (text_starts_with(entry->d_name, STAGE_PREFIX))
            (void)unlinkat(dir, entry->d_name, 0);
    closedir(list);
}
