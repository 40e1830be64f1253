/* jws.h, and what credential_verify refuses before it believes a word: steps 2a to 3b. */
#include <errno.h>

#include "test_trust_mint.h"
#include "trust/aat.h"
#include "trust/base64url.h"

static void refuse_token(const char *token, enum reason reason, const char *step)
{
    assert_refused(context(), token, strlen(token), reason, step);
}

/* HEADER.PAYLOAD.SIGNATURE of given texts, the signature as it is. */
static char *assemble(const char *header, const char *payload, const char *signature)
{
    char *token = malloc(BASE64URL_LENGTH(strlen(header)) + BASE64URL_LENGTH(strlen(payload)) + strlen(signature) + 3);

    base64url_encode(header, strlen(header), token);
    strcat(token, ".");
    base64url_encode(payload, strlen(payload), token + strlen(token));
    strcat(token, ".");
    strcat(token, signature);
    return token;
}

START_TEST(good_tokens)
{
    struct credential *credential;
    char *token = mint(GOOD_HEADER, good_claims, ed_key);
    char *claims = claims_with(NULL, "{\"iss\":\"" ES_ISS "\"}", NULL);

    assert_permitted(context(), token, strlen(token), &credential);
    ck_assert_str_eq(credential->issuer, "corp");
    credential_free(credential);
    free(token);
    token = mint("{\"alg\":\"ES256\",\"typ\":\"aat+jwt\"}", claims, es_key);
    assert_permitted(context(), token, strlen(token), &credential);
    ck_assert_str_eq(credential->issuer, "es");
    credential_free(credential);
    ck_assert_int_eq(credential_verify(context(), token, strlen(token), &credential, NULL), REASON_PERMIT);
    credential_free(credential);
    free(token);
    free(claims);
}
END_TEST

START_TEST(jws_parts)
{
    static const char header[] = "{\"typ\":\"t\",\"alg\":\"a\",\"kid\":\"k\",\"x5c\":[1],\"jwk\":{\"kty\":\"none\"}}";
    char *token = mint(header, "pay\1load", ed_key);
    struct jws jws;

    ck_assert_int_eq(jws_parse(token, strlen(token), &jws), 0);
    ck_assert_str_eq(jws.alg, "a");
    ck_assert_str_eq(jws.typ, "t");
    ck_assert_str_eq(jws.kid, "k");
    ck_assert(!jws.has_crit);
    ck_assert_str_eq(jws.payload, "pay\1load");
    ck_assert_uint_eq(jws.payload_len, 8);
    ck_assert_int_eq(jws_verify(&jws, ed_key), 0);
    ck_assert_int_eq(jws_verify(&jws, es_key), -EKEYREJECTED);
    ck_assert_int_eq(jws_verify(&jws, stranger_key), -EKEYREJECTED);
    jws_clear(&jws);
    jws_clear(&jws);
    free(token);
}
END_TEST

