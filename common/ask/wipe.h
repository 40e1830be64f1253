/* Forget a secret. explicit_bzero(3) is in glibc from 2.25 on only. */
#ifndef PAM_AGENT_WIPE_H
#define PAM_AGENT_WIPE_H

#include <stddef.h>
#include <string.h>

static inline void wipe(void *secret, size_t len)
{
    memset(secret, 0, len);
    __asm__ __volatile__("" : : "r"(secret) : "memory"); /* the memory is "read": the memset stays */
}

#endif
