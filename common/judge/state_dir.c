#include "judge/state_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sha256.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"

#define LOCK_TRIES 100
#define LOCK_WAIT_MS 10

/* Go down from fd, which is closed; a NULL name stays. */
static int descend(enum access access, int fd, const char *name, int *ret_fd)
{
    int next = -1, r;

    if (!name) {
        *ret_fd = fd;
        return 0;
    }
    r = access == MAKE ? dir_make_at(fd, name, 0700, &next) : dir_open_at(fd, name, &next);
    close(fd);
    if (r == 0)
        *ret_fd = next;
    return r;
}

int state_run_dir(enum access access, const char *a, const char *b, const char *c, int *ret_fd)
{
    const char *const names[] = {a, b, c};
    int fd, r = access == MAKE ? dir_make(PATH_RUN, 0711, &fd) : dir_open(PATH_RUN, &fd);

    for (size_t i = 0; r == 0 && i < COUNT_OF(names); i++)
        r = descend(access, fd, names[i], &fd);
    if (r == 0)
        *ret_fd = fd;
    return r;
}

int state_durable_dir(enum access access, const char *a, const char *b, int *ret_fd)
{
    int fd, r = access == MAKE ? dir_make(PATH_STATE, 0700, &fd) : dir_open(PATH_STATE, &fd);

    if (r == 0)
        r = descend(access, fd, a, &fd);
    return r < 0 ? r : descend(access, fd, b, ret_fd);
}

int state_names_each(int dir, state_name_fn fn, void *arg)
{
    int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0; /* an offset of its own */
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *entry;

    if (!stream) {
        r = -errno;
        close_fd(&copy);
        return r;
    }
    while (r == 0 && (errno = 0, entry = readdir(stream)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = fn(dir, entry->d_name, arg);
    if (r == 0)
        r = -errno; /* a list that ends early is no list */
    closedir(stream);
    return r;
}

int state_lock(int dir)
{
    for (int tries = 0; flock(dir, LOCK_EX | LOCK_NB) < 0; tries++) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -errno;
        if (tries == LOCK_TRIES)
            return -ETIMEDOUT;
        (void)poll(NULL, 0, LOCK_WAIT_MS);
    }
    return 0;
}

void state_key(const char *first, const char *second, char key[STATE_KEY_SIZE])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA2_CTX ctx;

    SHA256Init(&ctx);
    SHA256Update(&ctx, (const uint8_t *)first, strlen(first) + 1);
    SHA256Update(&ctx, (const uint8_t *)second, strlen(second) + 1);
    SHA256Final(digest, &ctx);
    text_hex(key, digest, sizeof digest);
}

int state_key_valid(const char *name)
{
    return strlen(name) == STATE_KEY_SIZE - 1 && strspn(name, "0123456789abcdef") == STATE_KEY_SIZE - 1;
}
