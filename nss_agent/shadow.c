#include "nss_agent.h"

#include "lookup.h"

/* No hash is "!*": no password matches, and `passwd -u` leaves "*". */
#define LOCKED_SHADOW "!*"

static struct cursor cursor;

/* -1 stands for an empty field: nothing ages, nothing expires. */
static enum nss_status fill(const struct identity *identity, struct spwd *ret, char *buf, size_t len, int *errnop)
{
    struct room room = {.at = buf, .left = len};
    struct spwd shadow = {
        .sp_lstchg = -1, .sp_min = -1, .sp_max = -1, .sp_warn = -1, .sp_inact = -1, .sp_expire = -1, .sp_flag = ~0UL};
    enum nss_status status;

    shadow.sp_namp = room_put(&room, identity->account);
    shadow.sp_pwdp = room_put(&room, LOCKED_SHADOW);
    status = room_status(&room, errnop);
    if (status == NSS_STATUS_SUCCESS)
        *ret = shadow;
    return status;
}

enum nss_status _nss_agent_getspnam_r(const char *name, struct spwd *ret, char *buf, size_t len, int *errnop)
{
    struct identity identity;
    enum nss_status status = find_name(name, &identity, errnop);

    return status == NSS_STATUS_SUCCESS ? fill(&identity, ret, buf, len, errnop) : status;
}

enum nss_status _nss_agent_setspent(int stayopen)
{
    (void)stayopen;
    cursor_rewind(&cursor);
    return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_agent_getspent_r(struct spwd *ret, char *buf, size_t len, int *errnop)
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

enum nss_status _nss_agent_endspent(void)
{
    cursor_rewind(&cursor);
    return NSS_STATUS_SUCCESS;
}
