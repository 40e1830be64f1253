#include "session/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/proc.h"

#define CONFIRM_MS 5000 /* gate records and answers meanwhile */
#define CLIENT_MS 2000  /* a client that says nothing is closed */
#define END_STEP_MS 20  /* between two looks at what is left */
#define LONGEST_WAIT_MS 30000
#define POLL_LEADER_MS 1000 /* where the kernel has no pidfd (before 5.3) */

static void write_proc(const char *path, const char *value)
{
    CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0)
        (void)!write(fd, value, strlen(value));
}

/* Leave what is guarded: its audit session, priority, limits and signals. */
static void leave_session(void)
{
    const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY}, files = {64, 64}, no_core = {0, 0};
    const int lifted[] = {RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_AS, RLIMIT_NPROC};

    write_proc("/proc/self/loginuid", "4294967295"); /* refused where it is immutable: the guard is spared by pid */
    write_proc("/proc/self/oom_score_adj", "-1000");
    for (size_t i = 0; i < COUNT_OF(lifted); i++)
        (void)setrlimit((__rlimit_resource_t)lifted[i], &unlimited);
    (void)setrlimit(RLIMIT_NOFILE, &files);
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)setpriority(PRIO_PROCESS, 0, 0);
    for (int sig = 1; sig < NSIG; sig++) /* but SIGTERM, so that an administrator's kill ends it */
        if (sig != SIGTERM && sig != SIGCHLD)
            (void)signal(sig, SIG_IGN);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int listen_at(const char *id, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, r = session_socket(id, address.sun_path, sizeof address.sun_path);

    if (r < 0)
        return r;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    (void)umask(077);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, CLIENTS_MAX) < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

static int start(struct guard *guard, const char *id)
{
    int r = session_read(id, &guard->session);

    if (r == 0)
        r = listen_at(id, &guard->listener);
    if (r < 0)
        return r;
    guard->boot_deadline = clock_boot_ms() + (guard->session.deadline - clock_wall_seconds()) * 1000;
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        guard->clients[i].fd = -1;
    guard->leader_fd = (int)syscall(SYS_pidfd_open, guard->session.leader, 0);
    if (guard->leader_fd >= 0)
        (void)fcntl(guard->leader_fd, F_SETFD, FD_CLOEXEC);
    return 0;
}

static int leader_alive(const struct guard *guard)
{
    return process_alive(guard->session.leader, guard->session.leader_start);
}

/* Milliseconds until something is due without being asked. */
static int wait_time(const struct guard *guard)
{
    int64_t wait = (guard->session.deadline - clock_wall_seconds()) * 1000;
    int64_t boot_wait = guard->boot_deadline - clock_boot_ms();

    if (boot_wait < wait)
        wait = boot_wait;
    if (guard->phase != RUNNING)
        return END_STEP_MS;
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        if (guard->clients[i].fd >= 0 && wait > CLIENT_MS)
            wait = CLIENT_MS;
    if (guard->leader_fd < 0 && wait > POLL_LEADER_MS)
        wait = POLL_LEADER_MS;
    return wait < 0 ? 0 : wait > LONGEST_WAIT_MS ? LONGEST_WAIT_MS : (int)wait;
}

/* A place for a new client: a free one, else that of the one who has been silent longest. */
static void accept_client(struct guard *guard)
{
    int fd = accept4(guard->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct client *place = &guard->clients[0];

    if (fd < 0)
        return;
    for (size_t i = 0; i < CLIENTS_MAX && place->fd >= 0; i++) {
        struct client *client = &guard->clients[i];

        if (client->fd < 0 || client->since < place->since)
            place = client;
    }
    if (place->fd >= 0)
        close(place->fd);
    *place = (struct client){.fd = fd, .since = clock_boot_ms()};
}

static void drop_silent(struct guard *guard)
{
    int64_t now = clock_boot_ms();

    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &guard->clients[i];

        if (client->fd >= 0 && now - client->since >= CLIENT_MS) {
            close(client->fd);
            client->fd = -1;
        }
    }
}

static void await(struct guard *guard)
{
    struct pollfd fds[CLIENTS_MAX + 2];
    int n;

    fds[0] = (struct pollfd){.fd = guard->listener, .events = POLLIN};
    /* poll() skips a negative descriptor; one that is known to be dead would only spin. */
    fds[1] = (struct pollfd){.fd = guard->phase == RUNNING ? guard->leader_fd : -1, .events = POLLIN};
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        fds[i + 2] = (struct pollfd){.fd = guard->clients[i].fd, .events = POLLIN};
    n = poll(fds, COUNT_OF(fds), wait_time(guard));
    if (n < 0)
        return;
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        if (fds[i + 2].revents && guard->clients[i].fd >= 0)
            guard_serve(guard, &guard->clients[i]);
    if (fds[0].revents)
        accept_client(guard);
    drop_silent(guard);
}

/* gate says that the permit is on its way; it does not when it was killed meanwhile, or could not answer. */
static int is_confirmed(void)
{
    const char ready = GUARD_READY;
    struct pollfd pfd = {.fd = 0, .events = POLLIN};
    char byte = 0;

    return write(0, &ready, 1) == 1 && poll(&pfd, 1, CONFIRM_MS) == 1 && read(0, &byte, 1) == 1 &&
           byte == GUARD_CONFIRMED;
}

int main(int argc, char **argv)
{
    static struct guard guard; /* large: a scope */
    int confirmed;

    if (argc != 2 || getuid() != 0 || chdir("/") < 0)
        return 2;
    leave_session();
    if (start(&guard, argv[1]) < 0)
        return 1;
    confirmed = is_confirmed();
    if (!confirmed) /* the permit may have been heard all the same: a session without a guard must not be */
        guard_end(&guard, REASON_TIMEOUT);
    close(0);
    for (;;) { /* before the first wait too: who changed the facts before we listened could not ring */
        if (!leader_alive(&guard))
            guard_end(&guard, REASON_PERMIT);
        guard_recheck(&guard);
        if (guard.phase != RUNNING && guard_end_step(&guard))
            return !confirmed;
        await(&guard);
    }
}
