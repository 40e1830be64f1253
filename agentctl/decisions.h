/* Reading the decision log. */
#ifndef AGENTCTL_DECISIONS_H
#define AGENTCTL_DECISIONS_H

#include <jansson.h>

#include "core/compat.h"

/*
 * Call fn for each record whose line holds needle, in whatever case of letters, oldest first; the log before this one
 * ("decisions.jsonl.1") is read first. fn may keep a reference. 0; -ENOENT: there is no log; -errno, after what could be read.
 */
int decisions_each(const char *needle, void (*fn)(json_t *record, void *arg), void *arg) MUST_CHECK;

/* The text record[object][name], or NULL. */
const char *decision_text(const json_t *record, const char *object, const char *name);

#endif
