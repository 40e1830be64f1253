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

static int is_at(const struct overlap *index, size_t i, const char *text)
{
    return i < index->count && strcmp(index->entries[i].pattern, text) == 0;
}

static int is_below(const struct overlap *index, size_t i, const char *prefix)
{
    return i < index->count && text_starts_with(index->entries[i].pattern, prefix);
}

static void take(struct owners *owners, size_t owner)
{
    if (owners->count == owners->room) {
        owners->room = owners->room ? 2 * owners->room : 16;
        owners->items = memory_must(realloc(owners->items, owners->room * sizeof *owners->items));
    }
    owners->items[owners->count++] = owner;
}

/* 1 where there is one; each is taken where owners is not NULL. */
static int take_equal(const struct overlap *index, const char *text, struct owners *owners)
{
    size_t first = lower_bound(index, text);

    for (size_t i = first; owners && is_at(index, i, text); i++)
        take(owners, index->entries[i].owner);
    return is_at(index, first, text);
}

static int take_below(const struct overlap *index, const char *prefix, struct owners *owners)
{
    size_t first = lower_bound(index, prefix);

    for (size_t i = first; owners && is_below(index, i, prefix); i++)
        take(owners, index->entries[i].owner);
    return is_below(index, first, prefix);
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

/* As take_equal, of all that overlap. */
static int take_all(const struct overlap *index, const char *pattern, struct owners *owners)
{
    char above[SPIFFE_ID_MAX + 3];
    const char *domain;
    char *slash, *first;
    int any;

    if (text_copy(above, sizeof above - 2, pattern) < 0)
        return 0;
    (void)spiffe_trust_domain(above, &domain);
    first = strchr(domain, '/');
    slash = strrchr(above, '/');
    if (strcmp(slash, "/*") == 0) {
        slash[1] = '\0';
        any = take_below(index, above, owners); /* this pattern itself too */
        *slash = '\0';
    } else {
        any = take_equal(index, above, owners);
    }
    /* Everything that ends in "*" and stands above. */
    while ((slash = strrchr(above, '/')) && slash >= first) {
        strcpy(slash, "/*");
        any |= take_equal(index, above, owners);
        *slash = '\0';
    }
    return any;
}

void overlap_find(const struct overlap *index, const char *pattern, struct owners *owners)
{
    owners->count = 0;
    (void)take_all(index, pattern, owners);
    make_unique(owners);
}

void owners_clear(struct owners *owners)
{
    free(owners->items);
    *owners = (struct owners){.count = 0};
}

int overlap_is_any(const struct overlap *index, const char *pattern)
{
    return take_all(index, pattern, NULL);
}
