/* ssh certificates: taken apart, verified, and what a credential holds of them. */
#include <errno.h>
#include <stdio.h>

#include "test_trust_mint.h"
#include "tests/certificate_maker.h"
#include "trust/certificate.h"
#include "trust/sshcert.h"
#include "trust/sshwire.h"

#define CLAIMS \
    "{\"sub\":\"spiffe://example.org/agent/" \
    "deploy\",\"txn\":\"t-1\",\"tctx\":{\"purpose\":\"p\",\"sensitivity\":\"high\"},\"aud\":\"" HOST "\"" \
    "}"

static struct made_certificate made;
static struct issuer ca_issuer;
static struct anchor set[2];
static struct verify_context ctx;
static unsigned char blob[MADE_MAX];

static void set_up(void)
{
    make_keys();
    ca_issuer = (struct issuer){
        .kind = ISSUER_SSH_CA, .name = "ca", .iss = "ssh-ca:ca", .trust_domains = domains, .max_lifetime = 900};
    set[0] = anchors[0];
    set[1] = (struct anchor){.issuer = &ca_issuer, .key = stranger_key};
    ctx = (struct verify_context){set, 2, HOST, NOW};
    made = (struct made_certificate){
        .ca = stranger_key, .key = ed_key, .serial = 7, .type = 1, .valid_after = NOW - 10, .valid_before = NOW + 300};
    made_add(&made.principals, "agent-deploy", 12);
}

static void extension(const char *name, const char *value)
{
    made_option(&made.extensions, name, value, strlen(value));
}

static struct credential *permitted(void)
{
    char *info = made_info(&made);
    struct credential *c;
    const char *detail;
    enum reason reason = certificate_verify(&ctx, info, "agent-deploy", &c, &detail);

    ck_assert_msg(reason == REASON_PERMIT, "%s (%s)", reason_word(reason), detail);
    free(info);
    return c;
}

static void refused(enum reason wanted)
{
    char *info = made_info(&made);
    struct credential *c = (void *)1;
    const char *detail = NULL;
    enum reason reason = certificate_verify(&ctx, info, "agent-deploy", &c, &detail);

    ck_assert_msg(reason == wanted, "%s (%s), wanted %s", reason_word(reason), detail, reason_word(wanted));
    ck_assert_ptr_null(c);
    free(info);
}

START_TEST(task_claims)
{
    char thumbprint[KEY_THUMBPRINT_SIZE];
    struct credential *c;

    extension(CERTIFICATE_CLAIMS_EXTENSION, CLAIMS);
    c = permitted();
    ck_assert_int_eq(c->kind, ISSUER_SSH_CA);
    ck_assert_str_eq(c->issuer, "ca");
    ck_assert_str_eq(c->identity, "spiffe://example.org/agent/deploy");
    ck_assert_str_eq(c->task, "t-1");
    ck_assert_str_eq(c->purpose, "p");
    ck_assert_str_eq(c->sensitivity, "high");
    ck_assert_str_eq(c->jti, "7");
    ck_assert_int_eq(c->iat, NOW - 10);
    ck_assert_int_eq(c->exp, NOW + 300);
    ck_assert_ptr_null(c->tools);
    ck_assert_ptr_null(c->voucher);
    ck_assert_int_eq(jwk_thumbprint(ed_key, thumbprint), 0);
    ck_assert_str_eq(c->holder_thumbprint, thumbprint);
    ck_assert_int_eq(jwk_thumbprint(stranger_key, thumbprint), 0);
    ck_assert_str_eq(c->signer_thumbprint, thumbprint);
    credential_free(c);
    made.serial = 0;
    c = permitted();
    ck_assert(strncmp(c->jti, "sha256:", 7) == 0);
    credential_free(c);
}
END_TEST

