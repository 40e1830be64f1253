#include "live/account.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "ask/who.h"
#include "core/clock.h"
#include "core/files.h"
#include "core/proc.h"
#include "core/text.h"
#include "judge/reaper.h"
#include "judge/state.h"
#include "judge/state_dir.h"
#include "live/doorbell.h"

#define WAIT_MS 10

int account_lock(uid_t uid, int milliseconds, int *ret_fd)
{
    CLEANUP(close_fd) int dir = -1;
    char name[TEXT_DECIMAL_MAX + 8];
    int fd, r = text_format(name, sizeof name, "%lu.lock", (unsigned long)uid);

    if (r == 0)
        r = state_run_dir(MAKE, "used", NULL, NULL, &dir);
    if (r < 0)
        return r;
    fd = openat(dir, name, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += WAIT_MS) {
        r = errno == EWOULDBLOCK ? -EBUSY : -errno;
        if (r != -EBUSY || waited >= milliseconds) {
            close(fd);
            return r;
        }
        (void)poll(NULL, 0, WAIT_MS);
    }
    *ret_fd = fd;
    return 0;
}

int account_is_free(uid_t uid)
{
    session_id ids[SESSIONS_PER_ACCOUNT_MAX];
    size_t count;
    int r = sessions_of_uid(uid, ids, COUNT_OF(ids), &count);

    if (r < 0)
        return r == -E2BIG ? 0 : r;
    for (size_t i = 0; i < count; i++)
        if (!session_is_gone(ids[i]))
            return 0;
    return 1;
}

struct borrowers {
    uid_t uid;
    unsigned count;
    uid_t asked; /* the last one asked about, and the answer: processes of one uid come in rows */
    int is_agent;
};

static int is_other_agent(struct borrowers *borrowers, uid_t uid)
{
    if (uid != borrowers->asked) {
        borrowers->asked = uid;
        borrowers->is_agent = uid != borrowers->uid && uid_is_agent(uid) == 1;
    }
    return borrowers->is_agent;
}

/* Only an agent's process: root and its services may act as any account for a moment. */
static int kill_borrower(const struct process *process, void *arg)
{
    struct borrowers *borrowers = arg;
    uid_t real;

    if (process_uid(process->pid, &real) == 0 && is_other_agent(borrowers, real) &&
        process_acts_as(process->pid, borrowers->uid)) {
        (void)!process_signal(process, SIGKILL);
        borrowers->count++;
    }
    return 0;
}

/*
 * Another agent's processes that act as this account, by a setuid program that its last task left them: kill(-1) passes those by
 * that keep their own real and saved uid. Their number.
 */
static unsigned kill_borrowers(uid_t uid)
{
    struct borrowers borrowers = {.uid = uid};

    (void)!process_each(kill_borrower, &borrowers);
    return borrowers.count;
}

int account_kill(uid_t uid, int64_t until)
{
    const struct target target = {.uid = uid, .audit = AUDIT_UNSET};

    while (reaper_kill(&target) + kill_borrowers(uid) > 0) {
        if (clock_boot_ms() >= until)
            return -EAGAIN;
        (void)poll(NULL, 0, WAIT_MS);
    }
    return 0;
}

int account_kill_strays(uid_t uid, int milliseconds)
{
    CLEANUP(close_fd) int lock = -1;
    int r = account_lock(uid, 0, &lock);

    if (r == 0)
        r = account_is_free(uid);
    if (r <= 0)
        return r < 0 ? r : -EBUSY;
    return account_kill(uid, clock_boot_ms() + milliseconds);
}
