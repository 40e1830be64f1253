#include "judge/actor.h"

#include <errno.h>
#include <string.h>

#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"

/* The identity that is configured for this SPIFFE ID. 0; -ENOENT; -errno. */
static int find_identity(const char *id, struct identity *ret)
{
    CLEANUP(close_fd) int fd = -1;
    int r = identities_open(PATH_IDENTITIES, &fd);

    return r == 0 ? identities_by_spiffe(fd, id, ret) : r;
}

enum reason actor_itself(const struct identity *account, const char *id)
{
    struct identity identity;
    int r = find_identity(id, &identity);

    if (r < 0)
        return r == -ENOENT ? REASON_IDENTITY_UNKNOWN : REASON_STATE_UNAVAILABLE;
    if (strcmp(identity.id, account->id) != 0)
        return REASON_IDENTITY_MISMATCH;
    return identity.disabled ? REASON_IDENTITY_DISABLED : REASON_PERMIT;
}

/* Who acts: the one that a voucher names, or whoever has the leaf's key, under the account's own identity. */
static enum reason take_delegatee(const struct identity *account, const char *delegatee, struct grant *grant)
{
    enum reason reason = delegatee[0] ? actor_itself(account, delegatee) : REASON_PERMIT;

    if (reason != REASON_PERMIT)
        return reason;
    if (!delegatee[0] && !spiffe_id_valid(account->id)) /* a pattern names nobody */
        return REASON_DELEGATEE_UNKNOWN;
    grant->delegatee_proven = delegatee[0] != '\0';
    return text_copy(grant->identity, sizeof grant->identity, delegatee[0] ? delegatee : account->id) < 0
               ? REASON_TOO_LARGE
               : REASON_PERMIT;
}

enum reason actor_delegatee(const struct identity *account, const char *delegatee, struct grant *grant)
{
    struct identity delegator;
    int r = find_identity(grant->identity, &delegator);

    if (r < 0 && r != -ENOENT)
        return REASON_STATE_UNAVAILABLE;
    if ((r == 0 && strcmp(delegator.id, account->id) == 0) || strcmp(grant->identity, delegatee) == 0)
        return REASON_DELEGATEE_UNKNOWN;
    if (account->disabled)
        return REASON_IDENTITY_DISABLED;
    strcpy(grant->delegator, grant->identity);
    if (grant_add_ancestor(grant, LINK_IDENTITY, NULL, grant->delegator) < 0)
        return REASON_TOO_LARGE;
    return take_delegatee(account, delegatee, grant);
}
