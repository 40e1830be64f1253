/*
 * Vectors of others, where there are any: test_trust_vectors DIR, or VECTORS=DIR. Not part of the project.
 *
 * DIR/aat/public.json: the single-token chains. They name no task and no agent, so we refuse all of them; the test looks at
 * the step that refuses. DIR/wycheproof/: what is about ES256 and Ed25519.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_trust_mint.h"
#include "trust/jwk.h"

static const char *directory;

static json_t *load(const char *name)
{
    char path[512];
    json_error_t error;
    json_t *root;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    root = json_load_file(path, JSON_ALLOW_NUL, &error);
    ck_assert_msg(root != NULL, "%s: %s", path, error.text);
    return root;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

/* "3a: ..." is the step "3a"; what stands beyond the draft has none and comes after 6c. */
static void step_of(const char *detail, char step[3])
{
    int is_step = detail[0] >= '1' && detail[0] <= '9' && strlen(detail) > 3 && detail[2] == ':';

    memcpy(step, is_step ? detail : "6d", 2);
    step[2] = '\0';
}

/* Where a refusal may stand that the vector does not expect: our profile is narrower, and never earlier than its own rule. */
static int narrower(const char *ours, enum reason reason)
{
    return reason == REASON_CONSTRAINT_UNKNOWN || reason == REASON_LIFETIME_TOO_LONG || strcmp(ours, "6d") == 0 ||
           (reason == REASON_AUDIENCE_MISMATCH && strcmp(ours, "6c") == 0);
}

static int judge_vector(const json_t *vector, struct verify_context *ctx)
{
    const json_t *expected = json_object_get(vector, "expected");
    const json_t *token = json_array_get(json_object_get(vector, "chain_compact"), 0);
    const char *wanted = text_of(expected, "step"), *detail;
    int early_deny = wanted[0] == '2' || wanted[0] == '3' || strcmp(wanted, "6c") == 0;
    struct credential *credential;
    enum reason reason;
    char ours[3];
    int good;

    ctx->now = json_integer_value(json_object_get(vector, "now"));
    reason = credential_verify(ctx, json_string_value(token), json_string_length(token), &credential, &detail);
    credential_free(credential);
    step_of(detail, ours);
    if (strcmp(wanted, "2c") == 0 && strcmp(ours, "3j") == 0)
        wanted = "3j"; /* a chain of one repeats no jti: we read it after the signature */
    good = reason != REASON_PERMIT &&
           (early_deny ? strcmp(ours, wanted) <= 0 || reason == REASON_CONSTRAINT_UNKNOWN : narrower(ours, reason));
    if (!good || (early_deny && strcmp(ours, wanted) != 0))
        printf("%s%s (%s) wanted %s: %s, %s\n", good ? "  earlier: " : "WRONG: ", text_of(vector, "id"),
               text_of(vector, "title"), early_deny ? wanted : "none of ours", reason_word(reason), detail);
    return good;
}

START_TEST(aat_single_tokens)
{
    json_t *root = load("aat/public.json"), *vectors = json_object_get(root, "vectors");
    const json_t *first = json_array_get(json_object_get(root, "trust_anchors"), 0), *vector;
    static const char *const all[] = {"example.com", NULL};
    struct anchor anchor = {
        .issuer = "vectors", .iss = text_of(first, "iss"), .trust_domains = all, .max_lifetime = UINT32_MAX};
    struct verify_context ctx = {&anchor, 1, text_of(json_object_get(root, "params"), "audience"), 0};
    size_t i, seen = 0, wrong = 0;
    struct key *key;

    ck_assert_int_eq(jwk_parse(json_object_get(first, "jwk"), &key), 0);
    anchor.key = key;
    json_array_foreach(vectors, i, vector)
    {
        if (json_array_size(json_object_get(vector, "chain_compact")) != 1)
            continue;
        seen++;
        wrong += !judge_vector(vector, &ctx);
    }
    printf("aat/public.json: %zu single tokens, %zu wrong\n", seen, wrong);
    ck_assert_uint_gt(seen, 200);
    ck_assert_uint_eq(wrong, 0);
    key_free(key);
    json_decref(root);
}
END_TEST

static int jws_is_valid(const char *token, const struct key *key)
{
    CLEANUP(jws_clear) struct jws jws = {.token = NULL};

    return jws_parse(token, strlen(token), &jws) == 0 && jws.alg && strcmp(jws.alg, key_alg(key)) == 0 &&
           jws_verify(&jws, key) == 0;
}

/* A test that says `valid` must pass, one that says `invalid` must fail; by key or by signature is the same here. */
static size_t judge_group(const json_t *group, const json_t *jwk, size_t *ret_seen)
{
    CLEANUP(key_freep) struct key *key = NULL;
    const json_t *tests = json_object_get(group, "tests"), *test;
    int usable = jwk_parse(jwk, &key) == 0;
    size_t i, wrong = 0;

    json_array_foreach(tests, i, test)
    {
        int valid = usable && jws_is_valid(text_of(test, "jws"), key);

        ++*ret_seen;
        if (valid == (strcmp(text_of(test, "result"), "valid") == 0))
            continue;
        printf("WRONG: tcId %lld %s: %s\n", json_integer_value(json_object_get(test, "tcId")), text_of(test, "comment"),
               valid ? "passed" : "refused");
        wrong++;
    }
    return wrong;
}

static int is_ours(const json_t *jwk)
{
    const char *kty = text_of(jwk, "kty"), *crv = text_of(jwk, "crv");

    return (strcmp(kty, "EC") == 0 && (strcmp(crv, "P-256") == 0 || strcmp(crv, "P-384") == 0)) ||
           strcmp(kty, "OKP") == 0;
}

START_TEST(wycheproof_signatures)
{
    json_t *root = load("wycheproof/json_web_signature_test.json");
    const json_t *groups = json_object_get(root, "testGroups"), *group;
    size_t i, seen = 0, wrong = 0;

    json_array_foreach(groups, i, group) if (is_ours(json_object_get(group, "public"))) wrong +=
        judge_group(group, json_object_get(group, "public"), &seen);
    printf("json_web_signature_test.json: %zu of ours, %zu wrong\n", seen, wrong);
    ck_assert_uint_gt(seen, 30);
    ck_assert_uint_eq(wrong, 0);
    json_decref(root);
}
END_TEST

START_TEST(wycheproof_keys)
{
    json_t *root = load("wycheproof/json_web_key_test.json");
    const json_t *groups = json_object_get(root, "testGroups"), *group;
    size_t i, seen = 0, wrong = 0;

    json_array_foreach(groups, i, group)
    {
        const json_t *jwk = json_array_get(json_object_get(json_object_get(group, "public"), "keys"), 0);

        if (is_ours(jwk))
            wrong += judge_group(group, jwk, &seen);
    }
    printf("json_web_key_test.json: %zu of ours, %zu wrong\n", seen, wrong);
    ck_assert_uint_ge(seen, 4);
    ck_assert_uint_eq(wrong, 0);
    json_decref(root);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("trust_vectors");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    setvbuf(stdout, NULL, _IOLBF, 0); /* a failing test ends its process without flushing */
    directory = argc > 1 ? argv[1] : getenv("VECTORS");
    suite_add_tcase(suite, tests);
    if (!directory || !*directory) {
        printf("no vectors given (VECTORS=DIR): nothing was compared\n");
    } else {
        tcase_set_timeout(tests, 120);
        tcase_add_test(tests, aat_single_tokens);
        tcase_add_test(tests, wycheproof_signatures);
        tcase_add_test(tests, wycheproof_keys);
    }
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
