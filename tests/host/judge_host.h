/* What the programs judge_*.c share: they use the real paths, as root, and so run on a throw-away host alone. */
#ifndef JUDGE_HOST_H
#define JUDGE_HOST_H

#include <check.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/compat.h"
#include "core/paths.h"

static inline void shell(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

/* A host on which nothing of pam_agent has run yet. */
static inline void fresh_host(void)
{
    shell("umount -q " PATH_LOG_DIR " 2>/dev/null; rm -rf " PATH_RUN " " PATH_STATE_DIR " " PATH_LOG_DIR
          " && install -d -m 0755 " PATH_STATE_DIR);
}

static inline void short_sleep(void)
{
    const struct timespec time = {0, 2000000};

    nanosleep(&time, NULL);
}

/* Memory that the processes of a test share. */
static inline void *shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(memory, MAP_FAILED);
    return memory;
}

/* Run fn(0) ... fn(count - 1), each in a process of its own, all let go at once; how many of them answered 0. */
static inline unsigned race(unsigned count, int (*fn)(unsigned number))
{
    atomic_uint *ready = shared(sizeof *ready);
    unsigned won = 0;
    int status;

    for (unsigned i = 0; i < count; i++) {
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            atomic_fetch_add(ready, 1);
            while (atomic_load(ready) < count)
                sched_yield();
            _exit(fn(i) != 0);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert(WIFEXITED(status));
        won += WEXITSTATUS(status) == 0;
    }
    munmap(ready, sizeof *ready);
    return won;
}

static inline int run_on_host(Suite *suite)
{
    SRunner *runner;
    int failed;

    if (geteuid() != 0 || access("/run/throwaway-host", F_OK) < 0) {
        fprintf(stderr, "not on a throw-away host: run this through tests/host/enter\n");
        return EXIT_FAILURE;
    }
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
