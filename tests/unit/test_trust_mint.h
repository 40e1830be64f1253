/* What the tests of tokens share: keys, anchors, a host, and minting any token. */
#ifndef PAM_AGENT_TEST_TRUST_MINT_H
#define PAM_AGENT_TEST_TRUST_MINT_H

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/compat.h"
#include "trust/credential.h"
#include "trust/json.h"
#include "trust/jwk.h"
#include "trust/jws.h"
#include "trust/key.h"

#define NOW 1754000000
#define HOST "spiffe://example.org/host/web-07"
#define ISS "https://sts.example.org"
#define ES_ISS "https://es.example.org"
#define GOOD_HEADER "{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\"}"
#define HOLDER_JWK "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"

static const char good_claims[] =
    "{\"jti\":\"01957a3f-4e23-7b01-a9d1-0050569c2e4f\",\"iss\":\"" ISS
    "\",\"sub\":\"spiffe://example.org/agent/deploy\","
    "\"txn\":\"task-1\",\"tctx\":{\"purpose\":\"restart-web\",\"ticket\":\"INC-1\"},\"aud\":\"" HOST "\","
    "\"iat\":1753999900,\"exp\":1754000400,\"del_depth\":0,\"del_max_depth\":0,\"cnf\":{\"jwk\":" HOLDER_JWK "},"
    "\"authorization_details\":[{\"type\":\"attenuating_agent_token\",\"tools\":{\"host:login\":{}}}]}";

static struct key *ed_key, *es_key, *stranger_key, *es_stranger_key;
static const char *const domains[] = {"other.example", "example.org", NULL};
static const struct issuer corp = {
    .kind = ISSUER_AAT, .name = "corp", .iss = ISS, .trust_domains = domains, .max_lifetime = 900};
static const struct issuer es = {
    .kind = ISSUER_AAT, .name = "es", .iss = ES_ISS, .trust_domains = domains, .max_lifetime = 900};
static struct anchor anchors[2];

__attribute__((unused)) static void make_keys(void)
{
    ck_assert_int_eq(key_generate(KEY_ED25519, &ed_key), 0);
    ck_assert_int_eq(key_generate(KEY_P256, &es_key), 0);
    ck_assert_int_eq(key_generate(KEY_ED25519, &stranger_key), 0);
    ck_assert_int_eq(key_generate(KEY_P256, &es_stranger_key), 0);
    anchors[0] = (struct anchor){.issuer = &corp, .kid = "ed", .key = ed_key};
    anchors[1] = (struct anchor){.issuer = &es, .kid = "es", .key = es_key};
}

__attribute__((unused)) static void free_keys(void)
{
    key_free(ed_key);
    key_free(es_key);
    key_free(stranger_key);
    key_free(es_stranger_key);
}

__attribute__((unused)) static const struct verify_context *context(void)
{
    static struct verify_context ctx;

    ctx = (struct verify_context){anchors, COUNT_OF(anchors), HOST, NOW};
    return &ctx;
}

__attribute__((unused)) static char *mint(const char *header, const char *payload, const struct key *key)
{
    char *token;

    ck_assert_int_eq(jws_sign(header, payload, strlen(payload), key, &token), 0);
    return token;
}

/* The good claims without the member `drop`, then with the members of the object `set`, then with `raw` after the first brace. */
__attribute__((unused)) static char *claims_with(const char *drop, const char *set, const char *raw)
{
    json_t *claims = json_loads(good_claims, 0, NULL), *more = json_loads(set ? set : "{}", JSON_ALLOW_NUL, NULL);
    char *text, *whole;

    ck_assert_ptr_nonnull(claims);
    ck_assert_msg(more != NULL, "%s", set);
    if (drop)
        json_object_del(claims, drop);
    json_object_update(claims, more);
    text = json_dumps(claims, JSON_COMPACT);
    whole = malloc(strlen(text) + (raw ? strlen(raw) : 0) + 1);
    strcpy(whole, "{");
    strcat(whole, raw ? raw : "");
    strcat(whole, text + 1);
    free(text);
    json_decref(claims);
    json_decref(more);
    return whole;
}

#define assert_refused(ctx, token, len, wanted, step) \
    do { \
        struct credential *credential_ = (void *)1; \
        const char *detail_ = NULL; \
        enum reason reason_ = credential_verify(ctx, token, len, &credential_, &detail_); \
        ck_assert_ptr_null(credential_); \
        ck_assert_msg(reason_ == (wanted), "%s (%s), wanted %s", reason_word(reason_), detail_, reason_word(wanted)); \
        ck_assert_msg(strstr(detail_, step) == detail_, "%s, wanted %s", detail_, (const char *)(step)); \
    } while (0)

#define assert_holder(c, wanted) \
    do { \
        char thumbprint_[KEY_THUMBPRINT_SIZE]; \
        ck_assert_int_eq(jwk_thumbprint(wanted, thumbprint_), 0); \
        ck_assert_str_eq((c)->holder_thumbprint, thumbprint_); \
    } while (0)

#define assert_permitted(ctx, token, len, ret) \
    do { \
        const char *detail_ = NULL; \
        enum reason reason_ = credential_verify(ctx, token, len, ret, &detail_); \
        ck_assert_msg(reason_ == REASON_PERMIT, "%s (%s)", reason_word(reason_), detail_); \
        ck_assert_ptr_nonnull(*(ret)); \
    } while (0)

#endif
