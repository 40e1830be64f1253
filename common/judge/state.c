#include "judge/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/paths.h"
#include "core/proc.h"
#include "core/text.h"
#include "judge/cgroup.h"
#include "judge/state_dir.h"
#include "judge/state_file.h"
#include "judge/state_index.h"
#include "judge/state_place.h"

/* --- the record --- */

static void put_session(struct fields_writer *w, const void *object)
{
    const struct session *session = object;

    grant_write(w, &session->grant);
    fields_put_u64(w, "leader", (uint64_t)session->leader);
    fields_put_u64(w, "leader-start", session->leader_start);
    fields_put_u64(w, "audit", session->audit);
    fields_put(w, "cgroup", session->cgroup);
    fields_put_u64(w, "place", session->place);
    fields_put_u64(w, "opened", (uint64_t)session->opened);
    fields_put_u64(w, "opened-boot", (uint64_t)session->opened_boot);
    fields_put_u64(w, "longest", (uint64_t)session->longest);
}

static int take_leader(struct session *session, const char *value)
{
    uint64_t pid;

    if (text_u64(value, INT32_MAX, &pid) < 0)
        return -EBADMSG;
    session->leader = (pid_t)pid;
    return 1;
}

static int take_session(void *object, const char *key, const char *value)
{
    struct session *session = object;

    if (strcmp(key, "leader") == 0)
        return take_leader(session, value);
    if (strcmp(key, "leader-start") == 0)
        return state_take_u64(&session->leader_start, value);
    if (strcmp(key, "audit") == 0)
        return state_take_u32(&session->audit, value);
    if (strcmp(key, "cgroup") == 0)
        return state_take_text(session->cgroup, sizeof session->cgroup, value);
    if (strcmp(key, "place") == 0)
        return state_take_u32(&session->place, value);
    if (strcmp(key, "opened") == 0)
        return state_take_i64(&session->opened, value);
    if (strcmp(key, "opened-boot") == 0)
        return state_take_i64(&session->opened_boot, value);
    if (strcmp(key, "longest") == 0)
        return state_take_i64(&session->longest, value);
    return grant_field(&session->grant, key, value);
}

static int session_complete(const void *object)
{
    const struct session *session = object;

    return grant_complete(&session->grant) && session->leader > 0 && session->opened > 0 && session->opened_boot > 0 &&
           session->longest > 0;
}

static const struct state_format session_format = {
    .put = put_session,
    .take = take_session,
    .complete = session_complete,
};

static void put_attestation(struct fields_writer *w, const void *object)
{
    const struct attestation *attestation = object;

    grant_write(w, &attestation->grant);
    fields_put_u64(w, "made", (uint64_t)attestation->made);
    fields_put_u64(w, "made-boot", (uint64_t)attestation->made_boot);
}

static int take_attestation(void *object, const char *key, const char *value)
{
    struct attestation *attestation = object;

    if (strcmp(key, "made") == 0)
        return state_take_i64(&attestation->made, value);
    if (strcmp(key, "made-boot") == 0)
        return state_take_i64(&attestation->made_boot, value);
    return grant_field(&attestation->grant, key, value);
}

static int attestation_complete(const void *object)
{
    const struct attestation *attestation = object;

    return grant_complete(&attestation->grant) && attestation->made > 0 && attestation->made_boot > 0;
}

static const struct state_format attestation_format = {
    .put = put_attestation,
    .take = take_attestation,
    .complete = attestation_complete,
};

/* --- a name of the session's own in a directory of all sessions --- */

