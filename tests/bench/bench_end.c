/*
 * bench_end FILE FIRST LAST NAME CMD...: runs CMD, which ends the processes that tick in these slots of FILE, and prints how long after
 * its start
 *
 *   NAME-to-stop-p99-ms, -max-ms    each ran its last instruction, at the latest: its last tick and TICK_MS (those that ignore SIGTERM
 *                                   left out)
 *   NAME-stubborn-to-stop-max-ms    the same with those
 *   NAME-to-dead-ms                 the last of them was gone
 *   NAME-stubborn-to-dead-ms        the last of those that ignore SIGTERM was gone
 *
 * Exit 1 where one still lives after ten seconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/host/ticker.h"

#define PATIENCE_NS 10000000000

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int is_dead(const struct slot *slot)
{
    return slot->pid == 0 || (kill(slot->pid, 0) < 0 && errno == ESRCH);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void print(const char *name, const char *what, double value)
{
    printf("{\"name\": \"%s-%s\", \"value\": %.1f, \"unit\": \"ms\"}\n", name, what, value);
}

/* When the last of one kind was seen to be gone; 0: there was none, negative: one lives. */
static void watch(const struct slot *slots, long first, long last, int64_t start, double dead[2])
{
    int living[2] = {1, 1}, any[2] = {0, 0};

    dead[0] = dead[1] = 0;
    while ((living[0] || living[1]) && now_ns() - start < PATIENCE_NS) {
        int64_t now = now_ns();
        int left[2] = {0, 0};

        for (long i = first; i <= last; i++) {
            int kind = slots[i].stubborn != 0;

            any[kind] |= slots[i].pid != 0;
            left[kind] |= !is_dead(&slots[i]);
        }
        for (int kind = 0; kind < 2; kind++) {
            if (living[kind] && !left[kind])
                dead[kind] = any[kind] ? (double)(now - start) / 1e6 : 0;
            living[kind] = left[kind];
        }
        usleep(2000);
    }
    for (int kind = 0; kind < 2; kind++)
        if (living[kind])
            dead[kind] = -1;
}

int main(int argc, char **argv)
{
    static double stops[SLOTS];
    struct slot *slots;
    double dead[2], all = 0;
    size_t count = 0;
    long first, last;
    int64_t start;
    pid_t pid;
    int fd;

    if (argc < 6 || (first = strtol(argv[2], NULL, 10)) < 0 || (last = strtol(argv[3], NULL, 10)) >= SLOTS)
        return 2;
    fd = open(argv[1], O_RDWR | O_CLOEXEC);
    slots = fd < 0 ? MAP_FAILED : mmap(NULL, SLOTS * sizeof *slots, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (slots == MAP_FAILED)
        return 2;
    start = now_ns();
    pid = fork();
    if (pid == 0) {
        dup2(2, 1);
        execvp(argv[5], argv + 5);
        _exit(127);
    }
    watch(slots, first, last, start, dead);
    (void)waitpid(pid, NULL, 0);
    for (long i = first; i <= last; i++) {
        double stop = (slots[i].last > start ? (double)(slots[i].last - start) / 1e6 : 0) + TICK_MS;

        if (slots[i].pid == 0 || slots[i].last <= 0)
            continue;
        if (!slots[i].stubborn)
            stops[count++] = stop;
        if (stop > all)
            all = stop;
    }
    if (count == 0)
        return 2;
    qsort(stops, count, sizeof *stops, by_value);
    print(argv[4], "to-stop-p99-ms", stops[(count * 99 - 1) / 100]);
    print(argv[4], "to-stop-max-ms", stops[count - 1]);
    print(argv[4], "stubborn-to-stop-max-ms", all);
    print(argv[4], "to-dead-ms", dead[0]);
    if (dead[1] != 0)
        print(argv[4], "stubborn-to-dead-ms", dead[1]);
    return dead[0] < 0 || dead[1] < 0;
}
