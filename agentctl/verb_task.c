/* task complete, suspend, resume, revoke: the state first, then the doorbell of every session of the task. */
#include <errno.h>
#include <string.h>

#include "agentctl/arguments.h"
#include "agentctl/fates.h"
#include "agentctl/issuers.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "core/clock.h"
#include "core/text.h"
#include "judge/task.h"

static const struct change {
    const char *verb;
    enum task_state state;
    enum fate least; /* any: it takes no authority away */
    const char *done;
} changes[] = {
    {"complete", TASK_COMPLETED, FATE_ENDS, "completed"},
    {"suspend", TASK_SUSPENDED, FATE_STOPS, "suspended"},
    {"resume", TASK_ACTIVE, FATE_ANY, "resumed"},
    {"revoke", TASK_REVOKED, FATE_ENDS, "revoked"},
};

static const struct change *find_change(const char *verb)
{
    for (size_t i = 0; i < COUNT_OF(changes); i++)
        if (!strcmp(changes[i].verb, verb))
            return &changes[i];
    return NULL;
}

static void print_task(const char *word, const char *iss, const char *task)
{
    printf("%s ", word);
    print_escaped(stdout, task);
    fputs(" of ", stdout);
    print_escaped(stdout, iss);
    putchar('\n');
}

/* -EPERM also says that a directory is not root's alone. */
static int refuse(const struct task_record *record, int error)
{
    struct task_record known;

    if (error == -EPERM && task_get(record->iss, record->task, &known) == 0 && known.state > record->state) {
        complain("the task is %s, and stays so", task_state_word(known.state));
        return EXIT_NO;
    }
    complain("the state of the task could not be written: %s", strerror(-error));
    return EXIT_PART;
}

static int set(const struct change *change, const char *iss, const char *task, const char *note)
{
    struct task_record record = {.state = change->state, .since = clock_wall_seconds()};
    struct link link;
    int durable = 0, r;

    if (text_copy(record.iss, sizeof record.iss, iss) < 0 || text_copy(record.task, sizeof record.task, task) < 0 ||
        text_copy(record.note, sizeof record.note, note) < 0)
        return EXIT_USAGE;
    r = task_set(&record, &durable);
    if (r < 0)
        return refuse(&record, r);
    print_task(change->done, iss, task);
    link_make(&link, LINK_TASK, iss, task);
    return fates_print(&(struct ring_filter){.link = &link}, change->least != FATE_ANY, change->least, durable);
}

int verb_task_set(int argc, char **argv)
{
    const struct change *change = find_change(argv[0]);
    struct issuers issuers;
    struct arguments a;
    int status = arguments_take(argc, argv, TAKES_ISSUER | TAKES_NOTE, 1, 1, &a);

    if (status)
        return status;
    if (!argument_fits("a task", a.words[0], TASK_MAX))
        return EXIT_USAGE;
    if (!is_root("changing a task"))
        return EXIT_NO;
    if (!a.issuer)
        a.issuer = issuers_choose(&issuers, LINK_TASK, a.words[0]);
    return a.issuer ? set(change, a.issuer, a.words[0], a.note) : EXIT_USAGE;
}
