/* session list. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "core/clock.h"
#include "judge/state.h"

#define SESSIONS_MAX 4096

static const char *remaining(int64_t deadline, char *buf, size_t cap)
{
    int64_t left = deadline - clock_wall_seconds();

    if (deadline == 0)
        return "-";
    if (left <= 0)
        return "ending";
    if (left < 120)
        snprintf(buf, cap, "%llds", (long long)left);
    else
        snprintf(buf, cap, "%lldm", (long long)left / 60);
    return buf;
}

static void print_cell(const char *text, int width)
{
    print_escaped(stdout, text && text[0] ? text : "-");
    for (int i = (int)strlen(text && text[0] ? text : "-"); i < width; i++)
        putchar(' ');
    fputs("  ", stdout);
}

static void print_row(const struct session *s)
{
    char since[32], left[32];

    print_cell(s->id, SESSION_ID_LENGTH);
    print_cell(s->grant.account, 16);
    print_cell(s->grant.task, 20);
    print_cell(s->grant.purpose, 14);
    print_cell(format_time(s->opened, since), 20);
    puts(remaining(s->deadline, left, sizeof left));
}

static json_t *row_json(const struct session *s)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:i}", "id", s->id, "account", s->grant.account,
                     "agent", s->grant.identity, "iss", s->grant.iss, "task", s->grant.task, "purpose",
                     s->grant.purpose, "source", s->grant.source, "opened", (json_int_t)s->opened, "deadline",
                     (json_int_t)s->deadline, "leader", (int)s->leader);
}

static int print_sessions(const session_id *ids, size_t count, int json)
{
    struct session *session = malloc(sizeof *session);
    json_t *rows = json_array();
    int status = EXIT_YES;

    if (!session || !rows)
        count = 0, status = EXIT_PART;
    if (!json)
        say("%-16s  %-16s  %-20s  %-14s  %-20s  %s", "ID", "ACCOUNT", "TASK", "PURPOSE", "SINCE", "LEFT");
    for (size_t i = 0; i < count; i++) {
        int r = session_read(ids[i], session);

        if (r == -ENOENT)
            continue; /* it ended meanwhile */
        if (r < 0) {
            complain("session %s: %s", ids[i], strerror(-r));
            status = EXIT_PART;
        } else if (json) {
            json_array_append_new(rows, row_json(session));
        } else {
            print_row(session);
        }
    }
    if (json && rows) {
        json_dumpf(rows, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
        putchar('\n');
    }
    json_decref(rows);
    free(session);
    return status;
}

int verb_session_list(int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
    session_id *ids;
    size_t count = 0;
    int c, json = 0, r, status;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c != 'j')
            return EXIT_USAGE;
        json = 1;
    }
    if (optind < argc) {
        complain("no argument is expected");
        return EXIT_USAGE;
    }
    if (geteuid() != 0) {
        complain("session list needs root");
        return EXIT_PART;
    }
    ids = calloc(SESSIONS_MAX, sizeof *ids);
    r = ids ? sessions_all(ids, SESSIONS_MAX, &count) : -ENOMEM;
    if (r == -ENOENT)
        r = 0; /* nobody has logged in since boot */
    if (r < 0 && r != -E2BIG) {
        complain("the sessions cannot be read: %s", strerror(-r));
        free(ids);
        return EXIT_PART;
    }
    status = print_sessions(ids, count, json);
    free(ids);
    if (r == -E2BIG)
        complain("there are more than %d", SESSIONS_MAX);
    return r == -E2BIG ? EXIT_PART : status;
}
