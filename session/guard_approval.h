/* What sudo_agent.so was permitted, until the session of the command opens. */
#ifndef PAM_AGENT_GUARD_APPROVAL_H
#define PAM_AGENT_GUARD_APPROVAL_H

#include "ask/message.h"
#include "core/names.h"
#include "core/proc.h"

#define APPROVALS_MAX 64 /* sudos of a session that are between the two at one time; what is not used takes no memory */

/* Good for one open of this very sudo process. */
struct approval {
    pid_t pid; /* 0: free */
    uint64_t start, number;
    char run_as[2 * LOCAL_NAME_MAX], own_group[LOCAL_NAME_MAX];
    char *words; /* the command, a NUL behind each word */
    size_t words_size;
};

struct approvals {
    struct approval items[APPROVALS_MAX];
    uint64_t count; /* that were given */
};

/*
 * The question of this process is permitted. It takes the place of the approval that the process had, a free one, that of a process that is
 * gone, or else of the oldest. Where it cannot be kept there is none: open refuses.
 */
void approval_give(struct approvals *approvals, const struct process *asker, const struct question *question);

/*
 * The approval of this process, which is used up by that, for this user. 1: *ret is it, and approval_clear's to free; 0: there is none, or it
 * is for another user.
 */
int approval_take(struct approvals *approvals, const struct process *asker, const char *user, struct approval *ret);

/* Run-as and command of the question become the approval's, which must outlive it. */
void approval_describe(const struct approval *approval, struct question *question);

void approval_clear(struct approval *approval);

#endif
