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

static int is_taken(int dir, uint32_t place)
{
    char name[TEXT_DECIMAL_MAX + 1];
    struct stat st;

    text_decimal(name, place);
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return 1;
    return errno == ENOENT ? 0 : -errno;
}

/* Places are taken in order, and removed all together (state_expire.c): the first free one is searched for, not counted up to. */
static int count_taken(int dir, uint32_t *ret_count)
{
    uint32_t taken = 0, vacant = PLACES_MAX; /* as many are, at least; the first that is not, at most */
    uint32_t place = 0;
    int r = 0;

    while (r >= 0 && taken < vacant) {
        r = is_taken(dir, place);
        if (r > 0)
            taken = place + 1;
        else
            vacant = place;
        place = 2 * taken < vacant ? 2 * taken : taken + (vacant - taken) / 2; /* most are used once or twice */
    }
    *ret_count = taken;
    return r < 0 ? r : 0;
}

int replay_count(const char *iss, const char *jti, uint32_t *ret_count)
{
    CLEANUP(close_fd) int dir = -1;
    char key[STATE_KEY_SIZE];
    int r;

    state_key(iss, jti, key);
    *ret_count = 0;
    r = state_run_dir(FIND, "replay", key, NULL, &dir);
    if (r == 0)
        r = count_taken(dir, ret_count);
    return r == -ENOENT ? 0 : r;
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
    uint32_t place = 0;
    int r = state_run_dir(MAKE, "replay", key, NULL, &dir);

    if (r == 0)
        r = count_taken(dir, &place);
    text_decimal(made, (uint64_t)clock_boot_ms());
    for (; r == 0 && place < max && place < PLACES_MAX; place++) {
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
