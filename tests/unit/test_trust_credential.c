/* credential.h: the claims, step by step (3b to 6c), the rules beyond the draft, and what a good credential becomes. */
#include "test_trust_mint.h"
#include "trust/jwk.h"

#define LOGIN_TOOLS(tools) "{\"authorization_details\":[{\"type\":\"attenuating_agent_token\",\"tools\":" tools "}]}"
#define CONSTRAINT(text) LOGIN_TOOLS("{\"t\":{\"a\":" text "}}")
#define CNF(jwk) "{\"cnf\":{\"jwk\":" jwk "}}"

static const struct {
    const char *drop, *set, *raw;
    enum reason reason;
    const char *step;
} cases[] = {
    /* 3b */
    {NULL, NULL, "\"exp\":1754000400,", REASON_CLAIM_INVALID, "3b"},
    {NULL, NULL, "\"\\u0065xp\":1754000400,", REASON_CLAIM_INVALID, "3b"},
    {NULL, NULL, "\"x\":{\"a\":1,\"a\":2},", REASON_CLAIM_INVALID, "3b"},
    {NULL, NULL, "\"x\":\"a\\u0000b\",", REASON_PERMIT, ""}, /* nobody's */
    {NULL, NULL, "\"x\":[1e999,-1e999,99999999999999999999,-9223372036854775809],", REASON_PERMIT, ""},
    {NULL, NULL, "\"x\":1e999e9,", REASON_CLAIM_INVALID, "3b"},
    {NULL, NULL, "\"x\":00000000000000000000001,", REASON_CLAIM_INVALID, "3b"},
    {NULL, NULL, "{", REASON_CLAIM_INVALID, "3b"},
    {"iat", NULL, NULL, REASON_CLAIM_INVALID, "3b: iat"},
    {"exp", NULL, NULL, REASON_CLAIM_INVALID, "3b: exp"},
    {NULL, "{\"iat\":1753999900.0}", NULL, REASON_CLAIM_INVALID, "3b: iat"},
    {NULL, "{\"exp\":1754000400.0}", NULL, REASON_CLAIM_INVALID, "3b: exp"},
    {"exp", NULL, "\"exp\":1754000400e0,", REASON_CLAIM_INVALID, "3b: exp"},
    {"exp", NULL, "\"exp\":17540004e2,", REASON_CLAIM_INVALID, "3b: exp"},
    {NULL, "{\"exp\":\"1754000400\"}", NULL, REASON_CLAIM_INVALID, "3b: exp"},
    {NULL, "{\"exp\":true}", NULL, REASON_CLAIM_INVALID, "3b: exp"},
    {NULL, "{\"exp\":null}", NULL, REASON_CLAIM_INVALID, "3b: exp"},
    {NULL, "{\"exp\":[1754000400]}", NULL, REASON_CLAIM_INVALID, "3b: exp"},
    {NULL, "{\"exp\":-1}", NULL, REASON_EXPIRED, "3e"},
    {NULL, "{\"iat\":-1}", NULL, REASON_LIFETIME_TOO_LONG, "3h"},
    {NULL, "{\"iat\":-9223372036854775807}", NULL, REASON_LIFETIME_TOO_LONG, "3h"},
    {"exp", NULL, "\"exp\":99999999999999999999,", REASON_CLAIM_INVALID, "3b"},
    {"exp", NULL, "\"exp\":01754000400,", REASON_CLAIM_INVALID, "3b"},
    /* 3c, 3d */
    {"del_depth", NULL, NULL, REASON_CLAIM_INVALID, "3c"},
    {NULL, "{\"del_depth\":0.0}", NULL, REASON_CLAIM_INVALID, "3c"},
    {NULL, "{\"del_depth\":false}", NULL, REASON_CLAIM_INVALID, "3c"},
    {NULL, "{\"del_depth\":\"0\"}", NULL, REASON_CLAIM_INVALID, "3c"},
    {NULL, "{\"del_depth\":-1}", NULL, REASON_CLAIM_INVALID, "3c"},
    {NULL, "{\"del_depth\":1,\"del_max_depth\":1}", NULL, REASON_CHAIN_INVALID, "3c"},
    {NULL, "{\"par_hash\":\"x\"}", NULL, REASON_CHAIN_INVALID, "3d"},
    {NULL, "{\"par_hash\":null}", NULL, REASON_CHAIN_INVALID, "3d"},
    {NULL, "{\"par_hash\":\"\"}", NULL, REASON_CHAIN_INVALID, "3d"},
    /* 3e to 3h: no skew on exp, 30 s on iat */
    {NULL, "{\"exp\":1753999999}", NULL, REASON_EXPIRED, "3e"},
    {NULL, "{\"exp\":1754000000}", NULL, REASON_EXPIRED, "3e"},
    {NULL, "{\"exp\":1754000001}", NULL, REASON_PERMIT, ""},
    {NULL, "{\"iat\":1754000030}", NULL, REASON_PERMIT, ""},
    {NULL, "{\"iat\":1754000031}", NULL, REASON_NOT_YET_VALID, "3f"},
    {NULL, "{\"iat\":9223372036854775807}", NULL, REASON_NOT_YET_VALID, "3f"},
    {NULL, "{\"iat\":1754000020,\"exp\":1754000020}", NULL, REASON_CLAIM_INVALID, "3g"},
    {NULL, "{\"iat\":1754000020,\"exp\":1754000010}", NULL, REASON_CLAIM_INVALID, "3g"},
    {NULL, "{\"iat\":1753999900,\"exp\":1754000800}", NULL, REASON_PERMIT, ""},
    {NULL, "{\"iat\":1753999900,\"exp\":1754000801}", NULL, REASON_LIFETIME_TOO_LONG,
     "3h: the lifetime exceeds the issuer's"},
    {NULL, "{\"iat\":1753999900,\"exp\":1754003501}", NULL, REASON_LIFETIME_TOO_LONG,
     "3h: the lifetime exceeds the hard"},
    {NULL, "{\"iat\":0,\"exp\":9223372036854775807}", NULL, REASON_LIFETIME_TOO_LONG, "3h"},
    /* 3i, 3j, 3k */
    {"del_max_depth", NULL, NULL, REASON_CLAIM_INVALID, "3i"},
    {NULL, "{\"del_max_depth\":-1}", NULL, REASON_CLAIM_INVALID, "3i"},
    {NULL, "{\"del_max_depth\":8}", NULL, REASON_PERMIT, ""},
    {NULL, "{\"del_max_depth\":9}", NULL, REASON_CLAIM_INVALID, "3i"},
    {NULL, "{\"del_max_depth\":1.0}", NULL, REASON_CLAIM_INVALID, "3i"},
    {NULL, "{\"del_max_depth\":null}", NULL, REASON_CLAIM_INVALID, "3i"},
    {"jti", NULL, NULL, REASON_CLAIM_INVALID, "3j"},
    {NULL, "{\"jti\":\"\"}", NULL, REASON_CLAIM_INVALID, "3j"},
    {NULL, "{\"jti\":7}", NULL, REASON_CLAIM_INVALID, "3j"},
    {NULL, "{\"jti\":[\"a\"]}", NULL, REASON_CLAIM_INVALID, "3j"},
    {NULL, "{\"jti\":\"a\\nb\"}", NULL, REASON_CLAIM_INVALID, "jti"},
    {NULL, "{\"jti\":\"not a uuid \\u20ac\"}", NULL, REASON_PERMIT, ""},
    {"iss", NULL, NULL, REASON_CLAIM_INVALID, "3k"},
    {NULL, "{\"iss\":\"\"}", NULL, REASON_CLAIM_INVALID, "3k"},
    {NULL, "{\"iss\":\"sts.example.org\"}", NULL, REASON_CLAIM_INVALID, "3k"},
    {NULL, "{\"iss\":\"https:\"}", NULL, REASON_CLAIM_INVALID, "3k"},
    {NULL, "{\"iss\":[\"" ISS "\"]}", NULL, REASON_CLAIM_INVALID, "3k"},
    {NULL, "{\"iss\":\"" ISS "/\"}", NULL, REASON_ISSUER_MISMATCH, "3k"},
    {NULL, "{\"iss\":\"HTTPS://sts.example.org\"}", NULL, REASON_ISSUER_MISMATCH, "3k"},
    {NULL, "{\"iss\":\"" ES_ISS "\"}", NULL, REASON_ISSUER_MISMATCH, "3k"},
    /* 3l */
    {"cnf", NULL, NULL, REASON_CLAIM_INVALID, "3l"},
    {NULL, "{\"cnf\":[]}", NULL, REASON_CLAIM_INVALID, "3l"},
    {NULL, "{\"cnf\":{}}", NULL, REASON_CLAIM_INVALID, "3l"},
    {NULL, "{\"cnf\":{\"jkt\":\"x\"}}", NULL, REASON_CLAIM_INVALID, "3l"},
    {NULL, CNF("\"x\""), NULL, REASON_CLAIM_INVALID, "3l"},
    {NULL, CNF("[" HOLDER_JWK "]"), NULL, REASON_CLAIM_INVALID, "3l"},
    {NULL,
     CNF("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"d\":\"\"}"),
     NULL, REASON_CLAIM_INVALID, "3l"},
    {NULL, CNF("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"), NULL,
     REASON_CLAIM_INVALID, "3l"},
    {NULL, CNF("{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}"), NULL, REASON_CLAIM_INVALID, "3l"},
    {NULL,
     CNF("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_"
         "FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"),
     NULL, REASON_PERMIT, ""},
    {NULL,
     CNF("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_"
         "FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4\"}"),
     NULL, REASON_CLAIM_INVALID, "3l"},
    {NULL, CNF("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"), NULL,
     REASON_CLAIM_INVALID, "cnf.jwk is not"},
    /* 3m */
    {"authorization_details", NULL, NULL, REASON_CLAIM_INVALID, "3m"},
    {NULL, "{\"authorization_details\":null}", NULL, REASON_CLAIM_INVALID, "3m"},
    {NULL, "{\"authorization_details\":{}}", NULL, REASON_CLAIM_INVALID, "3m"},
    {NULL, "{\"authorization_details\":[]}", NULL, REASON_CLAIM_INVALID, "3m"},
    {NULL, "{\"authorization_details\":[{\"type\":\"other\",\"tools\":{}}]}", NULL, REASON_CLAIM_INVALID, "3m"},
    {NULL,
     "{\"authorization_details\":[{\"type\":\"attenuating_agent_token\",\"tools\":{}},{\"type\":\"attenuating_agent_"
     "token\",\"tools\":{}}]}",
     NULL, REASON_CLAIM_INVALID, "3m"},
    {NULL, "{\"authorization_details\":[{\"type\":\"attenuating_agent_token\"}]}", NULL, REASON_CLAIM_INVALID, "3m"},
    {NULL, "{\"authorization_details\":[7,{\"type\":\"other\"},{\"type\":\"attenuating_agent_token\",\"tools\":{}}]}",
     NULL, REASON_PERMIT, ""},
    {NULL, LOGIN_TOOLS("[]"), NULL, REASON_CLAIM_INVALID, "3m"},
    {NULL, LOGIN_TOOLS("null"), NULL, REASON_CLAIM_INVALID, "3m"},
    {NULL, LOGIN_TOOLS("{\"t\":null}"), NULL, REASON_CLAIM_INVALID, "3m"},
    {NULL, LOGIN_TOOLS("{\"t\":[]}"), NULL, REASON_CLAIM_INVALID, "3m"},
    /* 3n */
    {NULL, CONSTRAINT("null"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":7}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"\"}"), NULL, REASON_CONSTRAINT_UNKNOWN, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"Exact\",\"value\":\"a\"}"), NULL, REASON_CONSTRAINT_UNKNOWN, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"range\",\"max\":5}"), NULL, REASON_PERMIT, ""},
    {NULL, CONSTRAINT("{\"constraint_type\":\"range\"}"), NULL, REASON_PERMIT, ""},
    {NULL, CONSTRAINT("{\"constraint_type\":\"range\",\"min\":5,\"max\":5,\"max_inclusive\":false}"), NULL,
     REASON_PERMIT, ""},
    {NULL, CONSTRAINT("{\"constraint_type\":\"range\",\"min\":6,\"max\":5}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"range\",\"min\":\"5\"}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"range\",\"min_inclusive\":true}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"range\",\"min\":9007199254740993}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"not_one_of\",\"excluded\":[]}"), NULL, REASON_PERMIT, ""},
    {NULL, CONSTRAINT("{\"constraint_type\":\"not_one_of\",\"excluded\":\"a\"}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"not_one_of\"}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"contains\",\"required\":[]}"), NULL, REASON_PERMIT, ""},
    {NULL, CONSTRAINT("{\"constraint_type\":\"contains\",\"required\":{}}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"subset\",\"allowed\":[]}"), NULL, REASON_PERMIT, ""},
    {NULL, CONSTRAINT("{\"constraint_type\":\"subset\",\"values\":[]}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"all\",\"constraints\":[]}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"any\",\"constraints\":[]}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"any\",\"constraints\":[{\"constraint_type\":\"wildcard\"}]}"), NULL,
     REASON_PERMIT, ""},
    {NULL,
     CONSTRAINT("{\"constraint_type\":\"all\",\"constraints\":[{\"constraint_type\":\"wildcard\",\"optional\":true}]}"),
     NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"all\",\"constraints\":[7]}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"all\",\"constraints\":[{\"constraint_type\":\"none\"}]}"), NULL,
     REASON_CONSTRAINT_UNKNOWN, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"exact\",\"value\":\"a\\u0000b\"}"), NULL, REASON_PERMIT, ""},
    {NULL, CONSTRAINT("{\"constraint_type\":\"ex\\u0000act\",\"value\":\"a\"}"), NULL, REASON_CONSTRAINT_UNKNOWN, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"exact\"}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"exact\",\"value\":[]}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"exact\",\"value\":{}}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"exact\",\"value\":null}"), NULL, REASON_PERMIT, ""},
    {NULL, CONSTRAINT("{\"constraint_type\":\"exact\",\"value\":\"a\",\"values\":[\"a\"]}"), NULL, REASON_CLAIM_INVALID,
     "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"one_of\"}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"one_of\",\"values\":[]}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"one_of\",\"values\":\"a\"}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"one_of\",\"values\":[\"a\"],\"x\":1}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"wildcard\",\"value\":\"a\"}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"wildcard\",\"optional\":\"true\"}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"wildcard\",\"optional\":null}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"wildcard\",\"optional\":1}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"exact\",\"value\":9007199254740993}"), NULL, REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"one_of\",\"values\":[\"a\",[{\"b\":9007199254740993}]]}"), NULL,
     REASON_CLAIM_INVALID, "3n"},
    {NULL, CONSTRAINT("{\"constraint_type\":\"exact\",\"value\":9007199254740994}"), "\"x\":9007199254740993,",
     REASON_PERMIT, ""},
    {NULL, LOGIN_TOOLS("{\"t\":{\"*\":{\"constraint_type\":\"exact\",\"value\":\"a\"}}}"), NULL, REASON_CLAIM_INVALID,
     "3n"},
    {NULL, LOGIN_TOOLS("{\"t\":{\"*\":{\"constraint_type\":\"wildcard\",\"optional\":false}}}"), NULL,
     REASON_CLAIM_INVALID, "3n"},
    /* 6c */
    {"aud", NULL, NULL, REASON_AUDIENCE_MISMATCH, "6c"},
    {NULL, "{\"aud\":\"" HOST "/\"}", NULL, REASON_AUDIENCE_MISMATCH, "6c"},
    {NULL, "{\"aud\":\"spiffe://example.org/host/web-0\"}", NULL, REASON_AUDIENCE_MISMATCH, "6c"},
    {NULL, "{\"aud\":\"SPIFFE://example.org/host/web-07\"}", NULL, REASON_AUDIENCE_MISMATCH, "6c"},
    {NULL, "{\"aud\":\"\"}", NULL, REASON_AUDIENCE_MISMATCH, "6c"},
    {NULL, "{\"aud\":[]}", NULL, REASON_AUDIENCE_MISMATCH, "6c"},
    {NULL, "{\"aud\":[\"a\",\"b\"]}", NULL, REASON_AUDIENCE_MISMATCH, "6c"},
    {NULL, "{\"aud\":[\"a\",\"" HOST "\"]}", NULL, REASON_PERMIT, ""},
    {NULL, "{\"aud\":[\"" HOST "\",7]}", NULL, REASON_CLAIM_INVALID, "6c"},
    {NULL, "{\"aud\":[[\"" HOST "\"]]}", NULL, REASON_CLAIM_INVALID, "6c"},
    {NULL, "{\"aud\":{\"" HOST "\":1}}", NULL, REASON_CLAIM_INVALID, "6c"},
    {NULL, "{\"aud\":null}", NULL, REASON_CLAIM_INVALID, "6c"},
    /* identity and trust domain */
    {"sub", NULL, NULL, REASON_CLAIM_INVALID, "sub"},
    {NULL, "{\"sub\":7}", NULL, REASON_CLAIM_INVALID, "sub"},
    {NULL, "{\"sub\":\"\"}", NULL, REASON_CLAIM_INVALID, "sub"},
    {NULL, "{\"sub\":\"deploy\"}", NULL, REASON_CLAIM_INVALID, "the identity"},
    {NULL, "{\"sub\":\"spiffe://example.org\"}", NULL, REASON_CLAIM_INVALID, "the identity"},
    {NULL, "{\"sub\":\"spiffe://example.org/\"}", NULL, REASON_CLAIM_INVALID, "the identity"},
    {NULL, "{\"sub\":\"spiffe://example.org/a/../b\"}", NULL, REASON_CLAIM_INVALID, "the identity"},
    {NULL, "{\"sub\":\"spiffe://example.org/a?b\"}", NULL, REASON_CLAIM_INVALID, "the identity"},
    {NULL, "{\"sub\":\"SPIFFE://example.org/a\"}", NULL, REASON_CLAIM_INVALID, "the identity"},
    {NULL, "{\"sub\":\"spiffe://EXAMPLE.org/a\"}", NULL, REASON_CLAIM_INVALID, "the identity"},
    {NULL, "{\"sub\":\"spiffe://example.or/a\"}", NULL, REASON_TRUST_DOMAIN_REFUSED, ""},
    {NULL, "{\"sub\":\"spiffe://example.org.evil/a\"}", NULL, REASON_TRUST_DOMAIN_REFUSED, ""},
    {NULL, "{\"sub\":\"spiffe://sub.example.org/a\"}", NULL, REASON_TRUST_DOMAIN_REFUSED, ""},
    {NULL, "{\"sub\":\"spiffe://other.example/a\"}", NULL, REASON_PERMIT, ""},
    {NULL, "{\"act\":\"spiffe://example.org/agent/deploy\"}", NULL, REASON_CLAIM_INVALID, "act"},
    {NULL, "{\"act\":null}", NULL, REASON_CLAIM_INVALID, "act"},
    {NULL, "{\"act\":{}}", NULL, REASON_CLAIM_INVALID, "act.sub"},
    {NULL, "{\"act\":{\"sub\":\"deploy\"}}", NULL, REASON_CLAIM_INVALID, "the identity"},
    {NULL, "{\"act\":{\"sub\":\"spiffe://evil.example/a\"}}", NULL, REASON_TRUST_DOMAIN_REFUSED, ""},
    {"sub", "{\"act\":{\"sub\":\"spiffe://example.org/agent/deploy\"}}", NULL, REASON_CLAIM_INVALID, "sub"},
    /* nbf and status */
    {NULL, "{\"nbf\":1754000030}", NULL, REASON_PERMIT, ""},
    {NULL, "{\"nbf\":1754000031}", NULL, REASON_NOT_YET_VALID, "nbf"},
    {NULL, "{\"nbf\":1753999999.0}", NULL, REASON_CLAIM_INVALID, "nbf"},
    {NULL, "{\"nbf\":null}", NULL, REASON_CLAIM_INVALID, "nbf"},
    {NULL, "{\"status\":{\"status_list\":{\"idx\":0,\"uri\":\"x\"}}}", NULL, REASON_CLAIM_INVALID, "status"},
    {NULL, "{\"status\":null}", NULL, REASON_CLAIM_INVALID, "status"},
    /* task and purpose */
    {"txn", NULL, NULL, REASON_NOT_TASK_BOUND, ""},
    {"txn", "{\"mission\":{}}", NULL, REASON_NOT_TASK_BOUND, ""},
    {NULL, "{\"txn\":\"\"}", NULL, REASON_CLAIM_INVALID, "txn"},
    {NULL, "{\"txn\":null}", NULL, REASON_CLAIM_INVALID, "txn"},
    {NULL, "{\"txn\":7}", NULL, REASON_CLAIM_INVALID, "txn"},
    {NULL, "{\"txn\":\"a\\u0007\"}", NULL, REASON_CLAIM_INVALID, "txn"},
    {NULL, "{\"txn\":\"a\\u009b\"}", NULL, REASON_CLAIM_INVALID, "txn"},
    {NULL, "{\"mission\":7}", NULL, REASON_CLAIM_INVALID, "mission"},
    {NULL, "{\"mission\":{\"id\":7}}", NULL, REASON_CLAIM_INVALID, "mission"},
    {NULL, "{\"mission\":{\"id\":\"\"}}", NULL, REASON_CLAIM_INVALID, "mission"},
    {NULL, "{\"mission\":{\"id\":\"task-2\"}}", NULL, REASON_CLAIM_INVALID, "mission"},
    {NULL, "{\"mission\":{\"id\":\"task-1\"}}", NULL, REASON_PERMIT, ""},
    {"txn", "{\"mission\":{\"id\":\"task-1\"}}", NULL, REASON_PERMIT, ""},
    {NULL, "{\"tctx\":7}", NULL, REASON_CLAIM_INVALID, "tctx"},
    {NULL, "{\"tctx\":{\"purpose\":\"\"}}", NULL, REASON_CLAIM_INVALID, "tctx"},
    {NULL, "{\"tctx\":{\"purpose\":[\"x\"]}}", NULL, REASON_CLAIM_INVALID, "tctx"},
    {NULL, "{\"tctx\":{}}", NULL, REASON_PERMIT, ""},
    {NULL, "{\"tctx\":{\"sensitivity\":\"low\"}}", NULL, REASON_PERMIT, ""},
    {NULL, "{\"tctx\":{\"sensitivity\":\"medium\"}}", NULL, REASON_PERMIT, ""},
    {NULL, "{\"tctx\":{\"sensitivity\":\"\"}}", NULL, REASON_CLAIM_INVALID, "tctx.sensitivity"},
    {NULL, "{\"tctx\":{\"sensitivity\":\"High\"}}", NULL, REASON_CLAIM_INVALID, "tctx.sensitivity"},
    {NULL, "{\"tctx\":{\"sensitivity\":\"secret\"}}", NULL, REASON_CLAIM_INVALID, "tctx.sensitivity"},
    {NULL, "{\"tctx\":{\"sensitivity\":\"critical\"}}", NULL, REASON_CLAIM_INVALID, "tctx.sensitivity"},
    {NULL, "{\"tctx\":{\"sensitivity\":3}}", NULL, REASON_CLAIM_INVALID, "tctx.sensitivity"},
    {NULL, "{\"tctx\":{\"sensitivity\":null}}", NULL, REASON_CLAIM_INVALID, "tctx.sensitivity"},
    {"tctx", NULL, NULL, REASON_PERMIT, ""},
    /* claims that nobody knows are ignored */
    {NULL, "{\"x\":[1.5,{\"exp\":1}],\"client_id\":\"c\",\"scope\":\"all\"}", NULL, REASON_PERMIT, ""},
};

