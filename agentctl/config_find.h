/* The identities of a configuration by SPIFFE ID and by account, found as identities.cdb would: a few binary searches each. */
#ifndef AGENTCTL_CONFIG_FIND_H
#define AGENTCTL_CONFIG_FIND_H

#include "agentctl/config.h"
#include "agentctl/config_overlap.h"

struct found_by {
    const struct config *config;
    struct overlap ids; /* an owner is an index of config->identities */
    const char **accounts;
};

/* By account alone, of a configuration that need not be checked yet, and stays; the memory is the arena's. */
void find_prepare_accounts(const struct config *config, struct arena *arena, struct found_by *ret);
/* By both, of one that is. */
void find_prepare(const struct config *config, struct arena *arena, struct found_by *ret);
/* The identity configured for this valid SPIFFE ID exactly, else for the longest pattern that matches it; of slots one. NULL: none. */
const struct identity_config *find_by_spiffe(const struct found_by *index, const char *id);
/* Is this an identity's account? 1 or 0. */
int find_has_account(const struct found_by *index, const char *account);
/* Is there an issuer of this name? 1 or 0. */
int find_has_issuer(const struct config *config, const char *name);

#endif
