/* Compiled trust anchors. */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "trust/anchors.h"

#define JWK \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}" /* RFC 8037 A.2 */
#define HEAD "pam_agent 1\n"
#define WHOLE \
    "anchor local\niss https://a\nkid k1\nalg Ed25519\ntrust-domain a.org\ntrust-domain b.org\nmax-lifetime " \
    "900\njwk " JWK "\n"

START_TEST(anchors_whole)
{
    const char *text = HEAD WHOLE "anchor other\niss https://b\nalg Ed25519\nmax-lifetime 60\njwk " JWK "\n";
    struct anchors *anchors;

    ck_assert_int_eq(anchors_parse(text, strlen(text), &anchors), 0);
    ck_assert_uint_eq(anchors->count, 2);
    ck_assert_str_eq(anchors->items[0].issuer, "local");
    ck_assert_str_eq(anchors->items[0].iss, "https://a");
    ck_assert_str_eq(anchors->items[0].kid, "k1");
    ck_assert_str_eq(anchors->items[0].trust_domains[1], "b.org");
    ck_assert_ptr_null(anchors->items[0].trust_domains[2]);
    ck_assert_uint_eq(anchors->items[0].max_lifetime, 900);
    ck_assert_ptr_null(anchors->items[1].kid);
    ck_assert_ptr_null(anchors->items[1].trust_domains[0]);
    ck_assert(key_equal(anchors->items[0].key, anchors->items[1].key));
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
    HEAD "anchor \niss https://a\nalg Ed25519\nmax-lifetime 60\njwk " JWK "\n",
    HEAD "anchor a\nalg Ed25519\nmax-lifetime 60\njwk " JWK "\n",
    HEAD "anchor a\niss https://a\nalg Ed25519\njwk " JWK "\n",
    HEAD "anchor a\niss https://a\nalg Ed25519\nmax-lifetime 60\n",
    HEAD "anchor a\niss https://a\nmax-lifetime 60\njwk " JWK "\n",
    HEAD "anchor a\niss https://a\nalg ES256\nmax-lifetime 60\njwk " JWK "\n",
    HEAD WHOLE "iss https://b\n",
    HEAD WHOLE "kid k2\n",
    HEAD WHOLE "jwk " JWK "\n",
    HEAD WHOLE "max-lifetime 60\n",
    HEAD WHOLE "colour red\n",
    HEAD WHOLE "trust-domain \n",
    HEAD "anchor a\niss https://a\nalg Ed25519\nmax-lifetime 0\njwk " JWK "\n",
    HEAD "anchor a\niss https://a\nalg Ed25519\nmax-lifetime 3601\njwk " JWK "\n",
    HEAD "anchor a\niss https://a\nalg Ed25519\nmax-lifetime 60\njwk {}\n",
    HEAD WHOLE "anchor b\n",
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
