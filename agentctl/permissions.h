/* What a set of policies permits, denies and limits, each as a line for people: what changes with a policy is a difference of lines. */
#ifndef AGENTCTL_PERMISSIONS_H
#define AGENTCTL_PERMISSIONS_H

#include <stddef.h>

#include "agentctl/config_memory.h"
#include "judge/policy.h"

enum permission_kind { PERMISSION_ALLOWED, PERMISSION_DENIED, PERMISSION_LIMIT };

struct permission {
    enum permission_kind kind;
    const char
        *text; /* as "sudo as root: /usr/bin/systemctl restart nginx (for restart-web)"; patterns as they are written */
};

struct permissions {
    struct permission *items; /* by kind and text, none twice */
    size_t count;
};

/* A command of a rule as it is written. */
const char *permission_command(const struct command *command, struct arena *arena);

/* Where and under which name a rule stands is no part of it. All lives in the arena. */
void permissions_of(const struct policy_set *set, struct arena *arena, struct permissions *ret);
/* Add who else than the agent may act in the account: human_use and unattended of struct identity. */
void permissions_add_visits(struct permissions *permissions, int human_use, unsigned unattended, struct arena *arena);
/* Add that the account is a member of this group. */
void permissions_add_group(struct permissions *permissions, const char *group, struct arena *arena);
int permission_compare(const struct permission *a, const struct permission *b);

#endif
