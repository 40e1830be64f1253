/*
 * How the verifier gives up everything but talk on descriptor 0, memory and arithmetic, for good.
 *
 * Files: an empty root directory. Who it is: a uid and gid that own nothing, no groups, no capability, no way to gain privileges, not
 * to be traced or dumped. Limits: no new descriptor or process, no file, 256 MiB of addresses, 5 s of CPU. System calls, where the
 * kernel filters them: those that allowed_calls.c lists; any other one kills the process. Under AddressSanitizer neither address
 * space nor system calls are limited: it needs both.
 */
#ifndef PAM_AGENT_VERIFIER_CONFINE_H
#define PAM_AGENT_VERIFIER_CONFINE_H

#include <sys/types.h>

/*
 * As root, of a process with one thread, after all that needs a file: anchors, the libraries' configuration and seeds. Closes
 * descriptors 1 and 2. Ends the process with status 1 where any part fails.
 */
void verifier_confine(uid_t uid);

#endif
