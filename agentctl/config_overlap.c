#include "agentctl/config_overlap.h"

#include <stdlib.h>
#include <string.h>

#include "core/names.h"
#include "core/text.h"

void overlap_add(struct overlap *index, struct arena *arena, const char *pattern, size_t owner)
{
    index->entries = arena_grow(arena, index->entries, index->count, sizeof *index->entries);
    index->entries[index->count++] = (struct overlap_entry){.pattern = pattern, .owner = owner};
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct overlap_entry *)a)->pattern, ((const struct overlap_entry *)b)->pattern);
}

void overlap_sort(struct overlap *index)
{
    if (index->count)
        qsort(index->entries, index->count, sizeof *index->entries, compare_entries);
}

/* The first entry that is not less than text. */
static size_t lower_bound(const struct overlap *index, const char *text)
{
    size_t low = 0, high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(index->entries[middle].pattern, text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void take(struct owners *owners, struct arena *arena, size_t owner)
{
    owners->items = arena_grow(arena, owners->items, owners->count, sizeof *owners->items);
    owners->items[owners->count++] = owner;
}

static void take_equal(const struct overlap *index, struct arena *arena, const char *text, struct owners *owners)
{
    for (size_t i = lower_bound(index, text); i < index->count && !strcmp(index->entries[i].pattern, text); i++)
        take(owners, arena, index->entries[i].owner);
}

static void take_below(const struct overlap *index, struct arena *arena, const char *prefix, struct owners *owners)
{
    for (size_t i = lower_bound(index, prefix); i < index->count && text_starts_with(index->entries[i].pattern, prefix);
         i++)
        take(owners, arena, index->entries[i].owner);
}

static int compare_owners(const void *a, const void *b)
{
    size_t left = *(const size_t *)a, right = *(const size_t *)b;

    return left < right ? -1 : left > right;
}

static void make_unique(struct owners *owners)
{
    size_t kept = 0;

    if (owners->count)
        qsort(owners->items, owners->count, sizeof *owners->items, compare_owners);
    for (size_t i = 0; i < owners->count; i++)
        if (kept == 0 || owners->items[i] != owners->items[kept - 1])
            owners->items[kept++] = owners->items[i];
    owners->count = kept;
}

struct owners overlap_find(const struct overlap *index, struct arena *arena, const char *pattern)
{
    struct owners owners = {0};
    char above[SPIFFE_ID_MAX + 3];
    const char *domain;
    char *slash, *first;

    if (text_copy(above, sizeof above - 2, pattern) < 0)
        return owners;
    (void)spiffe_trust_domain(above, &domain);
    first = strchr(domain, '/');
    slash = strrchr(above, '/');
    if (strcmp(slash, "/*") == 0) {
        slash[1] = '\0';
        take_below(index, arena, above, &owners); /* this pattern itself too */
        *slash = '\0';
    } else {
        take_equal(index, arena, above, &owners);
    }
    /* Everything that ends in "*" and stands above. */
    while ((slash = strrchr(above, '/')) && slash >= first) {
        strcpy(slash, "/*");
        take_equal(index, arena, above, &owners);
        *slash = '\0';
    }
    make_unique(&owners);
    return owners;
}
