/* Delegated credentials: what holds beyond the vectors of tests/vectors, and what comes out of a chain. */
#include <errno.h>
#include <stdio.h>

#include "test_trust_mint.h"
#include "tests/presentation_forms.h"
#include "trust/aat.h"
#include "trust/base64url.h"
#include "trust/crypto.h"
#include "trust/derive.h"
#include "trust/jcs.h"
#include "trust/jwk.h"

#define TOKENS 10
#define WIDE "{\"host:login\":{},\"host:sudo\":{\"args\":{\"constraint_type\":\"wildcard\"}}}"
#define NARROW "{\"host:sudo\":{\"args\":{\"constraint_type\":\"exact\",\"value\":\"x\"}}}"

static struct key *holders[TOKENS];
static char *tokens[TOKENS];
static size_t count;

static void setup(void)
{
    static const enum key_type types[] = {KEY_ED25519, KEY_P384, KEY_P256};

    make_keys();
    for (size_t i = 0; i < TOKENS; i++)
        ck_assert_int_eq(key_generate(types[i % COUNT_OF(types)], &holders[i]), 0);
    count = 0;
}

static void teardown(void)
{
    for (size_t i = 0; i < TOKENS; i++)
        key_free(holders[i]);
    while (count > 0)
        free(tokens[--count]);
    free_keys();
}

static void put(json_t *claims, const char *set)
{
    json_t *more = json_loads(set, 0, NULL);

    ck_assert_msg(more != NULL, "%s", set);
    json_object_update(claims, more);
    json_decref(more);
}

static void add_token(json_t *claims, const struct key *signer)
{
    char header[64], *payload = json_dumps(claims, JSON_COMPACT);

    snprintf(header, sizeof header, "{\"alg\":\"%s\",\"typ\":\"aat+jwt\"}", key_alg(signer));
    tokens[count++] = mint(header, payload, signer);
    free(payload);
    json_decref(claims);
}

static json_t *entry(const char *tools)
{
    return json_pack("[{s:s, s:o}]", "type", AAT_ENTRY_TYPE, "tools", json_loads(tools, 0, NULL));
}

static void add_root(const char *tools, const char *set)
{
    json_t *claims = json_loads(good_claims, 0, NULL);

    json_object_set_new(claims, "authorization_details", entry(tools));
    json_object_set_new(claims, "cnf", json_pack("{s:o}", "jwk", jwk_format(holders[0])));
    json_object_set_new(claims, "del_max_depth", json_integer(8));
    put(claims, set);
    add_token(claims, ed_key);
}

static void hash_parent(char ret[44])
{
    unsigned char digest[SHA256_SIZE];

    ck_assert_int_eq(
        crypto_sha256(tokens[count - 1], (size_t)(strrchr(tokens[count - 1], '.') - tokens[count - 1]), digest), 0);
    base64url_encode(digest, sizeof digest, ret);
}

static void add_child(const char *tools, const char *set)
{
    char iss[128] = AAT_ISS_PREFIX, jti[32], hash[44];
    json_t *claims;

    ck_assert_int_eq(jwk_thumbprint(holders[count - 1], iss + strlen(iss)), 0);
    hash_parent(hash);
    snprintf(jti, sizeof jti, "child-%zu", count);
    claims = json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:s, s:{s:o}, s:o}", "jti", jti, "iss", iss, "iat", NOW, "exp",
                       NOW + 60, "del_depth", (int)count, "del_max_depth", 8, "par_hash", hash, "cnf", "jwk",
                       jwk_format(holders[count]), "authorization_details", entry(tools));
    put(claims, set);
    add_token(claims, holders[count - 1]);
}

/* As JSON; or that in base64url. For free(). */
static char *present(int encoded)
{
    json_t *chain = json_array(), *object;
    char *text, *url;

    for (size_t i = 0; i < count; i++)
        json_array_append_new(chain, json_string(tokens[i]));
    object = json_pack("{s:o, s:s}", "aat_chain", chain, "later", "ignored");
    text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (!encoded)
        return text;
    url = malloc(BASE64URL_LENGTH(strlen(text)) + 1);
    base64url_encode(text, strlen(text), url);
    free(text);
    return url;
}

