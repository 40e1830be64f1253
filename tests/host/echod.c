/*
 * echod ADDRESS PORT: echoes what it is told on a TCP port, a connection at a time.
 * echod --ask ADDRESS PORT: sends standard input there and prints what comes back, up to the first 4096 bytes or 1 s.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int ask(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    char buf[4096];
    ssize_t n = read(0, buf, sizeof buf);

    if (n <= 0 || write(fd, buf, (size_t)n) != n)
        return 1;
    while (poll(&pfd, 1, 1000) == 1 && (n = read(fd, buf, sizeof buf)) > 0)
        if (fwrite(buf, 1, (size_t)n, stdout) != (size_t)n)
            return 1;
    return 0;
}

static int serve(int fd)
{
    char buf[4096];
    int client;

    while ((client = accept(fd, NULL, NULL)) >= 0) {
        ssize_t n;

        while ((n = read(client, buf, sizeof buf)) > 0 && write(client, buf, (size_t)n) == n)
            ;
        close(client);
    }
    return 1;
}

int main(int argc, char **argv)
{
    int asking = argc == 4 && strcmp(argv[1], "--ask") == 0, on = 1, fd;
    struct sockaddr_in address = {.sin_family = AF_INET};

    if (argc != 3 + asking || inet_pton(AF_INET, argv[1 + asking], &address.sin_addr) != 1)
        return 2;
    address.sin_port = htons((unsigned short)atoi(argv[2 + asking]));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (asking)
        return connect(fd, (struct sockaddr *)&address, sizeof address) < 0 || ask(fd);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0)
        return 1;
    return serve(fd);
}
