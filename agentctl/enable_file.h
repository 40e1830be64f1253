/* A text file of the host, whole: with owner and mode, read and put back exactly. */
#ifndef AGENTCTL_ENABLE_FILE_H
#define AGENTCTL_ENABLE_FILE_H

#include <sys/types.h>

#include "core/compat.h"

#define HOST_FILE_MAX (1u << 20) /* bytes */

struct host_file {
    char *text; /* NUL-terminated, owned; NULL: there is no such file */
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

/* 0, also where nothing is there; -EBADMSG: a NUL is in it; -EFBIG; -EINVAL: no regular file; -errno. */
int host_file_read(const char *path, struct host_file *ret) MUST_CHECK;
/*
 * Make it so: by a new file beside it, fsync and rename, or by unlink where text is NULL. Where path is a link, what it points
 * at is replaced.
 */
int host_file_write(const char *path, const struct host_file *file) MUST_CHECK;
/* The same bytes, mode and owner, or both absent? 1 or 0. */
int host_file_equal(const struct host_file *a, const struct host_file *b);
void host_file_clear(struct host_file *file);

#endif
