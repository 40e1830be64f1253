#include "session/guard_approval.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"

static int is_of(const struct approval *approval, const struct process *process)
{
    return approval->pid == process->pid && approval->start == process->start;
}

/* NULL: it has none. */
static struct approval *find(struct approvals *approvals, const struct process *process)
{
    for (size_t i = 0; i < APPROVALS_MAX; i++)
        if (is_of(&approvals->items[i], process))
            return &approvals->items[i];
    return NULL;
}

static struct approval *find_free(struct approvals *approvals)
{
    for (size_t i = 0; i < APPROVALS_MAX; i++)
        if (!approvals->items[i].pid)
            return &approvals->items[i];
    return NULL;
}

/* Looks at processes, which takes time: where all places are taken. */
static struct approval *find_unused(struct approvals *approvals)
{
    struct approval *oldest = &approvals->items[0];

    for (size_t i = 0; i < APPROVALS_MAX; i++) {
        struct approval *approval = &approvals->items[i];

        if (!process_alive(approval->pid, approval->start))
            return approval;
        if (approval->number < oldest->number)
            oldest = approval;
    }
    return oldest;
}

static int copy_words(struct approval *approval, const struct question *question)
{
    char *to;

    for (size_t i = 0; i < question->argc; i++)
        approval->words_size += strlen(question->argv[i]) + 1;
    if (approval->words_size == 0) /* of a step that is only observed */
        return 0;
    to = approval->words = malloc(approval->words_size);
    if (!to)
        return -1;
    for (size_t i = 0; i < question->argc; i++)
        to = stpcpy(to, question->argv[i]) + 1;
    return 0;
}

void approval_give(struct approvals *approvals, const struct process *asker, const struct question *question)
{
    struct approval *place = find(approvals, asker);
    const char *own_group = question->own_group ? question->own_group : "";

    if (!place)
        place = find_free(approvals);
    if (!place)
        place = find_unused(approvals);
    approval_clear(place);
    *place = (struct approval){.pid = asker->pid, .start = asker->start, .number = approvals->count++};
    if (!question->run_as || text_copy(place->run_as, sizeof place->run_as, question->run_as) < 0 ||
        text_copy(place->own_group, sizeof place->own_group, own_group) < 0 || copy_words(place, question) < 0)
        approval_clear(place);
}

static int is_of_user(const char *run_as, const char *user)
{
    size_t len = run_as_user(run_as);

    return user && strlen(user) == len && memcmp(user, run_as, len) == 0;
}

int approval_take(struct approvals *approvals, const struct process *asker, const char *user, struct approval *ret)
{
    struct approval *approval = find(approvals, asker);

    if (!approval)
        return 0;
    *ret = *approval;
    *approval = (struct approval){.pid = 0};
    if (is_of_user(ret->run_as, user))
        return 1;
    approval_clear(ret);
    return 0;
}

void approval_describe(const struct approval *approval, struct question *question)
{
    question->run_as = approval->run_as;
    question->own_group = approval->own_group[0] ? approval->own_group : NULL;
    question->argc = 0;
    for (size_t at = 0; at < approval->words_size; at += strlen(approval->words + at) + 1)
        question->argv[question->argc++] = approval->words + at;
}

void approval_clear(struct approval *approval)
{
    free(approval->words);
    *approval = (struct approval){.pid = 0};
}
