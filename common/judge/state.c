#include "judge/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/proc.h"
#include "core/text.h"
#include "judge/state_dir.h"

#define RECORD_TEXT_MAX (4 * SCOPE_MAX) /* a scope, escaped, and the rest */

/* --- records --- */

typedef int (*field_fn)(void *object, const char *key, const char *value);

static int read_record(int dir, const char *name, field_fn take, void *object)
{
    char *text = malloc(RECORD_TEXT_MAX);
    const char *key, *value;
    struct fields fields;
    size_t len;
    int r = text ? file_read_at(dir, name, text, RECORD_TEXT_MAX, &len) : -ENOMEM;

    if (r == 0)
        r = fields_open(&fields, text, len);
    while (r == 0 && (r = fields_next(&fields, &key, &value)) > 0) {
        r = take(object, key, value);
        r = r < 0 ? r : r == 0 ? -EBADMSG : 0; /* a key that is not understood is not skipped */
    }
    free(text);
    return r;
}

typedef void (*write_fn)(struct fields_writer *w, const void *object);
typedef int (*publish_fn)(int dir, const char *name, const char *text, size_t len);

static int write_record(int dir, const char *name, write_fn write, publish_fn publish, const void *object)
{
    char *text = malloc(RECORD_TEXT_MAX);
    struct fields_writer w;
    size_t len;
    int r;

    if (!text)
        return -ENOMEM;
    fields_begin(&w, text, RECORD_TEXT_MAX);
    write(&w, object);
    r = fields_end(&w, &len);
    if (r == 0)
        r = publish(dir, name, text, len);
    free(text);
    return r;
}

static int publish_new(int dir, const char *name, const char *text, size_t len)
{
    return file_create_at(dir, name, 0600, text, len);
}

static int publish_over(int dir, const char *name, const char *text, size_t len)
{
    return file_replace_at(dir, name, 0600, text, len, 0);
}

static int number_field(int64_t *number, const char *value)
{
    return text_i64(value, number) < 0 ? -EBADMSG : 1;
}

/* --- pending logins --- */

static int pending_name(char *buf, size_t cap, pid_t pid, uint64_t start)
{
    return text_format(buf, cap, "%ld-%llu", (long)pid, (unsigned long long)start);
}

static void write_pending(struct fields_writer *w, const void *object)
{
    const struct pending *pending = object;

    fields_put_u64(w, "made", (uint64_t)pending->made);
    grant_write(w, &pending->grant);
}

static int pending_field(void *object, const char *key, const char *value)
{
    struct pending *pending = object;

    if (strcmp(key, "made") == 0)
        return number_field(&pending->made, value);
    return grant_field(&pending->grant, key, value);
}

/* What nobody took is removed by the next login. */
static void remove_old(int dir)
{
    int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    int64_t oldest = clock_wall_seconds() - 2 * PENDING_SECONDS;
    struct dirent *entry;
    struct stat st;

    if (!stream) {
        close_fd(&copy);
        return;
    }
    while ((entry = readdir(stream)))
        if (fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_mtime < oldest)
            (void)unlinkat(dir, entry->d_name, 0);
    closedir(stream);
}

int pending_put(pid_t pid, uint64_t start, const struct pending *pending)
{
    CLEANUP(close_fd) int dir = -1;
    char name[64];
    int r = pending_name(name, sizeof name, pid, start);

    if (r == 0)
        r = state_run_dir(MAKE, "pending", NULL, NULL, &dir);
    if (r < 0)
        return r;
    remove_old(dir);
    return write_record(dir, name, write_pending, publish_over, pending);
}

static int pending_read(int dir, const char *name, struct pending *ret)
{
    int64_t age;
    int r;

    memset(ret, 0, sizeof *ret);
    r = read_record(dir, name, pending_field, ret);
    if (r < 0)
        return r;
    age = clock_boot_ms() - ret->made;
    if (!grant_complete(&ret->grant))
        return -EBADMSG;
    return age < 0 || age > PENDING_SECONDS * 1000 ? -ENOENT : 0;
}