START_TEST(claim_rules)
{
    char *claims = claims_with(cases[_i].drop, cases[_i].set, cases[_i].raw);
    char *token = mint(GOOD_HEADER, claims, ed_key);

    if (cases[_i].reason != REASON_PERMIT) {
        assert_refused(context(), token, strlen(token), cases[_i].reason, cases[_i].step);
    } else {
        struct credential *credential;

        assert_permitted(context(), token, strlen(token), &credential);
        ck_assert_int_gt(credential->exp, credential->iat);
        credential_free(credential);
    }
    free(token);
    free(claims);
}
END_TEST

/* Two faults: the one that the flat order names first is the reason. */
START_TEST(order_of_checks)
{
    static const struct {
        const char *set;
        enum reason reason;
    } pairs[] = {
        {"{\"exp\":1753999999,\"del_depth\":1}", REASON_CHAIN_INVALID},
        {"{\"exp\":1753999999,\"par_hash\":\"x\"}", REASON_CHAIN_INVALID},
        {"{\"exp\":1753999999,\"iat\":1754000031}", REASON_EXPIRED},
        {"{\"exp\":1753999999,\"iss\":\"https://x.example\"}", REASON_EXPIRED},
        {"{\"exp\":1754009999,\"iss\":\"https://x.example\"}", REASON_LIFETIME_TOO_LONG},
        {"{\"aud\":\"x\",\"iss\":\"https://x.example\"}", REASON_ISSUER_MISMATCH},
        {"{\"aud\":\"x\",\"sub\":\"x\"}", REASON_AUDIENCE_MISMATCH},
        {"{\"sub\":\"spiffe://evil.example/a\",\"txn\":7}", REASON_TRUST_DOMAIN_REFUSED},
        {"{\"status\":7,\"txn\":7,\"nbf\":1754000031}", REASON_NOT_YET_VALID},
    };

    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        char *claims = claims_with(NULL, pairs[i].set, NULL), *token = mint(GOOD_HEADER, claims, ed_key);

        assert_refused(context(), token, strlen(token), pairs[i].reason, "");
        free(token);
        free(claims);
    }
}
END_TEST

