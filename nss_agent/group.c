#include "nss_agent.h"

#include <errno.h>
#include <stdlib.h>

#include "lookup.h"

static struct cursor cursor;

static enum nss_status fill(const struct identity *identity, struct group *ret, char *buf, size_t len, int *errnop)
{
    struct room room = {.at = buf, .left = len};
    struct group group = {.gr_gid = identity->uid};
    enum nss_status status;

    group.gr_mem = room_put_empty_list(&room);
    group.gr_name = room_put(&room, identity->account);
    group.gr_passwd = room_put(&room, LOCKED_PASSWORD);
    status = room_status(&room, errnop);
    if (status == NSS_STATUS_SUCCESS)
        *ret = group;
    return status;
}

enum nss_status _nss_agent_getgrnam_r(const char *name, struct group *ret, char *buf, size_t len, int *errnop)
{
    struct identity identity;
    enum nss_status status = find_account(name, &identity, errnop);

    return status == NSS_STATUS_SUCCESS ? fill(&identity, ret, buf, len, errnop) : status;
}

enum nss_status _nss_agent_getgrgid_r(gid_t gid, struct group *ret, char *buf, size_t len, int *errnop)
{
    struct identity identity;
    enum nss_status status = find_uid(gid, &identity, errnop);

    return status == NSS_STATUS_SUCCESS ? fill(&identity, ret, buf, len, errnop) : status;
}

enum nss_status _nss_agent_setgrent(int stayopen)
{
    (void)stayopen;
    cursor_rewind(&cursor);
    return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_agent_getgrent_r(struct group *ret, char *buf, size_t len, int *errnop)
{
    struct identity identity;
    unsigned position;
    enum nss_status status = cursor_find(&cursor, &identity, &position, errnop);

    if (status == NSS_STATUS_SUCCESS)
        status = fill(&identity, ret, buf, len, errnop);
    if (status == NSS_STATUS_SUCCESS)
        cursor_pass(&cursor, position);
    return status;
}

enum nss_status _nss_agent_endgrent(void)
{
    cursor_rewind(&cursor);
    return NSS_STATUS_SUCCESS;
}

static int listed(gid_t gid, const gid_t *groups, long count)
{
    for (long i = 0; i < count; i++)
        if (groups[i] == gid)
            return 1;
    return 0;
}

/* As glibc's own modules do it (nss_files/files-initgroups.c): twice the size, and at the limit what is left is cut. */
static enum nss_status append(gid_t gid, long *start, long *size, gid_t **groups, long limit, int *errnop)
{
    if (*start >= *size) {
        long wanted = *size > 0 ? 2 * *size : 1;
        gid_t *grown;

        if (limit > 0 && *size >= limit)
            return NSS_STATUS_SUCCESS;
        if (limit > 0 && wanted > limit)
            wanted = limit;
        grown = realloc(*groups, (size_t)wanted * sizeof **groups);
        if (!grown) {
            *errnop = errno = ENOMEM;
            return NSS_STATUS_TRYAGAIN;
        }
        *groups = grown;
        *size = wanted;
    }
    (*groups)[(*start)++] = gid;
    return NSS_STATUS_SUCCESS;
}

/* What the caller's list is, and where it stands. */
struct list {
    gid_t primary;
    long *start, *size, limit;
    gid_t **groups;
};

static enum nss_status append_once(struct list *list, gid_t gid, int *errnop)
{
    if (gid == list->primary || listed(gid, *list->groups, *list->start))
        return NSS_STATUS_SUCCESS;
    return append(gid, list->start, list->size, list->groups, list->limit, errnop);
}

enum nss_status _nss_agent_initgroups_dyn(const char *name, gid_t group, long *start, long *size, gid_t **groups,
                                          long limit, int *errnop)
{
    struct list list = {group, start, size, limit, groups};
    struct identities_meta meta;
    struct identity identity;
    enum nss_status status = find_name(name, &identity, errnop);

    if (status == NSS_STATUS_SUCCESS)
        status = find_meta(&meta, errnop);
    if (status != NSS_STATUS_SUCCESS)
        return status;
    if (meta.agents_gid != 0)
        status = append_once(&list, meta.agents_gid, errnop);
    for (size_t i = 0; i < identity.group_count && status == NSS_STATUS_SUCCESS; i++)
        status = append_once(&list, identity.groups[i], errnop);
    return status;
}
