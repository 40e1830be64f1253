#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ask/ask.h"
#include "ask/who.h"
#include "core/clock.h"
#include "core/files.h"
#include "core/text.h"
#include "judge/state_dir.h"
#include "session/guard.h"

#define PORTER_MS 20 /* between two that are started: the account keeps nobody busy */

static int listen_at(const struct sockaddr_un *address, int *ret_fd)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) < 0 || listen(fd, CLIENTS_MAX) < 0) {
        int r = -errno;

        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

static int own_address(const struct guard *guard, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    return text_format(ret->sun_path, sizeof ret->sun_path, ASK_OWN_DIR "/%lu/%s",
                       (unsigned long)guard->session.grant.uid, guard->session.id);
}

/* ASK_OWN_DIR/UID: root's, and the account's group may look into it. */
static int make_own_dir(const struct guard *guard)
{
    CLEANUP(close_fd) int all = -1;
    CLEANUP(close_fd) int own = -1;
    struct identity identity;
    char uid[TEXT_DECIMAL_MAX + 1];
    int r = identity_of_account(guard->session.grant.account, &identity);

    if (r == 0)
        r = dir_make(ASK_OWN_DIR, 0711, &all);
    text_decimal(uid, guard->session.grant.uid);
    if (r == 0)
        r = dir_make_at(all, uid, 0750, &own);
    if (r == 0 && fchown(own, 0, identity.gid) < 0)
        r = -errno;
    return r;
}

/* No path to it is anybody else's to write, so it cannot be exchanged before it is given to the account. */
static int open_own(struct guard *guard)
{
    struct sockaddr_un address;
    int r = own_address(guard, &address);

    if (r == 0)
        r = make_own_dir(guard);
    if (r == 0)
        r = listen_at(&address, &guard->doors.own);
    if (r == 0 && lchown(address.sun_path, guard->session.grant.uid, (gid_t)-1) < 0)
        r = -errno;
    return r;
}

int doors_open(struct guard *guard)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int r = session_socket(guard->session.id, address.sun_path, sizeof address.sun_path);

    guard->doors.root = guard->doors.own = -1;
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        guard->doors.clients[i].fd = -1;
    (void)umask(077);
    if (r == 0)
        r = listen_at(&address, &guard->doors.root);
    if (r == 0)
        (void)!open_own(guard); /* its session is as well guarded without */
    return r;
}

void doors_close(const struct guard *guard)
{
    struct sockaddr_un address;

    if (guard->doors.own >= 0 && own_address(guard, &address) == 0)
        (void)unlink(address.sun_path);
}

/* --- root --- */

/* A place for a new client, who mostly has asked already: a free one, else that of the one who has been silent longest. */
static void accept_client(struct guard *guard)
{
    struct doors *doors = &guard->doors;
    int fd = accept4(doors->root, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct client *place = &doors->clients[0];

    if (fd < 0)
        return;
    for (size_t i = 0; i < CLIENTS_MAX && place->fd >= 0; i++) {
        struct client *client = &doors->clients[i];

        if (client->fd < 0 || client->since < place->since)
            place = client;
    }
    close_fd(&place->fd);
    *place = (struct client){.fd = fd, .since = clock_boot_ms()};
    guard_serve(guard, place);
}

static void send_away(struct client *client, int64_t now)
{
    if (client->fd < 0 || now - client->since < CLIENT_MS)
        return;
    close(client->fd);
    client->fd = -1;
}

/* --- the account --- */

static struct process *free_porter(struct doors *doors)
{
    for (size_t i = 0; i < PORTERS_MAX; i++)
        if (doors->porters[i].pid == 0 || !process_alive(doors->porters[i].pid, doors->porters[i].start))
            return &doors->porters[i];
    return NULL;
}

/* Descriptor 0 is the door. It opens it itself: otherwise the guard could be the last to close the connection. */
static _Noreturn void become_porter(const struct guard *guard)
{
    int fd;

    (void)alarm(CLIENT_MS / 1000);
    fd = accept4(0, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0 && dup2(fd, 0) == 0 && close(fd) == 0)
        guard_serve_own(guard, 0);
    _exit(0);
}

/*
 * What the account sends is a child's to take: a descriptor that comes with a message may keep who closes it waiting for as long as
 * its sender likes (SO_LINGER, socket(7)).
 */
static void start_porter(struct guard *guard)
{
    struct doors *doors = &guard->doors;
    struct process *porter = free_porter(doors);
    pid_t pid = porter ? guard_fork(doors->own) : -1;

    if (pid == 0)
        become_porter(guard);
    if (pid > 0 && process_read(pid, porter) < 0) /* it has ended already */
        porter->pid = 0;
    doors->porter_at = clock_boot_ms() + PORTER_MS;
}

/* --- both --- */

int doors_watch(const struct guard *guard, struct pollfd *fds)
{
    const struct doors *doors = &guard->doors;
    int64_t rest = doors->porter_at - clock_boot_ms();
    int any = 0;

    *fds++ = (struct pollfd){.fd = doors->root, .events = POLLIN};
    *fds++ =
        (struct pollfd){.fd = rest > 0 ? -1 : doors->own, .events = POLLIN}; /* poll() skips a negative descriptor */
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        any |= doors->clients[i].fd >= 0;
        *fds++ = (struct pollfd){.fd = doors->clients[i].fd, .events = POLLIN};
    }
    return rest > 0 ? (int)rest : any ? CLIENT_MS : -1;
}

void doors_answer(struct guard *guard, const struct pollfd *fds)
{
    struct doors *doors = &guard->doors;
    int64_t now = clock_boot_ms();

    for (size_t i = 0; i < CLIENTS_MAX; i++)
        if (fds[2 + i].revents && doors->clients[i].fd >= 0)
            guard_serve(guard, &doors->clients[i]);
    if (fds[0].revents)
        accept_client(guard);
    if (fds[1].revents)
        start_porter(guard);
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        send_away(&doors->clients[i], now);
}
