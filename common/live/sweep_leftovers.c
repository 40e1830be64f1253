/* Files of tasks that are over, and kept homes that are old. */
#include <errno.h>
#include <string.h>

#include "core/clock.h"
#include "core/fields.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"
#include "judge/policy_store.h"
#include "judge/state_dir.h"
#include "judge/task.h"
#include "live/account.h"
#include "live/leftovers.h"
#include "live/run_dir.h"
#include "live/sweep_parts.h"

#define CLEAR_MS 2000 /* for one account */
#define OWNER_TEXT_MAX (3 * (ISS_MAX + TASK_MAX + SPIFFE_ID_MAX) + 256)

int sweep_is_over(uid_t uid)
{
    CLEANUP(close_fd) int dir = -1;
    char name[TEXT_DECIMAL_MAX + 1], text[OWNER_TEXT_MAX];
    const char *key, *value, *iss = NULL, *task = NULL;
    struct task_record record = {.state = TASK_ACTIVE};
    struct fields fields;
    size_t len;
    int r = state_run_dir(FIND, "used", NULL, NULL, &dir);

    text_decimal(name, uid);
    if (r == 0)
        r = file_read_at(dir, name, text, sizeof text, &len);
    if (r == 0)
        r = fields_open(&fields, text, len);
    while (r == 0 && (r = fields_next(&fields, &key, &value)) > 0) {
        r = 0;
        if (strcmp(key, "iss") == 0)
            iss = value;
        else if (strcmp(key, "task") == 0)
            task = value;
    }
    if (r == 0)
        r = iss && task ? task_get(iss, task, &record) : -EBADMSG;
    return r < 0 ? r : record.state == TASK_COMPLETED || record.state == TASK_REVOKED;
}

static int find_identity(uid_t uid, struct identity *ret)
{
    CLEANUP(close_fd) int identities = -1;
    int r = identities_open(PATH_IDENTITIES, &identities);

    return r < 0 ? r : identities_by_uid(identities, uid, ret);
}

int sweep_account(uid_t uid, int milliseconds)
{
    struct identity identity;
    int r = policy_host_observes();

    if (r != 0) /* nothing is cleared where agents run as they did before, or may */
        return r > 0 || r == -ENOENT ? 0 : r;
    r = sweep_is_over(uid);
    if (r <= 0)
        return r == -ENOENT ? 0 : r;
    if (account_is_free(uid) <= 0)
        return 0;
    r = find_identity(uid, &identity);
    if (r == 0)
        r = leftovers_clear(&identity, milliseconds);
    return r < 0 ? r : 1;
}

int sweep_account_for(const struct grant *grant, int milliseconds)
{
    struct identity identity;
    int r = find_identity(grant->uid, &identity);

    if (r == 0)
        r = leftovers_fit(&identity, grant);
    if (r != 0)
        return r < 0 ? r : 0;
    r = leftovers_clear(&identity, milliseconds);
    return r < 0 ? r : 1;
}

static void clear_account(int dir, const char *name, void *arg)
{
    struct swept *swept = arg;
    uint64_t uid;
    int r;

    (void)dir;
    if (text_u64(name, UINT32_MAX, &uid) < 0)
        return;
    r = sweep_account((uid_t)uid, CLEAR_MS);
    swept->accounts += r > 0;
    swept->left += r < 0 && r != -EBUSY; /* a session of it, or who else clears it, sees to it */
}

static void expire_homes(struct swept *swept)
{
    CLEANUP(close_fd) int identities = -1;
    struct identities_meta meta;
    struct host_policy host;
    int r = identities_open(PATH_IDENTITIES, &identities);

    if (r == 0)
        r = identities_meta(identities, &meta);
    if (r == 0)
        r = policy_host(&host);
    if (r == 0)
        r = leftovers_expire(identities, meta.home_prefix, clock_wall_seconds(), host.keep_home, CLEAR_MS);
    swept->left += r < 0 && r != -ENOENT;
}

void sweep_leftovers(struct swept *swept)
{
    expire_homes(swept); /* first: it is little, and not an agent's to prolong */
    run_dir_each("used", NULL, clear_account, swept);
}
