/* After a fact was written: ring the doorbell, and say what became of each session. */
#ifndef AGENTCTL_FATES_H
#define AGENTCTL_FATES_H

#include "core/compat.h"
#include "live/doorbell.h"

struct fates {
    unsigned ended, frozen, going_on, left; /* sessions */
};

/* The least that must become of each session that is rung. */
enum fate { FATE_ANY, FATE_STOPS, FATE_ENDS };

/* stop: the fact takes authority away. 0; -errno: not all were rung, which is said. */
int fates_ring(const struct ring_filter *filter, int stop, struct fates *ret) MUST_CHECK;

/*
 * What a verb does after its fact was written: say where it is not durable, ring, print. The verb's exit status: EXIT_PART where it is
 * not durable or something may live on.
 */
int fates_print(const struct ring_filter *filter, int stop, enum fate least, int durable);

#endif
