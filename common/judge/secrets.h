/*
 * Arguments that are not to be recorded: passwords and tokens on command lines. In their place stands a keyed digest, by which a
 * reviewer can tell whether two are the same.
 */
#ifndef PAM_AGENT_SECRETS_H
#define PAM_AGENT_SECRETS_H

#include <stddef.h>

#include "core/compat.h"

#define SECRETS_MAX 32
#define SECRET_NAME_MAX 64
#define SECRET_DIGEST_SIZE 24 /* "sha256:", 16 hex digits and a NUL */

/*
 * --password     what stands behind "--password=", and the argument behind "--password"
 * -p*            what stands behind "-p" in the same argument
 */
struct secrets {
    char names[SECRETS_MAX][SECRET_NAME_MAX + 1];
    size_t count;
};

/* Every argument is one: where it is not known which are. */
extern const struct secrets secrets_all;

/* Letters, digits and marks without blanks, with "*" at the end alone, and not "*". 1 or 0. */
int secret_name_valid(const char *name);
/* 0; -ENOBUFS. */
int secrets_add(struct secrets *secrets, const char *name) MUST_CHECK;
/* From which byte on argv[i] is secret: its length: nowhere. */
size_t secret_begins(const struct secrets *secrets, const char *const *argv, size_t i);
/* What is recorded of it. The key is the host's, PATH_STATE_DIR/record-key, made when it is missed; "sha256:?" where it cannot be had. */
void secret_digest(const char *text, char ret[SECRET_DIGEST_SIZE]);

#endif
