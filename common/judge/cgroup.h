/*
 * Cgroup: a session's own, where the host lets us have one and audit does not tell the session's processes from others (containers,
 * where one audit session holds everything). It is a plain child of the cgroup that the leader is in, without controllers or limits:
 * all it does is hold. What is forked stays in it; only root can leave.
 *
 * Made in the cgroup2 hierarchy where one can be written, else in that of systemd, pids or freezer (v1). Where pam_systemd moves the
 * leader elsewhere later, the cgroup is empty and holds nobody: that does no harm, but does not help either.
 *
 * All return 0 or -errno. path is an absolute directory that cgroup_make() made; of a session record.
 */
#ifndef PAM_AGENT_CGROUP_H
#define PAM_AGENT_CGROUP_H

#include <stddef.h>
#include <sys/types.h>

#include "core/compat.h"

/* Make it for the session of this ID and move the leader into it. After a failure nothing is left of it. -ENOENT: no hierarchy. */
int cgroup_make(const char *id, pid_t leader, char *path, size_t cap) MUST_CHECK;
/* Move a process to the parent: it and what it starts are the session's no more. */
int cgroup_leave(const char *path, pid_t pid) MUST_CHECK;
/* What is left in it goes to the parent, and the directory away. */
void cgroup_remove(const char *path);

struct cgroup_pids {
    pid_t *list; /* ascending */
    size_t count;
};

/* Who is in it, and in cgroups below it. ret is the caller's to clear, also after an error. One that is gone holds nobody. */
int cgroup_read(const char *path, struct cgroup_pids *ret) MUST_CHECK;
int cgroup_pids_hold(const struct cgroup_pids *pids, pid_t pid);
void cgroup_pids_clear(struct cgroup_pids *pids);

/* Is the process in it? 1 or 0. */
int cgroup_holds(const char *path, pid_t pid);

#endif
