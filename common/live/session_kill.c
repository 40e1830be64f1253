#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask/packet.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/proc.h"
#include "core/text.h"
#include "judge/policy_store.h"
#include "judge/reaper.h"
#include "judge/record.h"
#include "judge/state_place.h"
#include "live/doorbell.h"
#include "live/sweep.h"

#define KILL_MS 1000
#define LOOK_MS 10 /* between two looks at what is left */

int session_is_gone(const char *id)
{
    return session_exists(id) == 0;
}

/* --- the guard --- */

/* Gate starts it as `guard ID`; nobody but root can be root with that name and this ID. */
static int is_guard_of(const struct process *process, const char *id)
{
    CLEANUP(close_fd) int fd = -1;
    char path[64], expected[64], line[sizeof expected];
    size_t len = sizeof "guard" + SESSION_ID_LENGTH + 1;
    uid_t uid;

    /* Not of an agent's process: its command line lies in its memory, where reading it may wait for ever. */
    if (process_uid(process->pid, &uid) < 0 || uid != 0 ||
        text_format(path, sizeof path, "/proc/%ld/cmdline", (long)process->pid) < 0)
        return 0;
    memcpy(expected, "guard", sizeof "guard");
    memcpy(expected + sizeof "guard", id, SESSION_ID_LENGTH + 1);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, line, sizeof line) == (ssize_t)len && memcmp(line, expected, len) == 0;
}

static int kill_guard(const struct process *process, void *arg)
{
    if (process->pid != getpid() && is_guard_of(process, arg))
        (void)!process_signal(process, SIGKILL);
    return 0;
}

/* A guard that wakes up later would act on a session that is no more. We may be a child of it that rings. */
static void kill_guards(char *id)
{
    (void)!process_each(kill_guard, id);
}

/* --- what it guarded --- */

static int leader_alive(const struct session *session)
{
    return process_alive(session->leader, session->leader_start);
}

static void signal_leader(const struct session *session, int sig)
{
    (void)!process_signal(&(struct process){.pid = session->leader, .start = session->leader_start}, sig);
}

/* Does the reason concern the authority of the account, and with it every session? */
static int takes_account(enum reason reason)
{
    return reason != REASON_CLOSED && reason != REASON_LEADER_GONE && reason != REASON_SESSION_ENDED &&
           reason != REASON_SESSION_EXPIRED;
}

/* Does the account have another session? One whose leader is gone holds nothing unless it lingers. Unknown counts as none. */
static int has_company(const struct session *session)
{
    struct session *other = malloc(sizeof *other);
    session_id ids[SESSIONS_PER_ACCOUNT_MAX];
    size_t count = 0;
    int found = 0;

    if (other && sessions_of_uid(session->grant.uid, ids, COUNT_OF(ids), &count) == 0)
        for (size_t i = 0; i < count && !found; i++)
            found = strcmp(ids[i], session->id) != 0 && session_read(ids[i], other) == 0 &&
                    (leader_alive(other) || session_lingers(ids[i]));
    free(other);
    return found;
}

/* On a host that observes, the account has processes that no session holds. Where that is not known, whoever lost authority goes. */
static int is_whole_account(const struct session *session, enum reason reason)
{
    return (takes_account(reason) || !has_company(session)) && policy_host_observes() <= 0;
}

static struct target target_of(const struct session *session, enum reason reason)
{
    return (struct target){
        .uid = is_whole_account(session, reason) ? session->grant.uid : 0,
        .audit = session->audit,
        .cgroup = session->cgroup,
        .leader = session->leader,
        .leader_start = session->leader_start,
        .spare = {leader_alive(session) ? session->leader : 0},
    };
}

/* What it started first, then its leader, which may be about to start more. 1 when all of it is gone. */
static int kill_processes(const struct session *session, enum reason reason)
{
    const struct target target = target_of(session, reason);
    int64_t deadline = deadline_in(KILL_MS);
    int dismissed = 0;

    for (;;) {
        int left = deadline_left(deadline);

        if (reaper_kill(&target) == 0) {
            if (!leader_alive(session))
                return 1;
            if (!dismissed)
                signal_leader(session, SIGTERM);
            else if (left < KILL_MS / 2)
                signal_leader(session, SIGKILL);
            dismissed = 1;
        }
        if (left == 0)
            return 0;
        (void)usleep(LOOK_MS * 1000);
    }
}

static void record_end(const struct session *session, enum reason reason)
{
    const struct grant *grant = &session->grant;
    const struct record record = {
        .reason = reason,
        .step = "close",
        .service = grant->service,
        .source = grant->source,
        .account = grant->account,
        .identity = grant->identity,
        .principal = grant->principal,
        .issuer = grant->issuer,
        .task = grant->task,
        .purpose = grant->purpose,
        .session = session->id,
        .detail = "killed in the place of its guard",
    };
    char reference[REFERENCE_SIZE];

    (void)!record_write(&record, reference);
}

/* Is there something that is no record? Otherwise it is only not to be had now. */
static int is_no_record(int error)
{
    return error == -EBADMSG || error == -EPERM || error == -ELOOP || error == -EFBIG;
}

static int kill_session(struct session *session, enum reason reason)
{
    int r = session_read(session->id, session);

    if (r == -ENOENT) /* its guard, or another in its place, was faster */
        return 1;
    if (r < 0 && !is_no_record(r))
        return 0;
    kill_guards(session->id); /* first: the leader may wait for it */
    if (r == 0 && !kill_processes(session, reason))
        return 0;
    session_remove(session);
    if (r == 0) {
        record_end(session, reason);
        sweeper_start_ended(session, reason);
    }
    return r == 0; /* whose processes an unreadable record names, nobody knows; sweep finds them without a session */
}

int session_kill(const char *id, enum reason reason)
{
    struct session *session = malloc(sizeof *session);
    int gone = session && session_id_valid(id) && text_copy(session->id, sizeof session->id, id) == 0 &&
               kill_session(session, reason);

    free(session);
    return gone;
}
