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
#define MINUTE 60 /* nobody takes that long to give a file its name */

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

static int expire_replay(int dir, const char *name, void *arg)
{
    CLEANUP(close_fd) int places = -1;
    const int64_t *oldest = arg;
    struct stat st;

    if (!state_key_valid(name) || dir_open_at(dir, name, &places) < 0 || fstat(places, &st) < 0 ||
        st.st_mtime >= *oldest)
        return 0;
    (void)!state_names_each(places, remove_file, NULL);
    (void)unlinkat(dir, name, AT_REMOVEDIR);
    return 0;
}

/* --- revoked/jti/KEY --- */

static int expire_revocation(const struct revocation *revocation, void *arg)
{
    const int64_t *oldest = arg;

    if (revocation->kind == LINK_JTI && revocation->since < *oldest)
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

/* --- files that have no name yet: who wrote or took them died --- */

static int expire_hidden(int dir, const char *name, void *arg)
{
    CLEANUP(close_fd) int below = -1;
    const int64_t *oldest = arg;
    struct stat st;

    if (name[0] != '.') {
        if (dir_open_at(dir, name, &below) == 0)
            (void)!state_names_each(below, expire_hidden, arg);
    } else if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_mtime < *oldest) {
        (void)unlinkat(dir, name, 0);
    }
    return 0;
}

static void expire_hidden_files(int64_t oldest)
{
    CLEANUP(close_fd) int run = -1;
    CLEANUP(close_fd) int durable = -1;

    if (state_run_dir(FIND, NULL, NULL, NULL, &run) == 0)
        (void)!state_names_each(run, expire_hidden, &oldest);
    if (state_durable_dir(FIND, NULL, NULL, &durable) == 0)
        (void)!state_names_each(durable, expire_hidden, &oldest);
}

/* --- task/STATE/KEY of an end: the durable one alone says the same --- */

static int same_file(int a, int b, const char *name)
{
    char text[2][8192];
    size_t len[2];

    return file_read_at(a, name, text[0], sizeof text[0], &len[0]) == 0 &&
           file_read_at(b, name, text[1], sizeof text[1], &len[1]) == 0 && len[0] == len[1] &&
           memcmp(text[0], text[1], len[0]) == 0;
}

static int expire_copy(const struct ledger *ledger, const char *key, void *arg)
{
    (void)arg;
    if (ledger->run >= 0 && ledger->durable >= 0 && same_file(ledger->run, ledger->durable, key))
        (void)unlinkat(ledger->run, key, 0);
    return 0;
}

static void expire_copies(enum task_state state)
{
    CLEANUP(ledger_close) struct ledger ledger = LEDGER_CLOSED;

    if (ledger_open_path("task", task_state_word(state), &ledger) == 0)
        (void)!ledger_each(&ledger, expire_copy, NULL);
}

void state_expire(int64_t now)
{
    int64_t oldest = now - DAY;

    expire_hidden_files(now - MINUTE); /* first: a directory that holds one cannot go */
    run_names("replay", NULL, expire_replay, &oldest);
    (void)!revocations_each(expire_revocation, &oldest);
    run_names("by", NULL, expire_kind, NULL);
    run_names("attested", NULL, expire_name, NULL);
    run_names("ordered", NULL, expire_name, NULL);
    expire_copies(TASK_COMPLETED);
    expire_copies(TASK_REVOKED);
}
