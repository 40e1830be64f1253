/* Small, strict conversions. Nothing here allocates, reads the locale or the environment. */
#ifndef PAM_AGENT_TEXT_H
#define PAM_AGENT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"

/* Decimal digits only, no sign, no leading zero but "0" itself, at most max. 0 or -EINVAL. */
int text_u64(const char *text, uint64_t max, uint64_t *ret) MUST_CHECK;
/* An optional '-' before the same. 0 or -EINVAL. */
int text_i64(const char *text, int64_t *ret) MUST_CHECK;
/* The digits of value and a NUL. */
#define TEXT_DECIMAL_MAX 20
void text_decimal(char dst[TEXT_DECIMAL_MAX + 1], uint64_t value);
/* Copy whole or not at all: 0, or -ENOBUFS with dst = "". */
int text_copy(char *dst, size_t cap, const char *src) MUST_CHECK;
/* snprintf that fails instead of cutting: 0 or -ENOBUFS. */
int text_format(char *dst, size_t cap, const char *fmt, ...) MUST_CHECK PRINTF_LIKE(3, 4);
/* Lower-case hex of bytes[len] and a NUL; dst has 2 * len + 1 bytes. */
void text_hex(char *dst, const unsigned char *bytes, size_t len);
int text_starts_with(const char *text, const char *prefix);
/* A string that may be NULL: equal only if both are strings and the same. */
int text_equal(const char *a, const char *b);

#endif
