/* What each phase asks, whom, and what it makes of the answer. */
#ifndef PAM_AGENT_STEPS_H
#define PAM_AGENT_STEPS_H

#include "pam_agent/call.h"

enum verdict { VERDICT_REFUSE = 0x1669, VERDICT_GRANT = 0x6996, VERDICT_PASS = 0x0ff0 };

/* PASS: no agent's call. A refusal has been shown to the person. Blocks for as long as ask/ask.h says. */
enum verdict steps_take(struct call *call);

#endif