/* 1, 0 or -errno. */
static int has_name(const char *kind, const char *id)
{
    CLEANUP(close_fd) int dir = -1;
    int r = session_id_valid(id) ? state_run_dir(FIND, kind, NULL, NULL, &dir) : -ENOENT;

    if (r == 0 && faccessat(dir, id, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        r = -errno;
    return r == 0 ? 1 : r == -ENOENT ? 0 : r;
}

static void remove_name(const char *kind, const char *sub, const char *id)
{
    CLEANUP(close_fd) int dir = -1;

    if (state_run_dir(FIND, kind, sub, NULL, &dir) == 0)
        (void)unlinkat(dir, id, 0);
}

int session_exists(const char *id)
{
    return has_name("session", id);
}

/* --- its life --- */

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
    int r = state_run_dir(MAKE, "session", NULL, NULL, &dir);

    if (r == 0)
        r = state_create(dir, session->id, &session_format, session);
    if (r < 0)
        return r;
    r = index_put_uid(session->id, session->grant.uid);
    if (r == 0)
        r = index_put(session->id, &session->grant);
    if (r == 0) {
        r = place_held(session);
        r = r < 0 ? r : r ? 0 : -EUSERS;
    }
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
    ret->cgroup[0] = '\0';
    ret->opened = ret->opened_boot = ret->longest = 0;
    ret->place = 0;
    r = state_run_dir(FIND, "session", NULL, NULL, &dir);
    return r < 0 ? r : state_read(dir, id, &session_format, ret);
}

void session_remove(const struct session *session)
{
    struct attestation *last = malloc(sizeof *last);
    char uid[TEXT_DECIMAL_MAX + 1];

    text_decimal(uid, session->grant.uid);
    if (last && session_attestation(session->id, last) == 0)
        index_remove(session->id, &last->grant, NULL, NULL);
    free(last);
    index_remove(session->id, &session->grant, NULL, NULL);
    index_remove_uid(session->id, session->grant.uid);
    place_release(session);
    remove_name("attested", NULL, session->id);
    remove_name("ordered", NULL, session->id);
    session_set_lingering(session->id, 0);
    remove_name("session", NULL, session->id); /* after what state_expire() would take for left over without it */
    remove_name("agent", uid, session->id);
    remove_name("ctl", NULL, session->id);
    if (session->cgroup[0]) /* a leader that still closes goes to the parent */
        cgroup_remove(session->cgroup);
}

/* last: room for the attestation before this one. The session stands under both while the record changes. */
static int attest(int dir, const struct session *session, const struct attestation *attestation,
                  struct attestation *last)
{
    const struct grant *other = session_attestation(session->id, last) == 0 ? &last->grant : NULL;
    int r = index_put(session->id, &attestation->grant);

    if (r == 0)
        r = state_replace(dir, session->id, &attestation_format, attestation, 0);
    if (r < 0)
        index_remove(session->id, &attestation->grant, &session->grant, other);
    else if (other)
        index_remove(session->id, other, &session->grant, &attestation->grant);
    if (r == 0 && session_exists(session->id) == 0) { /* it ended meanwhile, and takes nothing along */
        session_remove(session);
        r = -ENOENT;
    }
    return r;
}

int session_attest(const struct session *session, const struct attestation *attestation)
{
    CLEANUP(close_fd) int dir = -1; /* its lock goes with it */
    struct attestation *last = malloc(sizeof *last);
    int r = last ? state_run_dir(MAKE, "attested", NULL, NULL, &dir) : -ENOMEM;

    if (r == 0)
        r = state_lock(dir);
    if (r == 0)
        r = attest(dir, session, attestation, last);
    free(last);
    return r;
}

int session_attestation(const char *id, struct attestation *ret)
{
    CLEANUP(close_fd) int dir = -1;
    int r = session_id_valid(id) ? state_run_dir(FIND, "attested", NULL, NULL, &dir) : -ENOENT;

    if (r < 0)
        return r;
    grant_clear(&ret->grant);
    ret->made = ret->made_boot = 0;
    return state_read(dir, id, &attestation_format, ret);
}

int session_order_end(const char *id)
{
    CLEANUP(close_fd) int dir = -1;
    int r = session_exists(id);

    if (r <= 0)
        return r < 0 ? r : -ENOENT;
    r = state_run_dir(MAKE, "ordered", NULL, NULL, &dir);
    if (r == 0)
        r = file_create_at(dir, id, 0600, "", 0);
    if (r == 0 && session_exists(id) == 0) { /* it ended meanwhile, and takes nothing along */
        remove_name("ordered", NULL, id);
        r = -ENOENT;
    }
    return r == -EEXIST ? 0 : r;
}

int session_end_ordered(const char *id)
{
    return has_name("ordered", id);
}

void session_set_lingering(const char *id, int lingers)
{
    CLEANUP(close_fd) int dir = -1;

    if (!lingers)
        remove_name("lingering", NULL, id);
    else if (state_run_dir(MAKE, "lingering", NULL, NULL, &dir) == 0)
        (void)!file_create_at(dir, id, 0600, "", 0);
}

int session_lingers(const char *id)
{
    return has_name("lingering", id) > 0;
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

/* --- lists --- */

struct list {
    session_id *ids;
    size_t cap, count;
};

static int list_id(int dir, const char *name, void *arg)
{
    struct list *list = arg;

    (void)dir;
    if (!session_id_valid(name))
        return 0;
    if (list->count == list->cap)
        return -E2BIG;
    strcpy(list->ids[list->count++], name);
    return 0;
}

static int list_dir(const char *a, const char *b, const char *c, session_id *ids, size_t cap, size_t *ret_count)
{
    CLEANUP(close_fd) int dir = -1;
    struct list list = {.ids = ids, .cap = cap};
    int r = state_run_dir(FIND, a, b, c, &dir);

    if (r == 0)
        r = state_names_each(dir, list_id, &list);
    if (r < 0 && r != -ENOENT && r != -E2BIG)
        return r;
    *ret_count = list.count;
    return r == -E2BIG ? r : 0;
}

int sessions_of_uid(uid_t uid, session_id *ids, size_t cap, size_t *ret_count)
{
    char name[TEXT_DECIMAL_MAX + 1];

    text_decimal(name, uid);
    return list_dir("by", "uid", name, ids, cap, ret_count);
}

int sessions_of_link(const struct link *link, session_id *ids, size_t cap, size_t *ret_count)
{
    return list_dir("by", link_kind_word(link->kind), link->key, ids, cap, ret_count);
}

int sessions_all(session_id *ids, size_t cap, size_t *ret_count)
{
    return list_dir("session", NULL, NULL, ids, cap, ret_count);
}
