#include "trust/key.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

/* The name before 3.0. */
#if OPENSSL_VERSION_NUMBER < 0x30000000L
#define EVP_PKEY_set1_encoded_public_key EVP_PKEY_set1_tls_encodedpoint
#endif

#define SPKI_PREFIX_MAX 26
#define NUMBER_MAX KEY_COORDINATE_MAX            /* bytes of r and of s */
#define ECDSA_DER_MAX (8 + 2 * (NUMBER_MAX + 1)) /* two INTEGERs in a SEQUENCE */
#define RSA_DER_MAX (KEY_RSA_MAX + KEY_RSA_EXPONENT_MAX + 64)

struct key {
    const struct kind *kind;
    EVP_PKEY *pkey;
    int is_private;
    size_t exponent_len, public_len;
    unsigned char exponent[KEY_RSA_EXPONENT_MAX];
    unsigned char public[]; /* the point, or the modulus */
};

/* What differs. `spki` stands before the point in a SubjectPublicKeyInfo (RFC 8410, RFC 5480). */
static const struct kind {
    enum key_type type;
    const char *alg;
    int curve, is_rsa;
    size_t point_len, signature_len; /* of RSA: as long as the modulus */
    size_t spki_len;
    unsigned char spki[SPKI_PREFIX_MAX];
} kinds[] = {
    {.type = KEY_ED25519,
     .alg = "Ed25519",
     .point_len = KEY_ED25519_SIZE,
     .signature_len = 64,
     .spki_len = 12,
     .spki = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}},
    {.type = KEY_P256,
     .alg = "ES256",
     .curve = NID_X9_62_prime256v1,
     .point_len = KEY_P256_SIZE,
     .signature_len = 64,
     .spki_len = 26,
     .spki = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
              0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00}},
    {.type = KEY_P384,
     .alg = "ES384",
     .curve = NID_secp384r1,
     .point_len = KEY_P384_SIZE,
     .signature_len = 96,
     .spki_len = 23,
     .spki = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
              0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00}},
    {.type = KEY_RS256, .alg = "RS256", .is_rsa = 1},
    {.type = KEY_PS256, .alg = "PS256", .is_rsa = 1},
    {.type = KEY_RS512, .alg = "RS512", .is_rsa = 1},
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
static int wrap(const struct kind *kind, EVP_PKEY **pkey, int is_private, const unsigned char *public, size_t len,
                struct key **ret_key)
{
    struct key *key = OPENSSL_zalloc(sizeof *key + len);

    if (!key)
        return -ENOMEM;
    *key = (struct key){.kind = kind, .pkey = *pkey, .is_private = is_private, .public_len = len};
    memcpy(key->public, public, len);
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

/* --- points --- */

/* A key of each curve that has no point yet: made once, kept for ever. */
static EVP_PKEY *curves[COUNT_OF(kinds)];
static CRYPTO_ONCE curves_once = CRYPTO_ONCE_STATIC_INIT;

static void make_curves(void)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        CLEANUP(pkey_ctx_freep) EVP_PKEY_CTX *ctx = kinds[i].curve ? EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL) : NULL;

        if (ctx && EVP_PKEY_paramgen_init(ctx) == 1 && EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, kinds[i].curve) == 1)
            (void)EVP_PKEY_paramgen(ctx, &curves[i]);
    }
}

/*
 * By a copy of the curve, then the point: the fastest way that both versions have (in 3.0, P-256: 6 us; with a curve made each time
 * 28, by d2i_PUBKEY 146). The point is checked to be on the curve (EC_POINT_oct2point); both curves have cofactor 1.
 */
static EVP_PKEY *decode_point(const struct kind *kind, const unsigned char *point, size_t len)
{
    CLEANUP(pkey_freep) EVP_PKEY *key = NULL;
    EVP_PKEY *pkey = NULL;

    if (CRYPTO_THREAD_run_once(&curves_once, make_curves) != 1 || !curves[kind - kinds])
        return NULL;
    key = EVP_PKEY_new();
    if (key && EVP_PKEY_copy_parameters(key, curves[kind - kinds]) == 1 &&
        EVP_PKEY_set1_encoded_public_key(key, point, len) == 1) {
        pkey = key;
        key = NULL;
    }
    return pkey;
}

