/*
 * Files of private keys: PKCS#8 PEM, or as ssh-keygen writes them; not encrypted, readable by their owner alone.
 */
#ifndef PAM_AGENT_KEYFILE_H
#define PAM_AGENT_KEYFILE_H

#include "core/compat.h"
#include "trust/key.h"

/*
 * 0 and the key. -errno of open (-ELOOP: a link); -EPERM the file belongs to neither root nor the caller, or group or others
 * have any right to it; -EINVAL not a regular file, or no key that key_parse_private or sshkey_parse_private takes; -E2BIG.
 */
int keyfile_load(const char *path, struct key **ret_key) MUST_CHECK;

/* A new file of mode 0600, on disk when this returns. 0; -EEXIST: nothing is overwritten; -EINVAL a public key; -errno. */
int keyfile_save(const char *path, const struct key *key) MUST_CHECK;

#endif
