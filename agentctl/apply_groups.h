/* The supplementary groups of accounts: those of /etc/group that an identity names, by gid. */
#ifndef AGENTCTL_APPLY_GROUPS_H
#define AGENTCTL_APPLY_GROUPS_H

#include "agentctl/apply_accounts.h"

/* Give the account those of its identity; what it does not get is told where it is written. They live in the arena. */
void groups_take(const struct identity_config *identity, const struct local *local, struct arena *arena,
                 struct problems *problems, struct account *account);

/* Do both have the same, in this order? 1 or 0; either may be NULL: it has none. */
int groups_same(const struct account *one, const struct account *other);

/* The name of a gid, or its number where /etc/group has none; in the arena. */
const char *groups_name(const struct local *local, uint32_t gid, struct arena *arena);

#endif
