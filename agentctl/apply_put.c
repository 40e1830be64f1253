/* What apply writes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentctl/apply_parts.h"
#include "agentctl/apply_stage.h"
#include "agentctl/compile.h"
#include "agentctl/sudoers.h"
#include "core/paths.h"

#define OUTPUT_MAX 4096 /* bytes of what visudo says */

static const char *shell(void)
{
    return access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
}

static int fill_uids(struct apply *a, struct stage *stage)
{
    size_t len;
    const char *text = uids_format(&a->uids, &len);

    return stage_write(stage, text, len);
}

static int fill_range(struct apply *a, struct stage *stage)
{
    const char *text = arena_format(&a->arena, "%u-%u\n", a->config->host.uid_min, a->config->host.uid_max);

    return stage_write(stage, text, strlen(text));
}

static int fill_identities(struct apply *a, struct stage *stage)
{
    const struct local_group *agents = local_group(&a->local, AGENTS_GROUP);

    return compile_identities(stage->fd, a->config, &a->accounts, shell(), agents ? agents->gid : 0);
}

static int fill_policy(struct apply *a, struct stage *stage)
{
    const struct policy_choices *choices = &a->choices;

    for (size_t i = 0; i < a->config->identity_count; i++) {
        if (choices->of_identity[i]->name[0])
            continue;
        fprintf(a->err, "agentctl: identity \"%s\": its policies take more than 4 MiB: remove some\n",
                a->config->identities[i].account);
        return -ENOBUFS;
    }
    return compile_policy(stage->fd, choices);
}

static int fill_anchors(struct apply *a, struct stage *stage)
{
    return compile_anchors(stage->fd, a->anchors, a->anchors_len);
}

/*
 * In the order in which they take their names: a uid is on disk as given before anybody has it; an account that is no longer
 * configured is disabled before anything else changes; new policy meets the accounts it was made for.
 */
static const struct output {
    const char *name;
    mode_t mode;
    int (*fill)(struct apply *a, struct stage *stage);
    int of_keys;
} outputs[] = {
    {"uids", 0600, fill_uids, 0},
    {"uid-range", 0644, fill_range, 0},
    {"identities.cdb", 0644, fill_identities, 0},
    {"policy.cdb", 0600, fill_policy, 0},
    {"anchors.cdb", 0600, fill_anchors, 1},
};

static int stage_output(struct apply *a, const struct output *output, struct stage *stage)
{
    int r = stage_begin(stage, a->dir, output->name, output->mode);

    if (r == 0)
        r = output->fill(a, stage);
    if (r < 0)
        return apply_cannot_errno(a, apply_state_path(a, output->name), r);
    if (stage_is_same(stage)) {
        stage_drop(stage);
        return APPLY_DONE;
    }
    r = stage_finish(stage);
    return r < 0 ? apply_cannot_errno(a, apply_state_path(a, output->name), r) : APPLY_DONE;
}

static int commit_outputs(struct apply *a, struct stage *stages)
{
    for (size_t i = 0; i < COUNT_OF(outputs); i++) {
        const char *path = apply_state_path(a, outputs[i].name);
        int r;

        if (stages[i].fd < 0)
            continue;
        r = stage_commit(&stages[i]);
        if (r < 0)
            return apply_cannot_errno(a, path, r);
        fprintf(a->out, "wrote %s\n", path);
        a->changed = 1;
    }
    return APPLY_DONE;
}

/* Everything is complete and on disk before the first file takes its name. */
static int put_out_databases(struct apply *a)
{
    struct stage stages[COUNT_OF(outputs)];
    int r = APPLY_DONE;

    for (size_t i = 0; i < COUNT_OF(outputs); i++)
        stages[i] = (struct stage)STAGE_INIT;
    for (size_t i = 0; i < COUNT_OF(outputs) && r == APPLY_DONE; i++)
        if (outputs[i].of_keys || a->mode == APPLY_ALL)
            r = stage_output(a, &outputs[i], &stages[i]);
    if (r == APPLY_DONE)
        r = commit_outputs(a, stages);
    for (size_t i = 0; i < COUNT_OF(outputs); i++)
        stage_drop(&stages[i]);
    return r;
}

static int put_out_sudoers(struct apply *a)
{
    char output[OUTPUT_MAX], *text;
    const char *path = arena_format(&a->arena, "%s/" SUDOERS_NAME, a->paths->sudoers_dir);
    int changed = 0, r;
    size_t len;

    if (!sudoers_installed(a->paths->sudoers_dir))
        return APPLY_DONE;
    text = sudoers_generate(a->config, &a->local, &len);
    r = sudoers_install(a->paths->sudoers_dir, text, len, output, sizeof output, &changed);
    free(text);
    if (r == -EINVAL)
        return apply_cannot(a, path,
                            arena_format(&a->arena, "visudo refuses what was made, the old file stays: %s", output));
    if (r < 0)
        return apply_cannot_errno(a, path, r);
    if (changed)
        fprintf(a->out, "wrote %s\n", path);
    a->changed |= changed;
    return APPLY_DONE;
}

int apply_put_out(struct apply *a)
{
    int r = put_out_databases(a);

    return r == APPLY_DONE && a->mode == APPLY_ALL ? put_out_sudoers(a) : r;
}