static const struct {
    const char *claims;
    enum reason reason;
} claims[] = {
    {"{}", REASON_AUDIENCE_MISMATCH},
    {"{\"aud\":\"" HOST "\"}", REASON_CLAIM_INVALID},
    {"{\"aud\":\"" HOST "\",\"sub\":\"spiffe://example.org/a\"}", REASON_NOT_TASK_BOUND},
    {"{\"aud\":\"" HOST "\",\"sub\":\"spiffe://evil.example/a\",\"txn\":\"t\"}", REASON_TRUST_DOMAIN_REFUSED},
    {"{\"aud\":\"x\",\"sub\":\"spiffe://example.org/a\",\"txn\":\"t\"}", REASON_AUDIENCE_MISMATCH},
    {"{\"aud\":[\"x\",\"" HOST "\"],\"sub\":\"spiffe://example.org/a\",\"txn\":\"t\"}", REASON_PERMIT},
    {"{\"aud\":\"" HOST "\",\"sub\":\"spiffe://example.org/a\",\"txn\":\"t\",\"exp\":1754000000}", REASON_EXPIRED},
    {"{\"aud\":\"" HOST "\",\"sub\":\"spiffe://example.org/a\",\"txn\":\"t\",\"exp\":\"x\"}", REASON_CLAIM_INVALID},
    {"{\"aud\":\"" HOST "\",\"sub\":\"spiffe://example.org/a\",\"txn\":\"t\",\"iat\":1754000031}",
     REASON_NOT_YET_VALID},
    {"{\"aud\":\"" HOST "\",\"sub\":\"spiffe://example.org/a\",\"txn\":\"t\",\"status\":{}}", REASON_CLAIM_INVALID},
    {"{\"aud\":\"" HOST "\",\"sub\":\"spiffe://example.org/a\",\"txn\":\"t\",\"jti\":\"\"}", REASON_CLAIM_INVALID},
    {"{\"aud\":\"" HOST "\",\"sub\":\"spiffe://example.org/a\",\"txn\":\"t\",\"authorization_details\":[]}",
     REASON_SCOPE_EXCEEDED},
    {"{\"a\":1,\"a\":1}", REASON_CLAIM_INVALID},
    {"", REASON_CLAIM_INVALID},
    {"[]", REASON_CLAIM_INVALID},
};

START_TEST(claim_rules)
{
    extension(CERTIFICATE_CLAIMS_EXTENSION, claims[_i].claims);
    if (claims[_i].reason == REASON_PERMIT)
        credential_free(permitted());
    else
        refused(claims[_i].reason);
}
END_TEST

/* Claims narrow the certificate's times, and widen nothing. */
START_TEST(times_of_claims)
{
    struct credential *c;

    extension(CERTIFICATE_CLAIMS_EXTENSION,
              "{\"aud\":\"" HOST "\",\"sub\":\"spiffe://example.org/a\",\"txn\":\"t\",\"iat\":1753999995,"
              "\"exp\":1754000020,\"jti\":\"j\"}");
    c = permitted();
    ck_assert_int_eq(c->iat, NOW - 5);
    ck_assert_int_eq(c->exp, NOW + 20);
    ck_assert_str_eq(c->jti, "j");
    ck_assert_str_eq(c->voucher->jti, "7"); /* so the serial can be revoked still */
    ck_assert_str_eq(c->voucher->iss, c->iss);
    ck_assert_ptr_null(c->voucher->identity);
    ck_assert_int_eq(c->voucher->unbound, 0);
    credential_free(c);
    made.extensions.len = 0;
    extension(CERTIFICATE_CLAIMS_EXTENSION,
              "{\"aud\":\"" HOST "\",\"sub\":\"spiffe://example.org/a\",\"txn\":\"t\",\"iat\":1,\"exp\":1999999999}");
    c = permitted();
    ck_assert_int_eq(c->iat, NOW - 10);
    ck_assert_int_eq(c->exp, NOW + 300);
    credential_free(c);
}
END_TEST

static char *token_for(const struct key *holder)
{
    json_t *jwk = jwk_format(holder), *cnf = json_pack("{s:{s:o}}", "cnf", "jwk", jwk);
    char *text = json_dumps(cnf, JSON_COMPACT), *all = claims_with("cnf", text, NULL),
         *token = mint(GOOD_HEADER, all, ed_key);

    json_decref(cnf);
    free(text);
    free(all);
    return token;
}