static const struct {
    const char *header;
    enum reason reason;
    const char *step;
} headers[] = {
    {"{\"alg\":\"none\",\"typ\":\"aat+jwt\"}", REASON_ALGORITHM_REFUSED, "3a"},
    {"{\"alg\":\"None\",\"typ\":\"aat+jwt\"}", REASON_ALGORITHM_REFUSED, "3a"},
    {"{\"alg\":\"HS256\",\"typ\":\"aat+jwt\"}", REASON_ALGORITHM_REFUSED, "3a"},
    {"{\"alg\":\"EdDSA\",\"typ\":\"aat+jwt\"}", REASON_ALGORITHM_REFUSED, "3a"},
    {"{\"alg\":\"ed25519\",\"typ\":\"aat+jwt\"}", REASON_ALGORITHM_REFUSED, "3a"},
    {"{\"alg\":\"ES384\",\"typ\":\"aat+jwt\"}", REASON_KEY_UNKNOWN, "3a"},
    {"{\"alg\":\"RS256\",\"typ\":\"aat+jwt\"}", REASON_KEY_UNKNOWN, "3a"},
    {"{\"alg\":\"ES512\",\"typ\":\"aat+jwt\"}", REASON_ALGORITHM_REFUSED, "3a"},
    {"{\"alg\":\"Ed25519 \",\"typ\":\"aat+jwt\"}", REASON_ALGORITHM_REFUSED, "3a"},
    {"{\"alg\":\"\",\"typ\":\"aat+jwt\"}", REASON_ALGORITHM_REFUSED, "3a"},
    {"{\"alg\":null,\"typ\":\"aat+jwt\"}", REASON_ALGORITHM_REFUSED, "3a"},
    {"{\"alg\":[\"Ed25519\"],\"typ\":\"aat+jwt\"}", REASON_ALGORITHM_REFUSED, "3a"},
    {"{\"typ\":\"aat+jwt\"}", REASON_ALGORITHM_REFUSED, "3a"},
    {"{}", REASON_ALGORITHM_REFUSED, "3a"},
    {"{\"alg\":\"Ed25519\"}", REASON_TYPE_REFUSED, "3a"},
    {"{\"alg\":\"Ed25519\",\"typ\":\"JWT\"}", REASON_TYPE_REFUSED, "3a"},
    {"{\"alg\":\"Ed25519\",\"typ\":\"aat-pop+jwt\"}", REASON_TYPE_REFUSED, "3a"},
    {"{\"alg\":\"Ed25519\",\"typ\":\"AAT+JWT\"}", REASON_TYPE_REFUSED, "3a"},
    {"{\"alg\":\"Ed25519\",\"typ\":\"application/aat+jwt\"}", REASON_TYPE_REFUSED, "3a"},
    {"{\"alg\":\"Ed25519\",\"typ\":7}", REASON_TYPE_REFUSED, "3a"},
    {"{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"crit\":[\"exp\"]}", REASON_CRIT_REFUSED, "3a"},
    {"{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"crit\":[\"alg\"]}", REASON_CRIT_REFUSED, "3a"},
    {"{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"crit\":[]}", REASON_CRIT_REFUSED, "3a"},
    {"{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"crit\":null}", REASON_CRIT_REFUSED, "3a"},
    {"{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"crit\":[\"b64\"],\"b64\":false}", REASON_CRIT_REFUSED, "3a"},
    {"{\"alg\":\"Ed25519\",\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\"}", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"{\"alg\":\"none\",\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\"}", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"x\":{\"a\":1,\"a\":1}}", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"[\"Ed25519\"]", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"\"Ed25519\"", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\"}{}", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\"", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"{\"alg\":\"Ed25519\\u0000\",\"typ\":\"aat+jwt\"}", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"", REASON_CREDENTIAL_MALFORMED, "2c"},
    /* kid: one that an anchor has selects, any other is ignored */
    {"{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"kid\":\"es\"}", REASON_ALGORITHM_REFUSED, "3a"},
    {"{\"alg\":\"ES256\",\"typ\":\"aat+jwt\",\"kid\":\"ed\"}", REASON_ALGORITHM_REFUSED, "3a"},
    {"{\"alg\":\"ES256\",\"typ\":\"aat+jwt\",\"kid\":\"es\"}", REASON_SIGNATURE_INVALID, "3b"},
    {"{\"alg\":\"ES256\",\"typ\":\"aat+jwt\"}", REASON_KEY_UNKNOWN, "3b"},
    /* signed by the Ed25519 key all the same: must pass */
    {"{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"kid\":\"ed\"}", REASON_PERMIT, ""},
    {"{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"kid\":\"unknown\"}", REASON_PERMIT, ""},
    {"{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"kid\":\"../../etc/passwd\"}", REASON_PERMIT, ""},
    {"{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"jku\":\"https://attacker.example\",\"x5u\":\"x\",\"cty\":1}",
     REASON_PERMIT, ""},
};

START_TEST(header_rules)
{
    char *token = mint(headers[_i].header, good_claims, ed_key);

    if (headers[_i].reason != REASON_PERMIT) {
        refuse_token(token, headers[_i].reason, headers[_i].step);
    } else {
        struct credential *credential;

        assert_permitted(context(), token, strlen(token), &credential);
        credential_free(credential);
    }
    free(token);
}
END_TEST

