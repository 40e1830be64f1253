/*
 * Ledger: records that agentctl and guards write against tasks, credentials and identities, one a KEY. Each is put into PATH_RUN
 * first, where it takes effect, then durably into PATH_STATE. Where both have one, that of PATH_RUN counts.
 *
 * All return 0 or -errno.
 */
#ifndef PAM_AGENT_LEDGER_H
#define PAM_AGENT_LEDGER_H

#include "core/compat.h"
#include "judge/state_file.h"

/* One directory at both places; -1 where it is not there, and then nothing is known. */
struct ledger {
    int run, durable;
};

/*
 * Open both roots; a directory of a ledger that is open; and one by the path from the roots. The caller's to close, also after an
 * error: what could be opened is.
 */
int ledger_open(struct ledger *ret) MUST_CHECK;
int ledger_open_at(const struct ledger *above, const char *name, struct ledger *ret) MUST_CHECK;
int ledger_open_path(const char *a, const char *b, struct ledger *ret) MUST_CHECK;
/* For CLEANUP(); one that is {-1, -1} is closed. */
void ledger_close(struct ledger *ledger);
/* 1: there is none in either place. */
int ledger_is_closed(const struct ledger *ledger);
#define LEDGER_CLOSED \
    { \
        -1, -1 \
    }

/* Into an object that is clear. -ENOENT: nothing is known. */
int ledger_read(const struct ledger *ledger, const char *key, const struct state_format *format,
                void *object) MUST_CHECK;
/* Is there one? 1, 0 or -errno. */
int ledger_has(const struct ledger *ledger, const char *key) MUST_CHECK;
/* Call fn for every key once, until it answers other than 0; that answer, 0 or -errno. */
typedef int (*ledger_fn)(const struct ledger *ledger, const char *key, void *arg);
int ledger_each(const struct ledger *ledger, ledger_fn fn, void *arg) MUST_CHECK;

/* -errno when neither place took it. Where ret_durable is NULL, PATH_RUN alone, which waits for no disk. */
int ledger_put(const char *a, const char *b, const char *key, const struct state_format *format, const void *object,
               int *ret_durable) MUST_CHECK;
/* What PATH_RUN alone has, because of a full disk or a writer that died, is made durable; what cannot be is tried again the next time. */
void ledger_settle(const char *a, const char *b);
/* Does a key say the same in both directories? 1 or 0. */
int ledger_same(int a, int b, const char *key);
/* Durably first: what comes back at the next boot was not taken back. -ENOENT: neither place had it. */
int ledger_remove(const char *a, const char *b, const char *key) MUST_CHECK;

/* What the ledgers hold; judge/task.h has the objects and where they lie. */
extern const struct state_format task_format, revocation_format, risk_format;

#endif
