/* base64url.h, json.h, number.h, sshwire.h */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/compat.h"
#include "trust/base64url.h"
#include "trust/json.h"
#include "trust/number.h"
#include "trust/sshwire.h"

/* RFC 4648 Section 10, without padding. */
static const struct {
    const char *bytes, *text;
} rfc4648[] = {
    {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
    {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"},
};

START_TEST(base64url_round_trip)
{
    char text[16], bytes[16];
    size_t len;

    base64url_encode(rfc4648[_i].bytes, strlen(rfc4648[_i].bytes), text);
    ck_assert_str_eq(text, rfc4648[_i].text);
    ck_assert_uint_eq(strlen(text), BASE64URL_LENGTH(strlen(rfc4648[_i].bytes)));
    ck_assert_int_eq(base64url_decode(text, strlen(text), bytes, sizeof bytes, &len), 0);
    ck_assert_uint_eq(len, strlen(rfc4648[_i].bytes));
    ck_assert_mem_eq(bytes, rfc4648[_i].bytes, len);
}
END_TEST

/* RFC 7515 Appendix C. */
START_TEST(base64url_rfc7515)
{
    const unsigned char bytes[] = {3, 236, 255, 224, 193};
    char text[8];

    base64url_encode(bytes, sizeof bytes, text);
    ck_assert_str_eq(text, "A-z_4ME");
}
END_TEST

START_TEST(base64url_alphabet)
{
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char bytes[48];
    char text[65];
    size_t len;

    ck_assert_int_eq(base64url_decode(all, 64, bytes, sizeof bytes, &len), 0);
    ck_assert_uint_eq(len, 48);
    ck_assert_mem_eq(bytes, "\x00\x10\x83\x10\x51\x87", 6);
    base64url_encode(bytes, len, text);
    ck_assert_str_eq(text, all);
}
END_TEST

static const char *const bad_base64url[] = {
    "Z",    "Zg==", "Zm8=",  "Zh", "Zm9",        "Zm9vY", "Zm 9", "Zm9v\n",
    "Zm+v", "Zm/v", "Zm9v.", "=",  "\xc3\xa9vv", "Zg=",   "Z===", "A-z_4MF",
};

START_TEST(base64url_refuses)
{
    char bytes[16];
    size_t len;

    ck_assert_int_eq(base64url_decode(bad_base64url[_i], strlen(bad_base64url[_i]), bytes, sizeof bytes, &len),
                     -EBADMSG);
}
END_TEST

START_TEST(base64url_bounds)
{
    char bytes[3];
    size_t len;

    ck_assert_int_eq(base64url_decode("Zm9v", 4, bytes, 3, &len), 0);
    ck_assert_int_eq(base64url_decode("Zm9v", 4, bytes, 2, &len), -ENOBUFS);
    ck_assert_int_eq(base64url_decode("Zm9vYg", 6, bytes, 3, &len), -ENOBUFS);
    ck_assert_int_eq(base64url_decode("Zg\0v", 4, bytes, 3, &len), -EBADMSG);
}
END_TEST

/* Every text of four digits that decodes is what its bytes encode to: no two spellings. */
START_TEST(base64url_is_canonical)
{
    static const char digits[] = "AQgw_-z9=+/.Zf\n";
    char text[5] = "", again[8];
    unsigned char bytes[4];
    size_t len, good = 0;

    for (size_t i = 0; i < sizeof digits * sizeof digits * sizeof digits; i++) {
        text[0] = digits[i % sizeof digits];
        text[1] = digits[i / sizeof digits % sizeof digits];
        text[2] = digits[i / sizeof digits / sizeof digits];
        if (base64url_decode(text, strlen(text), bytes, sizeof bytes, &len) < 0)
            continue;
        base64url_encode(bytes, len, again);
        ck_assert_str_eq(text, again);
        good++;
    }
    ck_assert_uint_gt(good, 100);
}
END_TEST

START_TEST(base64_padded)
{
    char bytes[16], text[16];
    size_t len;

    ck_assert_int_eq(base64_decode("Zm9vYg==", 8, bytes, sizeof bytes, &len), 0);
    ck_assert_uint_eq(len, 4);
    ck_assert_int_eq(base64_decode("Zm9vYmE=", 8, bytes, sizeof bytes, &len), 0);
    ck_assert_int_eq(base64_decode("Zm9vYg", 6, bytes, sizeof bytes, &len), -EBADMSG);
    ck_assert_int_eq(base64_decode("Zh==", 4, bytes, sizeof bytes, &len), -EBADMSG);
    ck_assert_int_eq(base64_decode("Z===", 4, bytes, sizeof bytes, &len), -EBADMSG);
    ck_assert_int_eq(base64_decode("====", 4, bytes, sizeof bytes, &len), -EBADMSG);
    ck_assert_int_eq(base64_decode("Zm9vYg==Zm9v", 12, bytes, sizeof bytes, &len), -EBADMSG);
    ck_assert_int_eq(base64_decode("A-z_", 4, bytes, sizeof bytes, &len), -EBADMSG);
    ck_assert_int_eq(base64_decode("", 0, bytes, sizeof bytes, &len), -EBADMSG);
    base64_encode("\xfb\xef\xff\xfe", 4, text);
    ck_assert_str_eq(text, "++///g==");
}
END_TEST

static const struct {
    const char *text;
    int error;
} json_texts[] = {
    {"{}", 0},
    {"[]", 0},
    {" {\"a\":{\"b\":1},\"b\":1} ", 0},
    {"", -EBADMSG},
    {"1", -EBADMSG},
    {"\"a\"", -EBADMSG},
    {"null", -EBADMSG},
    {"{\"a\":1,\"a\":1}", -EBADMSG},
    {"{\"a\":1,\"\\u0061\":1}", -EBADMSG},
    {"{\"x\":[{\"a\":1,\"a\":2}]}", -EBADMSG},
    {"{\"a\":\"x\\u0000y\"}", -EBADMSG},
    {"{\"x\\u0000y\":1}", -EBADMSG},
    {"{\"a\":\"\\ud800\"}", -EBADMSG},
    {"{\"a\":\"\xff\"}", -EBADMSG},
    {"{\"a\":\"\xc0\x80\"}", -EBADMSG},
    {"{} x", -EBADMSG},
    {"{}{}", -EBADMSG},
    {"{\"a\":01}", -EBADMSG},
    {"{\"a\":+1}", -EBADMSG},
    {"{\"a\":1.}", -EBADMSG},
    {"{\"a\":NaN}", -EBADMSG},
    {"{\"a\":1e999}", 0},
    {"{\"a\":9223372036854775808}", 0},
    {"{\"a\":1,}", -EBADMSG},
    {"{'a':1}", -EBADMSG},
    {"{\"a\":1 /* */}", -EBADMSG},
    {"\xef\xbb\xbf{}", -EBADMSG},
    {"{\"a\":\"\n\"}", -EBADMSG},
};

START_TEST(json_parses_strictly)
{
    json_t *value = NULL;

    ck_assert_int_eq(json_strict_parse(json_texts[_i].text, strlen(json_texts[_i].text), &value), json_texts[_i].error);
    if (!json_texts[_i].error)
        json_decref(value);
    else
        ck_assert_ptr_null(value);
}
END_TEST

START_TEST(json_bytes_after_a_nul)
{
    json_t *value;

    ck_assert_int_eq(json_strict_parse("{}\0x", 4, &value), -EBADMSG);
    ck_assert_int_eq(json_strict_parse("{}\0", 3, &value), -EBADMSG);
}
END_TEST

static int parse_nested(size_t depth, int closed)
{
    char text[2200];
    json_t *value;
    int error;

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    error = json_strict_parse(text, closed ? 2 * depth : depth, &value);
    if (!error)
        json_decref(value);
    return error;
}

START_TEST(json_depth)
{
    char text[128];
    json_t *value;

    ck_assert_int_eq(parse_nested(JSON_DEPTH_MAX, 1), 0);
    ck_assert_int_eq(parse_nested(JSON_DEPTH_MAX + 1, 1), -E2BIG);
    ck_assert_int_eq(parse_nested(1000, 1), -E2BIG);
    ck_assert_int_eq(parse_nested(1000, 0), -E2BIG);
    /* brackets inside strings are no depth, escaped quotes do not end a string */
    snprintf(text, sizeof text, "[\"\\\"%0100d\"]", 0);
    memset(strchr(text, '0'), '[', 100);
    ck_assert_int_eq(json_strict_parse(text, strlen(text), &value), 0);
    json_decref(value);
}
END_TEST

/* Beside each other is not inside each other. */
START_TEST(json_siblings)
{
    char text[1024] = "[{}";
    json_t *value;

    for (int i = 0; i < 100; i++)
        strcat(text, ",[],{}");
    strcat(text, "]");
    ck_assert_int_eq(json_strict_parse(text, strlen(text), &value), 0);
    ck_assert_uint_eq(json_array_size(value), 201);
    json_decref(value);
}
END_TEST

START_TEST(json_size)
{
    char *text = malloc(JSON_SIZE_MAX + 1);
    json_t *value;

    memset(text, ' ', JSON_SIZE_MAX + 1);
    memcpy(text, "{}", 2);
    ck_assert_int_eq(json_strict_parse(text, JSON_SIZE_MAX, &value), 0);
    json_decref(value);
    ck_assert_int_eq(json_strict_parse(text, JSON_SIZE_MAX + 1, &value), -E2BIG);
    free(text);
}
END_TEST

START_TEST(json_members)
{
    static const char text[] =
        "{\"s\":\"ab\",\"e\":\"\",\"c\":\"a\\u001f\",\"d\":\"\\u007f\",\"c1\":\"\\u0085\",\"u\":\"\\u00e9 \\u20ac\","
        "\"i\":5,\"r\":5.0,\"x\":5e0,\"n\":null,\"t\":true,\"o\":{},\"a\":[],\"q\":\"5\",\"z\":-0}";
    CLEANUP(json_freep) json_t *object = NULL;
    const char *string;
    json_t *member;
    int64_t number;

    ck_assert_int_eq(json_strict_parse_object(text, sizeof text - 1, &object), 0);
    ck_assert_int_eq(json_member_string(object, "s", 2, &string), 1);
    ck_assert_str_eq(string, "ab");
    ck_assert_int_eq(json_member_string(object, "u", 6, &string), 1);
    ck_assert_int_eq(json_member_string(object, "s", 1, &string), -EBADMSG);
    ck_assert_int_eq(json_member_string(object, "absent", 1, &string), 0);
    for (const char *const *name = (const char *const[]){"e", "c", "d", "c1", "i", "n", "t", "o", "a", NULL}; *name;
         name++)
        ck_assert_int_eq(json_member_string(object, *name, 9, &string), -EBADMSG);
    ck_assert_int_eq(json_member_integer(object, "i", &number), 1);
    ck_assert_int_eq(number, 5);
    ck_assert_int_eq(json_member_integer(object, "z", &number), 1);
    ck_assert_int_eq(json_member_integer(object, "absent", &number), 0);
    for (const char *const *name = (const char *const[]){"r", "x", "q", "n", "t", "o", "a", NULL}; *name; name++)
        ck_assert_int_eq(json_member_integer(object, *name, &number), -EBADMSG);
    ck_assert_int_eq(json_member_object(object, "o", &member), 1);
    ck_assert_int_eq(json_member_object(object, "absent", &member), 0);
    ck_assert_int_eq(json_member_object(object, "a", &member), -EBADMSG);
    ck_assert_int_eq(json_member_object(object, "n", &member), -EBADMSG);
    ck_assert_int_eq(json_strict_parse_object("[]", 2, &member), -EBADMSG);
}
END_TEST

static const struct {
    const char *text;
    int admissible;
} numbers[] = {
    {"0", 1},
    {"-0", 1},
    {"-0.0", 1},
    {"0e5", 1},
    {"1", 1},
    {"10", 1},
    {"100e-2", 1},
    {"1.0", 1},
    {"1.10", 1},
    {"0.1", 1},
    {"1e20", 1},
    {"-12.5", 1},
    {"9007199254740991", 1},
    {"9007199254740992", 1},
    {"9007199254740993", 0},
    {"9007199254740994", 1},
    {"9007199254740993.0", 0},
    {"1.00000000000000001", 0},
    {"1.0000000000000000000000", 1},
    {"0.1000000000000000055511151231257827", 0},
    {"1e-400", 0},
    {"0.00001", 1},
    {"1E+2", 1},
    {"5e-324", 1},
    {"4.9e-324", 0},
    {"1.7976931348623157e308", 1},
    {"9223372036854775807", 0},
    {"9223372036854775000", 1},
    {"9223372036854774784", 0},
    {"9223372036854775808.0", 0},
    {"9223372036854776000.0", 1},
    {"123456789012345678901234567890.0", 0},
    {"0.30000000000000004", 1},
    {"0.3", 1},
};

START_TEST(number_admissible)
{
    char text[128];
    json_t *root = NULL;

    snprintf(text, sizeof text, "{\"9007199254740993\":[\"1\\\"9007199254740993\",9007199254740993],\"x\":[\"\",%s]}",
             numbers[_i].text);
    ck_assert_int_eq(json_strict_parse_object(text, strlen(text), &root), 0);
    ck_assert_int_eq(number_all_admissible(text, strlen(text), root, json_object_get(root, "x")),
                     numbers[_i].admissible);
    ck_assert_int_eq(number_all_admissible(text, strlen(text), root, root), 0);
    json_decref(root);
}
END_TEST

START_TEST(sshwire_reads_inside_its_bounds)
{
    const unsigned char text[] = {0, 0, 0, 2, 'a', 'b', 0, 0, 0, 9, 'c'};
    struct sshwire_reader r = {text, sizeof text};
    const unsigned char *bytes;
    uint32_t number;
    size_t len;

    ck_assert_int_eq(sshwire_get_text(&r, "ax"), -EBADMSG);
    r = (struct sshwire_reader){text, sizeof text};
    ck_assert_int_eq(sshwire_get_text(&r, "abc"), -EBADMSG);
    r = (struct sshwire_reader){text, sizeof text};
    ck_assert_int_eq(sshwire_get_text(&r, "ab"), 0);
    ck_assert_int_eq(sshwire_get_string(&r, 100, &bytes, &len), -EBADMSG);
    ck_assert_int_eq(sshwire_get_u32(&r, &number), -EBADMSG);
    r = (struct sshwire_reader){text, sizeof text};
    ck_assert_int_eq(sshwire_get_string(&r, 1, &bytes, &len), -EBADMSG);
    r = (struct sshwire_reader){text, 3};
    ck_assert_int_eq(sshwire_get_u32(&r, &number), -EBADMSG);
    r = (struct sshwire_reader){(const unsigned char *)"\xff\xff\xff\xff", 4};
    ck_assert_int_eq(sshwire_get_string(&r, SIZE_MAX, &bytes, &len), -EBADMSG);
}
END_TEST

static const struct {
    const char *wire;
    size_t len;
    int error;
} mpints[] = {
    {"\0\0\0\0", 4, 0},
    {"\0\0\0\1\x7f", 5, 0},
    {"\0\0\0\3\0\x80\1", 7, 0},
    {"\0\0\0\2\x7f\1", 6, 0},
    {"\0\0\0\1\0", 5, -EBADMSG},
    {"\0\0\0\2\0\x7f", 6, -EBADMSG},
    {"\0\0\0\1\x80", 5, -EBADMSG},
    {"\0\0\0\3\1\2\3", 7, -EBADMSG},
    {"\0\0\0\4\0\1\2\3", 8, -EBADMSG},
    {"\0\0\0\2\1", 5, -EBADMSG},
};

START_TEST(sshwire_mpint)
{
    struct sshwire_reader r = {(const unsigned char *)mpints[_i].wire, mpints[_i].len};
    unsigned char number[2];

    ck_assert_int_eq(sshwire_get_mpint(&r, number, sizeof number), mpints[_i].error);
}
END_TEST

START_TEST(sshwire_writes_inside_its_bounds)
{
    unsigned char buf[8];
    struct sshwire_writer w = {.buf = buf, .cap = sizeof buf};

    sshwire_put_string(&w, "abcd", 4);
    ck_assert_int_eq(w.error, 0);
    ck_assert_uint_eq(w.len, 8);
    ck_assert_mem_eq(buf, "\0\0\0\4abcd", 8);
    sshwire_put_bytes(&w, "e", 1);
    ck_assert_int_eq(w.error, -ENOBUFS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trust_encoding");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, base64url_round_trip, 0, COUNT_OF(rfc4648));
    tcase_add_test(tests, base64url_rfc7515);
    tcase_add_test(tests, base64url_alphabet);
    tcase_add_loop_test(tests, base64url_refuses, 0, COUNT_OF(bad_base64url));
    tcase_add_test(tests, base64url_bounds);
    tcase_add_test(tests, base64url_is_canonical);
    tcase_add_test(tests, base64_padded);
    tcase_add_loop_test(tests, json_parses_strictly, 0, COUNT_OF(json_texts));
    tcase_add_test(tests, json_bytes_after_a_nul);
    tcase_add_test(tests, json_depth);
    tcase_add_test(tests, json_siblings);
    tcase_add_test(tests, json_size);
    tcase_add_test(tests, json_members);
    tcase_add_loop_test(tests, number_admissible, 0, COUNT_OF(numbers));
    tcase_add_test(tests, sshwire_reads_inside_its_bounds);
    tcase_add_loop_test(tests, sshwire_mpint, 0, COUNT_OF(mpints));
    tcase_add_test(tests, sshwire_writes_inside_its_bounds);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
