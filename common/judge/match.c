#include "judge/match.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"

static int control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static int has_dotdot_segment(const char *word)
{
    for (const char *at = strstr(word, ".."); at; at = strstr(at + 1, ".."))
        if ((at == word || at[-1] == '/') && (at[2] == '\0' || at[2] == '/'))
            return 1;
    return 0;
}

/* May a wildcard stand for this byte of the word? */
static int wild(const char *word, const char *at)
{
    return *at != '/' && !control(*at) && !(at == word && (*at == '-' || *at == '.'));
}

/* Linear but for the last star: on a mismatch only that one takes one byte more. */
static int glob(const char *pattern, const char *word)
{
    const char *at = word, *star = NULL, *resume = NULL;

    while (*at) {
        if (*pattern == '*') {
            star = pattern++;
            resume = at;
        } else if (*pattern == '?' ? wild(word, at) : *pattern == *at) {
            pattern++;
            at++;
        } else if (star && wild(word, resume)) {
            pattern = star + 1;
            at = ++resume;
        } else {
            return 0;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

int word_matches(const char *pattern, const char *word)
{
    if (strcmp(pattern, word) == 0)
        return 1;
    if (has_dotdot_segment(word))
        return 0;
    return glob(pattern, word);
}

int command_matches(const struct command *command, const char *const *argv, size_t count)
{
    size_t wanted = command->words.count;

    if (count < wanted || (count > wanted && !command->any_arguments))
        return 0;
    if (wanted == 0 || strcmp(command->words.items[0], argv[0]) != 0)
        return 0;
    for (size_t i = 1; i < wanted; i++)
        if (!word_matches(command->words.items[i], argv[i]))
            return 0;
    return 1;
}

struct address {
    unsigned char bytes[16]; /* v4 as v4-mapped */
    unsigned bits;           /* of the 128 */
};

static const unsigned char v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* ADDRESS or ADDRESS/BITS: 1 and the address, or 0. */
static int address_read(const char *text, struct address *ret)
{
    char host[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    uint64_t bits;
    int v4;

    if (len >= sizeof host)
        return 0;
    memcpy(host, text, len);
    host[len] = '\0';
    memcpy(ret->bytes, v4_prefix, sizeof v4_prefix);
    v4 = inet_pton(AF_INET, host, ret->bytes + sizeof v4_prefix) == 1;
    if (!v4 && inet_pton(AF_INET6, host, ret->bytes) != 1)
        return 0;
    bits = v4 ? 32 : 128;
    if (slash && text_u64(slash + 1, bits, &bits) < 0)
        return 0;
    ret->bits = (unsigned)bits + (v4 ? 96 : 0);
    return 1;
}

static int same_prefix(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned char mask = (unsigned char)(0xff << (8 - bits % 8));

    if (memcmp(a, b, bits / 8) != 0)
        return 0;
    return bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

/* A pattern too short to say "mapped" speaks of v6 alone: "::/0" is no v4 address. */
static int same_family(const struct address *want, const struct address *have)
{
    return want->bits >= 8 * sizeof v4_prefix || memcmp(have->bytes, v4_prefix, sizeof v4_prefix) != 0;
}

/* ADDRESS alone. */
static int address_read_whole(const char *text, struct address *ret)
{
    return !strchr(text, '/') && address_read(text, ret);
}

int address_matches(const char *pattern, const char *address)
{
    struct address want, have;

    return address_read_whole(address, &have) && address_read(pattern, &want) && same_family(&want, &have) &&
           same_prefix(want.bytes, have.bytes, want.bits);
}

int address_valid(const char *address)
{
    struct address ignored;

    return address_read_whole(address, &ignored);
}

int address_pattern_valid(const char *pattern)
{
    struct address address, masked = {{0}, 0};

    if (!address_read(pattern, &address))
        return 0;
    for (unsigned bit = 0; bit < address.bits; bit++)
        masked.bytes[bit / 8] |= (unsigned char)(address.bytes[bit / 8] & (0x80 >> bit % 8));
    return memcmp(masked.bytes, address.bytes, sizeof masked.bytes) == 0;
}
