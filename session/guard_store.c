/* Each step asks again, and reads what is another file by now: `agentctl apply` replaces them. */
#include <errno.h>
#include <string.h>

#include "ask/who.h"
#include "core/files.h"
#include "core/identities.h"
#include "core/paths.h"
#include "core/text.h"
#include "judge/policy_store.h"
#include "session/guard.h"

/* 1: path is the file of this stamp, and what was read of it stands; 0: it is another, and *stamp its own; -errno. */
static int is_kept(const char *path, const struct file_stamp *kept, struct file_stamp *stamp)
{
    int r = file_stamp_of(path, stamp);

    return r < 0 ? r : file_stamp_same(stamp, kept);
}

static int read_policy(const char *account, struct host_policy *host, struct policy_set *policies)
{
    CLEANUP(close_fd) int fd = -1;
    int r = file_open(PATH_POLICY, &fd);

    if (r == 0)
        r = policy_host_in(fd, host);
    return r < 0 ? r : policy_of_account_in(fd, account, policies);
}

int guard_read_policy(struct guard *guard)
{
    struct stores *stores = &guard->stores;
    struct policy_set policies = {0};
    struct host_policy host;
    struct file_stamp stamp; /* taken before it is read: what comes between is read the next time */
    int r = is_kept(PATH_POLICY, &stores->policy, &stamp);

    if (r != 0)
        return r < 0 ? r : 0;
    stores->policy = (struct file_stamp){0};
    r = read_policy(guard->session.grant.account, &host, &policies);
    if (r < 0)
        return r;
    policy_set_clear(&stores->policies);
    stores->policies = policies;
    stores->policy = stamp;
    guard->host = host;
    guard->shares_account = host.mode == MODE_OBSERVE;
    return 0;
}

/* Or of another account: as at login, the identity may be that of any of its slots. */
static int read_identity(const struct grant *grant, int *ret_disabled)
{
    CLEANUP(close_fd) int fd = -1;
    struct identity of_account, of_grant;
    int r = identities_open(PATH_IDENTITIES, &fd);

    if (r == 0)
        r = identities_by_account(fd, grant->account, &of_account);
    if (r == 0)
        r = identities_by_spiffe(fd, grant->identity, &of_grant);
    if (r < 0 && r != -ENOENT)
        return r;
    *ret_disabled =
        r == -ENOENT || of_account.disabled || of_account.uid != grant->uid || strcmp(of_account.id, of_grant.id) != 0;
    return 0;
}

int guard_read_identity(struct guard *guard, int *ret_disabled)
{
    struct stores *stores = &guard->stores;
    struct file_stamp stamp;
    int r = is_kept(PATH_IDENTITIES, &stores->identities, &stamp);

    if (r == 0) {
        stores->identities = (struct file_stamp){0};
        r = read_identity(&guard->session.grant, &stores->identity_disabled);
        if (r == 0)
            stores->identities = stamp;
    }
    if (r < 0)
        return r;
    *ret_disabled = stores->identity_disabled;
    return 0;
}

int guard_is_agent(struct guard *guard, const char *account)
{
    struct stores *stores = &guard->stores;
    struct file_stamp stamp;
    struct identity identity;
    int r = is_kept(PATH_IDENTITIES, &stores->targets, &stamp);

    if (r == -ENOENT)
        return 0; /* guard_read_identity() refuses, where nothing that counts more does */
    if (r < 0 || (r > 0 && strcmp(account, stores->target) == 0))
        return r < 0 ? r : stores->target_is_agent;
    stores->targets = (struct file_stamp){0};
    r = identity_of_account(account, &identity);
    if (r < 0 && r != -ENOENT)
        return r;
    stores->target_is_agent = r == 0;
    if (text_copy(stores->target, sizeof stores->target, account) == 0)
        stores->targets = stamp;
    return stores->target_is_agent;
}