/* What is signed with the issuer's own key by an algorithm that it is not configured for. */
START_TEST(algorithms_of_an_issuer)
{
    static const char *const es256[] = {"ES256", NULL}, *const both[] = {"ES256", "Ed25519", NULL};
    struct issuer listed = corp;
    struct anchor anchor = {.issuer = &listed, .kid = "ed", .key = ed_key};
    const struct verify_context ctx = {&anchor, 1, HOST, NOW};
    char *token = mint(GOOD_HEADER, good_claims, ed_key);
    struct credential *c;

    listed.algorithms = es256;
    assert_refused(&ctx, token, strlen(token), REASON_KEY_UNKNOWN, "3a");
    listed.algorithms = both;
    assert_permitted(&ctx, token, strlen(token), &c);
    credential_free(c);
    free(token);
}
END_TEST

/* The signature is judged before the claims: whatever a stranger writes there, the reason is the key. */
START_TEST(strangers_claims_are_not_read)
{
    static const char *const payloads[] = {"", "x", "[]", "{\"a\":1,\"a\":1}", "{\"exp\":1}", "\xff"};

    for (size_t i = 0; i < COUNT_OF(payloads); i++) {
        char *token = mint(GOOD_HEADER, payloads[i], stranger_key);

        assert_refused(context(), token, strlen(token), REASON_KEY_UNKNOWN, "3b");
        free(token);
        token = mint(GOOD_HEADER, payloads[i], ed_key);
        assert_refused(context(), token, strlen(token), REASON_CLAIM_INVALID, "3b");
        free(token);
    }
}
END_TEST

