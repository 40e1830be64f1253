/* Reading the decision log. */
#ifndef AGENTCTL_DECISIONS_H
#define AGENTCTL_DECISIONS_H

#include <jansson.h>
#include <stdint.h>

#include "core/compat.h"

struct decisions_reading {
    const char *needle; /* which lines are looked at: those that hold it, in whatever case of letters */
    void (*take)(json_t *record, void *arg); /* it may keep a reference */
    void *arg;
    uint64_t bad; /* lines that are no records, and were passed over */
};

/*
 * Take each record that is looked at, oldest first; the log before this one ("decisions.jsonl.1") is read first. 0; -ENOENT: there is no
 * log; -errno, after what could be read.
 */
int decisions_read(struct decisions_reading *reading) MUST_CHECK;
/* The same of one file; and where it does not matter what was bad. */
int decisions_read_file(struct decisions_reading *reading, const char *path) MUST_CHECK;
int decisions_each(const char *needle, void (*take)(json_t *record, void *arg), void *arg) MUST_CHECK;

/* The text record[object][name], or NULL. */
const char *decision_text(const json_t *record, const char *object, const char *name);

/* Its reason; NULL. When it was made, in seconds since the epoch. */
const char *decision_code(const json_t *record);
int64_t decision_time(const json_t *record);
/* The end of a session is none. */
int decision_is_refusal(const json_t *record);

/* An array of refusals as a table; nothing for none. 0; -ENOMEM. */
int refusals_print(const json_t *refusals) MUST_CHECK;

#endif
