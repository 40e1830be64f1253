/*
 * The rules of sudo: /etc/sudoers.d/pam_agent, what the sudoers plugin must let through so that sudo_agent.so is asked. Its
 * patterns match more than ours; what they let through is decided again, exactly. Nothing stands in it that no policy allows; where the
 * accounts are so many that a line each would slow down every sudo of the host, what one may stands there for all.
 */
#ifndef PAM_AGENT_SUDOERS_H
#define PAM_AGENT_SUDOERS_H

#include <stddef.h>
#include <stdio.h>

#include "agentctl/apply_local.h"
#include "agentctl/config.h"
#include "core/compat.h"

#define SUDOERS_DIR "/etc/sudoers.d"
#define SUDOERS_NAME "pam_agent" /* sudo passes over names with a '.' or a '~' at the end (sudoers(5)) */

/* The text for a configuration, NUL-terminated; for free(). */
char *sudoers_generate(const struct config *config, const struct local *local, size_t *ret_len);

/*
 * Put text in place as dir/pam_agent, 0440, after visudo took it: 0, *ret_changed tells whether anything changed; -ENOENT:
 * there is no visudo; -EINVAL: visudo refused, and said why in output[cap]; -errno.
 */
int sudoers_install(const char *dir, const char *text, size_t len, char *output, size_t cap,
                    int *ret_changed) MUST_CHECK;
/* Is there such a file, which `agentctl enable` made? 1 or 0. */
int sudoers_installed(const char *dir);

#endif
