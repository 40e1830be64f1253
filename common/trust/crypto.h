/*
 * What libcrypto gives besides keys: digests, wiping.
 */
#ifndef PAM_AGENT_CRYPTO_H
#define PAM_AGENT_CRYPTO_H

#include <stddef.h>

#include "core/compat.h"

#define SHA256_SIZE 32
#define SHA512_SIZE 64

/*
 * Let libcrypto read its configuration and make its tables now: nothing after this needs a file, unless that configuration wants it.
 * Without this call it does so at the first use. 0 or -EIO.
 */
int crypto_begin(void) MUST_CHECK;

/* The digest of bytes[len]. 0 or -EIO (libcrypto refuses, e.g. out of memory). */
int crypto_sha256(const void *bytes, size_t len, unsigned char ret_digest[SHA256_SIZE]) MUST_CHECK;
int crypto_sha512(const void *bytes, size_t len, unsigned char ret_digest[SHA512_SIZE]) MUST_CHECK;

/* Overwrite a secret; the compiler does not drop it. */
void crypto_wipe(void *buf, size_t len);

#endif
