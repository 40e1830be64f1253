#include "trust/base64url.h"

#include <errno.h>
#include <stdint.h>

/* The last two digits are all in which the alphabets differ. */
static const char url_tail[2] = {'-', '_'};
static const char standard_tail[2] = {'+', '/'};

static int digit_value(char c, const char tail[2])
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == tail[0])
        return 62;
    return c == tail[1] ? 63 : -1;
}

static int decode(const char *text, size_t len, const char tail[2], unsigned char *buf, size_t cap, size_t *ret_len)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t n = 0;

    if (len % 4 == 1)
        return -EBADMSG;
    if (len / 4 * 3 + len % 4 * 3 / 4 > cap)
        return -ENOBUFS;
    for (size_t i = 0; i < len; i++) {
        int value = digit_value(text[i], tail);

        if (value < 0)
            return -EBADMSG;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            buf[n++] = (unsigned char)(bits >> held);
            bits &= (1U << held) - 1;
        }
    }
    if (bits != 0)
        return -EBADMSG;
    *ret_len = n;
    return 0;
}

int base64url_decode(const char *text, size_t len, void *buf, size_t cap, size_t *ret_len)
{
    return decode(text, len, url_tail, buf, cap, ret_len);
}

int base64_decode(const char *text, size_t len, void *buf, size_t cap, size_t *ret_len)
{
    size_t padding = 0;

    if (len == 0 || len % 4 != 0)
        return -EBADMSG;
    while (padding < 2 && text[len - padding - 1] == '=')
        padding++;
    return decode(text, len - padding, standard_tail, buf, cap, ret_len);
}

static char digit(unsigned value, const char tail[2])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    return value < 62 ? digits[value] : tail[value - 62];
}

/* The end of the text. */
static char *encode(const unsigned char *bytes, size_t len, const char tail[2], char *text)
{
    uint32_t bits = 0;
    unsigned held = 0;

    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | bytes[i];
        held += 8;
        while (held >= 6) {
            held -= 6;
            *text++ = digit(bits >> held & 63, tail);
        }
    }
    if (held > 0)
        *text++ = digit(bits << (6 - held) & 63, tail);
    return text;
}

void base64url_encode(const void *bytes, size_t len, char *ret_text)
{
    *encode(bytes, len, url_tail, ret_text) = '\0';
}

void base64_encode(const void *bytes, size_t len, char *ret_text)
{
    char *end = encode(bytes, len, standard_tail, ret_text);

    while ((end - ret_text) % 4 != 0)
        *end++ = '=';
    *end = '\0';
}
