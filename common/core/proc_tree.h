/* One picture of all processes, and of who among them descends from one. */
#ifndef PAM_AGENT_PROC_TREE_H
#define PAM_AGENT_PROC_TREE_H

#include <stddef.h>

#include "core/proc.h"

struct kin {
    struct process process;
    int descends; /* 1 or 0 */
};

struct process_tree {
    struct kin *list; /* by pid; no zombies */
    size_t count;
};

/*
 * Of (ancestor, start), and of those known to descend from it, whatever became of their parents. The ancestor itself does not
 * descend; where it is no more, it has no descendants but the known ones and theirs. Every chain of parents is followed to its end.
 * ret is the caller's to clear, also after an error. 0 or -errno.
 */
int process_tree_read(pid_t ancestor, uint64_t start, const struct process *known, size_t known_count,
                      struct process_tree *ret) MUST_CHECK;
/* Those of an audit session alone, and nothing of descent. */
int process_list_audited(uint32_t audit, struct process_tree *ret) MUST_CHECK;
void process_tree_clear(struct process_tree *tree);

#endif
