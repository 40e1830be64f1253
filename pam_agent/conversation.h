/* Talking to the person or program at the other end, through a conversation function that may do anything. */
#ifndef PAM_AGENT_CONVERSATION_H
#define PAM_AGENT_CONVERSATION_H

#include <security/pam_modules.h>

#include "ask/ask.h"

/* A converse_fn (ask/ask.h); arg is the pam_handle_t. -ECANCELED: no usable answer. */
int conversation_ask(void *arg, const char *prompt, char *reply);

/* Tell of a refusal: one text, whatever the reason. */
void conversation_refuse(pam_handle_t *pamh, const struct outcome *outcome);

#endif
