/* One lookup in a constant database (cdb(5)), through pread(2) alone: no mapping, no allocation, nothing kept. */
#ifndef PAM_AGENT_DATABASE_H
#define PAM_AGENT_DATABASE_H

#include <stddef.h>

#include "core/compat.h"

/*
 * The value of kind + key, as bytes and a NUL, in buf[cap]. 0; -ENOENT: no such key; -ENOBUFS: the value does not fit;
 * -EBADMSG: the file is no database or is cut; -ENAMETOOLONG: no key is that long; other -errno of the read. The file
 * position of fd stays, so threads may share it.
 */
int database_get(int fd, char kind, const char *key, char *buf, size_t cap, size_t *ret_len) MUST_CHECK;
/* The same without a search, for the key that is the first in the file; -ENOENT: another one is. */
int database_first(int fd, char kind, const char *key, char *buf, size_t cap, size_t *ret_len) MUST_CHECK;

#endif
