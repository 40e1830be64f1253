#include "core/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"

/* Read /proc/PID/NAME whole into buf as a string: length or -errno. */
static ssize_t proc_text(pid_t pid, const char *name, char *buf, size_t cap)
{
    char path[64];
    ssize_t n;
    int fd;

    if (pid <= 0 || text_format(path, sizeof path, "/proc/%ld/%s", (long)pid, name) < 0)
        return -ESRCH;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    n = read(fd, buf, cap - 1);
    if (n < 0)
        n = -errno;
    close(fd);
    if (n >= 0)
        buf[n] = '\0';
    return n;
}

/* The text of stat behind ") ", i.e. from field 3 (state) on; the name before it may hold anything. */
static int stat_tail(pid_t pid, char *buf, size_t cap, const char **ret)
{
    ssize_t n = proc_text(pid, "stat", buf, cap);
    char *close_paren;

    if (n < 0)
        return (int)n;
    close_paren = strrchr(buf, ')');
    if (!close_paren || close_paren[1] != ' ')
        return -ESRCH;
    *ret = close_paren + 2;
    return 0;
}

/* Of proc(5)'s stat, from field 3 on. */
enum field { STATE, PARENT, TERMINAL = 4, THREADS = 17, START = 19, FIELDS };

static int find_fields(const char *tail, const char *ret[FIELDS])
{
    for (int field = 0; field < FIELDS; field++) {
        ret[field] = tail;
        tail = strchr(tail, ' ');
        if (!tail)
            return -ESRCH;
        tail++;
    }
    return 0;
}

/* As the kernel packs it for stat: 20 bits of minor around 12 of major (new_encode_dev). */
static dev_t terminal(int packed)
{
    unsigned bits = (unsigned)packed;

    return makedev((bits >> 8) & 0xfff, (bits & 0xff) | ((bits >> 12) & 0xfff00));
}

/*
 * A zombie whose other threads go on is alive: its main thread alone has exited. Only so is it told from one that has ended,
 * which counts itself as its one thread.
 */
static int read_process(pid_t pid, struct process *ret, int *ret_alive)
{
    char buf[1024], state;
    const char *tail = "", *fields[FIELDS];
    int r = stat_tail(pid, buf, sizeof buf, &tail);

    if (r == 0)
        r = find_fields(tail, fields);
    if (r < 0)
        return r;
    state = *fields[STATE];
    *ret_alive = (state != 'Z' && state != 'X') || strtol(fields[THREADS], NULL, 10) > 1;
    *ret = (struct process){
        .pid = pid,
        .parent = (pid_t)strtol(fields[PARENT], NULL, 10),
        .start = strtoull(fields[START], NULL, 10),
        .tty = terminal((int)strtol(fields[TERMINAL], NULL, 10)),
        .state = state,
    };
    return 0;
}

int process_read(pid_t pid, struct process *ret)
{
    int alive;

    return read_process(pid, ret, &alive);
}

int process_alive(pid_t pid, uint64_t start)
{
    struct process process;
    int alive;

    return read_process(pid, &process, &alive) == 0 && process.start == start && alive;
}

/* Call fn for every thread until it answers other than 0: that answer, or 0. */
static int thread_each(pid_t pid, int (*fn)(pid_t tid, void *arg), void *arg)
{
    char path[64];
    const struct dirent *entry;
    DIR *threads = text_format(path, sizeof path, "/proc/%ld/task", (long)pid) < 0 ? NULL : opendir(path);
    int r = 0;

    while (threads && r == 0 && (entry = readdir(threads)))
        if (isdigit((unsigned char)entry->d_name[0]))
            r = fn((pid_t)strtol(entry->d_name, NULL, 10), arg);
    if (threads)
        closedir(threads);
    return r;
}

/* Of status: voluntary_ctxt_switches and nonvoluntary_ctxt_switches (proc(5)). */
static int add_switches(pid_t tid, void *arg)
{
    static const char name[] = "voluntary_ctxt_switches:";
    char buf[8192]; /* they are its last lines: long lists of groups and processors come before */
    uint64_t *sum = arg;

    if (proc_text(tid, "status", buf, sizeof buf) <= 0)
        return 0;
    for (const char *at = buf; (at = strstr(at, name)); at += sizeof name - 1)
        *sum += strtoull(at + sizeof name - 1, NULL, 10);
    return 0;
}

uint64_t process_switches(pid_t pid)
{
    uint64_t sum = 0;

    (void)thread_each(pid, add_switches, &sum);
    return sum;
}

static uint32_t audit_value(pid_t pid, const char *name)
{
    char buf[32];
    uint64_t value;

    if (proc_text(pid, name, buf, sizeof buf) <= 0 || text_u64(buf, UINT32_MAX, &value) < 0)
        return AUDIT_UNSET;
    return (uint32_t)value;
}

uint32_t process_loginuid(pid_t pid)
{
    return audit_value(pid, "loginuid");
}

uint32_t process_audit_session(pid_t pid)
{
    return audit_value(pid, "sessionid");
}

