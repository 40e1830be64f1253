#include "trust/sshcert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "trust/base64url.h"
#include "trust/sshkey.h"
#include "trust/sshwire.h"

#define TYPE_MAX 64
#define NONCE_MAX 256
#define USER 1 /* SSH2_CERT_TYPE_USER */

static int take(struct sshwire_reader *r, size_t max, struct sshcert_text *ret)
{
    return sshwire_get_string(r, max, &ret->at, &ret->len);
}

static int take_u64(struct sshwire_reader *r, uint64_t *ret)
{
    uint32_t high, low;

    if (sshwire_get_u32(r, &high) < 0 || sshwire_get_u32(r, &low) < 0)
        return -EBADMSG;
    *ret = (uint64_t)high << 32 | low;
    return 0;
}

static struct sshwire_reader inside(const struct sshcert_text *text)
{
    return (struct sshwire_reader){text->at, text->len};
}

static int is_text(const struct sshcert_text *text, const char *wanted)
{
    return text->len == strlen(wanted) && memcmp(text->at, wanted, text->len) == 0;
}

static int read_principals(const struct sshcert_text *list, struct sshcert *cert)
{
    struct sshwire_reader r = inside(list);

    while (r.left > 0) {
        if (cert->principal_count == SSHCERT_PRINCIPALS_MAX ||
            take(&r, list->len, &cert->principals[cert->principal_count++]) < 0)
            return -EBADMSG;
    }
    return 0;
}

/* By bytes, a shorter one before those that begin with it. */
static int is_after(const struct sshcert_text *a, const struct sshcert_text *b)
{
    size_t len = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->at, b->at, len);

    return order > 0 || (order == 0 && a->len > b->len);
}

/* What is not empty holds one string. */
static int read_value(struct sshcert_text data, struct sshcert_text *ret)
{
    struct sshwire_reader r = inside(&data);

    *ret = data;
    if (data.len == 0)
        return 0;
    return take(&r, data.len, ret) < 0 || r.left != 0 ? -EBADMSG : 0;
}

static int read_options(const struct sshcert_text *list, struct sshcert_options *options)
{
    struct sshwire_reader r = inside(list);

    while (r.left > 0) {
        struct sshcert_option *option = &options->items[options->count];
        struct sshcert_text data;

        if (options->count == SSHCERT_OPTIONS_MAX || take(&r, list->len, &option->name) < 0 ||
            take(&r, list->len, &data) < 0 || option->name.len == 0 || read_value(data, &option->value) < 0)
            return -EBADMSG;
        if (options->count > 0 && !is_after(&option->name, &option[-1].name))
            return -EBADMSG;
        options->count++;
    }
    return 0;
}

/* The signature names its algorithm: RSA keys are of ssh-rsa whatever the hash. */
static int read_signer(const struct sshcert_text *blob, struct sshcert *cert)
{
    struct sshwire_reader r = inside(&cert->signature);
    struct sshcert_text algorithm;
    char name[TYPE_MAX];

    if (take(&r, sizeof name - 1, &algorithm) < 0 || memchr(algorithm.at, '\0', algorithm.len))
        return -EBADMSG;
    memcpy(name, algorithm.at, algorithm.len);
    name[algorithm.len] = '\0';
    return sshkey_parse_signer(blob->at, blob->len, name, &cert->ca) < 0 ? -ENOTSUP : 0;
}

static int read_key(struct sshwire_reader *r, struct sshcert *cert)
{
    struct sshcert_text type, nonce;
    int error;

    if (take(r, TYPE_MAX, &type) < 0 || take(r, NONCE_MAX, &nonce) < 0)
        return -EBADMSG;
    error = sshkey_read_certified(r, type.at, type.len, &cert->key);
    return error == -EINVAL ? -EBADMSG : error;
}

int sshcert_parse(const unsigned char *blob, size_t len, struct sshcert *cert)
{
    struct sshwire_reader r = {blob, len};
    struct sshcert_text principals, critical, extensions, reserved, signer;
    uint32_t type;
    int error;

    memset(cert, 0, sizeof *cert);
    if (len > SSHCERT_MAX)
        return -EBADMSG;
    error = read_key(&r, cert);
    if (error)
        return error;
    if (take_u64(&r, &cert->serial) < 0 || sshwire_get_u32(&r, &type) < 0 || take(&r, len, &cert->key_id) < 0 ||
        take(&r, len, &principals) < 0 || take_u64(&r, &cert->valid_after) < 0 ||
        take_u64(&r, &cert->valid_before) < 0 || take(&r, len, &critical) < 0 || take(&r, len, &extensions) < 0 ||
        take(&r, len, &reserved) < 0 || take(&r, len, &signer) < 0)
        return -EBADMSG;
    cert->whole = (struct sshcert_text){blob, len};
    cert->signed_part = (struct sshcert_text){blob, len - r.left};
    if (take(&r, len, &cert->signature) < 0 || r.left != 0 || read_principals(&principals, cert) < 0 ||
        read_options(&critical, &cert->critical) < 0 || read_options(&extensions, &cert->extensions) < 0)
        return -EBADMSG;
    return type == USER ? read_signer(&signer, cert) : -ENOTSUP;
}

void sshcert_clear(struct sshcert *cert)
{
    key_free(cert->key);
    key_free(cert->ca);
    cert->key = cert->ca = NULL;
}

/* The length of the first word. */
static size_t word(const char *line, size_t len)
{
    const char *end = memchr(line, ' ', len);

    return end ? (size_t)(end - line) : len;
}

int sshcert_is_line(const char *line, size_t len)
{
    const size_t suffix = strlen(SSHKEY_CERT_SUFFIX);
    size_t type = word(line, len);

    return type > suffix && memcmp(line + type - suffix, SSHKEY_CERT_SUFFIX, suffix) == 0;
}

int sshcert_decode_line(const char *line, size_t len, unsigned char **ret_blob, size_t *ret_len)
{
    size_t type = word(line, len), text_len, n;
    unsigned char *blob;
    struct sshwire_reader r;
    struct sshcert_text inner;

    if (type == len)
        return -EBADMSG;
    text_len = word(line + type + 1, len - type - 1);
    if (text_len > SSHCERT_MAX / 3 * 4)
        return -E2BIG;
    blob = malloc(text_len / 4 * 3 + 3);
    if (!blob)
        return -ENOMEM;
    r = (struct sshwire_reader){blob, 0};
    if (base64_decode(line + type + 1, text_len, blob, text_len / 4 * 3 + 3, &n) == 0)
        r.left = n;
    if (take(&r, TYPE_MAX, &inner) < 0 || inner.len != type || memcmp(inner.at, line, type) != 0) {
        free(blob);
        return -EBADMSG;
    }
    *ret_blob = blob;
    *ret_len = n;
    return 0;
}

int sshcert_verify(const struct sshcert *cert)
{
    return sshkey_verify(cert->ca, cert->signed_part.at, cert->signed_part.len, cert->signature.at,
                         cert->signature.len);
}

const struct sshcert_option *sshcert_find(const struct sshcert_options *options, const char *name)
{
    for (size_t i = 0; i < options->count; i++)
        if (is_text(&options->items[i].name, name))
            return &options->items[i];
    return NULL;
}

int sshcert_has_principal(const struct sshcert *cert, const char *name)
{
    for (size_t i = 0; i < cert->principal_count; i++)
        if (is_text(&cert->principals[i], name))
            return 1;
    return 0;
}
