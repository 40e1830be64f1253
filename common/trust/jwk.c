#include "trust/jwk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "trust/base64url.h"
#include "trust/crypto.h"
#include "trust/json.h"

#define MEMBER_MAX 64 /* bytes of a name or coordinate that we know */
#define COORDINATE_TEXT_SIZE (BASE64URL_LENGTH(KEY_P256_COORDINATE_SIZE) + 1)

static int has_private_member(const json_t *jwk)
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

static int read_coordinate(const json_t *jwk, const char *name, unsigned char *ret_bytes)
{
    const char *text;
    size_t len;

    if (json_member_string(jwk, name, MEMBER_MAX, &text) != 1 ||
        base64url_decode(text, strlen(text), ret_bytes, KEY_P256_COORDINATE_SIZE, &len) < 0 ||
        len != KEY_P256_COORDINATE_SIZE)
        return -EINVAL;
    return 0;
}

static int read_okp(const json_t *jwk, struct key **ret_key)
{
    unsigned char point[KEY_ED25519_SIZE];

    if (!member_is(jwk, "crv", "Ed25519") || read_coordinate(jwk, "x", point) < 0)
        return -EINVAL;
    return key_new_public(KEY_ED25519, point, sizeof point, ret_key);
}

static int read_ec(const json_t *jwk, struct key **ret_key)
{
    unsigned char point[KEY_P256_SIZE] = {0x04};

    if (!member_is(jwk, "crv", "P-256") || read_coordinate(jwk, "x", point + 1) < 0 ||
        read_coordinate(jwk, "y", point + 1 + KEY_P256_COORDINATE_SIZE) < 0)
        return -EINVAL;
    return key_new_public(KEY_P256, point, sizeof point, ret_key);
}

int jwk_parse(const json_t *jwk, struct key **ret_key)
{
    CLEANUP(key_freep) struct key *key = NULL;
    int error = -EINVAL;

    if (!json_is_object(jwk) || has_private_member(jwk) || !use_fits(jwk))
        return -EINVAL;
    if (member_is(jwk, "kty", "OKP"))
        error = read_okp(jwk, &key);
    else if (member_is(jwk, "kty", "EC"))
        error = read_ec(jwk, &key);
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

/* The coordinates as JWK writes them; `y` is empty for Ed25519. */
static void coordinates(const struct key *key, char x[COORDINATE_TEXT_SIZE], char y[COORDINATE_TEXT_SIZE])
{
    size_t len;
    const unsigned char *point = key_point(key, &len);

    y[0] = '\0';
    if (key_type(key) == KEY_ED25519) {
        base64url_encode(point, len, x);
        return;
    }
    base64url_encode(point + 1, KEY_P256_COORDINATE_SIZE, x);
    base64url_encode(point + 1 + KEY_P256_COORDINATE_SIZE, KEY_P256_COORDINATE_SIZE, y);
}

json_t *jwk_format(const struct key *key)
{
    char x[COORDINATE_TEXT_SIZE], y[COORDINATE_TEXT_SIZE];

    coordinates(key, x, y);
    if (key_type(key) == KEY_ED25519)
        return json_pack("{s:s, s:s, s:s}", "crv", "Ed25519", "kty", "OKP", "x", x);
    return json_pack("{s:s, s:s, s:s, s:s}", "crv", "P-256", "kty", "EC", "x", x, "y", y);
}

/* RFC 7638 Section 3: the required members in lexicographic order, no whitespace. */
int jwk_thumbprint(const struct key *key, char ret_thumbprint[KEY_THUMBPRINT_SIZE])
{
    char x[COORDINATE_TEXT_SIZE], y[COORDINATE_TEXT_SIZE], text[256];
    unsigned char digest[SHA256_SIZE];
    int len, error;

    coordinates(key, x, y);
    if (key_type(key) == KEY_ED25519)
        len = snprintf(text, sizeof text, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", x);
    else
        len = snprintf(text, sizeof text, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
    error = crypto_sha256(text, (size_t)len, digest);
    if (!error)
        base64url_encode(digest, sizeof digest, ret_thumbprint);
    return error;
}
