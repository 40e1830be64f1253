#include "trust/sshkey.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "trust/base64url.h"
#include "trust/sshwire.h"

/* RFC 8709, RFC 5656 Section 3.1: what stands before the point. */
static const struct format {
    enum key_type key;
    const char *type, *curve;
} formats[] = {
    {KEY_ED25519, "ssh-ed25519", NULL},
    {KEY_P256, "ecdsa-sha2-nistp256", "nistp256"},
    {KEY_P384, "ecdsa-sha2-nistp384", "nistp384"},
};

static const struct format *format_of(const struct key *key)
{
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        if (formats[i].key == key_type(key))
            return &formats[i];
    return NULL;
}

static int is_text(const unsigned char *bytes, size_t len, const char *text)
{
    return len == strlen(text) && memcmp(bytes, text, len) == 0;
}

/* The type, and the curve where the type has one. */
static const struct format *read_format(struct sshwire_reader *r)
{
    const struct format *format = NULL;
    const unsigned char *type;
    size_t len;

    if (sshwire_get_string(r, SSHKEY_BLOB_MAX, &type, &len) < 0)
        return NULL;
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        if (is_text(type, len, formats[i].type))
            format = &formats[i];
    return format && format->curve && sshwire_get_text(r, format->curve) < 0 ? NULL : format;
}

/* A positive mpint in its one form, without the zero that stands before a set top bit. */
static int read_number(struct sshwire_reader *r, size_t max, const unsigned char **ret_bytes, size_t *ret_len)
{
    const unsigned char *bytes;
    size_t len;

    if (sshwire_get_string(r, max + 1, &bytes, &len) < 0 || len == 0 || bytes[0] & 0x80)
        return -EINVAL;
    if (bytes[0] == 0) {
        if (len == 1 || !(bytes[1] & 0x80))
            return -EINVAL;
        bytes++;
        len--;
    }
    *ret_bytes = bytes;
    *ret_len = len;
    return 0;
}

int sshkey_read_rsa(struct sshwire_reader *r, enum key_type type, struct key **ret_key)
{
    const unsigned char *n, *e;
    size_t n_len, e_len;

    if (read_number(r, KEY_RSA_EXPONENT_MAX, &e, &e_len) < 0 || read_number(r, KEY_RSA_MAX, &n, &n_len) < 0)
        return -EINVAL;
    return key_new_rsa(type, n, n_len, e, e_len, ret_key);
}

/* The rest of a key whose type was read: all but `ssh-rsa`. */
static int read_point(struct sshwire_reader *r, const struct format *format, struct key **ret_key)
{
    const unsigned char *point;
    size_t len;

    if (sshwire_get_string(r, SSHKEY_BLOB_MAX, &point, &len) < 0)
        return -EINVAL;
    return key_new_public(format->key, point, len, ret_key);
}

static int is_certified(const unsigned char *type, size_t len, const char *plain)
{
    size_t n = strlen(plain);

    return len > n && memcmp(type, plain, n) == 0 && is_text(type + n, len - n, SSHKEY_CERT_SUFFIX);
}

int sshkey_read_certified(struct sshwire_reader *r, const unsigned char *type, size_t len, struct key **ret_key)
{
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        if (is_certified(type, len, formats[i].type))
            return formats[i].curve && sshwire_get_text(r, formats[i].curve) < 0 ? -EINVAL
                                                                                 : read_point(r, &formats[i], ret_key);
    return is_certified(type, len, "ssh-rsa") ? sshkey_read_rsa(r, KEY_RS256, ret_key) : -ENOTSUP;
}

int sshkey_parse_signer(const unsigned char *blob, size_t len, const char *algorithm, struct key **ret_key)
{
    static const struct {
        const char *algorithm;
        enum key_type type;
    } hashes[] = {{"rsa-sha2-256", KEY_RS256}, {"rsa-sha2-512", KEY_RS512}};
    struct sshwire_reader r = {blob, len};

    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        int error;

        if (strcmp(algorithm, hashes[i].algorithm) != 0)
            continue;
        if (sshwire_get_text(&r, "ssh-rsa") < 0)
            return -EINVAL;
        error = sshkey_read_rsa(&r, hashes[i].type, ret_key);
        if (!error && r.left != 0) {
            key_free(*ret_key);
            *ret_key = NULL;
            error = -EINVAL;
        }
        return error;
    }
    return sshkey_parse_blob(blob, len, ret_key);
}