static void refused(enum reason reason, const char *step)
{
    char *text = present(1);

    assert_refused(context(), text, strlen(text), reason, step);
    free(text);
}

START_TEST(chain_of_three)
{
    struct credential *c;
    char thumbprint[KEY_THUMBPRINT_SIZE], id[128], *text;

    add_root(WIDE, "{}");
    add_child("{\"host:login\":{},\"host:sudo\":{\"args\":{\"constraint_type\":\"one_of\",\"values\":[\"x\",\"y\"]}}}",
              "{}");
    add_child(NARROW, "{\"exp\":1754000030,\"sub\":\"spiffe://example.org/agent/liar\",\"unknown\":[]}");
    text = present(_i);
    assert_permitted(context(), text, strlen(text), &c);
    ck_assert_str_eq(c->iss, ISS);
    ck_assert_str_eq(c->identity, "spiffe://example.org/agent/deploy");
    ck_assert_str_eq(c->task, "task-1");
    ck_assert_str_eq(c->purpose, "restart-web");
    ck_assert_int_eq(jwk_thumbprint(holders[1], thumbprint), 0);
    snprintf(id, sizeof id, "%s:child-2", thumbprint);
    ck_assert_str_eq(c->jti, id);
    ck_assert_int_eq(c->iat, 1753999900);
    ck_assert_int_eq(c->exp, 1754000030);
    assert_holder(c, holders[2]);
    ck_assert_uint_eq(c->ancestor_count, 2);
    ck_assert_str_eq(c->ancestors[0].jti, "01957a3f-4e23-7b01-a9d1-0050569c2e4f");
    ck_assert_int_eq(jwk_thumbprint(holders[0], thumbprint), 0);
    ck_assert_str_eq(c->ancestors[0].holder_thumbprint, thumbprint);
    snprintf(id, sizeof id, "%s:child-1", thumbprint);
    ck_assert_str_eq(c->ancestors[1].jti, id);
    ck_assert_int_eq(jwk_thumbprint(holders[1], thumbprint), 0);
    ck_assert_str_eq(c->ancestors[1].holder_thumbprint, thumbprint);
    ck_assert_str_eq(c->scope, "pam_agent 1\ntool host:sudo\narg args\nvalue x\n");
    credential_free(c);
    free(text);
}
END_TEST

START_TEST(chain_of_one)
{
    struct credential *c;
    char *text;

    add_root(WIDE, "{}");
    text = present(_i);
    assert_permitted(context(), text, strlen(text), &c);
    ck_assert_uint_eq(c->ancestor_count, 0);
    credential_free(c);
    free(text);
}
END_TEST

/* Nine tokens are the most; the tenth is refused, whatever it says. */
START_TEST(depth)
{
    struct credential *c;
    char *text;

    add_root(WIDE, "{}");
    while (count < AAT_TOKENS_MAX)
        add_child(WIDE, "{}");
    text = present(0);
    assert_permitted(context(), text, strlen(text), &c);
    ck_assert_uint_eq(c->ancestor_count, 8);
    credential_free(c);
    free(text);
    tokens[count++] = strdup("e30.e30.");
    refused(REASON_CHAIN_TOO_DEEP, "4e");
}
END_TEST

