/* session list, end, attest. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/arguments.h"
#include "agentctl/attest.h"
#include "agentctl/fates.h"
#include "agentctl/live.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "ask/outcome.h"
#include "core/clock.h"
#include "core/files.h"

#define CONNECT_MS 1000

/* --- session list --- */

struct listing {
    struct table table;
    json_t *array; /* NULL: as a table */
    int64_t now;
};

static int list_one(const struct live *live, void *arg)
{
    struct listing *listing = arg;

    if (!listing->array)
        live_row(&listing->table, live, listing->now);
    else if (json_array_append_new(listing->array, live_json(live)) < 0)
        return -ENOMEM;
    return 0;
}

int verb_session_list(int argc, char **argv)
{
    struct listing listing = {.now = clock_wall_seconds()};
    struct arguments a;
    int status = arguments_take(argc, argv, TAKES_JSON, 0, 0, &a), r;

    if (status)
        return status;
    if (!is_root("session list"))
        return EXIT_PART;
    listing.array = a.json ? json_array() : NULL;
    table_start(&listing.table, live_heads);
    r = live_each(list_one, &listing);
    if ((a.json ? print_json_value(listing.array) : table_print(&listing.table, stdout)) < 0)
        r = -ENOMEM;
    table_clear(&listing.table);
    return r < 0 ? EXIT_PART : EXIT_YES;
}

/* --- session end, attest --- */

/* Is it live? 0, or the exit status, and it is said. */
static int find_live(const char *id)
{
    struct session *session = malloc(sizeof *session);
    int r = session ? session_read(id, session) : -ENOMEM;

    free(session);
    if (r == -ENOENT) {
        complain("session %s is not live", id);
        return EXIT_NO;
    }
    if (r < 0)
        complain("session %s: %s", id, strerror(-r));
    return r < 0 ? EXIT_PART : 0;
}

int verb_session_end(int argc, char **argv)
{
    struct arguments a;
    int status = arguments_take(argc, argv, 0, 1, 1, &a), r;

    if (status)
        return status;
    if (!session_argument(a.words[0]))
        return EXIT_USAGE;
    if (!is_root("session end"))
        return EXIT_NO;
    status = find_live(a.words[0]);
    if (status)
        return status;
    r = session_order_end(a.words[0]);
    if (r < 0) {
        status = find_live(a.words[0]); /* it may have ended since */
        if (status)
            return status;
        complain("the order could not be written: %s", strerror(-r));
        return EXIT_PART;
    }
    return fates_print(&(struct ring_filter){.session = a.words[0]}, 0, FATE_ENDS, 1);
}

static int attest_session(const char *id, const struct arguments *a)
{
    CLEANUP(close_fd) int fd = -1;
    struct attester attester;
    struct outcome outcome;
    struct report report;
    int r, status;

    if (attester_load(&attester, a->credential, a->key) < 0)
        return EXIT_NO;
    r = ask_session_connect(id, CONNECT_MS, &fd);
    if (r < 0) {
        status = find_live(id); /* it may have ended since */
        if (status)
            return status;
        complain("the guard of session %s does not answer: %s", id, strerror(-r));
        return EXIT_PART;
    }
    attest(fd, &attester, &outcome);
    if (outcome.reason == REASON_INTERNAL && session_is_gone(id)) /* before it could answer */
        outcome_refuse(&outcome, REASON_SESSION_ENDING);
    r = ask_report(id, "status", CONNECT_MS, &report);
    return print_attested(&outcome, r == 0 ? &report : NULL);
}

int verb_session_attest(int argc, char **argv)
{
    struct arguments a;
    int status = arguments_take(argc, argv, TAKES_CREDENTIAL, 1, 1, &a);

    if (status)
        return status;
    if (!session_argument(a.words[0]))
        return EXIT_USAGE;
    if (!a.credential) {
        complain("--credential is needed");
        return EXIT_USAGE;
    }
    if (!is_root("session attest"))
        return EXIT_NO;
    status = find_live(a.words[0]);
    return status ? status : attest_session(a.words[0], &a);
}
