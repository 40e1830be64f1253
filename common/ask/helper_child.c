#include "ask/helper_child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/compat.h"

#ifndef SYS_close_range
#define SYS_close_range 436 /* Linux 5.9, every architecture */
#endif

#define FAILED 127
#define FIRST_OTHER_FD 3
#define FDS_BLIND 65536 /* closed one by one where neither close_range nor /proc is there */

static const struct {
    int resource;
    rlim_t soft, hard;
} limits[] = {
    {RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY},
    {RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY},
    {RLIMIT_DATA, RLIM_INFINITY, RLIM_INFINITY},
    {RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY},
    {RLIMIT_NPROC, RLIM_INFINITY, RLIM_INFINITY},
    {RLIMIT_RSS, RLIM_INFINITY, RLIM_INFINITY},
    {RLIMIT_LOCKS, RLIM_INFINITY, RLIM_INFINITY},
    {RLIMIT_NOFILE, 1024, 4096},
    {RLIMIT_STACK, 8 * 1024 * 1024, RLIM_INFINITY},
    {RLIMIT_SIGPENDING, 4096, 4096},
    {RLIMIT_CORE, 0, 0}, /* it holds credentials */
};

/*
 * As root in every uid, the caller can neither signal it nor count it against its limits. The bare system call: glibc's
 * wrapper would look for the threads of the process we were forked from. (32-bit: a narrow uid 0 is the same uid.)
 */
static int become_root(void)
{
    if (syscall(SYS_setresuid, 0, 0, 0) < 0 || syscall(SYS_setresgid, 0, 0, 0) < 0)
        return -1;
    return syscall(SYS_setgroups, 0, NULL) < 0 ? -1 : 0;
}

static void lift_limits(void)
{
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        struct rlimit limit = {limits[i].soft, limits[i].hard};

        if (setrlimit((unsigned)limits[i].resource, &limit) == 0)
            continue;
        /* Without CAP_SYS_RESOURCE: as far as the hard limit goes. */
        if (getrlimit((unsigned)limits[i].resource, &limit) == 0) {
            if (limits[i].soft < limit.rlim_max)
                limit.rlim_cur = limits[i].soft;
            else
                limit.rlim_cur = limit.rlim_max;
            (void)setrlimit((unsigned)limits[i].resource, &limit);
        }
    }
}

static void default_scheduling(void)
{
    const struct sched_param param = {0};

    (void)syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &param);
    (void)setpriority(PRIO_PROCESS, 0, 0);
}

struct kernel_dirent {
    uint64_t ino;
    int64_t off;
    uint16_t reclen;
    uint8_t type;
    char name[];
};

static int number_of(const char *name)
{
    int n = 0;

    if (!*name)
        return -1;
    for (; *name; name++) {
        if (*name < '0' || *name > '9' || n > 10000000)
            return -1;
        n = n * 10 + (*name - '0');
    }
    return n;
}

/* getdents64 itself, since opendir allocates. 0, or -1 where /proc cannot be read. */
static int close_listed(void)
{
    _Alignas(struct kernel_dirent) char buf[4096];
    int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long n;

    if (dir < 0)
        return -1;
    while ((n = syscall(SYS_getdents64, dir, buf, sizeof buf)) > 0) {
        for (long at = 0; at < n;) {
            const struct kernel_dirent *entry = (const struct kernel_dirent *)(const void *)(buf + at);
            int fd = number_of(entry->name);

            if (fd >= FIRST_OTHER_FD && fd != dir)
                close(fd);
            at += entry->reclen;
        }
    }
    close(dir);
    return n < 0 ? -1 : 0;
}

static void close_others(void)
{
    if (syscall(SYS_close_range, FIRST_OTHER_FD, ~0U, 0) == 0 || close_listed() == 0)
        return;
    for (int fd = FIRST_OTHER_FD; fd < FDS_BLIND; fd++)
        close(fd);
}

/* The socket to 0, nothing to 1 and 2, the rest closed. Any of 0 to 2 may have been closed, or be the socket. */
static int arrange_fds(int socket)
{
    int moved = fcntl(socket, F_DUPFD, FIRST_OTHER_FD);
    int opened = open("/dev/null", O_RDWR);
    int nothing = fcntl(opened, F_DUPFD, FIRST_OTHER_FD);

    if (moved < 0 || nothing < 0 || dup2(moved, 0) < 0 || dup2(nothing, 1) < 0 || dup2(nothing, 2) < 0)
        return -1;
    close_others();
    return 0;
}

/* Handlers end with exec, but ignored and blocked signals would stay so. */
static int default_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    sigemptyset(&action.sa_mask);
    for (int i = 1; i < NSIG; i++)
        (void)sigaction(i, &action, NULL); /* KILL, STOP and glibc's own two refuse */
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn void helper_child(const char *path, int socket)
{
    static char *const nothing[] = {NULL};
    char *const argv[] = {(char *)path, NULL};

    if (become_root() < 0)
        _exit(FAILED);
    lift_limits();
    (void)setsid();
    default_scheduling();
    umask(077);
    if (chdir("/") < 0 || arrange_fds(socket) < 0 || default_signals() < 0)
        _exit(FAILED);
    execve(path, argv, nothing);
    _exit(FAILED);
}
