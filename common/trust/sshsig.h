/*
 * SSHSIG: signatures that `ssh-keygen -Y sign` makes (OpenSSH PROTOCOL.sshsig), version 1, in binary form without armor.
 */
#ifndef PAM_AGENT_SSHSIG_H
#define PAM_AGENT_SSHSIG_H

#include <stddef.h>

#include "core/compat.h"
#include "trust/key.h"

#define SSHSIG_MAX 4096          /* bytes */
#define SSHSIG_NAMESPACE_MAX 256 /* bytes */

/*
 * 0 only when blob[blob_len] is an SSHSIG by this very key, for exactly this namespace, over message[len], with SHA-256 or SHA-512.
 * -EBADMSG not an SSHSIG of version 1, or bytes after it, or a reserved field that is not empty; -EKEYREJECTED another
 * key, namespace or message; -EIO.
 */
int sshsig_verify(const struct key *key, const char *name_space, const void *message, size_t len,
                  const unsigned char *blob, size_t blob_len) MUST_CHECK;

/* The key that an SSHSIG says it is by; nothing is verified. 0; -EBADMSG as above; -EINVAL a key of another kind. */
int sshsig_signer(const unsigned char *blob, size_t blob_len, struct key **ret_key) MUST_CHECK;

#endif
