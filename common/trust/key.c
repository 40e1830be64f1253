#include "trust/key.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

/* The name before 3.0. */
#if OPENSSL_VERSION_NUMBER < 0x30000000L
#define EVP_PKEY_set1_encoded_public_key EVP_PKEY_set1_tls_encodedpoint
#endif

#define SPKI_PREFIX_MAX 26
#define ECDSA_DER_MAX 72 /* two INTEGERs of 33 bytes in a SEQUENCE */

struct key {
    const struct kind *kind;
    EVP_PKEY *pkey;
    int is_private;
    unsigned char point[KEY_P256_SIZE];
};

/* What differs between the two. `spki` stands before the point in a SubjectPublicKeyInfo (RFC 8410, RFC 5480). */
static const struct kind {
    enum key_type type;
    const char *alg;
    size_t point_len, spki_len;
    unsigned char spki[SPKI_PREFIX_MAX];
} kinds[] = {
    {KEY_ED25519,
     "Ed25519",
     KEY_ED25519_SIZE,
     12,
     {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}},
    {KEY_P256, "ES256", KEY_P256_SIZE, 26, {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                            0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                            0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00}},
};

static void pkey_freep(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}
static void pkey_ctx_freep(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}
static void md_ctx_freep(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
}
static void bio_freep(BIO **bio)
{
    BIO_free(*bio);
}
static void ecdsa_sig_freep(ECDSA_SIG **sig)
{
    ECDSA_SIG_free(*sig);
}
static void bn_freep(BIGNUM **bn)
{
    BN_free(*bn);
}

static const struct kind *kind_of(enum key_type type)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i].type == type)
            return &kinds[i];
    return NULL;
}

/* Takes over *pkey. */
static int wrap(const struct kind *kind, EVP_PKEY **pkey, int is_private, const unsigned char *point,
                struct key **ret_key)
{
    struct key *key = OPENSSL_zalloc(sizeof *key);

    if (!key)
        return -ENOMEM;
    *key = (struct key){.kind = kind, .pkey = *pkey, .is_private = is_private};
    memcpy(key->point, point, kind->point_len);
    *pkey = NULL;
    *ret_key = key;
    return 0;
}

/*
 * The y coordinates of the points whose order divides 8, canonical or not, sign bit clear. OpenSSL takes them, and a
 * signature under such a key can be made for any message without a secret (test_trust_key.c has the list too).
 */
static int has_small_order(const unsigned char point[KEY_ED25519_SIZE])
{
    static const unsigned char list[][KEY_ED25519_SIZE] = {
        {0x00},
        {0x01},
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
         0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
         0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
        {0xec, [1 ... 30] = 0xff, 0x7f},
        {0xed, [1 ... 30] = 0xff, 0x7f},
        {0xee, [1 ... 30] = 0xff, 0x7f},
    };

    for (size_t i = 0; i < COUNT_OF(list); i++)
        if (memcmp(point, list[i], KEY_ED25519_SIZE - 1) == 0 &&
            (point[KEY_ED25519_SIZE - 1] & 0x7f) == list[i][KEY_ED25519_SIZE - 1])
            return 1;
    return 0;
}

/*
 * By a key that has the curve alone, then its point: six times as fast in 3.0 as d2i_PUBKEY (23 us, 146 us), and the only
 * other way that both versions have. The point is checked to be on the curve (EC_POINT_oct2point); P-256 has cofactor 1.
 */
static EVP_PKEY *decode_p256(const unsigned char *point, size_t len)
{
    CLEANUP(pkey_ctx_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    CLEANUP(pkey_freep) EVP_PKEY *curve = NULL;
    EVP_PKEY *pkey = NULL;

    if (ctx && EVP_PKEY_paramgen_init(ctx) == 1 &&
        EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1) == 1 && EVP_PKEY_paramgen(ctx, &curve) == 1 &&
        EVP_PKEY_set1_encoded_public_key(curve, point, len) == 1) {
        pkey = curve;
        curve = NULL;
    }
    return pkey;
}

