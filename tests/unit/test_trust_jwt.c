/* JWT-SVIDs and mapped tokens: header, key, claims, and what a credential holds of them. */
#include <errno.h>
#include <stdio.h>

#include "test_trust_mint.h"
#include "trust/aat.h"
#include "trust/base64url.h"
#include "trust/claim.h"
#include "trust/crypto.h"
#include "trust/jwt.h"
#include "trust/presentation.h"
#include "trust/sshkey.h"

#define CI_ISS "https://ci.example.org"
#define CLAIMS "\"iat\":1753999900,\"exp\":1754000400,\"aud\":\"" HOST "\""
#define SVID_HEADER "{\"alg\":\"ES256\",\"kid\":\"s1\",\"typ\":\"JWT\"}"
#define CI_HEADER "{\"alg\":\"Ed25519\",\"kid\":\"c1\",\"typ\":\"JWT\"}"
#define SVID_SUB "\"sub\":\"spiffe://example.org/agent/deploy\""
#define CI_BASE "\"iss\":\"" CI_ISS "\",\"repository\":\"org/app\",\"run_id\":42,\"ref\":\"refs/heads/main\"," CLAIMS

static struct key *svid_key, *other_svid_key, *ci_key;
static const char *const svid_domains[] = {"example.org", NULL}, *const other_domains[] = {"other.example", NULL};
static const char *const required[] = {"ref=refs/heads/main", NULL};
static struct issuer issuers[4];
static struct anchor set[5];
static struct verify_context ctx;

static void set_up(void)
{
    make_keys();
    ck_assert_int_eq(key_generate(KEY_P256, &svid_key), 0);
    ck_assert_int_eq(key_generate(KEY_P256, &other_svid_key), 0);
    ck_assert_int_eq(key_generate(KEY_ED25519, &ci_key), 0);
    issuers[0] = corp;
    issuers[1] = (struct issuer){.kind = ISSUER_SVID,
                                 .name = "spire",
                                 .iss = "spiffe://example.org",
                                 .trust_domains = svid_domains,
                                 .max_lifetime = 900,
                                 .task = "task"};
    issuers[2] = (struct issuer){.kind = ISSUER_SVID,
                                 .name = "other",
                                 .iss = "spiffe://other.example",
                                 .trust_domains = other_domains,
                                 .max_lifetime = 900,
                                 .task = "task"};
    issuers[3] = (struct issuer){.kind = ISSUER_JWT,
                                 .name = "ci",
                                 .iss = CI_ISS,
                                 .trust_domains = svid_domains,
                                 .max_lifetime = 900,
                                 .identity = "spiffe://example.org/ci/{repository}",
                                 .task = "run-{run_id}",
                                 .purpose = "workflow",
                                 .sensitivity = "level",
                                 .principal = "actor",
                                 .require = required};
    issuers[3].principal = NULL;
    set[0] = (struct anchor){.issuer = &issuers[0], .kid = "ed", .key = ed_key};
    set[1] = (struct anchor){.issuer = &issuers[1], .kid = "s1", .key = svid_key};
    set[2] = (struct anchor){.issuer = &issuers[2], .kid = "s1", .key = other_svid_key};
    set[3] = (struct anchor){.issuer = &issuers[3], .kid = "c1", .key = ci_key};
    ctx = (struct verify_context){set, 4, HOST, NOW};
}

static void tear_down(void)
{
    key_free(svid_key);
    key_free(other_svid_key);
    key_free(ci_key);
    free_keys();
}

static struct credential *permitted(const char *header, const char *claims, const struct key *key)
{
    char *token = mint(header, claims, key);
    struct credential *c;

    assert_permitted(&ctx, token, strlen(token), &c);
    free(token);
    return c;
}

static void refused(const char *header, const char *claims, const struct key *key, enum reason reason)
{
    char *token = mint(header, claims, key);

    assert_refused(&ctx, token, strlen(token), reason, "");
    free(token);
}

#define GOOD_SVID "{" SVID_SUB ",\"task\":\"t-1\"," CLAIMS "}"
#define GOOD_CI "{" CI_BASE ",\"workflow\":\"restart-web\"}"

START_TEST(a_svid)
{
    struct credential *c = permitted(SVID_HEADER, GOOD_SVID, svid_key);

    ck_assert_int_eq(c->kind, ISSUER_SVID);
    ck_assert_str_eq(c->issuer, "spire");
    ck_assert_str_eq(c->iss, "spiffe://example.org");
    ck_assert_str_eq(c->identity, "spiffe://example.org/agent/deploy");
    ck_assert_str_eq(c->task, "t-1");
    ck_assert_ptr_null(c->principal);
    ck_assert_ptr_null(c->purpose);
    ck_assert_str_eq(c->holder_thumbprint, "");
    ck_assert(strncmp(c->jti, "sha256:", 7) == 0 && strlen(c->jti) == 50);
    ck_assert_str_eq(c->scope, "pam_agent 1\ntool host:login\nrest 1\ntool host:sudo\nrest 1\n");
    ck_assert_ptr_null(c->tools);
    ck_assert_ptr_null(c->chain);
    ck_assert_int_eq(possession_by_channel(c, "publickey ssh-ed25519 AAAA"), REASON_POSSESSION_MISSING);
    ck_assert_int_eq(possession_by_signature(c, "n", HOST, "a", (const unsigned char *)"x", 1),
                     REASON_POSSESSION_MISSING);
    ck_assert_int_eq(possession_by_pop(c, "n", HOST, "a", NOW, "a.b.c", 5), REASON_POSSESSION_MISSING);
    credential_free(c);
}
END_TEST