int pending_get(pid_t pid, uint64_t start, struct pending *ret)
{
    CLEANUP(close_fd) int dir = -1;
    char name[64];
    int r = pending_name(name, sizeof name, pid, start);

    if (r == 0)
        r = state_run_dir(FIND, "pending", NULL, NULL, &dir);
    return r < 0 ? r : pending_read(dir, name, ret);
}

int pending_take(pid_t pid, uint64_t start, struct pending *ret)
{
    CLEANUP(close_fd) int dir = -1;
    char name[64], mine[80];
    int r = pending_name(name, sizeof name, pid, start);

    if (r == 0)
        r = state_run_dir(FIND, "pending", NULL, NULL, &dir);
    if (r == 0)
        r = text_format(mine, sizeof mine, ".taken-%s-%ld", name, (long)getpid());
    if (r < 0)
        return r;
    if (renameat(dir, name, dir, mine) < 0) /* of two that take it, one gets it */
        return -errno;
    r = pending_read(dir, mine, ret);
    (void)unlinkat(dir, mine, 0);
    return r;
}

/* --- sessions --- */

static void write_session(struct fields_writer *w, const void *object)
{
    const struct session *session = object;

    grant_write(w, &session->grant);
    fields_put_u64(w, "leader", (uint64_t)session->leader);
    fields_put_u64(w, "leader-start", session->leader_start);
    fields_put_u64(w, "audit", session->audit);
    fields_put_u64(w, "opened", (uint64_t)session->opened);
    fields_put_u64(w, "deadline", (uint64_t)session->deadline);
}

static int session_field(void *object, const char *key, const char *value)
{
    struct session *session = object;
    int64_t number;
    int r;

    if (strcmp(key, "opened") == 0)
        return number_field(&session->opened, value);
    if (strcmp(key, "deadline") == 0)
        return number_field(&session->deadline, value);
    if (strcmp(key, "leader") != 0 && strcmp(key, "leader-start") != 0 && strcmp(key, "audit") != 0)
        return grant_field(&session->grant, key, value);
    r = number_field(&number, value);
    if (strcmp(key, "leader") == 0)
        session->leader = (pid_t)number;
    else if (strcmp(key, "leader-start") == 0)
        session->leader_start = (uint64_t)number;
    else
        session->audit = (uint32_t)number;
    return r;
}

/* The two index directories a session stands in. */
static int index_dirs(enum access access, const struct session *session, int *ret_uid_dir, int *ret_task_dir)
{
    char uid[16], key[STATE_KEY_SIZE];
    int uid_dir, r = text_format(uid, sizeof uid, "%lu", (unsigned long)session->grant.uid);

    if (r == 0)
        r = state_run_dir(access, "by", "uid", uid, &uid_dir);
    if (r < 0)
        return r;
    state_key(session->grant.iss, session->grant.task, key);
    r = state_run_dir(access, "by", "task", key, ret_task_dir);
    if (r < 0)
        close(uid_dir);
    else
        *ret_uid_dir = uid_dir;
    return r;
}

int session_new_id(char id[SESSION_ID_LENGTH + 1])
{
    unsigned char random[SESSION_ID_LENGTH / 2];
    int r = random_bytes(random, sizeof random);

    if (r == 0)
        text_hex(id, random, sizeof random);
    return r;
}

int session_publish(const struct session *session)
{
    CLEANUP(close_fd) int dir = -1;
    CLEANUP(close_fd) int uid_dir = -1;
    CLEANUP(close_fd) int task_dir = -1;
    int r = state_run_dir(MAKE, "session", NULL, NULL, &dir);

    if (r == 0)
        r = index_dirs(MAKE, session, &uid_dir, &task_dir);
    if (r == 0)
        r = write_record(dir, session->id, write_session, publish_new, session);
    if (r < 0)
        return r;
    r = file_create_at(uid_dir, session->id, 0600, "", 0);
    if (r == 0)
        r = file_create_at(task_dir, session->id, 0600, "", 0);
    if (r < 0)
        session_remove(session);
    return r;
}