int key_new_public(enum key_type type, const unsigned char *point, size_t len, struct key **ret_key)
{
    const struct kind *kind = kind_of(type);
    CLEANUP(pkey_freep) EVP_PKEY *pkey = NULL;

    if (!kind || !point || len != kind->point_len)
        return -EINVAL;
    if (type == KEY_P256 && point[0] == 0x04)
        pkey = decode_p256(point, len);
    if (type == KEY_ED25519 && !has_small_order(point))
        pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point, len);
    if (!pkey) {
        ERR_clear_error();
        return -EINVAL;
    }
    return wrap(kind, &pkey, 0, point, ret_key);
}

/* The kind is told by the encoded public key: a curve given by its parameters, or an unknown one, is none of ours. */
static int wrap_private(EVP_PKEY **pkey, struct key **ret_key)
{
    unsigned char *spki = NULL;
    int len = i2d_PUBKEY(*pkey, &spki), error = -EINVAL;

    for (size_t i = 0; i < COUNT_OF(kinds) && len > 0; i++) {
        const struct kind *kind = &kinds[i];

        if ((size_t)len == kind->spki_len + kind->point_len && memcmp(spki, kind->spki, kind->spki_len) == 0) {
            error = wrap(kind, pkey, 1, spki + kind->spki_len, ret_key);
            break;
        }
    }
    OPENSSL_free(spki);
    ERR_clear_error();
    return error;
}

int key_generate(enum key_type type, struct key **ret_key)
{
    CLEANUP(pkey_ctx_freep)
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(type == KEY_P256 ? EVP_PKEY_EC : EVP_PKEY_ED25519, NULL);
    CLEANUP(pkey_freep) EVP_PKEY *pkey = NULL;

    if (!ctx || !kind_of(type) || EVP_PKEY_keygen_init(ctx) != 1 ||
        (type == KEY_P256 && EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1) != 1) ||
        EVP_PKEY_keygen(ctx, &pkey) != 1) {
        ERR_clear_error();
        return -EIO;
    }
    return wrap_private(&pkey, ret_key);
}

/* Without this, libcrypto would ask for a passphrase on the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *data)
{
    (void)buf, (void)size, (void)rwflag, (void)data;
    return -1;
}

int key_parse_private(const char *pem, size_t len, struct key **ret_key)
{
    CLEANUP(bio_freep) BIO *bio = NULL;
    CLEANUP(pkey_freep) EVP_PKEY *pkey = NULL;

    if (len > KEY_PEM_MAX)
        return -E2BIG;
    bio = BIO_new_mem_buf(pem, (int)len);
    if (bio)
        pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    ERR_clear_error();
    return pkey ? wrap_private(&pkey, ret_key) : -EINVAL;
}

int key_format_private(const struct key *key, char *buf, size_t cap, size_t *ret_len)
{
    CLEANUP(bio_freep) BIO *bio = NULL;
    char *text;
    long len;

    if (!key->is_private)
        return -EINVAL;
    bio = BIO_new(BIO_s_mem()); /* wipes its memory when freed */
    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) != 1) {
        ERR_clear_error();
        return -EIO;
    }
    len = BIO_get_mem_data(bio, &text);
    if (len <= 0 || (size_t)len >= cap)
        return -ENOBUFS;
    memcpy(buf, text, (size_t)len);
    buf[len] = '\0';
    *ret_len = (size_t)len;
    return 0;
}

void key_free(struct key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    OPENSSL_free(key);
}

void key_freep(struct key **key)
{
    key_free(*key);
}

enum key_type key_type(const struct key *key)
{
    return key->kind->type;
}

const char *key_alg(const struct key *key)
{
    return key->kind->alg;
}

int key_is_private(const struct key *key)
{
    return key->is_private;
}

