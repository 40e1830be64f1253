#include "agentctl/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/files.h"
#include "core/text.h"

static int find(const char *name, char *path, size_t cap)
{
    static const char *const dirs[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};

    if (name[0] == '/')
        return access(name, X_OK) == 0 ? text_copy(path, cap, name) : -errno;
    for (size_t i = 0; i < COUNT_OF(dirs); i++) {
        if (text_format(path, cap, "%s/%s", dirs[i], name) == 0 && access(path, X_OK) == 0)
            return 0;
    }
    return -ENOENT;
}

int program_exists(const char *name)
{
    char path[256];

    return find(name, path, sizeof path) == 0;
}

static int mount_over(const char *root, const char *const *dirs)
{
    char path[512];

    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -errno;
    for (; *dirs; dirs++) {
        int r = text_format(path, sizeof path, "%s%s", root, *dirs);

        if (r == 0 && mount(path, *dirs, NULL, MS_BIND, NULL) < 0)
            r = -errno;
        if (r < 0)
            return r;
    }
    return 0;
}

/* In the child: streams, signals, limits of ours; never returns. */
static void become(const struct program *program, const char *path, int in, int out)
{
    char *envp[COUNT_OF(program->env) + 4];
    size_t count = 0;
    sigset_t none;

    setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 || chdir("/") < 0)
        _exit(127);
    if (program->root) {
        int r = mount_over(program->root, program->dirs);

        if (r < 0) {
            dprintf(2, "mounts of its own: %s", strerror(-r));
            _exit(127);
        }
    }
    for (size_t i = 0; i < COUNT_OF(program->env) && program->env[i]; i++)
        envp[count++] = (char *)(uintptr_t)program->env[i];
    envp[count++] = (char *)(uintptr_t) "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    envp[count++] = (char *)(uintptr_t) "LC_ALL=C";
    envp[count++] = (char *)(uintptr_t) "HOME=/root";
    envp[count] = NULL;
    execve(path, (char *const *)(uintptr_t)program->argv, envp);
    _exit(127);
}

/* What the program reads: small texts fit a pipe, so nothing has to be fed while it runs. */
static int input_of(const struct program *program, int *ret_fd)
{
    size_t len = program->input ? strlen(program->input) : 0;
    int ends[2], r;

    if (len == 0) {
        *ret_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return *ret_fd < 0 ? -errno : 0;
    }
    if (len > 32768)
        return -E2BIG;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    r = write_all(ends[1], program->input, len);
    close(ends[1]);
    if (r < 0) {
        close(ends[0]);
        return r;
    }
    *ret_fd = ends[0];
    return 0;
}

/* Read until the end or the deadline; what does not fit is read and dropped. */
static int take_output(int fd, char *output, size_t cap, int64_t deadline)
{
    char dropped[4096];
    size_t len = 0;
    int r = 0;

    for (;;) {
        int64_t left = deadline - clock_boot_ms();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        ssize_t n;

        if (left <= 0) {
            r = -ETIMEDOUT;
            break;
        }
        if (poll(&wait, 1, (int)left) <= 0)
            continue;
        n = len + 1 < cap ? read(fd, output + len, cap - 1 - len) : read(fd, dropped, sizeof dropped);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if (len + 1 < cap)
            len += (size_t)n;
    }
    if (cap > 0)
        output[len] = '\0';
    return r;
}

/* Its exit status, unless it outlives the deadline: then it is killed with all of its group. */
static int take_status(pid_t pid, int64_t deadline, int *ret_status)
{
    int status, timed_out = 0;
    pid_t got;

    while ((got = waitpid(pid, &status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
        if (!timed_out && clock_boot_ms() >= deadline) {
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);
            timed_out = 1;
        }
        usleep(2000);
    }
    if (got < 0)
        return -errno;
    if (timed_out)
        return -ETIMEDOUT;
    *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return 0;
}

int program_run(const struct program *program, char *output, size_t cap, int *ret_status)
{
    CLEANUP(close_fd) int in = -1;
    CLEANUP(close_fd) int out = -1;
    int ends[2], r, late;
    int64_t deadline = clock_boot_ms() + (program->timeout_ms > 0 ? program->timeout_ms : PROGRAM_WAIT_MS);
    char path[256];
    pid_t pid;

    r = find(program->argv[0], path, sizeof path);
    if (r == 0)
        r = input_of(program, &in);
    if (r < 0)
        return r;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    out = ends[0];
    pid = fork();
    if (pid == 0)
        become(program, path, in, ends[1]);
    close(ends[1]);
    if (pid < 0)
        return -EAGAIN;
    late = take_output(out, output, output ? cap : 0, deadline);
    r = take_status(pid, late < 0 ? 0 : deadline, ret_status);
    return late < 0 ? late : r;
}
