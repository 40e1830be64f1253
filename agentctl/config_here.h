/* Which policies count on this host: those whose `requires` its labels meet. The others are checked and compiled into nothing. */
#ifndef PAM_AGENT_CONFIG_HERE_H
#define PAM_AGENT_CONFIG_HERE_H

#include <stddef.h>

#include "agentctl/config.h"
#include "agentctl/config_overlap.h"

/* Of config->policies[i]: 1 or 0. */
int policy_is_here(const struct config *config, size_t i);
/* Those that do, by the identities that they are of; an owner is an index of config->policies. *ret is sorted, its memory the arena's. */
void policies_here(const struct config *config, struct arena *arena, struct overlap *ret);

#endif
