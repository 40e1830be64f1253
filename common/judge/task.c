#include "judge/task.h"

#include <errno.h>
#include <string.h>

#include "core/text.h"
#include "judge/ledger.h"

static const char *const words[] = {"active", "suspended", "completed", "revoked"};

const char *task_state_word(enum task_state state)
{
    return words[state];
}

/* --- the record: task/STATE/KEY --- */

static void put(struct fields_writer *w, const void *object)
{
    const struct task_record *record = object;

    fields_put(w, "iss", record->iss);
    fields_put(w, "task", record->task);
    fields_put_u64(w, "since", (uint64_t)record->since);
    fields_put(w, "note", record->note);
}

static int take(void *object, const char *key, const char *value)
{
    struct task_record *record = object;

    if (strcmp(key, "iss") == 0)
        return state_take_text(record->iss, sizeof record->iss, value);
    if (strcmp(key, "task") == 0)
        return state_take_text(record->task, sizeof record->task, value);
    if (strcmp(key, "since") == 0)
        return state_take_i64(&record->since, value);
    if (strcmp(key, "note") == 0)
        return state_take_text(record->note, sizeof record->note, value);
    return 0;
}

static int complete(const void *object)
{
    const struct task_record *record = object;

    return record->iss[0] && record->task[0];
}

const struct state_format task_format = {.put = put, .take = take, .complete = complete};

/* -ENOENT: the task is not in this state. */
static int read_one(const struct ledger *ledger, const char *key, enum task_state state, struct task_record *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->state = state;
    return ledger_read(ledger, key, &task_format, ret);
}

/* --- setting --- */

/*
 * Each state has a directory of its own, and those of the ends are only ever added to: of two that race, the stricter counts,
 * whoever comes last, and nobody waits for a lock.
 */
static int is_over(const struct link *link, enum task_state than)
{
    int r = 0;

    for (int state = TASK_REVOKED; r == 0 && state >= TASK_COMPLETED && state > (int)than; state--) {
        CLEANUP(ledger_close) struct ledger ledger = LEDGER_CLOSED;

        r = ledger_open_path("task", words[state], &ledger);
        if (r == 0)
            r = ledger_has(&ledger, link->key);
    }
    return r;
}

static int resume(const struct link *link, int *ret_durable)
{
    int r = ledger_remove("task", words[TASK_SUSPENDED], link->key);

    if (r < 0 && r != -ENOENT)
        return r;
    *ret_durable = 1;
    return 0;
}

int task_set(const struct task_record *record, int *ret_durable)
{
    int over = 0, r;
    struct link link;

    link_make(&link, LINK_TASK, record->iss, record->task);
    if (record->state < TASK_COMPLETED) { /* an end looks at nothing before it takes effect */
        over = is_over(&link, record->state);
        if (over)
            return over < 0 ? over : -EPERM;
    }
    r = record->state == TASK_ACTIVE
            ? resume(&link, ret_durable)
            : ledger_put("task", words[record->state], link.key, &task_format, record, ret_durable);
    return r == 0 && is_over(&link, record->state) > 0 ? -EPERM : r;
}

/* --- reading --- */

int task_get(const char *iss, const char *task, struct task_record *ret)
{
    struct link link;
    int r = -ENOENT;

    link_make(&link, LINK_TASK, iss, task);
    for (int state = TASK_REVOKED; r == -ENOENT && state > TASK_ACTIVE; state--) {
        CLEANUP(ledger_close) struct ledger ledger = LEDGER_CLOSED;

        r = ledger_open_path("task", words[state], &ledger);
        if (r == 0)
            r = read_one(&ledger, link.key, (enum task_state)state, ret);
    }
    if (r != -ENOENT)
        return r;
    memset(ret, 0, sizeof *ret);
    return text_copy(ret->iss, sizeof ret->iss, iss) < 0 || text_copy(ret->task, sizeof ret->task, task) < 0 ? -EINVAL
                                                                                                             : 0;
}

struct walk {
    int (*fn)(const struct task_record *record, void *arg);
    void *arg;
    struct ledger stricter[TASK_REVOKED + 1];
    enum task_state state;
    int error; /* the first; what else there is, is still told */
};

static int visit(const struct ledger *ledger, const char *key, void *arg)
{
    struct walk *walk = arg;
    struct task_record record;
    int r = 0;

    for (int state = TASK_REVOKED; r == 0 && state > (int)walk->state; state--)
        r = ledger_has(&walk->stricter[state], key);
    if (r > 0)
        return 0;
    if (r == 0)
        r = read_one(ledger, key, walk->state, &record);
    if (r == 0)
        return walk->fn(&record, walk->arg);
    if (r != -ENOENT && walk->error == 0)
        walk->error = r;
    return 0;
}

int tasks_each(int (*fn)(const struct task_record *record, void *arg), void *arg)
{
    struct walk walk = {.fn = fn, .arg = arg};
    int r = 0;

    for (int state = TASK_REVOKED; state > TASK_ACTIVE; state--) {
        struct ledger *ledger = &walk.stricter[state];

        *ledger = (struct ledger)LEDGER_CLOSED;
        walk.state = (enum task_state)state;
        if (r == 0)
            r = ledger_open_path("task", words[state], ledger);
        if (r == 0)
            r = ledger_each(ledger, visit, &walk);
    }
    for (int state = TASK_REVOKED; state > TASK_ACTIVE; state--)
        ledger_close(&walk.stricter[state]);
    return r ? r : walk.error;
}
