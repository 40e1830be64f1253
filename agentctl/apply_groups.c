#include "agentctl/apply_groups.h"

#include <string.h>

#include "agentctl/root_groups.h"
#include "core/paths.h"

#define group_problem(problems, mention, ...) \
    problem_add(problems, (mention)->place.file, (mention)->place.line, __VA_ARGS__)

/* Of groups that no agent gets the one that has this gid, under whatever name it is asked for. */
static const struct root_group *root_group_of_gid(const struct local *local, uint32_t gid)
{
    for (const struct root_group *group = root_groups; group->name; group++) {
        const struct local_group *found = local_group(local, group->name);

        if (found && found->gid == gid)
            return group;
    }
    return gid == 0 ? root_group("root") : NULL;
}

/* The group that a value names, or NULL: told. */
static const struct local_group *find(const struct mention *mention, const struct local *local,
                                      struct problems *problems)
{
    const struct local_group *group = local_group(local, mention->title), *agents = local_group(local, AGENTS_GROUP);
    const struct root_group *root = group ? root_group_of_gid(local, group->gid) : NULL;

    if (!group)
        group_problem(problems, mention,
                      "groups: there is no group \"%s\" in /etc/group: groupadd it, or correct the name",
                      mention->title);
    else if (root)
        group_problem(problems, mention, "groups: \"%s\" has the gid %u of \"%s\", whose members %s: remove it",
                      mention->title, group->gid, root->name, root->why);
    else if (agents && agents->gid == group->gid)
        group_problem(problems, mention, "groups: \"%s\" has the gid of " AGENTS_GROUP ": remove it", mention->title);
    else
        return group;
    return NULL;
}

static int has(const struct account *account, uint32_t gid)
{
    for (size_t i = 0; i < account->group_count; i++)
        if (account->groups[i] == gid)
            return 1;
    return 0;
}

static void take(const struct identity_config *identity, const struct local *local, struct arena *arena,
                 struct problems *problems, struct account *account)
{
    account->groups = arena_alloc(arena, identity->group_count, sizeof *account->groups);
    for (size_t i = 0; i < identity->group_count; i++) {
        const struct local_group *group = find(&identity->groups[i], local, problems);

        if (group && !has(account, group->gid))
            account->groups[account->group_count++] = group->gid;
    }
}

void groups_take(const struct identity_config *identity, const struct local *local, struct arena *arena,
                 struct problems *problems, struct account *account)
{
    if (identity->group_count == 0)
        return;
    if (account->local)
        group_problem(problems, &identity->groups[0],
                      "groups: the account \"%s\" is in /etc/passwd, and its groups are in /etc/group: remove the key, "
                      "and usermod -aG GROUP %s",
                      account->name, account->name);
    else
        take(identity, local, arena, problems, account);
}

int groups_same(const struct account *one, const struct account *other)
{
    size_t one_count = one ? one->group_count : 0, other_count = other ? other->group_count : 0;

    return one_count == other_count &&
           (one_count == 0 || memcmp(one->groups, other->groups, one_count * sizeof *one->groups) == 0);
}

const char *groups_name(const struct local *local, uint32_t gid, struct arena *arena)
{
    const struct local_group *group = local_group_of_gid(local, gid);

    return group ? group->name : arena_format(arena, "%u", gid);
}
