/* The texts that `make install` puts into PREFIX/share/pam_agent. */
#ifndef AGENTCTL_TEMPLATE_H
#define AGENTCTL_TEMPLATE_H

#include "core/compat.h"

#ifndef PREFIX
#define PREFIX "/usr/local"
#endif
#define TEMPLATE_DIR PREFIX "/share/pam_agent"
#define TEMPLATE_MAX 65536 /* bytes */

struct placeholder {
    const char *name, *value; /* the last has a NULL name */
};

/* The template with each placeholder replaced, NUL-terminated, for free(). 0, -errno, -EBADMSG for a NUL in it. */
int template_fill(const char *name, const struct placeholder *placeholders, char **ret_text) MUST_CHECK;

#endif
