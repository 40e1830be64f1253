#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "agentctl/enable.h"
#include "agentctl/enable_backup.h"
#include "agentctl/program.h"
#include "agentctl/say.h"
#include "core/paths.h"

static int run(const struct program *program)
{
    char output[1024];
    int status, r = program_run(program, output, sizeof output, &status);

    if (r == 0 && status == 0)
        return 0;
    complain("%s: %s", program->argv[0], r < 0 ? strerror(-r) : output);
    return r < 0 ? r : -EIO;
}

/* The group of /etc/group: what nsswitch.conf adds is not ours to look at here. */
static int find_group(gid_t *ret_gid, int *ret_members)
{
    FILE *file = fopen("/etc/group", "re");
    const struct group *group;
    int found = 0;

    if (!file)
        return 0;
    while (!found && (group = fgetgrent(file)) != NULL) {
        found = !strcmp(group->gr_name, AGENTS_GROUP);
        *ret_gid = group->gr_gid;
        *ret_members = group->gr_mem[0] != NULL;
    }
    fclose(file);
    return found;
}

int enable_make_group(int *ret_made)
{
    const struct program groupadd = {.argv = {"groupadd", "--system", AGENTS_GROUP}};
    int members, r;
    gid_t gid;

    *ret_made = 0;
    if (find_group(&gid, &members))
        return 0;
    r = backup_prepare();
    if (r == 0)
        r = backup_note_group();
    if (r == 0)
        r = run(&groupadd);
    if (r < 0)
        return r;
    *ret_made = 1;
    say("made      the group " AGENTS_GROUP);
    return 0;
}

/* Somebody's primary group is not removed by groupdel either; members would lose what tells them from people. */
int enable_remove_group(void)
{
    const struct program groupdel = {.argv = {"groupdel", AGENTS_GROUP}};
    int members = 0, r;
    gid_t gid;

    if (!backup_group_is_ours() || !find_group(&gid, &members))
        return 0;
    if (members) {
        say("left      the group " AGENTS_GROUP ": it has members");
        return 0;
    }
    r = run(&groupdel);
    if (r == 0)
        say("removed   the group " AGENTS_GROUP);
    return r;
}