/* What a holder could try with the one key that it has. */
static const struct {
    const char *tools, *set;
    enum reason reason;
    const char *step;
} attempts[] = {
    {"{\"host:sudo\":{\"args\":{\"constraint_type\":\"exact\",\"value\":\"z\"}}}", "{}", REASON_DELEGATION_WIDENED,
     "4p4"},
    {"{\"host:sudo\":{}}", "{}", REASON_DELEGATION_WIDENED, "4p2"},
    {"{\"host:root\":{}}", "{}", REASON_DELEGATION_WIDENED, "4p1"},
    {"{\"host:sudo\":{\"args\":{\"constraint_type\":\"exact\",\"value\":\"x\",\"optional\":true}}}", "{}",
     REASON_DELEGATION_WIDENED, "4p3"},
    {NARROW, "{\"exp\":1754000401}", REASON_DELEGATION_WIDENED, "4h"},
    {NARROW, "{\"exp\":1754000000}", REASON_EXPIRED, "4i"},
    {NARROW, "{\"iat\":1753999899}", REASON_CHAIN_INVALID, "4j"},
    {NARROW, "{\"iat\":1754000031}", REASON_NOT_YET_VALID, "4k"},
    {NARROW, "{\"del_depth\":2}", REASON_CHAIN_INVALID, "4d"},
    {NARROW, "{\"del_max_depth\":9}", REASON_DELEGATION_WIDENED, "4g"},
    {NARROW, "{\"jti\":\"01957a3f-4e23-7b01-a9d1-0050569c2e4f\"}", REASON_CHAIN_INVALID, "2c"},
    {NARROW, "{\"iss\":\"" ISS "\"}", REASON_CHAIN_INVALID, "4c"},
    {NARROW, "{\"aud\":\"spiffe://example.org/host/db-01\"}", REASON_AUDIENCE_MISMATCH, "6c"},
    {NARROW, "{\"authorization_details\":[]}", REASON_SCOPE_EXCEEDED, "6a"},
    /* what the root alone says, and beyond the draft */
    {NARROW, "{\"txn\":\"task-2\"}", REASON_CLAIM_INVALID, "a derived"},
    {NARROW, "{\"txn\":\"task-1\",\"tctx\":{\"ticket\":\"INC-1\",\"purpose\":\"restart-web\"}}", REASON_PERMIT, NULL},
    {NARROW, "{\"tctx\":{\"purpose\":\"restart-web\"}}", REASON_CLAIM_INVALID, "a derived"},
    {NARROW, "{\"tctx\":{\"ticket\":\"INC-1\",\"purpose\":\"restart-web\",\"sensitivity\":\"low\"}}",
     REASON_CLAIM_INVALID, "a derived"},
    {NARROW, "{\"act\":{\"sub\":\"spiffe://example.org/agent/liar\"}}", REASON_CLAIM_INVALID, "a derived"},
    {NARROW, "{\"mission\":{\"id\":\"task-1\"}}", REASON_CLAIM_INVALID, "a derived"},
    {NARROW, "{\"nbf\":1754000031}", REASON_NOT_YET_VALID, "nbf"},
    {NARROW, "{\"jti\":\"line\\nbreak\"}", REASON_CLAIM_INVALID, "jti"},
};

START_TEST(attempt)
{
    add_root("{\"host:login\":{},\"host:sudo\":{\"args\":{\"constraint_type\":\"one_of\",\"values\":[\"x\",\"y\"]}}}",
             "{}");
    add_child(attempts[_i].tools, attempts[_i].set);
    if (attempts[_i].reason != REASON_PERMIT) {
        refused(attempts[_i].reason, attempts[_i].step);
    } else {
        struct credential *c;
        char *text = present(1);

        assert_permitted(context(), text, strlen(text), &c);
        credential_free(c);
        free(text);
    }
}
END_TEST

START_TEST(order_of_tokens)
{
    char *root, *child;

    add_root(WIDE, "{}");
    add_child(NARROW, "{}");
    root = tokens[0];
    child = tokens[1];
    tokens[0] = child;
    tokens[1] = root;
    refused(REASON_KEY_UNKNOWN, "3"); /* nobody's key made it */
    tokens[0] = root;
    tokens[1] = child;
    add_child(NARROW, "{}");
    free(tokens[1]);
    tokens[1] = tokens[2];
    count = 2;
    refused(REASON_ALGORITHM_REFUSED, "4a"); /* a link is missing: its key is of another kind */
}
END_TEST

