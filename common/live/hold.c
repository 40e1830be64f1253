#include "live/hold.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask/ask.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/proc.h"
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

/* --- what sudo started --- */

struct others {
    const struct audited *sessions; /* by audit */
    size_t count;
    int sig;
};

static int by_audit(const void *a, const void *b)
{
    const struct audited *x = a, *y = b;

    return (x->audit > y->audit) - (x->audit < y->audit);
}

/*
 * A guard that may not leave the audit session, a gate that opens or closes one: who stops them waits for itself. Of an agent's
 * process nothing is asked that its memory is locked for, as it may be for ever (before Linux 4.1).
 */
static int is_ours(pid_t pid)
{
    char path[64], program[sizeof LIBEXECDIR] = "";
    uid_t uid;

    return process_uid(pid, &uid) == 0 && uid == 0 && text_format(path, sizeof path, "/proc/%ld/exe", (long)pid) == 0 &&
           readlink(path, program, sizeof program) == sizeof program &&
           memcmp(program, LIBEXECDIR "/", sizeof program) == 0;
}

static int signal_other(const struct process *process, void *arg)
{
    const struct others *others = arg;
    const struct audited key = {.audit = process_audit_session(process->pid)},
                         *found = bsearch(&key, others->sessions, others->count, sizeof key, by_audit);

    if (found && key.audit != AUDIT_UNSET && process->pid != found->leader && process->pid != getpid() &&
        !is_ours(process->pid))
        (void)!process_signal(process, others->sig);
    return 0;
}

void hold_others(struct audited *sessions, size_t count, int sig)
{
    struct others others = {.sessions = sessions, .count = count, .sig = sig};

    if (count == 0)
        return;
    qsort(sessions, count, sizeof *sessions, by_audit);
    (void)!process_each(signal_other, &others);
}

static void release_others(uid_t uid)
{
    struct audited sessions[SESSIONS_PER_ACCOUNT_MAX];
    struct session *session = malloc(sizeof *session);
    session_id ids[SESSIONS_PER_ACCOUNT_MAX];
    size_t listed = 0, count = 0;

    if (session && sessions_of_uid(uid, ids, COUNT_OF(ids), &listed) == 0)
        for (size_t i = 0; i < listed; i++)
            if (session_read(ids[i], session) == 0)
                sessions[count++] = (struct audited){session->audit, session->leader};
    free(session);
    hold_others(sessions, count, SIGCONT);
}

/* --- letting go --- */

/* The furthest state of any session of the account; -EAGAIN: a guard does not say. */
static int furthest_state(uid_t uid)
{
    session_id ids[SESSIONS_PER_ACCOUNT_MAX];
    int furthest = REPORT_RUNNING;
    size_t count;

    if (sessions_of_uid(uid, ids, COUNT_OF(ids), &count) < 0)
        return -EAGAIN;
    for (size_t i = 0; i < count; i++) {
        struct report report;

        if (ask_report(ids[i], "recheck", ANSWER_MS, &report) == 0)
            furthest = (int)report.state > furthest ? (int)report.state : furthest;
        else if (!session_is_gone(ids[i]))
            return -EAGAIN;
    }
    return furthest;
}

/* Asked once more when the account goes on: a guard that froze it meanwhile was overruled by our SIGCONT. */
void hold_release(uid_t uid)
{
    int state = furthest_state(uid);

    if (state < 0)
        return; /* the mark stays for a sweep, which ends what has no guard */
    if (state <= REPORT_LINGERING && reaper_signal_uid(uid, SIGCONT) == 0) {
        release_others(uid);
        if (furthest_state(uid) == REPORT_FROZEN)
            (void)!reaper_signal_uid(uid, SIGSTOP);
    }
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