/* An ECDSA signature (r, s) has the twin (r, n - s): the same token once more, and the same id. */
START_TEST(a_twin_signature_is_no_new_token)
{
    static const unsigned char order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                            0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                            0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    char *token = mint(SVID_HEADER, GOOD_SVID, svid_key), *twin = strdup(token), *dot = strrchr(twin, '.');
    struct credential *c, *d;
    struct jws jws;
    int borrow = 0;

    ck_assert_int_eq(jws_parse(token, strlen(token), &jws), 0);
    for (int i = 31; i >= 0; i--) {
        int digit = order[i] - jws.signature[32 + i] - borrow;

        borrow = digit < 0;
        jws.signature[32 + i] = (unsigned char)(digit + 256 * borrow);
    }
    base64url_encode(jws.signature, 64, dot + 1);
    jws_clear(&jws);
    ck_assert_str_ne(token, twin);
    assert_permitted(&ctx, token, strlen(token), &c);
    assert_permitted(&ctx, twin, strlen(twin), &d);
    ck_assert_str_eq(c->jti, d->jti);
    credential_free(c);
    credential_free(d);
    free(token);
    free(twin);
}
END_TEST

static const struct {
    const char *header, *claims;
    enum reason reason;
} svids[] = {
    {"{\"alg\":\"ES256\",\"kid\":\"s1\"}", GOOD_SVID, REASON_PERMIT},
    {"{\"alg\":\"ES256\",\"kid\":\"s1\",\"typ\":\"JOSE\"}", GOOD_SVID, REASON_PERMIT},
    {"{\"alg\":\"ES256\",\"kid\":\"s1\",\"typ\":\"jwt\"}", GOOD_SVID, REASON_TYPE_REFUSED},
    {"{\"alg\":\"ES256\",\"kid\":\"s1\",\"typ\":1}", GOOD_SVID, REASON_TYPE_REFUSED},
    {"{\"alg\":\"ES256\",\"kid\":\"s1\",\"typ\":\"at+jwt\"}", GOOD_SVID, REASON_TYPE_REFUSED},
    {"{\"alg\":\"ES256\",\"kid\":\"s1\",\"typ\":\"aat+jwt\"}", GOOD_SVID,
     REASON_KEY_UNKNOWN}, /* an AAT is none of its */
    {"{\"alg\":\"ES256\",\"kid\":\"s1\",\"x5t\":\"AA\"}", GOOD_SVID, REASON_CREDENTIAL_MALFORMED},
    {"{\"alg\":\"ES256\",\"kid\":\"s1\",\"cty\":\"JWT\"}", GOOD_SVID, REASON_CREDENTIAL_MALFORMED},
    {"{\"alg\":\"ES256\",\"kid\":\"s1\",\"crit\":[]}", GOOD_SVID, REASON_CRIT_REFUSED},
    {"{\"alg\":\"none\",\"kid\":\"s1\"}", GOOD_SVID, REASON_ALGORITHM_REFUSED},
    {"{\"alg\":\"HS256\",\"kid\":\"s1\"}", GOOD_SVID, REASON_ALGORITHM_REFUSED},
    {"{\"alg\":\"ES384\",\"kid\":\"s1\"}", GOOD_SVID, REASON_ALGORITHM_REFUSED},
    {"{\"alg\":\"RS512\",\"kid\":\"s1\"}", GOOD_SVID, REASON_ALGORITHM_REFUSED},
    {"{\"alg\":\"ES256\"}", GOOD_SVID, REASON_KEY_UNKNOWN}, /* two keys could be meant */
    {"{\"alg\":\"ES256\",\"kid\":\"s2\"}", GOOD_SVID, REASON_KEY_UNKNOWN},
    {SVID_HEADER, "{" SVID_SUB "," CLAIMS "}", REASON_NOT_TASK_BOUND},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":{}," CLAIMS "}", REASON_CLAIM_INVALID},
    {SVID_HEADER, "{\"sub\":\"spiffe://other.example/x\",\"task\":\"t\"," CLAIMS "}", REASON_TRUST_DOMAIN_REFUSED},
    {SVID_HEADER, "{\"sub\":\"deploy\",\"task\":\"t\"," CLAIMS "}", REASON_CLAIM_INVALID},
    {SVID_HEADER, "{\"task\":\"t\"," CLAIMS "}", REASON_CLAIM_INVALID},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"iat\":1753999900,\"exp\":1754000400}", REASON_AUDIENCE_MISMATCH},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"aud\":\"x\",\"iat\":1753999900,\"exp\":1754000400}",
     REASON_AUDIENCE_MISMATCH},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"aud\":[\"" HOST "\"],\"iat\":1753999900,\"exp\":1754000400}",
     REASON_PERMIT},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"aud\":[\"" HOST "\",\"x\"],\"iat\":1753999900,\"exp\":1754000400}",
     REASON_AUDIENCE_MISMATCH},
    {SVID_HEADER,
     "{" SVID_SUB ",\"task\":\"t\",\"aud\":[\"" HOST "\",\"x\"],\"iat\":1753999900,\"exp\":1754000400,"
     "\"cnf\":{\"jwk\":" HOLDER_JWK "}}",
     REASON_PERMIT},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"aud\":[1],\"iat\":1753999900,\"exp\":1754000400}",
     REASON_CLAIM_INVALID},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"aud\":\"" HOST "\",\"iat\":1753999900}", REASON_CLAIM_INVALID},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"aud\":\"" HOST "\",\"exp\":1754000400}", REASON_CLAIM_INVALID},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"aud\":\"" HOST "\",\"iat\":1753999000,\"exp\":1754000000}",
     REASON_EXPIRED},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"aud\":\"" HOST "\",\"iat\":1754000031,\"exp\":1754000400}",
     REASON_NOT_YET_VALID},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"nbf\":1754000031," CLAIMS "}", REASON_NOT_YET_VALID},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"nbf\":\"x\"," CLAIMS "}", REASON_CLAIM_INVALID},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"aud\":\"" HOST "\",\"iat\":1753999900,\"exp\":1754000801}",
     REASON_LIFETIME_TOO_LONG},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"status\":{}," CLAIMS "}", REASON_CLAIM_INVALID},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"cnf\":{}," CLAIMS "}", REASON_CLAIM_INVALID},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"cnf\":{\"x5t#S256\":\"AA\"}," CLAIMS "}", REASON_CLAIM_INVALID},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"cnf\":{\"jkt\":\"short\"}," CLAIMS "}", REASON_CLAIM_INVALID},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"jti\":\"\"," CLAIMS "}", REASON_CLAIM_INVALID},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"jti\":1," CLAIMS "}", REASON_CLAIM_INVALID},
    {SVID_HEADER, "{" SVID_SUB ",\"task\":\"t\",\"task\":\"t\"," CLAIMS "}", REASON_CLAIM_INVALID},
    {SVID_HEADER, "[]", REASON_CLAIM_INVALID},
    {SVID_HEADER, "{", REASON_CLAIM_INVALID},
};

