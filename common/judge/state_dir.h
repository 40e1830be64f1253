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
int state_durable_dir(enum access access, const char *a, const char *b, int *ret_fd) MUST_CHECK;

/*
 * Call fn for every name in dir but "." and "..", until it answers other than 0; that answer, 0 or -errno. dir stays the caller's.
 */
typedef int (*state_name_fn)(int dir, const char *name, void *arg);
int state_names_each(int dir, state_name_fn fn, void *arg) MUST_CHECK;

/*
 * Lock the directory, until the descriptor is closed, against others who do so. -ETIMEDOUT: somebody held it for a second. The
 * kernel takes the lock from who dies.
 */
int state_lock(int dir) MUST_CHECK;

/* Two strings as one file name of fixed length that no outsider's bytes reach. */
void state_key(const char *first, const char *second, char key[STATE_KEY_SIZE]);
/* Does the name look like one? 1 or 0. */
int state_key_valid(const char *name);

#endif
