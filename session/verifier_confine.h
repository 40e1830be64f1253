/* Where verifier keeps itself: nothing that it was taken over with could be of use. */
#ifndef PAM_AGENT_VERIFIER_CONFINE_H
#define PAM_AGENT_VERIFIER_CONFINE_H

#include <sys/types.h>

/*
 * For a process of root with one socket, as descriptor 0, and all that it will read in memory: from now on it has an empty root directory, a uid
 * that owns nothing, no groups, capabilities or ways to gain privileges, and hard limits; and, where the kernel has seccomp, no system call
 * but those that talking on its socket and memory take: for any other one the kernel is as if it had none. Ends the process where one of
 * these cannot be had, but for seccomp where the kernel has none.
 */
void verifier_confine(uid_t uid);

#endif