static char *nested(const char *open, const char *close, int depth)
{
    char *text = calloc(1, 16 + (size_t)depth * (strlen(open) + strlen(close)));

    strcpy(text, "\"x\":");
    for (int i = 0; i < depth; i++)
        strcat(text, open);
    for (int i = 0; i < depth; i++)
        strcat(text, close);
    text[strlen(text)] = ',';
    return text;
}

START_TEST(deep_claims)
{
    static const int depths[] = {JSON_DEPTH_MAX - 1, JSON_DEPTH_MAX, 1000};

    for (size_t i = 0; i < COUNT_OF(depths); i++) {
        char *raw = nested("[", "]", depths[i]), *claims = claims_with(NULL, NULL, raw);
        char *token = mint(GOOD_HEADER, claims, ed_key);
        struct credential *credential;

        if (depths[i] < JSON_DEPTH_MAX) {
            assert_permitted(context(), token, strlen(token), &credential);
            credential_free(credential);
        } else {
            assert_refused(context(), token, strlen(token), REASON_CLAIM_INVALID, "3b");
        }
        free(token);
        free(claims);
        free(raw);
    }
}
END_TEST

/* Length bounds: the longest passes, one byte more does not. */
START_TEST(lengths)
{
    static const struct {
        const char *format;
        size_t max;
    } bounds[] = {
        {"{\"jti\":\"%s\"}", 256},
        {"{\"txn\":\"%s\"}", 256},
        {"{\"tctx\":{\"purpose\":\"%s\"}}", 128},
        {"{\"act\":{\"sub\":\"spiffe://example.org/a\"},\"sub\":\"%s\"}", 256},
    };

    for (size_t i = 0; i < COUNT_OF(bounds); i++) {
        for (size_t over = 0; over < 2; over++) {
            char fill[300] = "", set[512], *claims, *token;
            struct credential *credential;

            memset(fill, 'x', bounds[i].max + over);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(set, sizeof set, bounds[i].format, fill);
#pragma GCC diagnostic pop
            claims = claims_with(NULL, set, NULL);
            token = mint(GOOD_HEADER, claims, ed_key);
            if (over) {
                assert_refused(context(), token, strlen(token), REASON_CLAIM_INVALID, "");
            } else {
                assert_permitted(context(), token, strlen(token), &credential);
                credential_free(credential);
            }
            free(token);
            free(claims);
        }
    }
}
END_TEST

