/* Which processes are a session's. */
#ifndef PAM_AGENT_SESSION_PROCESS_H
#define PAM_AGENT_SESSION_PROCESS_H

#include "judge/state.h"

/* Does the process belong to this session? By audit session or cgroup where they are the session's alone, else by descent. 1 or 0. */
int session_owns(const struct session *session, pid_t pid);
/* Does it to any that is live? 1, 0 or -errno. */
int sessions_own(pid_t pid) MUST_CHECK;

#endif
