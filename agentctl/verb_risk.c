/* risk show, set, clear: the fact first, then the doorbell of every session it is about. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/arguments.h"
#include "agentctl/fates.h"
#include "agentctl/issuers.h"
#include "agentctl/say.h"
#include "agentctl/table.h"
#include "agentctl/verbs.h"
#include "core/clock.h"
#include "core/text.h"
#include "judge/task.h"

/* --- risk set, clear --- */

static int subject_of(const char *word)
{
    for (int subject = 0; subject < RISK_SUBJECTS; subject++)
        if (!strcmp(risk_subject_word((enum risk_subject)subject), word))
            return subject;
    return -1;
}

/* "host", "identity X" or "task X" of the words: how many they are, or -EINVAL, and it is said. */
static int take_subject(const struct arguments *a, struct risk *risk)
{
    int subject = subject_of(a->words[0]);

    if (subject < 0) {
        complain("the risk is of host, identity SPIFFE-ID or task TASK");
        return -EINVAL;
    }
    risk->subject = (enum risk_subject)subject;
    if (risk->subject == RISK_HOST)
        return 1;
    if (a->count < 2) {
        complain("which %s?", a->words[0]);
        return -EINVAL;
    }
    if (risk->subject == RISK_IDENTITY && !spiffe_id_valid(a->words[1])) {
        complain("an identity is a SPIFFE ID");
        return -EINVAL;
    }
    if (risk->subject == RISK_TASK && !argument_fits("a task", a->words[1], TASK_MAX))
        return -EINVAL;
    return text_copy(risk->value, sizeof risk->value, a->words[1]) < 0 ? -EINVAL : 2;
}

/* A task is its issuer's. 0, or the exit status. */
static int take_issuer(const struct arguments *a, struct risk *risk)
{
    struct issuers issuers;
    const char *iss = a->issuer;

    if (risk->subject != RISK_TASK)
        return 0;
    if (!iss)
        iss = issuers_choose(&issuers, LINK_TASK, risk->value);
    return iss && text_copy(risk->iss, sizeof risk->iss, iss) == 0 ? 0 : EXIT_USAGE;
}

struct present {
    const struct risk *subject;
    enum level level;
};

static int find_present(const struct risk *risk, void *arg)
{
    struct present *present = arg;

    if (risk->subject != present->subject->subject || strcmp(risk->value, present->subject->value) != 0 ||
        strcmp(risk->iss, present->subject->iss) != 0)
        return 0;
    if (risk->until == 0 || risk->until > present->subject->since)
        present->level = risk->level;
    return 1;
}

/* Is it more than what is known now? What cannot be read counts as less. */
static int is_raised(const struct risk *risk)
{
    struct present present = {.subject = risk, .level = LEVEL_LOW};

    if (risks_each(find_present, &present) < 0)
        present.level = LEVEL_LOW;
    return risk->level > present.level;
}

static void print_risk(const struct risk *risk)
{
    char when[32];

    printf("risk of %s", risk_subject_word(risk->subject));
    if (risk->value[0]) {
        putchar(' ');
        print_escaped(stdout, risk->value);
    }
    printf(": %s", level_word(risk->level));
    if (risk->until)
        printf(" until %s", format_time(risk->until, when));
    putchar('\n');
}

static int ring(const struct risk *risk, int raised, int durable)
{
    struct ring_filter filter = {0};
    struct link link;

    if (risk->subject != RISK_HOST) {
        link_make(&link, risk->subject == RISK_TASK ? LINK_TASK : LINK_IDENTITY, risk->iss, risk->value);
        filter.link = &link;
    }
    return fates_print(&filter, raised, FATE_ANY, durable);
}

static int put(const struct arguments *a, struct risk *risk)
{
    int status = take_issuer(a, risk), durable = 0, raised, r;

    if (status)
        return status;
    if (text_copy(risk->note, sizeof risk->note, a->note) < 0)
        return EXIT_USAGE;
    raised = is_raised(risk);
    r = risk_put(risk, &durable);
    if (r < 0) {
        complain("the risk could not be written: %s", strerror(-r));
        return EXIT_PART;
    }
    print_risk(risk);
    return ring(risk, raised, durable);
}

int verb_risk_set(int argc, char **argv)
{
    struct risk risk = {.since = clock_wall_seconds()};
    struct arguments a;
    int status = arguments_take(argc, argv, TAKES_ISSUER | TAKES_NOTE | TAKES_FOR, 2, 3, &a), words;

    if (status)
        return status;
    words = take_subject(&a, &risk);
    if (words < 0)
        return EXIT_USAGE;
    risk.level = a.count == (size_t)words + 1 ? level_parse(a.words[words]) : LEVEL_UNSET;
    if (risk.level == LEVEL_UNSET) {
        complain("the last word is the level: low, medium or high");
        return EXIT_USAGE;
    }
    if (a.seconds)
        risk.until = risk.since + a.seconds;
    return is_root("risk set") ? put(&a, &risk) : EXIT_NO;
}

int verb_risk_clear(int argc, char **argv)
{
    struct risk risk = {.level = LEVEL_LOW, .since = clock_wall_seconds()};
    struct arguments a;
    int status = arguments_take(argc, argv, TAKES_ISSUER | TAKES_NOTE, 1, 2, &a), words;

    if (status)
        return status;
    words = take_subject(&a, &risk);
    if (words < 0)
        return EXIT_USAGE;
    if (a.count != (size_t)words) {
        complain("too many arguments");
        return EXIT_USAGE;
    }
    return is_root("risk clear") ? put(&a, &risk) : EXIT_NO;
}

/* --- risk show --- */

struct listing {
    struct table table;
    json_t *array;
    int64_t now;
};

static int add_risk(const struct risk *risk, void *arg)
{
    struct listing *listing = arg;
    json_t *row;

    if (risk->level <= LEVEL_LOW || (risk->until && risk->until <= listing->now))
        return 0; /* nothing, or over */
    table_cell(&listing->table, risk_subject_word(risk->subject));
    table_cell(&listing->table, risk->value);
    table_cell(&listing->table, level_word(risk->level));
    table_time(&listing->table, risk->until);
    table_time(&listing->table, risk->since);
    table_cell(&listing->table, risk->iss);
    table_cell(&listing->table, risk->note);
    row =
        json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "subject", risk_subject_word(risk->subject), "value",
                  json_of_text(risk->value), "level", level_word(risk->level), "until", json_of_time(risk->until),
                  "since", json_of_time(risk->since), "iss", json_of_text(risk->iss), "note", json_of_text(risk->note));
    return json_array_append_new(listing->array, row) < 0 ? -ENOMEM : 0;
}

int verb_risk_show(int argc, char **argv)
{
    static const char *const heads[] = {"SUBJECT", "VALUE", "LEVEL", "UNTIL", "SINCE", "ISSUER", "NOTE", NULL};
    struct listing listing = {.now = clock_wall_seconds()};
    struct arguments a;
    int status = arguments_take(argc, argv, TAKES_JSON, 0, 0, &a), r, shown;

    if (status)
        return status;
    if (!is_root("risk show"))
        return EXIT_PART;
    listing.array = json_array();
    table_start(&listing.table, heads);
    r = risks_each(add_risk, &listing);
    if (r < 0)
        complain("the risks cannot be read: %s", strerror(-r));
    shown = a.json ? print_json_value(json_incref(listing.array)) : table_print(&listing.table, stdout);
    table_clear(&listing.table);
    json_decref(listing.array);
    return r < 0 || shown < 0 ? EXIT_PART : EXIT_YES;
}
