#include "agentctl/apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/apply_parts.h"
#include "agentctl/config_here.h"
#include "agentctl/sudoers.h"
#include "core/files.h"
#include "core/paths.h"

static const struct apply_paths here = {
    .config_dir = PATH_CONFIG_DIR,
    .state_dir = PATH_STATE_DIR,
    .local = {"/etc/passwd", "/etc/group", "/etc/subuid", "/etc/subgid"},
    .sudo = "sudo",
    .sudoers_dir = SUDOERS_DIR,
    .lock_wait_ms = 10000,
    .tell = apply_tell,
};

int apply_cannot(struct apply *a, const char *path, const char *what)
{
    fprintf(a->err, "agentctl: %s: %s\n", path, what);
    return APPLY_CANNOT;
}

int apply_cannot_errno(struct apply *a, const char *path, int r)
{
    return apply_cannot(a, path,
                        r == -EPERM ? "not owned by root, or others may write to it: chown root and chmod go-w"
                                    : strerror(-r));
}

const char *apply_state_path(struct apply *a, const char *name)
{
    return arena_format(&a->arena, "%s/%s", a->paths->state_dir, name);
}

static void count_policies(const struct apply *a)
{
    size_t elsewhere = 0;

    fprintf(a->out, "%zu policies, ", a->config->policy_count);
    for (size_t i = 0; i < a->config->policy_count; i++)
        elsewhere += !policy_is_here(a->config, i);
    if (elsewhere && a->mode != APPLY_CHECK)
        fprintf(a->out, "%zu of them for other hosts, ", elsewhere);
}

static void summary(struct apply *a)
{
    size_t identities = 0;

    for (size_t i = 0; i < a->config->identity_count; i++)
        identities += a->config->identities[i].slot == 1;
    if (a->mode != APPLY_KEYS) {
        fprintf(a->out, "%zu identities, ", identities);
        count_policies(a);
    }
    fprintf(a->out, "%zu issuers with %zu keys: %s\n", a->config->issuer_count, a->anchor_count,
            a->mode == APPLY_CHECK ? "good, nothing written"
            : a->changed           ? "in force"
                                   : "no change");
}

/* Sessions hear of it also where not all of it was written, or nothing: a run that was cut short may not have told them. */
static int put_out(struct apply *a)
{
    int r = apply_put_out(a), told = APPLY_DONE;

    if (a->paths->tell && (r == APPLY_DONE || a->changed))
        told = a->paths->tell(a->out, a->err);
    return r == APPLY_DONE ? told : r;
}

static int run(struct apply *a)
{
    int r = apply_open(a);

    if (r == APPLY_DONE)
        r = apply_take_in(a);
    if (r != APPLY_DONE)
        return r;
    if (a->mode != APPLY_KEYS)
        apply_print_changes(a);
    if (a->mode != APPLY_CHECK)
        r = put_out(a);
    if (r == APPLY_DONE)
        summary(a);
    return r;
}

int apply_run_at(const struct apply_paths *paths, enum apply_mode mode, FILE *out, FILE *err)
{
    struct apply a = {.paths = paths, .mode = mode, .out = out, .err = err, .dir = -1, .lock = -1};
    int r = run(&a);

    problems_print(&a.problems, err);
    if (r == APPLY_PROBLEMS)
        fprintf(err, "agentctl: %zu problems; nothing was changed\n", a.problems.count + a.problems.dropped);
    problems_clear(&a.problems);
    policy_choices_clear(&a.choices);
    config_free(a.config);
    free(a.anchors);
    arena_clear(&a.arena);
    close_fd(&a.lock);
    close_fd(&a.dir);
    return r;
}

int apply_run(enum apply_mode mode, FILE *out, FILE *err)
{
    return apply_run_at(&here, mode, out, err);
}
