#include "agentctl/config_memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 65536u
#define ALIGNMENT sizeof(max_align_t)

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    max_align_t bytes[];
};

void *memory_must(void *p)
{
    if (p)
        return p;
    fputs("agentctl: out of memory; nothing was changed\n", stderr);
    exit(3);
}

static struct arena_block *block_new(struct arena *arena, size_t size)
{
    struct arena_block *block = memory_must(calloc(1, sizeof *block + size));

    block->size = size;
    /* A large piece gets a block of its own, behind the one that is being filled. */
    if (size > BLOCK_SIZE && arena->blocks) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    } else {
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    struct arena_block *block = arena->blocks;
    size_t need;
    void *piece;

    if (size && count > (SIZE_MAX - 2 * ALIGNMENT - sizeof *block) / size)
        memory_must(NULL);
    need = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!block || need > block->size - block->used)
        block = block_new(arena, need > BLOCK_SIZE ? need : BLOCK_SIZE);
    piece = (char *)block->bytes + block->used;
    block->used += need;
    return piece;
}

char *arena_copy(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_alloc(arena, len + 1, 1);

    memcpy(copy, text, len);
    return copy;
}

char *arena_format(struct arena *arena, const char *fmt, ...)
{
    va_list args;
    char *text;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0)
        memory_must(NULL);
    text = arena_alloc(arena, (size_t)len + 1, 1);
    va_start(args, fmt);
    vsnprintf(text, (size_t)len + 1, fmt, args);
    va_end(args);
    return text;
}

/* Twice the size of what is the only piece of a large block; NULL: it is not. */
static void *grow_large(struct arena *arena, const void *items, size_t size)
{
    struct arena_block **at = &arena->blocks, *larger;

    if (size <= BLOCK_SIZE)
        return NULL;
    while (*at && (const void *)(*at)->bytes != items)
        at = &(*at)->next;
    if (!*at || size > SIZE_MAX / 4)
        return NULL;
    larger = memory_must(realloc(*at, sizeof *larger + 2 * size));
    larger->size = larger->used = 2 * size;
    *at = larger;
    return larger->bytes;
}

void *arena_grow(struct arena *arena, void *items, size_t count, size_t size)
{
    void *larger;

    if (count & (count - 1)) /* full only where count is a power of two */
        return items;
    larger = grow_large(arena, items, count * size);
    if (larger)
        return larger;
    larger = arena_alloc(arena, count ? 2 * count : 1, size);
    if (count)
        memcpy(larger, items, count * size);
    return larger;
}

void arena_clear(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *next = arena->blocks->next;

        free(arena->blocks);
        arena->blocks = next;
    }
}
