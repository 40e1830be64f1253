#include "agentctl/decisions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentctl/table.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"
#include "judge/record.h"
#include "trust/json.h"

const char *decision_text(const json_t *record, const char *object, const char *name)
{
    return json_string_value(json_object_get(json_object_get(record, object), name));
}

static int read_log(const char *path, const char *needle, void (*fn)(json_t *record, void *arg), void *arg)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    FILE *log;
    int fd, r = file_open(path, &fd);

    if (r < 0)
        return r;
    log = fdopen(fd, "re");
    if (!log) {
        close(fd);
        return -ENOMEM;
    }
    while ((len = getline(&line, &cap, log)) >= 0) {
        CLEANUP(json_freep) json_t *record = NULL;

        /* Most lines hold the text nowhere: they need no parser. */
        if (len <= RECORD_MAX && strcasestr(line, needle) && json_strict_parse_object(line, (size_t)len, &record) == 0)
            fn(record, arg);
    }
    r = ferror(log) ? -EIO : 0;
    free(line);
    fclose(log);
    return r;
}

int decisions_each(const char *needle, void (*fn)(json_t *record, void *arg), void *arg)
{
    int before = read_log(PATH_DECISIONS ".1", needle, fn, arg), now = read_log(PATH_DECISIONS, needle, fn, arg);

    if (now == -ENOENT)
        return before; /* it was renamed a moment ago */
    return now == 0 && before != -ENOENT ? before : now;
}

const char *decision_code(const json_t *record)
{
    return json_string_value(json_object_get(record, "status_code"));
}

int64_t decision_time(const json_t *record)
{
    return json_integer_value(json_object_get(record, "time")) / 1000;
}

int decision_is_refusal(const json_t *record)
{
    return json_integer_value(json_object_get(record, "status_id")) == 2 &&
           !text_equal(decision_text(record, "unmapped", "step"), "close");
}

/* "2026-11-23T20:17:10Z  sudo  no_rule  7f3c9b02  /usr/bin/id", one a line. */
int refusals_print(const json_t *refusals)
{
    static const char *const heads[] = {"REFUSED", "STEP", "REASON", "REFERENCE", "COMMAND", NULL};
    struct table table;
    json_t *record;
    size_t i;

    if (json_array_size(refusals) == 0)
        return 0;
    table_start(&table, heads);
    json_array_foreach(refusals, i, record)
    {
        table_time(&table, decision_time(record));
        table_cell(&table, decision_text(record, "unmapped", "step"));
        table_cell(&table, decision_code(record));
        table_cell(&table, decision_text(record, "metadata", "uid"));
        table_cell(&table, json_string_value(
                               json_array_get(json_object_get(json_object_get(record, "unmapped"), "command"), 0)));
    }
    return table_print(&table, stdout);
}
