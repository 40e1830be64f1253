#include "judge/task.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fields.h"
#include "core/files.h"
#include "core/names.h"
#include "core/text.h"
#include "judge/grant.h"
#include "judge/state_dir.h"

#define TASK_TEXT_MAX (3 * (TASK_MAX + ISS_MAX) + 256)
#define REPLAY_MAX 1000 /* places of one credential */

static int put_state(enum access access, int durable, const char *key, const char *text, size_t len)
{
    CLEANUP(close_fd) int dir = -1;
    int r = durable ? state_durable_dir(access, "task", &dir) : state_run_dir(access, "task", NULL, NULL, &dir);

    return r < 0 ? r : file_replace_at(dir, key, 0600, text, len, durable);
}

int task_complete(const char *iss, const char *task, int64_t now, int *ret_durable)
{
    char key[STATE_KEY_SIZE], text[TASK_TEXT_MAX];
    struct fields_writer w;
    size_t len;
    int r, durable;

    fields_begin(&w, text, sizeof text);
    fields_put(&w, "state", "completed");
    fields_put(&w, "iss", iss);
    fields_put(&w, "task", task);
    fields_put_u64(&w, "since", (uint64_t)now);
    r = fields_end(&w, &len);
    if (r < 0)
        return r;
    state_key(iss, task, key);
    r = put_state(MAKE, 0, key, text, len);
    durable = put_state(MAKE, 1, key, text, len) == 0;
    if (r < 0 && !durable)
        return r;
    *ret_durable = durable;
    return 0;
}

/* 1 completed, 0 nothing known, -errno. */
static int read_state(int dir, const char *key)
{
    char text[TASK_TEXT_MAX];
    const char *name, *value;
    struct fields fields;
    size_t len;
    int r = file_read_at(dir, key, text, sizeof text, &len);

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    r = fields_open(&fields, text, len);
    while (r == 0 && (r = fields_next(&fields, &name, &value)) > 0) {
        if (strcmp(name, "state") == 0)
            return strcmp(value, "completed") == 0 ? 1 : -EBADMSG;
        r = 0;
    }
    return r < 0 ? r : -EBADMSG;
}

int task_is_completed(const char *iss, const char *task, int *ret_completed)
{
    CLEANUP(close_fd) int run = -1;
    CLEANUP(close_fd) int durable = -1;
    char key[STATE_KEY_SIZE];
    int r, state = 0;

    state_key(iss, task, key);
    r = state_run_dir(FIND, "task", NULL, NULL, &run);
    if (r == 0)
        state = read_state(run, key);
    else if (r != -ENOENT)
        return r;
    if (state == 0) {
        r = state_durable_dir(FIND, "task", &durable);
        if (r == 0)
            state = read_state(durable, key);
        else if (r != -ENOENT)
            return r;
    }
    if (state < 0)
        return state;
    *ret_completed = state;
    return 0;
}

static int place_name(char *buf, size_t cap, uint32_t place)
{
    return text_format(buf, cap, "%u", (unsigned)place);
}

int replay_count(const char *iss, const char *jti, uint32_t *ret_count)
{
    CLEANUP(close_fd) int dir = -1;
    char key[STATE_KEY_SIZE], name[16];
    uint32_t count = 0;
    struct stat st;
    int r;

    state_key(iss, jti, key);
    r = state_run_dir(FIND, "replay", key, NULL, &dir);
    if (r < 0 && r != -ENOENT)
        return r;
    while (r == 0 && count < REPLAY_MAX && place_name(name, sizeof name, count) == 0) {
        if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            if (errno != ENOENT)
                return -errno;
            break;
        }
        count++;
    }
    *ret_count = count;
    return 0;
}

int replay_take(const char *iss, const char *jti, uint32_t max)
{
    CLEANUP(close_fd) int dir = -1;
    char key[STATE_KEY_SIZE], name[16];
    int r;

    state_key(iss, jti, key);
    r = state_run_dir(MAKE, "replay", key, NULL, &dir);
    for (uint32_t place = 0; r == 0 && place < max && place < REPLAY_MAX; place++) {
        r = place_name(name, sizeof name, place);
        if (r == 0)
            r = file_create_at(dir, name, 0600, "", 0);
        if (r != -EEXIST)
            return r;
        r = 0;
    }
    return r < 0 ? r : -EUSERS;
}
