/* task list, show. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/arguments.h"
#include "agentctl/issuers.h"
#include "agentctl/live.h"
#include "agentctl/say.h"
#include "agentctl/table.h"
#include "agentctl/verbs.h"
#include "core/clock.h"
#include "core/text.h"
#include "judge/task.h"

/* --- task list --- */

struct task_row {
    struct task_record record; /* since: of the state; where it is active, of its first session */
    char purpose[PURPOSE_MAX + 1];
    unsigned sessions;
};

struct task_rows {
    struct task_row *items;
    size_t count, cap;
};

static struct task_row *row_of(struct task_rows *rows, const char *iss, const char *task)
{
    struct task_row *row;

    for (size_t i = 0; i < rows->count; i++)
        if (!strcmp(rows->items[i].record.task, task) && !strcmp(rows->items[i].record.iss, iss))
            return &rows->items[i];
    if (rows->count == rows->cap) {
        size_t cap = rows->cap ? 2 * rows->cap : 32;

        row = realloc(rows->items, cap * sizeof *row);
        if (!row)
            return NULL;
        rows->items = row;
        rows->cap = cap;
    }
    row = &rows->items[rows->count];
    memset(row, 0, sizeof *row);
    if (text_copy(row->record.iss, sizeof row->record.iss, iss) < 0 ||
        text_copy(row->record.task, sizeof row->record.task, task) < 0)
        return NULL;
    rows->count++;
    return row;
}

static int add_record(const struct task_record *record, void *arg)
{
    struct task_row *row = row_of(arg, record->iss, record->task);

    if (!row)
        return -ENOMEM;
    row->record = *record;
    return 0;
}

static int add_session(const struct session *session, void *arg)
{
    struct task_row *row = row_of(arg, session->grant.iss, session->grant.task);

    if (!row)
        return -ENOMEM;
    row->sessions++;
    if (!row->purpose[0])
        memcpy(row->purpose, session->grant.purpose, sizeof row->purpose);
    if (row->record.state == TASK_ACTIVE && (!row->record.since || session->opened < row->record.since))
        row->record.since = session->opened;
    return 0;
}

static int compare_rows(const void *a, const void *b)
{
    const struct task_record *one = &((const struct task_row *)a)->record,
                             *other = &((const struct task_row *)b)->record;

    return one->since < other->since ? -1 : one->since > other->since ? 1 : strcmp(one->task, other->task);
}

static int print_table(const struct task_rows *rows)
{
    static const char *const heads[] = {"TASK", "STATE", "SINCE", "ISSUER", "SESSIONS", "PURPOSE", NULL};
    struct table table;

    table_start(&table, heads);
    for (size_t i = 0; i < rows->count; i++) {
        const struct task_row *row = &rows->items[i];

        table_cell(&table, row->record.task);
        table_cell(&table, task_state_word(row->record.state));
        table_time(&table, row->record.since);
        table_cell(&table, row->record.iss);
        table_number(&table, row->sessions);
        table_cell(&table, row->purpose);
    }
    return table_print(&table, stdout);
}

static json_t *row_json(const struct task_row *row)
{
    const struct task_record *record = &row->record;

    return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:i}", "task", json_of_text(record->task), "iss",
                     json_of_text(record->iss), "state", task_state_word(record->state), "since",
                     json_of_time(record->since), "note", json_of_text(record->note), "purpose",
                     json_of_text(row->purpose), "sessions", (int)row->sessions);
}

static int print_json(const struct task_rows *rows)
{
    json_t *array = json_array();

    for (size_t i = 0; i < rows->count; i++) {
        if (json_array_append_new(array, row_json(&rows->items[i])) < 0) {
            json_decref(array);
            return -ENOMEM;
        }
    }
    return print_json_value(array);
}

int verb_task_list(int argc, char **argv)
{
    struct task_rows rows = {0};
    struct arguments a;
    int status = arguments_take(argc, argv, TAKES_JSON, 0, 0, &a), r;

    if (status)
        return status;
    if (!is_root("task list"))
        return EXIT_PART;
    r = tasks_each(add_record, &rows);
    if (r < 0)
        complain("the states of tasks cannot be read: %s", strerror(-r));
    status = sessions_each(add_session, &rows) < 0 || r < 0 ? EXIT_PART : EXIT_YES;
    if (rows.count)
        qsort(rows.items, rows.count, sizeof *rows.items, compare_rows);
    if ((a.json ? print_json : print_table)(&rows) < 0)
        status = EXIT_PART;
    free(rows.items);
    return status;
}

/* --- task show --- */

struct view {
    const struct task_record *record;
    struct table table;
    json_t *sessions; /* NULL: as text */
    int64_t now;
};

static int show_session(const struct live *live, void *arg)
{
    const struct grant *grant = &live->session.grant;
    struct view *view = arg;

    if (strcmp(grant->task, view->record->task) != 0 || strcmp(grant->iss, view->record->iss) != 0)
        return 0;
    live_row(&view->table, live, view->now);
    if (view->sessions && json_array_append_new(view->sessions, live_json(live)) < 0)
        return -ENOMEM;
    return 0;
}

static int show_json(struct view *view)
{
    const struct task_record *record = view->record;

    return print_json_value(json_pack("{s:o, s:o, s:s, s:o, s:o, s:O}", "task", json_of_text(record->task), "iss",
                                      json_of_text(record->iss), "state", task_state_word(record->state), "since",
                                      json_of_time(record->since), "note", json_of_text(record->note), "sessions",
                                      view->sessions));
}

static int show_text(struct view *view)
{
    const struct task_record *record = view->record;
    char when[32];

    print_escaped(stdout, record->task);
    printf(": %s\n", task_state_word(record->state));
    print_field("issuer", record->iss);
    if (record->since)
        print_field("since", format_time(record->since, when));
    print_field("note", record->note);
    if (table_rows(&view->table) == 0) {
        say("no session of it is live");
        table_clear(&view->table);
        return 0;
    }
    return table_print(&view->table, stdout);
}

static int show(const char *iss, const char *task, int json)
{
    struct task_record record;
    struct view view = {.record = &record, .now = clock_wall_seconds(), .sessions = json ? json_array() : NULL};
    int r = task_get(iss, task, &record), status;

    if (r < 0) {
        complain("the state of the task cannot be read: %s", strerror(-r));
        return EXIT_PART;
    }
    if (text_copy(record.iss, sizeof record.iss, iss) < 0 || text_copy(record.task, sizeof record.task, task) < 0)
        return EXIT_USAGE;
    table_start(&view.table, live_heads);
    status = live_each(show_session, &view) < 0 ? EXIT_PART : EXIT_YES;
    if (status == EXIT_YES && table_rows(&view.table) == 0 && record.since == 0) {
        complain("nothing is known of this task of this issuer");
        status = EXIT_NO;
    } else if ((json ? show_json : show_text)(&view) < 0) {
        status = EXIT_PART;
    }
    table_clear(&view.table);
    json_decref(view.sessions);
    return status;
}

int verb_task_show(int argc, char **argv)
{
    struct issuers issuers;
    struct arguments a;
    int status = arguments_take(argc, argv, TAKES_JSON | TAKES_ISSUER, 1, 1, &a);

    if (status)
        return status;
    if (!argument_fits("a task", a.words[0], TASK_MAX))
        return EXIT_USAGE;
    if (!is_root("task show"))
        return EXIT_PART;
    if (!a.issuer)
        a.issuer = issuers_choose(&issuers, LINK_TASK, a.words[0]);
    return a.issuer ? show(a.issuer, a.words[0], a.json) : EXIT_USAGE;
}
