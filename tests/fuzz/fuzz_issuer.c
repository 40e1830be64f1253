/*
 * What issuers make and publish: the first byte says what the rest is.
 *
 *   b   base64url, and base64
 *   f   a file of keys: JWKS, a bundle, bundles        l   a line of one for ssh
 *   a   compiled anchors
 *   m   the claims of a token that is mapped           s   of a JWT-SVID          h   the header of one
 *   e   a line with a spec, and claims
 */
#include <errno.h>
#include <string.h>

#include "agentctl/key_file.h"
#include "core/compat.h"
#include "replay.h"
#include "trust/anchors.h"
#include "trust/base64url.h"
#include "trust/claim.h"
#include "trust/credential.h"
#include "trust/json.h"
#include "trust/jwk.h"
#include "trust/jws.h"

#define NOW 1754000000
#define HOST "spiffe://example.org/host/web-07"

static const char *const domains[] = {"example.org", NULL};
static const char *const required[] = {"ref=main", NULL};
static const struct issuer issuers[] = {
    {.kind = ISSUER_SVID,
     .name = "svid",
     .iss = "spiffe://example.org",
     .trust_domains = domains,
     .max_lifetime = 900,
     .task = "task"},
    {.kind = ISSUER_JWT,
     .name = "ci",
     .iss = "https://ci.example.org",
     .trust_domains = domains,
     .max_lifetime = 900,
     .identity = "spiffe://example.org/ci/{repository}",
     .task = "run-{run.id}",
     .purpose = "workflow",
     .require = required},
};
static struct key *keys[2];

static void read_token(const char *token)
{
    struct anchor anchors[] = {{.issuer = &issuers[0], .kid = "s", .key = keys[0]},
                               {.issuer = &issuers[1], .kid = "c", .key = keys[1]}};
    const struct verify_context ctx = {anchors, COUNT_OF(anchors), HOST, NOW};
    struct credential *credential;
    const char *detail = NULL;
    enum reason reason = credential_verify(&ctx, token, strlen(token), &credential, &detail);

    must(detail != NULL && (reason == REASON_PERMIT) == (credential != NULL));
    if (credential)
        must(credential->exp > NOW && credential->task &&
             strncmp(credential->identity, "spiffe://example.org/", 21) == 0 &&
             strlen(credential->scope) == credential->scope_len && credential->jti[0]);
    credential_free(credential);
}

static void read_signed(const char *header, const char *payload, size_t len, const struct key *key)
{
    char *token;

    if (jws_sign(header, payload, len, key, &token) < 0)
        return;
    read_token(token);
    free(token);
}

static void read_jwk(const json_t *jwk, enum issuer_kind kind)
{
    struct key *key = NULL;

    (void)!key_file_foreign(jwk, kind);
    (void)!jwk_holds_secret(jwk);
    if (key_file_jwk(jwk, &key) == 0) {
        char thumbprint[KEY_THUMBPRINT_SIZE];

        must(!key_is_private(key) && jwk_thumbprint(key, thumbprint) == 0);
        key_free(key);
    }
}

static void read_keys(const char *text, size_t len)
{
    struct key_file file = {.text = NULL};
    json_t *bundle = NULL, *jwk;
    size_t i;

    if (json_claims_parse(text, len, KEY_FILE_MAX, &file.json) < 0)
        return;
    if (key_file_bundle(&file, "example.org", 1, &bundle) == 0 && bundle)
        json_array_foreach(json_object_get(bundle, "keys"), i, jwk) read_jwk(jwk, ISSUER_SVID);
    json_array_foreach(json_object_get(file.json, "keys"), i, jwk) read_jwk(jwk, ISSUER_JWT);
    json_decref(bundle);
    json_decref(file.json);
}

static void read_base64(const char *text, size_t len)
{
    size_t cap = BASE64URL_BYTES(len), n;
    char *bytes = malloc(cap + 1), *again = malloc(BASE64URL_LENGTH(cap) + 8);

    must(bytes && again);
    if (base64url_decode(text, len, bytes, cap, &n) == 0) { /* one text for the same bytes */
        base64url_encode(bytes, n, again);
        must(strlen(again) == len && memcmp(again, text, len) == 0);
    }
    if (base64_decode(text, len, bytes, cap, &n) == 0) {
        base64_encode(bytes, n, again);
        must(strlen(again) == len && memcmp(again, text, len) == 0);
    }
    free(bytes);
    free(again);
}

static void read_anchors(const char *text, size_t len)
{
    struct anchors *anchors;

    if (anchors_parse(text, len, &anchors) < 0)
        return;
    for (size_t i = 0; i < anchors->count && i < 8; i++)
        must(anchors->items[i].issuer && anchors->items[i].issuer->max_lifetime > 0 && anchors->items[i].jwk &&
             (!anchor_public(&anchors->items[i]) || anchors->items[i].key));
    anchors_free(anchors);
}

static void read_spec(char *text)
{
    char *json = strchr(text, '\n'), value[256], id[256];
    json_t *claims = NULL;

    if (!json)
        return;
    *json++ = '\0';
    if (!claim_spec_valid(text) || json_claims_parse(json, strlen(json), 65536, &claims) < 0)
        return;
    if (claim_text(claims, text, value, sizeof value) == 1)
        must(value[0] && strlen(value) < sizeof value);
    if (claim_spiffe_spec_valid(text, domains) && claim_spiffe_id(claims, text, id, sizeof id) == 1 &&
        strstr(text, "://"))
        must(strncmp(id, "spiffe://example.org/", 21) == 0 && !strstr(id, "/../"));
    (void)claim_holds(claims, text);
    json_decref(claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct key *key = NULL;
    char *text;
    size_t len = size - 1;

    if (size == 0 || size > INPUT_MAX)
        return 0;
    if (!keys[0])
        must(key_generate(KEY_P256, &keys[0]) == 0 && key_generate(KEY_ED25519, &keys[1]) == 0);
    text = malloc(size); /* its own block: sanitizers see a byte too far */
    must(text != NULL);
    memcpy(text, data + 1, len);
    text[len] = '\0';
    switch (data[0]) {
    case 'b':
        read_base64(text, len);
        break;
    case 'f':
        read_keys(text, len);
        break;
    case 'l':
        if (key_file_ssh(text, len, &key) == 0)
            key_free(key);
        break;
    case 'a':
        read_anchors(text, len);
        break;
    case 'm':
        read_signed("{\"alg\":\"Ed25519\",\"kid\":\"c\"}", text, len, keys[1]);
        break;
    case 's':
        read_signed("{\"alg\":\"ES256\",\"kid\":\"s\"}", text, len, keys[0]);
        break;
    case 'h':
        read_signed(text, "{}", 2, keys[0]);
        break;
    case 'e':
        read_spec(text);
        break;
    }
    free(text);
    return 0;
}
