#include "live/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "core/clock.h"
#include "core/files.h"
#include "judge/state_dir.h"
#include "judge/task.h"
#include "live/doorbell.h"
#include "live/hold.h"
#include "live/sweep_parts.h"

/* PATH_RUN/swept: its lock is held by the one sweep that runs, its time is when the last one began. */
static int begin(int *ret_fd)
{
    CLEANUP(close_fd) int dir = -1;
    int fd, r = state_run_dir(MAKE, NULL, NULL, NULL, &dir);

    if (r < 0)
        return r;
    fd = openat(dir, "swept", O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 || futimens(fd, NULL) < 0) {
        r = errno == EWOULDBLOCK ? -EBUSY : -errno;
        close_fd(&fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

/* Every guard looks at the facts again; the session of one that is dead or stuck is ended in its place. */
static void sweep_sessions(struct swept *swept)
{
    const struct ring_filter all = {0};
    struct ring *rings;
    size_t count;

    if (doorbell_ring(&all, 0, &rings, &count) < 0) {
        swept->left++;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        swept->sessions += rings[i].end == RING_KILLED;
        swept->left += rings[i].end == RING_LEFT;
    }
    free(rings);
}

int sweep(struct swept *ret)
{
    CLEANUP(close_fd) int lock = -1;
    int r = begin(&lock);

    *ret = (struct swept){0};
    if (r < 0)
        return r;
    sweep_sessions(ret);
    sweep_records(ret);
    sweep_strays(ret);
    holds_expire();
    state_expire(clock_wall_seconds(), clock_boot_ms());
    sweep_leftovers(ret);
    (void)flock(lock, LOCK_UN); /* a sweeper that was just started may have it open, until it runs */
    return 0;
}