START_TEST(svid_rules)
{
    if (svids[_i].reason == REASON_PERMIT)
        credential_free(permitted(svids[_i].header, svids[_i].claims, svid_key));
    else
        refused(svids[_i].header, svids[_i].claims, svid_key, svids[_i].reason);
}
END_TEST

/* Two trust domains whose keys have the same kid: each speaks for its own, also where it is one key. */
START_TEST(never_a_key_across_domains)
{
    static const char ours[] = "{" SVID_SUB ",\"task\":\"t\"," CLAIMS "}",
                      theirs[] = "{\"sub\":\"spiffe://other.example/x\",\"task\":\"t\"," CLAIMS "}";
    struct credential *c;

    refused(SVID_HEADER, ours, other_svid_key, REASON_TRUST_DOMAIN_REFUSED);
    refused(SVID_HEADER, theirs, svid_key, REASON_TRUST_DOMAIN_REFUSED);
    c = permitted(SVID_HEADER, theirs, other_svid_key);
    ck_assert_str_eq(c->issuer, "other");
    credential_free(c);
    set[2].key = svid_key;
    c = permitted(SVID_HEADER, theirs, svid_key);
    ck_assert_str_eq(c->issuer, "other");
    credential_free(c);
    c = permitted(SVID_HEADER, ours, svid_key);
    ck_assert_str_eq(c->issuer, "spire");
    credential_free(c);
}
END_TEST

/* Keys are made when they are needed: one that an issuer has by several names, too. */
START_TEST(keys_made_late)
{
    json_t *jwk = jwk_format(ci_key);
    char *text = json_dumps(jwk, JSON_COMPACT);
    struct anchor late[] = {
        {.issuer = &issuers[3], .kid = "x", .alg = "Ed25519", .jwk = text},
        {.issuer = &issuers[3], .kid = "c1", .alg = "Ed25519", .jwk = text},
        {.issuer = &issuers[3], .kid = "y", .alg = "ES256", .jwk = text},
    };
    struct credential *c;

    ctx = (struct verify_context){late, COUNT_OF(late), HOST, NOW};
    c = permitted(CI_HEADER, GOOD_CI, ci_key);
    ck_assert_str_eq(c->issuer, "ci");
    credential_free(c);
    for (size_t i = 0; i < COUNT_OF(late); i++)
        key_free((struct key *)(uintptr_t)late[i].key);
    json_decref(jwk);
    free(text);
}
END_TEST

