/* The version of a sudo, by its own word. */
#ifndef PAM_AGENT_SUDO_VERSION_H
#define PAM_AGENT_SUDO_VERSION_H

#include "core/compat.h"

#define SUDO_WITH_INTERCEPT 1009008 /* 1.9.8, as below */

/*
 * Of what `sudo -V` prints, "Sudo version 1.9.13p3" on a line: MAJOR * 1000000 + MINOR * 1000 + MICRO, without the patch level. 0;
 * -EBADMSG.
 */
int sudo_version_parse(const char *text, unsigned *ret) MUST_CHECK;

/* The same of a program, found as program_run finds it. -ENOENT: there is none; -EBADMSG; -errno. */
int sudo_version_of(const char *program, unsigned *ret) MUST_CHECK;

#endif
