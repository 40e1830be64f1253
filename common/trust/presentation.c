#include "trust/presentation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trust/base64url.h"
#include "trust/credential.h"
#include "trust/json.h"

#define JSON_MAX (AAT_CHAIN_MAX + 4096) /* bytes of a presentation as JSON */

static void freep(char **text)
{
    free(*text);
}

static struct verdict read_chain(struct presentation *p)
{
    const json_t *chain = json_object_get(p->object, "aat_chain"), *token;
    const json_t *svid = json_object_get(p->object, "svid");
    size_t i;

    if (!json_is_array(chain))
        return refuse(REASON_CREDENTIAL_MALFORMED, "1: aat_chain is missing or not an array");
    if (json_array_size(chain) > COUNT_OF(p->tokens))
        return refuse(REASON_CHAIN_TOO_DEEP, "4e: the chain has more tokens than any del_max_depth allows");
    json_array_foreach(chain, i, token)
    {
        if (!json_is_string(token))
            return refuse(REASON_CREDENTIAL_MALFORMED, "2c: a token of the chain is not a string");
        p->tokens[i] = json_string_value(token);
        p->lens[i] = json_string_length(token);
    }
    p->count = i;
    if (svid && !json_is_string(svid))
        return refuse(REASON_CREDENTIAL_MALFORMED, "svid is not a string");
    p->svid = json_string_value(svid);
    p->svid_len = json_string_length(svid);
    return permit();
}

static struct verdict read_object(const char *text, size_t len, struct presentation *p)
{
    int error = json_claims_parse(text, len, JSON_MAX, &p->object);

    if (error == -E2BIG)
        return refuse(REASON_TOO_LARGE, "2b: the presentation is too large");
    if (error < 0)
        return refuse(REASON_CREDENTIAL_MALFORMED,
                      "1: the presentation is not one JSON object without duplicate members");
    return read_chain(p);
}

/* --- the object as presentation_format writes it --- */

static int take(const char **at, const char *wanted)
{
    size_t len = strlen(wanted);

    if (strncmp(*at, wanted, len) != 0)
        return 0;
    *at += len;
    return 1;
}

/* A string that no JSON could write otherwise: of what compact tokens are made of. */
static int take_token(const char **at, const char **ret_token, size_t *ret_len)
{
    static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

    if (!take(at, "\""))
        return 0;
    *ret_token = *at;
    *ret_len = strspn(*at, characters);
    *at += *ret_len;
    return take(at, "\"");
}

/* Most of a presentation are its tokens, and a JSON parser takes longer over them than over the rest of a verification. 0: of another form. */
static int take_object(const char *at, const char *end, struct presentation *p)
{
    if (!take(&at, "{\"aat_chain\":["))
        return 0;
    do {
        if (p->count == COUNT_OF(p->tokens) || !take_token(&at, &p->tokens[p->count], &p->lens[p->count]))
            return 0;
        p->count++;
    } while (take(&at, ","));
    return take(&at, "]") && (!take(&at, ",\"svid\":") || take_token(&at, &p->svid, &p->svid_len)) && take(&at, "}") &&
           at == end;
}

static struct verdict read_encoded(const char *text, size_t len, struct presentation *p)
{
    struct presentation plain;
    size_t n;

    p->bytes = malloc(BASE64URL_BYTES(len) + 1);
    if (!p->bytes)
        return refuse(REASON_INTERNAL, "out of memory");
    if (base64url_decode(text, len, p->bytes, BASE64URL_BYTES(len), &n) < 0)
        return refuse(REASON_CREDENTIAL_MALFORMED, "2c: neither a compact JWS nor an object in base64url");
    p->bytes[n] = '\0';
    plain = *p;
    if (!take_object(p->bytes, p->bytes + n, &plain))
        return read_object(p->bytes, n, p);
    *p = plain;
    return permit();
}

struct verdict presentation_read(const char *text, size_t len, struct presentation *p)
{
    *p = (struct presentation){.bytes = NULL};
    if (!text || len == 0)
        return refuse(REASON_CREDENTIAL_MISSING, "1: nothing is presented");
    if (len > CREDENTIAL_MAX)
        return refuse(REASON_TOO_LARGE, "2b: the presentation is too large");
    p->is_object = text[0] == '{' || !memchr(text, '.', len);
    if (text[0] == '{')
        return read_object(text, len, p);
    if (p->is_object)
        return read_encoded(text, len, p);
    p->tokens[0] = text;
    p->lens[0] = len;
    p->count = 1;
    return permit();
}

void presentation_clear(struct presentation *presentation)
{
    json_decref(presentation->object);
    free(presentation->bytes);
    *presentation = (struct presentation){.bytes = NULL};
}

/* 1, 0, or -1: the token names none. */
static int token_is_for(const char *token, size_t len, const char *host_id)
{
    CLEANUP(jws_clear) struct jws jws = {.token = NULL};
    CLEANUP(json_freep) json_t *claims = NULL;
    const json_t *aud, *item;
    size_t i;

    if (jws_parse(token, len, &jws) < 0 || json_claims_parse(jws.payload, jws.payload_len, AAT_TOKEN_MAX, &claims) < 0)
        return 0;
    aud = json_object_get(claims, "aud");
    json_array_foreach(aud, i, item)
    {
        if (json_is_text(item, host_id))
            return 1;
    }
    return aud ? json_is_text(aud, host_id) : -1;
}

int presentation_is_for(const struct presentation *p, const char *host_id)
{
    int named = 0;

    for (size_t i = 0; i < p->count; i++) {
        int found = token_is_for(p->tokens[i], p->lens[i], host_id);

        if (found == 0)
            return 0;
        named |= found > 0;
    }
    return named;
}

char *presentation_format(const char *const *tokens, size_t count, const char *svid)
{
    CLEANUP(json_freep) json_t *chain = json_array();
    CLEANUP(json_freep) json_t *object = NULL;
    CLEANUP(freep) char *text = NULL;
    char *encoded;

    if (count == 1 && !svid)
        return strdup(tokens[0]);
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(chain, json_string(tokens[i])) < 0)
            return NULL;
    object = json_pack("{s:O, s:s*}", "aat_chain", chain, "svid", svid);
    text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    encoded = text ? malloc(BASE64URL_LENGTH(strlen(text)) + 1) : NULL;
    if (encoded)
        base64url_encode(text, strlen(text), encoded);
    return encoded;
}
