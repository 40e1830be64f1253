#include "judge/reaper.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/proc.h"

/* Beyond what anybody allots; pids end at 4194304 (proc(5)). */
#define LONELY_UIDS 0xe0000000u

/* Make the permitted capabilities effective again, to get back to root. */
static int raise_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data) < 0)
        return -errno;
    data[0].effective = data[0].permitted;
    data[1].effective = data[1].permitted;
    return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* Of no account and of no other process: kill(2) compares the sender's real uid as well. */
static uid_t lonely_uid(void)
{
    return LONELY_UIDS + (uid_t)getpid();
}

/* Without CAP_KILL, which setresuid() takes away, kill(-1) reaches the processes of this uid alone. */
static int signal_uid(uid_t uid, int sig)
{
    uid_t lonely = lonely_uid();
    int r = 0;

    if (uid == 0)
        return -EINVAL;
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setresuid(lonely, uid, lonely) < 0)
        return -errno;
    if (kill(-1, sig) < 0 && errno != ESRCH && errno != EPERM)
        r = -errno;
    /* Without root this process is of no use and would be in the agent's reach. */
    if (raise_capabilities() < 0 || setresuid(0, 0, 0) < 0)
        _exit(1);
    return r;
}

static int is_spared(const struct target *target, pid_t pid)
{
    return pid <= 1 || pid == getpid() || pid == target->spare[0] || pid == target->spare[1];
}

static int in_audit_session(const struct target *target, pid_t pid)
{
    return target->audit != AUDIT_UNSET && process_audit_session(pid) == target->audit;
}

static int is_of_uid(const struct target *target, pid_t pid)
{
    uid_t uid;

    return target->uid && process_uid(pid, &uid) == 0 && uid == target->uid;
}

struct signalling {
    const struct target *target;
    int sig, by_uid;
};

static int signal_one(const struct process *process, void *arg)
{
    const struct signalling *s = arg;

    if (!is_spared(s->target, process->pid) &&
        (in_audit_session(s->target, process->pid) || (s->by_uid && is_of_uid(s->target, process->pid))))
        (void)kill(process->pid, s->sig);
    return 0;
}

int reaper_signal(const struct target *target, int sig)
{
    struct signalling signalling = {.target = target, .sig = sig};

    /* A user namespace may not have the lonely uids: then one by one, which a storm can outrun for a while. */
    signalling.by_uid = target->uid && signal_uid(target->uid, sig) < 0;
    if (target->audit == AUDIT_UNSET && !signalling.by_uid)
        return 0;
    return process_each(signal_one, &signalling);
}

struct counting {
    const struct target *target;
    unsigned count;
};

static int count_one(const struct process *process, void *arg)
{
    struct counting *c = arg;

    if (!is_spared(c->target, process->pid) &&
        (is_of_uid(c->target, process->pid) || in_audit_session(c->target, process->pid)))
        c->count++;
    return 0;
}

unsigned reaper_count(const struct target *target)
{
    struct counting counting = {.target = target};

    if (process_each(count_one, &counting) < 0)
        return 1; /* unknown is not none */
    return counting.count;
}
