#include "trust/jwk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "trust/base64url.h"
#include "trust/crypto.h"
#include "trust/json.h"

#define MEMBER_MAX 64 /* bytes of a name that we know */
#define NUMBER_TEXT_SIZE (BASE64URL_LENGTH(KEY_RSA_MAX) + 1)

static const struct curve {
    enum key_type type;
    const char *kty, *crv;
    size_t coordinate_len;
} curves[] = {
    {KEY_ED25519, "OKP", "Ed25519", KEY_ED25519_SIZE},
    {KEY_P256, "EC", "P-256", (KEY_P256_SIZE - 1) / 2},
    {KEY_P384, "EC", "P-384", (KEY_P384_SIZE - 1) / 2},
};

int jwk_holds_secret(const json_t *jwk)
{
    static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (json_object_get(jwk, names[i]))
            return 1;
    return 0;
}

static int member_is(const json_t *jwk, const char *name, const char *wanted)
{
    const char *value;

    return json_member_string(jwk, name, MEMBER_MAX, &value) == 1 && strcmp(value, wanted) == 0;
}

/* RFC 8037 Section 3.1 knows Ed25519 keys by `EdDSA` still. */
static int alg_fits(const json_t *jwk, const struct key *key)
{
    return !json_object_get(jwk, "alg") || member_is(jwk, "alg", key_alg(key)) ||
           (key_type(key) == KEY_ED25519 && member_is(jwk, "alg", "EdDSA"));
}

static int use_fits(const json_t *jwk)
{
    const json_t *ops = json_object_get(jwk, "key_ops"), *op;
    size_t i;

    if (json_object_get(jwk, "use") && !member_is(jwk, "use", "sig"))
        return 0;
    if (!ops)
        return 1;
    json_array_foreach(ops, i, op)
    {
        if (json_is_string(op) && strcmp(json_string_value(op), "verify") == 0)
            return 1;
    }
    return 0;
}

/* A member in strict base64url. */
static int read_bytes(const json_t *jwk, const char *name, unsigned char *buf, size_t cap, size_t *ret_len)
{
    const char *text;

    if (json_member_string(jwk, name, NUMBER_TEXT_SIZE - 1, &text) != 1 ||
        base64url_decode(text, strlen(text), buf, cap, ret_len) < 0)
        return -EINVAL;
    return 0;
}

static int read_point(const json_t *jwk, const struct curve *curve, struct key **ret_key)
{
    unsigned char point[1 + 2 * KEY_COORDINATE_MAX] = {0x04}, *at = curve->type == KEY_ED25519 ? point : point + 1;
    size_t wanted = curve->coordinate_len, len;

    if (read_bytes(jwk, "x", at, wanted, &len) < 0 || len != wanted)
        return -EINVAL;
    if (curve->type == KEY_ED25519)
        return key_new_public(curve->type, point, wanted, ret_key);
    if (read_bytes(jwk, "y", at + wanted, wanted, &len) < 0 || len != wanted)
        return -EINVAL;
    return key_new_public(curve->type, point, 1 + 2 * wanted, ret_key);
}

/* A curve that is not ours: the coordinates are there, or it is no key at all. */
static int read_foreign(const json_t *jwk, int has_y)
{
    unsigned char bytes[KEY_RSA_MAX];
    size_t len;

    if (read_bytes(jwk, "x", bytes, sizeof bytes, &len) < 0 ||
        (has_y && read_bytes(jwk, "y", bytes, sizeof bytes, &len) < 0))
        return -EINVAL;
    return -ENOTSUP;
}

static int read_on_curve(const json_t *jwk, struct key **ret_key)
{
    const char *crv;

    for (size_t i = 0; i < COUNT_OF(curves); i++)
        if (member_is(jwk, "kty", curves[i].kty) && member_is(jwk, "crv", curves[i].crv))
            return read_point(jwk, &curves[i], ret_key);
    if (json_member_string(jwk, "crv", MEMBER_MAX, &crv) != 1)
        return -EINVAL;
    return read_foreign(jwk, member_is(jwk, "kty", "EC"));
}

