#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/apart.h"
#include "core/clock.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"
#include "judge/cgroup.h"
#include "judge/task.h"
#include "session/gate.h"
#include "session/guard.h"

#define READY_MS 1000 /* less than ASK_TIMEOUT_MS, so that the reason gets through */

/* --- the session --- */

static int is_foreign(const struct process *process, void *arg)
{
    const struct process *leader = arg;

    return !process_descends(process->pid, leader->pid, leader->start);
}

/*
 * The leader's audit session, where it is this session's alone: set, not inherited from the listener, and of no process but
 * the leader's own. AUDIT_UNSET otherwise: as in containers, where one audit session holds everything.
 */
static uint32_t own_audit_session(struct process *leader)
{
    uint32_t audit = process_audit_session(leader->pid);

    if (audit == AUDIT_UNSET || audit == process_audit_session(leader->parent) ||
        process_each_audited(audit, is_foreign, leader) != 0)
        return AUDIT_UNSET;
    return audit;
}

static struct session session; /* large: a scope */

/* Its processes of other uids are known by audit session, else by a cgroup of its own, else by descent alone. */
static int build_session(struct gate *gate)
{
    int r = session_new_id(session.id);

    session.grant = gate->grant;
    session.leader = gate->asker.pid;
    session.leader_start = gate->asker.start;
    session.audit = own_audit_session(&gate->asker);
    session.opened = gate->facts.now;
    session.opened_boot = clock_boot_ms();
    session.longest = session.opened + gate->decision.limits.max_session;
    if (r == 0 && session.audit == AUDIT_UNSET &&
        cgroup_make(session.id, session.leader, session.cgroup, sizeof session.cgroup) < 0)
        session.cgroup[0] = '\0';
    /* Also beside a cgroup: pam_systemd, after us, may move the leader out of it. */
    gate->adopt = session.audit == AUDIT_UNSET;
    return r;
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
    int pair[2], left = gate_time_left();
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
    if (poll(&pfd, 1, left < READY_MS ? left : READY_MS) != 1)
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

void gate_abandon_session(struct gate *gate)
{
    stop_guard();
    session_remove(&session);
    if (session.cgroup[0])
        cgroup_remove(session.cgroup);
    gate->session[0] = '\0';
}

static enum reason publish(struct gate *gate)
{
    uint32_t max = gate->decision.limits.max_sessions;
    int r = sessions_prepare();

    if (r == 0)
        r = build_session(gate);
    if (r == 0)
        r = session_take_place(&session, max ? max : SESSIONS_PER_ACCOUNT_MAX);
    if (r == 0)
        r = session_publish(&session);
    strcpy(gate->session, session.id);
    return r == 0 ? REASON_PERMIT : r == -EUSERS ? REASON_TOO_MANY_SESSIONS : REASON_STATE_UNAVAILABLE;
}

/*
 * The session is published: whoever takes authority away, or opens the account for another one, from now on finds it. Whoever did
 * so before is found by deciding once more.
 */
static enum reason activate(struct gate *gate)
{
    enum reason reason = gate_decide(gate);
    int r;

    if (reason == REASON_PERMIT)
        reason = gate_home_claim(gate);
    if (reason != REASON_PERMIT)
        return reason;
    r = start_guard(session.id);
    if (r < 0)
        return r == -ETIMEDOUT ? REASON_TIMEOUT : REASON_INTERNAL;
    return gate_take_place(gate);
}

enum reason gate_open_session(struct gate *gate)
{
    enum reason reason;

    gate->apart = gate->decision.limits.sockets == SOCKETS_APART;
    if (gate->apart && !apart_possible())
        return REASON_ISOLATION_UNAVAILABLE;
    reason = gate_home_clear(gate);
    if (reason != REASON_PERMIT)
        return reason;
    reason = publish(gate);
    if (reason == REASON_PERMIT)
        reason = activate(gate);
    if (reason != REASON_PERMIT)
        gate_abandon_session(gate);
    return reason;
}
