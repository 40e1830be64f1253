/*
 * The accounts and groups that this host has by itself: /etc/passwd and /etc/group, and who has subordinate ids by subuid(5) and
 * subgid(5), read as files. Not through NSS, which answers for agents too and may wait for a network.
 */
#ifndef PAM_AGENT_APPLY_LOCAL_H
#define PAM_AGENT_APPLY_LOCAL_H

#include <stddef.h>
#include <stdint.h>

#include "agentctl/config_memory.h"
#include "core/compat.h"

struct local_account {
    const char *name, *home, *shell;
    uint32_t uid, gid;
};

struct local_group {
    const char *name, *members; /* comma-separated */
    uint32_t gid;
};

struct local_paths {
    const char *passwd, *group;
    const char *subuid, *subgid; /* they need not be there */
};

struct local {
    struct local_account *accounts, **by_uid; /* accounts: by name */
    size_t account_count;
    struct local_group *groups, **by_gid; /* groups: by name */
    size_t group_count;
    const char **subordinates; /* sorted: account names or uids */
    size_t subordinate_count;
};

/* Lines that are no entries are passed over. 0 or -errno (files.h); *ret_path is the file that it is about. */
int local_read(const struct local_paths *paths, struct arena *arena, struct local *ret,
               const char **ret_path) MUST_CHECK;

/* NULL: there is none. */
const struct local_account *local_account(const struct local *local, const char *name);
const struct local_account *local_account_of_uid(const struct local *local, uint32_t uid);
const struct local_group *local_group(const struct local *local, const char *name);
const struct local_group *local_group_of_gid(const struct local *local, uint32_t gid);
/* Has it subordinate uids or gids? 1 or 0. */
int local_has_subordinates(const struct local *local, const char *name, uint32_t uid);
/* 1 or 0; by primary group or by name. */
int local_is_member(const struct local_group *group, const struct local_account *account);

#endif
