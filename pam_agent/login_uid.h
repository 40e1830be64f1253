/*
 * The audit login uid of this process. A process whose own is unset may set it itself, and so choose its audit session:
 * a login that opens an agent's session must not be left like that, also where the stack has no pam_loginuid. Nor in the
 * listener's audit session: what the agent starts as another user is found by one that is its own.
 */
#ifndef PAM_AGENT_LOGIN_UID_H
#define PAM_AGENT_LOGIN_UID_H

#include <stdint.h>
#include <sys/types.h>

/* Set it where it is unset or inherited, and the kernel has it and lets us. 1, and what it was before; 0: nothing was done. */
int login_uid_claim(uid_t uid, uint32_t *ret_before);
/* Set it to what it was. The kernel may refuse, where it was made immutable. */
void login_uid_release(uint32_t before);
/*
 * Unset it, so that what this process starts is of no audit session. The kernel lets no process do so that lacks CAP_AUDIT_CONTROL,
 * nor any at all where it was made immutable.
 */
void login_uid_leave(void);

#endif
