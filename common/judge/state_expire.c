/* What no session and no credential needs any more. Whatever cannot be removed is tried again the next time. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"
#include "judge/ledger.h"
#include "judge/state_dir.h"
#include "judge/state_place.h"
#include "judge/task.h"

#define DAY 86400 /* no credential lives that long (CREDENTIAL_LIFETIME_HARD) */

/* The wall clock may be set forward and back. What is of an earlier boot, whose clock is another, is said against nothing any more. */
struct age {
    int64_t now, boot_ms;
};

static int is_over_a_day(const struct age *age, int64_t since, int64_t since_boot)
{
    int64_t passed = age->boot_ms - since_boot;

    return age->now - since > DAY && (passed < 0 || passed > DAY * 1000);
}

/* Call fn for every name of PATH_RUN/a/b. */
static void run_names(const char *a, const char *b, state_name_fn fn, void *arg)
{
    CLEANUP(close_fd) int dir = -1;

    if (state_run_dir(FIND, a, b, NULL, &dir) == 0)
        (void)!state_names_each(dir, fn, arg);
}

/* --- replay/KEY --- */

static int remove_file(int dir, const char *name, void *arg)
{
    (void)arg;
    (void)unlinkat(dir, name, 0);
    return 0;
}

/* The first place: no other is taken a day later. */
static int64_t first_taken(int places)
{
    char text[TEXT_DECIMAL_MAX + 1];
    uint64_t ms;
    size_t len;

    if (file_read_at(places, "0", text, sizeof text, &len) < 0 || text_u64(text, INT64_MAX, &ms) < 0)
        return 0;
    return (int64_t)ms;
}

static int expire_replay(int dir, const char *name, void *arg)
{
    CLEANUP(close_fd) int places = -1;
    struct stat st;

    if (!state_key_valid(name) || dir_open_at(dir, name, &places) < 0 || fstat(places, &st) < 0 ||
        !is_over_a_day(arg, st.st_mtime, first_taken(places)))
        return 0;
    (void)!state_names_each(places, remove_file, NULL);
    (void)unlinkat(dir, name, AT_REMOVEDIR);
    return 0;
}

/* --- revoked/jti/KEY --- */

static int expire_revocation(const struct revocation *revocation, void *arg)
{
    if (revocation->kind == LINK_JTI && is_over_a_day(arg, revocation->since, revocation->since_boot))
        (void)!revocation_lift(revocation);
    return 0;
}

/* --- what is named after a session that has no record: a gate or a guard died before it was done --- */

static int expire_name(int dir, const char *name, void *arg)
{
    (void)arg;
    if (session_id_valid(name) && session_exists(name) == 0)
        (void)unlinkat(dir, name, 0);
    return 0;
}

static int expire_key(int dir, const char *name, void *arg)
{
    CLEANUP(close_fd) int ids = -1;

    if (dir_open_at(dir, name, &ids) == 0)
        (void)!state_names_each(ids, expire_name, arg);
    (void)unlinkat(dir, name, AT_REMOVEDIR); /* fails where it holds one */
    return 0;
}

static int expire_kind(int dir, const char *name, void *arg)
{
    CLEANUP(close_fd) int keys = -1;

    if (dir_open_at(dir, name, &keys) == 0)
        (void)!state_names_each(keys, expire_key, arg);
    return 0;
}

/* --- what PATH_RUN alone has; and task/STATE/KEY of an end, where PATH_STATE says the same: nothing takes that back --- */

static int drop_copy(int run, const char *key, void *arg)
{
    const int *durable = arg;

    if (ledger_same(run, *durable, key))
        (void)unlinkat(run, key, 0);
    return 0;
}

static void settle_tasks(void)
{
    for (int state = TASK_SUSPENDED; state <= TASK_REVOKED; state++) {
        CLEANUP(ledger_close) struct ledger ledger = LEDGER_CLOSED;
        const char *word = task_state_word((enum task_state)state);

        ledger_settle("task", word);
        if (state >= TASK_COMPLETED && ledger_open_path("task", word, &ledger) == 0 && ledger.run >= 0)
            (void)!state_names_each(ledger.run, drop_copy, &ledger.durable);
    }
}

static void settle_rest(void)
{
    for (int kind = LINK_JTI; kind < LINK_KINDS; kind++)
        ledger_settle("revoked", link_kind_word((enum link_kind)kind));
    for (int subject = 0; subject < RISK_SUBJECTS; subject++)
        ledger_settle("risk", risk_subject_word((enum risk_subject)subject));
}

void state_expire(int64_t now, int64_t boot_ms)
{
    struct age age = {now, boot_ms};

    run_names("replay", NULL, expire_replay, &age);
    (void)!revocations_each(expire_revocation, &age);
    run_names("by", NULL, expire_kind, NULL);
    run_names("attested", NULL, expire_name, NULL);
    run_names("ordered", NULL, expire_name, NULL);
    run_names("lingering", NULL, expire_name, NULL);
    settle_tasks();
    settle_rest();
}
