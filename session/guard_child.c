#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/proc.h"
#include "judge/record.h"
#include "session/guard.h"

pid_t guard_fork(int fd)
{
    const struct rlimit files = {1024, 4096};
    pid_t pid;

    /* Closed below; nor does a guard whom the account keeps busy keep a log that was rotated away. */
    record_keep(0);
    pid = fork();
    if (pid != 0)
        return pid;
    if (fd < 0)
        fd = open("/dev/null", O_RDWR);
    if (dup2(fd, 0) < 0)
        _exit(127);
    /* A socket that lives on in a child would keep clients waiting after the guard has gone. */
    for (int other = 3; other < GUARD_FILES; other++)
        (void)close(other);
    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_DFL);
    (void)setrlimit(RLIMIT_NOFILE, &files);
    (void)setpriority(PRIO_PROCESS, 0, 0);
    process_write_own("oom_score_adj", "0");
    return 0;
}
