#include "ask/who.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/paths.h"
#include "core/proc.h"
#include "core/text.h"

#define GROUPS_MAX 65536 /* NGROUPS_MAX of Linux */

/* 1 or 0, or -errno where the database cannot say. */
static int in_database(uid_t uid)
{
    CLEANUP(close_fd) int fd = -1;
    struct identities_meta meta;
    struct identity identity;
    int r = identities_open(PATH_IDENTITIES, &fd);

    if (r == 0)
        r = identities_meta(fd, &meta);
    if (r < 0)
        return r;
    if (uid >= meta.uid_min && uid <= meta.uid_max)
        return 1;
    r = identities_by_uid(fd, uid, &identity);
    if (r == -ENOENT)
        return 0;
    return r < 0 ? r : 1;
}

/* "MIN-MAX\n". Whatever else the file holds, the default range counts. */
static void read_range(uint64_t *ret_min, uint64_t *ret_max)
{
    char text[64], *dash, *end;
    uint64_t min, max;
    size_t len;

    *ret_min = WHO_DEFAULT_UID_MIN;
    *ret_max = WHO_DEFAULT_UID_MAX;
    if (file_read_at(AT_FDCWD, PATH_UID_RANGE, text, sizeof text, &len) < 0)
        return;
    end = memchr(text, '\n', len);
    dash = memchr(text, '-', len);
    if (!end || !dash || end != text + len - 1)
        return;
    *end = '\0';
    *dash = '\0';
    if (text_u64(text, UINT32_MAX - 1, &min) < 0 || text_u64(dash + 1, UINT32_MAX - 1, &max) < 0 || min == 0 ||
        max < min)
        return;
    *ret_min = min;
    *ret_max = max;
}

int uid_is_agent(uid_t uid)
{
    uint64_t min, max;
    int r;

    if (uid == 0 || uid == (uid_t)-1)
        return 0;
    r = in_database(uid);
    if (r >= 0)
        return r;
    if (r == -EMFILE || r == -ENOMEM)
        return 1;
    read_range(&min, &max);
    return uid >= min && uid <= max ? 1 : -1;
}

static int group_listed(const char *user, gid_t primary, gid_t wanted)
{
    int count = 64, found = 0;

    for (int tries = 0; tries < 3 && !found; tries++) {
        gid_t *groups = calloc((size_t)count, sizeof *groups);
        int have = count, r;

        if (!groups)
            return 1; /* starved: as in uid_is_agent */
        r = getgrouplist(user, primary, groups, &have);
        for (int i = 0; i < (have < count ? have : count); i++)
            found |= groups[i] == wanted;
        free(groups);
        if (r >= 0 || have <= count || have > GROUPS_MAX)
            break;
        count = have;
    }
    return found;
}

static int in_agents_group(uid_t uid)
{
    char *group_text = malloc(65536), *user_text = malloc(16384);
    struct group group, *agents = NULL;
    struct passwd passwd, *user = NULL;
    int r = 1; /* starved */

    if (group_text && user_text) {
        (void)getgrnam_r(AGENTS_GROUP, &group, group_text, 65536, &agents);
        if (agents)
            (void)getpwuid_r(uid, &passwd, user_text, 16384, &user);
        r = agents && user &&
            (user->pw_gid == agents->gr_gid || group_listed(user->pw_name, user->pw_gid, agents->gr_gid));
    }
    free(group_text);
    free(user_text);
    return r;
}

int uid_belongs_to_agent(uid_t uid)
{
    int r = uid_is_agent(uid);

    return r >= 0 ? r : in_agents_group(uid);
}

int identity_of_account(const char *account, struct identity *ret)
{
    CLEANUP(close_fd) int fd = -1;
    int r = identities_open(PATH_IDENTITIES, &fd);

    return r < 0 ? r : identities_by_account(fd, account, ret);
}

void caller_of_process(struct caller *ret)
{
    uid_t real = getuid();
    uint32_t login;

    *ret = (struct caller){.kind = CALLER_AGENT, .uid = real};
    if (uid_belongs_to_agent(real))
        return;
    ret->kind = CALLER_NOBODY;
    login = process_loginuid(getpid());
    if (login == AUDIT_UNSET || login == real || !uid_belongs_to_agent(login))
        return;
    *ret = (struct caller){.kind = real == 0 ? CALLER_TRACE : CALLER_AGENT, .uid = login};
}