START_TEST(a_mapped_token)
{
    struct credential *c = permitted(CI_HEADER, GOOD_CI, ci_key);

    ck_assert_int_eq(c->kind, ISSUER_JWT);
    ck_assert_str_eq(c->identity, "spiffe://example.org/ci/org/app");
    ck_assert_str_eq(c->task, "run-42");
    ck_assert_str_eq(c->purpose, "restart-web");
    ck_assert_ptr_null(c->sensitivity);
    ck_assert_str_eq(c->iss, CI_ISS);
    credential_free(c);
    issuers[3].principal = "actor";
    refused(CI_HEADER, GOOD_CI, ci_key, REASON_CLAIM_INVALID);
    c = permitted(CI_HEADER, "{" CI_BASE ",\"actor\":\"alice\",\"jti\":\"j\",\"level\":\"medium\"}", ci_key);
    ck_assert_str_eq(c->principal, "alice");
    ck_assert_ptr_null(c->purpose);
    ck_assert_str_eq(c->sensitivity, "medium");
    ck_assert_str_eq(c->jti, "j");
    credential_free(c);
}
END_TEST

static const struct {
    const char *header, *claims;
    enum reason reason;
} mapped[] = {
    {"{\"alg\":\"Ed25519\",\"kid\":\"c1\"}", GOOD_CI, REASON_PERMIT},
    {"{\"alg\":\"Ed25519\",\"kid\":\"c1\",\"typ\":\"jwt\",\"x5t\":\"AA\"}", GOOD_CI, REASON_PERMIT},
    {"{\"alg\":\"Ed25519\"}", GOOD_CI, REASON_PERMIT}, /* the only one that it could be */
    {"{\"alg\":\"Ed25519\",\"kid\":\"c1\",\"typ\":\"at+jwt\"}", GOOD_CI, REASON_TYPE_REFUSED},
    {"{\"alg\":\"Ed25519\",\"kid\":\"c1\",\"typ\":\"logout+jwt\"}", GOOD_CI, REASON_TYPE_REFUSED},
    {"{\"alg\":\"Ed25519\",\"kid\":\"c1\",\"typ\":\"aat-pop+jwt\"}", GOOD_CI, REASON_TYPE_REFUSED},
    {"{\"alg\":\"Ed25519\",\"kid\":\"ed\",\"typ\":\"JWT\"}", GOOD_CI,
     REASON_PERMIT}, /* a kid of another kind is none */
    {CI_HEADER, "{\"iss\":\"https://x\",\"repository\":\"a\",\"run_id\":1,\"ref\":\"refs/heads/main\"," CLAIMS "}",
     REASON_ISSUER_MISMATCH},
    {CI_HEADER, "{\"repository\":\"a\",\"run_id\":1,\"ref\":\"refs/heads/main\"," CLAIMS "}", REASON_ISSUER_MISMATCH},
    {CI_HEADER, "{\"iss\":\"" CI_ISS "\",\"repository\":\"a\",\"run_id\":1,\"ref\":\"refs/heads/x\"," CLAIMS "}",
     REASON_CLAIM_INVALID},
    {CI_HEADER, "{\"iss\":\"" CI_ISS "\",\"repository\":\"a\",\"run_id\":1," CLAIMS "}", REASON_CLAIM_INVALID},
    {CI_HEADER, "{\"iss\":\"" CI_ISS "\",\"repository\":\"../a\",\"run_id\":1,\"ref\":\"refs/heads/main\"," CLAIMS "}",
     REASON_CLAIM_INVALID},
    {CI_HEADER, "{\"iss\":\"" CI_ISS "\",\"repository\":\"a//b\",\"run_id\":1,\"ref\":\"refs/heads/main\"," CLAIMS "}",
     REASON_CLAIM_INVALID},
    {CI_HEADER, "{\"iss\":\"" CI_ISS "\",\"repository\":\"a b\",\"run_id\":1,\"ref\":\"refs/heads/main\"," CLAIMS "}",
     REASON_CLAIM_INVALID},
    {CI_HEADER, "{\"iss\":\"" CI_ISS "\",\"repository\":[\"a\"],\"run_id\":1,\"ref\":\"refs/heads/main\"," CLAIMS "}",
     REASON_CLAIM_INVALID},
    {CI_HEADER, "{\"iss\":\"" CI_ISS "\",\"repository\":\"a\",\"ref\":\"refs/heads/main\"," CLAIMS "}",
     REASON_NOT_TASK_BOUND},
    {CI_HEADER, "{\"iss\":\"" CI_ISS "\",\"repository\":\"a\",\"run_id\":1.5,\"ref\":\"refs/heads/main\"," CLAIMS "}",
     REASON_CLAIM_INVALID},
    {CI_HEADER, "{" CI_BASE ",\"workflow\":7}", REASON_PERMIT},
    {CI_HEADER, "{" CI_BASE ",\"workflow\":null}", REASON_CLAIM_INVALID},
    {CI_HEADER, "{" CI_BASE ",\"level\":\"secret\"}", REASON_CLAIM_INVALID},
    {CI_HEADER, "{" CI_BASE ",\"level\":\"critical\"}", REASON_CLAIM_INVALID},
    {CI_HEADER, "{" CI_BASE ",\"level\":[\"low\"]}", REASON_CLAIM_INVALID},
    {CI_HEADER, "{" CI_BASE ",\"tctx\":{\"sensitivity\":7}}", REASON_PERMIT}, /* it is not the one that is configured */
    {CI_HEADER, "{" CI_BASE ",\"status\":{\"status_list\":{}}}", REASON_CLAIM_INVALID},
    {CI_HEADER, "{" CI_BASE ",\"authorization_details\":[]}", REASON_SCOPE_EXCEEDED},
    {CI_HEADER, "{" CI_BASE ",\"authorization_details\":[{\"type\":\"attenuating_agent_token\",\"tools\":1}]}",
     REASON_SCOPE_EXCEEDED},
    {CI_HEADER, "{" CI_BASE ",\"authorization_details\":7}", REASON_CLAIM_INVALID},
};

