#include "trust/base64url.h"

#include <errno.h>
#include <stdint.h>

/* The last two digits are all in which the alphabets differ. */
static const char url_tail[2] = {'-', '_'};
static const char standard_tail[2] = {'+', '/'};

/* One more than the value of each digit; 0: none. */
#define COMMON_DIGITS \
    ['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8, ['I'] = 9, ['J'] = 10, \
    ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, \
    ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, \
    ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, \
    ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, \
    ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, \
    ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62

static const unsigned char url_numbers[256] = {COMMON_DIGITS, ['-'] = 63, ['_'] = 64};
static const unsigned char standard_numbers[256] = {COMMON_DIGITS, ['+'] = 63, ['/'] = 64};

/* Four digits, which are most of what verification reads, to three bytes. */
static int decode_four(const char *text, const unsigned char numbers[256], unsigned char *buf)
{
    int a = numbers[(unsigned char)text[0]] - 1, b = numbers[(unsigned char)text[1]] - 1;
    int c = numbers[(unsigned char)text[2]] - 1, d = numbers[(unsigned char)text[3]] - 1;

    if ((a | b | c | d) < 0)
        return -EBADMSG;
    buf[0] = (unsigned char)(a << 2 | b >> 4);
    buf[1] = (unsigned char)(b << 4 | c >> 2);
    buf[2] = (unsigned char)(c << 6 | d);
    return 0;
}

/* The last two or three digits to a byte less. */
static int decode_rest(const char *text, size_t len, const unsigned char numbers[256], unsigned char *buf)
{
    uint32_t bits = 0;
    unsigned spare = (4 - (unsigned)len) * 2; /* bits of the last digit that belong to no byte */

    for (size_t i = 0; i < len; i++) {
        unsigned number = numbers[(unsigned char)text[i]];

        if (number == 0)
            return -EBADMSG;
        bits = bits << 6 | (number - 1);
    }
    if (bits & ((1U << spare) - 1))
        return -EBADMSG;
    bits >>= spare;
    for (size_t i = len - 1; i > 0; i--) {
        buf[i - 1] = (unsigned char)bits;
        bits >>= 8;
    }
    return 0;
}

static int decode(const char *text, size_t len, const unsigned char numbers[256], unsigned char *buf, size_t cap,
                  size_t *ret_len)
{
    size_t groups = len / 4, rest = len % 4;
    int error = 0;

    if (rest == 1)
        return -EBADMSG;
    if (groups * 3 + rest * 3 / 4 > cap)
        return -ENOBUFS;
    for (size_t i = 0; i < groups && !error; i++)
        error = decode_four(text + 4 * i, numbers, buf + 3 * i);
    if (!error && rest > 0)
        error = decode_rest(text + 4 * groups, rest, numbers, buf + 3 * groups);
    if (error)
        return error;
    *ret_len = groups * 3 + rest * 3 / 4;
    return 0;
}

int base64url_decode(const char *text, size_t len, void *buf, size_t cap, size_t *ret_len)
{
    return decode(text, len, url_numbers, buf, cap, ret_len);
}

int base64_decode(const char *text, size_t len, void *buf, size_t cap, size_t *ret_len)
{
    size_t padding = 0;

    if (len == 0 || len % 4 != 0)
        return -EBADMSG;
    while (padding < 2 && text[len - padding - 1] == '=')
        padding++;
    return decode(text, len - padding, standard_numbers, buf, cap, ret_len);
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
