/*
 * Which of many SPIFFE patterns can match what another matches: a/b and a/b; a/b and a/ *; a/ * and a/b/ *. For each `find`, a
 * few binary searches, however many patterns there are.
 */
#ifndef PAM_AGENT_CONFIG_OVERLAP_H
#define PAM_AGENT_CONFIG_OVERLAP_H

#include <stddef.h>

#include "agentctl/config_memory.h"

struct overlap {
    struct overlap_entry {
        const char *pattern; /* borrowed */
        size_t owner;
    } * entries;
    size_t count;
};

struct owners {
    size_t *items;
    size_t count, room;
};

/* Add a valid pattern (a SPIFFE ID is one) of the owner. */
void overlap_add(struct overlap *index, struct arena *arena, const char *pattern, size_t owner);
/* After the last add. */
void overlap_sort(struct overlap *index);
/* The owners of patterns that overlap with this one, in ascending order, each once, in place of those that were there. */
void overlap_find(const struct overlap *index, const char *pattern, struct owners *owners);
void owners_clear(struct owners *owners);
/* Are there any? 1 or 0. */
int overlap_is_any(const struct overlap *index, const char *pattern);

#endif
