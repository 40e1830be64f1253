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
#include "judge/visit.h"
#include "live/doorbell.h"

#define WAIT_MS 10
#define LOOKS 20

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

int account_is_left(uid_t uid)
{
    int free = account_is_free(uid), visited = free > 0 ? visits_live(uid) : 0;

    return free <= 0 ? free : visited < 0 ? visited : !visited;
}

/* --- killing --- */

struct strays {
    uid_t uid;
    unsigned killed;
    int others;  /* processes of other agents are there */
    uid_t asked; /* the last one asked about, and the answer: processes of one uid come in rows */
    int is_agent;
};

static int is_other_agent(struct strays *strays, uid_t uid)
{
    if (uid != strays->asked) {
        strays->asked = uid;
        strays->is_agent = uid != strays->uid && uid_is_agent(uid) == 1;
    }
    return strays->is_agent;
}

/*
 * A login that will ask to be opened: pam_keyinit, before us in the stack, gives root's process the real uid of the account for a moment.
 * The account's own processes get to be root's by a setuid program alone.
 */
static int is_arriving(pid_t pid, const uid_t uids[4])
{
    return uids[1] == 0 && uids[2] == 0 && !process_is_setuid(pid);
}

/*
 * Also another agent's processes that act as this account, by a setuid program that its last task left them: kill(-1) passes those by
 * that keep their own real and saved uid. Root and its services may act as any account.
 */
static int is_stray(struct strays *strays, pid_t pid)
{
    uid_t uids[4];

    if (process_uids(pid, uids) < 0)
        return 0;
    if (uids[0] == strays->uid || uids[2] == strays->uid)
        return !is_arriving(pid, uids);
    if (!is_other_agent(strays, uids[0]))
        return 0;
    strays->others = 1;
    return process_acts_as(pid, strays->uid);
}

static int kill_stray(const struct process *process, void *arg)
{
    struct strays *strays = arg;

    if (is_stray(strays, process->pid)) {
        (void)!process_signal(process, SIGKILL);
        strays->killed++;
    }
    return 0;
}

static int is_of_uid(const struct process *process, void *arg)
{
    const uid_t *uid = arg;
    uid_t uids[4];

    return process_uids(process->pid, uids) == 0 && (uids[0] == *uid || uids[2] == *uid);
}

/*
 * A pass of SIGKILL would end logins that arrive. So it is made when a walk finds somebody else, or when somebody is there time and
 * again whom no walk finds: what forks all the time outruns them. Where zombies are there, that tells nothing, and it is made; where
 * other agents run, too: one that borrowed the uid as its saved one is not seen by reaper_has_uid(). How many were killed: they take
 * time to die.
 */
static unsigned kill_once(uid_t uid)
{
    for (int look = 0; look < LOOKS; look++) {
        struct strays strays = {.uid = uid};
        int any = reaper_has_uid(uid);

        if (process_each(kill_stray, &strays) < 0)
            break;
        if (strays.killed > 0 || (!any && strays.others))
            (void)!reaper_signal_uid(uid, SIGKILL);
        if (strays.killed > 0 || !any)
            return strays.killed;
        if (look == 0 && process_each_zombie(is_of_uid, &uid) != 0)
            break;
        (void)poll(NULL, 0, 1);
    }
    return reaper_signal_uid(uid, SIGKILL) < 0 || process_each(is_of_uid, &uid) != 0;
}

int account_kill(uid_t uid, int64_t until)
{
    while (kill_once(uid) > 0) {
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
        r = account_is_left(uid);
    if (r <= 0)
        return r < 0 ? r : -EBUSY;
    return account_kill(uid, clock_boot_ms() + milliseconds);
}
