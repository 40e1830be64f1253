/*
 * harass: what an agent may do to the setuid programs it starts, and what it must not be able to do to its guard.
 *
 *     harass kill COUNT STEP CMD...     run number i is killed after i * STEP microseconds
 *     harass stop COUNT STEP CMD...     is stopped then; 30 ms later every other one goes on, the rest are killed
 *     harass limit NAME VALUE CMD...    is run once with this limit, soft and hard
 *     harass process PID [FILE]...      tries to signal, trace, read and write the process, and to open the files
 *
 * In CMD, a '%' stands for the number of the run; each reads HARASS_STDIN, where set, from its beginning. Prints a line for each run: its number and how it ended; `process` prints
 * what it was able to do, and ends with 0 where that was nothing. No run takes more than 5 s.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGS_MAX 32
#define LONGEST_US 5000000L
#define STOPPED_US 30000L

static void wait_us(long us)
{
    struct timespec t = {us / 1000000, us % 1000000 * 1000};

    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

static void become(char **argv, int number, int resource, const struct rlimit *limit)
{
    static char texts[ARGS_MAX][256];
    char *args[ARGS_MAX + 1] = {NULL};
    const char *input = getenv("HARASS_STDIN");
    int fd = input ? open(input, O_RDONLY) : -1;

    if (fd >= 0 && (dup2(fd, 0) < 0 || (fd > 0 && close(fd) < 0)))
        _exit(126);

    for (int i = 0; i < ARGS_MAX && argv[i]; i++) {
        char *percent = strchr(argv[i], '%');

        if (percent)
            snprintf(texts[i], sizeof texts[i], "%.*s%d%s", (int)(percent - argv[i]), argv[i], number, percent + 1);
        else
            snprintf(texts[i], sizeof texts[i], "%s", argv[i]);
        args[i] = texts[i];
    }
    if (limit && setrlimit((__rlimit_resource_t)resource, limit) < 0)
        _exit(126);
    execv(args[0], args);
    _exit(127);
}

/* Wait for it at most so long: 1 and its status, or 0. */
static int ended_within(pid_t pid, long us, int *status)
{
    for (long waited = 0; waitpid(pid, status, WNOHANG) == 0; waited += 1000) {
        if (waited >= us)
            return 0;
        wait_us(1000);
    }
    return 1;
}

static void report(pid_t pid, int number)
{
    int status = 0;

    if (!ended_within(pid, LONGEST_US, &status)) {
        printf("%d hung\n", number);
        (void)kill(pid, SIGCONT);
        (void)kill(pid, SIGKILL);
        (void)ended_within(pid, LONGEST_US, &status);
        return;
    }
    if (WIFSIGNALED(status))
        printf("%d signal %d\n", number, WTERMSIG(status));
    else
        printf("%d exit %d\n", number, WEXITSTATUS(status));
    fflush(stdout);
}

static void disturb(int stop, int count, long step, char **argv)
{
    for (int i = 0; i < count; i++) {
        pid_t pid = fork();

        if (pid == 0)
            become(argv, i, 0, NULL);
        if (pid < 0)
            exit(1);
        wait_us(i * step);
        (void)kill(pid, stop ? SIGSTOP : SIGKILL);
        if (stop) {
            wait_us(STOPPED_US);
            if (i % 2)
                (void)kill(pid, SIGKILL);
            (void)kill(pid, SIGCONT);
        }
        report(pid, i);
    }
}

static int limit_named(const char *name)
{
    static const struct {
        const char *name;
        int resource;
    } known[] = {{"as", RLIMIT_AS},
                 {"data", RLIMIT_DATA},
                 {"fsize", RLIMIT_FSIZE},
                 {"nofile", RLIMIT_NOFILE},
                 {"nproc", RLIMIT_NPROC},
                 {"cpu", RLIMIT_CPU},
                 {"stack", RLIMIT_STACK},
                 {"core", RLIMIT_CORE},
                 {"locks", RLIMIT_LOCKS},
                 {"memlock", RLIMIT_MEMLOCK},
                 {"sigpending", RLIMIT_SIGPENDING}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].resource;
    fprintf(stderr, "harass: no limit is called %s\n", name);
    exit(2);
}

static void run_limited(const char *name, rlim_t value, char **argv)
{
    const struct rlimit limit = {value, value};
    int resource = limit_named(name);
    pid_t pid = fork();

    if (pid == 0)
        become(argv, (int)value, resource, &limit);
    printf("%s ", name);
    report(pid, (int)value);
}

static int worked(int yes, const char *what)
{
    if (yes)
        printf("%s worked\n", what);
    return yes;
}

static int opens(const char *path, int flags)
{
    int fd = open(path, flags | O_NONBLOCK);

    if (fd >= 0)
        close(fd);
    return worked(fd >= 0, path);
}

static int try_process(pid_t pid, char **files)
{
    static const char *const names[] = {"mem", "environ", "fd/0", "fd/3", "io", "oom_score_adj"};
    const struct rlimit none = {0, 0};
    char path[256], byte;
    struct iovec here = {&byte, 1}, there = {(void *)(uintptr_t)0x400000, 1};
    int count = 0;

    count += worked(kill(pid, 0) == 0, "kill 0");
    count += worked(kill(pid, SIGSTOP) == 0, "SIGSTOP");
    count += worked(kill(pid, SIGTERM) == 0, "SIGTERM");
    count += worked(kill(pid, SIGKILL) == 0, "SIGKILL");
    count += worked(ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0, "ptrace");
    count += worked(setpriority(PRIO_PROCESS, (id_t)pid, 19) == 0, "setpriority");
    count += worked(prlimit(pid, RLIMIT_NOFILE, &none, NULL) == 0, "prlimit");
    count += worked(process_vm_readv(pid, &here, 1, &there, 1, 0) >= 0, "process_vm_readv");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, names[i]);
        count += opens(path, O_RDWR);
        if (strcmp(names[i], "oom_score_adj") != 0) /* anybody may read it */
            count += opens(path, O_RDONLY);
    }
    for (; *files; files++)
        count += opens(*files, O_RDONLY);
    return count;
}

int main(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "process") == 0)
        return try_process((pid_t)atol(argv[2]), argv + 3) > 0;
    if (argc < 5) {
        fprintf(stderr,
                "usage: harass kill|stop COUNT STEP CMD... | limit NAME VALUE CMD... | process PID [FILE]...\n");
        return 2;
    }
    if (strcmp(argv[1], "limit") == 0)
        run_limited(argv[2], strtoull(argv[3], NULL, 10), argv + 4);
    else
        disturb(strcmp(argv[1], "stop") == 0, atoi(argv[2]), atol(argv[3]), argv + 4);
    return 0;
}
