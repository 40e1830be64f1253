#include "judge/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files.h"
#include "core/paths.h"
#include "judge/state_dir.h"

#define TEXT_MAX 16384 /* of the longest record, escaped */

void ledger_close(struct ledger *ledger)
{
    close_fd(&ledger->run);
    close_fd(&ledger->durable);
    *ledger = (struct ledger)LEDGER_CLOSED;
}

int ledger_is_closed(const struct ledger *ledger)
{
    return ledger->run < 0 && ledger->durable < 0;
}

/* Of two tries to open a directory, the first error; one that is not there is none. */
static int first_error(int run, int durable)
{
    run = run == -ENOENT ? 0 : run;
    return run < 0 || durable == -ENOENT ? run : durable;
}

int ledger_open(struct ledger *ret)
{
    *ret = (struct ledger)LEDGER_CLOSED;
    return first_error(dir_open(PATH_RUN, &ret->run), dir_open(PATH_STATE, &ret->durable));
}

int ledger_open_at(const struct ledger *above, const char *name, struct ledger *ret)
{
    *ret = (struct ledger)LEDGER_CLOSED;
    return first_error(above->run < 0 ? 0 : dir_open_at(above->run, name, &ret->run),
                       above->durable < 0 ? 0 : dir_open_at(above->durable, name, &ret->durable));
}

int ledger_open_path(const char *a, const char *b, struct ledger *ret)
{
    CLEANUP(ledger_close) struct ledger root = LEDGER_CLOSED;
    CLEANUP(ledger_close) struct ledger above = LEDGER_CLOSED;
    int r = ledger_open(&root);

    if (r == 0)
        r = ledger_open_at(&root, a, &above);
    return r < 0 ? r : ledger_open_at(&above, b, ret);
}

int ledger_read(const struct ledger *ledger, const char *key, const struct state_format *format, void *object)
{
    int r = ledger->run < 0 ? -ENOENT : state_read(ledger->run, key, format, object);

    return r != -ENOENT || ledger->durable < 0 ? r : state_read(ledger->durable, key, format, object);
}

static int has(int dir, const char *key)
{
    struct stat st;

    if (dir < 0)
        return 0;
    return fstatat(dir, key, &st, AT_SYMLINK_NOFOLLOW) == 0 ? 1 : errno == ENOENT ? 0 : -errno;
}

int ledger_has(const struct ledger *ledger, const char *key)
{
    int r = has(ledger->run, key);

    return r ? r : has(ledger->durable, key);
}

struct walk {
    const struct ledger *ledger;
    ledger_fn fn;
    void *arg;
};

static int visit(int dir, const char *name, void *arg)
{
    const struct walk *walk = arg;
    int seen = dir == walk->ledger->durable ? has(walk->ledger->run, name) : 0;

    if (!state_key_valid(name) || seen > 0)
        return 0;
    return seen < 0 ? seen : walk->fn(walk->ledger, name, walk->arg);
}

int ledger_each(const struct ledger *ledger, ledger_fn fn, void *arg)
{
    struct walk walk = {.ledger = ledger, .fn = fn, .arg = arg};
    int r = ledger->run < 0 ? 0 : state_names_each(ledger->run, visit, &walk);

    return r || ledger->durable < 0 ? r : state_names_each(ledger->durable, visit, &walk);
}

static int put(int durable, const char *a, const char *b, const char *key, const struct state_format *format,
               const void *object)
{
    CLEANUP(close_fd) int dir = -1;
    int r = durable ? state_durable_dir(MAKE, a, b, &dir) : state_run_dir(MAKE, a, b, NULL, &dir);

    return r < 0 ? r : state_replace(dir, key, format, object, durable);
}

/* 0, also when there is none; *found tells. */
static int take_away(int durable, const char *a, const char *b, const char *key, int *found)
{
    CLEANUP(close_fd) int dir = -1;
    int r = durable ? state_durable_dir(FIND, a, b, &dir) : state_run_dir(FIND, a, b, NULL, &dir);

    if (r == 0 && unlinkat(dir, key, 0) < 0)
        r = -errno;
    if (r == 0)
        *found = 1;
    if (r == 0 && durable && fsync(dir) < 0)
        r = -errno;
    return r == -ENOENT ? 0 : r;
}

int ledger_put(const char *a, const char *b, const char *key, const struct state_format *format, const void *object,
               int *ret_durable)
{
    int run = put(0, a, b, key, format, object), durable;

    if (!ret_durable)
        return run;
    durable = put(1, a, b, key, format, object);
    if (run < 0 && durable < 0)
        return run;
    if (run < 0 && take_away(0, a, b, key, &(int){0}) < 0) /* an older one there would count */
        return run;
    *ret_durable = durable == 0;
    return 0;
}

int ledger_same(int a, int b, const char *key)
{
    char text[2][TEXT_MAX];
    size_t len[2];

    return file_read_at(a, key, text[0], sizeof text[0], &len[0]) == 0 &&
           file_read_at(b, key, text[1], sizeof text[1], &len[1]) == 0 && len[0] == len[1] &&
           memcmp(text[0], text[1], len[0]) == 0;
}

/*
 * The word of PATH_RUN counts, so it is the durable one's, too. What is taken back meanwhile does not stay; where a writer meets us, its
 * word in PATH_RUN is settled the next time.
 */
static int settle(int run, const char *key, void *arg)
{
    const int durable = *(const int *)arg;
    char text[TEXT_MAX];
    size_t len;

    if (state_key_valid(key) && !ledger_same(run, durable, key) &&
        file_read_at(run, key, text, sizeof text, &len) == 0 &&
        file_replace_at(durable, key, 0600, text, len, 1) == 0 && has(run, key) == 0)
        (void)unlinkat(durable, key, 0);
    return 0;
}

void ledger_settle(const char *a, const char *b)
{
    CLEANUP(ledger_close) struct ledger ledger = LEDGER_CLOSED;

    if (state_run_dir(FIND, a, b, NULL, &ledger.run) == 0 && state_durable_dir(MAKE, a, b, &ledger.durable) == 0)
        (void)!state_names_each(ledger.run, settle, &ledger.durable);
}

int ledger_remove(const char *a, const char *b, const char *key)
{
    int found = 0, in_run = 0, r = take_away(1, a, b, key, &found);

    if (r == 0)
        r = take_away(0, a, b, key, &in_run);
    if (r == 0 && in_run)
        r = take_away(1, a, b, key, &found); /* ledger_settle() may have been between the two */
    return r < 0 ? r : found || in_run ? 0 : -ENOENT;
}