int session_read(const char *id, struct session *ret)
{
    CLEANUP(close_fd) int dir = -1;
    int r;

    if (!session_id_valid(id))
        return -ENOENT;
    grant_clear(&ret->grant);
    strcpy(ret->id, id);
    ret->leader = 0;
    ret->leader_start = 0;
    ret->audit = AUDIT_UNSET;
    ret->opened = ret->deadline = 0;
    r = state_run_dir(FIND, "session", NULL, NULL, &dir);
    if (r == 0)
        r = read_record(dir, id, session_field, ret);
    if (r == 0 && (!grant_complete(&ret->grant) || ret->leader <= 0))
        r = -EBADMSG;
    return r;
}

static void remove_in(int dir, const char *id)
{
    (void)unlinkat(dir, id, 0);
}

void session_remove(const struct session *session)
{
    CLEANUP(close_fd) int dir = -1;
    CLEANUP(close_fd) int ctl = -1;
    CLEANUP(close_fd) int uid_dir = -1;
    CLEANUP(close_fd) int task_dir = -1;

    if (index_dirs(FIND, session, &uid_dir, &task_dir) == 0) {
        remove_in(uid_dir, session->id);
        remove_in(task_dir, session->id);
    }
    if (state_run_dir(FIND, "session", NULL, NULL, &dir) == 0)
        remove_in(dir, session->id);
    if (state_run_dir(FIND, "ctl", NULL, NULL, &ctl) == 0)
        remove_in(ctl, session->id);
}

int session_socket(const char *id, char *buf, size_t cap)
{
    return session_id_valid(id) ? text_format(buf, cap, PATH_RUN "/ctl/%s", id) : -EINVAL;
}

int sessions_prepare(void)
{
    CLEANUP(close_fd) int dir = -1;

    return state_run_dir(MAKE, "ctl", NULL, NULL, &dir);
}

/* The session IDs that a directory lists; takes dir over. */
static int list_ids(int dir, session_id *ids, size_t cap, size_t *ret_count)
{
    DIR *stream = fdopendir(dir);
    struct dirent *entry;
    size_t count = 0;

    if (!stream) {
        close(dir);
        return -ENOMEM;
    }
    while ((entry = readdir(stream)) && count <= cap) {
        if (!session_id_valid(entry->d_name))
            continue;
        if (count < cap)
            strcpy(ids[count], entry->d_name);
        count++;
    }
    closedir(stream);
    if (count > cap)
        return -E2BIG;
    *ret_count = count;
    return 0;
}

static int list_dir(const char *a, const char *b, const char *c, session_id *ids, size_t cap, size_t *ret_count)
{
    int dir, r = state_run_dir(FIND, a, b, c, &dir);

    if (r == -ENOENT) {
        *ret_count = 0;
        return 0;
    }
    return r < 0 ? r : list_ids(dir, ids, cap, ret_count);
}

int sessions_of_uid(uid_t uid, session_id *ids, size_t cap, size_t *ret_count)
{
    char name[16];
    int r = text_format(name, sizeof name, "%lu", (unsigned long)uid);

    return r < 0 ? r : list_dir("by", "uid", name, ids, cap, ret_count);
}

int sessions_of_task(const char *iss, const char *task, session_id *ids, size_t cap, size_t *ret_count)
{
    char key[STATE_KEY_SIZE];

    state_key(iss, task, key);
    return list_dir("by", "task", key, ids, cap, ret_count);
}

int sessions_all(session_id *ids, size_t cap, size_t *ret_count)
{
    return list_dir("session", NULL, NULL, ids, cap, ret_count);
}
