/*
 * A file of slots, one a process: who lives, and when it last ran. ticker writes its own, bench_end reads all.
 */
#ifndef PAM_AGENT_TICKER_H
#define PAM_AGENT_TICKER_H

#include <stdint.h>

#define SLOTS 2048
#define TICK_MS 10 /* a thousand of them must leave the processors to what is measured */

struct slot {
    volatile int64_t last; /* CLOCK_MONOTONIC, nanoseconds */
    volatile int32_t pid;  /* 0: the slot is free */
    volatile int32_t stubborn;
};

#endif