START_TEST(what_a_credential_holds)
{
    struct credential *c;
    char *token = mint(GOOD_HEADER, good_claims, ed_key), signer[KEY_THUMBPRINT_SIZE];

    assert_permitted(context(), token, strlen(token), &c);
    ck_assert_str_eq(c->issuer, "corp");
    ck_assert_str_eq(c->iss, ISS);
    ck_assert_str_eq(c->jti, "01957a3f-4e23-7b01-a9d1-0050569c2e4f");
    ck_assert_str_eq(c->identity, "spiffe://example.org/agent/deploy");
    ck_assert_ptr_null(c->principal);
    ck_assert_str_eq(c->task, "task-1");
    ck_assert_str_eq(c->purpose, "restart-web");
    ck_assert_ptr_null(c->sensitivity);
    ck_assert_int_eq(c->iat, 1753999900);
    ck_assert_int_eq(c->exp, 1754000400);
    ck_assert_str_eq(c->holder_thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    ck_assert_int_eq(jwk_thumbprint(ed_key, signer), 0);
    ck_assert_str_eq(c->signer_thumbprint, signer);
    ck_assert_uint_eq(strlen(c->sha256), 64);
    ck_assert_str_eq(c->scope, "pam_agent 1\ntool host:login\nrest 1\n");
    ck_assert_uint_eq(c->scope_len, strlen(c->scope));
    credential_free(c);
    credential_free(NULL);
    free(token);
}
END_TEST

START_TEST(actor_and_principal)
{
    struct credential *c;
    char *claims = claims_with(
        "txn",
        "{\"sub\":\"user@example.org\",\"act\":{\"sub\":\"spiffe://example.org/agent/deploy\",\"act\":{\"sub\":\"x\"}},"
        "\"mission\":{\"id\":\"m\"},\"tctx\":{}}",
        NULL);
    char *token = mint(GOOD_HEADER, claims, ed_key);

    assert_permitted(context(), token, strlen(token), &c);
    ck_assert_str_eq(c->identity, "spiffe://example.org/agent/deploy");
    ck_assert_str_eq(c->principal, "user@example.org");
    ck_assert_str_eq(c->task, "m");
    ck_assert_ptr_null(c->purpose);
    credential_free(c);
    free(token);
    free(claims);
}
END_TEST

static const struct {
    const char *tools, *scope;
} scopes[] = {
    {"{}", ""},
    {"{\"any name, \\u00e9\":{}}", "tool any name, \xc3\xa9\nrest 1\n"},
    {"{\"t\":{\"*\":{\"constraint_type\":\"wildcard\"}}}", "tool t\nrest 1\n"},
    {"{\"t\":{\"a\":{\"constraint_type\":\"wildcard\"},\"b\":{\"constraint_type\":\"exact\",\"value\":\"x\"}}}",
     "tool t\narg a\nany 1\narg b\nvalue x\n"},
    {"{\"t\":{\"a\":{\"constraint_type\":\"exact\",\"value\":\"x\",\"optional\":true},\"*\":{\"constraint_type\":"
     "\"wildcard\"}}}",
     "tool t\nrest 1\noptional a\nvalue x\n"},
    {"{\"t\":{\"a\":{\"constraint_type\":\"exact\",\"value\":\"x\",\"optional\":false}}}", "tool t\narg a\nvalue x\n"},
    {"{\"t\":{\"a\":{\"constraint_type\":\"one_of\",\"values\":[\"x\",[\"y\",\"z\"],[],\"\"]}}}",
     "tool t\narg a\nvalue x\nlist y\nitem z\nlist-empty 1\nvalue \n"},
    {"{\"t\":{\"a\":{\"constraint_type\":\"one_of\",\"values\":[1,true,null,{\"x\":1},[\"y\",1],[[\"y\"]],0.5]}}}",
     "tool t\narg a\n"},
    {"{\"t\":{\"a\":{\"constraint_type\":\"exact\",\"value\":7}}}", "tool t\narg a\n"},
    {"{\"t\":{\"a\":{\"constraint_type\":\"exact\",\"value\":\"x\\narg b\\nany 1\"}}}",
     "tool t\narg a\nvalue x%0Aarg b%0Aany 1\n"},
    {"{\"t\\ntool u\":{\"a\\nany 1\":{\"constraint_type\":\"wildcard\"}}}", "tool t%0Atool u\narg a%0Aany 1\nany 1\n"},
    {"{\"t\":{},\"u\":{}}", "tool t\nrest 1\ntool u\nrest 1\n"},
};

START_TEST(scope_text)
{
    char set[1024], wanted[1024], *claims, *token;
    struct credential *c;

    snprintf(set, sizeof set, "{\"authorization_details\":[{\"type\":\"attenuating_agent_token\",\"tools\":%s}]}",
             scopes[_i].tools);
    snprintf(wanted, sizeof wanted, "pam_agent 1\n%s", scopes[_i].scope);
    claims = claims_with(NULL, set, NULL);
    token = mint(GOOD_HEADER, claims, ed_key);
    assert_permitted(context(), token, strlen(token), &c);
    ck_assert_str_eq(c->scope, wanted);
    ck_assert_uint_eq(c->scope_len, strlen(wanted));
    credential_free(c);
    free(token);
    free(claims);
}
END_TEST

/* Escaped, a scope can be three times as long as the token: refused, not cut. */
START_TEST(scope_too_large)
{
    char *set = calloc(1, 50000), *claims, *token;

    strcpy(set, "{\"authorization_details\":[{\"type\":\"attenuating_agent_token\",\"tools\":{\"t\":{\"a\":{"
                "\"constraint_type\":\"exact\",\"value\":\"");
    memset(set + strlen(set), '%', 30000);
    strcpy(strrchr(set, '%') + 1, "\"}}}}]}");
    claims = claims_with(NULL, set, NULL);
    token = mint(GOOD_HEADER, claims, ed_key);
    assert_refused(context(), token, strlen(token), REASON_TOO_LARGE, "3n");
    free(token);
    free(claims);
    free(set);
}
END_TEST

/* No anchor may allow more than the hard maximum; exactly that much passes. */
START_TEST(hard_lifetime)
{
    struct issuer issuer = corp;
    struct anchor anchor = {.issuer = &issuer, .key = ed_key};
    const struct verify_context ctx = {&anchor, 1, HOST, NOW};
    char *claims = claims_with(NULL, "{\"iat\":1754000000,\"exp\":1754003600}", NULL),
         *token = mint(GOOD_HEADER, claims, ed_key);
    struct credential *credential;

    issuer.max_lifetime = UINT32_MAX;
    assert_permitted(&ctx, token, strlen(token), &credential);
    credential_free(credential);
    free(token);
    free(claims);
    claims = claims_with(NULL, "{\"iat\":1754000000,\"exp\":1754003601}", NULL);
    token = mint(GOOD_HEADER, claims, ed_key);
    assert_refused(&ctx, token, strlen(token), REASON_LIFETIME_TOO_LONG, "3h: the lifetime exceeds the hard");
    free(token);
    free(claims);
}
END_TEST

START_TEST(hosts_and_anchors_without_a_value)
{
    struct issuer issuer = corp;
    struct anchor anchor = {.issuer = &issuer, .key = ed_key};
    struct verify_context ctx = {&anchor, 1, NULL, NOW};
    static const char *const none[] = {NULL};
    char *token = mint(GOOD_HEADER, good_claims, ed_key);

    assert_refused(&ctx, token, strlen(token), REASON_AUDIENCE_MISMATCH, "6c");
    ctx.audience = HOST;
    issuer.trust_domains = none;
    assert_refused(&ctx, token, strlen(token), REASON_TRUST_DOMAIN_REFUSED, "");
    issuer.trust_domains = NULL;
    assert_refused(&ctx, token, strlen(token), REASON_TRUST_DOMAIN_REFUSED, "");
    issuer.max_lifetime = 0;
    assert_refused(&ctx, token, strlen(token), REASON_LIFETIME_TOO_LONG, "3h");
    ctx.now = 1754000400;
    assert_refused(&ctx, token, strlen(token), REASON_EXPIRED, "3e");
    ctx.now = 1753999869;
    assert_refused(&ctx, token, strlen(token), REASON_NOT_YET_VALID, "3f");
    free(token);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trust_credential");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, make_keys, free_keys);
    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, claim_rules, 0, COUNT_OF(cases));
    tcase_add_test(tests, order_of_checks);
    tcase_add_test(tests, strangers_claims_are_not_read);
    tcase_add_test(tests, algorithms_of_an_issuer);
    tcase_add_test(tests, deep_claims);
    tcase_add_test(tests, lengths);
    tcase_add_test(tests, what_a_credential_holds);
    tcase_add_test(tests, actor_and_principal);
    tcase_add_loop_test(tests, scope_text, 0, COUNT_OF(scopes));
    tcase_add_test(tests, scope_too_large);
    tcase_add_test(tests, hard_lifetime);
    tcase_add_test(tests, hosts_and_anchors_without_a_value);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
