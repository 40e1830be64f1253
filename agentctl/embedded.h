/*
 * The embedded issuer: a key pair below /etc/pam_agent/keys that issues credentials for this one host. Its public half,
 * issuer.jwks, says under "iss" whose it is.
 */
#ifndef AGENTCTL_EMBEDDED_H
#define AGENTCTL_EMBEDDED_H

#include <stddef.h>

#include "core/compat.h"
#include "core/paths.h"
#include "trust/key.h"

#define PATH_ISSUER_KEY PATH_PRIVATE_KEYS "/issuer.pem"
#define PATH_ISSUER_JWKS PATH_KEYS "/issuer.jwks"
#define PATH_SSH_CA PATH_PRIVATE_KEYS "/ssh_ca"
#define PATH_SSH_CA_PUBLIC PATH_KEYS "/ssh_ca.pub"

/* The JWKS of one public key, with iss; NUL-terminated, for free(). NULL: no memory. */
char *embedded_jwks(const struct key *key, const char *iss);
/* The iss of the embedded issuer in buf[cap]: 0, -ENOENT, -EBADMSG. */
int embedded_iss(char *buf, size_t cap) MUST_CHECK;

#endif
