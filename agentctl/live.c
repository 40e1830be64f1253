#include "agentctl/live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/say.h"
#include "ask/packet.h"
#include "core/clock.h"

#define BATCH 64      /* guards that are asked at once */
#define STATUS_MS 500 /* one that says nothing for so long is stuck */

const char *const live_heads[] = {"ID",        "ACCOUNT", "IDENTITY", "TASK", "PURPOSE", "SINCE", "ENDS",
                                  "ATTEST-BY", "STEPS",   "REFUSALS", "RISK", "STATE",   NULL};

/* --- reading --- */

static int compare_ids(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* 0 or -E2BIG, and the caller's IDs in order; -errno. */
static int read_ids(session_id **ret_ids, size_t *ret_count)
{
    session_id *ids = calloc(LIVE_MAX, sizeof *ids);
    int r = ids ? sessions_all(ids, LIVE_MAX, ret_count) : -ENOMEM;

    if (r == -ENOENT) {
        *ret_count = 0; /* nobody has logged in since boot */
        r = 0;
    }
    if (r < 0 && r != -E2BIG) {
        complain("the sessions cannot be read: %s", strerror(-r));
        free(ids);
        return r;
    }
    if (r == -E2BIG)
        complain("there are more than %d sessions", LIVE_MAX);
    qsort(ids, *ret_count, sizeof *ids, compare_ids);
    *ret_ids = ids;
    return r;
}

/* What one session's error means for all: nothing where it has ended. */
static void note_error(const char *id, int error, int *failed)
{
    if (error == -ENOENT)
        return;
    complain("session %s: %s", id, strerror(-error));
    *failed = error;
}

int sessions_each(int (*fn)(const struct session *session, void *arg), void *arg)
{
    struct session *session = malloc(sizeof *session);
    session_id *ids = NULL;
    size_t count = 0;
    int answer = 0, failed = session ? read_ids(&ids, &count) : -ENOMEM;

    for (size_t i = 0; ids && answer == 0 && i < count; i++) {
        int r = session_read(ids[i], session);

        if (r < 0)
            note_error(ids[i], r, &failed);
        else
            answer = fn(session, arg);
    }
    free(ids);
    free(session);
    return answer ? answer : failed;
}

static int read_records(const char *id, struct live *live)
{
    int r = session_read(id, &live->session);

    if (r < 0)
        return r;
    if (session_attestation(id, &live->attestation) < 0)
        live->attestation.made = 0;
    live->standing_known = standing_of(&live->session.grant, clock_wall_seconds(), &live->standing) == 0;
    return 0;
}

int live_read(const char *id, struct live *ret)
{
    ret->unguarded = ask_report(id, "status", STATUS_MS, &ret->report);
    return read_records(id, ret);
}

/* A batch: all are asked before the first is heard. */
static int each_of_batch(const session_id *ids, size_t count, int (*fn)(const struct live *live, void *arg), void *arg,
                         struct live *live, int *failed)
{
    int fds[BATCH], begun[BATCH], answer = 0;
    int64_t deadline = deadline_in(STATUS_MS);

    for (size_t i = 0; i < count; i++)
        begun[i] = ask_report_begin(ids[i], "status", deadline_left(deadline), &fds[i]);
    for (size_t i = 0; i < count; i++) {
        int r;

        live->unguarded = begun[i];
        if (begun[i] == 0)
            live->unguarded = ask_report_end(fds[i], deadline_left(deadline), &live->report);
        if (answer)
            continue; /* its descriptor is closed */
        r = read_records(ids[i], live);
        if (r < 0)
            note_error(ids[i], r, failed);
        else
            answer = fn(live, arg);
    }
    return answer;
}

int live_each(int (*fn)(const struct live *live, void *arg), void *arg)
{
    struct live *live = malloc(sizeof *live);
    session_id *ids = NULL;
    size_t count = 0;
    int answer = 0, failed = live ? read_ids(&ids, &count) : -ENOMEM;

    for (size_t i = 0; ids && answer == 0 && i < count; i += BATCH)
        answer = each_of_batch(ids + i, count - i < BATCH ? count - i : BATCH, fn, arg, live, &failed);
    free(ids);
    free(live);
    return answer ? answer : failed;
}

/* --- showing --- */

int session_argument(const char *id)
{
    if (session_id_valid(id))
        return 1;
    complain("a session is named by 16 hex digits; `agentctl session list` shows them");
    return 0;
}

const char *report_state_word(const struct report *report)
{
    switch (report->state) {
    case REPORT_RUNNING:
        return "running";
    case REPORT_LINGERING:
        return "lingering";
    case REPORT_FROZEN:
        return "frozen";
    case REPORT_ENDING:
        return "ending";
    }
    return "unknown";
}

static const char *state_word(const struct live *live)
{
    if (live->unguarded == 0)
        return report_state_word(&live->report);
    return live->unguarded == -ENOENT || live->unguarded == -ECONNREFUSED ? "no guard" : "guard stuck";
}

const char *live_state(const struct live *live, char *buf)
{
    if (live->unguarded == 0 && live->report.reason != REASON_PERMIT)
        snprintf(buf, LIVE_STATE_MAX, "%s: %s", state_word(live), reason_word(live->report.reason));
    else
        snprintf(buf, LIVE_STATE_MAX, "%s", state_word(live));
    return buf;
}

void live_row(struct table *table, const struct live *live, int64_t now)
{
    const struct session *s = &live->session;
    const struct report *report = &live->report;
    char text[LIVE_STATE_MAX];

    table_cell(table, s->id);
    table_cell(table, s->grant.account);
    table_cell(table, s->grant.identity);
    table_cell(table, s->grant.task);
    table_cell(table, s->grant.purpose);
    table_time(table, s->opened);
    if (live->unguarded == 0) {
        table_cell(table, format_left(report->deadline, now, text));
        table_cell(table, format_left(report->attest_by, now, text));
        table_number(table, report->steps);
        table_number(table, report->refusals);
    } else {
        for (int i = 0; i < 4; i++)
            table_cell(table, NULL);
    }
    table_cell(table, live->standing_known ? level_word(live->standing.risk) : "unknown");
    table_cell(table, live_state(live, text));
}

/* What only the guard knows. */
static json_t *report_members(const struct live *live)
{
    const struct report *report = &live->report;

    if (live->unguarded)
        return json_pack("{s:s, s:n, s:n, s:n, s:n, s:n, s:n}", "state", state_word(live), "reason", "deadline",
                         "attest_by", "frozen_until", "steps", "refusals");
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:I}", "state", state_word(live), "reason",
                     report->reason == REASON_PERMIT ? json_null() : json_string(reason_word(report->reason)),
                     "deadline", json_of_time(report->deadline), "attest_by", json_of_time(report->attest_by),
                     "frozen_until", json_of_time(report->frozen_until), "steps", (json_int_t)report->steps, "refusals",
                     (json_int_t)report->refusals);
}

