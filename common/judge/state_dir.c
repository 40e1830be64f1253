#include "judge/state_dir.h"

#include <sha256.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"

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

int state_durable_dir(enum access access, const char *name, int *ret_fd)
{
    int fd, r = access == MAKE ? dir_make(PATH_STATE, 0700, &fd) : dir_open(PATH_STATE, &fd);

    return r < 0 ? r : descend(access, fd, name, ret_fd);
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
