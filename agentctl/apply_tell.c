/* What was put in force reaches the sessions that stand on what was there before. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/apply_parts.h"
#include "live/doorbell.h"

/* 1 where it lives on although it may not. */
static int tell_one(const struct ring *ring, FILE *out, FILE *err)
{
    switch (ring->end) {
    case RING_ENDING:
    case RING_KILLED:
        fprintf(out, "ended    session %s of %s (%s)\n", ring->id, ring->account, reason_word(ring->reason));
        return 0;
    case RING_LEFT:
        fprintf(err, "agentctl: session %s of %s: its guard was not reached (%s); end it: agentctl session end %s\n",
                ring->id, ring->account, reason_word(ring->reason), ring->id);
        return 1;
    case RING_FROZEN:
    case RING_GOES_ON:
        break;
    }
    return 0;
}

int apply_tell(FILE *out, FILE *err)
{
    struct ring *rings = NULL;
    size_t count = 0;
    int r, left = 0;

    fflush(NULL); /* nothing that a child could print again */
    r = doorbell_ring(&(struct ring_filter){0}, 0, &rings, &count);
    if (r == -ENOENT) /* nobody has logged in since boot */
        return APPLY_DONE;
    if (r < 0) {
        fprintf(err, "agentctl: the live sessions cannot be told: %s\n", strerror(-r));
        return APPLY_CANNOT;
    }
    for (size_t i = 0; i < count; i++)
        left |= tell_one(&rings[i], out, err);
    free(rings);
    return left ? APPLY_CANNOT : APPLY_DONE;
}
