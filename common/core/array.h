/* Arrays that grow by one. */
#ifndef PAM_AGENT_ARRAY_H
#define PAM_AGENT_ARRAY_H

#include <stddef.h>

/*
 * One more element of this size, zeroed, at the end of the array that *array_ptr points to (a pointer of any type; NULL with *count 0
 * at first), which may move. NULL when there is no memory. It is for free().
 */
void *array_grow(void *array_ptr, size_t *count, size_t size);

#endif