START_TEST(a_token_inside)
{
    char *token = token_for(es_key);
    struct credential *c;

    extension(CERTIFICATE_TOKEN_EXTENSION, token);
    refused(REASON_POSSESSION_INVALID);
    free(token);
    made.extensions.len = 0;
    token = token_for(ed_key);
    extension(CERTIFICATE_TOKEN_EXTENSION, token);
    c = permitted();
    ck_assert_int_eq(c->kind, ISSUER_AAT);
    ck_assert_str_eq(c->issuer, "corp");
    ck_assert_str_eq(c->voucher->issuer, "ca");
    ck_assert_str_eq(c->voucher->jti, "7");
    ck_assert_ptr_null(c->voucher->identity);
    ck_assert_int_eq(c->voucher->unbound, 0);
    ck_assert_int_eq(c->exp, NOW + 300); /* the certificate's; the token lives longer */
    credential_free(c);
    made.valid_before = NOW + 600;
    c = permitted();
    ck_assert_int_eq(c->exp, NOW + 400);
    credential_free(c);
    ca_issuer.trust_domains = (const char *const[]){"elsewhere.example", NULL};
    refused(REASON_TRUST_DOMAIN_REFUSED);
    ca_issuer.trust_domains = domains;
    ca_issuer.extension = "other@example.org";
    refused(REASON_CREDENTIAL_MISSING);
    free(token);
}
END_TEST

START_TEST(what_a_certificate_must_be)
{
    refused(REASON_CREDENTIAL_MISSING);
    extension(CERTIFICATE_TOKEN_EXTENSION, "x");
    refused(REASON_CREDENTIAL_MALFORMED);
    extension(CERTIFICATE_CLAIMS_EXTENSION, CLAIMS); /* both; and the order is good */
    refused(REASON_CREDENTIAL_MALFORMED);
    made.extensions.len = 0;
    extension(CERTIFICATE_CLAIMS_EXTENSION, CLAIMS);
    made.type = 2;
    refused(REASON_ALGORITHM_REFUSED);
    made.type = 1;
    made.ca = es_key;
    made.ca = ed_key; /* an AAT's, of no agent CA */
    refused(REASON_KEY_UNKNOWN);
    made.ca = stranger_key;
    made.valid_before = NOW;
    refused(REASON_EXPIRED);
    made.valid_before = made.valid_after;
    refused(REASON_CLAIM_INVALID);
    made.valid_before = UINT64_MAX;
    refused(REASON_LIFETIME_TOO_LONG);
    made.valid_before = NOW + 900;
    refused(REASON_LIFETIME_TOO_LONG);
    made.valid_before = NOW + 890;
    credential_free(permitted());
    made.valid_after = NOW + 31;
    refused(REASON_NOT_YET_VALID);
    made.valid_after = NOW;
    ca_issuer.keys_until = NOW;
    refused(REASON_KEY_STALE);
    ca_issuer.keys_until = 0;
    made_option(&made.critical, "force-command", "/bin/true", 9);
    made_option(&made.critical, "source-address", "10.0.0.0/8", 10);
    credential_free(permitted());
    made_option(&made.critical, "unknown@example.org", NULL, 0);
    refused(REASON_CRIT_REFUSED);
    made.critical.len = 0;
    made.principals.len = 0;
    refused(REASON_IDENTITY_MISMATCH);
    made_add(&made.principals, "agent-deploy\0", 13);
    made_add(&made.principals, "agent", 5);
    made_add(&made.principals, "*", 1);
    refused(REASON_IDENTITY_MISMATCH);
    made_add(&made.principals, "agent-deploy", 12);
    credential_free(permitted());
}
END_TEST

static int parse(size_t len)
{
    static struct sshcert cert;
    unsigned char *copy = malloc(len ? len : 1); /* sanitizers see a byte too far */
    int r;

    memcpy(copy, blob, len);
    r = sshcert_parse(copy, len, &cert);
    if (r == 0)
        r = sshcert_verify(&cert);
    sshcert_clear(&cert);
    free(copy);
    return r;
}

/* Signed as it stands, so that nothing but the name is wrong. */
START_TEST(names_of_formats)
{
    static const char *const names[] = {"ssh-ed25519", "ssh-ed25519-cert-v01@openssh.org",
                                        "ssh-ed25519-cert-v02@openssh.com", "ssh-ed25519-cert-v01@openssh.co",
                                        "ssh-ed25519\1cert-v01@openssh.com"};

    ck_assert_int_eq(parse(made_blob(&made, blob)), 0);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        made.format = names[i];
        ck_assert_msg(parse(made_blob(&made, blob)) == -ENOTSUP, "%s", names[i]);
    }
}
END_TEST

