/*
 * demote FILE PID: in a user namespace of its own, where it has every capability, takes the processors away from the process PID, and
 * from whatever starts meanwhile: SCHED_IDLE, the lowest priority, one processor. It ignores what can be ignored, keeps every
 * processor busy, and writes "demoted PID" or "demoted another" to FILE, a line for each first success.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define NEWEST 4 /* processes that started last */

static int demote(pid_t pid)
{
    const struct sched_param none = {0};
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(0, &one);
    if (sched_setscheduler(pid, SCHED_IDLE, &none) < 0)
        return 0;
    (void)setpriority(PRIO_PROCESS, (id_t)pid, 19);
    (void)sched_setaffinity(pid, sizeof one, &one);
    return 1;
}

static pid_t last_started(void)
{
    char buf[128], *space;
    int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof buf - 1);

    close(fd);
    if (n <= 0)
        return 0;
    buf[n] = '\0';
    space = strrchr(buf, ' ');
    return space ? (pid_t)atoi(space) : 0;
}

static void say(const char *file, const char *whom)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    if (fd >= 0)
        dprintf(fd, "demoted %s\n", whom);
    close(fd);
}

int main(int argc, char **argv)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int told = 0, told_another = 0;
    pid_t pid, self;

    if (argc != 3 || unshare(CLONE_NEWUSER) < 0)
        return 2;
    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_IGN);
    while (processors-- > 0)
        if (fork() == 0)
            break;
    self = getpid();
    pid = (pid_t)atoi(argv[2]);
    for (unsigned rounds = 0;; rounds++) {
        if (demote(pid) && !told++)
            say(argv[1], argv[2]);
        if (rounds % 16 == 0) {
            pid_t last = last_started();

            for (pid_t newest = last; newest > last - NEWEST; newest--)
                if (newest > 1 && newest != self && newest != getppid() && demote(newest) && !told_another++)
                    say(argv[1], "another");
        }
    }
}