int key_new_public(enum key_type type, const unsigned char *point, size_t len, struct key **ret_key)
{
    const struct kind *kind = kind_of(type);
    CLEANUP(pkey_freep) EVP_PKEY *pkey = NULL;

    if (!kind || kind->is_rsa || !point || len != kind->point_len)
        return -EINVAL;
    if (kind->curve && point[0] == 0x04)
        pkey = decode_point(kind, point, len);
    if (type == KEY_ED25519 && !has_small_order(point))
        pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point, len);
    if (!pkey) {
        ERR_clear_error();
        return -EINVAL;
    }
    return wrap(kind, &pkey, 0, point, len, ret_key);
}

/* --- RSA: as a SubjectPublicKeyInfo (RFC 8017 Appendix A.1.1), the one form that both versions read --- */

/* DER is written from its end: what is inside is known before its length. */
struct der {
    unsigned char buf[RSA_DER_MAX];
    size_t at;
};

static void der_put(struct der *der, const void *bytes, size_t len)
{
    der->at -= len;
    memcpy(der->buf + der->at, bytes, len);
}

/* What was put since `end` becomes the content of a value. */
static void der_wrap(struct der *der, unsigned char tag, size_t end)
{
    size_t len = end - der->at;
    unsigned char head[4] = {tag, 0x82, (unsigned char)(len >> 8), (unsigned char)len};

    if (len < 0x80)
        der_put(der, (unsigned char[]){tag, (unsigned char)len}, 2);
    else if (len < 0x100)
        der_put(der, (unsigned char[]){tag, 0x81, (unsigned char)len}, 3);
    else
        der_put(der, head, sizeof head);
}

static void der_put_number(struct der *der, const unsigned char *bytes, size_t len)
{
    size_t end = der->at;

    der_put(der, bytes, len);
    if (bytes[0] & 0x80)
        der_put(der, "", 1);
    der_wrap(der, 0x02, end);
}

static EVP_PKEY *decode_rsa(const unsigned char *n, size_t n_len, const unsigned char *e, size_t e_len)
{
    static const unsigned char algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                              0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    struct der der = {.at = RSA_DER_MAX};
    const unsigned char *at;

    der_put_number(&der, e, e_len);
    der_put_number(&der, n, n_len);
    der_wrap(&der, 0x30, RSA_DER_MAX);
    der_put(&der, "", 1); /* no unused bits */
    der_wrap(&der, 0x03, RSA_DER_MAX);
    der_put(&der, algorithm, sizeof algorithm);
    der_wrap(&der, 0x30, RSA_DER_MAX);
    at = der.buf + der.at;
    return d2i_PUBKEY(NULL, &at, (long)(RSA_DER_MAX - der.at));
}

static int is_odd_number(const unsigned char *bytes, size_t len)
{
    return len > 0 && bytes[0] != 0 && (bytes[len - 1] & 1);
}

int key_new_rsa(enum key_type type, const unsigned char *n, size_t n_len, const unsigned char *e, size_t e_len,
                struct key **ret_key)
{
    const struct kind *kind = kind_of(type);
    CLEANUP(pkey_freep) EVP_PKEY *pkey = NULL;
    int r;

    if (!kind || !kind->is_rsa || n_len < KEY_RSA_MIN || n_len > KEY_RSA_MAX || !is_odd_number(n, n_len) ||
        (n_len == KEY_RSA_MIN && !(n[0] & 0x80)) || e_len > KEY_RSA_EXPONENT_MAX || !is_odd_number(e, e_len) ||
        (e_len == 1 && e[0] == 1))
        return -EINVAL;
    pkey = decode_rsa(n, n_len, e, e_len);
    if (!pkey) {
        ERR_clear_error();
        return -EINVAL;
    }
    r = wrap(kind, &pkey, 0, n, n_len, ret_key);
    if (r == 0) {
        memcpy((*ret_key)->exponent, e, e_len);
        (*ret_key)->exponent_len = e_len;
    }
    return r;
}

/* --- private keys --- */

