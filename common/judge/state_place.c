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
            return 0;
        }
        if (r == -EEXIST)
            r = 0;
    }
    return r < 0 ? r : -EUSERS;
}

void place_release(const struct session *session)
{
    CLEANUP(close_fd) int dir = -1;
    char name[TEXT_DECIMAL_MAX + 1];
    session_id holder;

    if (session->place == 0 || places_of(FIND, session->grant.uid, &dir) < 0)
        return;
    text_decimal(name, session->place);
    if (holder_of(dir, name, holder) == 0 && strcmp(holder, session->id) == 0)
        (void)unlinkat(dir, name, 0);
}
