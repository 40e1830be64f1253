/* Compiled trust anchors. */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "trust/anchors.h"

#define JWK \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}" /* RFC 8037 A.2 */
#define HEAD "pam_agent 1\n"
#define KEY "key Ed25519\nkid k1\njwk " JWK "\n"
#define ISSUER "issuer local\nkind aat\niss https://a\ntrust-domain a.org\ntrust-domain b.org\nmax-lifetime 900\n"
#define WHOLE ISSUER KEY
#define OF_JWT \
    "issuer ci\nkind jwt\niss https://c\nmax-lifetime 60\nkeys-until 7\nstatus ignore\nidentity spiffe://a.org/{r}\n" \
    "principal p\ntask t\npurpose q\nsensitivity v\nscope s\nrequire a=b\nrequire c.d=e\nalgorithm EdDSA\nalgorithm " \
    "ES256\ntoken-type at+jwt\nsequence " \
    "3\n"

START_TEST(anchors_whole)
{
    const char *text = HEAD WHOLE "key ES256\njwk " JWK "\n" OF_JWT "key Ed25519\njwk " JWK "\n";
    struct anchors *anchors;
    const struct issuer *issuer;

    ck_assert_int_eq(anchors_parse(text, strlen(text), &anchors), 0);
    ck_assert_uint_eq(anchors->count, 3);
    ck_assert_uint_eq(anchors->issuer_count, 2);
    issuer = anchors->items[0].issuer;
    ck_assert_str_eq(issuer->name, "local");
    ck_assert_int_eq(issuer->kind, ISSUER_AAT);
    ck_assert_str_eq(issuer->iss, "https://a");
    ck_assert_str_eq(issuer->trust_domains[1], "b.org");
    ck_assert_ptr_null(issuer->trust_domains[2]);
    ck_assert_uint_eq(issuer->max_lifetime, 900);
    ck_assert_int_eq(issuer->keys_until, 0);
    ck_assert_int_eq(issuer->sequence, -1);
    ck_assert_ptr_null(issuer->identity);
    ck_assert(issuer_takes(issuer, "Ed25519") && issuer_takes(issuer, "PS256") && !issuer_takes(issuer, "EdDSA"));
    ck_assert_str_eq(anchors->items[0].kid, "k1");
    ck_assert_ptr_eq(anchors->items[1].issuer, issuer);
    ck_assert_ptr_null(anchors->items[1].kid);
    ck_assert_ptr_nonnull(anchor_public(&anchors->items[0]));
    ck_assert_ptr_null(anchor_public(&anchors->items[1])); /* its algorithm is another */
    ck_assert(key_equal(anchor_public(&anchors->items[0]), anchor_public(&anchors->items[2])));
    issuer = anchors->items[2].issuer;
    ck_assert_int_eq(issuer->kind, ISSUER_JWT);
    ck_assert_int_eq(issuer->keys_until, 7);
    ck_assert(issuer_is_stale(issuer, 7) && !issuer_is_stale(issuer, 6));
    ck_assert_int_eq(issuer->ignore_status, 1);
    ck_assert_str_eq(issuer->identity, "spiffe://a.org/{r}");
    ck_assert_str_eq(issuer->principal, "p");
    ck_assert_str_eq(issuer->task, "t");
    ck_assert_str_eq(issuer->purpose, "q");
    ck_assert_str_eq(issuer->sensitivity, "v");
    ck_assert_str_eq(issuer->scope, "s");
    ck_assert_str_eq(issuer->require[1], "c.d=e");
    ck_assert_ptr_null(issuer->require[2]);
    ck_assert_str_eq(issuer->algorithms[1], "ES256");
    ck_assert_ptr_null(issuer->algorithms[2]);
    ck_assert(issuer_takes(issuer, "EdDSA") && issuer_takes(issuer, "ES256") && !issuer_takes(issuer, "Ed25519"));
    ck_assert_str_eq(issuer->token_type, "at+jwt");
    ck_assert_ptr_null(issuer->trust_domains[0]);
    ck_assert_int_eq(issuer->sequence, 3);
    anchors_free(anchors);
}
END_TEST

START_TEST(anchors_none)
{
    struct anchors *anchors;

    ck_assert_int_eq(anchors_parse(HEAD, strlen(HEAD), &anchors), 0);
    ck_assert_uint_eq(anchors->count, 0);
    anchors_free(anchors);
}
END_TEST

static const char *const malformed[] = {
    "",
    "pam_agent 2\n" WHOLE,
    HEAD "iss https://a\n" WHOLE,
    HEAD KEY WHOLE,
    HEAD "issuer \nkind aat\niss https://a\nmax-lifetime 60\n",
    HEAD "issuer a\niss https://a\nmax-lifetime 60\n",
    HEAD "issuer a\nkind aat\nmax-lifetime 60\n",
    HEAD "issuer a\nkind aat\niss https://a\n",
    HEAD "issuer a\nkind cat\niss https://a\nmax-lifetime 60\n",
    HEAD ISSUER "kind jwt\n",
    HEAD ISSUER "iss https://b\n",
    HEAD ISSUER "max-lifetime 60\n",
    HEAD ISSUER "colour red\n",
    HEAD ISSUER "trust-domain \n",
    HEAD ISSUER "keys-until x\n",
    HEAD ISSUER "keys-until -1\n",
    HEAD ISSUER "status wait\n",
    HEAD ISSUER "status ignore\nstatus ignore\n",
    HEAD ISSUER "identity {\n",
    HEAD ISSUER "require x\n",
    HEAD ISSUER "algorithm EdDSA\n", /* of another kind */
    HEAD ISSUER "algorithm HS256\n",
    HEAD "issuer a\nalgorithm ES256\nkind aat\niss https://a\nmax-lifetime 60\n",
    HEAD ISSUER "sequence 1\nsequence 1\n",
    HEAD ISSUER "kid k\n",
    HEAD ISSUER "key \njwk " JWK "\n",
    HEAD ISSUER "key Ed25519\n",
    HEAD ISSUER "key Ed25519\nkey Ed25519\njwk " JWK "\n",
    HEAD ISSUER "key Ed25519\n" ISSUER,
    HEAD WHOLE "iss https://b\n",
    HEAD WHOLE "kid k2\n",
    HEAD WHOLE "jwk " JWK "\n",
    HEAD "issuer a\nkind aat\niss https://a\nmax-lifetime 0\n",
    HEAD "issuer a\nkind aat\niss https://a\nmax-lifetime 3601\n",
};

START_TEST(anchors_malformed)
{
    struct anchors *anchors = NULL;

    ck_assert_int_eq(anchors_parse(malformed[_i], strlen(malformed[_i]), &anchors), -EBADMSG);
    ck_assert_ptr_null(anchors);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("anchors");
    TCase *tests = tcase_create("anchors");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, anchors_whole);
    tcase_add_test(tests, anchors_none);
    tcase_add_loop_test(tests, anchors_malformed, 0, sizeof malformed / sizeof *malformed);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