/* Of status: Uid, in its order real, effective, saved, file system (proc(5)). */
int process_uids(pid_t tid, uid_t ret[4])
{
    char buf[4096];
    const char *line;

    if (proc_text(tid, "status", buf, sizeof buf) <= 0)
        return -ESRCH;
    line = strstr(buf, "\nUid:");
    return line && sscanf(line, "\nUid: %u %u %u %u", &ret[0], &ret[1], &ret[2], &ret[3]) == 4 ? 0 : -ESRCH;
}

int process_uid(pid_t pid, uid_t *ret)
{
    uid_t uids[4];
    int r = process_uids(pid, uids);

    if (r == 0)
        *ret = uids[0];
    return r;
}

/* setresuid(2), as the kernel has it, is a thread's. */
static int thread_acts_as(pid_t tid, void *arg)
{
    const uid_t *uid = arg;
    uid_t uids[4];

    return process_uids(tid, uids) == 0 && (uids[0] == *uid || uids[1] == *uid || uids[2] == *uid || uids[3] == *uid);
}

int process_acts_as(pid_t pid, uid_t uid)
{
    return thread_each(pid, thread_acts_as, &uid) > 0;
}

int process_name(pid_t pid, char ret[PROCESS_NAME_MAX + 1])
{
    char buf[64];
    ssize_t n = proc_text(pid, "comm", buf, sizeof buf);
    size_t len = 0;

    if (n <= 0)
        return n < 0 ? (int)n : -ESRCH;
    for (; len < PROCESS_NAME_MAX && buf[len] && buf[len] != '\n'; len++)
        ret[len] = buf[len] > ' ' && buf[len] < 0x7f && !strchr("%\"\\(),", buf[len]) ? buf[len] : '?';
    ret[len] = '\0';
    return 0;
}

int process_descends(pid_t pid, pid_t ancestor, uint64_t start)
{
    struct process process;

    for (int generation = 0; generation < 64 && pid > 1; generation++) {
        if (process_read(pid, &process) < 0)
            return 0;
        if (pid == ancestor)
            return process.start == start;
        pid = process.parent;
    }
    return 0;
}

static int each(uint32_t audit, int zombies, int (*fn)(const struct process *process, void *arg), void *arg)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    int r = 0;

    if (!proc)
        return -errno;
    while (r == 0 && (entry = readdir(proc))) {
        pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)strtol(entry->d_name, NULL, 10) : 0;
        struct process process;
        int alive;

        if (pid > 0 && (audit == AUDIT_UNSET || process_audit_session(pid) == audit) &&
            read_process(pid, &process, &alive) == 0 && alive == !zombies)
            r = fn(&process, arg);
    }
    closedir(proc);
    return r;
}

int process_each_audited(uint32_t audit, int (*fn)(const struct process *process, void *arg), void *arg)
{
    return each(audit, 0, fn, arg);
}

int process_each(int (*fn)(const struct process *process, void *arg), void *arg)
{
    return each(AUDIT_UNSET, 0, fn, arg);
}

int process_each_zombie(int (*fn)(const struct process *process, void *arg), void *arg)
{
    return each(AUDIT_UNSET, 1, fn, arg);
}

int process_same_program(pid_t a, pid_t b)
{
    char path_a[64], path_b[64];
    struct stat st_a, st_b;

    if (a <= 0 || b <= 0 || text_format(path_a, sizeof path_a, "/proc/%ld/exe", (long)a) < 0 ||
        text_format(path_b, sizeof path_b, "/proc/%ld/exe", (long)b) < 0)
        return 0;
    return stat(path_a, &st_a) == 0 && stat(path_b, &st_b) == 0 && st_a.st_dev == st_b.st_dev &&
           st_a.st_ino == st_b.st_ino;
}

int process_is_setuid(pid_t pid)
{
    char path[64];
    struct stat st;

    return text_format(path, sizeof path, "/proc/%ld/exe", (long)pid) < 0 || stat(path, &st) < 0 ||
           (st.st_mode & S_ISUID) != 0;
}

void process_write_own(const char *name, const char *value)
{
    CLEANUP(close_fd) int fd = -1;
    char path[64];

    if (text_format(path, sizeof path, "/proc/self/%s", name) == 0)
        fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0)
        (void)!write(fd, value, strlen(value));
}

#ifndef SYS_pidfd_send_signal /* the same on every architecture */
#define SYS_pidfd_send_signal 424
#define SYS_pidfd_open 434
#endif

int process_open(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    return fd < 0 ? -errno : fd;
}

int process_signal(const struct process *process, int sig)
{
    CLEANUP(close_fd) int fd = process_open(process->pid);
    struct process now;

    if (fd == -ESRCH)
        return -ESRCH;
    if (process_read(process->pid, &now) < 0 || now.start != process->start)
        return -ESRCH;
    if (fd < 0)
        return kill(process->pid, sig) < 0 ? -errno : 0;
    return syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) < 0 ? -errno : 0;
}