static const struct {
    const char *token;
    enum reason reason;
    const char *step;
} shapes[] = {
    {"", REASON_CREDENTIAL_MISSING, "1"},
    {".", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"..", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"...", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"e30", REASON_CREDENTIAL_MALFORMED, "1"},
    {"e30.e30", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"e30.e30.e30.e30", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"e30.e30.", REASON_ALGORITHM_REFUSED, "3a"},
    {"e30=.e30.", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"e30.e30=.", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"e30.e30.AA==", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"e31.e30.", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"e30.e31.", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"e30.e30.AB", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"e30.e30.A", REASON_CREDENTIAL_MALFORMED, "2c"},
    {" e30.e30.", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"e30.e30.\n", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"e30.e3 0.", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"e30.e3+0.", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"e30.\xc3\xa9.", REASON_CREDENTIAL_MALFORMED, "2c"},
    {"{\"payload\":\"e30\",\"protected\":\"e30\",\"signature\":\"\"}", REASON_CREDENTIAL_MALFORMED, "1"},
};

START_TEST(token_shapes)
{
    refuse_token(shapes[_i].token, shapes[_i].reason, shapes[_i].step);
}
END_TEST

START_TEST(no_token)
{
    assert_refused(context(), NULL, 0, REASON_CREDENTIAL_MISSING, "1");
    assert_refused(context(), NULL, 5, REASON_CREDENTIAL_MISSING, "1");
    assert_refused(context(), "e30.e3\0.", 8, REASON_CREDENTIAL_MALFORMED, "2c");
}
END_TEST

/* Exactly 65536 bytes pass, one more does not. A base64url length of 1 mod 4 does not exist, so the header may vary too. */
START_TEST(token_size)
{
    struct credential *credential;
    int exact = 0;

    for (int header_pad = 0; header_pad < 4 && !exact; header_pad++) {
        for (size_t pad = 48400; pad < 48600; pad++) {
            char header[128], *fill = calloc(1, pad + 16), *claims, *token;
            size_t len;

            snprintf(header, sizeof header, "{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\"%*s}", header_pad, "");
            memset(fill, ' ', pad);
            claims = claims_with(NULL, NULL, fill);
            token = mint(header, claims, ed_key);
            len = strlen(token);
            if (len == AAT_TOKEN_MAX) {
                assert_permitted(context(), token, len, &credential);
                credential_free(credential);
                exact = 1;
            } else if (len > AAT_TOKEN_MAX && len < AAT_TOKEN_MAX + 4) {
                assert_refused(context(), token, len, REASON_TOO_LARGE, "2a");
            }
            free(token);
            free(claims);
            free(fill);
        }
    }
    ck_assert_int_eq(exact, 1);
    {
        char *long_token = malloc(CREDENTIAL_MAX + 1);

        memset(long_token, 'A', CREDENTIAL_MAX + 1);
        assert_refused(context(), long_token, CREDENTIAL_MAX + 1, REASON_TOO_LARGE, "2b");
        assert_refused(context(), long_token, CREDENTIAL_MAX, REASON_TOO_LARGE, "2b");
        assert_refused(context(), long_token, AAT_TOKEN_MAX, REASON_CREDENTIAL_MALFORMED, "1");
        memset(long_token, '.', CREDENTIAL_MAX);
        assert_refused(context(), long_token, CREDENTIAL_MAX, REASON_TOO_LARGE, "2a");
        assert_refused(context(), long_token, AAT_TOKEN_MAX, REASON_CREDENTIAL_MALFORMED, "2c");
        free(long_token);
    }
}
END_TEST

