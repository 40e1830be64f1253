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
};

int process_read(pid_t pid, struct process *ret) MUST_CHECK;
/* Is the process that was (pid, start) still there and not a zombie? 1 or 0. */
int process_alive(pid_t pid, uint64_t start);
/* Audit login uid and audit session; AUDIT_UNSET where unset or the kernel keeps none. */
uint32_t process_loginuid(pid_t pid);
uint32_t process_audit_session(pid_t pid);
/* Real uid. */
int process_uid(pid_t pid, uid_t *ret) MUST_CHECK;
/* Is it the process (ancestor, start), or does it descend from it? 1 or 0. A chain of more than 64 parents is cut. */
int process_descends(pid_t pid, pid_t ancestor, uint64_t start);
/* Call fn for every process that is no zombie, until it answers other than 0; that answer, 0, or -errno. */
int process_each(int (*fn)(const struct process *process, void *arg), void *arg) MUST_CHECK;
/* Do both run the same executable file? 1 or 0. */
int process_same_program(pid_t a, pid_t b);

#endif
