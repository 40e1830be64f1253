#include "trust/sshsig.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "trust/crypto.h"
#include "trust/sshkey.h"
#include "trust/sshwire.h"

#define MAGIC "SSHSIG"
#define MAGIC_LENGTH 6
#define SSHSIG_VERSION 1
#define HASH_NAME_MAX 16
#define SIGNED_MAX (MAGIC_LENGTH + SSHSIG_NAMESPACE_MAX + HASH_NAME_MAX + SHA512_SIZE + 4 * 4)

struct bytes {
    const unsigned char *at;
    size_t len;
};

struct sshsig {
    struct bytes key, name_space, hash, signature;
};

static int take(struct sshwire_reader *r, size_t max, struct bytes *ret_field)
{
    return sshwire_get_string(r, max, &ret_field->at, &ret_field->len);
}

/* The reserved field is signed as an empty one by every OpenSSH, so only an empty one can verify. */
static int parse(const unsigned char *blob, size_t len, struct sshsig *ret_sig)
{
    struct sshwire_reader r = {blob, len};
    const unsigned char *magic;
    struct bytes reserved;
    uint32_t version;

    if (len > SSHSIG_MAX || sshwire_get_bytes(&r, MAGIC_LENGTH, &magic) < 0 ||
        memcmp(magic, MAGIC, MAGIC_LENGTH) != 0 || sshwire_get_u32(&r, &version) < 0 || version != SSHSIG_VERSION ||
        take(&r, SSHKEY_BLOB_MAX, &ret_sig->key) < 0 || take(&r, SSHSIG_NAMESPACE_MAX, &ret_sig->name_space) < 0 ||
        take(&r, 0, &reserved) < 0 || take(&r, HASH_NAME_MAX, &ret_sig->hash) < 0 ||
        take(&r, SSHSIG_MAX, &ret_sig->signature) < 0 || r.left != 0)
        return -EBADMSG;
    return 0;
}

static int is_text(struct bytes field, const char *text)
{
    return field.len == strlen(text) && memcmp(field.at, text, field.len) == 0;
}

static int same_key(struct bytes blob, const struct key *wanted)
{
    CLEANUP(key_freep) struct key *key = NULL;

    return sshkey_parse_blob(blob.at, blob.len, &key) == 0 && key_equal(key, wanted);
}

int sshsig_signer(const unsigned char *blob, size_t blob_len, struct key **ret_key)
{
    struct sshsig sig;
    int error = parse(blob, blob_len, &sig);

    return error ? error : sshkey_parse_blob(sig.key.at, sig.key.len, ret_key);
}

static int hash_message(struct bytes hash, const void *message, size_t len, unsigned char digest[SHA512_SIZE],
                        size_t *ret_len)
{
    if (is_text(hash, "sha512")) {
        *ret_len = SHA512_SIZE;
        return crypto_sha512(message, len, digest);
    }
    if (is_text(hash, "sha256")) {
        *ret_len = SHA256_SIZE;
        return crypto_sha256(message, len, digest);
    }
    return -EBADMSG;
}

int sshsig_verify(const struct key *key, const char *name_space, const void *message, size_t len,
                  const unsigned char *blob, size_t blob_len)
{
    unsigned char digest[SHA512_SIZE], text[SIGNED_MAX];
    struct sshwire_writer w = {.buf = text, .cap = sizeof text};
    struct sshsig sig;
    size_t digest_len;
    int error = parse(blob, blob_len, &sig);

    if (error)
        return error;
    if (!is_text(sig.name_space, name_space) || !same_key(sig.key, key))
        return -EKEYREJECTED;
    error = hash_message(sig.hash, message, len, digest, &digest_len);
    if (error)
        return error;
    sshwire_put_bytes(&w, MAGIC, MAGIC_LENGTH);
    sshwire_put_string(&w, sig.name_space.at, sig.name_space.len);
    sshwire_put_string(&w, "", 0); /* reserved */
    sshwire_put_string(&w, sig.hash.at, sig.hash.len);
    sshwire_put_string(&w, digest, digest_len);
    return w.error ? w.error : sshkey_verify(key, text, w.len, sig.signature.at, sig.signature.len);
}
