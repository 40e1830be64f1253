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

#define CLIENT_MS 2000 /* a client that says nothing is sent away */

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
        r = listen_at(&address, &guard->own.listener);
    if (r == 0 && lchown(address.sun_path, guard->session.grant.uid, (gid_t)-1) < 0)
        r = -errno;
    return r;
}

static void prepare(struct door *door, size_t places, void (*serve)(struct guard *, struct client *))
{
    door->listener = -1;
    door->serve = serve;
    door->places = places;
    for (size_t i = 0; i < places; i++)
        door->clients[i].fd = -1;
}

int doors_open(struct guard *guard)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int r = session_socket(guard->session.id, address.sun_path, sizeof address.sun_path);

    prepare(&guard->root, CLIENTS_MAX, guard_serve);
    prepare(&guard->own, OWN_CLIENTS_MAX, guard_serve_own);
    (void)umask(077);
    if (r == 0)
        r = listen_at(&address, &guard->root.listener);
    if (r == 0)
        (void)!open_own(guard); /* its session is as well guarded without */
    return r;
}

void doors_close(const struct guard *guard)
{
    struct sockaddr_un address;

    if (guard->own.listener >= 0 && own_address(guard, &address) == 0)
        (void)unlink(address.sun_path);
}

/* --- clients --- */

static struct pollfd *watch(const struct door *door, struct pollfd *fds, int *ret_any)
{
    *fds++ = (struct pollfd){.fd = door->listener, .events = POLLIN}; /* poll() skips a negative descriptor */
    for (size_t i = 0; i < door->places; i++) {
        *ret_any |= door->clients[i].fd >= 0;
        *fds++ = (struct pollfd){.fd = door->clients[i].fd, .events = POLLIN};
    }
    return fds;
}

int doors_watch(const struct guard *guard, struct pollfd *fds)
{
    int any = 0;

    fds = watch(&guard->root, fds, &any);
    (void)watch(&guard->own, fds, &any);
    return any;
}

/* A place for a new client: a free one, else that of the one who has been silent longest. */
static void accept_client(struct door *door)
{
    int fd = accept4(door->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct client *place = &door->clients[0];

    if (fd < 0)
        return;
    for (size_t i = 0; i < door->places && place->fd >= 0; i++) {
        struct client *client = &door->clients[i];

        if (client->fd < 0 || client->since < place->since)
            place = client;
    }
    close_fd(&place->fd);
    *place = (struct client){.fd = fd, .since = clock_boot_ms()};
}

static void send_away(struct client *client, int64_t now)
{
    if (client->fd < 0 || now - client->since < CLIENT_MS)
        return;
    close(client->fd);
    client->fd = -1;
}

static const struct pollfd *answer(struct guard *guard, struct door *door, const struct pollfd *fds)
{
    int64_t now = clock_boot_ms();

    for (size_t i = 0; i < door->places; i++)
        if (fds[1 + i].revents && door->clients[i].fd >= 0)
            door->serve(guard, &door->clients[i]);
    if (fds[0].revents)
        accept_client(door);
    for (size_t i = 0; i < door->places; i++)
        send_away(&door->clients[i], now);
    return fds + 1 + door->places;
}

void doors_answer(struct guard *guard, const struct pollfd *fds)
{
    fds = answer(guard, &guard->root, fds);
    (void)answer(guard, &guard->own, fds);
}
