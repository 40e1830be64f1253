/* Keys of issuers from the files that others write: JWKS, SPIFFE bundles, public keys of ssh. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "agentctl/compile.h"
#include "agentctl/config.h"
#include "core/clock.h"
#include "trust/base64url.h"

#define X1 "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU" /* RFC 7515 A.3 */
#define Y1 "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define X2 "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4" /* RFC 7517 A.1 */
#define Y2 "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
#define KEY1(more) "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X1 "\",\"y\":\"" Y1 "\"" more "}"
#define KEY2(more) "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X2 "\",\"y\":\"" Y2 "\"" more "}"
#define SVID_USE ",\"use\":\"jwt-svid\""
#define KEYS(...) "{\"keys\":[" __VA_ARGS__ "]}"
#define SVIDS(domains) "issuer s { kind = jwt-svid keys = \"k\" trust-domains = { " domains " } }\n"
#define AAT "issuer s { kind = aat iss = \"https://e.org\" keys = \"k\" trust-domains = { \"e.org\" } }\n"
#define CA "issuer s { kind = ssh-ca keys = \"k\" trust-domains = { \"e.org\" } extension = \"x@y\" }\n"

static char dir[64], *text, notes[16384], said[16384];
static size_t count;

static void put(const char *name, const char *content)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(content, 1, strlen(content), file), strlen(content));
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(path, 0600), 0);
}