const unsigned char *key_point(const struct key *key, size_t *ret_len)
{
    *ret_len = key->kind->point_len;
    return key->point;
}

int key_equal(const struct key *a, const struct key *b)
{
    return a && b && a->kind == b->kind && memcmp(a->point, b->point, a->kind->point_len) == 0;
}

static const EVP_MD *digest_of(const struct key *key)
{
    return key->kind->type == KEY_P256 ? EVP_sha256() : NULL; /* Ed25519 hashes by itself */
}

static int ecdsa_to_raw(const unsigned char *der, size_t len, unsigned char raw[KEY_SIGNATURE_SIZE])
{
    CLEANUP(ecdsa_sig_freep) ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);

    if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, KEY_SIGNATURE_SIZE / 2) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + KEY_SIGNATURE_SIZE / 2, KEY_SIGNATURE_SIZE / 2) < 0)
        return -EIO;
    return 0;
}

/* The length of the DER form, or 0. Zero and too large numbers pass here; ECDSA verification refuses them. */
static size_t ecdsa_to_der(const unsigned char raw[KEY_SIGNATURE_SIZE], unsigned char der[ECDSA_DER_MAX])
{
    CLEANUP(ecdsa_sig_freep) ECDSA_SIG *sig = ECDSA_SIG_new();
    CLEANUP(bn_freep) BIGNUM *r = BN_bin2bn(raw, KEY_SIGNATURE_SIZE / 2, NULL);
    CLEANUP(bn_freep) BIGNUM *s = BN_bin2bn(raw + KEY_SIGNATURE_SIZE / 2, KEY_SIGNATURE_SIZE / 2, NULL);
    int len;

    if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1)
        return 0;
    r = s = NULL; /* sig owns them now */
    len = i2d_ECDSA_SIG(sig, NULL);
    if (len <= 0 || len > ECDSA_DER_MAX)
        return 0;
    return (size_t)i2d_ECDSA_SIG(sig, &der);
}

int key_sign(const struct key *key, const void *bytes, size_t len, unsigned char ret_signature[KEY_SIGNATURE_SIZE])
{
    CLEANUP(md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char made[ECDSA_DER_MAX], raw[KEY_SIGNATURE_SIZE];
    size_t made_len = sizeof made;

    if (!key->is_private)
        return -EINVAL;
    if (!ctx || EVP_DigestSignInit(ctx, NULL, digest_of(key), NULL, key->pkey) != 1 ||
        EVP_DigestSign(ctx, made, &made_len, bytes, len) != 1) {
        ERR_clear_error();
        return -EIO;
    }
    if (key->kind->type == KEY_P256) {
        if (ecdsa_to_raw(made, made_len, raw) < 0)
            return -EIO;
        memcpy(made, raw, sizeof raw);
    } else if (made_len != KEY_SIGNATURE_SIZE) {
        return -EIO;
    }
    memcpy(ret_signature, made, KEY_SIGNATURE_SIZE);
    return 0;
}

int key_verify(const struct key *key, const void *bytes, size_t len, const unsigned char *signature,
               size_t signature_len)
{
    CLEANUP(md_ctx_freep) EVP_MD_CTX *ctx = NULL;
    unsigned char der[ECDSA_DER_MAX];
    int verdict = -EKEYREJECTED;

    if (!key || !signature || signature_len != KEY_SIGNATURE_SIZE)
        return -EKEYREJECTED;
    if (key->kind->type == KEY_P256) {
        signature_len = ecdsa_to_der(signature, der);
        signature = der;
    }
    ctx = EVP_MD_CTX_new();
    if (ctx && signature_len > 0 && EVP_DigestVerifyInit(ctx, NULL, digest_of(key), NULL, key->pkey) == 1 &&
        EVP_DigestVerify(ctx, signature, signature_len, bytes, len) == 1)
        verdict = 0;
    ERR_clear_error();
    return verdict;
}