START_TEST(mapping_rules)
{
    if (mapped[_i].reason == REASON_PERMIT)
        credential_free(permitted(mapped[_i].header, mapped[_i].claims, ci_key));
    else
        refused(mapped[_i].header, mapped[_i].claims, ci_key, mapped[_i].reason);
}
END_TEST

START_TEST(what_an_issuer_is_configured_for)
{
    struct credential *c;

    issuers[3].token_type = "at+jwt";
    refused(CI_HEADER, GOOD_CI, ci_key, REASON_TYPE_REFUSED);
    refused("{\"alg\":\"Ed25519\",\"kid\":\"c1\"}", GOOD_CI, ci_key, REASON_TYPE_REFUSED);
    credential_free(permitted("{\"alg\":\"Ed25519\",\"kid\":\"c1\",\"typ\":\"at+jwt\"}", GOOD_CI, ci_key));
    credential_free(permitted("{\"alg\":\"Ed25519\",\"kid\":\"c1\",\"typ\":\"application/AT+JWT\"}", GOOD_CI, ci_key));
    issuers[3].token_type = NULL;
    issuers[3].ignore_status = 1;
    credential_free(permitted(CI_HEADER, "{" CI_BASE ",\"status\":{\"status_list\":{}}}", ci_key));
    issuers[3].scope = "scope";
    refused(CI_HEADER, GOOD_CI, ci_key, REASON_SCOPE_EXCEEDED);
    c = permitted(CI_HEADER, "{" CI_BASE ",\"scope\":\"openid  host:login\"}", ci_key);
    ck_assert_str_eq(c->scope, "pam_agent 1\ntool host:login\nrest 1\ntool openid\nrest 1\n");
    credential_free(c);
    issuers[3].scope = "a.b";
    c = permitted(CI_HEADER,
                  "{" CI_BASE ",\"a\":{\"b\":[{\"type\":\"x\"},{\"type\":\"attenuating_agent_token\",\"tools\":"
                  "{\"host:login\":{}}}]}}",
                  ci_key);
    ck_assert_str_eq(c->scope, "pam_agent 1\ntool host:login\nrest 1\n");
    credential_free(c);
    issuers[3].scope = NULL;
    issuers[3].keys_until = NOW;
    refused(CI_HEADER, GOOD_CI, ci_key, REASON_KEY_STALE);
    issuers[3].keys_until = NOW + 1;
    credential_free(permitted(CI_HEADER, GOOD_CI, ci_key));
}
END_TEST

/* A token that is bound to a key, by itself or by its thumbprint. */
START_TEST(bound_tokens)
{
    char thumbprint[KEY_THUMBPRINT_SIZE], claims[1024], line[256], info[300];
    struct credential *c;

    ck_assert_int_eq(jwk_thumbprint(stranger_key, thumbprint), 0);
    snprintf(claims, sizeof claims, "{%s,\"cnf\":{\"jkt\":\"%s\"}}", CI_BASE, thumbprint);
    c = permitted(CI_HEADER, claims, ci_key);
    ck_assert_str_eq(c->holder_thumbprint, thumbprint);
    ck_assert_int_eq(sshkey_format_line(stranger_key, line, sizeof line), 0);
    snprintf(info, sizeof info, "publickey %s\n", line);
    ck_assert_int_eq(possession_by_channel(c, info), REASON_PERMIT);
    ck_assert_int_eq(sshkey_format_line(ed_key, line, sizeof line), 0);
    snprintf(info, sizeof info, "publickey %s\n", line);
    ck_assert_int_eq(possession_by_channel(c, info), REASON_POSSESSION_INVALID);
    credential_free(c);
}
END_TEST

