/*
 * What passwd, group and shadow share: finding an identity, the place of an enumeration, and filling the caller's
 * buffer. Status, errno and *errnop as in nss_agent.h.
 */
#ifndef PAM_AGENT_NSS_LOOKUP_H
#define PAM_AGENT_NSS_LOOKUP_H

#include <nss.h>
#include <stddef.h>

#include "core/compat.h"
#include "core/identities.h"

#define LOCKED_PASSWORD "*"

/* By account, and not a local one. A name that no account can have costs nothing. */
enum nss_status find_account(const char *name, struct identity *ret, int *errnop) MUST_CHECK;
/* By account as above, or by SPIFFE ID. */
enum nss_status find_name(const char *name, struct identity *ret, int *errnop) MUST_CHECK;
enum nss_status find_uid(uint32_t uid, struct identity *ret, int *errnop) MUST_CHECK;
enum nss_status find_meta(struct identities_meta *ret, int *errnop) MUST_CHECK;

/*
 * Where an enumeration stands. One a process, as the interface has it: glibc holds a lock of the database around set,
 * get and end (pwd/getpwent_r.c), but not in nss_compat's initgroups; so access is atomic, and what two unlocked
 * enumerations can do to each other is to skip or repeat entries.
 */
struct cursor {
    unsigned next;
};

void cursor_rewind(struct cursor *cursor);
/* The next account that is not local and its position, for cursor_pass() once the caller has it. */
enum nss_status cursor_find(struct cursor *cursor, struct identity *ret, unsigned *ret_position,
                            int *errnop) MUST_CHECK;
void cursor_pass(struct cursor *cursor, unsigned position);

/* The caller's buffer, filled from its start. Once something does not fit, nothing more is put. */
struct room {
    char *at;
    size_t left;
    int full;
};

/* A copy of the text in the room, or NULL. */
char *room_put(struct room *room, const char *text);
/* An empty list of strings, aligned, or NULL. */
char **room_put_empty_list(struct room *room);
/* SUCCESS, or TRYAGAIN and ERANGE where something did not fit. */
enum nss_status room_status(const struct room *room, int *errnop) MUST_CHECK;

#endif
