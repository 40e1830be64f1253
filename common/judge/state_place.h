/* The places of an account, as many as max-sessions; state.h has the taking of one. */
#ifndef PAM_AGENT_STATE_PLACE_H
#define PAM_AGENT_STATE_PLACE_H

#include "judge/state.h"

/* Does the session hold its place still, where it has one? 1, 0 or -errno. */
int place_held(const struct session *session) MUST_CHECK;
/* Give it back. */
void place_release(const struct session *session);
/* Has the session ID a record? 1, 0 or -errno. */
int session_exists(const char *id) MUST_CHECK;

#endif
