#include "agentctl/decisions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/paths.h"
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
