/* Processes of an agent's uid in no session. */
#include <errno.h>
#include <signal.h>

#include "core/files.h"
#include "core/identities.h"
#include "core/paths.h"
#include "core/proc.h"
#include "judge/reaper.h"
#include "live/doorbell.h"
#include "live/sweep_parts.h"

#define STRAY_UIDS_MAX 1024 /* of one sweep; the next one finds the rest */
#define RESERVED_UIDS 2     /* the first of the range are no account's; the verifier runs as one of them */

struct search {
    int identities;
    struct identities_meta meta;
    uid_t uids[STRAY_UIDS_MAX];
    size_t count;
};

int account_is_free(uid_t uid)
{
    session_id ids[SESSIONS_PER_ACCOUNT_MAX];
    size_t count;

    if (sessions_of_uid(uid, ids, COUNT_OF(ids), &count) < 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (!session_is_gone(ids[i]))
            return 0;
    return 1;
}

/* One that the database says: killing on a guess would hit others. */
static int is_agent(const struct search *search, uid_t uid)
{
    struct identity identity;

    if (uid >= search->meta.uid_min && uid <= search->meta.uid_max)
        return uid - search->meta.uid_min >= RESERVED_UIDS;
    return uid != 0 && identities_by_uid(search->identities, uid, &identity) == 0;
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
    uid_t uid;

    if (process_uid(process->pid, &uid) == 0 && !is_known(search, uid) && is_agent(search, uid) && account_is_free(uid))
        search->uids[search->count++] = uid;
    return search->count == STRAY_UIDS_MAX;
}

/* A session is published before its first process is: looking once more, right before, is enough. */
void sweep_strays(struct swept *swept)
{
    CLEANUP(close_fd) int identities = -1;
    struct search search = {.count = 0};
    int r = identities_open(PATH_IDENTITIES, &identities);

    if (r == 0)
        r = identities_meta(identities, &search.meta);
    search.identities = identities;
    if (r == 0)
        r = process_each(look_at, &search);
    if (r < 0 && r != -ENOENT)
        swept->left++;
    for (size_t i = 0; r >= 0 && i < search.count; i++)
        if (account_is_free(search.uids[i])) {
            if (reaper_signal_uid(search.uids[i], SIGKILL) == 0)
                swept->strays++;
            else
                swept->left++;
        }
}
