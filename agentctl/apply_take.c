/* What apply reads: the configuration, the host's own accounts, and what was in force before. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "agentctl/apply_parts.h"
#include "agentctl/apply_stage.h"
#include "agentctl/compile.h"
#include "core/clock.h"
#include "core/files.h"

#define LOCK_STEP_MS 50

static int lock(struct apply *a)
{
    const struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000L};
    int64_t deadline = clock_boot_ms() + a->paths->lock_wait_ms;

    a->lock = openat(a->dir, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (a->lock < 0)
        return apply_cannot_errno(a, apply_state_path(a, ".lock"), -errno);
    while (flock(a->lock, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return apply_cannot_errno(a, apply_state_path(a, ".lock"), -errno);
        if (clock_boot_ms() >= deadline)
            return apply_cannot(a, apply_state_path(a, ".lock"),
                                "another `agentctl apply` is at work; try again when it is done");
        nanosleep(&step, NULL);
    }
    return APPLY_DONE;
}

int apply_open(struct apply *a)
{
    int check = a->mode == APPLY_CHECK;
    int r = check ? dir_open(a->paths->state_dir, &a->dir) : dir_make(a->paths->state_dir, 0755, &a->dir);

    if (r == -ENOENT && check)
        return APPLY_DONE;
    if (r < 0)
        return apply_cannot_errno(a, a->paths->state_dir, r);
    if (check)
        return APPLY_DONE;
    r = lock(a);
    if (r == APPLY_DONE)
        stage_sweep(a->dir);
    return r;
}

static int read_uids(struct apply *a)
{
    const char *path = apply_state_path(a, "uids");
    struct stat st = {.st_size = 0};
    unsigned line;
    size_t len = 0;
    char *text;
    int r = -ENOENT;

    if (a->dir >= 0 && fstatat(a->dir, "uids", &st, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
        return apply_cannot_errno(a, path, -errno);
    text = arena_alloc(&a->arena, (size_t)st.st_size + 1, 1);
    if (a->dir >= 0)
        r = file_read_at(a->dir, "uids", text, (size_t)st.st_size + 1, &len);
    if (r < 0 && r != -ENOENT)
        return apply_cannot_errno(a, path, r);
    if (strlen(text) == len && uids_parse(text, &a->arena, &a->uids, &line) == 0)
        return APPLY_DONE;
    return apply_cannot(
        a, path,
        "damaged; restore it from a backup, or remove it where identities.cdb is whole: it is made again from that");
}

static int read_before(struct apply *a)
{
    const char *path = apply_state_path(a, "identities.cdb");
    int r = accounts_load(path, &a->arena, &a->before);

    if (r == 0 || r == -ENOENT)
        return APPLY_DONE;
    if (r != -EBADMSG)
        return apply_cannot_errno(a, path, r);
    fprintf(a->err,
            "agentctl: %s: damaged, made anew; the SPIFFE IDs of accounts that are no longer configured are lost\n",
            path);
    return APPLY_DONE;
}

static int take_keys(struct apply *a)
{
    CLEANUP(anchors_freep) struct anchors *before = NULL;
    int r;

    if (a->dir >= 0 && anchors_load_at(a->dir, "anchors.cdb", &before) < 0)
        before = NULL; /* none yet, or damaged: it is made anew */
    r = anchors_read(a->config, before, &a->problems, a->out, &a->anchors, &a->anchors_len, &a->anchor_count);
    return r < 0 ? APPLY_PROBLEMS : APPLY_DONE;
}

static int take_accounts(struct apply *a)
{
    const char *path;
    int r = local_read(&a->paths->local, &a->arena, &a->local, &path);

    if (r < 0)
        return apply_cannot_errno(a, path, r);
    r = read_uids(a);
    if (r == APPLY_DONE)
        r = read_before(a);
    if (r == APPLY_DONE && accounts_build(a->config, &a->local, &a->before, &a->uids, &a->problems, &a->accounts) < 0)
        r = APPLY_PROBLEMS;
    if (r != APPLY_DONE)
        return r;
    policy_choices_make(a->config, &a->choices);
    r = apply_check_programs(a);
    return r == APPLY_DONE ? apply_check_sudo(a) : r;
}

int apply_take_in(struct apply *a)
{
    int keys, accounts = APPLY_DONE;

    if (config_read(a->paths->config_dir, &a->config, &a->problems) < 0)
        return APPLY_PROBLEMS;
    /* Both are asked, so that both tell their problems. */
    keys = take_keys(a);
    if (a->mode != APPLY_KEYS)
        accounts = take_accounts(a);
    return accounts == APPLY_DONE ? keys : accounts;
}