START_TEST(header_size_and_depth)
{
    char *header = calloc(1, JWS_HEADER_MAX + 100), *token;
    size_t len = strlen(GOOD_HEADER) - 1;

    memcpy(header, GOOD_HEADER, len);
    memset(header + len, ' ', JWS_HEADER_MAX);
    strcpy(header + JWS_HEADER_MAX, "}");
    token = mint(header, good_claims, ed_key);
    refuse_token(token, REASON_TOO_LARGE, "2c");
    free(token);
    memset(header, 0, JWS_HEADER_MAX + 100);
    strcpy(header, "{\"a\":");
    memset(header + 5, '[', 1000);
    memset(header + 1005, ']', 1000);
    strcat(header, "}");
    token = mint(header, good_claims, ed_key);
    refuse_token(token, REASON_TOO_LARGE, "2c");
    free(token);
    free(header);
}
END_TEST

/* The MAC keyed with the public key, and with its base64url: the alg is refused whatever the signature is. */
START_TEST(algorithm_confusion)
{
    char *token =
        assemble("{\"alg\":\"HS256\",\"typ\":\"aat+jwt\"}", good_claims, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

    refuse_token(token, REASON_ALGORITHM_REFUSED, "3a");
    free(token);
    token = assemble("{\"alg\":\"none\",\"typ\":\"aat+jwt\"}", good_claims, "");
    refuse_token(token, REASON_ALGORITHM_REFUSED, "3a");
    free(token);
    token = mint(GOOD_HEADER, good_claims, es_key); /* says Ed25519, signed with P-256 */
    refuse_token(token, REASON_KEY_UNKNOWN, "3b");
    free(token);
}
END_TEST

static const char *const bad_signatures[] = {
    "", "AA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* 63 bytes */
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",        /* 65 bytes */
};

START_TEST(signature_lengths)
{
    char *token = assemble(GOOD_HEADER, good_claims, bad_signatures[_i]);

    refuse_token(token, REASON_SIGNATURE_INVALID, "3b");
    free(token);
    token = assemble("{\"alg\":\"ES256\",\"typ\":\"aat+jwt\"}", good_claims, bad_signatures[_i]);
    refuse_token(token, REASON_SIGNATURE_INVALID, "3b");
    free(token);
}
END_TEST

START_TEST(strangers)
{
    char *token = mint(GOOD_HEADER, good_claims, stranger_key);

    refuse_token(token, REASON_KEY_UNKNOWN, "3b");
    free(token);
    token = mint("{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"kid\":\"ed\"}", good_claims, stranger_key);
    refuse_token(token, REASON_SIGNATURE_INVALID, "3b");
    free(token);
    token = mint("{\"alg\":\"ES256\",\"typ\":\"aat+jwt\",\"kid\":\"es\"}", good_claims, es_stranger_key);
    refuse_token(token, REASON_SIGNATURE_INVALID, "3b");
    free(token);
    token = mint("{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"jwk\":" HOLDER_JWK "}", good_claims, stranger_key);
    refuse_token(token, REASON_KEY_UNKNOWN, "3b");
    free(token);
}
END_TEST

/* Every byte counts: change any character and nothing but a refusal comes. */
START_TEST(any_change_is_refused)
{
    char *token = mint(GOOD_HEADER, good_claims, ed_key);
    struct credential *credential;

    for (size_t i = 0; i < strlen(token); i++) {
        char kept = token[i];

        token[i] = kept == 'A' ? 'B' : 'A';
        ck_assert_int_ne(credential_verify(context(), token, strlen(token), &credential, NULL), REASON_PERMIT);
        ck_assert_ptr_null(credential);
        token[i] = kept;
    }
    for (size_t len = 0; len < strlen(token); len++)
        ck_assert_int_ne(credential_verify(context(), token, len, &credential, NULL), REASON_PERMIT);
    assert_permitted(context(), token, strlen(token), &credential);
    credential_free(credential);
    free(token);
}
END_TEST

START_TEST(anchors_and_kids)
{
    static const struct issuer second = {
        .kind = ISSUER_AAT, .name = "second", .iss = ISS, .trust_domains = domains, .max_lifetime = 900};
    struct anchor set[] = {
        {.issuer = &corp, .kid = "k", .key = stranger_key},
        {.issuer = &second, .kid = "k", .key = ed_key},
        {.issuer = &corp, .key = es_key},
        {.issuer = &corp},
    };
    struct verify_context ctx = {set, COUNT_OF(set), HOST, NOW};
    struct credential *credential;
    char *token = mint("{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"kid\":\"k\"}", good_claims, ed_key);
    char *es_token = mint("{\"alg\":\"ES256\",\"typ\":\"aat+jwt\",\"kid\":\"k\"}", good_claims, es_key);

    assert_permitted(&ctx, token, strlen(token), &credential);
    ck_assert_str_eq(credential->issuer, "second");
    credential_free(credential);
    assert_refused(&ctx, es_token, strlen(es_token), REASON_ALGORITHM_REFUSED, "3a");
    ctx.anchor_count = 1;
    assert_refused(&ctx, token, strlen(token), REASON_SIGNATURE_INVALID, "3b");
    ctx.anchor_count = 0;
    assert_refused(&ctx, token, strlen(token), REASON_KEY_UNKNOWN, "3a");
    ctx = (struct verify_context){set + 2, 2, HOST, NOW};
    assert_refused(&ctx, token, strlen(token), REASON_KEY_UNKNOWN, "3a");
    set[0].key = es_stranger_key;
    set[1].key = stranger_key;
    set[2] = (struct anchor){.issuer = &corp, .kid = "k", .key = es_stranger_key};
    ctx = (struct verify_context){set, 3, HOST, NOW};
    assert_refused(&ctx, es_token, strlen(es_token), REASON_KEY_UNKNOWN, "3b");
    free(token);
    free(es_token);
}
END_TEST

/* One key, two issuers: the one that iss names is meant, whatever their order. */
START_TEST(one_key_of_two_issuers)
{
    static const struct issuer brief = {.kind = ISSUER_AAT,
                                        .name = "short",
                                        .iss = "https://one.example",
                                        .trust_domains = domains,
                                        .max_lifetime = 10};
    static const struct issuer other = {
        .kind = ISSUER_AAT, .name = "long", .iss = ISS, .trust_domains = domains, .max_lifetime = 900};
    struct anchor set[] = {{.issuer = &brief, .key = ed_key}, {.issuer = &other, .key = ed_key}};
    const struct verify_context ctx = {set, COUNT_OF(set), HOST, NOW};
    struct credential *credential;
    char *token = mint(GOOD_HEADER, good_claims, ed_key);

    assert_permitted(&ctx, token, strlen(token), &credential);
    ck_assert_str_eq(credential->issuer, "long");
    credential_free(credential);
    free(token);
}
END_TEST

START_TEST(jws_refuses)
{
    struct key *public;
    size_t len;
    const unsigned char *point = key_point(ed_key, &len);
    char *token = NULL;

    ck_assert_int_eq(key_new_public(KEY_ED25519, point, len, &public), 0);
    ck_assert_int_eq(jws_sign(GOOD_HEADER, "{}", 2, public, &token), -EINVAL);
    ck_assert_int_eq(jws_parse("x", JWS_MAX + 1, &(struct jws){.token = NULL}), -E2BIG);
    ck_assert_int_eq(jws_sign(GOOD_HEADER, "{}", JWS_MAX + 1, ed_key, &token), -E2BIG);
    ck_assert_ptr_null(token);
    key_free(public);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trust_jws");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make_keys, free_keys);
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, good_tokens);
    tcase_add_test(tests, jws_parts);
    tcase_add_loop_test(tests, header_rules, 0, COUNT_OF(headers));
    tcase_add_loop_test(tests, token_shapes, 0, COUNT_OF(shapes));
    tcase_add_test(tests, no_token);
    tcase_add_test(tests, token_size);
    tcase_add_test(tests, header_size_and_depth);
    tcase_add_test(tests, algorithm_confusion);
    tcase_add_loop_test(tests, signature_lengths, 0, COUNT_OF(bad_signatures));
    tcase_add_test(tests, strangers);
    tcase_add_test(tests, any_change_is_refused);
    tcase_add_test(tests, anchors_and_kids);
    tcase_add_test(tests, one_key_of_two_issuers);
    tcase_add_test(tests, jws_refuses);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