int sshkey_parse_blob(const unsigned char *blob, size_t len, struct key **ret_key)
{
    struct sshwire_reader r = {blob, len};
    const struct format *format = len > SSHKEY_BLOB_MAX ? NULL : read_format(&r);
    const unsigned char *point;
    size_t point_len;

    if (!format || sshwire_get_string(&r, SSHKEY_BLOB_MAX, &point, &point_len) < 0 || r.left != 0)
        return -EINVAL;
    return key_new_public(format->key, point, point_len, ret_key);
}

/* `TYPE BASE64 [comment]`: the blob, of which the type is a part. */
static int decode_line(const char *line, size_t len, unsigned char *blob, size_t cap, size_t *ret_len)
{
    const char *text, *end = line + len;
    struct sshwire_reader r = {blob, 0};
    size_t type_len, text_len;
    const unsigned char *type;

    if (len > SSHKEY_LINE_MAX)
        return -EINVAL;
    if (len > 0 && end[-1] == '\n')
        end--;
    text = memchr(line, ' ', (size_t)(end - line));
    if (!text || memchr(line, '\n', (size_t)(end - line)))
        return -EINVAL;
    type_len = (size_t)(text++ - line);
    text_len = (size_t)(end - text);
    if (memchr(text, ' ', text_len))
        text_len = (size_t)((const char *)memchr(text, ' ', text_len) - text);
    if (base64_decode(text, text_len, blob, cap, &r.left) < 0)
        return -EINVAL;
    *ret_len = r.left;
    return sshwire_get_string(&r, type_len, &type, &len) < 0 || len != type_len || memcmp(type, line, len) != 0
               ? -EINVAL
               : 0;
}

int sshkey_parse_line(const char *line, size_t len, struct key **ret_key)
{
    unsigned char blob[SSHKEY_BLOB_MAX];
    size_t blob_len;
    int error = decode_line(line, len, blob, sizeof blob, &blob_len);

    return error ? error : sshkey_parse_blob(blob, blob_len, ret_key);
}

int sshkey_parse_signer_line(const char *line, size_t len, struct key **ret_key)
{
    unsigned char blob[SSHKEY_LINE_MAX];
    size_t blob_len;
    int error = decode_line(line, len, blob, sizeof blob, &blob_len);

    if (error)
        return error;
    return sshkey_parse_signer(blob, blob_len, text_starts_with(line, "ssh-rsa ") ? "rsa-sha2-256" : "", ret_key);
}

static size_t write_blob(const struct key *key, const struct format *format, unsigned char *buf, size_t cap)
{
    struct sshwire_writer w = {.buf = buf, .cap = cap};
    size_t len;
    const unsigned char *point = key_point(key, &len);

    sshwire_put_string(&w, format->type, strlen(format->type));
    if (format->curve)
        sshwire_put_string(&w, format->curve, strlen(format->curve));
    sshwire_put_string(&w, point, len);
    return w.error ? 0 : w.len;
}

int sshkey_format_line(const struct key *key, char *buf, size_t cap)
{
    const struct format *format = format_of(key);
    unsigned char blob[SSHKEY_BLOB_MAX];
    char text[SSHKEY_BLOB_MAX * 4 / 3 + 8];
    int n;

    if (!format)
        return -EINVAL;
    base64_encode(blob, write_blob(key, format, blob, sizeof blob), text);
    n = snprintf(buf, cap, "%s %s", format->type, text);
    return n > 0 && (size_t)n < cap ? 0 : -ENOBUFS;
}

