/* What verbs about credentials are given: times, keys, credentials. What is wrong with them is said here. */
#ifndef PAM_AGENT_INPUTS_H
#define PAM_AGENT_INPUTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"
#include "trust/key.h"

/* "300", "300s", "5m", "1h", at most the longest life of a credential: 0 and seconds, or -EINVAL. */
int input_ttl(const char *text, uint32_t *ret_seconds) MUST_CHECK;
/* How deep a chain may become: 0 to 8. 0 or -EINVAL. */
int input_depth(const char *text, int *ret_depth) MUST_CHECK;

/* A public ssh key, of the file or "-". 0 or -errno. */
int input_public_key(const char *path, struct key **ret_key) MUST_CHECK;
/* A private key, of a file that nobody else reads. 0 or -errno. */
int input_private_key(const char *path, struct key **ret_key) MUST_CHECK;

/* A credential of the file or "-", without the line's end that editors and shells leave. 0 or -errno. */
int input_credential(const char *path, char *buf, size_t cap, size_t *ret_len) MUST_CHECK;

#endif