static void set_up(void)
{
    strcpy(dir, "/tmp/test_key_files.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    text = NULL;
}

static void tear_down(void)
{
    char command[128];

    free(text);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}

/* Compile the issuer with this file as its keys, after `before`. */
static int compile(const char *issuer, const char *keys, const struct anchors *before)
{
    char conf[2048];
    struct problems problems = {0};
    struct config *config;
    FILE *to = fmemopen(notes, sizeof notes, "w"), *err = fmemopen(said, sizeof said, "w");
    size_t len;
    int r;

    free(text);
    text = NULL;
    notes[0] = said[0] = '\0';
    snprintf(conf, sizeof conf, "host { id = \"spiffe://e.org/h\" }\n%s", issuer);
    put("agent.conf", conf);
    if (keys)
        put("k", keys);
    r = config_read(dir, &config, &problems);
    if (r == 0) {
        r = anchors_read(config, before, &problems, to, &text, &len, &count);
        config_free(config);
    }
    problems_print(&problems, err);
    problems_clear(&problems);
    fclose(to);
    fclose(err);
    return r;
}

static void good(const char *issuer, const char *keys, size_t wanted)
{
    ck_assert_msg(compile(issuer, keys, NULL) == 0, "%s", said);
    ck_assert_msg(count == wanted, "%zu keys, wanted %zu: %s", count, wanted, text);
}

static void bad(const char *issuer, const char *keys, const char *why)
{
    ck_assert_int_eq(compile(issuer, keys, NULL), -EINVAL);
    ck_assert_msg(strstr(said, why) && strstr(said, "agent.conf:2: "), "%s", said);
}

START_TEST(a_bundle)
{
    good(SVIDS("\"e.org\""),
         "{\"spiffe_sequence\":3,\"spiffe_refresh_hint\":60,\"keys\":[" KEY1(SVID_USE ",\"kid\":\"a\"") "," KEY2(
             ",\"us"
             "e\":"
             "\"x50"
             "9-"
             "svid"
             "\","
             "\"kid"
             "\":"
             "\"b"
             "\"") "," KEY2(",\"kid\":\"c\"") "," KEY2(",\"use\":\"wit-svid\",\"kid\":\"d\"") ",{\"kty\":\"AKP\","
                                                                                              "\"use\":\"jwt-svid\","
                                                                                              "\"kid\":\"e\"}," KEY2(
                                                                                                  SVID_USE) ",{"
                                                                                                            "\"kty"
                                                                                                            "\":"
                                                                                                            "\"OKP"
                                                                                                            "\","
                                                                                                            "\"crv"
                                                                                                            "\":"
                                                                                                            "\"Ed25"
                                                                                                            "519\","
                                                                                                            "\"use"
                                                                                                            "\":"
                                                                                                            "\"jwt-"
                                                                                                            "svid\""
                                                                                                            ",\"kid"
                                                                                                            "\":"
                                                                                                            "\"f\","
                                                                                                            "\"x\":"
                                                                                                            "\"11qY"
                                                                                                            "AYKxCr"
                                                                                                            "fVS_"
                                                                                                            "7TyWQH"
                                                                                                            "Og7hcv"
                                                                                                            "PapiMl"
                                                                                                            "rwIaaP"
                                                                                                            "cHURo"
                                                                                                            "\"}]}",
         1);
    ck_assert_ptr_nonnull(strstr(text, "kind jwt-svid\niss spiffe://e.org\ntrust-domain e.org\nmax-lifetime 900\n"
                                       "sequence 3\nkey ES256\nkid a\njwk {"));
    ck_assert_ptr_nonnull(strstr(notes, "key 2 passed over: its use is not jwt-svid"));
    ck_assert_ptr_nonnull(strstr(notes, "key 6 passed over: it has no kid"));
    ck_assert_ptr_nonnull(strstr(notes, "key 7 passed over: not for signatures"));
}
END_TEST

START_TEST(nothing_of_an_empty_bundle_is_trusted)
{
    good(SVIDS("\"e.org\""), KEYS(), 0);
    ck_assert_ptr_nonnull(strstr(notes, "holds no key: nothing of issuer \"s\" is trusted"));
    good(SVIDS("\"e.org\""), KEYS(KEY1(",\"use\":\"x509-svid\"")), 0);
    ck_assert_ptr_nonnull(strstr(text, "issuer s\n"));
    bad(SVIDS("\"e.org\""), "{\"keys\":1}", "no JSON object with a list");
    bad(SVIDS("\"e.org\""), "[]", "no JSON object");
}
END_TEST

static struct anchors *in_force(void)
{
    struct anchors *anchors;

    ck_assert_int_eq(anchors_parse(text, strlen(text), &anchors), 0);
    return anchors;
}

#define AT(n) "{\"spiffe_sequence\":" n ",\"keys\":[" KEY1(SVID_USE ",\"kid\":\"a\"") "]}"

START_TEST(a_sequence_never_goes_back)
{
    struct anchors *before;

    good(SVIDS("\"e.org\""), AT("9007199254740993"), 1);
    before = in_force();
    ck_assert_int_eq(compile(SVIDS("\"e.org\""), AT("9007199254740992"), before), -EINVAL);
    ck_assert_ptr_nonnull(strstr(said, "spiffe_sequence is 9007199254740992, and was 9007199254740993 before"));
    ck_assert_int_eq(compile(SVIDS("\"e.org\""), AT("9007199254740993"), before), 0);
    ck_assert_int_eq(compile(SVIDS("\"e.org\""), AT("9007199254740994"), before), 0);
    ck_assert_ptr_nonnull(strstr(text, "sequence 9007199254740994\n"));
    /* One that does not say is taken; what was seen is not forgotten. */
    ck_assert_int_eq(compile(SVIDS("\"e.org\""), KEYS(KEY1(SVID_USE ",\"kid\":\"a\"")), before), 0);
    ck_assert_ptr_nonnull(strstr(text, "sequence 9007199254740993\n"));
    ck_assert_int_eq(compile(SVIDS("\"f.org\""), AT("1"), before), 0); /* another trust domain */
    ck_assert_int_eq(compile(SVIDS("\"e.org\""), AT("\"x\""), before), -EINVAL);
    anchors_free(before);
}
END_TEST

/* As spiffe-helper writes it: go-spiffe's JWKS, which says no use, in base64 under the name of the trust domain. */
START_TEST(bundles_of_spiffe_helper)
{
    char one[1024], two[1024], file[4096];

    base64_encode(KEYS(KEY1(",\"kid\":\"a\"")), strlen(KEYS(KEY1(",\"kid\":\"a\""))), one);
    base64_encode(KEYS(KEY2(",\"kid\":\"a\"")), strlen(KEYS(KEY2(",\"kid\":\"a\""))), two);
    snprintf(file, sizeof file, "{\"e.org\":\"%s\",\"f.org\":\"%s\"}", one, two);
    good(SVIDS("\"e.org\", \"f.org\""), file, 2);
    ck_assert_ptr_nonnull(strstr(text, "iss spiffe://e.org\ntrust-domain e.org\nmax-lifetime 900\nkey ES256\nkid a\n"));
    ck_assert_ptr_nonnull(strstr(text, "iss spiffe://f.org\ntrust-domain f.org\nmax-lifetime 900\nkey ES256\nkid a\n"));
    good(SVIDS("\"f.org\""), file, 1);
    ck_assert_ptr_nonnull(strstr(text, X2));
    ck_assert_ptr_null(strstr(text, X1));
    good(SVIDS("\"e.org\", \"g.org\""), file, 1);
    ck_assert_ptr_nonnull(strstr(notes, "g.org: holds no bundle of it"));
    bad(SVIDS("\"e.org\""), "{\"e.org\":\"*\"}", "the bundle of e.org cannot be read");
    bad(SVIDS("\"e.org\""), "{\"e.org\":\"e30\"}", "the bundle of e.org cannot be read"); /* no padding */
    bad(SVIDS("\"e.org\""), "{\"e.org\":\"e30=\"}", "no JSON object with a list");
    bad(SVIDS("\"e.org\""), "{\"e.org\":1}", "the bundle of e.org cannot be read");
}
END_TEST

START_TEST(bundle_maps)
{
    good(SVIDS("\"e.org\", \"f.org\""),
         "{\"trust_domains\":{\"e.org\":" KEYS(KEY1(SVID_USE ",\"kid\":\"a\"")) ",\"f.org\":" KEYS() "}}", 1);
    bad(SVIDS("\"e.org\""), "{\"trust_domains\":{\"e.org\":\"x\"}}", "the bundle of e.org cannot be read");
    bad(SVIDS("\"e.org\", \"f.org\""), KEYS(KEY1(SVID_USE ",\"kid\":\"a\"")), "it is the bundle of one trust domain");
    bad(SVIDS("\"e.org\""), "{\"trust_domains\":{\"e.org\":{\"keys\":[]},\"e.org\":{\"keys\":[]}}}", "no JSON object");
}
END_TEST

START_TEST(keys_that_are_there_twice)
{
    good(AAT, KEYS(KEY1(",\"kid\":\"a\"") "," KEY1(",\"kid\":\"a\"")), 1);
    ck_assert_ptr_nonnull(strstr(notes, "key 2 passed over: it is key 1 once more"));
    good(AAT, KEYS(KEY1("") "," KEY1(",\"kid\":\"a\"")), 2); /* one by two names */
    good(AAT, KEYS(KEY1(",\"kid\":\"a\"") "," KEY2(",\"kid\":\"b\"")), 2);
    bad(AAT, KEYS(KEY1(",\"kid\":\"a\"") "," KEY2(",\"kid\":\"a\"")),
        "keys 1 and 2 are different and have the same kid");
    bad(AAT, KEYS(KEY1(",\"d\":\"AQ\"")), "key 1 is private");
    bad(AAT, KEYS("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X1 "\",\"y\":\"" Y2 "\"}"),
        "key 1 is not a valid public key"); /* not on the curve */
    bad(AAT, KEYS("{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" X1 "\",\"y\":\"" Y1 "\"}"), "key 1 is not a valid");
}
END_TEST

/* 1,000 keys, of which one is ours. */
START_TEST(many_keys)
{
    char *file = malloc(1u << 20), *at = file + sprintf(file, "{\"keys\":[");
    struct anchors *anchors;

    for (int i = 0; i < 1000; i++)
        at += sprintf(at, "%s%s", i ? "," : "", KEY1(""));
    sprintf(at, "]}");
    good(AAT, file, 1);
    at = file + sprintf(file, "{\"keys\":[");
    for (int i = 0; i < 1000; i++)
        at += sprintf(at, "%s{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k%d\",\"x\":\"" X1 "\",\"y\":\"" Y1 "\"}",
                      i ? "," : "", i);
    sprintf(at, "]}");
    good(AAT, file, 1000);
    anchors = in_force();
    ck_assert_uint_eq(anchors->count, 1000);
    anchors_free(anchors);
    free(file);
}
END_TEST

START_TEST(ages)
{
    char path[128], wanted[64];
    int64_t then = clock_wall_seconds() - 1000;

    put("k", KEYS(KEY1("")));
    snprintf(path, sizeof path, "%s/k", dir);
    ck_assert_int_eq(utime(path, &(struct utimbuf){then, then}), 0);
    ck_assert_int_eq(compile("issuer s { kind = aat iss = \"https://e.org\" keys = \"k\" trust-domains = { \"e.org\" } "
                             "max-key-age = 900s }",
                             NULL, NULL),
                     0);
    snprintf(wanted, sizeof wanted, "keys-until %lld\n", (long long)then + 900);
    ck_assert_msg(strstr(text, wanted) != NULL, "%s", text);
    ck_assert_ptr_nonnull(strstr(notes, "older than max-key-age"));
    then += 100000; /* it is not from the future */
    ck_assert_int_eq(utime(path, &(struct utimbuf){then, then}), 0);
    ck_assert_int_eq(compile("issuer s { kind = aat iss = \"https://e.org\" keys = \"k\" trust-domains = { \"e.org\" } "
                             "max-key-age = 900s }",
                             NULL, NULL),
                     0);
    ck_assert_ptr_null(strstr(notes, "older"));
    snprintf(wanted, sizeof wanted, "keys-until %lld\n", (long long)then + 900);
    ck_assert_ptr_null(strstr(text, wanted));
}
END_TEST

#define ED1 "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define LISTED(kind, algorithms) \
    "issuer s { kind = " kind " iss = \"https://e.org\" keys = \"k\" trust-domains = { \"e.org\" }\n" \
    " algorithms = { " algorithms " } }\n"

START_TEST(algorithms)
{
    static const char ed[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\n";

    good(LISTED("aat", "\"ES256\", \"RS256\""), KEYS(ED1 "," KEY1("")), 1);
    ck_assert_ptr_nonnull(strstr(text, "algorithm ES256\nalgorithm RS256\nkey ES256\n"));
    ck_assert_ptr_nonnull(strstr(notes, "k: key 1 passed over: a key of Ed25519 signs by none of the algorithms at "));
    ck_assert_ptr_nonnull(strstr(notes, "agent.conf:3\n"));
    anchors_free(in_force());
    good(LISTED("aat", "\"Ed25519\""), KEYS(ED1 "," KEY1("")), 1);
    bad(LISTED("aat", "\"ES384\""), KEYS(ED1 "," KEY1("")),
        "k: no key in it can be used: issuer \"s\" needs a key of one of");
    good("issuer s { kind = jwt iss = \"https://e.org\" keys = \"k\" trust-domains = { \"e.org\" } identity = sub\n"
         "algorithms = EdDSA }\n",
         KEYS(ED1 "," KEY1("")), 1);
    good(LISTED("ssh-ca", "\"ssh-ed25519\", \"rsa-sha2-512\""), ed, 1);
    good(LISTED("ssh-ca", "\"rsa-sha2-512\""), ed, 0);
    ck_assert_ptr_nonnull(strstr(notes, "holds no key"));
}
END_TEST

START_TEST(a_ca_of_ssh)
{
    static const char key[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
    char file[512];

    snprintf(file, sizeof file, "# agents\n\n%s ca@example\r\n  # %s\n", key, key);
    good(CA, file, 1);
    ck_assert_ptr_nonnull(strstr(text, "issuer s\nkind ssh-ca\niss ssh-ca:s\ntrust-domain e.org\nmax-lifetime 900\n"
                                       "extension x@y\nkey Ed25519\njwk {"));
    bad(CA, "ssh-ed25519 AAAA\n", "k:1: no public key");
    snprintf(file, sizeof file, "%s\ncert-authority %s\n", key, key);
    bad(CA, file, "k:2: no public key");
    good(CA, "# none\n", 0);
    ck_assert_ptr_nonnull(strstr(notes, "holds no key"));
}
END_TEST

START_TEST(mappings)
{
    good("issuer s { kind = jwt iss = \"https://e.org\" keys = \"k\" trust-domains = { \"e.org\" }\n"
         " identity = \"spiffe://e.org/ci/{repository}\" task = \"{run_id}\" purpose = workflow sensitivity = level "
         "principal = actor\n"
         " scope = scope require = { \"a=b\", \"c.d=e\" } token-type = \"at+jwt\" status = ignore }\n",
         KEYS(KEY1("")), 1);
    ck_assert_ptr_nonnull(
        strstr(text, "status ignore\nidentity spiffe://e.org/ci/{repository}\nprincipal actor\ntask {run_id}\n"
                     "purpose workflow\nsensitivity level\nscope scope\nrequire a=b\nrequire c.d=e\ntoken-type "
                     "at+jwt\nkey ES256\n"));
    anchors_free(in_force());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("key_files");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, a_bundle);
    tcase_add_test(tests, nothing_of_an_empty_bundle_is_trusted);
    tcase_add_test(tests, a_sequence_never_goes_back);
    tcase_add_test(tests, bundles_of_spiffe_helper);
    tcase_add_test(tests, bundle_maps);
    tcase_add_test(tests, keys_that_are_there_twice);
    tcase_add_test(tests, many_keys);
    tcase_add_test(tests, ages);
    tcase_add_test(tests, a_ca_of_ssh);
    tcase_add_test(tests, algorithms);
    tcase_add_test(tests, mappings);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
