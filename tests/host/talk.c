/*
 * talk: says anything at all to gate, guard and verifier.
 *
 *     talk to SOCKET ITEM...              a new connection for each item
 *     talk run PROGRAM [ARG] : ITEM...    the program with a socket as its descriptor 0, items in turn
 *     talk idle SOCKET COUNT SECONDS      holds so many connections and says nothing
 *
 * An item is a file whose content is sent as one packet; "fork": what follows is said by a child of this process;
 * "hang-up": nothing is said any more. After each packet the answer is printed, on a line that begins with "> ", or why there is
 * none: "closed", "silence" (3 s), "not sent". Exit status 0 unless there was nobody to talk to.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SILENCE_MS 3000
#define PACKET_MAX (1 << 20)

static char packet[PACKET_MAX];

static void print_answer(size_t len)
{
    printf("> ");
    for (size_t i = 0; i < len; i++)
        putchar(packet[i] == '\n' ? '|' : packet[i] >= ' ' && packet[i] < 0x7f ? packet[i] : '?');
    putchar('\n');
}

static void hear(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    ssize_t n;

    if (poll(&pfd, 1, SILENCE_MS) == 0) {
        puts("silence");
        return;
    }
    n = recv(fd, packet, sizeof packet, 0);
    if (n > 0)
        print_answer((size_t)n);
    else
        puts("closed");
}

static void say(int fd, const char *path)
{
    const int room = PACKET_MAX;
    FILE *file = fopen(path, "r");
    size_t len;

    if (!file) {
        perror(path);
        exit(2);
    }
    len = fread(packet, 1, sizeof packet, file);
    fclose(file);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    if (send(fd, packet, len, MSG_NOSIGNAL) < 0)
        puts("not sent");
    hear(fd);
}

static int reach(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof address.sun_path)
        exit(2);
    strcpy(address.sun_path, path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        perror(path);
        exit(1);
    }
    return fd;
}

static int start(char **argv)
{
    int pair[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        exit(2);
    pid = fork();
    if (pid == 0) {
        dup2(pair[1], 0);
        execv(argv[0], argv);
        _exit(127);
    }
    close(pair[1]);
    return pair[0];
}

/* The child goes on with the items; its parent waits for it and is done. */
static void go_on_in_child(void)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0)
        return;
    (void)waitpid(pid, NULL, 0);
    exit(0);
}

static void idle(const char *path, int count, unsigned seconds)
{
    for (int i = 0; i < count; i++)
        (void)reach(path);
    puts("connected");
    fflush(stdout);
    sleep(seconds);
}

int main(int argc, char **argv)
{
    int to = argc > 3 && strcmp(argv[1], "to") == 0, run = argc > 3 && strcmp(argv[1], "run") == 0, fd = -1, at = 3;

    if (argc == 5 && strcmp(argv[1], "idle") == 0) {
        idle(argv[2], atoi(argv[3]), (unsigned)atoi(argv[4]));
        return 0;
    }
    if (run) {
        while (at < argc && strcmp(argv[at], ":") != 0)
            at++;
        argv[at < argc ? at++ : at] = NULL;
        fd = start(argv + 2);
    }
    if (!to && !run) {
        fprintf(stderr, "usage: talk to SOCKET ITEM... | run PROGRAM [ARG] : ITEM... | idle SOCKET COUNT SECONDS\n");
        return 2;
    }
    for (; at < argc; at++) {
        if (strcmp(argv[at], "fork") == 0) {
            go_on_in_child();
        } else if (strcmp(argv[at], "hang-up") == 0 && run) {
            (void)shutdown(fd, SHUT_WR);
            hear(fd);
        } else {
            if (to)
                fd = reach(argv[2]);
            say(fd, argv[at]);
            if (to)
                close(fd);
        }
    }
    if (run) {
        close(fd);
        (void)wait(NULL);
    }
    return 0;
}
