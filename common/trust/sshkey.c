#include "trust/sshkey.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "trust/base64url.h"
#include "trust/sshwire.h"

#define TYPE_ED25519 "ssh-ed25519"
#define TYPE_P256 "ecdsa-sha2-nistp256"
#define CURVE_P256 "nistp256"
#define NUMBER_SIZE (KEY_SIGNATURE_SIZE / 2)

static const char *type_of(const struct key *key)
{
    return key_type(key) == KEY_ED25519 ? TYPE_ED25519 : TYPE_P256;
}

static int is_text(const unsigned char *bytes, size_t len, const char *text)
{
    return len == strlen(text) && memcmp(bytes, text, len) == 0;
}

int sshkey_parse_blob(const unsigned char *blob, size_t len, struct key **ret_key)
{
    struct sshwire_reader r = {blob, len};
    const unsigned char *type, *point;
    size_t type_len, point_len;
    enum key_type kind;

    if (len > SSHKEY_BLOB_MAX || sshwire_get_string(&r, SSHKEY_BLOB_MAX, &type, &type_len) < 0)
        return -EINVAL;
    if (is_text(type, type_len, TYPE_ED25519))
        kind = KEY_ED25519;
    else if (is_text(type, type_len, TYPE_P256) && sshwire_get_text(&r, CURVE_P256) == 0)
        kind = KEY_P256;
    else
        return -EINVAL;
    if (sshwire_get_string(&r, SSHKEY_BLOB_MAX, &point, &point_len) < 0 || r.left != 0)
        return -EINVAL;
    return key_new_public(kind, point, point_len, ret_key);
}

int sshkey_parse_line(const char *line, size_t len, struct key **ret_key)
{
    unsigned char blob[SSHKEY_BLOB_MAX];
    const char *text, *end = line + len;
    size_t type_len, text_len, blob_len;
    CLEANUP(key_freep) struct key *key = NULL;

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
    if (base64_decode(text, text_len, blob, sizeof blob, &blob_len) < 0 ||
        sshkey_parse_blob(blob, blob_len, &key) < 0 || !is_text((const unsigned char *)line, type_len, type_of(key)))
        return -EINVAL;
    *ret_key = key;
    key = NULL;
    return 0;
}

static size_t write_blob(const struct key *key, unsigned char *buf, size_t cap)
{
    struct sshwire_writer w = {.buf = buf, .cap = cap};
    size_t len;
    const unsigned char *point = key_point(key, &len);

    sshwire_put_string(&w, type_of(key), strlen(type_of(key)));
    if (key_type(key) == KEY_P256)
        sshwire_put_string(&w, CURVE_P256, strlen(CURVE_P256));
    sshwire_put_string(&w, point, len);
    return w.error ? 0 : w.len;
}

int sshkey_format_line(const struct key *key, char *buf, size_t cap)
{
    unsigned char blob[SSHKEY_BLOB_MAX];
    char text[SSHKEY_BLOB_MAX * 4 / 3 + 8];
    size_t len = write_blob(key, blob, sizeof blob);
    int n;

    base64_encode(blob, len, text);
    n = snprintf(buf, cap, "%s %s", type_of(key), text);
    return n > 0 && (size_t)n < cap ? 0 : -ENOBUFS;
}

/* RFC 5656 Section 3.1.2: mpint r, mpint s. */
static int read_ecdsa(const unsigned char *blob, size_t len, unsigned char raw[KEY_SIGNATURE_SIZE])
{
    struct sshwire_reader r = {blob, len};

    if (sshwire_get_mpint(&r, raw, NUMBER_SIZE) < 0 || sshwire_get_mpint(&r, raw + NUMBER_SIZE, NUMBER_SIZE) < 0 ||
        r.left != 0)
        return -EKEYREJECTED;
    return 0;
}

int sshkey_verify(const struct key *key, const void *bytes, size_t len, const unsigned char *signature,
                  size_t signature_len)
{
    struct sshwire_reader r = {signature, signature_len};
    unsigned char raw[KEY_SIGNATURE_SIZE];
    const unsigned char *blob;
    size_t blob_len;

    if (sshwire_get_text(&r, type_of(key)) < 0 || sshwire_get_string(&r, SSHKEY_BLOB_MAX, &blob, &blob_len) < 0 ||
        r.left != 0)
        return -EKEYREJECTED;
    if (key_type(key) == KEY_P256) {
        if (read_ecdsa(blob, blob_len, raw) < 0)
            return -EKEYREJECTED;
        blob = raw;
        blob_len = sizeof raw;
    }
    return key_verify(key, bytes, len, blob, blob_len);
}