/* What is no presentation. */
static const struct {
    const char *text;
    enum reason reason;
} odd[] = {
    {"{}", REASON_CREDENTIAL_MALFORMED},
    {"{\"aat_chain\":[]}", REASON_CREDENTIAL_MISSING},
    {"{\"aat_chain\":{}}", REASON_CREDENTIAL_MALFORMED},
    {"{\"aat_chain\":[7]}", REASON_CREDENTIAL_MALFORMED},
    {"{\"aat_chain\":[\"\"]}", REASON_CREDENTIAL_MALFORMED},
    {"{\"aat_chain\":[\"a.b.c\"],\"aat_chain\":[]}", REASON_CREDENTIAL_MALFORMED},
    {"{\"aat_chain\":[\"e30.e30.\\u0000\"]}", REASON_CREDENTIAL_MALFORMED},
    {"{\"aat_chain\":[1,2,3,4,5,6,7,8,9,10,11]}", REASON_CHAIN_TOO_DEEP},
    {"{\"aat_chain\":", REASON_CREDENTIAL_MALFORMED},
    {"eyJhYXRfY2hhaW4iOltdfQ", REASON_CREDENTIAL_MISSING},
    {"eyJhYXRfY2hhaW4iOltdfR", REASON_CREDENTIAL_MALFORMED}, /* a spare bit */
    {"W10", REASON_CREDENTIAL_MALFORMED},
};

START_TEST(odd_presentations)
{
    assert_refused(context(), odd[_i].text, strlen(odd[_i].text), odd[_i].reason, "");
}
END_TEST

/* As presentation_format writes it, and nearly so. */
static const struct {
    const char *object;
    enum reason reason;
    size_t count, svid_len;
} forms[] = {
    {"{\"aat_chain\":[\"a.b.c\"]}", REASON_PERMIT, 1, 0},
    {"{\"aat_chain\":[\"a.b.c\",\"d-_9.e.f\"]}", REASON_PERMIT, 2, 0},
    {"{\"aat_chain\":[\"a.b.c\"],\"svid\":\"x.y.z\"}", REASON_PERMIT, 1, 5},
    {"{\"aat_chain\":[\"\",\"\"],\"svid\":\"\"}", REASON_PERMIT, 2, 0},
    {"{\"svid\":\"x.y.z\",\"aat_chain\":[\"a.b.c\"]}", REASON_PERMIT, 1, 5},
    {"{\"aat_chain\":[\"a.b.c\"],\"aat_pop\":\"x.y.z\"}", REASON_PERMIT, 1, 0},
    {"{\"aat_chain\":[\"a.b.c\"],\"svid\":\"x.y.z\",\"n\":1}", REASON_PERMIT, 1, 5},
    {"{\"aat_chain\": [\"a.b.c\"]}", REASON_PERMIT, 1, 0},
    {"{\"aat_chain\":[\"\\u0061.b.c\"]}", REASON_PERMIT, 1, 0},
    {"{\"aat_chain\":[\"a b\"]}", REASON_PERMIT, 1, 0},
    {"{\"aat_chain\":[\"0\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}", REASON_PERMIT, 10, 0},
    {"{\"aat_chain\":[\"0\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"a\"]}", REASON_CHAIN_TOO_DEEP, 0,
     0},
    {"{\"aat_chain\":[]}", REASON_PERMIT, 0, 0},
    {"{\"aat_chain\":[\"a.b.c\",]}", REASON_CREDENTIAL_MALFORMED, 0, 0},
    {"{\"aat_chain\":[\"a.b.c\"],\"svid\":7}", REASON_CREDENTIAL_MALFORMED, 0, 0},
    {"{\"aat_chain\":[\"a.b.c\"],\"svid\":\"x\",\"svid\":\"x\"}", REASON_CREDENTIAL_MALFORMED, 0, 0},
    {"{\"aat_chain\":[\"a.b.c\"]}}", REASON_CREDENTIAL_MALFORMED, 0, 0},
    {"{\"aat_chain\":[\"a.b.c\"]", REASON_CREDENTIAL_MALFORMED, 0, 0},
    {"{\"aat_chain\":[\"a.b.c", REASON_CREDENTIAL_MALFORMED, 0, 0},
};

