/* session show: a live session with all that is known of it, or one that has ended from the decision log. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/arguments.h"
#include "agentctl/decisions.h"
#include "agentctl/live.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "core/clock.h"
#include "core/paths.h"
#include "core/text.h"

/* What the log holds of one session. */
struct history {
    const char *id;
    json_t *opened, *ended; /* records; NULL: not there */
    json_t *refusals;       /* an array */
};

static void keep(json_t **place, json_t *record)
{
    json_decref(*place);
    *place = json_incref(record);
}

static void take_record(json_t *record, void *arg)
{
    struct history *history = arg;
    const char *step = decision_text(record, "unmapped", "step");

    if (!text_equal(decision_text(record, "unmapped", "session"), history->id))
        return;
    if (text_equal(step, "close"))
        keep(&history->ended, record);
    else if (decision_is_refusal(record))
        (void)!json_array_append(history->refusals, record);
    else if (text_equal(step, "open"))
        keep(&history->opened, record);
}

/* --- as text --- */

static void print_time(const char *name, int64_t seconds)
{
    char when[32];

    if (seconds)
        print_field(name, format_time(seconds, when));
}

static void print_number(const char *name, long long number)
{
    printf("  %-10s %lld\n", name, number);
}

static void print_report(const struct live *live)
{
    if (live->unguarded)
        return;
    print_time("ends", live->report.deadline);
    print_time("attest by", live->report.attest_by);
    print_time("thaw by", live->report.frozen_until);
    print_number("steps", live->report.steps);
    print_number("refusals", live->report.refusals);
}

static void print_live(const struct live *live)
{
    const struct session *session = &live->session;
    const struct grant *grant = &session->grant;
    char state[LIVE_STATE_MAX];

    say("session %s: %s", session->id, live_state(live, state));
    print_field("account", grant->account);
    print_field("agent", grant->identity);
    print_field("principal", grant->principal);
    print_field("delegator", grant->delegator);
    print_field("iss", grant->iss);
    print_field("task", grant->task);
    print_field("purpose", grant->purpose);
    print_field("sensitivity", level_word(grant->sensitivity));
    print_field("jti", grant->jti);
    print_field("key", grant->key);
    print_field("possession", possession_word(grant->possession));
    print_field("source", grant->source);
    print_field("service", grant->service);
    print_time("opened", session->opened);
    print_time("attested", live->attestation.made);
    print_report(live);
    if (live->standing_known) {
        print_field("task state", task_state_word(live->standing.task));
        print_field("risk", level_word(live->standing.risk));
    }
    print_number("leader", session->leader);
    print_field("cgroup", session->cgroup);
}

static void print_ended(const struct history *history)
{
    const json_t *any = history->opened  ? history->opened
                        : history->ended ? history->ended
                                         : json_array_get(history->refusals, 0);

    say("session %s: %s", history->id, history->ended ? "ended" : "neither live nor seen to end");
    print_field("account", decision_text(any, "user", "name"));
    print_field("agent", decision_text(any, "unmapped", "agent"));
    print_field("principal", decision_text(any, "unmapped", "principal"));
    print_field("issuer", decision_text(any, "unmapped", "issuer"));
    print_field("task", decision_text(any, "metadata", "correlation_uid"));
    print_field("purpose", decision_text(any, "unmapped", "purpose"));
    print_field("source", decision_text(history->opened, "unmapped", "source"));
    print_time("opened", decision_time(history->opened));
    print_time("ended", decision_time(history->ended));
    print_field("because", decision_code(history->ended));
}

/* --- as JSON --- */

static json_t *or_null(json_t *record)
{
    return record ? json_incref(record) : json_null();
}

/* The members of the session list where it is live, and the log's records. */
static int print_json(const struct live *live, const struct history *history)
{
    json_t *object = live ? live_json(live) : json_pack("{s:s}", "id", history->id);
    json_t *more = json_pack("{s:b, s:o, s:O, s:o}", "live", live != NULL, "open_record", or_null(history->opened),
                             "refusal_records", history->refusals, "end_record", or_null(history->ended));
    int r = object && more ? json_object_update(object, more) : -1;

    json_decref(more);
    if (r < 0) {
        json_decref(object);
        object = NULL;
    }
    return print_json_value(object);
}

/* --- */

static int print_text(const struct live *live, const struct history *history)
{
    if (live)
        print_live(live);
    else
        print_ended(history);
    return refusals_print(history->refusals);
}

static int show(const struct live *live, const struct history *history, int json)
{
    if (!live && !history->opened && !history->ended && json_array_size(history->refusals) == 0) {
        complain("no session %s is live, or in " PATH_DECISIONS, history->id);
        return EXIT_NO;
    }
    return (json ? print_json : print_text)(live, history) < 0 ? EXIT_PART : EXIT_YES;
}

int verb_session_show(int argc, char **argv)
{
    struct history history = {.refusals = json_array()};
    struct live *live = malloc(sizeof *live);
    struct arguments a;
    int status = arguments_take(argc, argv, TAKES_JSON, 1, 1, &a), r, logged;

    if (status == 0 && !session_argument(a.words[0]))
        status = EXIT_USAGE;
    if (status == 0 && !is_root("session show"))
        status = EXIT_PART;
    if (status == 0) {
        history.id = a.words[0];
        r = live ? live_read(history.id, live) : -ENOMEM;
        logged = decisions_each(history.id, take_record, &history);
        if (r < 0 && r != -ENOENT)
            complain("session %s: %s", history.id, strerror(-r));
        if (logged < 0 && logged != -ENOENT)
            complain("%s: %s", PATH_DECISIONS, strerror(-logged));
        status = show(r == 0 ? live : NULL, &history, a.json);
        if ((r < 0 && r != -ENOENT) || (logged < 0 && logged != -ENOENT))
            status = EXIT_PART;
    }
    json_decref(history.opened);
    json_decref(history.ended);
    json_decref(history.refusals);
    free(live);
    return status;
}
