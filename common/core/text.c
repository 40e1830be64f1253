#include "core/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int text_u64(const char *text, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;

    if (!*text || (text[0] == '0' && text[1]))
        return -EINVAL;
    for (; *text; text++) {
        unsigned digit = (unsigned)*text - '0';

        if (digit > 9 || value > (max - digit) / 10 || digit > max)
            return -EINVAL;
        value = value * 10 + digit;
    }
    *ret = value;
    return 0;
}

int text_i64(const char *text, int64_t *ret)
{
    int negative = *text == '-';
    uint64_t magnitude;

    if (text_u64(text + negative, INT64_MAX, &magnitude) < 0)
        return -EINVAL;
    *ret = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return 0;
}

void text_decimal(char dst[TEXT_DECIMAL_MAX + 1], uint64_t value)
{
    char digits[TEXT_DECIMAL_MAX];
    size_t n = 0;

    do
        digits[n++] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    while (n > 0)
        *dst++ = digits[--n];
    *dst = '\0';
}

int text_copy(char *dst, size_t cap, const char *src)
{
    size_t len = strlen(src);

    if (len >= cap) {
        if (cap)
            *dst = '\0';
        return -ENOBUFS;
    }
    memcpy(dst, src, len + 1);
    return 0;
}

int text_format(char *dst, size_t cap, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(dst, cap, fmt, args);
    va_end(args);
    return len >= 0 && (size_t)len < cap ? 0 : -ENOBUFS;
}

void text_hex(char *dst, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        *dst++ = digits[bytes[i] >> 4];
        *dst++ = digits[bytes[i] & 15];
    }
    *dst = '\0';
}

int text_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

int text_equal(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}
