#include "trust/credential.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "trust/aat.h"
#include "trust/crypto.h"
#include "trust/json.h"
#include "trust/jwk.h"
#include "trust/jws.h"
#include "trust/tools.h"

static void credential_freep(struct credential **credential)
{
    credential_free(*credential);
}

/* Steps 2a, 2c and 3a as far as the token alone can tell. A chain of one repeats no jti: it is read only after the signature. */
static struct verdict take_apart(const char *token, size_t len, struct jws *ret_jws)
{
    int error;

    if (!token || len == 0)
        return refuse(REASON_CREDENTIAL_MISSING, "2c: the token is empty");
    if (len > CREDENTIAL_MAX)
        return refuse(REASON_TOO_LARGE, "2a: the token is larger than 65536 bytes");
    error = jws_parse(token, len, ret_jws);
    if (error == -ENOMEM)
        return refuse(REASON_INTERNAL, "2c: out of memory");
    if (error == -E2BIG)
        return refuse(REASON_TOO_LARGE, "2c: the header is too large or too deep");
    if (error)
        return refuse(REASON_CREDENTIAL_MALFORMED, "2c: not a compact JWS with one JSON object as its header");
    return permit();
}

static struct verdict check_header(const struct jws *jws)
{
    if (!text_equal(jws->alg, "Ed25519") && !text_equal(jws->alg, "ES256"))
        return refuse(REASON_ALGORITHM_REFUSED, "3a: alg is neither Ed25519 nor ES256");
    if (!text_equal(jws->typ, AAT_TYP))
        return refuse(REASON_TYPE_REFUSED, "3a: typ is not aat+jwt");
    if (jws->has_crit)
        return refuse(REASON_CRIT_REFUSED, "3a: crit is present");
    return permit();
}

/* A kid that some anchor has selects those that have it; any other kid is ignored (Section 3.5). */
static int kid_selects(const struct verify_context *ctx, const struct jws *jws)
{
    for (size_t i = 0; i < ctx->anchor_count; i++)
        if (text_equal(ctx->anchors[i].kid, jws->kid))
            return 1;
    return 0;
}

struct search {
    int by_kid;
    size_t selected, tried, fitting;
    const struct anchor *found;
};

static struct search search_anchor(const struct verify_context *ctx, const struct jws *jws)
{
    struct search s = {.by_kid = kid_selects(ctx, jws)};

    for (size_t i = 0; i < ctx->anchor_count && !s.found; i++) {
        const struct anchor *anchor = &ctx->anchors[i];

        if (!anchor->key || (s.by_kid && !text_equal(anchor->kid, jws->kid)))
            continue;
        s.selected++;
        if (strcmp(key_alg(anchor->key), jws->alg) != 0) /* RFC 8725 Section 3.1: one algorithm a key */
            continue;
        s.tried++;
        s.fitting += jws->signature_len == key_signature_size(anchor->key);
        if (jws_verify(jws, anchor->key) == 0)
            s.found = anchor;
    }
    return s;
}

static struct verdict check_signature(const struct verify_context *ctx, const struct jws *jws,
                                      const struct anchor **ret_anchor)
{
    struct search s = search_anchor(ctx, jws);

    if (s.found) {
        *ret_anchor = s.found;
        return permit();
    }
    if (s.tried == 0 && s.selected > 0 && s.by_kid)
        return refuse(REASON_ALGORITHM_REFUSED, "3a: alg is not that of the key that kid names");
    if (s.tried == 0)
        return refuse(REASON_KEY_UNKNOWN, "3a: no configured key has this algorithm");
    if (s.fitting == 0)
        return refuse(REASON_SIGNATURE_INVALID, "3b: the signature has not the length of this algorithm's");
    if (s.by_kid && s.selected == 1)
        return refuse(REASON_SIGNATURE_INVALID, "3b: the signature does not verify with the key that kid names");
    return refuse(REASON_KEY_UNKNOWN, "3b: no configured key made this signature");
}

/* One key may be configured for two issuers: `iss` says which of them is meant. */
static const struct anchor *settle_anchor(const struct verify_context *ctx, const struct anchor *found,
                                          const json_t *claims)
{
    const char *iss = json_string_value(json_object_get(claims, "iss"));

    for (size_t i = 0; iss && i < ctx->anchor_count; i++)
        if (key_equal(ctx->anchors[i].key, found->key) && text_equal(ctx->anchors[i].iss, iss))
            return &ctx->anchors[i];
    return found;
}

