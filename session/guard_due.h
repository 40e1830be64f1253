/*
 * When a session is due, as a pure computation. A moment lies on both clocks, and the earlier of the two counts: a wall clock that
 * is set forward ends, one that is set back extends nothing, and a suspended host's time is counted.
 */
#ifndef PAM_AGENT_GUARD_DUE_H
#define PAM_AGENT_GUARD_DUE_H

#include <stdint.h>

#define NEVER INT64_MAX

struct moment {
    int64_t wall; /* seconds since the epoch */
    int64_t boot; /* clock_boot_ms() */
};

struct terms {
    struct moment opened;
    struct moment
        attested;    /* when the credential that counts was verified; the same as opened until another one attests */
    int64_t expires; /* of that credential */
    int64_t longest; /* no attestation goes beyond; seconds since the epoch */
    uint32_t max_session, reattest_every, reattest_grace; /* 0: not set */
};

struct due {
    struct moment deadline;  /* the session ends */
    struct moment attest_by; /* it freezes, NEVER without reattest_every */
    struct moment overdue;   /* it ends, unless it was attested meanwhile */
    struct moment notice;    /* four fifths of the way to whichever of the first two comes first */
    int attest_helps;        /* would another attestation put that off? */
};

void due_compute(const struct terms *terms, struct due *ret);

int moment_reached(const struct moment *moment, const struct moment *now);
/* The first of the moments of due that is not reached yet. */
struct moment due_next(const struct due *due, const struct moment *now);

#endif
