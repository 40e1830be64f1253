#include "core/fields.h"

#include <errno.h>
#include <string.h>

#include "core/text.h"

#define HEADER_KEY "pam_agent"

static int key_char(char c, int first)
{
    if (c >= 'a' && c <= 'z')
        return 1;
    return !first && ((c >= '0' && c <= '9') || c == '-');
}

static size_t key_length(const char *key)
{
    size_t n = 0;

    while (key_char(key[n], n == 0))
        n++;
    return n;
}

static void put_byte(struct fields_writer *w, char c)
{
    if (w->error)
        return;
    if (w->len + 1 >= w->cap) { /* room for the final NUL */
        w->error = -ENOBUFS;
        return;
    }
    w->buf[w->len++] = c;
}

static void put_escaped(struct fields_writer *w, unsigned char c)
{
    static const char hex[] = "0123456789ABCDEF";

    if (c >= 0x20 && c != 0x7f && c != '%') {
        put_byte(w, (char)c);
        return;
    }
    put_byte(w, '%');
    put_byte(w, hex[c >> 4]);
    put_byte(w, hex[c & 15]);
}

static void put_line(struct fields_writer *w, const char *key, const char *value)
{
    for (; *key; key++)
        put_byte(w, *key);
    put_byte(w, ' ');
    for (; *value; value++)
        put_escaped(w, (unsigned char)*value);
    put_byte(w, '\n');
}

void fields_begin(struct fields_writer *w, char *buf, size_t cap)
{
    char version[TEXT_DECIMAL_MAX + 1];

    *w = (struct fields_writer){.buf = buf, .cap = cap};
    text_decimal(version, FIELDS_VERSION);
    put_line(w, HEADER_KEY, version);
}

void fields_put(struct fields_writer *w, const char *key, const char *value)
{
    size_t n;

    if (!value || w->error)
        return;
    n = key_length(key);
    if (n == 0 || n > FIELDS_KEY_MAX || key[n] != '\0') {
        w->error = -EINVAL;
        return;
    }
    put_line(w, key, value);
}

void fields_put_u64(struct fields_writer *w, const char *key, uint64_t value)
{
    char digits[TEXT_DECIMAL_MAX + 1];

    text_decimal(digits, value);
    fields_put(w, key, digits);
}

int fields_end(struct fields_writer *w, size_t *ret_len)
{
    if (w->error)
        return w->error;
    w->buf[w->len] = '\0';
    *ret_len = w->len;
    return 0;
}

int fields_open_bare(struct fields *f, char *text, size_t len)
{
    if (len == 0 || text[len - 1] != '\n' || memchr(text, '\0', len))
        return -EBADMSG;
    *f = (struct fields){.at = text, .end = text + len};
    return 0;
}

int fields_open(struct fields *f, char *text, size_t len)
{
    const char *key, *value;
    char version[TEXT_DECIMAL_MAX + 1];

    if (fields_open_bare(f, text, len) < 0)
        return -EBADMSG;
    /* The header has the shape of every line but for its key, which holds a '_'. */
    if (len < sizeof HEADER_KEY || memcmp(text, HEADER_KEY " ", sizeof HEADER_KEY) != 0)
        return -EBADMSG;
    f->at += sizeof "pam_" - 1;
    if (fields_next(f, &key, &value) != 1)
        return -EBADMSG;
    text_decimal(version, FIELDS_VERSION);
    return strcmp(value, version) == 0 ? 0 : -EBADMSG;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Unescape line[..end) in place; 0 or -EBADMSG. Whatever the writer would have escaped must be escaped. */
static int unescape(char *line, const char *end)
{
    char *out = line;

    for (const char *in = line; in < end; in++) {
        unsigned char c = (unsigned char)*in;

        if (c == '%') {
            int high = end - in > 2 ? hex_digit(in[1]) : -1;
            int low = end - in > 2 ? hex_digit(in[2]) : -1;

            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return -EBADMSG;
            c = (unsigned char)(high << 4 | low);
            in += 2;
        } else if (c < 0x20 || c == 0x7f) {
            return -EBADMSG;
        }
        *out++ = (char)c;
    }
    *out = '\0';
    return 0;
}

int fields_next(struct fields *f, const char **ret_key, const char **ret_value)
{
    char *line = f->at, *end, *value;
    size_t n;

    if (line == f->end)
        return 0;
    end = memchr(line, '\n', (size_t)(f->end - line));
    if (!end)
        return -EBADMSG;
    n = key_length(line);
    if (n == 0 || n > FIELDS_KEY_MAX || line[n] != ' ')
        return -EBADMSG;
    line[n] = '\0';
    value = line + n + 1;
    if (unescape(value, end) < 0)
        return -EBADMSG;
    f->at = end + 1;
    *ret_key = line;
    *ret_value = value;
    return 1;
}
