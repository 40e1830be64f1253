#include "trust/jws.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trust/base64url.h"
#include "trust/json.h"

static void freep(char **text)
{
    free(*text);
}

/* Decode a segment into fresh memory with a NUL after it. */
static int decode_segment(const char *text, size_t len, char **ret_bytes, size_t *ret_len)
{
    size_t cap = BASE64URL_BYTES(len), n;
    char *bytes = malloc(cap + 1);
    int error;

    if (!bytes)
        return -ENOMEM;
    error = base64url_decode(text, len, bytes, cap, &n);
    if (error) {
        free(bytes);
        return error;
    }
    bytes[n] = '\0';
    *ret_bytes = bytes;
    *ret_len = n;
    return 0;
}

static int copy_name(const json_t *header, const char *name, char **ret_copy)
{
    const char *value;

    if (json_member_string(header, name, JWS_NAME_MAX, &value) != 1)
        return 0;
    *ret_copy = strdup(value);
    return *ret_copy ? 0 : -ENOMEM;
}

static int read_header(const char *text, size_t len, struct jws *jws)
{
    CLEANUP(freep) char *bytes = NULL;
    CLEANUP(json_freep) json_t *header = NULL;
    size_t n;
    int error = decode_segment(text, len, &bytes, &n);

    if (error)
        return error;
    if (n > JWS_HEADER_MAX)
        return -E2BIG;
    error = json_strict_parse_object(bytes, n, &header);
    if (error)
        return error;
    jws->has_crit = json_object_get(header, "crit") != NULL;
    jws->has_typ = json_object_get(header, "typ") != NULL;
    jws->has_other = json_object_size(header) != (size_t)(jws->has_typ + (json_object_get(header, "alg") != NULL) +
                                                          (json_object_get(header, "kid") != NULL));
    error = copy_name(header, "alg", &jws->alg);
    if (!error)
        error = copy_name(header, "typ", &jws->typ);
    if (!error)
        error = copy_name(header, "kid", &jws->kid);
    return error;
}

static int read_segments(const char *token, size_t len, struct jws *jws)
{
    const char *end = token + len, *payload, *signature;
    char *bytes;
    int error;

    payload = memchr(token, '.', len);
    if (!payload)
        return -EBADMSG;
    payload++;
    signature = memchr(payload, '.', (size_t)(end - payload));
    if (!signature)
        return -EBADMSG;
    jws->token = token;
    jws->signing_len = (size_t)(signature - token);
    error = read_header(token, (size_t)(payload - 1 - token), jws);
    if (!error)
        error = decode_segment(payload, (size_t)(signature - payload), &jws->payload, &jws->payload_len);
    signature++;
    if (!error)
        error = decode_segment(signature, (size_t)(end - signature), &bytes, &jws->signature_len);
    if (!error)
        jws->signature = (unsigned char *)bytes;
    return error;
}

int jws_parse(const char *token, size_t len, struct jws *ret_jws)
{
    struct jws jws = {.token = NULL};
    int error;

    if (len > JWS_MAX)
        return -E2BIG;
    error = read_segments(token, len, &jws);
    if (error) {
        jws_clear(&jws);
        return error;
    }
    *ret_jws = jws;
    return 0;
}

void jws_clear(struct jws *jws)
{
    free(jws->alg);
    free(jws->typ);
    free(jws->kid);
    free(jws->payload);
    free(jws->signature);
    *jws = (struct jws){.token = NULL};
}

int jws_verify(const struct jws *jws, const struct key *key)
{
    return key_verify(key, jws->token, jws->signing_len, jws->signature, jws->signature_len);
}

int jws_sign(const char *header, const char *payload, size_t len, const struct key *key, char **ret_token)
{
    CLEANUP(freep) char *token = NULL;
    unsigned char signature[KEY_SIGNATURE_MAX];
    size_t header_len = strlen(header), payload_at, signing_len;
    int error;

    if (header_len > JWS_MAX || len > JWS_MAX)
        return -E2BIG;
    payload_at = BASE64URL_LENGTH(header_len) + 1;
    signing_len = payload_at + BASE64URL_LENGTH(len);
    token = malloc(signing_len + 1 + BASE64URL_LENGTH(sizeof signature) + 1);
    if (!token)
        return -ENOMEM;
    base64url_encode(header, header_len, token);
    token[payload_at - 1] = '.';
    base64url_encode(payload, len, token + payload_at);
    error = key_sign(key, token, signing_len, signature);
    if (error)
        return error;
    token[signing_len] = '.';
    base64url_encode(signature, key_signature_size(key), token + signing_len + 1);
    *ret_token = token;
    token = NULL;
    return 0;
}
