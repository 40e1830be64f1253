#include "agentctl/enable_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentctl/edit.h"
#include "agentctl/enable_backup.h"
#include "agentctl/enable_pam.h"
#include "agentctl/say.h"
#include "core/text.h"

#define SAVED_SUFFIX ".saved~" /* neither sshd nor pam-auth-update reads such names */

static int differs(const struct change *change)
{
    return !host_file_equal(&change->now, &change->wanted);
}

size_t plan_changes(const struct plan *plan)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->count; i++)
        count += (size_t)differs(&plan->changes[i]);
    return count;
}

void plan_print(FILE *to, const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        edit_print_diff(to, plan->changes[i].path, plan->changes[i].now.text, plan->changes[i].wanted.text);
}

void plan_clear(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        host_file_clear(&plan->changes[i].now);
        host_file_clear(&plan->changes[i].base);
        host_file_clear(&plan->changes[i].wanted);
    }
    plan->count = 0;
    plan->partial = 0;
}

static int failed(const char *path, int r)
{
    complain("%s: %s", path, r == -EBUSY ? "pam-auth-update did not make of it what it promised" : strerror(-r));
    return r;
}

static int is_pam(const struct change *change)
{
    return change->kind == CHANGE_GENERATED;
}

/* A file of ours that somebody changed meanwhile is kept beside, where nothing reads it. */
static int save_aside(const struct change *change)
{
    struct host_file before = {0}, after = {0};
    char path[512];
    int known = backup_get(change->path, &before, &after);
    int as_written = known == 1 && host_file_equal(&change->now, &after);
    int r = 0;

    host_file_clear(&before);
    host_file_clear(&after);
    if (as_written || !change->now.text)
        return 0;
    r = text_format(path, sizeof path, "%s" SAVED_SUFFIX, change->path);
    if (r == 0)
        r = host_file_write(path, &change->now);
    if (r == 0)
        say("kept      what was changed in %s as %s", change->path, path);
    return r;
}

static int write_one(const struct change *change, int enable)
{
    int r = 0;

    if (!enable && change->kind == CHANGE_OWN)
        r = save_aside(change);
    return r < 0 ? r : host_file_write(change->path, &change->wanted);
}

/* On enabling, pam-auth-update must have made what the preview showed; on disabling, the exact bytes come back. */
static int settle_generated(const struct change *change, int enable)
{
    struct host_file found = {0};
    int r;

    if (!enable)
        return host_file_write(change->path, &change->wanted);
    r = host_file_read(change->path, &found);
    if (r == 0 && !text_equal(found.text, change->wanted.text))
        r = -EBUSY;
    host_file_clear(&found);
    return r;
}

static int remember(const struct plan *plan)
{
    int r = backup_prepare();

    if (r < 0)
        return failed(PATH_BACKUPS, r);
    for (size_t i = 0; r == 0 && i < plan->count; i++) {
        const struct change *change = &plan->changes[i];

        if (differs(change) && change->kind != CHANGE_SUDOERS)
            r = backup_put(change->path, &change->now, &change->base, &change->wanted);
        if (r < 0)
            return failed(PATH_BACKUPS, r);
    }
    return r;
}

static int do_one(const struct change *change, int enable, int *updated)
{
    int r = 0;

    if (is_pam(change) && !*updated) {
        r = pam_update_run(enable);
        *updated = 1;
    }
    if (r == 0)
        r = is_pam(change) ? settle_generated(change, enable) : write_one(change, enable);
    return r;
}

int plan_do(const struct plan *plan, int enable)
{
    int updated = 0, first = enable ? remember(plan) : 0;

    for (size_t i = 0; i < plan->count && !(enable && first < 0); i++) {
        const struct change *change = &plan->changes[i];
        int r = differs(change) ? do_one(change, enable, &updated) : 0;

        if (r == 0 && differs(change))
            say("%s %s",
                !change->wanted.text ? "removed  "
                : !change->now.text  ? "made     "
                                     : "changed  ",
                change->path);
        if (r == 0 && !enable)
            r = backup_forget(change->path);
        if (r < 0 && first == 0)
            first = r;
        if (r < 0)
            failed(change->path, r);
    }
    return first;
}

int plan_undo(const struct plan *plan)
{
    int updated = 0, first = 0;

    for (size_t i = plan->count; i-- > 0;) {
        const struct change *change = &plan->changes[i];
        int r = 0;

        if (!differs(change))
            continue;
        if (is_pam(change) && !updated && change->base.text && text_equal(change->base.text, change->now.text)) {
            (void)!pam_update_run(0);
            updated = 1;
        }
        r = host_file_write(change->path, &change->now);
        if (r == 0 && text_equal(change->base.text, change->now.text))
            r = backup_forget(change->path);
        else if (r == 0 && !change->base.text && !change->now.text)
            r = backup_forget(change->path);
        if (r < 0 && first == 0)
            first = failed(change->path, r);
    }
    return first;
}
