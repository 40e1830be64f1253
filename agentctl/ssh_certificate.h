/* Certificates of ssh, made by ssh-keygen. */
#ifndef AGENTCTL_SSH_CERTIFICATE_H
#define AGENTCTL_SSH_CERTIFICATE_H

#include <stdint.h>

#include "core/compat.h"
#include "trust/key.h"

struct ssh_certificate {
    const char *ca; /* path of the private key */
    const struct key *holder;
    const char *account, *task; /* the one principal; a part of the key id, which sshd logs */
    int64_t from, until;        /* seconds since the epoch */
    const char *extension, *value;
};

/* It forbids all that it does not name (`-O clear`). 0 and its line for free(); -errno, and what is wrong was said. */
int ssh_certificate_make(const struct ssh_certificate *certificate, char **ret_line) MUST_CHECK;

#endif
