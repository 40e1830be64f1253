/*
 * talk: says anything at all to gate, guard and verifier.
 *
 *     talk to SOCKET ITEM...                a new connection for each item
 *     talk on SOCKET ITEM...                one connection, items in turn
 *     talk run PROGRAM [ARG]... : ITEM...   the program with a socket as its descriptor 0, items in turn
 *     talk as UID run ...                   the same, and the socket is that user's
 *     talk idle SOCKET COUNT SECONDS        holds so many connections and says nothing
 *
 * An item is a file whose content is sent as one packet; "fork": what follows is said by a child of this process;
 * "askpass PROGRAM": as long as the answer is a prompt, the program is given it, and what it prints is the reply (run, on);
 * "hang-up": nothing is said any more (run, on). After each packet the answer is printed, on a line that begins with "> ", or why
 * there is none: "closed", "silence" (3 s), "not sent". Exit status 0 unless there was nobody to talk to.
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

static char packet[PACKET_MAX + 1]; /* the last one, a NUL after it */

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

    packet[0] = '\0';
    if (poll(&pfd, 1, SILENCE_MS) == 0) {
        puts("silence");
        return;
    }
    n = recv(fd, packet, PACKET_MAX, 0);
    packet[n > 0 ? n : 0] = '\0';
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
    len = fread(packet, 1, PACKET_MAX, file);
    fclose(file);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    if (send(fd, packet, len, MSG_NOSIGNAL) < 0)
        puts("not sent");
    hear(fd);
}

/* What the program prints when it is given the prompt: one line, into reply[cap]. */
static void ask_program(const char *program, const char *prompt, char *reply, size_t cap)
{
    int ends[2];
    pid_t pid;
    FILE *file;

    fflush(stdout);
    if (pipe(ends) < 0)
        exit(2);
    pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        execlp(program, program, prompt, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    file = fdopen(ends[0], "r");
    if (!file || !fgets(reply, (int)cap, file))
        reply[0] = '\0';
    reply[strcspn(reply, "\n")] = '\0';
    fclose(file);
    (void)waitpid(pid, NULL, 0);
}

static void answer_prompts(int fd, const char *program)
{
    static char said[4096], reply[4096 - 64];
    char *prompt;

    if (!packet[0]) /* the other end speaks first */
        hear(fd);
    while ((prompt = strstr(packet, "\nprompt "))) {
        prompt += strlen("\nprompt ");
        prompt[strcspn(prompt, "\n")] = '\0';
        ask_program(program, prompt, reply, sizeof reply);
        snprintf(said, sizeof said, "pam_agent 1\nreply %s\n", reply);
        if (send(fd, said, strlen(said), MSG_NOSIGNAL) < 0)
            puts("not sent");
        hear(fd);
    }
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

static int start(uid_t uid, char **argv)
{
    int pair[2];
    pid_t pid;

    /* SO_PEERCRED tells who made the pair. */
    if (seteuid(uid) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || seteuid(getuid()) < 0)
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

/* One connection, what is said in turn. */
static void talk(int fd, char **items)
{
    for (; *items; items++) {
        if (strcmp(*items, "fork") == 0) {
            go_on_in_child();
        } else if (strcmp(*items, "hang-up") == 0) {
            (void)shutdown(fd, SHUT_WR);
            hear(fd);
        } else if (strcmp(*items, "askpass") == 0 && items[1]) {
            answer_prompts(fd, *++items);
        } else {
            say(fd, *items);
        }
    }
    close(fd);
}

/* A new connection for each. */
static void talk_anew(const char *path, char **items)
{
    for (; *items; items++) {
        char *const alone[] = {*items, NULL};

        if (strcmp(*items, "fork") == 0)
            go_on_in_child();
        else
            talk(reach(path), (char **)alone);
    }
}

static void talk_to_program(uid_t uid, char **argv)
{
    char **items = argv;
    int fd;

    while (*items && strcmp(*items, ":") != 0)
        items++;
    if (*items)
        *items++ = NULL;
    fd = start(uid, argv);
    talk(fd, items);
    (void)wait(NULL);
}

int main(int argc, char **argv)
{
    const char *verb = argc > 3 ? argv[1] : "";

    if (strcmp(verb, "to") == 0) {
        talk_anew(argv[2], argv + 3);
    } else if (strcmp(verb, "on") == 0) {
        talk(reach(argv[2]), argv + 3);
    } else if (strcmp(verb, "run") == 0) {
        talk_to_program(geteuid(), argv + 2);
    } else if (strcmp(verb, "as") == 0 && argc > 5 && strcmp(argv[3], "run") == 0) {
        talk_to_program((uid_t)atoi(argv[2]), argv + 4);
    } else if (strcmp(verb, "idle") == 0 && argc == 5) {
        idle(argv[2], atoi(argv[3]), (unsigned)atoi(argv[4]));
    } else {
        fprintf(stderr, "usage: talk to SOCKET ITEM... | on SOCKET ITEM... | [as UID] run PROGRAM [ARG]... : ITEM... | "
                        "idle SOCKET COUNT SECONDS\n");
        return 2;
    }
    return 0;
}
