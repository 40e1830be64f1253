/*
 * Sockets of sessions that are no more, logins that nobody opened, and files that a dead process was about to name. Records of state
 * are state_expire()'s.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ask/ask.h"
#include "core/files.h"
#include "core/text.h"
#include "judge/state_dir.h"
#include "judge/visit.h"
#include "live/doorbell.h"
#include "live/run_dir.h"
#include "live/sweep_parts.h"

#define ANSWER_MS 1000
#define NAMELESS_SECONDS 60 /* nobody takes that long to give a file its name */

static int is_of_nobody(const char *name)
{
    return session_id_valid(name) && session_is_gone(name);
}

static int nobody_listens(int error)
{
    return error == -ECONNREFUSED || error == -ENOENT;
}

/* A guard without a session finds that out when it is rung. */
static void sweep_root_socket(int dir, const char *name, void *arg)
{
    struct swept *swept = arg;
    struct report report;
    int r;

    if (!is_of_nobody(name))
        return;
    r = ask_report(name, "recheck", ANSWER_MS, &report);
    if (nobody_listens(r))
        (void)unlinkat(dir, name, 0);
    else if (r == 0)
        swept->guards++;
    else
        swept->left++;
}

static void sweep_own_socket(int dir, const char *name, void *arg)
{
    CLEANUP(close_fd) int fd = -1;
    const uint64_t *uid = arg;

    if (is_of_nobody(name) && nobody_listens(ask_own_connect((uid_t)*uid, name, ANSWER_MS, &fd)))
        (void)unlinkat(dir, name, 0);
}

/* The directory stays: a guard may be about to make its socket there. */
static void sweep_own_sockets(int dir, const char *name, void *arg)
{
    uint64_t uid;

    (void)dir;
    (void)arg;
    if (text_u64(name, UINT32_MAX, &uid) == 0)
        run_dir_each("agent", name, sweep_own_socket, &uid);
}

/* To look at visits drops those that are over. */
static void sweep_visits(int dir, const char *name, void *arg)
{
    uint64_t uid;

    (void)dir;
    (void)arg;
    if (text_u64(name, UINT32_MAX, &uid) == 0)
        (void)!visits_live((uid_t)uid);
}

static void sweep_pending(int dir, const char *name, void *arg)
{
    (void)arg;
    if (is_file_older(dir, name, 2 * PENDING_SECONDS))
        (void)unlinkat(dir, name, 0);
}

/* A file is written under a name with a dot; directories and locks have none. */
static int sweep_nameless(int dir, const char *name, void *arg)
{
    CLEANUP(close_fd) int below = -1;

    if (name[0] != '.') {
        if (dir_open_at(dir, name, &below) == 0)
            (void)!state_names_each(below, sweep_nameless, arg);
    } else if (is_file_older(dir, name, NAMELESS_SECONDS)) {
        (void)unlinkat(dir, name, 0);
    }
    return 0;
}

static void sweep_nameless_files(void)
{
    CLEANUP(close_fd) int run = -1;
    CLEANUP(close_fd) int durable = -1;

    if (state_run_dir(FIND, NULL, NULL, NULL, &run) == 0)
        (void)!state_names_each(run, sweep_nameless, NULL);
    if (state_durable_dir(FIND, NULL, NULL, &durable) == 0)
        (void)!state_names_each(durable, sweep_nameless, NULL);
}

void sweep_records(struct swept *swept)
{
    run_dir_each("ctl", NULL, sweep_root_socket, swept);
    run_dir_each("agent", NULL, sweep_own_sockets, swept);
    run_dir_each("visit", NULL, sweep_visits, NULL);
    run_dir_each("pending", NULL, sweep_pending, swept);
    sweep_nameless_files();
}