/* A list of algorithms is all that an issuer's tokens may use; the old name of Ed25519 is taken where it is on one. */
START_TEST(algorithms_of_an_issuer)
{
    static const char *const ed[] = {"ES256", "Ed25519", NULL}, *const old[] = {"EdDSA", NULL},
                             *const other[] = {"ES256", NULL}, *const none[] = {NULL};
    static const char old_header[] = "{\"alg\":\"EdDSA\",\"kid\":\"c1\"}", old_no_kid[] = "{\"alg\":\"EdDSA\"}";

    for (size_t i = 0; i < 2; i++) {
        issuers[3].algorithms = i ? none : NULL;
        credential_free(permitted(CI_HEADER, GOOD_CI, ci_key));
        refused(old_header, GOOD_CI, ci_key, REASON_ALGORITHM_REFUSED);
        refused(old_no_kid, GOOD_CI, ci_key, REASON_KEY_UNKNOWN);
    }
    issuers[3].algorithms = ed;
    credential_free(permitted(CI_HEADER, GOOD_CI, ci_key));
    refused(old_header, GOOD_CI, ci_key, REASON_ALGORITHM_REFUSED);
    issuers[3].algorithms = old;
    credential_free(permitted(old_header, GOOD_CI, ci_key));
    credential_free(permitted(old_no_kid, GOOD_CI, ci_key));
    refused(CI_HEADER, GOOD_CI, ci_key, REASON_ALGORITHM_REFUSED);
    refused("{\"alg\":\"EdDSA\",\"kid\":\"s1\"}", GOOD_SVID, svid_key, REASON_ALGORITHM_REFUSED);
    issuers[3].algorithms = other;
    refused(CI_HEADER, GOOD_CI, ci_key, REASON_ALGORITHM_REFUSED);
}
END_TEST

/* One key of two issuers: what the one takes, the other does not. */
START_TEST(algorithms_of_another_issuer)
{
    static const char *const old[] = {"EdDSA", NULL};
    static const char old_header[] = "{\"alg\":\"EdDSA\",\"kid\":\"c1\"}";
    struct issuer twin = issuers[3];
    struct anchor both[] = {{.issuer = &twin, .kid = "c1", .key = ci_key}, set[3]};
    struct credential *c;

    twin.name = "twin";
    twin.iss = "https://twin.example.org";
    twin.algorithms = old;
    ctx = (struct verify_context){both, 2, HOST, NOW};
    refused(old_header, GOOD_CI, ci_key, REASON_ISSUER_MISMATCH);
    c = permitted(CI_HEADER, GOOD_CI, ci_key);
    ck_assert_str_eq(c->issuer, "ci");
    credential_free(c);
}
END_TEST

/* An AAT's key signs no other token, whatever it says, nor another's an AAT. */
START_TEST(kinds_exclude_each_other)
{
    char *token;

    refused("{\"alg\":\"Ed25519\",\"kid\":\"ed\",\"typ\":\"JWT\"}", GOOD_CI, ed_key, REASON_KEY_UNKNOWN);
    token = mint("{\"alg\":\"Ed25519\",\"kid\":\"c1\",\"typ\":\"aat+jwt\"}", good_claims, ci_key);
    assert_refused(&ctx, token, strlen(token), REASON_KEY_UNKNOWN, "3b");
    free(token);
    ctx.anchor_count = 1; /* a host that knows no other kind says so */
    token = mint(CI_HEADER, GOOD_CI, ci_key);
    assert_refused(&ctx, token, strlen(token), REASON_TYPE_REFUSED, "3a");
    free(token);
}
END_TEST

/* --- the identity of a delegatee --- */

static char *delegate(const char *svid)
{
    json_t *root = json_loads(good_claims, 0, NULL), *child;
    char *text, *tokens[2], hash[44], iss[256] = AAT_ISS_PREFIX, *presentation;
    unsigned char digest[SHA256_SIZE];

    json_object_set_new(root, "del_max_depth", json_integer(1));
    json_object_set_new(root, "cnf", json_pack("{s:o}", "jwk", jwk_format(stranger_key)));
    text = json_dumps(root, JSON_COMPACT);
    tokens[0] = mint(GOOD_HEADER, text, ed_key);
    free(text);
    ck_assert_int_eq(crypto_sha256(tokens[0], (size_t)(strrchr(tokens[0], '.') - tokens[0]), digest), 0);
    base64url_encode(digest, sizeof digest, hash);
    ck_assert_int_eq(jwk_thumbprint(stranger_key, iss + strlen(iss)), 0);
    child = json_pack("{s:s,s:s,s:i,s:i,s:I,s:I,s:s,s:O,s:{s:o}}", "jti", "child", "iss", iss, "del_depth", 1,
                      "del_max_depth", 1, "iat", (json_int_t)NOW, "exp", (json_int_t)NOW + 300, "par_hash", hash,
                      "authorization_details", json_object_get(root, "authorization_details"), "cnf", "jwk",
                      jwk_format(es_key));
    text = json_dumps(child, JSON_COMPACT);
    tokens[1] = mint(GOOD_HEADER, text, stranger_key);
    free(text);
    json_decref(root);
    json_decref(child);
    presentation = presentation_format((const char *const *)tokens, 2, svid);
    free(tokens[0]);
    free(tokens[1]);
    return presentation;
}

