/*
 * What was decided in this PAM handle. Odd stacks call a phase twice, sudo hands a call on from the caller to the target,
 * and the session that open made must end with the handle. Kept for agents' calls alone.
 */
#ifndef PAM_AGENT_MEMORY_H
#define PAM_AGENT_MEMORY_H

#include <security/pam_modules.h>
#include <sys/types.h>

#include "ask/ask.h"
#include "core/names.h"
#include "pam_agent/phase.h"

#define MEMORY_USER_MAX 255
#define MEMORY_SERVICE_MAX 63

struct memory {
    int inside; /* the call comes from inside a session of uid; else uid is the account's */
    uid_t uid;
    char user[MEMORY_USER_MAX + 1]; /* PAM_USER and service at the first call */
    char service[MEMORY_SERVICE_MAX + 1];
    int known[PHASE_COUNT];
    struct outcome outcomes[PHASE_COUNT];
    char claimant[SESSION_ID_LENGTH + 1]; /* inside: ask_guard() */
    pid_t opener; /* the process that opened session; a fork of it must not end it */
    char session[SESSION_ID_LENGTH + 1];
};

/* The memory of this handle, or NULL; owned by the handle. */
struct memory *memory_find(pam_handle_t *pamh);
/* Begin one. NULL: no memory, or a name that is too long. */
struct memory *memory_begin(pam_handle_t *pamh, const char *user, const char *service);

/* The outcome of a phase of this handle, or NULL. */
const struct outcome *memory_outcome(const struct memory *memory, enum phase phase);
int memory_permits(const struct memory *memory, enum phase phase);
int memory_denies(const struct memory *memory, enum phase phase);
void memory_put(struct memory *memory, enum phase phase, const struct outcome *outcome);

/* Forget everything, for an application that begins anew with another user. Only while nothing was permitted: else -1. */
int memory_forget(pam_handle_t *pamh, const struct memory *memory);

/*
 * What was found to be no agent's stays so for this user, process and real uid, and costs the phases that follow nothing.
 * What cannot be noted is found again.
 */
int memory_is_other(pam_handle_t *pamh, const char *user);
void memory_note_other(pam_handle_t *pamh, const char *user);

/* End the session that this process opened in this handle, if any. */
void memory_close_session(struct memory *memory);

#endif
