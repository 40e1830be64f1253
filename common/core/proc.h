/*
 * Facts of a process from /proc. A process is named by pid and start time, never by pid alone: pids are reused.
 * All return 0, or -ESRCH / -errno when the process is gone or /proc says something unexpected.
 */
#ifndef PAM_AGENT_PROC_H
#define PAM_AGENT_PROC_H

#include <stdint.h>
#include <sys/types.h>

#include "core/compat.h"

#define AUDIT_UNSET UINT32_MAX

struct process {
    pid_t pid, parent;
    uint64_t start; /* clock ticks since boot, /proc/PID/stat field 22 */
    dev_t tty;      /* its controlling terminal, as in st_rdev; 0: none */
    char state;     /* as ps shows it: R, S, D, T (stopped), Z (zombie) ... */
};

int process_read(pid_t pid, struct process *ret) MUST_CHECK;
/* Is the process that was (pid, start) still there and not a zombie? 1 or 0. */
int process_alive(pid_t pid, uint64_t start);
/* How often its threads have been given a processor, together. */
uint64_t process_switches(pid_t pid);
/* Audit login uid and audit session; AUDIT_UNSET where unset or the kernel keeps none. */
uint32_t process_loginuid(pid_t pid);
uint32_t process_audit_session(pid_t pid);
/* Real uid. */
int process_uid(pid_t pid, uid_t *ret) MUST_CHECK;
/* Real, effective, saved and file system uid, also of a single thread. */
int process_uids(pid_t tid, uid_t ret[4]) MUST_CHECK;
/* Has a thread of it this uid, be it the real, effective, saved or file system one? 1 or 0. */
int process_acts_as(pid_t pid, uid_t uid);
/* The name that it gave itself: what is not printable ASCII, or stands in the way in a list or a format, shows as '?'. */
#define PROCESS_NAME_MAX 15
int process_name(pid_t pid, char ret[PROCESS_NAME_MAX + 1]) MUST_CHECK;
/* Is it the process (ancestor, start), or does it descend from it? 1 or 0. A chain of more than 64 parents is cut. */
int process_descends(pid_t pid, pid_t ancestor, uint64_t start);
/* Call fn for every process that is no zombie, until it answers other than 0; that answer, 0, or -errno. */
int process_each(int (*fn)(const struct process *process, void *arg), void *arg) MUST_CHECK;
/* The same for those of an audit session alone: on a crowded host, several times as fast. AUDIT_UNSET: all of them. */
int process_each_audited(uint32_t audit, int (*fn)(const struct process *process, void *arg), void *arg) MUST_CHECK;
/* The same for zombies, and for nobody else. */
int process_each_zombie(int (*fn)(const struct process *process, void *arg), void *arg) MUST_CHECK;
/* Do both run the same executable file? 1 or 0. */
int process_same_program(pid_t a, pid_t b);
/* Is the file it runs setuid, or not to be found out? 1 or 0. */
int process_is_setuid(pid_t pid);

/* A pidfd, closed by exec: poll() finds it readable when the process has ended. -errno, on kernels before 5.3 always. */
int process_open(pid_t pid) MUST_CHECK;

/*
 * Signal it, if it still is the process that it was. 0 or -errno; -ESRCH: it is gone. On kernels without pidfd (before 5.3) an
 * instant remains between the look and the signal.
 */
int process_signal(const struct process *process, int sig) MUST_CHECK;

/* Write /proc/self/NAME, where that is allowed. */
void process_write_own(const char *name, const char *value);

#endif
