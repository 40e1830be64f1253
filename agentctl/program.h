/*
 * Other programs of the host: run without a shell, with a fixed search path and environment, and a bounded wait.
 */
#ifndef AGENTCTL_PROGRAM_H
#define AGENTCTL_PROGRAM_H

#include <stddef.h>

#include "core/compat.h"

#define PROGRAM_ARGS_MAX 32
#define PROGRAM_WAIT_MS 30000

struct program {
    const char *argv[PROGRAM_ARGS_MAX]; /* [0] is searched for in /usr/sbin:/usr/bin:/sbin:/bin unless it is absolute */
    const char *env[8];                 /* NAME=VALUE beside PATH, LC_ALL=C and HOME=/root; these win */
    const char *input;                  /* text for standard input, or NULL for none */
    const char *root;        /* in mounts of its own, root/DIR stands over each DIR of these; NULL: the host's */
    const char *const *dirs; /* the last is NULL */
    int timeout_ms;          /* 0: PROGRAM_WAIT_MS; then it and its children are killed */
};

/*
 * Run it and wait. output[cap] (may be NULL) takes stdout and stderr together, cut where it ends, NUL-terminated. 0 and the exit
 * status (128 + signal where one ended it); -ENOENT: there is no such program; -ETIMEDOUT; -errno.
 */
int program_run(const struct program *program, char *output, size_t cap, int *ret_status) MUST_CHECK;

/* Is it there? 1 or 0. */
int program_exists(const char *name);

#endif
