/*
 * The accounts of identities.cdb: those of the configuration, and every one that was there before and no longer is, disabled.
 */
#ifndef PAM_AGENT_APPLY_ACCOUNTS_H
#define PAM_AGENT_APPLY_ACCOUNTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "agentctl/apply_local.h"
#include "agentctl/apply_uids.h"
#include "agentctl/config.h"

struct account {
    const char *name, *id; /* SPIFFE ID or pattern */
    uint32_t uid, gid;
    const char *home, *shell; /* NULL: as meta implies */
    int disabled, local, keep_home;
    uint32_t keep_seconds; /* of its old homes; 0: as the host says */
    int human_use;
    unsigned unattended; /* unattended_bit() */
    uint32_t *groups;    /* gids of the supplementary ones */
    size_t group_count;
    int slot;     /* one of several of its identity, not the first: its ID does not lead to it */
    int shadowed; /* another account, configured, has this uid now */
};

struct accounts {
    struct account *items; /* the configured ones first, in their order */
    size_t count, configured;
};

/* The accounts of a database of before, sorted by name. 0; -ENOENT; -errno. A database that cannot be read is -EBADMSG. */
int accounts_load(const char *path, struct arena *arena, struct accounts *ret) MUST_CHECK;

/*
 * What the configuration makes of them. Accounts without a uid get one. 0; -EINVAL: reported. Everything
 * lives in uids->arena and in config.
 */
int accounts_build(const struct config *config, const struct local *local, const struct accounts *before,
                   struct uids *uids, struct problems *problems, struct accounts *ret) MUST_CHECK;

/* The account of this name of accounts that are sorted by name, or NULL. */
const struct account *accounts_find(const struct accounts *sorted, const char *name);

#endif
