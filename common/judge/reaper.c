#include "judge/reaper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/proc_tree.h"
#include "core/text.h"
#include "judge/cgroup.h"

/* Beyond what anybody allots; pids end at 4194304 (proc(5)). */
#define LONELY_UIDS 0xe0000000u
#define SENDER_MS 1000 /* a pass takes less than one */

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

/* Without CAP_KILL, which setresuid() takes away, kill(-1) reaches the processes of this uid alone. 1 when there was one, else 0. */
static int pass(uid_t uid, int sig)
{
    uid_t lonely = lonely_uid();
    int r = 1;

    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setresuid(lonely, uid, lonely) < 0)
        return -errno;
    if (kill(-1, sig) < 0)
        r = errno == ESRCH || errno == EPERM ? 0 : -errno;
    /* Without root this process is of no use and would be in the agent's reach. */
    if (raise_capabilities() < 0 || setresuid(0, 0, 0) < 0)
        _exit(1);
    return r;
}

/* No process is to be had: what was taken from this one meanwhile is taken back. */
static int pass_here(uid_t uid, int sig)
{
    const struct sched_param none = {0};
    int nice = getpriority(PRIO_PROCESS, 0), r;
    cpu_set_t processors;
    int known = sched_getaffinity(0, sizeof processors, &processors) == 0;

    r = pass(uid, sig);
    (void)sched_setscheduler(0, SCHED_OTHER, &none);
    (void)setpriority(PRIO_PROCESS, 0, nice);
    if (known)
        (void)sched_setaffinity(0, sizeof processors, &processors);
    return r;
}

/* Give it every processor, before all others; where that is not allowed, as much as is. */
static void prefer(pid_t pid)
{
    const struct sched_param none = {0}, first = {.sched_priority = 1};
    cpu_set_t all;

    memset(&all, 0xff, sizeof all);
    (void)sched_setaffinity(pid, sizeof all, &all);
    if (sched_setscheduler(pid, SCHED_FIFO, &first) == 0)
        return;
    (void)sched_setscheduler(pid, SCHED_OTHER, &none);
    (void)setpriority(PRIO_PROCESS, (id_t)pid, -20);
}

/* What the sender says of its pass; -ETIMEDOUT or -EPIPE when it does not. */
static int hear(int fd, pid_t sender)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    int r, waited;

    for (waited = 0; waited < SENDER_MS && poll(&pfd, 1, 1) == 0; waited++)
        prefer(sender);
    if (waited == SENDER_MS)
        return -ETIMEDOUT;
    return read(fd, &r, sizeof r) == sizeof r ? r : -EPIPE;
}

/*
 * A child sends. While the effective uid is the account's, a process of the account that has a user namespace of its own may take the
 * sender's priority and processors away (sched_setscheduler(2) compares the effective uid, and cap_safe_nice() capabilities
 * without their namespace): what it takes is given back until the pass is made, and the caller keeps its own.
 */
