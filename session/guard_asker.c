#include "session/guard_asker.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "core/files.h"

static int peer_pid(int fd, uid_t expected, pid_t *ret)
{
    struct ucred peer;
    socklen_t len = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || peer.uid != expected)
        return -EPERM;
    *ret = peer.pid;
    return 0;
}

int asker_read(int fd, uid_t expected, struct process *ret)
{
    pid_t pid;
    int r = peer_pid(fd, expected, &pid);

    return r < 0 ? r : process_read(pid, ret);
}

static int is_still(const struct asker *asker, pid_t pid)
{
    struct pollfd pfd = {.fd = asker->fd, .events = POLLIN};

    return asker->fd >= 0 && asker->process.pid == pid && poll(&pfd, 1, 0) == 0;
}

int asker_find(struct asker *asker, int fd, uid_t expected)
{
    pid_t pid;
    int r = peer_pid(fd, expected, &pid);

    if (r < 0 || is_still(asker, pid))
        return r;
    asker_forget(asker);
    asker->fd = process_open(pid);
    r = process_read(pid, &asker->process);
    if (r < 0)
        asker_forget(asker);
    return r;
}

int asker_is_owned(struct asker *asker, const struct session *session)
{
    if (!asker->is_owned)
        asker->is_owned = session_owns(session, asker->process.pid);
    return asker->is_owned;
}

void asker_forget(struct asker *asker)
{
    close_fd(&asker->fd);
    *asker = (struct asker)ASKER_NONE;
}
