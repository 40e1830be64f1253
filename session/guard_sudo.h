/*
 * What a sudo that has no approval plug-ins (before 1.9.0) is about to run, by its own arguments as the kernel has them. Taken is the one
 * form that leaves nothing open:
 *
 *     sudo -n [-u USER] [--] PATH ARG...
 *
 * Any other option changes what is run, or how; a path that is not absolute is sudo's to resolve.
 */
#ifndef PAM_AGENT_GUARD_SUDO_H
#define PAM_AGENT_GUARD_SUDO_H

#include <sys/types.h>

#include "ask/message.h"

#define SUDO_ARGUMENTS_MAX 131072 /* bytes of /proc/PID/cmdline; a record holds less */

/*
 * Path and arguments of text[len], arguments with a NUL behind each, become argv of the question, which points into it; its run-as is
 * whom sudo runs the command as. 0; -EINVAL: another form; -E2BIG.
 */
int sudo_parse(const char *text, size_t len, struct question *question) MUST_CHECK;

/* The same of a process. Its arguments lie in a place of this file, until the next call. */
int sudo_command(pid_t pid, struct question *question) MUST_CHECK;

#endif
