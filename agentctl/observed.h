/*
 * What was observed: the refusals of the decision log that observe mode let pass, equal ones counted together. Whatever a record holds may
 * have been chosen by an agent.
 */
#ifndef AGENTCTL_OBSERVED_H
#define AGENTCTL_OBSERVED_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "agentctl/config_memory.h"
#include "core/reason.h"
#include "judge/decide.h"

#define OBSERVED_NEEDLE "\"observed\":true" /* in every line of them (decisions.h) */
#define OBSERVED_MAX 10000                  /* different ones that are kept */

/* One login asks several steps, and so does one sudo: how often each step was refused. */
struct tally {
    uint64_t steps[STEP_RECHECK + 1];
};

/* Logins and commands in it, each counted once. */
uint64_t tally_logins(const struct tally *tally);
uint64_t tally_commands(const struct tally *tally);

/* A login or command that a rule could have allowed. Strings are NULL where the record has none. */
struct observed {
    int is_login;
    const char *identity, *issuer, *principal, *purpose;
    const char *account; /* where the identity is not known */
    const char *service;
    const char *source; /* of a command: that of the first login which gave it */
    const char *run_as;
    struct words command; /* of a command; not all of it where is_cut */
    int is_cut;
    struct tally tally;
    int64_t last; /* seconds since the epoch */
};

struct observations {
    int64_t since;       /* seconds since the epoch; earlier records are passed over */
    const char *account; /* of this one alone; NULL: of all */
    const char *(*identity_of)(const char *account, void *arg); /* NULL: it is nobody's */
    void *arg;

    struct arena arena;
    struct observed **items; /* by session, then step, none twice */
    size_t count;
    struct tally mended_not[REASON_COUNT]; /* refusals that no rule would have spared the agent */
    int64_t first, last;                   /* time of the records; 0: there is none */
    uint64_t dropped;                      /* records of more different ones than are kept */
    uint64_t bad;                          /* records that are none */
    uint64_t blind;                        /* sudo refused before its command was known */
};

/* The order of equal ones: of what session they are, and then what they are: logins, then commands by run-as and word by word. */
int observed_compare_sessions(const struct observed *a, const struct observed *b);
int observed_compare_steps(const struct observed *a, const struct observed *b);

/* A record of the log; the second is a struct observations. */
void observed_take(json_t *record, void *arg);
void observations_clear(struct observations *observations);

#endif
