/* key.h, jwk.h, sshkey.h, keyfile.h */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/compat.h"
#include "trust/base64url.h"
#include "trust/jwk.h"
#include "trust/key.h"
#include "trust/keyfile.h"
#include "trust/sshkey.h"

/* RFC 8037 Appendix A.2; its thumbprint A.3. */
#define RFC8037_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define RFC8037_JWK "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\"}"
#define RFC8037_THUMBPRINT "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"

/* RFC 7515 Appendix A.3. */
#define RFC7515_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define RFC7515_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define RFC7515_JWK "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7515_X "\",\"y\":\"" RFC7515_Y "\"}"
#define RFC7515_SIGNED \
    "eyJhbGciOiJFUzI1NiJ9." \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define RFC7515_SIGNATURE "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

/* Of a throw-away key. */
#define SSH_BLOB "AAAAC3NzaC1lZDI1NTE5AAAAIIJQYTVl2dA3HAbvdA5XD3PlDdQ5M2Ik7kqB8JcLgNjP"

static struct key *parse(const char *jwk)
{
    struct key *key = NULL;

    ck_assert_msg(jwk_parse_text(jwk, strlen(jwk), &key) == 0, "%s", jwk);
    return key;
}

START_TEST(thumbprints)
{
    char thumbprint[KEY_THUMBPRINT_SIZE];
    struct key *key = parse(RFC8037_JWK);

    ck_assert_str_eq(key_alg(key), "Ed25519");
    ck_assert_int_eq(jwk_thumbprint(key, thumbprint), 0);
    ck_assert_str_eq(thumbprint, RFC8037_THUMBPRINT);
    key_free(key);
    key = parse(RFC7515_JWK);
    ck_assert_str_eq(key_alg(key), "ES256");
    ck_assert_int_eq(jwk_thumbprint(key, thumbprint), 0);
    ck_assert_str_eq(thumbprint, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"); /* computed with Python's hashlib */
    key_free(key);
}
END_TEST

/* RFC 7638 Section 3.1. */
START_TEST(rfc7638)
{
    struct key *key = parse("{\"kty\":\"RSA\",\"n\":"
                            "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
                            "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
                            "FDW2QvzqY368QQMicAtaSqzs8KJZg"
                            "nYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"
                            "bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csF"
                            "Cur-kEgU8awapJzKnqDKgw\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}");
    char thumbprint[KEY_THUMBPRINT_SIZE];

    ck_assert_int_eq(jwk_thumbprint(key, thumbprint), 0);
    ck_assert_str_eq(thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    key_free(key);
}
END_TEST

START_TEST(jwk_round_trip)
{
    for (int type = KEY_ED25519; type <= KEY_P384; type++) {
        struct key *key, *again;
        json_t *jwk;

        ck_assert_int_eq(key_generate((enum key_type)type, &key), 0);
        jwk = jwk_format(key);
        ck_assert_int_eq(jwk_parse(jwk, &again), 0);
        ck_assert(key_equal(key, again));
        ck_assert(key_is_private(key) && !key_is_private(again));
        ck_assert_ptr_null(json_object_get(jwk, "d"));
        json_decref(jwk);
        key_free(key);
        key_free(again);
    }
}
END_TEST

static const char *const good_jwks[] = {
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X
    "\",\"alg\":\"Ed25519\",\"use\":\"sig\",\"kid\":\"k\",\"key_ops\":[\"sign\",\"verify\"]}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\",\"alg\":\"EdDSA\",\"x5c\":[]}",
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7515_X "\",\"y\":\"" RFC7515_Y "\",\"alg\":\"ES256\"}",
};

static const char *const bad_jwks[] = {
    "{}",
    "[]",
    "{\"kty\":\"OKP\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}",
    "{\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\"}",
    "{\"kty\":\"OKP\",\"x\":\"" RFC8037_X "\"}",
    "{\"kty\":\"okp\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\"}",
    "{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\"}",
    "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" RFC8037_X "\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" RFC8037_X "\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "=\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp\"}", /* spare bits */
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcH\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA" RFC8037_X "\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":1}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":[\"" RFC8037_X "\"]}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X
    "\",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\",\"d\":\"\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\",\"d\":null}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\",\"p\":\"AQ\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\",\"k\":\"AQ\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\",\"use\":\"enc\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\",\"use\":null}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\",\"key_ops\":[\"encrypt\"]}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\",\"key_ops\":\"verify\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\",\"alg\":\"ES256\"}",
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\",\"x\":\"" RFC8037_X "\"}",
    "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
    "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7515_X "\"}",
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"y\":\"" RFC7515_Y "\"}",
    "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" RFC7515_X "\",\"y\":\"" RFC7515_Y "\"}",
    "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" RFC7515_X "\",\"y\":\"" RFC7515_Y "\"}",
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7515_Y "\",\"y\":\"" RFC7515_X "\"}", /* off the curve */
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7515_X
    "\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4\"}", /* off the curve */
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
    "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"__________________________________________8\",\"y\":\"__________________"
    "________________________8\"}",
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7515_X "\",\"y\":\"" RFC7515_Y "\",\"alg\":\"ES384\"}",
};

START_TEST(jwk_accepts)
{
    key_free(parse(good_jwks[_i]));
}
END_TEST

START_TEST(jwk_refuses)
{
    struct key *key = NULL;

    ck_assert_int_lt(jwk_parse_text(bad_jwks[_i], strlen(bad_jwks[_i]), &key), 0);
    ck_assert_ptr_null(key);
}
END_TEST

START_TEST(texts_are_bounded)
{
    char text[JWK_TEXT_MAX + 2];
    struct key *key;

    memset(text, ' ', sizeof text);
    memcpy(text, RFC8037_JWK, strlen(RFC8037_JWK));
    ck_assert_int_eq(jwk_parse_text(text, JWK_TEXT_MAX, &key), 0);
    key_free(key);
    ck_assert_int_eq(jwk_parse_text(text, JWK_TEXT_MAX + 1, &key), -E2BIG);
    memcpy(text, "ssh-ed25519 " SSH_BLOB, strlen("ssh-ed25519 " SSH_BLOB));
    ck_assert_int_eq(sshkey_parse_line(text, SSHKEY_LINE_MAX, &key), 0);
    key_free(key);
    ck_assert_int_eq(sshkey_parse_line(text, SSHKEY_LINE_MAX + 1, &key), -EINVAL);
    ck_assert_int_eq(key_parse_private(text, KEY_PEM_MAX + 1, &key), -E2BIG);
}
END_TEST

/* Blobs of the wire: type and point alone, each in its own length. */
START_TEST(ssh_blobs)
{
    static const struct {
        const char *bytes;
        size_t len;
    } blobs[] = {
        {"", 0},
        {"\0\0\0\13ssh-ed25519", 15},
        {"\0\0\0\13ssh-ed25518\0\0\0\40abcdefghijklmnopqrstuvwxyz012345", 51},
        {"\0\0\0\13ssh-ed25519\0\0\0\37abcdefghijklmnopqrstuvwxyz01234", 50},
        {"\0\0\0\13ssh-ed25519\0\0\0\40abcdefghijklmnopqrstuvwxyz012345\0", 52},
        {"\0\0\0\23ecdsa-sha2-nistp256\0\0\0\10nistp384\0\0\0\1\4", 40},
    };
    struct key *key = NULL;

    for (size_t i = 0; i < COUNT_OF(blobs); i++)
        ck_assert_int_eq(sshkey_parse_blob((const unsigned char *)blobs[i].bytes, blobs[i].len, &key), -EINVAL);
    ck_assert_int_eq(
        sshkey_parse_blob((const unsigned char *)"\0\0\0\13ssh-ed25519\0\0\0\40abcdefghijklmnopqrstuvwxyz012345", 51,
                          &key),
        0);
    key_free(key);
}
END_TEST

/* Every y whose point has an order that divides 8, computed in Python: L times random points; 5 canonical, 2 not. */
static const char *const small_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

START_TEST(key_refuses_small_order)
{
    unsigned char point[KEY_ED25519_SIZE];
    struct key *key;

    for (size_t i = 0; i < sizeof point; i++) {
        const char byte[3] = {small_order[_i][2 * i], small_order[_i][2 * i + 1], '\0'};

        point[i] = (unsigned char)strtoul(byte, NULL, 16);
    }
    ck_assert_int_eq(key_new_public(KEY_ED25519, point, sizeof point, &key), -EINVAL);
    point[31] |= 0x80;
    ck_assert_int_eq(key_new_public(KEY_ED25519, point, sizeof point, &key), -EINVAL);
}
END_TEST

START_TEST(key_new_public_refuses)
{
    unsigned char point[KEY_P256_SIZE + 1] = {0x04};
    const unsigned char *from;
    struct key *key, *good;
    size_t len;

    ck_assert_int_eq(key_new_public((enum key_type)0, point, 32, &key), -EINVAL);
    ck_assert_int_eq(key_new_public(KEY_RS256, point, 32, &key), -EINVAL);
    ck_assert_int_eq(key_new_public((enum key_type)6, point, 32, &key), -EINVAL);
    ck_assert_int_eq(key_generate(KEY_RS256, &key), -EIO);
    ck_assert_int_eq(key_generate((enum key_type)0, &key), -EIO);
    ck_assert_int_eq(key_new_public(KEY_ED25519, NULL, 32, &key), -EINVAL);
    ck_assert_int_eq(key_new_public(KEY_ED25519, point, 31, &key), -EINVAL);
    ck_assert_int_eq(key_new_public(KEY_ED25519, point, 33, &key), -EINVAL);
    ck_assert_int_eq(key_generate(KEY_P256, &good), 0);
    from = key_point(good, &len);
    memcpy(point, from, len);
    ck_assert_int_eq(key_new_public(KEY_P256, point, len, &key), 0);
    key_free(key);
    ck_assert_int_eq(key_new_public(KEY_P256, point, len + 1, &key), -EINVAL);
    ck_assert_int_eq(key_new_public(KEY_P256, point, 33, &key), -EINVAL);
    point[0] = 0x02; /* compressed */
    ck_assert_int_eq(key_new_public(KEY_P256, point, len, &key), -EINVAL);
    point[0] = 0x06; /* hybrid, one of the two has the right sign */
    ck_assert_int_eq(key_new_public(KEY_P256, point, len, &key), -EINVAL);
    point[0] = 0x07;
    ck_assert_int_eq(key_new_public(KEY_P256, point, len, &key), -EINVAL);
    point[0] = 0x00; /* infinity */
    ck_assert_int_eq(key_new_public(KEY_P256, point, 1, &key), -EINVAL);
    key_free(good);
}
END_TEST

START_TEST(sign_and_verify)
{
    static const char text[] = "text";
    unsigned char signature[KEY_SIGNATURE_MAX + 1] = {0}, swapped[KEY_SIGNATURE_MAX];
    struct key *key, *other;
    size_t size;

    ck_assert_int_eq(key_generate((enum key_type)_i, &key), 0);
    ck_assert_int_eq(key_generate((enum key_type)_i, &other), 0);
    size = key_signature_size(key);
    for (int round = 0; round < 300; round++) { /* enough for r or s with leading zero bytes */
        ck_assert_int_eq(key_sign(key, text, sizeof text, signature), 0);
        ck_assert_int_eq(key_verify(key, text, sizeof text, signature, size), 0);
    }
    ck_assert_int_eq(key_verify(other, text, sizeof text, signature, size), -EKEYREJECTED);
    ck_assert_int_eq(key_verify(key, text, sizeof text - 1, signature, size), -EKEYREJECTED);
    ck_assert_int_eq(key_verify(key, text, sizeof text, signature, size - 1), -EKEYREJECTED);
    ck_assert_int_eq(key_verify(key, text, sizeof text, signature, size + 1), -EKEYREJECTED);
    ck_assert_int_eq(key_verify(key, text, sizeof text, signature, 0), -EKEYREJECTED);
    ck_assert_int_eq(key_verify(key, text, sizeof text, NULL, size), -EKEYREJECTED);
    ck_assert_int_eq(key_verify(NULL, text, sizeof text, signature, size), -EKEYREJECTED);
    memcpy(swapped, signature + size / 2, size / 2);
    memcpy(swapped + size / 2, signature, size / 2);
    ck_assert_int_eq(key_verify(key, text, sizeof text, swapped, size), -EKEYREJECTED);
    for (size_t bit = 0; bit < size * 8; bit += 7) {
        signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
        ck_assert_int_eq(key_verify(key, text, sizeof text, signature, size), -EKEYREJECTED);
        signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    memset(signature, 0, sizeof signature);
    ck_assert_int_eq(key_verify(key, text, sizeof text, signature, size), -EKEYREJECTED);
    memset(signature, 0xff, sizeof signature);
    ck_assert_int_eq(key_verify(key, text, sizeof text, signature, size), -EKEYREJECTED);
    key_free(key);
    key_free(other);
}
END_TEST

START_TEST(public_keys_do_not_sign)
{
    unsigned char signature[KEY_SIGNATURE_MAX];
    char pem[KEY_PEM_MAX];
    struct key *key = parse(RFC7515_JWK);
    size_t len;

    ck_assert_int_eq(key_sign(key, "x", 1, signature), -EINVAL);
    ck_assert_int_eq(key_format_private(key, pem, sizeof pem, &len), -EINVAL);
    key_free(key);
}
END_TEST

START_TEST(rfc7515_a3)
{
    unsigned char signature[KEY_SIGNATURE_MAX];
    struct key *key = parse(RFC7515_JWK);
    size_t len;

    ck_assert_int_eq(base64url_decode(RFC7515_SIGNATURE, strlen(RFC7515_SIGNATURE), signature, sizeof signature, &len),
                     0);
    ck_assert_int_eq(key_verify(key, RFC7515_SIGNED, strlen(RFC7515_SIGNED), signature, len), 0);
    key_free(key);
}
END_TEST

/* RFC 7515 Appendix A.2. */
#define RFC7515_A2_N \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-" \
    "pCgNMsD1W_" \
    "YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-" \
    "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD" \
    "Zlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define RFC7515_A2_SIGNED \
    "eyJhbGciOiJSUzI1NiJ9." \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define RFC7515_A2_SIGNATURE \
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_" \
    "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQ" \
    "jbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-" \
    "eOkHWEsqt" \
    "FZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"

START_TEST(rfc7515_a2)
{
    unsigned char signature[512];
    struct key *key = parse("{\"kty\":\"RSA\",\"n\":\"" RFC7515_A2_N "\",\"e\":\"AQAB\"}"),
               *pss = parse("{\"kty\":\"RSA\",\"alg\":\"PS256\",\"n\":\"" RFC7515_A2_N "\",\"e\":\"AQAB\"}");
    struct key *again;
    json_t *jwk;
    size_t len;

    ck_assert_str_eq(key_alg(key), "RS256");
    ck_assert_str_eq(key_alg(pss), "PS256");
    ck_assert(!key_equal(key, pss));
    jwk = jwk_format(pss);
    ck_assert_int_eq(jwk_parse(jwk, &again), 0);
    ck_assert(key_equal(pss, again));
    json_decref(jwk);
    key_free(again);
    ck_assert_int_eq(
        base64url_decode(RFC7515_A2_SIGNATURE, strlen(RFC7515_A2_SIGNATURE), signature, sizeof signature, &len), 0);
    ck_assert_uint_eq(len, key_signature_size(key));
    ck_assert_int_eq(key_verify(key, RFC7515_A2_SIGNED, strlen(RFC7515_A2_SIGNED), signature, len), 0);
    ck_assert_int_eq(key_verify(pss, RFC7515_A2_SIGNED, strlen(RFC7515_A2_SIGNED), signature, len), -EKEYREJECTED);
    ck_assert_int_eq(key_verify(key, RFC7515_A2_SIGNED, strlen(RFC7515_A2_SIGNED) - 1, signature, len), -EKEYREJECTED);
    ck_assert_int_eq(key_sign(key, "x", 1, signature), -EINVAL);
    key_free(key);
    key_free(pss);
}
END_TEST

START_TEST(rsa_keys_refused)
{
    unsigned char n[KEY_RSA_MAX + 1] = {0x80}, e[KEY_RSA_EXPONENT_MAX + 1] = {1, 0, 1};
    struct key *key;

    n[KEY_RSA_MIN - 1] = n[KEY_RSA_MAX - 1] = n[KEY_RSA_MAX] = 1;
    ck_assert_int_eq(key_new_rsa(KEY_PS256, n, KEY_RSA_MIN, e, 3, &key), 0);
    key_free(key);
    ck_assert_int_eq(key_new_rsa(KEY_RS256, n, KEY_RSA_MAX, e, 3, &key), 0);
    key_free(key);
    ck_assert_int_eq(key_new_rsa(KEY_P256, n, KEY_RSA_MIN, e, 3, &key), -EINVAL);
    ck_assert_int_eq(key_new_rsa(KEY_RS256, n, KEY_RSA_MAX + 1, e, 3, &key), -EINVAL);
    ck_assert_int_eq(key_new_rsa(KEY_RS256, n, KEY_RSA_MIN - 1, e, 3, &key), -EINVAL);
    ck_assert_int_eq(key_new_rsa(KEY_RS256, n, KEY_RSA_MIN + 1, e, 3, &key), -EINVAL); /* even */
    ck_assert_int_eq(key_new_rsa(KEY_RS256, n, KEY_RSA_MIN, e, 1, &key), -EINVAL);     /* 1 */
    ck_assert_int_eq(key_new_rsa(KEY_RS256, n, KEY_RSA_MIN, e, 2, &key), -EINVAL);     /* even */
    ck_assert_int_eq(key_new_rsa(KEY_RS256, n, KEY_RSA_MIN, e, 0, &key), -EINVAL);
    ck_assert_int_eq(key_new_rsa(KEY_RS256, n, KEY_RSA_MIN, e + 1, 2, &key), -EINVAL); /* a leading zero */
    e[KEY_RSA_EXPONENT_MAX] = 1;
    ck_assert_int_eq(key_new_rsa(KEY_RS256, n, KEY_RSA_MIN, e, KEY_RSA_EXPONENT_MAX + 1, &key), -EINVAL);
    n[0] = 0x7f;
    ck_assert_int_eq(key_new_rsa(KEY_RS256, n, KEY_RSA_MIN, e, 3, &key), -EINVAL); /* 2047 bits */
}
END_TEST

/* RFC 8037 Appendix A.4: the private key as PKCS#8, the signature over "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc". */
START_TEST(rfc8037_a4)
{
    static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                              "-----END PRIVATE KEY-----\n";
    static const char text[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    unsigned char signature[KEY_SIGNATURE_MAX];
    char encoded[BASE64URL_LENGTH(KEY_SIGNATURE_MAX) + 1];
    struct key *key, *wanted = parse(RFC8037_JWK);

    ck_assert_int_eq(key_parse_private(pem, strlen(pem), &key), 0);
    ck_assert(key_equal(key, wanted));
    ck_assert_int_eq(key_sign(key, text, strlen(text), signature), 0);
    base64url_encode(signature, key_signature_size(key), encoded);
    ck_assert_str_eq(encoded, "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    key_free(key);
    key_free(wanted);
}
END_TEST

START_TEST(private_round_trip)
{
    char pem[KEY_PEM_MAX];
    struct key *key, *again;
    size_t len;

    ck_assert_int_eq(key_generate((enum key_type)_i, &key), 0);
    ck_assert_int_eq(key_format_private(key, pem, 16, &len), -ENOBUFS);
    ck_assert_int_eq(key_format_private(key, pem, sizeof pem, &len), 0);
    ck_assert_ptr_eq(strstr(pem, "-----BEGIN PRIVATE KEY-----\n"), pem);
    ck_assert_int_eq(key_parse_private(pem, len, &again), 0);
    ck_assert(key_equal(key, again) && key_is_private(again));
    ck_assert_int_eq(key_parse_private(pem, len / 2, &again), -EINVAL);
    key_free(key);
    key_free(again);
}
END_TEST

static int run(const char *command)
{
    int status = system(command);

    return status == -1 ? -1 : WEXITSTATUS(status);
}

static const char *const foreign_keys[] = {
    "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048",
    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521",
    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1",
    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit",
    "openssl genpkey -algorithm ed448",
    "openssl genpkey -algorithm X25519",
    "openssl genpkey -algorithm ed25519 -aes-256-cbc -pass pass:x",
    "openssl genpkey -algorithm ed25519 | openssl pkey -pubout",
    "echo",
};

START_TEST(private_refuses_foreign_keys)
{
    char dir[] = "/tmp/test_trust_key.XXXXXX", command[256], path[64];
    struct key *key = NULL;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/k", dir);
    snprintf(command, sizeof command, "umask 077; { %s; } > %s 2>/dev/null", foreign_keys[_i], path);
    ck_assert_int_eq(run(command), 0);
    ck_assert_int_eq(keyfile_load(path, &key), -EINVAL);
    ck_assert_ptr_null(key);
    unlink(path);
    rmdir(dir);
}
END_TEST

START_TEST(keyfile_round_trip)
{
    char dir[] = "/tmp/test_trust_key.XXXXXX", path[64], other[64];
    struct key *key, *again;
    struct stat st;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/k", dir);
    snprintf(other, sizeof other, "%s/l", dir);
    ck_assert_int_eq(key_generate(KEY_ED25519, &key), 0);
    ck_assert_int_eq(keyfile_save(path, key), 0);
    ck_assert_int_eq(keyfile_save(path, key), -EEXIST);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    ck_assert_int_eq(keyfile_load(path, &again), 0);
    ck_assert(key_equal(key, again) && key_is_private(again));
    ck_assert_int_eq(chmod(path, 0640), 0);
    key_free(again);
    ck_assert_int_eq(keyfile_load(path, &again), -EPERM);
    ck_assert_int_eq(symlink(path, other), 0);
    ck_assert_int_eq(keyfile_load(other, &again), -ELOOP);
    ck_assert_int_eq(keyfile_load(dir, &again), -EINVAL);
    unlink(other);
    ck_assert_int_eq(mkfifo(other, 0600), 0);
    ck_assert_int_eq(keyfile_load(other, &again), -EINVAL);
    unlink(other);
    ck_assert_int_eq(keyfile_load(other, &again), -ENOENT);
    ck_assert_int_eq(chmod(path, 0600), 0);
    ck_assert_int_eq(truncate(path, KEY_PEM_MAX + 1), 0);
    ck_assert_int_eq(keyfile_load(path, &again), -E2BIG);
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(path, 65534, 0), 0);
        ck_assert_int_eq(keyfile_load(path, &again), -EPERM);
    }
    key_free(key);
    unlink(path);
    rmdir(dir);
}
END_TEST

/* Keys of the real ssh-keygen: what we read is what we write. */
static const char *const ssh_types[] = {"ed25519", "ecdsa -b 256", "ecdsa -b 384"};

START_TEST(sshkey_of_ssh_keygen)
{
    char dir[] = "/tmp/test_trust_key.XXXXXX", command[256], path[64], line[1024], again[1024];
    struct key *key;
    FILE *f;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(command, sizeof command, "ssh-keygen -q -t %s -N '' -C 'some one' -f %s/k", ssh_types[_i], dir);
    ck_assert_int_eq(run(command), 0);
    snprintf(path, sizeof path, "%s/k.pub", dir);
    f = fopen(path, "r");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
    fclose(f);
    ck_assert_int_eq(sshkey_parse_line(line, strlen(line), &key), 0);
    ck_assert_int_eq(sshkey_format_line(key, again, sizeof again), 0);
    ck_assert_int_eq(strncmp(line, again, strlen(again)), 0);
    ck_assert_str_eq(line + strlen(again), " some one\n");
    ck_assert_int_eq(sshkey_format_line(key, again, 20), -ENOBUFS);
    for (int round = 0; round < 40;
         round++) { /* an ECDSA secret may begin with zero bytes, or have its first bit set */
        struct key *private;

        snprintf(path, sizeof path, "%s/k", dir);
        ck_assert_int_eq(keyfile_load(path, &private), 0);
        ck_assert(key_is_private(private) && (round > 0 || key_equal(key, private)));
        key_free(private);
        snprintf(command, sizeof command, "rm %s && ssh-keygen -q -t %s -N '' -f %s", path, ssh_types[_i], path);
        ck_assert_int_eq(run(command), 0);
    }
    key_free(key);
    snprintf(command, sizeof command, "rm -r %s", dir);
    ck_assert_int_eq(run(command), 0);
}
END_TEST

/* What is cut, changed anywhere but in its comment, encrypted, or of another kind, is no private key. */
START_TEST(ssh_private_refuses)
{
    char dir[] = "/tmp/test_trust_key.XXXXXX", command[256], path[64];
    unsigned char bytes[1024];
    struct key *key = NULL;
    size_t len, taken = 0;
    FILE *f;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/k", dir);
    snprintf(command, sizeof command, "ssh-keygen -q -t %s -N '' -C '' -f %s", ssh_types[_i], path);
    ck_assert_int_eq(run(command), 0);
    snprintf(command, sizeof command, "sed '/^---/d' %s | base64 -d", path);
    f = popen(command, "r");
    len = fread(bytes, 1, sizeof bytes, f);
    pclose(f);
    ck_assert_int_eq(sshkey_parse_private(bytes, len, &key), 0);
    key_free(key);
    key = NULL;
    for (size_t cut = 0; cut < len; cut++)
        ck_assert_int_eq(sshkey_parse_private(bytes, cut, &key), -EINVAL);
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 1;
        if (sshkey_parse_private(bytes, len, &key) == 0) {
            key_free(key);
            taken++;
        }
        bytes[i] ^= 1;
    }
    /* Ed25519 has its point once more behind the seed: nobody reads that copy */
    ck_assert_uint_eq(taken, _i == 0 ? KEY_ED25519_SIZE : 0);
    snprintf(command, sizeof command, "ssh-keygen -q -p -P '' -N secret -f %s >/dev/null", path);
    ck_assert_int_eq(run(command), 0);
    ck_assert_int_eq(keyfile_load(path, &key), -EINVAL);
    snprintf(command, sizeof command, "rm %s && ssh-keygen -q -t rsa -N '' -f %s", path, path);
    ck_assert_int_eq(run(command), 0);
    ck_assert_int_eq(keyfile_load(path, &key), -EINVAL);
    snprintf(command, sizeof command, "rm -r %s", dir);
    ck_assert_int_eq(run(command), 0);
}
END_TEST

static const char *const bad_lines[] = {
    "",
    "\n",
    "ssh-ed25519",
    "ssh-ed25519 ",
    " " SSH_BLOB,
    SSH_BLOB,
    "ssh-rsa " SSH_BLOB,
    "ecdsa-sha2-nistp256 " SSH_BLOB,
    "ssh-ed25519  " SSH_BLOB,
    "ssh-ed25519 " SSH_BLOB "AAAA",
    "ssh-ed25519 " SSH_BLOB "\tcomment",
    "ssh-ed25519 " SSH_BLOB "\nssh-ed25519 x",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIJQYTVl2dA3HAbvdA5XD3PlDdQ5M2Ik7kqB8JcLgNg",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIQCCUGE1ZdnQNxwG73QOVw9z5Q3UOTNiJO5KgfCXC4DYzw==",
    "restrict ssh-ed25519 " SSH_BLOB,
    "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29t",
};

START_TEST(sshkey_refuses)
{
    struct key *key = NULL;

    ck_assert_int_eq(sshkey_parse_line("ssh-ed25519 " SSH_BLOB, strlen("ssh-ed25519 " SSH_BLOB), &key), 0);
    key_free(key);
    key = NULL;
    ck_assert_int_eq(sshkey_parse_line(bad_lines[_i], strlen(bad_lines[_i]), &key), -EINVAL);
    ck_assert_ptr_null(key);
}
END_TEST

START_TEST(keys_compare)
{
    struct key *a = parse(RFC8037_JWK), *b = parse(RFC8037_JWK), *c = parse(RFC7515_JWK);

    ck_assert(key_equal(a, b));
    ck_assert(!key_equal(a, c));
    ck_assert(!key_equal(a, NULL) && !key_equal(NULL, NULL));
    key_free(a);
    key_free(b);
    key_free(c);
    key_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trust_key");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, thumbprints);
    tcase_add_test(tests, rfc7638);
    tcase_add_test(tests, jwk_round_trip);
    tcase_add_loop_test(tests, jwk_accepts, 0, COUNT_OF(good_jwks));
    tcase_add_loop_test(tests, jwk_refuses, 0, COUNT_OF(bad_jwks));
    tcase_add_test(tests, texts_are_bounded);
    tcase_add_test(tests, ssh_blobs);
    tcase_add_loop_test(tests, key_refuses_small_order, 0, COUNT_OF(small_order));
    tcase_add_test(tests, key_new_public_refuses);
    tcase_add_loop_test(tests, sign_and_verify, KEY_ED25519, KEY_P384 + 1);
    tcase_add_test(tests, public_keys_do_not_sign);
    tcase_add_test(tests, rfc7515_a2);
    tcase_add_test(tests, rfc7515_a3);
    tcase_add_test(tests, rsa_keys_refused);
    tcase_add_test(tests, rfc8037_a4);
    tcase_add_loop_test(tests, private_round_trip, KEY_ED25519, KEY_P384 + 1);
    tcase_add_loop_test(tests, private_refuses_foreign_keys, 0, COUNT_OF(foreign_keys));
    tcase_add_test(tests, keyfile_round_trip);
    tcase_add_loop_test(tests, sshkey_of_ssh_keygen, 0, COUNT_OF(ssh_types));
    tcase_add_loop_test(tests, ssh_private_refuses, 0, COUNT_OF(ssh_types));
    tcase_add_loop_test(tests, sshkey_refuses, 0, COUNT_OF(bad_lines));
    tcase_add_test(tests, keys_compare);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
