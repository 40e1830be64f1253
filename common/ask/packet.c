#include "ask/packet.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

static int64_t now_us(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t deadline_in(int ms)
{
    return now_us() / 1000 + ms;
}

int deadline_left(int64_t deadline)
{
    int64_t left = deadline - now_us() / 1000;

    return left > 0 ? (int)left : 0;
}

/* Wait until fd can be used; 0 or -errno. */
static int await(int fd, short events, int64_t deadline)
{
    struct pollfd pfd = {.fd = fd, .events = events};

    for (;;) {
        int left = deadline_left(deadline);
        int n = left ? poll(&pfd, 1, left) : 0;

        if (n > 0)
            return 0; /* an error or hang-up shows in the call that follows */
        if (n < 0 && errno != EINTR)
            return -errno;
        if (left == 0)
            return -ETIMEDOUT;
    }
}

int packet_send(int fd, const char *text, size_t len, int64_t deadline)
{
    for (;;) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        int r;

        if (n >= 0)
            return (size_t)n == len ? 0 : -EIO;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return -errno;
        r = await(fd, POLLOUT, deadline);
        if (r < 0)
            return r;
    }
}

int packet_receive(int fd, char *buf, size_t cap, int64_t deadline, size_t *ret_len)
{
    for (;;) {
        ssize_t n = recv(fd, buf, cap, MSG_DONTWAIT | MSG_TRUNC);
        int r;

        if (n == 0)
            return -EPIPE;
        if (n > 0 && (size_t)n > cap)
            return -EMSGSIZE;
        if (n > 0) {
            *ret_len = (size_t)n;
            return 0;
        }
        if (errno == EINTR)
            continue;
        if (errno == ECONNRESET)
            return -EPIPE;
        if (errno != EAGAIN)
            return -errno;
        r = await(fd, POLLIN, deadline);
        if (r < 0)
            return r;
    }
}

void packet_look(int fd, int us)
{
    const int64_t until = now_us() + us;
    char byte;

    while (recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN && now_us() < until)
        continue;
}
