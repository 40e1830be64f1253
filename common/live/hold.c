#include "live/hold.h"

#include <signal.h>
#include <unistd.h>

#include "ask/ask.h"
#include "core/files.h"
#include "core/text.h"
#include "judge/reaper.h"
#include "judge/state_dir.h"
#include "live/doorbell.h"
#include "live/run_dir.h"

#define HELD_DIR "held"
#define HELD_SECONDS 60 /* longer than any doorbell takes */
#define ANSWER_MS 1000

int hold_account(uid_t uid)
{
    CLEANUP(close_fd) int dir = -1;
    char name[TEXT_DECIMAL_MAX + 1];

    text_decimal(name, uid);
    /* Without its mark it is stopped all the same: then its guards alone continue it. */
    if (state_run_dir(MAKE, HELD_DIR, NULL, NULL, &dir) == 0)
        (void)!file_replace_at(dir, name, 0600, "", 0, 0);
    return reaper_signal_uid(uid, SIGSTOP);
}

void hold_forget(uid_t uid)
{
    CLEANUP(close_fd) int dir = -1;
    char name[TEXT_DECIMAL_MAX + 1];

    text_decimal(name, uid);
    if (state_run_dir(FIND, HELD_DIR, NULL, NULL, &dir) == 0)
        (void)unlinkat(dir, name, 0);
}

/* The furthest state of any session of the account; a guard that does not say is as good as ending. */
static int furthest_state(uid_t uid)
{
    session_id ids[SESSIONS_PER_ACCOUNT_MAX];
    int furthest = REPORT_RUNNING;
    size_t count;

    if (sessions_of_uid(uid, ids, COUNT_OF(ids), &count) < 0)
        return REPORT_ENDING;
    for (size_t i = 0; i < count; i++) {
        struct report report;

        if (ask_report(ids[i], "recheck", ANSWER_MS, &report) == 0)
            furthest = (int)report.state > furthest ? (int)report.state : furthest;
        else if (!session_is_gone(ids[i]))
            return REPORT_ENDING;
    }
    return furthest;
}

/* Asked once more when the account goes on: a guard that froze it meanwhile was overruled by our SIGCONT. */
void hold_release(uid_t uid)
{
    if (furthest_state(uid) <= REPORT_LINGERING && reaper_signal_uid(uid, SIGCONT) == 0 &&
        furthest_state(uid) == REPORT_FROZEN)
        (void)!reaper_signal_uid(uid, SIGSTOP);
    hold_forget(uid);
}

static void release_old(int dir, const char *name, void *arg)
{
    uint64_t uid;

    (void)arg;
    if (text_u64(name, UINT32_MAX, &uid) == 0 && is_file_older(dir, name, HELD_SECONDS))
        hold_release((uid_t)uid);
}

void holds_expire(void)
{
    run_dir_each(HELD_DIR, NULL, release_old, NULL);
}
