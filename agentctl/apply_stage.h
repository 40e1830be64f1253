/*
 * A new version of a file, written beside it under a hidden name, complete and on disk before it takes the name. Whatever ends
 * the program, readers see the old file or the new one.
 */
#ifndef PAM_AGENT_APPLY_STAGE_H
#define PAM_AGENT_APPLY_STAGE_H

#include <sys/types.h>

#include "core/compat.h"

#define STAGE_PREFIX ".apply-"

struct stage {
    int dir;          /* borrowed */
    const char *name; /* borrowed */
    int fd;           /* read and write; -1: nothing staged */
    mode_t mode;
    char hidden[32];
};

#define STAGE_INIT \
    { \
        .dir = -1, .fd = -1 \
    }

/* Start; until the end the file is root's alone. 0 or -errno. */
int stage_begin(struct stage *stage, int dir, const char *name, mode_t mode) MUST_CHECK;
/* Write a whole text. */
int stage_write(struct stage *stage, const void *data, size_t len) MUST_CHECK;
/* Is the file in place already the same, in bytes, owner and mode? 1 or 0. */
int stage_is_same(const struct stage *stage);
/* Give the mode and put on disk: 0 or -errno. */
int stage_finish(struct stage *stage) MUST_CHECK;
/* Take the name. 0 or -errno; the stage is over. */
int stage_commit(struct stage *stage) MUST_CHECK;
/* For CLEANUP(): drop what was not committed. */
void stage_drop(struct stage *stage);

/* Remove what a killed program left. Only while nobody else may be staging here. */
void stage_sweep(int dir);

#endif