static int copy(char **ret_copy, const char *text)
{
    if (!text)
        return 0;
    *ret_copy = strdup(text);
    return *ret_copy ? 0 : -ENOMEM;
}

static int copy_claims(struct credential *c, struct aat *aat)
{
    if (copy(&c->issuer, aat->anchor->issuer) < 0 || copy(&c->iss, aat->iss) < 0 || copy(&c->jti, aat->jti) < 0 ||
        copy(&c->identity, aat->identity) < 0 || copy(&c->principal, aat->principal) < 0 ||
        copy(&c->task, aat->task) < 0 || copy(&c->purpose, aat->purpose) < 0)
        return -ENOMEM;
    c->iat = aat->iat;
    c->exp = aat->exp;
    c->holder = aat->holder;
    aat->holder = NULL;
    if (jwk_thumbprint(c->holder, c->holder_thumbprint) < 0)
        return -EIO;
    return jwk_thumbprint(aat->anchor->key, c->signer_thumbprint);
}

static int hash_token(struct credential *c, const char *token, size_t len)
{
    unsigned char digest[SHA256_SIZE];
    int error = crypto_sha256(token, len, digest);

    if (!error)
        text_hex(c->sha256, digest, sizeof digest);
    return error;
}

static struct verdict make_credential(struct aat *aat, const char *token, size_t len,
                                      struct credential **ret_credential)
{
    CLEANUP(credential_freep) struct credential *c = calloc(1, sizeof *c);

    if (!c || copy_claims(c, aat) < 0 || hash_token(c, token, len) < 0 || !(c->scope = malloc(CREDENTIAL_SCOPE_MAX)))
        return refuse(REASON_INTERNAL, "out of memory");
    if (tools_compile(aat->tools, c->scope, CREDENTIAL_SCOPE_MAX, &c->scope_len) < 0)
        return refuse(REASON_TOO_LARGE, "3n: the tools are too large");
    *ret_credential = c;
    c = NULL;
    return permit();
}

static struct verdict check_claims(const struct verify_context *ctx, const struct jws *jws, const struct anchor *found,
                                   const char *token, size_t len, struct credential **ret_credential)
{
    CLEANUP(json_freep) json_t *claims = NULL;
    CLEANUP(aat_clear) struct aat aat = {.ctx = ctx, .payload = jws->payload, .payload_len = jws->payload_len};
    struct verdict verdict;

    if (json_strict_parse_object(jws->payload, jws->payload_len, &claims) < 0)
        return refuse(REASON_CLAIM_INVALID, "3b: the payload is not one JSON object without duplicate members");
    aat.claims = claims;
    aat.anchor = settle_anchor(ctx, found, claims);
    verdict = aat_check(&aat);
    return verdict.reason == REASON_PERMIT ? make_credential(&aat, token, len, ret_credential) : verdict;
}

static struct verdict verify(const struct verify_context *ctx, const char *token, size_t len,
                             struct credential **ret_credential)
{
    CLEANUP(jws_clear) struct jws jws = {.token = NULL};
    const struct anchor *anchor = NULL;
    struct verdict verdict = take_apart(token, len, &jws);

    if (verdict.reason == REASON_PERMIT)
        verdict = check_header(&jws);
    if (verdict.reason == REASON_PERMIT)
        verdict = check_signature(ctx, &jws, &anchor);
    if (verdict.reason == REASON_PERMIT)
        verdict = check_claims(ctx, &jws, anchor, token, len, ret_credential);
    return verdict;
}

enum reason credential_verify(const struct verify_context *ctx, const char *token, size_t len,
                              struct credential **ret_credential, const char **ret_detail)
{
    struct verdict verdict;

    *ret_credential = NULL;
    verdict = verify(ctx, token, len, ret_credential);
    if (ret_detail)
        *ret_detail = verdict.detail ? verdict.detail : "every check passed";
    return verdict.reason;
}

void credential_free(struct credential *credential)
{
    if (!credential)
        return;
    free(credential->issuer);
    free(credential->iss);
    free(credential->jti);
    free(credential->identity);
    free(credential->principal);
    free(credential->task);
    free(credential->purpose);
    key_free(credential->holder);
    free(credential->scope);
    free(credential);
}
