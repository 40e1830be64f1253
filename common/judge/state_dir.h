/* The directories of state, for the files of this folder that keep records in them. */
#ifndef PAM_AGENT_STATE_DIR_H
#define PAM_AGENT_STATE_DIR_H

#include "core/compat.h"

#define STATE_KEY_SIZE 65 /* SHA-256 in hex and a NUL */

enum access { FIND, MAKE };

/*
 * Open PATH_RUN/a/b/c; NULL ends early. PATH_RUN itself may be passed by all, for the sockets; what lies below is root's
 * alone. 0 and the caller's fd, or -errno.
 */
int state_run_dir(enum access access, const char *a, const char *b, const char *c, int *ret_fd) MUST_CHECK;
/* The same below PATH_STATE, which outlives a boot. */
int state_durable_dir(enum access access, const char *name, int *ret_fd) MUST_CHECK;

/* Two strings as one file name of fixed length that no outsider's bytes reach. */
void state_key(const char *first, const char *second, char key[STATE_KEY_SIZE]);

#endif