static const char *bound_to(const struct key *key, int64_t exp)
{
    static char claims[1024];
    char thumbprint[KEY_THUMBPRINT_SIZE];

    ck_assert_int_eq(jwk_thumbprint(key, thumbprint), 0);
    snprintf(claims, sizeof claims,
             "{\"sub\":\"spiffe://other.example/b\",\"aud\":\"" HOST "\",\"iat\":%lld,\"exp\":%lld,"
             "\"cnf\":{\"jkt\":\"%s\"}}",
             (long long)NOW - 10, (long long)exp, thumbprint);
    return claims;
}

#define UNBOUND "{\"sub\":\"spiffe://other.example/b\"," CLAIMS "}"

START_TEST(a_delegatee_by_its_svid)
{
    char *svid = mint(SVID_HEADER, bound_to(es_key, NOW + 60), other_svid_key), *whole = delegate(svid);
    struct credential *c;

    assert_permitted(&ctx, whole, strlen(whole), &c);
    ck_assert_str_eq(c->identity, "spiffe://example.org/agent/deploy");
    ck_assert_str_eq(c->voucher->identity, "spiffe://other.example/b");
    ck_assert_str_eq(c->voucher->issuer, "other");
    ck_assert_str_eq(c->voucher->iss, "spiffe://other.example");
    ck_assert_int_eq(c->voucher->unbound, 0);
    ck_assert_int_eq(c->exp, NOW + 60); /* it ends with it */
    credential_free(c);
    free(svid);
    free(whole);
    svid = mint(SVID_HEADER, bound_to(ed_key, NOW + 60), other_svid_key);
    whole = delegate(svid);
    assert_refused(&ctx, whole, strlen(whole), REASON_POSSESSION_INVALID, "the svid is bound to another key");
    free(svid);
    free(whole);
}
END_TEST

START_TEST(a_svid_without_a_key_needs_a_proof_that_covers_it)
{
    char *svid = mint(SVID_HEADER, UNBOUND, other_svid_key), *whole = delegate(svid), line[256], info[300];
    struct credential *c;

    assert_permitted(&ctx, whole, strlen(whole), &c);
    ck_assert_int_eq(c->voucher->unbound, 1);
    ck_assert_int_eq(sshkey_format_line(es_key, line, sizeof line), 0);
    snprintf(info, sizeof info, "publickey %s\n", line);
    ck_assert_int_eq(possession_by_channel(c, info), REASON_POSSESSION_MISSING);
    ck_assert_int_eq(possession_by_pop(c, "n", HOST, "a", NOW, "a.b.c", 5), REASON_POSSESSION_MISSING);
    c->voucher->unbound = 0;
    ck_assert_int_eq(possession_by_channel(c, info), REASON_PERMIT);
    credential_free(c);
    free(svid);
    free(whole);
}
END_TEST

START_TEST(svids_that_prove_nothing)
{
    char *svid = mint(SVID_HEADER, UNBOUND, svid_key), *whole = delegate(svid), *token;

    assert_refused(&ctx, whole, strlen(whole), REASON_TRUST_DOMAIN_REFUSED, "");
    free(whole);
    free(svid);
    svid = mint(CI_HEADER, GOOD_CI, ci_key); /* another kind */
    whole = delegate(svid);
    assert_refused(&ctx, whole, strlen(whole), REASON_KEY_UNKNOWN, "");
    free(whole);
    whole = delegate("x");
    assert_refused(&ctx, whole, strlen(whole), REASON_CREDENTIAL_MALFORMED, "");
    free(whole);
    token = mint(GOOD_HEADER, good_claims, ed_key);
    whole = presentation_format((const char *const[]){token}, 1, svid);
    assert_refused(&ctx, whole, strlen(whole), REASON_CREDENTIAL_MALFORMED,
                   "a svid stands beside a token that was not");
    free(whole);
    free(token);
    free(svid);
    whole = strdup("{\"aat_chain\":[\"a\"],\"svid\":1}");
    assert_refused(&ctx, whole, strlen(whole), REASON_CREDENTIAL_MALFORMED, "svid is not a string");
    free(whole);
}
END_TEST

/* --- claims by configuration --- */

static const struct {
    const char *spec, *text; /* NULL: none, "!": no text */
} specs[] = {
    {"a", "1"},           {"b.c", "x"},       {"b.d", NULL},       {"b", "!"},    {"d.e", "dotted"},
    {"d.e.f", NULL},      {"k.io.n", "deep"}, {"t", "true"},       {"n", "!"},    {"r", "!"},
    {"{a}-{b.c}", "1-x"}, {"{a}-{z}", NULL},  {"<{t}>", "<true>"}, {"a.x", NULL}, {"long", "!!"},
};

