/*
 * Keys: Ed25519 (RFC 8032), ECDSA on P-256 with SHA-256 and on P-384 with SHA-384, public or private; RSA of 2048 bits or more with
 * SHA-256, by PKCS#1 v1.5 or PSS (RFC 7518 Sections 3.3 and 3.5), and for ssh with SHA-512 (RFC 8332), public only.
 *
 * A key knows its one algorithm; nothing else is ever tried with it (RFC 8725 Section 3.1). Signatures have the raw form of JWS: for
 * ECDSA r || s (RFC 7518 Section 3.4). This file and crypto.c alone know OpenSSL, by calls that 1.1.1 and 3.x share. Other
 * spellings of a key: jwk.h, sshkey.h, keyfile.h.
 *
 * A key is never changed after it was made: threads may share it. Nothing here blocks.
 */
#ifndef PAM_AGENT_KEY_H
#define PAM_AGENT_KEY_H

#include <stddef.h>

#include "core/compat.h"

#define KEY_ED25519_SIZE 32
#define KEY_P256_SIZE 65 /* 0x04 || X || Y */
#define KEY_P384_SIZE 97
#define KEY_COORDINATE_MAX 48
#define KEY_RSA_MIN 256 /* bytes of a modulus */
#define KEY_RSA_MAX 1024
#define KEY_RSA_EXPONENT_MAX 8 /* bytes */
#define KEY_SIGNATURE_MAX 96   /* bytes of a signature that is made here */
#define KEY_THUMBPRINT_SIZE 44 /* RFC 7638 with SHA-256 in base64url, with the NUL */
#define KEY_PEM_MAX 4096       /* bytes of a private key in PEM */

enum key_type {
    KEY_ED25519 = 1,
    KEY_P256,
    KEY_P384,
    KEY_RS256,
    KEY_PS256,
    KEY_RS512, /* of ssh alone: no JWS is taken with it */
};

struct key;

/*
 * A public key from its point: 32 bytes, or 65 or 97 that begin with 0x04. 0; -EINVAL wrong length, a point that is not on the curve
 * or one of small order (whose holder need not know a secret to sign); -ENOMEM.
 */
int key_new_public(enum key_type type, const unsigned char *point, size_t len, struct key **ret_key) MUST_CHECK;

/*
 * A public RSA key from modulus and exponent, big-endian without leading zeros. 0; -EINVAL a modulus that is even or of another size
 * than 2048 to 8192 bits, an exponent that is even, 1, or longer than KEY_RSA_EXPONENT_MAX; -ENOMEM.
 */
int key_new_rsa(enum key_type type, const unsigned char *n, size_t n_len, const unsigned char *e, size_t e_len,
                struct key **ret_key) MUST_CHECK;

/* A new private key, not RSA. 0 or -EIO. */
int key_generate(enum key_type type, struct key **ret_key) MUST_CHECK;

/*
 * A private key from its secret, big-endian, and its point: Ed25519's seed of 32 bytes, or ECDSA's number of at most as many as a
 * coordinate. 0; -EINVAL one of another kind, or not the secret of this point; -ENOMEM.
 */
int key_new_private(enum key_type type, const unsigned char *secret, size_t len, const unsigned char *point,
                    size_t point_len, struct key **ret_key) MUST_CHECK;

/* A private key from PEM text[len], not encrypted. 0; -EINVAL not such a text, or a key of another kind; -E2BIG. */
int key_parse_private(const char *pem, size_t len, struct key **ret_key) MUST_CHECK;

/* The private key as PKCS#8 PEM in buf[cap], NUL-terminated; the caller wipes it. 0; -EINVAL a public key; -ENOBUFS; -EIO. */
int key_format_private(const struct key *key, char *buf, size_t cap, size_t *ret_len) MUST_CHECK;

/* NULL is allowed. */
void key_free(struct key *key);
void key_freep(struct key **key); /* for CLEANUP() */

enum key_type key_type(const struct key *key);
/* The JWS `alg` of the key: "Ed25519" (RFC 9864), "ES256", "ES384", "RS256", "PS256" or "RS512". */
const char *key_alg(const struct key *key);
int key_is_private(const struct key *key);
int key_is_rsa(const struct key *key);
/* Bytes of a signature. */
size_t key_signature_size(const struct key *key);
/* The public point, as in key_new_public, or the modulus; borrowed from the key. */
const unsigned char *key_point(const struct key *key, size_t *ret_len);
/* The exponent of an RSA key. */
const unsigned char *key_exponent(const struct key *key, size_t *ret_len);
/* 1 when both are the same public key; a NULL equals nothing. */
int key_equal(const struct key *a, const struct key *b);

/* Sign bytes[len]. 0 and key_signature_size() bytes; -EINVAL a public key; -EIO. */
int key_sign(const struct key *key, const void *bytes, size_t len,
             unsigned char ret_signature[KEY_SIGNATURE_MAX]) MUST_CHECK;

/* 0 only when signature[signature_len] is this key's over bytes[len]; else -EKEYREJECTED, whatever the cause. */
int key_verify(const struct key *key, const void *bytes, size_t len, const unsigned char *signature,
               size_t signature_len) MUST_CHECK;

#endif
