/* Processes of an agent's uid in no session. */
#include <errno.h>

#include "core/files.h"
#include "core/identities.h"
#include "core/paths.h"
#include "core/proc.h"
#include "judge/policy_store.h"
#include "judge/visit.h"
#include "live/account.h"
#include "live/sweep_parts.h"
#include "live/visits.h"

#define STRAY_UIDS_MAX 1024 /* of one sweep; the next one finds the rest */
#define KILL_MS 500         /* for one account */

struct search {
    int identities;
    uid_t uids[STRAY_UIDS_MAX];
    size_t count;
};

/*
 * One that the database has, be it disabled: killing on a guess would hit others, who may have uids of our range from LDAP or as
 * subordinate ones.
 */
static int find_agent(const struct search *search, uid_t uid, struct identity *ret)
{
    return uid != 0 && identities_by_uid(search->identities, uid, ret) == 0;
}

/* Who visits an account whose identity lets nobody any more does not stay. Where that cannot be told, they are no strays. */
static int is_visited(const struct identity *identity)
{
    if (visits_live(identity->uid) == 0)
        return 0;
    return (!identity->disabled && (identity->human_use || identity->unattended)) || visits_end(identity) < 0;
}

static int is_known(const struct search *search, uid_t uid)
{
    for (size_t i = 0; i < search->count; i++)
        if (search->uids[i] == uid)
            return 1;
    return 0;
}

static int look_at(const struct process *process, void *arg)
{
    struct search *search = arg;
    struct identity identity;
    uid_t uid;

    if (process_uid(process->pid, &uid) == 0 && !is_known(search, uid) && find_agent(search, uid, &identity) &&
        account_is_free(uid) > 0 && !is_visited(&identity))
        search->uids[search->count++] = uid;
    return search->count == STRAY_UIDS_MAX;
}

void sweep_strays(struct swept *swept)
{
    CLEANUP(close_fd) int identities = -1;
    struct search search = {.count = 0};
    int observes = policy_host_observes(), r;

    swept->left += observes < 0 && observes != -ENOENT;
    if (observes) /* agents run here as they did before, or may */
        return;
    r = identities_open(PATH_IDENTITIES, &identities);
    search.identities = identities;
    if (r == 0)
        r = process_each(look_at, &search);
    if (r < 0 && r != -ENOENT)
        swept->left++;
    for (size_t i = 0; r >= 0 && i < search.count; i++) {
        int killed = account_kill_strays(search.uids[i], KILL_MS);

        swept->strays += killed == 0;
        swept->left += killed < 0 && killed != -EBUSY; /* a session of it has come, or who clears it sees to it */
    }
}
