/*
 * Who asks: a process, by the kernel's word. sudo asks several times, and the answers are awaited: what was found of the last asker
 * stands as long as that process lives. Where the kernel has no pidfd, nothing is kept.
 */
#ifndef PAM_AGENT_GUARD_ASKER_H
#define PAM_AGENT_GUARD_ASKER_H

#include "core/compat.h"
#include "core/proc.h"
#include "judge/session_process.h"

struct asker {
    struct process process;
    int fd;       /* its pidfd, opened before process was read; negative: nothing is kept */
    int is_owned; /* it was found to be of the session, and stays so: what leaves it is root's to lead out */
};
#define ASKER_NONE \
    { \
        .fd = -1 \
    }

/* The process at the other end, where it is of this user. 0 or -errno. */
int asker_read(int fd, uid_t expected, struct process *ret) MUST_CHECK;
/* The same; it takes the place of the last asker, unless that is it. */
int asker_find(struct asker *asker, int fd, uid_t expected) MUST_CHECK;
/* Is it of this session? 1 or 0. */
int asker_is_owned(struct asker *asker, const struct session *session);
void asker_forget(struct asker *asker);

#endif
