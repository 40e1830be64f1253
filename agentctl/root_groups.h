/*
 * Groups that no agent gets: whose members are as good as root, or read what opens other accounts. By the names that distributions and
 * packages give them; what sudoers(5) grants to others is decided again by sudo_agent.so.
 */
#ifndef AGENTCTL_ROOT_GROUPS_H
#define AGENTCTL_ROOT_GROUPS_H

struct root_group {
    const char *name;
    const char *why; /* as in "its members WHY" */
};

extern const struct root_group root_groups[]; /* up to one without a name */

/* The row of this name, or NULL. */
const struct root_group *root_group(const char *name);

#endif
