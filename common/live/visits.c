#include "live/visits.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/files.h"
#include "core/text.h"
#include "judge/grant.h"
#include "judge/reaper.h"
#include "judge/visit.h"
#include "live/account.h"
#include "live/leftovers.h"
#include "live/sweep.h"

#define LOCK_MS 200
#define LEAVE_MS 300 /* for su and sudo to give a terminal back */
#define LOOK_MS 10

/* --- whose the account's files are meanwhile --- */

static const struct grant *visitors_grant(const struct identity *identity)
{
    static struct grant grant; /* large: a scope */

    (void)!text_copy(grant.iss, sizeof grant.iss, "pam_agent");
    (void)!text_copy(grant.task, sizeof grant.task, "visit");
    (void)!text_copy(grant.identity, sizeof grant.identity, identity->id);
    grant.uid = identity->uid;
    return &grant;
}

/* Was the account cleared long enough before the process began, or never? 1, 0 or -errno. */
static int was_quiet(const struct identity *identity, const struct process *leader)
{
    int64_t age = (clock_boot_ms() - (int64_t)leader->start * 1000 / sysconf(_SC_CLK_TCK)) / 1000, cleared;
    int r = leftovers_cleared(identity->uid, &cleared);

    if (r < 0)
        return r == -ENOENT ? 1 : r;
    return clock_wall_seconds() - cleared - age >= VISIT_QUIET_SECONDS;
}

static int check_quiet(const struct identity *identity, const struct process *leader, int unattended)
{
    int r = unattended ? was_quiet(identity, leader) : 1;

    return r < 0 ? r : r ? 0 : -ETIME;
}

/* A human takes the account as another task would; a service waits until the task whose files it holds is over. 1, 0 or -errno. */
static int may_clear(const struct identity *identity, int unattended)
{
    int r = unattended ? leftovers_fit(identity, visitors_grant(identity)) : 1;

    if (r == 0)
        r = sweep_is_over(identity->uid);
    return r == -ENOENT ? 1 : r;
}

int visit_check(const struct identity *identity, const struct process *leader, int unattended)
{
    int r = account_is_free(identity->uid);

    if (r > 0)
        r = may_clear(identity, unattended);
    if (r <= 0)
        return r < 0 ? r : -EBUSY;
    return check_quiet(identity, leader, unattended);
}

/* --- the beginning --- */

static int clear(const struct identity *identity, int milliseconds)
{
    int r = leftovers_fit(identity, visitors_grant(identity));

    if (r == 0)
        return leftovers_clear(identity, milliseconds);
    if (r > 0)
        r = visits_live(identity->uid);
    if (r != 0)
        return r < 0 ? r : 0; /* beside another visit it is clear */
    return account_kill_strays(identity->uid, milliseconds);
}

/* No session begins to live there after this without seeing it. */
static int enter(const struct identity *identity, const struct process *leader)
{
    CLEANUP(close_fd) int lock = -1;
    int r = account_lock(identity->uid, LOCK_MS, &lock);

    if (r == 0)
        r = account_is_free(identity->uid);
    if (r <= 0)
        return r < 0 ? r : -EBUSY;
    return visit_put(identity->uid, leader);
}

int visit_begin(const struct identity *identity, const struct process *leader, int unattended, int milliseconds)
{
    int r = visit_check(identity, leader, unattended);

    if (r == 0)
        r = clear(identity, milliseconds);
    if (r == 0)
        r = check_quiet(identity, leader, unattended); /* of what was just cleared it may come */
    if (r == 0)
        r = leftovers_claim(identity, visitors_grant(identity));
    return r < 0 ? r : enter(identity, leader);
}

/* --- the end --- */

static int ask_to_end(const struct process *leader, void *arg)
{
    (void)arg;
    (void)!process_signal(leader, SIGTERM);
    return 0;
}

static int kill_one(const struct process *leader, void *arg)
{
    const uid_t *uid = arg;

    (void)!process_signal(leader, SIGKILL);
    visit_remove(*uid, leader);
    return 0;
}

/* The leaders, which are root's or a human's, too: one that has not started anything yet would do so later. */
static int end_all(uid_t uid)
{
    int64_t until = clock_boot_ms() + LEAVE_MS;
    int r = visits_each(uid, ask_to_end, NULL);

    (void)!reaper_signal_uid(uid, SIGKILL);
    while (r >= 0 && (r = visits_live(uid)) > 0 && clock_boot_ms() < until)
        (void)poll(NULL, 0, LOOK_MS);
    if (r >= 0)
        r = visits_each(uid, kill_one, &uid);
    (void)!reaper_signal_uid(uid, SIGKILL);
    return r;
}

/* One that is about to begin holds the lock: it is waited for, or sees the session. */
int visits_end(const struct identity *identity)
{
    CLEANUP(close_fd) int lock = -1;
    int r = identity->human_use || identity->unattended ? 1 : visits_live(identity->uid);

    if (r > 0)
        r = account_lock(identity->uid, LOCK_MS, &lock);
    if (r < 0 || lock < 0)
        return r;
    r = visits_live(identity->uid);
    return r > 0 ? end_all(identity->uid) : r;
}
