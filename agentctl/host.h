/* What agentctl reads of this host's compiled configuration. */
#ifndef AGENTCTL_HOST_H
#define AGENTCTL_HOST_H

#include <stddef.h>

#include "core/compat.h"
#include "core/identities.h"

/* The host id of policy.cdb in buf[cap]: 0; -ENOENT: `apply` has not run; -EBADMSG, -errno. */
int host_id(char *buf, size_t cap) MUST_CHECK;
/* The first identity that is not disabled: 0; -ENOENT. */
int host_first_identity(struct identity *ret) MUST_CHECK;
/* Read a whole file, or standard input for "-", of at most cap - 1 bytes; a NUL follows. 0; -EFBIG; -errno. */
int read_input(const char *path, char *buf, size_t cap, size_t *ret_len) MUST_CHECK;

#endif