START_TEST(texts)
{
    json_t *claims = json_loads("{\"a\":1,\"b\":{\"c\":\"x\"},\"d.e\":\"dotted\",\"d\":{\"e\":\"way\"},"
                                "\"k.io\":{\"n\":\"deep\"},\"t\":true,\"n\":null,\"r\":1.5,\"long\":\"0123456789\"}",
                                0, NULL);
    const char *wanted = specs[_i].text;
    char text[10];
    int r = claim_text(claims, specs[_i].spec, text, sizeof text);

    ck_assert(claim_spec_valid(specs[_i].spec));
    ck_assert_int_eq(r, !wanted ? 0 : !strcmp(wanted, "!!") ? -ENOBUFS : !strcmp(wanted, "!") ? -EBADMSG : 1);
    if (r == 1)
        ck_assert_str_eq(text, wanted);
    json_decref(claims);
}
END_TEST

static const struct {
    const char *spec, *value, *id; /* of the claim r */
} ids[] = {
    {"spiffe://e.org/ci/{r}", "org/app", "spiffe://e.org/ci/org/app"},
    {"spiffe://e.org/ci/{r}", "app", "spiffe://e.org/ci/app"},
    {"spiffe://e.org/ci/{r}/x", "app", "spiffe://e.org/ci/app/x"},
    {"spiffe://e.org/ci/{r}/x", "org/app", NULL}, /* it would stand in another's place */
    {"spiffe://e.org/ci/{r}", "", NULL},
    {"spiffe://e.org/ci/{r}", "/app", NULL},
    {"spiffe://e.org/ci/{r}", "app/", NULL},
    {"spiffe://e.org/ci/{r}", "a/../b", NULL},
    {"spiffe://e.org/ci/{r}", "..", NULL},
    {"spiffe://e.org/ci/{r}", ".", NULL},
    {"spiffe://e.org/ci/{r}", "a%2fb", NULL},
    {"spiffe://e.org/ci/{r}", "*", NULL},
    {"spiffe://e.org/ci/{r}", "a?b", NULL},
    {"spiffe://e.org/ci/{r}", "\xc3\xa4", NULL},
    {"spiffe://e.org/ci/x-{r}", "a", "spiffe://e.org/ci/x-a"},
    {"r", "spiffe://e.org/a", "spiffe://e.org/a"},
    {"r", "spiffe://e.org", NULL},
    {"r", "a", NULL},
};

START_TEST(identities)
{
    json_t *claims = json_pack("{s:s}", "r", ids[_i].value);
    char id[64];
    int r = claim_spiffe_id(claims, ids[_i].spec, id, sizeof id);

    ck_assert_int_eq(r, ids[_i].id ? 1 : -EBADMSG);
    if (ids[_i].id)
        ck_assert_str_eq(id, ids[_i].id);
    json_decref(claims);
}
END_TEST

START_TEST(rules)
{
    json_t *claims = json_loads("{\"a\":\"x=y\",\"n\":1,\"l\":[\"p\",2,{}],\"o\":{\"b\":false}}", 0, NULL);

    ck_assert(claim_holds(claims, "a=x=y"));
    ck_assert(claim_holds(claims, "n=1"));
    ck_assert(claim_holds(claims, "l=p"));
    ck_assert(claim_holds(claims, "l=2"));
    ck_assert(claim_holds(claims, "o.b=false"));
    ck_assert(!claim_holds(claims, "a=x"));
    ck_assert(!claim_holds(claims, "l=q"));
    ck_assert(!claim_holds(claims, "z=1"));
    ck_assert(!claim_holds(claims, "a"));
    ck_assert(claim_rule_valid("a=x=y") && claim_rule_valid("a.b= ") && !claim_rule_valid("=x") &&
              !claim_rule_valid("a=") && !claim_rule_valid("{a}=x"));
    json_decref(claims);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trust_jwt");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, a_svid);
    tcase_add_test(tests, a_twin_signature_is_no_new_token);
    tcase_add_loop_test(tests, svid_rules, 0, COUNT_OF(svids));
    tcase_add_test(tests, never_a_key_across_domains);
    tcase_add_test(tests, keys_made_late);
    tcase_add_test(tests, a_mapped_token);
    tcase_add_loop_test(tests, mapping_rules, 0, COUNT_OF(mapped));
    tcase_add_test(tests, what_an_issuer_is_configured_for);
    tcase_add_test(tests, algorithms_of_an_issuer);
    tcase_add_test(tests, algorithms_of_another_issuer);
    tcase_add_test(tests, bound_tokens);
    tcase_add_test(tests, kinds_exclude_each_other);
    tcase_add_test(tests, a_delegatee_by_its_svid);
    tcase_add_test(tests, a_svid_without_a_key_needs_a_proof_that_covers_it);
    tcase_add_test(tests, svids_that_prove_nothing);
    tcase_add_loop_test(tests, texts, 0, COUNT_OF(specs));
    tcase_add_loop_test(tests, identities, 0, COUNT_OF(ids));
    tcase_add_test(tests, rules);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
