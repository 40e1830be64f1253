#include "judge/session_process.h"

#include <errno.h>
#include <stdlib.h>

#include "core/files.h"
#include "core/proc.h"
#include "judge/cgroup.h"
#include "judge/state_dir.h"

int session_owns(const struct session *session, pid_t pid)
{
    if (session->audit != AUDIT_UNSET && process_audit_session(pid) == session->audit)
        return 1;
    if (session->cgroup[0] && cgroup_holds(session->cgroup, pid))
        return 1;
    return process_descends(pid, session->leader, session->leader_start);
}

struct search {
    pid_t pid;
    struct session *session;
};

static int look_at(int dir, const char *name, void *arg)
{
    const struct search *search = arg;
    int r;

    (void)dir;
    if (!session_id_valid(name))
        return 0;
    r = session_read(name, search->session);
    if (r < 0)
        return r == -ENOENT ? 0 : r; /* it has just ended */
    return session_owns(search->session, search->pid);
}

int sessions_own(pid_t pid)
{
    CLEANUP(close_fd) int dir = -1;
    struct search search = {pid, malloc(sizeof *search.session)};
    int r = search.session ? state_run_dir(FIND, "session", NULL, NULL, &dir) : -ENOMEM;

    if (r == 0)
        r = state_names_each(dir, look_at, &search);
    free(search.session);
    return r == -ENOENT ? 0 : r;
}
