/*
 * The audit login uid of this process. A process whose own is unset may set it itself, and so choose its audit session:
 * a login that opens an agent's session must not be left like that, also where the stack has no pam_loginuid.
 */
#ifndef PAM_AGENT_LOGIN_UID_H
#define PAM_AGENT_LOGIN_UID_H

#include <sys/types.h>

/* Set it where it is unset and the kernel has it: the uid, or -1 where nothing was done. */
uid_t login_uid_claim(uid_t uid);
/* Unset it again. The kernel may refuse, where it was made immutable. */
void login_uid_release(void);

#endif