static int signal_uid(uid_t uid, int sig)
{
    int said[2], r;
    pid_t sender;

    if (uid == 0)
        return -EINVAL;
    if (pipe2(said, O_CLOEXEC) < 0)
        return pass_here(uid, sig);
    sender = fork();
    if (sender == 0) {
        r = pass(uid, sig);
        _exit(write(said[1], &r, sizeof r) != sizeof r);
    }
    close(said[1]);
    r = sender < 0 ? pass_here(uid, sig) : hear(said[0], sender);
    close(said[0]);
    if (sender > 0) {
        (void)kill(sender, SIGKILL); /* our child, not waited for yet: the pid is its own */
        while (waitpid(sender, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    return r;
}

/* --- who --- */

#define KNOWN_MAX 256 /* other users' processes of one session */

/* Who is asked for. */
enum { OF_UID = 1, OF_OTHERS = 2 };

/* What one look at the host needs. */
struct look {
    const struct target *target;
    struct process_tree tree;
    struct cgroup_pids cgroup;
};

/*
 * Of the session that was looked at last: what was found by descent is ours for as long as it lives, and so is what it starts, also
 * when the leader is gone by the next look (an ordinary close: SIGTERM while it lives, SIGKILL two seconds later).
 */
static struct {
    pid_t leader;
    uint64_t leader_start;
    uint32_t leader_audit;
    int leader_in_cgroup;
    struct process known[KNOWN_MAX];
    size_t count;
} memory;

static void look_clear(struct look *look)
{
    process_tree_clear(&look->tree);
    cgroup_pids_clear(&look->cgroup);
}

static int look_at_tree(const struct target *target, struct process_tree *ret)
{
    int r;

    if (target->leader == 0)
        return process_tree_read(0, 0, NULL, 0, ret);
    if (memory.leader != target->leader || memory.leader_start != target->leader_start) {
        memory.leader = target->leader;
        memory.leader_start = target->leader_start;
        memory.leader_audit = process_audit_session(target->leader);
        memory.leader_in_cgroup = 0;
        memory.count = 0;
    }
    r = process_tree_read(target->leader, target->leader_start, memory.known, memory.count, ret);
    if (r < 0 || process_alive(target->leader, target->leader_start))
        return r;
    /* Whoever has its pid by now is nobody's ancestor. */
    process_tree_clear(ret);
    return process_tree_read(0, 0, memory.known, memory.count, ret);
}

static int is_spared(const struct target *target, const struct process *process)
{
    pid_t pid = process->pid;

    for (size_t i = 0; i < COUNT_OF(target->spare); i++)
        if (pid == target->spare[i])
            return 1;
    return pid <= 1 || pid == getpid() || (target->spare_children && process->parent == target->spare_children);
}

static int is_of_uid(const struct look *look, pid_t pid)
{
    uid_t uid;

    return look->target->uid && process_uid(pid, &uid) == 0 && uid == look->target->uid;
}

/* Of what descends from the leader, the host has what left one of these, which the leader is in. */
static int is_left_behind(const struct look *look, pid_t pid, uint32_t audit)
{
    return (memory.leader_audit != AUDIT_UNSET && audit != memory.leader_audit) ||
           (memory.leader_in_cgroup && !cgroup_pids_hold(&look->cgroup, pid));
}

static int is_of_session(const struct look *look, const struct kin *kin)
{
    pid_t pid = kin->process.pid;
    uint32_t audit = process_audit_session(pid);

    return (look->target->audit != AUDIT_UNSET && audit == look->target->audit) ||
           cgroup_pids_hold(&look->cgroup, pid) || (kin->descends && !is_left_behind(look, pid, audit));
}

static int is_meant(const struct look *look, const struct kin *kin, int who)
{
    pid_t pid = kin->process.pid;

    if (is_spared(look->target, &kin->process))
        return 0;
    if (who == OF_OTHERS) /* first what costs less to find out */
        return is_of_session(look, kin) && !is_of_uid(look, pid);
    return is_of_uid(look, pid) || ((who & OF_OTHERS) && is_of_session(look, kin));
}

static void remember(const struct look *look)
{
    if (look->target->leader == 0)
        return;
    memory.count = 0;
    for (size_t i = 0; i < look->tree.count && memory.count < KNOWN_MAX; i++)
        if (look->tree.list[i].descends && is_meant(look, &look->tree.list[i], OF_OTHERS))
            memory.known[memory.count++] = look->tree.list[i].process;
}

/* In an audit session of its own, descent says no more: what descends and is not in it has left it. */
static int is_known_by_audit(const struct target *target)
{
    return target->audit != AUDIT_UNSET && !(target->cgroup && *target->cgroup);
}

/*
 * The processes first, then what is said of their pids: what holds of a process that is still there when it is signalled (the same
 * pid, the same start) held of that one.
 */
static int look_around(const struct target *target, int who, struct look *ret)
{
    int r;

    *ret = (struct look){.target = target};
    if (is_known_by_audit(target) && !(who & OF_UID && target->uid))
        return process_list_audited(target->audit, &ret->tree);
    r = look_at_tree(target, &ret->tree);
    if (r == 0 && target->cgroup && *target->cgroup)
        r = cgroup_read(target->cgroup, &ret->cgroup);
    if (process_alive(target->leader, target->leader_start))
        memory.leader_in_cgroup = cgroup_pids_hold(&ret->cgroup, target->leader);
    remember(ret);
    return r;
}

/* --- what is done --- */

static int signal_each(const struct target *target, int who, int sig)
{
    CLEANUP(look_clear) struct look look;
    int r = look_around(target, who, &look);

    for (size_t i = 0; i < look.tree.count; i++)
        if (is_meant(&look, &look.tree.list[i], who))
            (void)!process_signal(&look.tree.list[i].process, sig);
    return r;
}

/* kill(-1, 0) does not tell: it succeeds where there is anybody, be it of other uids. */
int reaper_has_uid(uid_t uid)
{
    errno = 0;
    return getpriority(PRIO_USER, uid) != -1 || errno != ESRCH;
}

int reaper_signal_uid(uid_t uid, int sig)
{
    const struct target target = {.uid = uid, .audit = AUDIT_UNSET};

    if (signal_uid(uid, sig) >= 0)
        return 0;
    /* A user namespace may not have the lonely uids: then one by one, which a storm can outrun for a while. */
    return uid == 0 ? -EINVAL : signal_each(&target, OF_UID, sig);
}

struct switches {
    uid_t uid;
    uint64_t sum;
};

static int add_switches(const struct process *process, void *arg)
{
    struct switches *switches = arg;
    uid_t uid;

    if (process_uid(process->pid, &uid) == 0 && uid == switches->uid)
        switches->sum += process_switches(process->pid);
    return 0;
}

uint64_t reaper_switches(uid_t uid)
{
    struct switches switches = {.uid = uid};

    (void)!process_each(add_switches, &switches);
    return switches.sum;
}

int reaper_signal_others(const struct target *target, int sig)
{
    if (target->audit == AUDIT_UNSET && !(target->cgroup && *target->cgroup) && target->leader == 0)
        return 0;
    return signal_each(target, OF_OTHERS, sig);
}

/* The others first: when what is between them and the leader dies, they descend from somebody else. */
int reaper_signal(const struct target *target, int sig)
{
    int others = reaper_signal_others(target, sig), r = target->uid ? reaper_signal_uid(target->uid, sig) : 0;

    return r < 0 ? r : others;
}

unsigned reaper_count(const struct target *target)
{
    CLEANUP(look_clear) struct look look;
    unsigned count = 0;

    if (look_around(target, OF_UID | OF_OTHERS, &look) < 0)
        return 1; /* unknown is not none */
    for (size_t i = 0; i < look.tree.count; i++)
        count += (unsigned)is_meant(&look, &look.tree.list[i], OF_UID | OF_OTHERS);
    return count;
}

unsigned reaper_kill_others(const struct target *target)
{
    CLEANUP(look_clear) struct look look;
    int unknown = look_around(target, OF_UID | OF_OTHERS, &look) < 0;
    unsigned count = 0;

    for (size_t i = 0; i < look.tree.count; i++) {
        const struct kin *kin = &look.tree.list[i];

        if (is_meant(&look, kin, OF_OTHERS)) {
            (void)!process_signal(&kin->process, SIGKILL);
            count++;
        } else if (is_meant(&look, kin, OF_UID)) {
            count++;
        }
    }
    return count ? count : (unsigned)unknown;
}

/* The one pass through the account comes last: a walk through /proc can miss what forks all the time, it cannot. */
unsigned reaper_kill(const struct target *target)
{
    unsigned count = reaper_kill_others(target);

    return target->uid && reaper_signal_uid(target->uid, SIGKILL) < 0 && count == 0 ? 1 : count;
}

void reaper_names(const struct target *target, char *buf, size_t cap)
{
    CLEANUP(look_clear) struct look look;
    unsigned count = 0;
    size_t len = 0;

    *buf = '\0';
    (void)!look_around(target, OF_OTHERS, &look); /* as many as could be seen */
    for (size_t i = 0; i < look.tree.count && count <= REAPER_NAMES_MAX; i++) {
        const struct kin *kin = &look.tree.list[i];
        char name[PROCESS_NAME_MAX + 1];
        int r;

        if (!is_meant(&look, kin, OF_OTHERS) || process_name(kin->process.pid, name) < 0)
            continue;
        if (count++ == REAPER_NAMES_MAX)
            r = text_format(buf + len, cap - len, " ...");
        else
            r = text_format(buf + len, cap - len, "%s%s(%ld)", len ? " " : "", name, (long)kin->process.pid);
        if (r < 0) {
            buf[len] = '\0'; /* whole names or none */
            return;
        }
        len += strlen(buf + len);
    }
}
