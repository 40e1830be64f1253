/*
 * ticker FILE SLOT [stubborn]: notes every TICK_MS that it still runs. stubborn: it ignores SIGTERM and SIGHUP.
 */
#include "tests/host/ticker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int main(int argc, char **argv)
{
    const struct timespec pause = {.tv_nsec = TICK_MS * 1000000};
    struct slot *slots, *mine;
    long number;
    int fd;

    if (argc < 3 || (number = strtol(argv[2], NULL, 10)) < 0 || number >= SLOTS)
        return 2;
    fd = open(argv[1], O_RDWR | O_CLOEXEC);
    slots = fd < 0 ? MAP_FAILED : mmap(NULL, SLOTS * sizeof *slots, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (slots == MAP_FAILED)
        return 1;
    if (argc > 3) {
        signal(SIGTERM, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
    }
    mine = &slots[number];
    mine->stubborn = argc > 3;
    mine->last = now_ns();
    mine->pid = (int32_t)getpid();
    for (;;) {
        nanosleep(&pause, NULL);
        mine->last = now_ns();
    }
}
