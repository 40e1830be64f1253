#include "ask/helper.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ask/helper_child.h"
#include "ask/packet.h"

#define END_MS 500  /* for a helper that has given its answer */
#define KILL_MS 500 /* for the kernel to take down one that was killed */

/*
 * The host's own SIGCHLD handler must not reap the helper, nor SIG_IGN let its pid be used again while we may still
 * kill it (pam_unix does the same around unix_chkpwd).
 */
static int keep_sigchld(struct sigaction *ret_host)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    sigemptyset(&action.sa_mask);
    return sigaction(SIGCHLD, &action, ret_host) < 0 ? -errno : 0;
}

/* No handler of the host may run in the child: everything is blocked until the child has reset it. */
static pid_t fork_blocked(void)
{
    sigset_t all, old;
    pid_t pid;
    int saved;

    sigfillset(&all);
    if (sigprocmask(SIG_SETMASK, &all, &old) < 0)
        return -1;
    pid = fork();
    if (pid == 0)
        return 0;
    saved = errno;
    (void)sigprocmask(SIG_SETMASK, &old, NULL);
    errno = saved;
    return pid;
}

int helper_start(const char *path, struct helper *ret)
{
    struct helper helper = {.pid = -1};
    int pair[2], r;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    r = keep_sigchld(&helper.host_sigchld);
    if (r == 0) {
        helper.pid = fork_blocked();
        if (helper.pid == 0)
            helper_child(path, pair[1]);
        if (helper.pid < 0) {
            r = -errno;
            (void)sigaction(SIGCHLD, &helper.host_sigchld, NULL);
        }
    }
    close(pair[1]);
    if (r < 0) {
        close(pair[0]);
        return r;
    }
    helper.fd = pair[0];
    *ret = helper;
    return 0;
}

/* Has it been reaped by the deadline? Also when somebody else did it. */
static int reaped_by(pid_t pid, int64_t deadline)
{
    const struct timespec pause = {.tv_nsec = 500000};

    for (;;) {
        pid_t r = waitpid(pid, NULL, WNOHANG);

        if (r == pid || (r < 0 && errno != EINTR))
            return 1;
        if (deadline_left(deadline) == 0)
            return 0;
        (void)nanosleep(&pause, NULL);
    }
}

void helper_end(struct helper *helper)
{
    struct pollfd pfd = {.fd = helper->fd};
    int64_t deadline = deadline_in(END_MS);
    int saved = errno;

    /* Nothing more will be said; its end shows as a hang-up. */
    (void)shutdown(helper->fd, SHUT_WR);
    while (!(pfd.revents & (POLLHUP | POLLERR)) && deadline_left(deadline) > 0)
        if (poll(&pfd, 1, deadline_left(deadline)) < 0 && errno != EINTR)
            break;
    close(helper->fd);
    if (!reaped_by(helper->pid, deadline)) {
        (void)kill(helper->pid, SIGKILL);
        (void)reaped_by(helper->pid, deadline_in(KILL_MS));
    }
    (void)sigaction(SIGCHLD, &helper->host_sigchld, NULL);
    errno = saved;
}
