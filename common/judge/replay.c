#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/clock.h"
#include "core/files.h"
#include "core/text.h"
#include "judge/state_dir.h"
#include "judge/task.h"

#define PLACES_MAX 1000 /* of one credential */
#define TRIES 100       /* to meet the directory between its making and its removal by state_expire() */

int replay_count(const char *iss, const char *jti, uint32_t *ret_count)
{
    CLEANUP(close_fd) int dir = -1;
    char key[STATE_KEY_SIZE], name[TEXT_DECIMAL_MAX + 1];
    uint32_t count = 0;
    struct stat st;
    int r;

    state_key(iss, jti, key);
    r = state_run_dir(FIND, "replay", key, NULL, &dir);
    if (r < 0 && r != -ENOENT)
        return r;
    for (; r == 0 && count < PLACES_MAX; count++) {
        text_decimal(name, count);
        if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            continue;
        if (errno != ENOENT)
            return -errno;
        break;
    }
    *ret_count = count;
    return 0;
}

int replay_logins(const struct grant *grant, uint32_t *ret_logins)
{
    uint32_t once = 0;
    int r = replay_count(grant->iss, grant->jti, ret_logins);

    if (r == 0 && grant->voucher.once)
        r = replay_count(grant->voucher.iss, grant->voucher.jti, &once);
    if (once)
        *ret_logins = UINT32_MAX;
    return r;
}

static int take_one(const char *key, uint32_t max)
{
    CLEANUP(close_fd) int dir = -1;
    char name[TEXT_DECIMAL_MAX + 1], made[TEXT_DECIMAL_MAX + 1];
    int r = state_run_dir(MAKE, "replay", key, NULL, &dir);

    text_decimal(made, (uint64_t)clock_boot_ms());
    for (uint32_t place = 0; r == 0 && place < max && place < PLACES_MAX; place++) {
        text_decimal(name, place);
        r = file_create_at(dir, name, 0600, made, strlen(made));
        if (r != -EEXIST)
            return r;
        r = 0;
    }
    return r < 0 ? r : -EUSERS;
}

int replay_take(const char *iss, const char *jti, uint32_t max)
{
    char key[STATE_KEY_SIZE];
    int r = -ENOENT;

    state_key(iss, jti, key);
    for (int tries = 0; r == -ENOENT && tries < TRIES; tries++)
        r = take_one(key, max);
    return r;
}
