/*
 * Memory that lives as long as a configuration: taken piece by piece, given back at once. Running out of it ends the
 * program with exit status 3 and a message; whoever uses this has by then changed nothing that outlives the process.
 */
#ifndef PAM_AGENT_CONFIG_MEMORY_H
#define PAM_AGENT_CONFIG_MEMORY_H

#include <stddef.h>

#include "core/compat.h"

struct arena {
    struct arena_block *blocks;
};

/* Zeroed, aligned for any object; never NULL. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);
/* A copy of text[len] and a NUL. */
char *arena_copy(struct arena *arena, const char *text, size_t len);
char *arena_format(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);
/*
 * Room for one more after items[count]: the array, moved where it has to grow; what stood in the old place is gone, and the new room is
 * not zeroed. Start with NULL and 0.
 */
void *arena_grow(struct arena *arena, void *items, size_t count, size_t size);
void arena_clear(struct arena *arena);

/* The same end for plain allocations: p, which is not NULL. */
void *memory_must(void *p);

#endif
