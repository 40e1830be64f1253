#include "judge/state_place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/files.h"
#include "core/text.h"
#include "judge/state_dir.h"

#define UNPUBLISHED_SECONDS 10 /* a gate publishes its session within this, or is dead */

static int places_of(enum access access, uid_t uid, int *ret_dir)
{
    char name[TEXT_DECIMAL_MAX + 1];

    text_decimal(name, uid);
    return state_run_dir(access, "place", name, NULL, ret_dir);
}

/* The ID that a place holds; "" when it is no ID. */
static int holder_of(int dir, const char *place, session_id ret)
{
    char text[SESSION_ID_LENGTH + 2];
    size_t len;
    int r = file_read_at(dir, place, text, sizeof text, &len);

    if (r < 0 && r != -EFBIG)
        return r;
    strcpy(ret, r == 0 && session_id_valid(text) ? text : "");
    return 0;
}

/* 1, 0 or -errno. name: of the place. */
static int holds(const struct session *session, int *ret_dir, char name[TEXT_DECIMAL_MAX + 1])
{
    session_id holder;
    int r = places_of(FIND, session->grant.uid, ret_dir);

    text_decimal(name, session->place);
    if (r == 0)
        r = holder_of(*ret_dir, name, holder);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    return strcmp(holder, session->id) == 0;
}

int place_held(const struct session *session)
{
    CLEANUP(close_fd) int dir = -1;
    char name[TEXT_DECIMAL_MAX + 1];

    return session->place == 0 ? 1 : holds(session, &dir, name);
}

void place_release(const struct session *session)
{
    CLEANUP(close_fd) int dir = -1;
    char name[TEXT_DECIMAL_MAX + 1];

    if (session->place != 0 && holds(session, &dir, name) > 0)
        (void)unlinkat(dir, name, 0);
}

/* Did a dead gate leave it: old, and of no session? 1, 0 or -errno. */
static int is_left(int dir, const char *place)
{
    session_id holder;
    struct stat st;
    int r;

    if (fstatat(dir, place, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    r = holder_of(dir, place, holder);
    if (r < 0)
        return r;
    if (clock_wall_seconds() - st.st_mtime <= UNPUBLISHED_SECONDS)
        return 0;
    r = holder[0] ? session_exists(holder) : 0;
    return r < 0 ? r : !r;
}

/* -EEXIST: the place is another's. */
static int take(int dir, const char *place, const char *id)
{
    int r = file_create_at(dir, place, 0600, id, SESSION_ID_LENGTH);

    if (r != -EEXIST)
        return r;
    r = is_left(dir, place);
    if (r <= 0)
        return r < 0 && r != -ENOENT ? r : -EEXIST;
    /* Of those who found it left, the first to have the lock gets it; the others look again. */
    r = state_lock(dir);
    if (r < 0)
        return r;
    r = is_left(dir, place);
    if (r > 0)
        r = file_replace_at(dir, place, 0600, id, SESSION_ID_LENGTH, 0);
    else if (r == 0 || r == -ENOENT)
        r = -EEXIST;
    (void)flock(dir, LOCK_UN);
    return r;
}

/* --- places beyond max: of sessions that were opened when it was higher --- */

struct count {
    uint32_t max, beyond, held;
};

static int count_beyond(int dir, const char *name, void *arg)
{
    struct count *count = arg;
    uint64_t place;

    (void)dir;
    count->beyond += text_u64(name, UINT32_MAX, &place) == 0 && place > count->max;
    return 0;
}

static int count_held(int dir, const char *name, void *arg)
{
    struct count *count = arg;
    uint64_t place;
    int left = text_u64(name, UINT32_MAX, &place) == 0 ? is_left(dir, name) : 1;

    count->held += left == 0;
    return left == -ENOENT ? 0 : left < 0 ? left : 0;
}

/* 1, 0 or -errno. */
static int are_too_many(int dir, uint32_t max)
{
    struct count count = {.max = max};
    int r = state_names_each(dir, count_beyond, &count);

    if (r == 0 && count.beyond > 0)
        r = state_names_each(dir, count_held, &count);
    return r < 0 ? r : count.held > max;
}

static int keep_place(int dir, struct session *session, uint32_t max)
{
    int r = are_too_many(dir, max);

    if (r == 0)
        return 0;
    place_release(session);
    session->place = 0;
    return r < 0 ? r : -EUSERS;
}

int session_take_place(struct session *session, uint32_t max)
{
    CLEANUP(close_fd) int dir = -1;
    int r = places_of(MAKE, session->grant.uid, &dir);

    for (uint32_t place = 1; r == 0 && place <= max; place++) {
        char name[TEXT_DECIMAL_MAX + 1];

        text_decimal(name, place);
        r = take(dir, name, session->id);
        if (r == 0) {
            session->place = place;
            return keep_place(dir, session, max);
        }
        if (r == -EEXIST)
            r = 0;
    }
    return r < 0 ? r : -EUSERS;
}
