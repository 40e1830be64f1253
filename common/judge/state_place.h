/* The places of an account, as many as max-sessions; state.h has the taking of one. */
#ifndef PAM_AGENT_STATE_PLACE_H
#define PAM_AGENT_STATE_PLACE_H

#include "judge/state.h"

/* Give back the session's place, where it has one and holds it still. */
void place_release(const struct session *session);
/* Has the session ID a record? 1, 0 or -errno. */
int session_exists(const char *id) MUST_CHECK;

#endif
