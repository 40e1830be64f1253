#include "nss_agent.h"

#include "lookup.h"

#define NOLOGIN_SHELL "/usr/sbin/nologin"

static struct cursor cursor;

/* GECOS cannot hold the ':' of "spiffe://", so it shows the ID from the trust domain on. */
static const char *without_scheme(const char *id)
{
    const char *domain;

    (void)spiffe_trust_domain(id, &domain);
    return domain;
}

/* A disabled identity is still answered: its files keep the name of their owner, and no one else gets it. */
static enum nss_status fill(const struct identity *identity, struct passwd *ret, char *buf, size_t len, int *errnop)
{
    struct room room = {.at = buf, .left = len};
    struct passwd passwd = {.pw_uid = identity->uid, .pw_gid = identity->gid};
    enum nss_status status;

    passwd.pw_name = room_put(&room, identity->account);
    passwd.pw_passwd = room_put(&room, LOCKED_PASSWORD);
    passwd.pw_gecos = room_put(&room, without_scheme(identity->id));
    passwd.pw_dir = room_put(&room, identity->home);
    passwd.pw_shell = room_put(&room, identity->disabled ? NOLOGIN_SHELL : identity->shell);
    status = room_status(&room, errnop);
    if (status == NSS_STATUS_SUCCESS)
        *ret = passwd;
    return status;
}

enum nss_status _nss_agent_getpwnam_r(const char *name, struct passwd *ret, char *buf, size_t len, int *errnop)
{
    struct identity identity;
    enum nss_status status = find_name(name, &identity, errnop);

    return status == NSS_STATUS_SUCCESS ? fill(&identity, ret, buf, len, errnop) : status;
}

enum nss_status _nss_agent_getpwuid_r(uid_t uid, struct passwd *ret, char *buf, size_t len, int *errnop)
{
    struct identity identity;
    enum nss_status status = find_uid(uid, &identity, errnop);

    return status == NSS_STATUS_SUCCESS ? fill(&identity, ret, buf, len, errnop) : status;
}

enum nss_status _nss_agent_setpwent(int stayopen)
{
    (void)stayopen;
    cursor_rewind(&cursor);
    return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_agent_getpwent_r(struct passwd *ret, char *buf, size_t len, int *errnop)
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

enum nss_status _nss_agent_endpwent(void)
{
    cursor_rewind(&cursor);
    return NSS_STATUS_SUCCESS;
}
