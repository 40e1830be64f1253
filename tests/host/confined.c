/*
 * confined UID: what verifier could do, were it taken over. Each attempt is made in a process of its own, confined as verifier is; a line
 * each: "NAME errno TEXT", "NAME killed SIGNAL" or "NAME done".
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/compat.h"
#include "session/verifier_confine.h"

static int try_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return (int)pid;
}

static int try_exec(void)
{
    char *const argv[] = {(char *)"sh", NULL};

    return execve("/bin/sh", argv, argv + 1);
}

static int try_open(void)
{
    return open("/etc/passwd", O_RDONLY);
}

static int try_create(void)
{
    return open("/file", O_WRONLY | O_CREAT, 0600);
}

static int try_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static int try_kill(void)
{
    return kill(getppid(), SIGTERM);
}

static int try_trace(void)
{
    return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int try_root(void)
{
    return setuid(0);
}

static int try_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1
                                                                                                                  : 0;
}

static int try_write_to_code(void)
{
    return mprotect((void *)((uintptr_t)try_code & ~(uintptr_t)4095), 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static int try_memory(void)
{
    return mmap(NULL, 512u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static int try_talk(void)
{
    return send(0, "x", 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static const struct {
    const char *name;
    int (*attempt)(void);
} attempts[] = {
    {"fork", try_fork},     {"exec", try_exec},           {"open", try_open},     {"create", try_create},
    {"socket", try_socket}, {"kill", try_kill},           {"trace", try_trace},   {"root", try_root},
    {"code", try_code},     {"patch", try_write_to_code}, {"memory", try_memory}, {"talk", try_talk},
};

/* Its exit status is an errno, or 0. */
static void confined(uid_t uid, int (*attempt)(void), int socket_fd)
{
    if (dup2(socket_fd, 0) < 0)
        _exit(255);
    verifier_confine(uid);
    _exit(attempt() < 0 ? errno : 0);
}

int main(int argc, char **argv)
{
    int pair[2], status;

    if (argc != 2 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return 2;
    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0)
            confined((uid_t)atoi(argv[1]), attempts[i].attempt, pair[1]);
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
            return 1;
        if (WIFSIGNALED(status))
            printf("%s killed %s\n", attempts[i].name, strsignal(WTERMSIG(status)));
        else if (WEXITSTATUS(status))
            printf("%s errno %s\n", attempts[i].name, strerror(WEXITSTATUS(status)));
        else
            printf("%s done\n", attempts[i].name);
    }
    return 0;
}
