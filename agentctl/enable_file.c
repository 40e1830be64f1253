#include "agentctl/enable_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"

static int read_text(int fd, size_t size, char **ret_text)
{
    char *text = malloc(size + 1);
    size_t len = 0;
    ssize_t n = 1;

    if (!text)
        return -ENOMEM;
    while (len < size && ((n = read(fd, text + len, size - len)) > 0 || (n < 0 && errno == EINTR)))
        len += n > 0 ? (size_t)n : 0;
    text[len] = '\0';
    if (n < 0 || len != size || strlen(text) != len) {
        free(text);
        return n < 0 ? -EIO : -EBADMSG;
    }
    *ret_text = text;
    return 0;
}

int host_file_read(const char *path, struct host_file *ret)
{
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    memset(ret, 0, sizeof *ret);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if (st.st_size > HOST_FILE_MAX)
        return -EFBIG;
    ret->mode = st.st_mode & 07777;
    ret->uid = st.st_uid;
    ret->gid = st.st_gid;
    return read_text(fd, (size_t)st.st_size, &ret->text);
}

/* The new file under a name of its own, in the same directory. */
static int write_new(const char *name, const struct host_file *file)
{
    CLEANUP(close_fd) int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r;

    if (fd < 0)
        return -errno;
    r = write_all(fd, file->text, strlen(file->text));
    if (r == 0 && (fchown(fd, file->uid, file->gid) < 0 || fchmod(fd, file->mode) < 0 || fsync(fd) < 0))
        r = -errno;
    if (r < 0)
        unlink(name);
    return r;
}

static int sync_parent(const char *path)
{
    CLEANUP(close_fd) int fd = -1;
    char dir[512];

    if (text_format(dir, sizeof dir, "%.*s", (int)(strrchr(path, '/') - path), path) < 0)
        return -ENAMETOOLONG;
    fd = open(dir[0] ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int host_file_write(const char *path, const struct host_file *file)
{
    char *target = realpath(path, NULL), name[512];
    int r = target ? 0 : errno == ENOENT ? 0 : -errno;

    if (r == 0 && !file->text) {
        r = unlink(path) < 0 && errno != ENOENT ? -errno : 0;
    } else if (r == 0) {
        /* No name that run-parts, sshd's Include, sudo or PAM would read. */
        r = text_format(name, sizeof name, "%s.pam_agent-new~", target ? target : path);
        if (r == 0) {
            unlink(name);
            r = write_new(name, file);
        }
        if (r == 0 && rename(name, target ? target : path) < 0) {
            r = -errno;
            unlink(name);
        }
    }
    if (r == 0)
        r = sync_parent(target ? target : path);
    free(target);
    return r;
}

int host_file_equal(const struct host_file *a, const struct host_file *b)
{
    if (!a->text || !b->text)
        return a->text == b->text;
    return !strcmp(a->text, b->text) && a->mode == b->mode && a->uid == b->uid && a->gid == b->gid;
}

void host_file_clear(struct host_file *file)
{
    free(file->text);
    file->text = NULL;
}
