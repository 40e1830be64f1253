#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"
#include "judge/ledger.h"
#include "judge/state_dir.h"
#include "judge/task.h"

static const char *const subjects[RISK_SUBJECTS] = {"host", "identity", "task"};

const char *risk_subject_word(enum risk_subject subject)
{
    return subjects[subject];
}

/* --- the record: risk/SUBJECT/KEY --- */

static void put(struct fields_writer *w, const void *object)
{
    const struct risk *risk = object;

    fields_put_u64(w, "until", (uint64_t)risk->until);
    fields_put_u64(w, "since", (uint64_t)risk->since);
    fields_put(w, "note", risk->note);
    fields_put(w, "subject", subjects[risk->subject]);
    fields_put(w, "iss", risk->iss);
    fields_put(w, "value", risk->value);
    fields_put(w, "level", level_word(risk->level)); /* last: a text that was cut short is not complete */
}

static int take_subject(struct risk *risk, const char *value)
{
    for (int subject = 0; subject < RISK_SUBJECTS; subject++)
        if (strcmp(subjects[subject], value) == 0) {
            risk->subject = (enum risk_subject)subject;
            return 1;
        }
    return -EBADMSG;
}

static int take(void *object, const char *key, const char *value)
{
    struct risk *risk = object;

    if (strcmp(key, "level") == 0)
        return (risk->level = level_parse(value)) == LEVEL_UNSET ? -EBADMSG : 1;
    if (strcmp(key, "until") == 0)
        return state_take_i64(&risk->until, value);
    if (strcmp(key, "since") == 0)
        return state_take_i64(&risk->since, value);
    if (strcmp(key, "subject") == 0)
        return take_subject(risk, value);
    if (strcmp(key, "iss") == 0)
        return state_take_text(risk->iss, sizeof risk->iss, value);
    if (strcmp(key, "value") == 0)
        return state_take_text(risk->value, sizeof risk->value, value);
    if (strcmp(key, "note") == 0)
        return state_take_text(risk->note, sizeof risk->note, value);
    return 0;
}

static int complete(const void *object)
{
    const struct risk *risk = object;

    return risk->level != LEVEL_UNSET && (risk->subject == RISK_HOST || risk->value[0]);
}

const struct state_format risk_format = {.put = put, .take = take, .complete = complete};

/* --- writing and reading --- */

int risk_put(const struct risk *risk, int *ret_durable)
{
    char key[STATE_KEY_SIZE];

    if (!complete(risk))
        return -EINVAL;
    state_key(risk->subject == RISK_TASK ? risk->iss : "", risk->value, key);
    return ledger_put("risk", subjects[risk->subject], key, &risk_format, risk, ret_durable);
}

struct walk {
    int (*fn)(const struct risk *risk, void *arg);
    void *arg;
    int error; /* the first; what else there is, is still told */
};

static int visit(const struct ledger *ledger, const char *key, void *arg)
{
    struct risk risk = {0};
    struct walk *walk = arg;
    int r = ledger_read(ledger, key, &risk_format, &risk);

    if (r == 0)
        return risk.level == LEVEL_LOW ? 0 : walk->fn(&risk, walk->arg);
    if (r != -ENOENT && walk->error == 0)
        walk->error = r;
    return 0;
}

int risks_each(int (*fn)(const struct risk *risk, void *arg), void *arg)
{
    struct walk walk = {.fn = fn, .arg = arg};
    int r = 0;

    for (int subject = 0; r == 0 && subject < RISK_SUBJECTS; subject++) {
        CLEANUP(ledger_close) struct ledger ledger = LEDGER_CLOSED;

        r = ledger_open_path("risk", subjects[subject], &ledger);
        if (r == 0)
            r = ledger_each(&ledger, visit, &walk);
    }
    return r ? r : walk.error;
}

/* --- the red button --- */

static void put_stop(struct fields_writer *w, const void *object)
{
    fields_put_u64(w, "since", (uint64_t) * (const int64_t *)object);
}

int stop_set(int64_t now)
{
    static const struct state_format format = {.put = put_stop};
    CLEANUP(close_fd) int dir = -1;
    int r = state_run_dir(MAKE, NULL, NULL, NULL, &dir);

    return r < 0 ? r : state_replace(dir, "stop", &format, &now, 0);
}

int stop_clear(void)
{
    CLEANUP(close_fd) int dir = -1;
    int r = state_run_dir(FIND, NULL, NULL, NULL, &dir);

    if (r == 0 && unlinkat(dir, "stop", 0) < 0)
        r = -errno;
    return r == -ENOENT ? 0 : r;
}
