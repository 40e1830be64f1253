#include "core/array.h"

#include <stdlib.h>
#include <string.h>

void *array_grow(void *array_ptr, size_t *count, size_t size)
{
    char *array, *moved;

    memcpy(&array, array_ptr, sizeof array);
    /* Full at every power of two from 4 on. */
    if (*count == 0 || (*count >= 4 && (*count & (*count - 1)) == 0)) {
        moved = realloc(array, (*count ? *count * 2 : 4) * size);
        if (!moved)
            return NULL;
        array = moved;
        memcpy(array_ptr, &array, sizeof array);
    }
    memset(array + *count * size, 0, size);
    return array + (*count)++ * size;
}
