#include "agentctl/words.h"

#include <string.h>

int words_split(char *line, size_t max, struct arena *arena, struct words *ret)
{
    char *rest = NULL;

    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (ret->count == max)
            return 0;
        ret->items = arena_grow(arena, ret->items, ret->count, sizeof *ret->items);
        ret->items[ret->count++] = word;
    }
    return 1;
}
