#include "judge/reaper.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/proc.h"

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

/* Without CAP_KILL, which setresuid() takes away, kill(-1) reaches the processes of this uid alone. */
static int signal_uid(uid_t uid, uid_t reserved, int sig)
{
    int r = 0;

    if (uid == 0 || reserved == 0 || uid == reserved)
        return -EINVAL;
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setresuid(reserved, uid, reserved) < 0)
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

struct signalling {
    const struct target *target;
    int sig;
};

static int signal_one(const struct process *process, void *arg)
{
    const struct signalling *s = arg;

    if (!is_spared(s->target, process->pid) && in_audit_session(s->target, process->pid))
        (void)kill(process->pid, s->sig);
    return 0;
}

int reaper_signal(const struct target *target, int sig)
{
    struct signalling signalling = {.target = target, .sig = sig};
    int r = target->uid ? signal_uid(target->uid, target->reserved, sig) : 0;

    if (target->audit != AUDIT_UNSET) {
        int other = process_each(signal_one, &signalling);

        if (r == 0)
            r = other;
    }
    return r;
}

struct counting {
    const struct target *target;
    unsigned count;
};

static int count_one(const struct process *process, void *arg)
{
    struct counting *c = arg;
    uid_t uid;

    if (is_spared(c->target, process->pid))
        return 0;
    if ((c->target->uid && process_uid(process->pid, &uid) == 0 && uid == c->target->uid) ||
        in_audit_session(c->target, process->pid))
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
