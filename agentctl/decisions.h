/* Reading the decision log. */
#ifndef AGENTCTL_DECISIONS_H
#define AGENTCTL_DECISIONS_H

#include <jansson.h>
#include <stdint.h>

#include "core/compat.h"

/*
 * Call fn for each record whose line holds needle, in whatever case of letters, oldest first; the log before this one
 * ("decisions.jsonl.1") is read first. fn may keep a reference. 0; -ENOENT: there is no log; -errno, after what could be read.
 */
int decisions_each(const char *needle, void (*fn)(json_t *record, void *arg), void *arg) MUST_CHECK;

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
