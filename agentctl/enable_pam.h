/* pam-auth-update(8), which writes /etc/pam.d/common-* from the profiles of /usr/share/pam-configs. */
#ifndef AGENTCTL_ENABLE_PAM_H
#define AGENTCTL_ENABLE_PAM_H

#include "agentctl/enable_file.h"

#define PATH_PROFILE "/usr/share/pam-configs/pam_agent"
#define PAM_COMMON_COUNT 5

extern const char *const pam_common[PAM_COMMON_COUNT]; /* the files it writes */

/*
 * What it would make of them with this profile, or without ours (NULL): found out in a copy, the host is not touched. The
 * texts of ret_files[PAM_COMMON_COUNT] are the caller's. 0; -EBUSY: it refuses, because these files were edited by hand; -EBADMSG: it
 * could not take the profile out again later; -ENOENT: this host has no pam-auth-update; -errno.
 */
int pam_update_preview(const char *profile, struct host_file *ret_files) MUST_CHECK;

/* Let it put the profile in, which must be in place, or take it out. 0; -EBUSY: it refused; -errno. */
int pam_update_run(int enable) MUST_CHECK;

#endif
