#include "core/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/text.h"

void close_fd(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    errno = saved;
}

static int is_trusted(const struct stat *st, mode_t kind, uid_t owner)
{
    return (st->st_mode & S_IFMT) == kind && (st->st_uid == 0 || st->st_uid == owner) &&
           !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int judged(int fd, mode_t kind, uid_t owner, int *ret_fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0) {
        int error = -errno;

        close(fd);
        return error;
    }
    if (!is_trusted(&st, kind, owner)) {
        close(fd);
        return -EPERM;
    }
    *ret_fd = fd;
    return 0;
}

int dir_open_of(int dir, const char *name, uid_t owner, int *ret_fd)
{
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    /* A link gives ENOTDIR or ELOOP, by kernel version. */
    return fd < 0 ? -errno : judged(fd, S_IFDIR, owner, ret_fd);
}

int dir_open_at(int dir, const char *name, int *ret_fd)
{
    return dir_open_of(dir, name, 0, ret_fd);
}

int dir_open(const char *path, int *ret_fd)
{
    return dir_open_at(AT_FDCWD, path, ret_fd);
}

int dir_open_below(const char *const *paths, int *ret_fd)
{
    struct stat st;

    for (; paths[1]; paths++) {
        if (lstat(paths[0], &st) < 0)
            return -errno;
        if (!is_trusted(&st, S_IFDIR, 0))
            return -EPERM;
    }
    return dir_open(paths[0], ret_fd);
}

int dir_make_at(int dir, const char *name, mode_t mode, int *ret_fd)
{
    int fd, r;

    if (mkdirat(dir, name, mode) < 0)
        return errno == EEXIST ? dir_open_at(dir, name, ret_fd) : -errno;
    r = dir_open_at(dir, name, &fd);
    if (r < 0)
        return r;
    /* The umask is the caller's; what is synced below stays. */
    if (fchmod(fd, mode) < 0 || (dir >= 0 && fsync(dir) < 0)) {
        r = -errno;
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

int dir_make(const char *path, mode_t mode, int *ret_fd)
{
    return dir_make_at(AT_FDCWD, path, mode, ret_fd);
}

int file_open_of(int dir, const char *name, uid_t owner, int *ret_fd)
{
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    return fd < 0 ? -errno : judged(fd, S_IFREG, owner, ret_fd);
}

int file_open_at(int dir, const char *name, int *ret_fd)
{
    return file_open_of(dir, name, 0, ret_fd);
}

int file_open(const char *path, int *ret_fd)
{
    return file_open_at(AT_FDCWD, path, ret_fd);
}

int file_stamp_of(const char *path, struct file_stamp *ret)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return -errno;
    memset(ret, 0, sizeof *ret); /* compared whole */
    ret->device = st.st_dev;
    ret->inode = st.st_ino;
    ret->size = st.st_size;
    ret->changed = st.st_ctim;
    return 0;
}

int file_stamp_same(const struct file_stamp *a, const struct file_stamp *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

int file_read(int fd, char *buf, size_t cap, size_t *ret_len)
{
    size_t len = 0;

    while (len < cap) {
        ssize_t n = read(fd, buf + len, cap - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0) {
            buf[len] = '\0';
            *ret_len = len;
            return 0;
        }
        len += (size_t)n;
    }
    return -EFBIG;
}

int file_read_at(int dir, const char *name, char *buf, size_t cap, size_t *ret_len)
{
    CLEANUP(close_fd) int fd = -1;
    int r = file_open_at(dir, name, &fd);

    return r < 0 ? r : file_read(fd, buf, cap, ret_len);
}

int write_all(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Write a complete file under a name that nobody else uses and that no reader looks at. */
static int write_hidden(int dir, char *name, size_t cap, mode_t mode, const void *data, size_t len, int durable)
{
    CLEANUP(close_fd) int fd = -1;
    unsigned char random[8];
    char hex[2 * sizeof random + 1];
    int r = random_bytes(random, sizeof random);

    if (r < 0)
        return r;
    text_hex(hex, random, sizeof random);
    r = text_format(name, cap, ".new-%s", hex);
    if (r < 0)
        return r;
    fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    r = write_all(fd, data, len);
    if (r == 0 && (fchmod(fd, mode) < 0 || (durable && fsync(fd) < 0)))
        r = -errno;
    if (r < 0)
        (void)unlinkat(dir, name, 0);
    return r;
}

int file_create_at(int dir, const char *name, mode_t mode, const void *data, size_t len)
{
    char hidden[32];
    int r = write_hidden(dir, hidden, sizeof hidden, mode, data, len, 0);

    if (r < 0)
        return r;
    if (linkat(dir, hidden, dir, name, 0) < 0)
        r = -errno;
    (void)unlinkat(dir, hidden, 0);
    return r;
}

int file_replace_at(int dir, const char *name, mode_t mode, const void *data, size_t len, int durable)
{
    char hidden[32];
    int r = write_hidden(dir, hidden, sizeof hidden, mode, data, len, durable);

    if (r < 0)
        return r;
    if (renameat(dir, hidden, dir, name) < 0) {
        r = -errno;
        (void)unlinkat(dir, hidden, 0);
        return r;
    }
    return durable && fsync(dir) < 0 ? -errno : 0;
}

int random_bytes(void *buf, size_t len)
{
    /* The system call, since glibc has a wrapper from 2.25 on only. Up to 256 bytes come whole (getrandom(2)). */
    long n = syscall(SYS_getrandom, buf, len, 0);

    if (n < 0 && errno == ENOSYS) { /* before Linux 3.17 */
        CLEANUP(close_fd) int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC | O_NOCTTY);

        if (fd < 0)
            return -errno;
        n = read(fd, buf, len);
    }
    if (n < 0)
        return -errno;
    return (size_t)n == len ? 0 : -EIO;
}
