#include "core/proc_tree.h"

#include <errno.h>
#include <stdlib.h>

enum { UNKNOWN = -1, NO, YES, ANCESTOR };

static int add(const struct process *process, void *arg)
{
    struct process_tree *tree = arg;

    if ((tree->count & (tree->count - 1)) == 0) { /* full, at each power of two */
        size_t room = tree->count ? tree->count * 2 : 1;
        struct kin *list = realloc(tree->list, room * sizeof *list);

        if (!list)
            return -ENOMEM;
        tree->list = list;
    }
    tree->list[tree->count++] = (struct kin){.process = *process, .descends = UNKNOWN};
    return 0;
}

static int by_pid(const void *a, const void *b)
{
    const struct kin *x = a, *y = b;

    return (x->process.pid > y->process.pid) - (x->process.pid < y->process.pid);
}

static struct kin *find(const struct process_tree *tree, pid_t pid)
{
    const struct kin key = {.process.pid = pid};

    return tree->count ? bsearch(&key, tree->list, tree->count, sizeof key, by_pid) : NULL;
}

/* A child does not start before its parent: what has the parent's pid and did, has it from a parent that is gone. */
static struct kin *parent_of(const struct process_tree *tree, const struct kin *kin)
{
    struct kin *parent = find(tree, kin->process.parent);

    return parent && parent->process.start <= kin->process.start ? parent : NULL;
}

/* A parent that ended while we looked: by now its child has another one. */
static void find_new_parents(struct process_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        struct kin *kin = &tree->list[i];
        struct process now;

        if (kin->process.parent > 0 && !parent_of(tree, kin) && process_read(kin->process.pid, &now) == 0 &&
            now.start == kin->process.start)
            kin->process = now;
    }
}

static void mark(struct process_tree *tree, pid_t pid, uint64_t start, int as)
{
    struct kin *kin = find(tree, pid);

    if (kin && kin->process.start == start)
        kin->descends = as;
}

/* Up to the first whose answer is known, then up to it again: each process is passed twice at most, however deep it stands. */
static void decide(const struct process_tree *tree, struct kin *kin)
{
    struct kin *top = kin;

    for (; top && top->descends == UNKNOWN; top = parent_of(tree, top))
        top->descends = NO;
    if (!top || top->descends == NO)
        return;
    for (; kin != top; kin = parent_of(tree, kin))
        kin->descends = YES;
}

int process_tree_read(pid_t ancestor, uint64_t start, const struct process *known, size_t known_count,
                      struct process_tree *ret)
{
    int r;

    *ret = (struct process_tree){0};
    r = process_each(add, ret);
    if (r < 0)
        return r;
    qsort(ret->list, ret->count, sizeof *ret->list, by_pid);
    find_new_parents(ret);
    for (size_t i = 0; i < known_count; i++)
        mark(ret, known[i].pid, known[i].start, YES);
    mark(ret, ancestor, start, ANCESTOR);
    for (size_t i = 0; i < ret->count; i++)
        decide(ret, &ret->list[i]);
    mark(ret, ancestor, start, NO);
    return 0;
}

int process_list_audited(uint32_t audit, struct process_tree *ret)
{
    int r;

    *ret = (struct process_tree){0};
    r = process_each_audited(audit, add, ret);
    for (size_t i = 0; i < ret->count; i++)
        ret->list[i].descends = NO;
    return r;
}

void process_tree_clear(struct process_tree *tree)
{
    free(tree->list);
    *tree = (struct process_tree){0};
}