/* The kind is told by the encoded public key: a curve given by its parameters, or an unknown one, is none of ours. */
static int wrap_private(EVP_PKEY **pkey, struct key **ret_key)
{
    unsigned char *spki = NULL;
    int len = i2d_PUBKEY(*pkey, &spki), error = -EINVAL;

    for (size_t i = 0; i < COUNT_OF(kinds) && len > 0; i++) {
        const struct kind *kind = &kinds[i];

        if (kind->spki_len > 0 && (size_t)len == kind->spki_len + kind->point_len &&
            memcmp(spki, kind->spki, kind->spki_len) == 0) {
            error = wrap(kind, pkey, 1, spki + kind->spki_len, kind->point_len, ret_key);
            break;
        }
    }
    OPENSSL_free(spki);
    ERR_clear_error();
    return error;
}

/* ECPrivateKey (RFC 5915), the curve named by what stands in the SubjectPublicKeyInfo: 30 LEN, 06 07 ecPublicKey, 06 LEN curve. */
static EVP_PKEY *decode_ec_private(const struct kind *kind, const unsigned char *secret, size_t len,
                                   const unsigned char *point, size_t point_len)
{
    const unsigned char *curve = kind->spki + 13; /* its OBJECT IDENTIFIER, whole */
    struct der der = {.at = RSA_DER_MAX};
    unsigned char number[KEY_COORDINATE_MAX] = {0};
    size_t size = (kind->point_len - 1) / 2, end;
    EVP_PKEY *pkey;
    const unsigned char *at;

    if (len > size)
        return NULL;
    memcpy(number + size - len, secret, len);
    der_put(&der, point, point_len);
    der_put(&der, "", 1);
    der_wrap(&der, 0x03, RSA_DER_MAX);
    der_wrap(&der, 0xa1, RSA_DER_MAX);
    end = der.at;
    der_put(&der, curve, 2u + curve[1]);
    der_wrap(&der, 0xa0, end);
    end = der.at;
    der_put(&der, number, size);
    der_wrap(&der, 0x04, end);
    der_put_number(&der, (const unsigned char[]){1}, 1);
    der_wrap(&der, 0x30, RSA_DER_MAX);
    at = der.buf + der.at;
    pkey = d2i_PrivateKey(EVP_PKEY_EC, NULL, &at, (long)(RSA_DER_MAX - der.at));
    OPENSSL_cleanse(&der, sizeof der);
    OPENSSL_cleanse(number, sizeof number);
    return pkey;
}

/* It must sign for its point: neither library nor file says that the two belong together. */
static int signs_for_itself(const struct key *key)
{
    CLEANUP(key_freep) struct key *public = NULL;
    unsigned char signature[KEY_SIGNATURE_MAX];

    return key_new_public(key->kind->type, key->public, key->public_len, &public) == 0 &&
           key_sign(key, "", 0, signature) == 0 && key_verify(public, "", 0, signature, key_signature_size(key)) == 0;
}

int key_new_private(enum key_type type, const unsigned char *secret, size_t len, const unsigned char *point,
                    size_t point_len, struct key **ret_key)
{
    const struct kind *kind = kind_of(type);
    CLEANUP(key_freep) struct key *key = NULL;
    CLEANUP(pkey_freep) EVP_PKEY *pkey = NULL;
    int r;

    if (!kind || kind->is_rsa || point_len != kind->point_len)
        return -EINVAL;
    pkey = kind->curve ? decode_ec_private(kind, secret, len, point, point_len)
                       : EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, len);
    ERR_clear_error();
    r = pkey ? wrap(kind, &pkey, 1, point, point_len, &key) : -EINVAL;
    if (r < 0)
        return r;
    if (!signs_for_itself(key))
        return -EINVAL;
    *ret_key = key;
    key = NULL;
    return 0;
}

