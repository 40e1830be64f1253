#include "agentctl/decisions.h"

#include <errno.h>
#include <stdio.h>
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

/* The next line, without its end: its length; -EBADMSG: it is longer than a record, and passed over; -ENOENT: there is none. */
static ssize_t next_line(FILE *log, char *line)
{
    size_t len = 0;
    int c;

    while ((c = getc_unlocked(log)) != EOF && c != '\n') {
        if (len < RECORD_MAX)
            line[len] = (char)c;
        len++;
    }
    if (c == EOF && len == 0)
        return -ENOENT;
    if (len >= RECORD_MAX)
        return -EBADMSG;
    line[len] = '\0';
    return (ssize_t)len;
}

/* Most lines hold the text nowhere: they need no parser. */
static void take_line(struct decisions_reading *reading, const char *line, ssize_t len)
{
    CLEANUP(json_freep) json_t *record = NULL;

    if (len < 2 || line[0] != '{' || line[len - 1] != '}')
        reading->bad++;
    else if (!strcasestr(line, reading->needle))
        return;
    else if (json_strict_parse_object(line, (size_t)len, &record) < 0)
        reading->bad++;
    else
        reading->take(record, reading->arg);
}

int decisions_read_file(struct decisions_reading *reading, const char *path)
{
    char line[RECORD_MAX];
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
    while ((len = next_line(log, line)) != -ENOENT)
        take_line(reading, line, len);
    r = ferror(log) ? -EIO : 0;
    fclose(log);
    return r;
}

int decisions_read(struct decisions_reading *reading)
{
    int before = decisions_read_file(reading, PATH_DECISIONS ".1"), now = decisions_read_file(reading, PATH_DECISIONS);

    if (now == -ENOENT)
        return before; /* it was renamed a moment ago */
    return now == 0 && before != -ENOENT ? before : now;
}

int decisions_each(const char *needle, void (*take)(json_t *record, void *arg), void *arg)
{
    struct decisions_reading reading = {.needle = needle, .take = take, .arg = arg};

    return decisions_read(&reading);
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
