#include "agentctl/fates.h"

#include <stdlib.h>
#include <string.h>

#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "core/paths.h"

static const char *end_word(enum ring_end end)
{
    switch (end) {
    case RING_ENDING:
        return "ended";
    case RING_FROZEN:
        return "frozen";
    case RING_GOES_ON:
        return "goes on";
    case RING_KILLED:
        return "killed";
    case RING_LEFT:
        break;
    }
    return "NOT ENDED";
}

static void print_fate(const struct ring *ring)
{
    printf("%-9s session %s of %s, task ", end_word(ring->end), ring->id, ring->account[0] ? ring->account : "-");
    print_escaped(stdout, ring->task);
    if (ring->end == RING_FROZEN && ring->reason != REASON_PERMIT)
        printf(": %s", reason_word(ring->reason));
    putchar('\n');
}

static void count_fate(struct fates *fates, enum ring_end end)
{
    fates->ended += end == RING_ENDING || end == RING_KILLED;
    fates->frozen += end == RING_FROZEN;
    fates->going_on += end == RING_GOES_ON;
    fates->left += end == RING_LEFT;
}

int fates_ring(const struct ring_filter *filter, int stop, struct fates *ret)
{
    struct ring *rings = NULL;
    size_t count = 0;
    int r;

    memset(ret, 0, sizeof *ret);
    fflush(NULL); /* nothing that a child could print again */
    r = doorbell_ring(filter, stop, &rings, &count);
    if (r < 0)
        complain("not every session was rung: %s", strerror(-r));
    for (size_t i = 0; r == 0 && i < count; i++) {
        print_fate(&rings[i]);
        count_fate(ret, rings[i].end);
    }
    free(rings);
    return r;
}

static unsigned count_too_little(const struct fates *fates, enum fate least)
{
    return fates->left + (least >= FATE_STOPS ? fates->going_on : 0) + (least >= FATE_ENDS ? fates->frozen : 0);
}

int fates_print(const struct ring_filter *filter, int stop, enum fate least, int durable)
{
    struct fates fates;
    int r = fates_ring(filter, stop, &fates), failed = r < 0 || count_too_little(&fates, least) > 0;

    if (!durable)
        complain(PATH_STATE " could not be written: until the next boot only, unless a sweep writes it before");
    if (failed)
        complain("some sessions may live on; `agentctl session list` shows them");
    return !durable || failed ? EXIT_PART : EXIT_YES;
}
