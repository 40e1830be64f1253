#include "core/database.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "core/names.h"

/* The format, from cdb(5): 256 pairs (position, slots) of hash tables, the records, the tables. */
#define TABLES 256
#define PAIR 8 /* two 32-bit numbers, low byte first: of a table, of a slot, and in front of a record */
#define RECORDS_START (TABLES * PAIR)
#define VALUE_AT_ONCE 128 /* most values are shorter; what lies behind them would have to come from memory too */
#define SLOTS_AT_ONCE 32  /* tables are half full, but numbered names cluster: one read mostly ends the search */

struct pair {
    uint32_t first, second;
};

static uint32_t number(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static struct pair pair_at(const unsigned char *at)
{
    return (struct pair){.first = number(at), .second = number(at + 4)};
}

static uint32_t hash(char kind, const char *key, size_t len)
{
    uint32_t h = (5381U * 33) ^ (unsigned char)kind;

    for (size_t i = 0; i < len; i++)
        h = (h * 33) ^ (unsigned char)key[i];
    return h;
}

static ssize_t read_some(int fd, void *buf, size_t len, uint64_t position)
{
    ssize_t n;

    do
        n = pread(fd, buf, len, (off_t)position);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* All len bytes. */
static int read_whole(int fd, void *buf, size_t len, uint64_t position)
{
    ssize_t n = read_some(fd, buf, len, position);

    if (n < 0)
        return (int)n;
    return (size_t)n == len ? 0 : -EBADMSG;
}

/* The record at position: its value where it is the one of kind + key, -ENOENT where it is another. */
static int record_read(int fd, uint64_t position, char kind, const char *key, size_t key_len, char *buf, size_t cap,
                       size_t *ret_len)
{
    unsigned char record[PAIR + 1 + SPIFFE_ID_MAX + VALUE_AT_ONCE];
    const size_t value_at = PAIR + 1 + key_len;
    ssize_t n = read_some(fd, record, value_at + VALUE_AT_ONCE, position);
    struct pair length;
    size_t have;

    if (n < 0)
        return (int)n;
    if (position < RECORDS_START || n < PAIR)
        return -EBADMSG;
    length = pair_at(record);
    if (length.first != key_len + 1)
        return -ENOENT;
    if ((size_t)n < value_at)
        return -EBADMSG;
    if (record[PAIR] != (unsigned char)kind || memcmp(record + PAIR + 1, key, key_len) != 0)
        return -ENOENT;
    if (length.second >= cap)
        return -ENOBUFS;
    have = (size_t)n - value_at < length.second ? (size_t)n - value_at : length.second;
    memcpy(buf, record + value_at, have);
    buf[length.second] = '\0';
    *ret_len = length.second;
    return have == length.second ? 0 : read_whole(fd, buf + have, length.second - have, position + value_at + have);
}

int database_first(int fd, char kind, const char *key, char *buf, size_t cap, size_t *ret_len)
{
    size_t key_len = strlen(key);

    if (key_len > SPIFFE_ID_MAX)
        return -ENAMETOOLONG;
    return record_read(fd, RECORDS_START, kind, key, key_len, buf, cap, ret_len);
}

int database_get(int fd, char kind, const char *key, char *buf, size_t cap, size_t *ret_len)
{
    unsigned char bytes[SLOTS_AT_ONCE * PAIR];
    size_t key_len = strlen(key);
    uint32_t h, slot, looked = 0;
    struct pair table;
    int r;

    if (key_len > SPIFFE_ID_MAX)
        return -ENAMETOOLONG;
    h = hash(kind, key, key_len);
    r = read_whole(fd, bytes, PAIR, h % TABLES * PAIR);
    if (r < 0)
        return r;
    table = pair_at(bytes);
    if (table.first < RECORDS_START) /* of an empty table too: a file of zeros is no database */
        return -EBADMSG;
    if (table.second == 0)
        return -ENOENT;
    slot = (h >> 8) % table.second;
    while (looked < table.second) {
        uint32_t count = table.second - slot < SLOTS_AT_ONCE ? table.second - slot : SLOTS_AT_ONCE;

        r = read_whole(fd, bytes, (size_t)count * PAIR, table.first + (uint64_t)slot * PAIR);
        if (r < 0)
            return r;
        for (uint32_t i = 0; i < count && looked < table.second; i++, looked++) {
            struct pair found = pair_at(bytes + (size_t)i * PAIR);

            if (found.second == 0)
                return -ENOENT;
            if (found.first != h)
                continue;
            r = record_read(fd, found.second, kind, key, key_len, buf, cap, ret_len);
            if (r != -ENOENT)
                return r;
        }
        slot = slot + count == table.second ? 0 : slot + count;
    }
    return -ENOENT;
}
