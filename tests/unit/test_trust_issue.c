/* issue.h and toolspec.h */
#include <errno.h>

#include "test_trust_mint.h"
#include "trust/issue.h"
#include "trust/toolspec.h"

static const struct {
    const char *spec, *tools;
} good_specs[] = {
    {"host:login", "{\"host:login\":{}}"},
    {"  host:sudo  ", "{\"host:sudo\":{}}"},
    {"https://tools.example.com/fs runas=root",
     "{\"https://tools.example.com/fs\":{\"runas\":{\"constraint_type\":\"exact\",\"value\":\"root\"}}}"},
    {"t a=x,y", "{\"t\":{\"a\":{\"constraint_type\":\"one_of\",\"values\":[\"x\",\"y\"]}}}"},
    {"t a=*", "{\"t\":{\"a\":{\"constraint_type\":\"wildcard\"}}}"},
    {"t *=*", "{\"t\":{\"*\":{\"constraint_type\":\"wildcard\"}}}"},
    {"t a?=x", "{\"t\":{\"a\":{\"constraint_type\":\"exact\",\"optional\":true,\"value\":\"x\"}}}"},
    {"t a?=*", "{\"t\":{\"a\":{\"constraint_type\":\"wildcard\",\"optional\":true}}}"},
    {"t a=x=y b=*z", "{\"t\":{\"a\":{\"constraint_type\":\"exact\",\"value\":\"x=y\"},\"b\":{\"constraint_type\":"
                     "\"exact\",\"value\":\"*z\"}}}"},
    {"t args=[\"restart\",\"nginx\"]",
     "{\"t\":{\"args\":{\"constraint_type\":\"one_of\",\"values\":[[\"restart\",\"nginx\"]]}}}"},
    {"t args=[]", "{\"t\":{\"args\":{\"constraint_type\":\"one_of\",\"values\":[[]]}}}"},
    {"t args=[\"a b\", \"c]\\\" d\"] u=*", "{\"t\":{\"args\":{\"constraint_type\":\"one_of\",\"values\":[[\"a "
                                           "b\",\"c]\\\" d\"]]},\"u\":{\"constraint_type\":\"wildcard\"}}}"},
};

