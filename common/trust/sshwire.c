#include "trust/sshwire.h"

#include <errno.h>
#include <string.h>

int sshwire_get_bytes(struct sshwire_reader *r, size_t len, const unsigned char **ret_bytes)
{
    if (len > r->left) {
        r->left = 0;
        return -EBADMSG;
    }
    *ret_bytes = r->at;
    r->at += len;
    r->left -= len;
    return 0;
}

int sshwire_get_u32(struct sshwire_reader *r, uint32_t *ret_number)
{
    const unsigned char *b;
    int error = sshwire_get_bytes(r, 4, &b);

    if (!error)
        *ret_number = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return error;
}

int sshwire_get_string(struct sshwire_reader *r, size_t max, const unsigned char **ret_bytes, size_t *ret_len)
{
    const unsigned char *bytes;
    uint32_t len;
    int error = sshwire_get_u32(r, &len);

    if (!error && len > max) {
        r->left = 0;
        error = -EBADMSG;
    }
    if (!error)
        error = sshwire_get_bytes(r, len, &bytes);
    if (error)
        return error;
    *ret_bytes = bytes;
    *ret_len = len;
    return 0;
}

int sshwire_get_text(struct sshwire_reader *r, const char *wanted)
{
    const unsigned char *bytes;
    size_t len, wanted_len = strlen(wanted);
    int error = sshwire_get_string(r, wanted_len, &bytes, &len);

    if (!error && (len != wanted_len || memcmp(bytes, wanted, len) != 0)) {
        r->left = 0;
        error = -EBADMSG;
    }
    return error;
}

int sshwire_get_mpint(struct sshwire_reader *r, unsigned char *ret_bytes, size_t len)
{
    const unsigned char *bytes;
    size_t n;
    int error = sshwire_get_string(r, len + 1, &bytes, &n);

    if (error)
        return error;
    if (n > 0 && bytes[0] == 0x00) { /* stands only before a set top bit: that bit would be the sign */
        if (n == 1 || !(bytes[1] & 0x80))
            return -EBADMSG;
        bytes++;
        n--;
    } else if (n > 0 && bytes[0] & 0x80) {
        return -EBADMSG;
    }
    if (n > len)
        return -EBADMSG;
    memset(ret_bytes, 0, len - n);
    memcpy(ret_bytes + len - n, bytes, n);
    return 0;
}

void sshwire_put_bytes(struct sshwire_writer *w, const void *bytes, size_t len)
{
    if (w->error || len > w->cap - w->len) {
        w->error = -ENOBUFS;
        return;
    }
    memcpy(w->buf + w->len, bytes, len);
    w->len += len;
}

void sshwire_put_string(struct sshwire_writer *w, const void *bytes, size_t len)
{
    const unsigned char size[4] = {(unsigned char)(len >> 24), (unsigned char)(len >> 16), (unsigned char)(len >> 8),
                                   (unsigned char)len};

    sshwire_put_bytes(w, size, sizeof size);
    sshwire_put_bytes(w, bytes, len);
}
