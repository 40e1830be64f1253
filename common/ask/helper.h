/*
 * Starting gate out of somebody else's process, as pam_unix starts unix_chkpwd: whatever that process has of signals,
 * limits, descriptors and environment, the helper begins clean and as root in everything.
 */
#ifndef PAM_AGENT_HELPER_H
#define PAM_AGENT_HELPER_H

#include <signal.h>
#include <sys/types.h>

#include "core/compat.h"

struct helper {
    pid_t pid;
    int fd; /* the socket to its descriptor 0 */
    struct sigaction host_sigchld;
};

/* Start the program at path. 0 or -errno; then helper_end() is due. Until then SIGCHLD has its default action. */
int helper_start(const char *path, struct helper *ret) MUST_CHECK;

/* Close the socket and reap the helper; kill it when it does not end by itself within a bounded time. */
void helper_end(struct helper *helper);

#endif
