/*
 * escape: processes that are hard to find and to end. Each ignores every signal that can be ignored, leaves its process
 * group, and appends a byte to FILE again and again as long as it lives.
 *
 *     escape hollow FILE     its main thread exits and another one goes on: /proc shows a zombie
 *     escape hop FILE        it forks and exits all the time: no process lives long enough to be looked at
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAUSE_US 20000
#define HOP_US 200

static char stack[65536];

static int mark(const char *file)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    if (fd < 0 || write(fd, "x", 1) != 1)
        return -1;
    return close(fd);
}

static int go_on(void *file)
{
    for (;;) {
        if (mark(file) < 0)
            return 1;
        usleep(PAUSE_US);
    }
}

static int hollow(char *file)
{
    const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

    if (clone(go_on, stack + sizeof stack, flags, file) < 0)
        return 1;
    return (int)syscall(SYS_exit, 0); /* of this thread alone */
}

static int hop(const char *file)
{
    for (unsigned hops = 0;; hops++) {
        pid_t pid = fork();

        if (pid > 0)
            _exit(0);
        if (pid < 0 || (hops % 100 == 0 && mark(file) < 0))
            return 1;
        usleep(HOP_US);
    }
}

int main(int argc, char **argv)
{
    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_IGN);
    if (argc != 3 || fork() > 0)
        return argc == 3 ? 0 : 2;
    (void)setsid();
    return strcmp(argv[1], "hop") == 0 ? hop(argv[2]) : hollow(argv[2]);
}
