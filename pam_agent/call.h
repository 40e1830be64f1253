/* The facts of one call into the module: for whom it is made, by whom, and what PAM knows of it. */
#ifndef PAM_AGENT_CALL_H
#define PAM_AGENT_CALL_H

#include <security/pam_modules.h>

#include "ask/message.h"
#include "pam_agent/args.h"
#include "pam_agent/memory.h"
#include "pam_agent/phase.h"

/*
 * OTHERS  no agent's call: none of our business
 * LOGIN   an agent account is to be opened, by a process that is in no session
 * INSIDE  an agent acts, from inside a session (uid)
 * TRACE   root, with the login uid of an agent: INSIDE where a guard claims the process, else OTHERS
 * CHANGED PAM_USER is not who it was
 */
enum call_kind {
    CALL_OTHERS = 0x1d72,
    CALL_LOGIN = 0x2b4d,
    CALL_INSIDE = 0x4787,
    CALL_TRACE = 0x72e8,
    CALL_CHANGED = 0x58b1
};

struct call {
    pam_handle_t *pamh;
    enum phase phase;
    int flags;
    struct args args;
    enum call_kind kind;
    uid_t uid;        /* INSIDE and TRACE: the agent's */
    const char *user; /* "" where PAM does not know it */
    const char *service;
    uid_t user_uid;        /* of PAM_USER where it is an agent's, else -1 */
    struct memory *memory; /* NULL where none was begun */
};

void call_gather(pam_handle_t *pamh, enum phase phase, int flags, int argc, const char **argv, struct call *ret);

/* A question with what PAM knows of this call; its strings are PAM's. */
void call_question(const struct call *call, const char *step, const char *step_phase, struct question *ret);

/* To syslog where the argument debug stands: names of steps, never values. */
void call_debug(const struct call *call, const char *what, const char *word);

#endif
