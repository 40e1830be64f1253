#include "lookup.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "core/files.h"
#include "core/names.h"
#include "core/paths.h"
#include "core/text.h"

static enum nss_status unavailable(int error, int *errnop)
{
    *errnop = errno = error;
    return NSS_STATUS_UNAVAIL;
}

static enum nss_status open_database(int *ret_fd, int *errnop)
{
    int r = identities_open(PATH_IDENTITIES, ret_fd);

    return r < 0 ? unavailable(-r, errnop) : NSS_STATUS_SUCCESS;
}

/* What a lookup in the open database came to. A read that was interrupted has left its mark on errno. */
static enum nss_status concluded(int r, int saved_errno, int *errnop)
{
    if (r < 0 && r != -ENOENT)
        return unavailable(-r, errnop);
    errno = saved_errno;
    return r < 0 ? NSS_STATUS_NOTFOUND : NSS_STATUS_SUCCESS;
}

static int served(int r, const struct identity *identity)
{
    return r == 0 && identity->local ? -ENOENT : r;
}

enum nss_status find_account(const char *name, struct identity *ret, int *errnop)
{
    CLEANUP(close_fd) int db = -1;
    int saved_errno = errno;
    enum nss_status status;

    if (!account_name_valid(name))
        return NSS_STATUS_NOTFOUND;
    status = open_database(&db, errnop);
    if (status != NSS_STATUS_SUCCESS)
        return status;
    return concluded(served(identities_by_account(db, name, ret), ret), saved_errno, errnop);
}

enum nss_status find_name(const char *name, struct identity *ret, int *errnop)
{
    CLEANUP(close_fd) int db = -1;
    int saved_errno = errno;
    enum nss_status status;

    if (!spiffe_id_valid(name))
        return find_account(name, ret, errnop);
    status = open_database(&db, errnop);
    if (status != NSS_STATUS_SUCCESS)
        return status;
    return concluded(identities_by_spiffe(db, name, ret), saved_errno, errnop);
}

enum nss_status find_uid(uint32_t uid, struct identity *ret, int *errnop)
{
    CLEANUP(close_fd) int db = -1;
    int saved_errno = errno;
    enum nss_status status;

    if (uid == 0 || uid == UINT32_MAX)
        return NSS_STATUS_NOTFOUND;
    status = open_database(&db, errnop);
    if (status != NSS_STATUS_SUCCESS)
        return status;
    return concluded(served(identities_by_uid(db, uid, ret), ret), saved_errno, errnop);
}

enum nss_status find_meta(struct identities_meta *ret, int *errnop)
{
    CLEANUP(close_fd) int db = -1;
    int saved_errno = errno;
    enum nss_status status = open_database(&db, errnop);

    if (status != NSS_STATUS_SUCCESS)
        return status;
    return concluded(identities_meta(db, ret), saved_errno, errnop);
}

void cursor_rewind(struct cursor *cursor)
{
    __atomic_store_n(&cursor->next, 0, __ATOMIC_RELAXED);
}

void cursor_pass(struct cursor *cursor, unsigned position)
{
    __atomic_store_n(&cursor->next, position + 1, __ATOMIC_RELAXED);
}

enum nss_status cursor_find(struct cursor *cursor, struct identity *ret, unsigned *ret_position, int *errnop)
{
    CLEANUP(close_fd) int db = -1;
    int saved_errno = errno;
    unsigned at = __atomic_load_n(&cursor->next, __ATOMIC_RELAXED);
    enum nss_status status;
    int r;

    status = open_database(&db, errnop);
    if (status != NSS_STATUS_SUCCESS)
        return status;
    do
        r = identities_at(db, at++, ret);
    while (r == 0 && ret->local);
    *ret_position = at - 1;
    return concluded(r, saved_errno, errnop);
}

char *room_put(struct room *room, const char *text)
{
    size_t size = strlen(text) + 1;
    char *put = room->at;

    if (room->full || size > room->left) {
        room->full = 1;
        return NULL;
    }
    memcpy(put, text, size);
    room->at += size;
    room->left -= size;
    return put;
}

char **room_put_empty_list(struct room *room)
{
    size_t gap = -(uintptr_t)room->at % sizeof(char *);
    char **list;

    if (room->full || room->left < gap + sizeof(char *)) {
        room->full = 1;
        return NULL;
    }
    list = (char **)(void *)(room->at + gap);
    *list = NULL;
    room->at += gap + sizeof(char *);
    room->left -= gap + sizeof(char *);
    return list;
}

enum nss_status room_status(const struct room *room, int *errnop)
{
    if (!room->full)
        return NSS_STATUS_SUCCESS;
    *errnop = errno = ERANGE;
    return NSS_STATUS_TRYAGAIN;
}
