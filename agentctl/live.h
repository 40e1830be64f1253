/* The live sessions: their records, and what their guards say of them. */
#ifndef AGENTCTL_LIVE_H
#define AGENTCTL_LIVE_H

#include <jansson.h>

#include "agentctl/table.h"
#include "ask/ask.h"
#include "judge/standing.h"
#include "judge/state.h"

#define LIVE_MAX 4096

struct live {
    struct session session;
    struct attestation attestation; /* made 0: none since it was opened */
    struct standing standing;
    int standing_known;
    struct report report;
    int unguarded; /* 0: the report is its guard's; else why there is none, -errno */
};

/*
 * Call fn for every live session, in the order of IDs, until it answers other than 0; that answer, or 0. What ended meanwhile is left
 * out; what cannot be read is complained about, and -errno returned after the others; -E2BIG: there are more than LIVE_MAX.
 */
int sessions_each(int (*fn)(const struct session *session, void *arg), void *arg) MUST_CHECK;
/* The same with the word of the guards, which are asked many at once. */
int live_each(int (*fn)(const struct live *live, void *arg), void *arg) MUST_CHECK;
/* One session. -ENOENT: it is not live. */
int live_read(const char *id, struct live *ret) MUST_CHECK;

/* "running", "frozen: task_suspended", "no guard" ... */
#define LIVE_STATE_MAX 64
const char *live_state(const struct live *live, char *buf);
const char *report_state_word(const struct report *report);

/* Is this the name of a session? 1; 0, and it is said. */
int session_argument(const char *id) MUST_CHECK;

/* A row of a table for people, below the heads; and the same as JSON, with what a program may want besides. */
extern const char *const live_heads[];
void live_row(struct table *table, const struct live *live, int64_t now);
json_t *live_json(const struct live *live);

#endif