json_t *live_json(const struct live *live)
{
    const struct session *s = &live->session;
    const struct grant *g = &s->grant;
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:I, s:o, s:i}", "id", s->id,
                  "account", g->account, "agent", g->identity, "principal", json_of_text(g->principal), "iss",
                  json_of_text(g->iss), "task", json_of_text(g->task), "purpose", json_of_text(g->purpose), "jti",
                  json_of_text(g->jti), "key", json_of_text(g->key), "source", json_of_text(g->source), "service",
                  g->service, "uid", (json_int_t)g->uid, "opened", (json_int_t)s->opened, "longest",
                  (json_int_t)s->longest, "attested", json_of_time(live->attestation.made), "leader", (int)s->leader);
    json_t *more = report_members(live);

    if (!object || !more || json_object_update(object, more) < 0 ||
        json_object_set_new(object, "delegator", json_of_text(g->delegator)) < 0 ||
        json_object_set_new(object, "sensitivity", json_of_text(level_word(g->sensitivity))) < 0 ||
        json_object_set_new(object, "possession", json_string(possession_word(g->possession))) < 0 ||
        json_object_set_new(object, "voucher", json_of_text(g->voucher.iss)) < 0 ||
        json_object_set_new(object, "risk",
                            live->standing_known ? json_string(level_word(live->standing.risk)) : json_null()) < 0) {
        json_decref(object);
        object = NULL;
    }
    json_decref(more);
    return object;
}