START_TEST(specs_accepted)
{
    json_t *tools = json_object();
    const char *error = NULL;
    char *text;

    ck_assert_msg(toolspec_add(tools, good_specs[_i].spec, &error) == 0, "%s", error);
    text = json_dumps(tools, JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_str_eq(text, good_specs[_i].tools);
    free(text);
    json_decref(tools);
}
END_TEST

static const char *const bad_specs[] = {
    "",           "   ",
    "runas=root", "t a",
    "t =x",       "t ?=x",
    "t a=",       "t a=x,",
    "t a=,x",     "t a=x,,y",
    "t a=x a=y",  "t a=x a?=y",
    "t *=x",      "t *?=*",
    "t *=x,y",    "t a=[",
    "t a=[\"x\"", "t a=[\"x\"]y",
    "t a=[1]",    "t a=[\"x\",[\"y\"]]",
    "t a=[x]",    "t a=[\"\\u0000\"]",
    "t a=\xff",   "t \xff=x",
    "\xff",       "t a=[\"\xff\"]",
    "t a =x",     "t a= x",
};

START_TEST(specs_refused)
{
    json_t *tools = json_object();
    const char *error = NULL;

    ck_assert_int_eq(toolspec_add(tools, bad_specs[_i], &error), -EINVAL);
    ck_assert_ptr_nonnull(error);
    json_decref(tools);
}
END_TEST

START_TEST(spec_bounds)
{
    char spec[TOOLSPEC_MAX + 1];
    json_t *tools = json_object();
    const char *error = NULL;

    memset(spec, 'x', TOOLSPEC_MAX);
    spec[TOOLSPEC_MAX] = '\0';
    ck_assert_int_eq(toolspec_add(tools, spec, &error), -EINVAL);
    spec[TOOLSPEC_MAX - 1] = '\0';
    ck_assert_int_eq(toolspec_add(tools, spec, &error), 0);
    ck_assert_int_eq(toolspec_add(tools, spec, &error), -EINVAL); /* twice */
    json_decref(tools);
}
END_TEST

static const char *const tools[] = {"host:login account=agent-deploy",
                                    "host:sudo runas=root command=/usr/bin/systemctl args=[\"restart\",\"nginx\"]"};

static struct issue_request good_request(void)
{
    return (struct issue_request){
        .iss = ISS,
        .identity = "spiffe://example.org/agent/deploy",
        .task = "task-1",
        .purpose = "restart-web",
        .audience = HOST,
        .holder = stranger_key,
        .tools = tools,
        .tool_count = COUNT_OF(tools),
        .now = NOW,
        .lifetime = 300,
    };
}

static char *issue(const struct issue_request *request, const struct key *issuer)
{
    char error[ISSUE_ERROR_SIZE] = "", *token = NULL;

    ck_assert_msg(credential_issue(request, issuer, &token, error) == 0, "%s", error);
    return token;
}

START_TEST(issued_is_verified)
{
    struct issue_request request = good_request();
    struct credential *c;
    char *token;

    request.iss = _i ? ES_ISS : ISS;
    token = issue(&request, _i ? es_key : ed_key);
    assert_permitted(context(), token, strlen(token), &c);
    ck_assert_str_eq(c->identity, request.identity);
    ck_assert_ptr_null(c->principal);
    ck_assert_str_eq(c->task, "task-1");
    ck_assert_str_eq(c->purpose, "restart-web");
    ck_assert_ptr_null(c->sensitivity);
    ck_assert_int_eq(c->iat, NOW);
    ck_assert_int_eq(c->exp, NOW + 300);
    assert_holder(c, stranger_key);
    ck_assert_str_eq(c->scope, "pam_agent 1\ntool host:login\narg account\nvalue agent-deploy\n"
                               "tool host:sudo\narg args\nlist restart\nitem nginx\narg command\nvalue "
                               "/usr/bin/systemctl\narg runas\nvalue root\n");
    ck_assert_uint_eq(strlen(c->jti), 36);
    ck_assert_int_eq(c->jti[14], '7');
    ck_assert_ptr_nonnull(strchr("89ab", c->jti[19]));
    ck_assert_int_eq(strncmp(c->jti, "0198628c-0400-", 14), 0); /* 1754000000000 ms */
    credential_free(c);
    free(token);
}
END_TEST

START_TEST(issued_for_a_principal)
{
    struct issue_request request = good_request();
    struct credential *c;
    char *token;

    request.principal = "user@example.org";
    request.purpose = NULL;
    request.sensitivity = "high";
    request.tool_count = 0;
    request.jti = "j-1";
    token = issue(&request, ed_key);
    assert_permitted(context(), token, strlen(token), &c);
    ck_assert_str_eq(c->principal, "user@example.org");
    ck_assert_str_eq(c->identity, request.identity);
    ck_assert_ptr_null(c->purpose);
    ck_assert_str_eq(c->sensitivity, "high");
    ck_assert_str_eq(c->jti, "j-1");
    ck_assert_str_eq(c->scope, "pam_agent 1\n");
    credential_free(c);
    free(token);
}
END_TEST

START_TEST(ids_differ)
{
    struct issue_request request = good_request();
    char *a = issue(&request, ed_key), *b = issue(&request, ed_key);

    ck_assert_str_ne(a, b);
    free(a);
    free(b);
    request.jti = "fixed"; /* and with all else given, the same token: sorted and compact */
    a = issue(&request, ed_key);
    b = issue(&request, ed_key);
    ck_assert_str_eq(a, b);
    free(a);
    free(b);
}
END_TEST

static void assert_unissued(const struct issue_request *request, const struct key *issuer, const char *text)
{
    char error[ISSUE_ERROR_SIZE] = "", *token = NULL;

    ck_assert_int_lt(credential_issue(request, issuer, &token, error), 0);
    ck_assert_ptr_null(token);
    ck_assert_msg(strstr(error, text) != NULL, "%s, wanted %s", error, text);
}

START_TEST(wrong_requests)
{
    static const char *const bad_tool[] = {"host:sudo runas"};
    struct issue_request request;

    for (int i = 0; i < 14; i++) {
        request = good_request();
        switch (i) {
        case 0:
            request.task = NULL;
            assert_unissued(&request, ed_key, "required");
            break;
        case 1:
            request.task = "";
            assert_unissued(&request, ed_key, "txn");
            break;
        case 2:
            request.lifetime = 0;
            assert_unissued(&request, ed_key, "3e");
            break;
        case 3:
            request.lifetime = 3601;
            assert_unissued(&request, ed_key, "3h");
            break;
        case 4:
            request.identity = "deploy";
            assert_unissued(&request, ed_key, "SPIFFE");
            break;
        case 5:
            request.iss = "sts";
            assert_unissued(&request, ed_key, "3k");
            break;
        case 6:
            request.tools = bad_tool;
            request.tool_count = 1;
            assert_unissued(&request, ed_key, "NAME=VALUE: host:sudo runas");
            break;
        case 7:
            request.holder = NULL;
            assert_unissued(&request, ed_key, "required");
            break;
        case 8:
            request.purpose = "a\nb";
            assert_unissued(&request, ed_key, "purpose");
            request.purpose = "a";
            request.sensitivity = "secret";
            assert_unissued(&request, ed_key, "sensitivity");
            break;
        case 9:
            request.iss = "https://\xff";
            assert_unissued(&request, ed_key, "UTF-8");
            break;
        case 10:
            request.purpose = "\xff";
            assert_unissued(&request, ed_key, "UTF-8");
            break;
        case 11:
            request.principal = "\xff";
            assert_unissued(&request, ed_key, "UTF-8");
            break;
        case 12:
            request.jti = "";
            assert_unissued(&request, ed_key, "3j");
            break;
        case 13:
            request.tool_count = ISSUE_TOOLS_MAX + 1;
            assert_unissued(&request, ed_key, "many");
            break;
        }
    }
}
END_TEST

START_TEST(public_issuer)
{
    struct issue_request request = good_request();
    struct key *public;
    size_t len;
    const unsigned char *point = key_point(ed_key, &len);

    ck_assert_int_eq(key_new_public(KEY_ED25519, point, len, &public), 0);
    assert_unissued(&request, public, "public key");
    key_free(public);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trust_issue");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, make_keys, free_keys);
    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, specs_accepted, 0, COUNT_OF(good_specs));
    tcase_add_loop_test(tests, specs_refused, 0, COUNT_OF(bad_specs));
    tcase_add_test(tests, spec_bounds);
    tcase_add_loop_test(tests, issued_is_verified, 0, 2);
    tcase_add_test(tests, issued_for_a_principal);
    tcase_add_test(tests, ids_differ);
    tcase_add_test(tests, wrong_requests);
    tcase_add_test(tests, public_issuer);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