START_TEST(forms_of_a_presentation)
{
    struct presentation p;
    char *text;

    ck_assert_int_eq(read_form(forms[_i].object, strlen(forms[_i].object), 0, &text, &p).reason, forms[_i].reason);
    if (forms[_i].reason == REASON_PERMIT) {
        ck_assert_uint_eq(p.count, forms[_i].count);
        ck_assert_uint_eq(p.svid_len, forms[_i].svid_len);
    }
    presentation_clear(&p);
    free(text);
    ck_assert(reads_alike(forms[_i].object, strlen(forms[_i].object)));
    ck_assert(reads_alike(forms[_i].object, strlen(forms[_i].object) + 1)); /* and a NUL */
}
END_TEST

/* --- what a holder makes --- */

/* Each proof but the first is of something else than what is asked. */
static const struct {
    const char *nonce, *host_id, *account;
    int64_t now;
    enum reason reason;
} proofs[] = {
    {"n1", HOST, "worker", NOW, REASON_PERMIT},
    {"n1", HOST, "worker", NOW - 30, REASON_PERMIT},
    {"n1", HOST, "worker", NOW + 30, REASON_PERMIT},
    {"n1", HOST, "worker", NOW - 31, REASON_POSSESSION_INVALID},
    {"n1", HOST, "worker", NOW + 31, REASON_POSSESSION_INVALID},
    {"n2", HOST, "worker", NOW, REASON_POSSESSION_INVALID},
    {"n1", HOST, "worker2", NOW, REASON_POSSESSION_INVALID},
};

START_TEST(proofs_of_possession)
{
    struct prove_request request = {.holder = holders[1],
                                    .nonce = proofs[_i].nonce,
                                    .host_id = proofs[_i].host_id,
                                    .account = proofs[_i].account,
                                    .now = proofs[_i].now};
    char error[ISSUE_ERROR_SIZE] = "", *text, *pop;
    struct credential *c;

    add_root(WIDE, "{}");
    add_child(NARROW, "{}");
    text = present(1);
    request.credential = text;
    request.credential_len = strlen(text);
    assert_permitted(context(), text, strlen(text), &c);
    ck_assert_msg(credential_prove(&request, &pop, error) == 0, "%s", error);
    ck_assert_int_eq(possession_by_pop(c, "n1", HOST, "worker", NOW, pop, strlen(pop)), proofs[_i].reason);
    ck_assert_int_eq(possession_by_pop(c, "n1", HOST "/", "worker", NOW, pop, strlen(pop)), REASON_POSSESSION_INVALID);
    ck_assert_int_eq(possession_by_pop(c, "n1", HOST, "worker", NOW, pop, strlen(pop) - 1), REASON_POSSESSION_INVALID);
    ck_assert_int_eq(possession_by_pop(c, "n1", HOST, "worker", NOW, tokens[1], strlen(tokens[1])),
                     REASON_POSSESSION_INVALID);
    ck_assert_int_eq(possession_by_pop(c, "n1", HOST, "worker", NOW, NULL, 0), REASON_POSSESSION_MISSING);
    free(pop);
    request.holder = holders[0]; /* the parent's */
    ck_assert_int_eq(credential_prove(&request, &pop, error), -EINVAL);
    request.holder = holders[1];
    request.host_id = "spiffe://example.org/host/db-01";
    ck_assert_int_eq(credential_prove(&request, &pop, error), -EINVAL);
    credential_free(c);
    free(text);
}
END_TEST

/* A full chain does not grow, whatever its last token says of its depth. */
START_TEST(full_chain_is_not_derived_from)
{
    char error[ISSUE_ERROR_SIZE] = "", *text, *longer;
    struct derive_request request = {.to = holders[9], .now = NOW, .lifetime = 100, .max_depth = -1};

    add_root(WIDE, "{}");
    while (count < AAT_TOKENS_MAX)
        add_child(WIDE, "{\"del_depth\":0,\"del_max_depth\":8}");
    text = present(1);
    request.parent = text;
    request.parent_len = strlen(text);
    request.holder = holders[AAT_TOKENS_MAX - 1];
    ck_assert_int_eq(credential_derive(&request, &longer, error), -EINVAL);
    ck_assert_ptr_nonnull(strstr(error, "as many tokens"));
    free(text);
}
END_TEST

