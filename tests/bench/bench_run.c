/*
 * bench_run NAME CMD...: runs CMD and prints NAME-seconds, how long it took, and NAME-rss-mb, the most memory that it, or a program that
 * it ran, had at a time. Its output goes to standard error. Exit status: CMD's.
 */
#include <err.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print(const char *name, const char *what, double value, const char *unit)
{
    printf("{\"name\": \"%s-%s\", \"value\": %.1f, \"unit\": \"%s\"}\n", name, what, value, unit);
}

int main(int argc, char **argv)
{
    double start = now_seconds();
    struct rusage usage;
    int status;
    pid_t pid;

    if (argc < 3)
        errx(2, "usage: bench_run NAME CMD...");
    pid = fork();
    if (pid == 0) {
        dup2(2, 1);
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
        err(1, "%s", argv[2]);
    print(argv[1], "seconds", now_seconds() - start, "s");
    print(argv[1], "rss-mb", (double)usage.ru_maxrss / 1024, "MB");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
