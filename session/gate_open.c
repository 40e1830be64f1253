#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"
#include "judge/reaper.h"
#include "judge/task.h"
#include "session/gate.h"
#include "session/guard.h"

#define STRAY_TRIES 50
#define STRAY_WAIT_MS 10
#define READY_MS 1000 /* less than ASK_TIMEOUT_MS, so that the reason gets through */

/* --- home --- */

int gate_environment_forgeable(const struct gate *gate)
{
    CLEANUP(close_fd) int home = open(gate->identity.home, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (home < 0)
        return errno != ENOENT;
    /* pam_env reads it as root into the PAM environment of the next service in line (user_readenv). */
    return fstatat(home, ".pam_environment", &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* PREFIX/ACCOUNT, mode 0700, of the account; one that is there must be its own. A local account has its own home. */
static int make_home(const struct gate *gate)
{
    CLEANUP(close_fd) int prefix = -1;
    CLEANUP(close_fd) int home = -1;
    const struct identity *identity = &gate->identity;
    struct stat st;
    int r;

    if (identity->local)
        return 0;
    r = dir_make(gate->meta.home_prefix, 0755, &prefix);
    if (r < 0)
        return r;
    if (mkdirat(prefix, identity->account, 0700) == 0) {
        home = openat(prefix, identity->account, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return home < 0 || fchown(home, identity->uid, identity->gid) < 0 ? -errno : 0;
    }
    if (errno != EEXIST)
        return -errno;
    if (fstatat(prefix, identity->account, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return S_ISDIR(st.st_mode) && st.st_uid == identity->uid ? 0 : -EPERM;
}

/* --- the session --- */

struct audit_search {
    const struct process *leader;
    uint32_t audit;
};

static int is_foreign(const struct process *process, void *arg)
{
    const struct audit_search *search = arg;

    return process_audit_session(process->pid) == search->audit &&
           !process_descends(process->pid, search->leader->pid, search->leader->start);
}

/*
 * The leader's audit session, where it is this session's alone: set, not inherited from the listener, and of no process but
 * the leader's own. AUDIT_UNSET otherwise: as in containers, where one audit session holds everything.
 */
static uint32_t own_audit_session(const struct process *leader)
{
    struct audit_search search = {.leader = leader, .audit = process_audit_session(leader->pid)};

    if (search.audit == AUDIT_UNSET || search.audit == process_audit_session(leader->parent) ||
        process_each(is_foreign, &search) != 0)
        return AUDIT_UNSET;
    return search.audit;
}

static int build_session(const struct gate *gate, struct session *session)
{
    memset(session, 0, sizeof *session);
    session->grant = gate->grant;
    session->leader = gate->asker.pid;
    session->leader_start = gate->asker.start;
    session->audit = own_audit_session(&gate->asker);
    session->opened = clock_wall_seconds();
    session->deadline = gate->decision.session_deadline;
    return session_new_id(session->id);
}

/* --- the guard --- */

static pid_t guard_pid;
static int guard_fd = -1; /* GUARD_READY comes from there, GUARD_CONFIRMED goes there */

static void exec_guard(char *id, int ready)
{
    char *const argv[] = {(char *)"guard", id, NULL};
    char *const envp[] = {NULL};

    if (setsid() >= 0 && dup2(ready, 0) == 0)
        execve(PATH_GUARD, argv, envp);
    _exit(127);
}

/* Start it and wait until it listens. */
static int start_guard(char *id)
{
    struct pollfd pfd = {.events = POLLIN};
    int pair[2];
    char byte;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    guard_pid = fork();
    if (guard_pid == 0)
        exec_guard(id, pair[1]);
    close(pair[1]);
    guard_fd = pair[0];
    if (guard_pid < 0)
        return -EAGAIN;
    pfd.fd = guard_fd;
    if (poll(&pfd, 1, READY_MS) != 1)
        return -ETIMEDOUT;
    return read(guard_fd, &byte, 1) == 1 && byte == GUARD_READY ? 0 : -EPIPE;
}

void gate_confirm_session(void)
{
    const char byte = GUARD_CONFIRMED;

    (void)!send(guard_fd, &byte, 1, MSG_NOSIGNAL);
}

static void stop_guard(void)
{
    if (guard_pid <= 0)
        return;
    (void)kill(guard_pid, SIGKILL); /* our child, not waited for yet: the pid is its own */
    (void)waitpid(guard_pid, NULL, 0);
    guard_pid = 0;
}

/* --- open --- */

static struct session session;

void gate_abandon_session(struct gate *gate)
{
    stop_guard();
    session_remove(&session);
    gate->session[0] = '\0';
}

/*
 * The session is published: whoever completes the task, or opens the account for another one, from now on finds it.
 * Whoever did so before is found here.
 */
static enum reason activate(const struct gate *gate)
{
    int completed, busy = gate_account_busy(gate), r;

    if (busy < 0 || task_is_completed(gate->grant.iss, gate->grant.task, &completed) < 0)
        return REASON_STATE_UNAVAILABLE;
    if (busy)
        return REASON_ACCOUNT_BUSY;
    if (completed)
        return REASON_TASK_COMPLETED;
    r = start_guard(session.id);
    if (r < 0)
        return r == -ETIMEDOUT ? REASON_TIMEOUT : REASON_INTERNAL;
    r = replay_take(gate->grant.iss, gate->grant.jti, gate->decision.max_logins);
    if (r < 0)
        return r == -EUSERS ? REASON_REPLAYED : REASON_STATE_UNAVAILABLE;
    return REASON_PERMIT;
}

/* Processes of the account that no session holds are ended before a session begins: they would share its uid. */
static enum reason clear_strays(const struct gate *gate)
{
    const struct target target = {.uid = gate->identity.uid, .audit = AUDIT_UNSET};
    session_id ids[SESSIONS_PER_ACCOUNT_MAX];
    size_t count;

    if (sessions_of_uid(gate->identity.uid, ids, COUNT_OF(ids), &count) < 0)
        return REASON_STATE_UNAVAILABLE;
    for (int tries = 0; count == 0 && tries < STRAY_TRIES; tries++) {
        /* First, unasked: a walk through /proc can miss what forks all the time. */
        if (reaper_signal(&target, SIGKILL) < 0)
            break;
        if (reaper_count(&target) == 0)
            return REASON_PERMIT;
        (void)poll(NULL, 0, STRAY_WAIT_MS);
    }
    return count > 0 ? REASON_PERMIT : REASON_ACCOUNT_BUSY;
}

enum reason gate_open_session(struct gate *gate)
{
    enum reason reason = clear_strays(gate);

    if (reason != REASON_PERMIT)
        return reason;
    if (make_home(gate) < 0 || sessions_prepare() < 0 || build_session(gate, &session) < 0 ||
        session_publish(&session) < 0)
        return REASON_STATE_UNAVAILABLE;
    strcpy(gate->session, session.id);
    reason = activate(gate);
    if (reason != REASON_PERMIT)
        gate_abandon_session(gate);
    return reason;
}