/* What is derived is taken, and what it may not be is said. */
START_TEST(derived_is_verified)
{
    static const char *const narrow[] = {"host:sudo args=[\"x\"]"}, *const wide[] = {"host:login", "host:root"};
    char error[ISSUE_ERROR_SIZE] = "", *text, *longer;
    struct derive_request request = {
        .holder = holders[0], .to = holders[1], .now = NOW, .lifetime = 100, .max_depth = -1};
    struct credential *c;

    add_root(WIDE, "{}");
    text = _i ? present(0) : strdup(tokens[0]);
    request.parent = text;
    request.parent_len = strlen(text);
    request.tools = wide;
    request.tool_count = 2;
    ck_assert_int_eq(credential_derive(&request, &longer, error), -EINVAL);
    ck_assert_ptr_nonnull(strstr(error, "host:root: 4p1: "));
    request.tools = narrow;
    request.tool_count = 1;
    ck_assert_msg(credential_derive(&request, &longer, error) == 0, "%s", error);
    assert_permitted(context(), longer, strlen(longer), &c);
    ck_assert_str_eq(c->scope, "pam_agent 1\ntool host:sudo\narg args\nlist x\n");
    ck_assert_int_eq(c->exp, NOW + 100);
    assert_holder(c, holders[1]);
    credential_free(c);
    free(longer);
    request.lifetime = 3600;
    ck_assert_int_eq(credential_derive(&request, &longer, error), 0);
    assert_permitted(context(), longer, strlen(longer), &c);
    ck_assert_int_eq(c->exp, 1754000400); /* the root's */
    credential_free(c);
    request.parent = longer; /* it was to be the last */
    request.parent_len = strlen(longer);
    request.holder = holders[1];
    request.to = holders[2];
    free(text);
    ck_assert_int_eq(credential_derive(&request, &text, error), -EINVAL);
    ck_assert_ptr_nonnull(strstr(error, "may not be delegated"));
    free(longer);
}
END_TEST

/* --- JCS --- */

static const struct {
    const char *text, *canonical;
} canonical[] = {
    {"[0,-0,0.0,-0.0,1.0,1e0,100,1E2]", "[0,0,0,0,1,1,100,100]"},
    {"[1e21,1e20,123456789012345680000,1e-6,1e-7,0.000001234]",
     "[1e+21,100000000000000000000,123456789012345680000,0.000001,1e-7,0.000001234]"},
    {"[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001]", "[333333333.3333333,1e+30,4.5,0.002,1e-27]"},
    {"[5e-324,1.7976931348623157e308,9007199254740993,-1.5e-9]",
     "[5e-324,1.7976931348623157e+308,9007199254740992,-1.5e-9]"},
    {"[10000000000000000000000,18446744073709551616]", "[1e+22,18446744073709552000]"},
    {"{\"b\":[true,false,null],\"a\":{\"d\":1,\"c\":\"\"}}", "{\"a\":{\"c\":\"\",\"d\":1},\"b\":[true,false,null]}"},
    {"[\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\\u007f\\\"\\\\\\/\\u20ac\"]",
     "[\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\x7f\\\"\\\\/\xe2\x82\xac\"]"},
    /* RFC 8785 Section 3.2.3: by UTF-16 code units */
    {"{\"\\u20ac\":1,\"\\r\":2,\"\\ufb33\":3,\"1\":4,\"\\ud83d\\ude00\":5,\"\\u0080\":6,\"\\u00f6\":7}",
     "{\"\\r\":2,\"1\":4,\"\xc2\x80\":6,\"\xc3\xb6\":7,\"\xe2\x82\xac\":1,\"\xf0\x9f\x98\x80\":5,\"\xef\xac\xb3\":3}"},
};

