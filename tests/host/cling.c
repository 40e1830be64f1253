/*
 * cling: processes that hold on to their session, each in another way, and go on making marks: a byte is appended to FILE every 20 ms.
 *
 *     cling deaf FILE           it blocks and ignores every signal, is in a terminal session of its own, and nobody's child
 *     cling timer FILE          timers send it SIGCONT all the time: a stop does not last
 *     cling chorus COUNT FILE   so many processes send SIGCONT to all others all the time; each makes marks
 *     cling vfork DEPTH FILE    a chain of vfork(2): each waits uninterruptibly for the next one, the last one makes marks
 *     cling traced FILE         it stands in a ptrace stop; who traces it makes marks
 *     cling stopped FILE        it is stopped; its parent makes marks and never waits for it
 *     cling linger SOCKET COUNT so many messages, each with a TCP connection that whoever closes it last has to wait for
 *     cling trickle SOCKET COUNT connects anew all the time; so many processes, some send half a message, none reads
 *     cling borrow FILE         a setuid program that acts as its owner, and is its caller's as far as kill(2) sees
 *     cling thread FILE         the same, in a thread beside the main one, which is its caller's in all respects
 *     cling lock PATH...        locks every file it can open, in each way there is, and sleeps; prints how many it holds
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_US 20000
#define LINGER_SECONDS 30000
#define TIMERS 20 /* a stop that comes while a timer's signal is pending is that timer's end */

static void mark(const char *file)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    if (fd < 0 || write(fd, "x", 1) != 1)
        _exit(1);
    close(fd);
}

static _Noreturn void go_on(const char *file)
{
    for (;;) {
        mark(file);
        usleep(PAUSE_US);
    }
}

static void ignore_all(void)
{
    sigset_t all;

    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_IGN);
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
}

/* In a terminal session of its own, and nobody's child. */
static void leave(void)
{
    if (fork() > 0)
        exit(0);
    (void)setsid();
    if (fork() > 0)
        _exit(0);
}

static void nothing(int sig)
{
    (void)sig;
}

static _Noreturn void be_continued(const char *file)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGCONT};
    timer_t timer;

    (void)signal(SIGCONT, nothing);
    for (long i = 0; i < TIMERS; i++) {
        const struct timespec ms = {0, (i + 1) * 25000000L};

        if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 ||
            timer_settime(timer, 0, &(struct itimerspec){ms, ms}, NULL) < 0)
            exit(1);
    }
    go_on(file);
}

static _Noreturn void sing(const char *file)
{
    for (unsigned i = 0;; i++) {
        (void)kill(-1, SIGCONT);
        if (i % 1000 == 0)
            mark(file);
    }
}

/* None of them comes back from its vfork(2). */
static _Noreturn void chain(int depth, const char *file)
{
    for (volatile int left = depth; left > 0 && vfork() == 0; left--)
        ;
    go_on(file);
}

static _Noreturn void trace(const char *file)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        (void)raise(SIGSTOP);
        go_on(file);
    }
    (void)waitpid(pid, NULL, 0);
    go_on(file);
}

static _Noreturn void abandon(const char *file)
{
    if (fork() == 0) {
        (void)raise(SIGSTOP);
        go_on(file);
    }
    go_on(file);
}

/* --- sockets --- */

static int reach(const char *path, int flags)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && !flags) {
        perror(path);
        exit(1);
    }
    return fd;
}

/* A connection with data that its other end never reads. */
static int lingering(void)
{
    const struct linger linger = {1, LINGER_SECONDS};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    char data[65536] = "";
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(listener, (struct sockaddr *)&address, len) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) < 0 ||
        connect(fd, (struct sockaddr *)&address, len) < 0 || accept(listener, NULL, NULL) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) < 0)
        exit(1);
    while (send(fd, data, sizeof data, MSG_DONTWAIT) > 0)
        ;
    return fd;
}

/* Two messages: one is read, the other is left for whoever closes the connection. */
static void send_lingering(const char *path)
{
    static char text[] = "pam_agent 1\nstep status\n";
    struct iovec iov = {text, sizeof text - 1};
    union {
        char buf[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.buf = ""};
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof control.buf};
    int fd = reach(path, 0);

    for (int i = 0; i < 2; i++) {
        int passenger = lingering();
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);

        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof passenger);
        memcpy(CMSG_DATA(header), &passenger, sizeof passenger);
        if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
            perror("sendmsg");
        close(passenger);
    }
}

static _Noreturn void trickle(const char *path)
{
    int fds[200];

    for (size_t i = 0;; i = (i + 1) % 200) {
        fds[i] = reach(path, SOCK_NONBLOCK);
        if (i % 2)
            (void)send(fds[i], "pam_agent 1\nstep st", 19, MSG_NOSIGNAL);
        if (i == 199)
            for (size_t j = 0; j < 200; j++)
                close(fds[j]);
    }
}

/* --- another account's uid --- */

static void *go_on_beside(void *file)
{
    go_on(file);
    return NULL;
}

static void borrow(const char *file, int beside)
{
    uid_t mine = getuid(), theirs = beside ? mine : geteuid();
    pthread_t thread;

    if (beside && pthread_create(&thread, NULL, go_on_beside, (char *)file) != 0)
        exit(2);
    if (syscall(SYS_setresuid, mine, theirs, mine) < 0) /* this thread's alone */
        exit(2);
    if (!beside)
        go_on(file);
    for (;;)
        pause();
}

/* --- locks --- */

static int lock_file(const char *path)
{
    struct flock range = {.l_type = F_RDLCK};
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return 0;
    (void)flock(fd, LOCK_EX | LOCK_NB);
    (void)fcntl(fd, F_SETLK, &range);
    (void)fcntl(fd, F_SETLEASE, F_RDLCK);
    return 1;
}

int main(int argc, char **argv)
{
    const char *how = argc > 2 ? argv[1] : "", *file = argc > 2 ? argv[argc - 1] : NULL;
    int count = argc > 3 ? atoi(argv[2]) : 0, held = 0;

    if (strcmp(how, "linger") == 0) {
        for (int i = atoi(argv[3]); i > 0; i--)
            send_lingering(argv[2]);
        puts("sent");
        fflush(stdout);
        (void)pause(); /* where the other ends closed, nobody would wait */
    }
    if (strcmp(how, "lock") == 0) {
        for (char **path = argv + 2; *path; path++)
            held += lock_file(*path);
        printf("holds %d\n", held);
        fflush(stdout);
        for (;;)
            pause();
    }
    if (strcmp(how, "trickle") == 0) {
        for (int i = atoi(argv[3]); i > 1; i--)
            if (fork() == 0)
                trickle(argv[2]);
        trickle(argv[2]);
    }
    if (strcmp(how, "timer") == 0) {
        leave();
        be_continued(file);
    }
    ignore_all();
    leave();
    if (strcmp(how, "deaf") == 0)
        go_on(file);
    if (strcmp(how, "borrow") == 0 || strcmp(how, "thread") == 0)
        borrow(file, strcmp(how, "thread") == 0);
    if (strcmp(how, "chorus") == 0) {
        while (--count > 0 && fork() > 0)
            ;
        sing(file);
    }
    if (strcmp(how, "vfork") == 0)
        chain(count, file);
    if (strcmp(how, "traced") == 0)
        trace(file);
    if (strcmp(how, "stopped") == 0)
        abandon(file);
    return 2;
}