START_TEST(any_change_is_refused)
{
    size_t len;

    extension(CERTIFICATE_CLAIMS_EXTENSION, CLAIMS);
    made_option(&made.critical, "force-command", "/bin/true", 9);
    len = made_blob(&made, blob);
    ck_assert_int_eq(parse(len), 0);
    for (size_t i = 0; i < len; i++)
        ck_assert_msg(parse(i) != 0, "cut at %zu", i);
    for (size_t i = 0; i < len; i++) {
        blob[i] ^= 1;
        ck_assert_msg(parse(len) != 0, "changed at %zu", i);
        blob[i] ^= 0x81;
        ck_assert_msg(parse(len) != 0, "changed at %zu", i);
        blob[i] ^= 0x80;
    }
    blob[len] = 0;
    ck_assert_int_eq(parse(len + 1), -EBADMSG);
}
END_TEST

/* Of a throw-away authority, one of 256: its signature by rsa-sha2-512 begins with a zero byte. */
#define RSA_SHORT_CERT \
    "ssh-ed25519-cert-v01@openssh.com " \
    "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAILm0MDmp44Eoh8i7IvHsbfVIaYPlNal7HPrCMem05f9hAAAAIC2fjCGrdW" \
    "6Y8re6Rp2iGO2294Cfts2WuZeegN8OJXyyAAAAAAAAALIAAAABAAAAAmlkAAAACQAAAAVhbGljZQAAAAAAAAAA//////////8AAAAAAAAAAAAA" \
    "AAAAAAEXAAAAB3NzaC1yc2EAAAADAQABAAABAQC7DFU69bILAqK0b8kCNFuU65Kweg6IXhoV+j+6FyXjshqrgg7FVyhAunyiYm4fdqNrpBz9Gw" \
    "w1kXGTYDv+XA9PVk0rYHy5q+mgL4tYWr7ATDVH7xgUvTm8LKRAxS4WWhJgjtzb2xlGdDAonK3/x5tAVLbXrlvFGrg3dRDAjeVDP6o+M/WTFTp0" \
    "OstcnqyCf3iNZ22RJeYildgtV2e4uFKqyCkgiiTQZUmjnf9+PEUEbgCklE/M1xJda7oVnJsnOrKxmwuuh6Z4EJXXYQ7ugxc85fAqJEWLfopfBR" \
    "3XMtS8IBLz2entkLZpdXGV9KjcPfYkl6MKLJ9xwCWweSm94prVAAABFAAAAAxyc2Etc2hhMi01MTIAAAEAAPBQge4MUju9lE/BNVbPka5bq6+Q" \
    "FXb4w7yyWs88As20rS8icend42IEG/42ULP/wSDnHHFysrflOOWbkqYOzYEeYA50efbiwfbYHE9H87NWQBgbEf3GDlbnz7EkBbjz9PzW1lSNuy" \
    "t65o7w+7MW4P7WTTItwBpyj7Ksn8uTad7e4WH5YEmI1Ef7CWza81HoYwJ+OFuAjAt1zMMHfcSya9e3C6slxrQZmG3vu+1oFwcUKQ9PINTTKIFx" \
    "b6JKRoQOcKaIMYyd57nPJf8pkBhLOTJo5oCx65haphr4zxQGBqWtQABFj9tONGoU84EaEWlgkDvaE2N7CPVHdde4Ep1O4w=="

/* The certificate with another signature behind the same signed bytes. */
static int resign(const struct sshcert *cert, const char *algorithm, const unsigned char *signature, size_t len)
{
    unsigned char inner_buf[1024];
    struct sshwire_writer w = {.buf = blob, .cap = sizeof blob}, inner = {.buf = inner_buf, .cap = sizeof inner_buf};

    sshwire_put_string(&inner, algorithm, strlen(algorithm));
    sshwire_put_string(&inner, signature, len);
    sshwire_put_bytes(&w, cert->signed_part.at, cert->signed_part.len);
    sshwire_put_string(&w, inner.buf, inner.len);
    ck_assert_int_eq(w.error | inner.error, 0);
    return parse(w.len);
}

