/* What was put in force reaches the sessions that stand on what was there before. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "agentctl/apply_parts.h"
#include "agentctl/program.h"
#include "core/files.h"
#include "live/doorbell.h"

#define NSCD_MS 5000

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

/* Its socket outlives one that was killed. */
static int nscd_runs(void)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/nscd/socket"};
    CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    return fd >= 0 && (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN);
}

/* nscd answers for a while from what it asked before. */
static int tell_caches(FILE *err)
{
    static const char *const caches[] = {"passwd", "group"};
    int left = 0, status, r;

    if (!nscd_runs())
        return 0;
    for (size_t i = 0; i < COUNT_OF(caches); i++) {
        const struct program nscd = {.argv = {"nscd", "-i", caches[i]}, .timeout_ms = NSCD_MS};

        r = program_run(&nscd, NULL, 0, &status);
        if (r == 0 && status == 0)
            continue;
        fprintf(err, "agentctl: nscd still knows what the accounts were: run nscd -i %s\n", caches[i]);
        left = 1;
    }
    return left;
}

static int tell_sessions(FILE *out, FILE *err)
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

int apply_tell(FILE *out, FILE *err)
{
    int stale = tell_caches(err), r = tell_sessions(out, err);

    return r == APPLY_DONE && stale ? APPLY_CANNOT : r;
}