START_TEST(jcs)
{
    json_t *value;
    char *text;

    ck_assert_int_eq(json_claims_parse(canonical[_i].text, strlen(canonical[_i].text), 1000, &value), 0);
    text = jcs_format(value);
    ck_assert_str_eq(text, canonical[_i].canonical);
    ck_assert_int_eq(jcs_equal(value, value), 1);
    ck_assert_int_eq(jcs_equal(value, NULL), 0);
    free(text);
    json_decref(value);
}
END_TEST

/* --- constraints as scope text --- */

static const struct {
    const char *constraint, *scope;
} texts[] = {
    {"{\"constraint_type\":\"range\",\"max\":5}", "is nothing\n"},
    {"{\"constraint_type\":\"not_one_of\",\"excluded\":[\"a\",7,[\"b\",\"c\"],[\"d\",7],\"e\\u0000f\"]}",
     "value a\nlist b\nitem c\nis not-one-of\n"},
    {"{\"constraint_type\":\"contains\",\"required\":[\"a\",\"b\"]}", "value a\nvalue b\nis containing\n"},
    {"{\"constraint_type\":\"contains\",\"required\":[\"a\",7]}", "value a\nis nothing\n"},
    {"{\"constraint_type\":\"contains\",\"required\":[\"a\\u0000b\"]}", "is nothing\n"},
    {"{\"constraint_type\":\"subset\",\"allowed\":[\"a\",7,\"b\"]}", "value a\nvalue b\nis within\n"},
    {"{\"constraint_type\":\"exact\",\"value\":\"root\\u0000x\"}", ""},
    {"{\"constraint_type\":\"any\",\"constraints\":[{\"constraint_type\":\"exact\",\"value\":\"a\"},{\"constraint_"
     "type\":\"all\","
     "\"constraints\":[{\"constraint_type\":\"wildcard\"},{\"constraint_type\":\"one_of\",\"values\":[\"b\",[]]}]}]}",
     "open any\nvalue a\nis one-of\nopen all\nis anything\nvalue b\nlist-empty 1\nis one-of\nclose 1\nclose 1\n"},
};

START_TEST(scope_of_constraint)
{
    char tools[1024], wanted[1024];
    json_t *json;
    struct tools read;
    char scope[1024];
    size_t len;

    snprintf(tools, sizeof tools, "{\"t\":{\"a\":%s}}", texts[_i].constraint);
    snprintf(wanted, sizeof wanted, "pam_agent 1\ntool t\narg a\n%s", texts[_i].scope);
    ck_assert_int_eq(json_claims_parse(tools, strlen(tools), sizeof tools, &json), 0);
    ck_assert_int_eq(tools_read(json, 0, &read).reason, REASON_PERMIT);
    ck_assert_int_eq(tools_compile(&read, scope, sizeof scope, &len), 0);
    ck_assert_str_eq(scope, wanted);
    tools_clear(&read);
    json_decref(json);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trust_chain");
    TCase *chains = tcase_create("chains"), *values = tcase_create("values");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(chains, setup, teardown);
    tcase_set_timeout(chains, 60);
    suite_add_tcase(suite, chains);
    suite_add_tcase(suite, values);
    tcase_add_loop_test(chains, chain_of_one, 0, 2);
    tcase_add_loop_test(chains, chain_of_three, 0, 2);
    tcase_add_test(chains, depth);
    tcase_add_loop_test(chains, attempt, 0, COUNT_OF(attempts));
    tcase_add_test(chains, order_of_tokens);
    tcase_add_loop_test(chains, odd_presentations, 0, COUNT_OF(odd));
    tcase_add_loop_test(chains, forms_of_a_presentation, 0, COUNT_OF(forms));
    tcase_add_loop_test(chains, proofs_of_possession, 0, COUNT_OF(proofs));
    tcase_add_test(chains, full_chain_is_not_derived_from);
    tcase_add_loop_test(chains, derived_is_verified, 0, 2);
    tcase_add_loop_test(values, jcs, 0, COUNT_OF(canonical));
    tcase_add_loop_test(values, scope_of_constraint, 0, COUNT_OF(texts));
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