START_TEST(rsa_signatures_and_their_length)
{
    unsigned char *bytes, signature[1 + 256 + 1] = {0};
    static struct sshcert cert;
    size_t len;

    ck_assert_int_eq(sshcert_decode_line(RSA_SHORT_CERT, strlen(RSA_SHORT_CERT), &bytes, &len), 0);
    ck_assert_int_eq(sshcert_parse(bytes, len, &cert), 0);
    ck_assert_int_eq(sshcert_verify(&cert), 0);
    memcpy(signature + 1, cert.signature.at + cert.signature.len - 256, 256);
    ck_assert(signature[1] == 0 && signature[2] != 0);
    ck_assert_int_eq(resign(&cert, "rsa-sha2-512", signature + 1, 256), 0);
    ck_assert_int_eq(resign(&cert, "rsa-sha2-512", signature + 2, 255), 0); /* zeros may be left out */
    ck_assert_int_eq(resign(&cert, "rsa-sha2-512", signature + 3, 254), -EKEYREJECTED);
    ck_assert_int_eq(resign(&cert, "rsa-sha2-512", signature + 1, 255), -EKEYREJECTED);
    ck_assert_int_eq(resign(&cert, "rsa-sha2-512", signature, 257), -EKEYREJECTED);
    ck_assert_int_eq(resign(&cert, "rsa-sha2-512", signature, 0), -EKEYREJECTED);
    ck_assert_int_eq(resign(&cert, "rsa-sha2-256", signature + 1, 256), -EKEYREJECTED);
    ck_assert_int_eq(resign(&cert, "ssh-rsa", signature + 1, 256), -ENOTSUP); /* SHA-1 */
    ck_assert_int_eq(resign(&cert, "ssh-ed25519", signature + 1, 64), -ENOTSUP);
    sshcert_clear(&cert);
    free(bytes);
}
END_TEST

/* The hash is the signer's to choose: of one RSA key one may be taken and the other not. */
START_TEST(algorithms_of_a_ca)
{
    static const struct {
        const char *const list[3];
        int taken;
    } lists[] = {{{NULL}, 1}, {{"rsa-sha2-512"}, 1}, {{"ssh-ed25519", "rsa-sha2-512"}, 1}, {{"rsa-sha2-256"}, 0}};
    static struct sshcert cert;
    unsigned char *bytes;
    size_t len;

    ck_assert_int_eq(sshcert_decode_line(RSA_SHORT_CERT, strlen(RSA_SHORT_CERT), &bytes, &len), 0);
    ck_assert_int_eq(sshcert_parse(bytes, len, &cert), 0);
    set[1].key = cert.ca;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct credential *c;
        enum reason reason;

        ca_issuer.algorithms = lists[i].list;
        reason = certificate_verify(&ctx, "publickey " RSA_SHORT_CERT, "alice", &c, NULL);
        ck_assert_int_eq(reason, lists[i].taken ? REASON_LIFETIME_TOO_LONG : REASON_ALGORITHM_REFUSED);
        ck_assert_ptr_null(c);
    }
    sshcert_clear(&cert);
    free(bytes);
}
END_TEST

START_TEST(options_are_in_order)
{
    made_option(&made.extensions, "b", NULL, 0);
    made_option(&made.extensions, "a", NULL, 0);
    ck_assert_int_eq(parse(made_blob(&made, blob)), -EBADMSG);
    made.extensions.len = 0;
    made_option(&made.extensions, "a", NULL, 0);
    made_option(&made.extensions, "a", NULL, 0);
    ck_assert_int_eq(parse(made_blob(&made, blob)), -EBADMSG);
    made.extensions.len = 0;
    made_option(&made.extensions, "", NULL, 0);
    ck_assert_int_eq(parse(made_blob(&made, blob)), -EBADMSG);
    made.extensions.len = 0;
    made_option(&made.extensions, "a", NULL, 0);
    made_option(&made.extensions, "ab", "", 0);
    ck_assert_int_eq(parse(made_blob(&made, blob)), 0);
    made_add(&made.extensions, "b", 1);
    made_add(&made.extensions, "no string", 9);
    ck_assert_int_eq(parse(made_blob(&made, blob)), -EBADMSG);
}
END_TEST