/* The secret part: two equal numbers, the key, a comment, and padding 1, 2, 3 ... up to a block of 8. */
static int read_secret(struct sshwire_reader r, struct key **ret_key)
{
    const unsigned char *point, *secret, *comment;
    size_t point_len, secret_len, comment_len;
    const struct format *format;
    uint32_t check, again;

    if (sshwire_get_u32(&r, &check) < 0 || sshwire_get_u32(&r, &again) < 0 || check != again ||
        !(format = read_format(&r)) || sshwire_get_string(&r, SSHKEY_BLOB_MAX, &point, &point_len) < 0 ||
        sshwire_get_string(&r, SSHKEY_BLOB_MAX, &secret, &secret_len) < 0 ||
        sshwire_get_string(&r, SSHKEY_LINE_MAX, &comment, &comment_len) < 0 || r.left >= 8)
        return -EINVAL;
    for (unsigned char i = 1; r.left > 0; i++, r.at++, r.left--)
        if (*r.at != i)
            return -EINVAL;
    if (format->key == KEY_ED25519) { /* seed and point */
        if (secret_len != 2 * KEY_ED25519_SIZE)
            return -EINVAL;
        secret_len = KEY_ED25519_SIZE;
    }
    for (; secret_len > 0 && format->curve && *secret == 0; secret++) /* an mpint */
        secret_len--;
    return key_new_private(format->key, secret, secret_len, point, point_len, ret_key);
}

int sshkey_parse_private(const unsigned char *bytes, size_t len, struct key **ret_key)
{
    static const char magic[] = "openssh-key-v1"; /* with its NUL */
    struct sshwire_reader r = {bytes, len}, secret;
    CLEANUP(key_freep) struct key *key = NULL;
    CLEANUP(key_freep) struct key *public = NULL;
    const unsigned char *start, *blob;
    size_t blob_len;
    uint32_t count;

    if (sshwire_get_bytes(&r, sizeof magic, &start) < 0 || memcmp(start, magic, sizeof magic) != 0 ||
        sshwire_get_text(&r, "none") < 0 || sshwire_get_text(&r, "none") < 0 || sshwire_get_text(&r, "") < 0 ||
        sshwire_get_u32(&r, &count) < 0 || count != 1 ||
        sshwire_get_string(&r, SSHKEY_BLOB_MAX, &blob, &blob_len) < 0 ||
        sshwire_get_string(&r, len, &secret.at, &secret.left) < 0 || r.left != 0)
        return -EINVAL;
    if (sshkey_parse_blob(blob, blob_len, &public) < 0 || read_secret(secret, &key) < 0 || !key_equal(public, key))
        return -EINVAL;
    *ret_key = key;
    key = NULL;
    return 0;
}

/* RFC 5656 Section 3.1.2: mpint r, mpint s, of half a signature each. */
static int read_ecdsa(const unsigned char *blob, size_t len, unsigned char *raw, size_t raw_len)
{
    struct sshwire_reader r = {blob, len};

    if (sshwire_get_mpint(&r, raw, raw_len / 2) < 0 || sshwire_get_mpint(&r, raw + raw_len / 2, raw_len / 2) < 0 ||
        r.left != 0)
        return -EKEYREJECTED;
    return 0;
}

/* RFC 8332 Section 3: an integer, so a signer may leave zeros out that stand before it. */
static int read_rsa_signature(const unsigned char *blob, size_t len, unsigned char *raw, size_t raw_len)
{
    if (len == 0 || len > raw_len)
        return -EKEYREJECTED;
    memset(raw, 0, raw_len - len);
    memcpy(raw + raw_len - len, blob, len);
    return 0;
}

/* They are those of keys, but for RSA. */
const char *sshkey_signature_name(const struct key *key)
{
    const struct format *format = format_of(key);

    if (format)
        return format->type;
    return key_type(key) == KEY_RS256 ? "rsa-sha2-256" : key_type(key) == KEY_RS512 ? "rsa-sha2-512" : "";
}

int sshkey_verify(const struct key *key, const void *bytes, size_t len, const unsigned char *signature,
                  size_t signature_len)
{
    const struct format *format = format_of(key);
    size_t blob_len, raw_len = key_signature_size(key);
    struct sshwire_reader r = {signature, signature_len};
    unsigned char raw[KEY_RSA_MAX];
    const unsigned char *blob;
    int error = 0;

    if (sshwire_get_text(&r, sshkey_signature_name(key)) < 0 ||
        sshwire_get_string(&r, KEY_RSA_MAX, &blob, &blob_len) < 0 || r.left != 0)
        return -EKEYREJECTED;
    if (format && !format->curve)
        return key_verify(key, bytes, len, blob, blob_len);
    error = format ? read_ecdsa(blob, blob_len, raw, raw_len) : read_rsa_signature(blob, blob_len, raw, raw_len);
    return error ? error : key_verify(key, bytes, len, raw, raw_len);
}