int key_generate(enum key_type type, struct key **ret_key)
{
    const struct kind *kind = kind_of(type);
    CLEANUP(pkey_ctx_freep) EVP_PKEY_CTX *ctx = NULL;
    CLEANUP(pkey_freep) EVP_PKEY *pkey = NULL;

    if (kind && !kind->is_rsa)
        ctx = EVP_PKEY_CTX_new_id(kind->curve ? EVP_PKEY_EC : EVP_PKEY_ED25519, NULL);
    if (!ctx || EVP_PKEY_keygen_init(ctx) != 1 ||
        (kind->curve && EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, kind->curve) != 1) ||
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

int key_is_rsa(const struct key *key)
{
    return key->kind->is_rsa;
}

size_t key_signature_size(const struct key *key)
{
    return key->kind->is_rsa ? key->public_len : key->kind->signature_len;
}

const unsigned char *key_point(const struct key *key, size_t *ret_len)
{
    *ret_len = key->public_len;
    return key->public;
}

const unsigned char *key_exponent(const struct key *key, size_t *ret_len)
{
    *ret_len = key->exponent_len;
    return key->exponent;
}

int key_equal(const struct key *a, const struct key *b)
{
    return a && b && a->kind == b->kind && a->public_len == b->public_len && a->exponent_len == b->exponent_len &&
           memcmp(a->public, b->public, a->public_len) == 0 && memcmp(a->exponent, b->exponent, a->exponent_len) == 0;
}

/* --- signatures --- */

static const EVP_MD *digest_of(const struct kind *kind)
{
    if (kind->type == KEY_ED25519)
        return NULL; /* it hashes by itself */
    if (kind->type == KEY_RS512)
        return EVP_sha512();
    return kind->type == KEY_P384 ? EVP_sha384() : EVP_sha256();
}

static int ecdsa_to_raw(const unsigned char *der, size_t len, unsigned char *raw, size_t raw_len)
{
    CLEANUP(ecdsa_sig_freep) ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    int half = (int)raw_len / 2;

    if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, half) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + half, half) < 0)
        return -EIO;
    return 0;
}

/* The length of the DER form, or 0. Zero and too large numbers pass here; ECDSA verification refuses them. */
static size_t ecdsa_to_der(const unsigned char *raw, size_t raw_len, unsigned char der[ECDSA_DER_MAX])
{
    CLEANUP(ecdsa_sig_freep) ECDSA_SIG *sig = ECDSA_SIG_new();
    CLEANUP(bn_freep) BIGNUM *r = BN_bin2bn(raw, (int)raw_len / 2, NULL);
    CLEANUP(bn_freep) BIGNUM *s = BN_bin2bn(raw + raw_len / 2, (int)raw_len / 2, NULL);
    int len;

    if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1)
        return 0;
    r = s = NULL; /* sig owns them now */
    len = i2d_ECDSA_SIG(sig, NULL);
    if (len <= 0 || len > ECDSA_DER_MAX)
        return 0;
    return (size_t)i2d_ECDSA_SIG(sig, &der);
}

int key_sign(const struct key *key, const void *bytes, size_t len, unsigned char ret_signature[KEY_SIGNATURE_MAX])
{
    CLEANUP(md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char made[ECDSA_DER_MAX];
    size_t made_len = sizeof made, wanted = key->kind->signature_len;

    if (!key->is_private)
        return -EINVAL;
    if (!ctx || EVP_DigestSignInit(ctx, NULL, digest_of(key->kind), NULL, key->pkey) != 1 ||
        EVP_DigestSign(ctx, made, &made_len, bytes, len) != 1) {
        ERR_clear_error();
        return -EIO;
    }
    if (key->kind->curve)
        return ecdsa_to_raw(made, made_len, ret_signature, wanted);
    if (made_len != wanted)
        return -EIO;
    memcpy(ret_signature, made, made_len);
    return 0;
}

/* PSS with a salt as long as the digest (RFC 7518 Section 3.5), MGF1 with the same digest: OpenSSL's default. */
static int set_padding(EVP_PKEY_CTX *ctx, const struct kind *kind)
{
    if (!kind->is_rsa)
        return 1;
    if (kind->type != KEY_PS256)
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

int key_verify(const struct key *key, const void *bytes, size_t len, const unsigned char *signature,
               size_t signature_len)
{
    CLEANUP(md_ctx_freep) EVP_MD_CTX *ctx = NULL;
    EVP_PKEY_CTX *options = NULL; /* of ctx */
    unsigned char der[ECDSA_DER_MAX];
    int verdict = -EKEYREJECTED;

    if (!key || !signature || signature_len != key_signature_size(key))
        return -EKEYREJECTED;
    if (key->kind->curve) {
        signature_len = ecdsa_to_der(signature, signature_len, der);
        signature = der;
    }
    ctx = EVP_MD_CTX_new();
    if (ctx && signature_len > 0 && EVP_DigestVerifyInit(ctx, &options, digest_of(key->kind), NULL, key->pkey) == 1 &&
        set_padding(options, key->kind) && EVP_DigestVerify(ctx, signature, signature_len, bytes, len) == 1)
        verdict = 0;
    ERR_clear_error();
    return verdict;
}