START_TEST(bounds)
{
    char name[8];

    for (int i = 0; i < SSHCERT_OPTIONS_MAX; i++) {
        snprintf(name, sizeof name, "x%03d", i);
        made_option(&made.extensions, name, NULL, 0);
    }
    ck_assert_int_eq(parse(made_blob(&made, blob)), 0);
    made_option(&made.extensions, "y", NULL, 0);
    ck_assert_int_eq(parse(made_blob(&made, blob)), -EBADMSG);
    made.extensions.len = 0;
    for (int i = 1; i < SSHCERT_PRINCIPALS_MAX; i++)
        made_add(&made.principals, "p", 1);
    ck_assert_int_eq(parse(made_blob(&made, blob)), 0);
    made_add(&made.principals, "p", 1);
    ck_assert_int_eq(parse(made_blob(&made, blob)), -EBADMSG);
}
END_TEST

START_TEST(lines)
{
    struct credential *c;
    const char *detail;
    char *info, *whole, *line;
    unsigned char *bytes;
    size_t len;

    extension(CERTIFICATE_CLAIMS_EXTENSION, CLAIMS);
    info = made_info(&made);
    whole = malloc(strlen(info) + 200);
    sprintf(whole, "password\npublickey ssh-ed25519 AAAA\n%s\npublickey ssh-ed25519-cert-v01@openssh.com AAAA\n", info);
    ck_assert_int_eq(certificate_verify(&ctx, whole, "agent-deploy", &c, &detail), REASON_PERMIT);
    credential_free(c);
    ck_assert_int_eq(certificate_verify(&ctx, whole, NULL, &c, &detail), REASON_PERMIT);
    credential_free(c);
    ck_assert_int_eq(certificate_verify(&ctx, "publickey ssh-ed25519 AAAA\n", "a", &c, &detail),
                     REASON_CREDENTIAL_MISSING);
    ck_assert_int_eq(certificate_verify(&ctx, "", "a", &c, &detail), REASON_CREDENTIAL_MISSING);
    line = strchr(info, ' ') + 1;
    ck_assert(sshcert_is_line(line, strlen(line)) && !sshcert_is_line("ssh-ed25519 A", 13));
    ck_assert_int_eq(sshcert_decode_line(line, strlen(line), &bytes, &len), 0);
    free(bytes);
    memcpy(line, "ssh-ed25518", 11);
    ck_assert_int_eq(sshcert_decode_line(line, strlen(line), &bytes, &len), -EBADMSG);
    ck_assert_int_eq(sshcert_decode_line("ssh-ed25519-cert-v01@openssh.com", 32, &bytes, &len), -EBADMSG);
    free(whole);
    free(info);
}
END_TEST

/* The key of a certificate that sshd took is the channel's as well (P1). */
START_TEST(possession)
{
    char *token = token_for(ed_key), *info = made_info(&made);
    struct credential *c;

    assert_permitted(context(), token, strlen(token), &c);
    ck_assert_int_eq(possession_by_channel(c, info), REASON_PERMIT);
    credential_free(c);
    free(token);
    token = token_for(es_key);
    assert_permitted(context(), token, strlen(token), &c);
    ck_assert_int_eq(possession_by_channel(c, info), REASON_POSSESSION_INVALID);
    credential_free(c);
    free(token);
    free(info);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trust_certificate");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, free_keys);
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, task_claims);
    tcase_add_loop_test(tests, claim_rules, 0, COUNT_OF(claims));
    tcase_add_test(tests, times_of_claims);
    tcase_add_test(tests, a_token_inside);
    tcase_add_test(tests, names_of_formats);
    tcase_add_test(tests, what_a_certificate_must_be);
    tcase_add_test(tests, any_change_is_refused);
    tcase_add_test(tests, rsa_signatures_and_their_length);
    tcase_add_test(tests, algorithms_of_a_ca);
    tcase_add_test(tests, options_are_in_order);
    tcase_add_test(tests, bounds);
    tcase_add_test(tests, lines);
    tcase_add_test(tests, possession);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