static int read_rsa(const json_t *jwk, struct key **ret_key)
{
    unsigned char n[KEY_RSA_MAX], e[KEY_RSA_EXPONENT_MAX];
    size_t n_len, e_len;

    if (read_bytes(jwk, "n", n, sizeof n, &n_len) < 0 || read_bytes(jwk, "e", e, sizeof e, &e_len) < 0)
        return -EINVAL;
    return key_new_rsa(member_is(jwk, "alg", "PS256") ? KEY_PS256 : KEY_RS256, n, n_len, e, e_len, ret_key);
}

int jwk_parse(const json_t *jwk, struct key **ret_key)
{
    CLEANUP(key_freep) struct key *key = NULL;
    int error = -EINVAL;

    if (!json_is_object(jwk) || jwk_holds_secret(jwk) || !use_fits(jwk))
        return -EINVAL;
    if (member_is(jwk, "kty", "OKP") || member_is(jwk, "kty", "EC"))
        error = read_on_curve(jwk, &key);
    else if (member_is(jwk, "kty", "RSA"))
        error = read_rsa(jwk, &key);
    if (error)
        return error;
    if (!alg_fits(jwk, key))
        return -EINVAL;
    *ret_key = key;
    key = NULL;
    return 0;
}

int jwk_parse_text(const char *text, size_t len, struct key **ret_key)
{
    CLEANUP(json_freep) json_t *jwk = NULL;
    int error;

    if (len > JWK_TEXT_MAX)
        return -E2BIG;
    error = json_strict_parse_object(text, len, &jwk);
    return error ? error : jwk_parse(jwk, ret_key);
}

static int write_rsa(const struct key *key, char text[JWK_TEXT_MAX])
{
    char n[NUMBER_TEXT_SIZE], e[BASE64URL_LENGTH(KEY_RSA_EXPONENT_MAX) + 1];
    size_t n_len, e_len;
    const unsigned char *modulus = key_point(key, &n_len), *exponent = key_exponent(key, &e_len);

    base64url_encode(modulus, n_len, n);
    base64url_encode(exponent, e_len, e);
    return snprintf(text, JWK_TEXT_MAX, "{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}", e, n);
}

static int write_point(const struct key *key, const struct curve *curve, char text[JWK_TEXT_MAX])
{
    char x[BASE64URL_LENGTH(KEY_COORDINATE_MAX) + 1], y[sizeof x];
    size_t len;
    const unsigned char *point = key_point(key, &len);

    if (curve->type == KEY_ED25519) {
        base64url_encode(point, len, x);
        return snprintf(text, JWK_TEXT_MAX, "{\"crv\":\"%s\",\"kty\":\"%s\",\"x\":\"%s\"}", curve->crv, curve->kty, x);
    }
    base64url_encode(point + 1, curve->coordinate_len, x);
    base64url_encode(point + 1 + curve->coordinate_len, curve->coordinate_len, y);
    return snprintf(text, JWK_TEXT_MAX, "{\"crv\":\"%s\",\"kty\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}", curve->crv,
                    curve->kty, x, y);
}

/* RFC 7638 Section 3: the required members in lexicographic order, without whitespace. The length. */
static size_t write_required(const struct key *key, char text[JWK_TEXT_MAX])
{
    for (size_t i = 0; i < COUNT_OF(curves); i++)
        if (curves[i].type == key_type(key))
            return (size_t)write_point(key, &curves[i], text);
    return (size_t)write_rsa(key, text);
}

/* What algorithm an RSA key is for, it does not say by itself. */
json_t *jwk_format(const struct key *key)
{
    char text[JWK_TEXT_MAX];
    json_t *jwk;

    if (json_strict_parse(text, write_required(key, text), &jwk) < 0)
        return NULL;
    if (key_is_rsa(key) && json_object_set_new(jwk, "alg", json_string(key_alg(key))) < 0) {
        json_decref(jwk);
        jwk = NULL;
    }
    return jwk;
}

int jwk_thumbprint(const struct key *key, char ret_thumbprint[KEY_THUMBPRINT_SIZE])
{
    char text[JWK_TEXT_MAX];
    unsigned char digest[SHA256_SIZE];
    int error = crypto_sha256(text, write_required(key, text), digest);

    if (!error)
        base64url_encode(digest, sizeof digest, ret_thumbprint);
    return error;
}
