/* common/judge/match: words, commands, addresses. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge/match.h"

/* --- words --- */

static const struct {
    const char *pattern, *word;
    int matches;
} words[] = {
    {"", "", 1},
    {"", "a", 0},
    {"a", "", 0},
    {"restart", "restart", 1},
    {"restart", "restart ", 0},
    {"restart", "Restart", 0},
    {"restart", "restarts", 0},
    {"restart", "restar", 0},
    {"*", "", 1},
    {"*", "nginx", 1},
    {"**", "nginx", 1},
    {"?", "", 0},
    {"?", "a", 1},
    {"?", "ab", 0},
    {"?*", "a", 1},
    {"*?", "", 0},
    {"nginx*", "nginx", 1},
    {"nginx*", "nginx.service", 1},
    {"*.service", "nginx.service", 1},
    {"*.service", "nginx.services", 0},
    {"n*x", "nx", 1},
    {"n*x", "nginx", 1},
    {"n*x", "nginxx", 1},
    {"a*b*c", "aXbXbXc", 1},
    {"a*b*c", "aXcXb", 0},
    {"*a*", "bab", 1},
    {"*a*", "bbb", 0},
    {"ab?d", "abcd", 1},
    {"ab?d", "abd", 0},

    /* a path segment is not left */
    {"*", "a/b", 0},
    {"/var/log/*", "/var/log/syslog", 1},
    {"/var/log/*", "/var/log/nginx/access.log", 0},
    {"/var/log/*/*", "/var/log/nginx/access.log", 1},
    {"/var/log?syslog", "/var/log/syslog", 0},
    {"/var/*/syslog", "/var//syslog", 1},
    {"*/*", "a/b", 1},
    {"*/*", "a/b/c", 0},
    {"*a/b", "xa/b", 1},
    {"*b", "a/b", 0},

    /* an option or a hidden file is not made */
    {"*", "-rf", 0},
    {"*", "-", 0},
    {"?rf", "-rf", 0},
    {"?", "-", 0},
    {"-*", "-rf", 1},
    {"--unit=*", "--unit=nginx", 1},
    {"*", ".", 0},
    {"*", ".ssh", 0},
    {"?ssh", ".ssh", 0},
    {".*", ".ssh", 1},
    {"*", "a-b.c", 1},
    {"*f", "-f", 0},
    {"**", "-f", 0},
    {"a*", "a-f", 1},
    {"a*", "a.f", 1},

    /* control characters stand for themselves alone */
    {"*", "a\nb", 0},
    {"*", "\n", 0},
    {"?", "\t", 0},
    {"a*b",
     "a\x01"
     "b",
     0},
    {"a*b",
     "a\x7f"
     "b",
     0},
    {"a\nb", "a\nb", 1},
    {"a\n*", "a\nb", 1},
    {"*", "\x1b[31m", 0},
    {"*", "M\xc3\xbcnchen", 1},
    {"?", "\xc3\xbc", 0}, /* a byte, not a character */
    {"??", "\xc3\xbc", 1},
    {"*", "\x80\xff", 1},

    /* what leaves a directory is matched by nothing but itself */
    {"*", "..", 0},
    {"..", "..", 1},
    {".*", "..", 0},
    {"?*", "..", 0},
    {"../*", "../a", 0},
    {"../a", "../a", 1},
    {"/srv/*/a", "/srv/../a", 0},
    {"/srv/../a", "/srv/../a", 1},
    {"/srv/..*", "/srv/..", 0},
    {"/srv/*", "/srv/..", 0},
    {"/srv/x/*/../*", "/srv/x/a/../b", 0},
    {"*..", "a..", 1},
    {"*", "a..b", 1},
    {"*/..b", "a/..b", 1},
    {"...*", "...", 1},
    {"a/*", "a/...", 1},

    /* there are no classes and no escapes */
    {"[ab]", "a", 0},
    {"[ab]", "[ab]", 1},
    {"\\*", "*", 0},
    {"\\*", "\\x", 1},
    {"{a,b}", "a", 0},
    {"*", "*", 1},
    {"?", "?", 1},
    {"a", "*", 0},
    {"a", "?", 0},
};

START_TEST(word_table)
{
    ck_assert_msg(word_matches(words[_i].pattern, words[_i].word) == words[_i].matches, "\"%s\" and \"%s\": not %d",
                  words[_i].pattern, words[_i].word, words[_i].matches);
}
END_TEST

/* The definition, as slow as it may be. */
static int slow_glob(const char *pattern, const char *word, const char *at)
{
    int wild = *at && *at != '/' && (unsigned char)*at >= 0x20 && *at != 0x7f && !(at == word && strchr("-.", *at));

    if (*pattern == '\0')
        return *at == '\0';
    if (*pattern == '*')
        return slow_glob(pattern + 1, word, at) || (wild && slow_glob(pattern, word, at + 1));
    if (*pattern == '?' ? !wild : *pattern != *at)
        return 0;
    return slow_glob(pattern + 1, word, at + 1);
}

static unsigned next_random(void)
{
    static unsigned long long state = 20261123;

    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(state >> 33);
}

static void random_text(char *dst, size_t max, const char *alphabet)
{
    size_t len = next_random() % (max + 1);

    for (size_t i = 0; i < len; i++)
        dst[i] = alphabet[next_random() % strlen(alphabet)];
    dst[len] = '\0';
}

START_TEST(word_as_defined)
{
    unsigned matched = 0;

    for (int i = 0; i < 300000; i++) {
        char pattern[9], word[11];
        int wanted;

        random_text(pattern, sizeof pattern - 1, "aab/**?-.");
        random_text(word, sizeof word - 1, "aaabb/-.\n");
        if (strstr(word, ".."))
            continue; /* the table has these */
        wanted = strcmp(pattern, word) == 0 || slow_glob(pattern, word, word);
        matched += (unsigned)wanted;
        ck_assert_msg(word_matches(pattern, word) == wanted, "\"%s\" and \"%s\": not %d", pattern, word, wanted);
    }
    ck_assert_uint_gt(matched, 3000);
}
END_TEST

/* Patterns that take a backtracking matcher longer than the test may last. */
START_TEST(word_takes_no_exponential_time)
{
    static char pattern[4096], word[20000];

    memset(word, 'a', sizeof word - 1);
    for (size_t i = 0; i + 2 < sizeof pattern; i += 2)
        memcpy(pattern + i, "*a", 2);
    ck_assert_int_eq(word_matches(pattern, word), 1);
    strcpy(pattern + sizeof pattern - 2, "b");
    ck_assert_int_eq(word_matches(pattern, word), 0);
    memset(pattern, '*', sizeof pattern - 1);
    ck_assert_int_eq(word_matches(pattern, word), 1);
    pattern[sizeof pattern - 2] = 'b';
    ck_assert_int_eq(word_matches(pattern, word), 0);
    pattern[sizeof pattern - 2] = '\0';
    for (size_t i = 0; i + 2 < sizeof pattern; i += 2)
        memcpy(pattern + i, "?*", 2);
    ck_assert_int_eq(word_matches(pattern, "a"), 0);
    ck_assert_int_eq(word_matches(pattern, word), 1);
}
END_TEST

/* --- commands --- */

#define WORDS(...) \
    { \
        (const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *) \
    }

static const struct {
    struct command command;
    struct words argv;
    int matches;
} commands[] = {
    {{WORDS("/usr/bin/id"), 0}, WORDS("/usr/bin/id"), 1},
    {{WORDS("/usr/bin/id"), 0}, WORDS("/usr/bin/id", "-u"), 0},
    {{WORDS("/usr/bin/id"), 0}, WORDS("/usr/bin/id", ""), 0},
    {{WORDS("/usr/bin/id"), 0}, WORDS("/bin/id"), 0},
    {{WORDS("/usr/bin/id"), 0}, WORDS("id"), 0},
    {{WORDS("/usr/bin/id"), 1}, WORDS("/usr/bin/id"), 1},
    {{WORDS("/usr/bin/id"), 1}, WORDS("/usr/bin/id", "-u", "/../x\n"), 1},
    {{WORDS("/usr/bin/id"), 1}, WORDS("/usr/bin/od", "-u"), 0},
    {{WORDS("/usr/bin/*"), 0}, WORDS("/usr/bin/id"), 0}, /* the program is no pattern */
    {{WORDS("/usr/bin/*"), 0}, WORDS("/usr/bin/*"), 1},
    {{WORDS("/bin/s", "restart", "nginx"), 0}, WORDS("/bin/s", "restart", "nginx"), 1},
    {{WORDS("/bin/s", "restart", "nginx"), 0}, WORDS("/bin/s", "nginx", "restart"), 0},
    {{WORDS("/bin/s", "restart", "nginx"), 0}, WORDS("/bin/s", "restart"), 0},
    {{WORDS("/bin/s", "restart", "nginx"), 0}, WORDS("/bin/s", "restart", "nginx", "x"), 0},
    {{WORDS("/bin/s", "restart", "nginx"), 0}, WORDS("/bin/s", "restart nginx"), 0},
    {{WORDS("/bin/s", "restart nginx"), 0}, WORDS("/bin/s", "restart", "nginx"), 0},
    {{WORDS("/bin/s", "*"), 0}, WORDS("/bin/s", "a b"), 1},
    {{WORDS("/bin/s", "*"), 0}, WORDS("/bin/s"), 0}, /* a star is one word */
    {{WORDS("/bin/s", "*"), 0}, WORDS("/bin/s", ""), 1},
    {{WORDS("/bin/s", "*"), 0}, WORDS("/bin/s", "a", "b"), 0},
    {{WORDS("/bin/s", "*"), 0}, WORDS("/bin/s", "--now"), 0},
    {{WORDS("/bin/s", "-n", "*"), 1}, WORDS("/bin/s", "-n", "5", "-f", "/etc/shadow"), 1},
    {{WORDS("/bin/s", "-n", "*"), 1}, WORDS("/bin/s", "-n", "/5", "6"), 0},
    {{WORDS("/bin/s", "-n", "*"), 1}, WORDS("/bin/s", "-n"), 0},
    {{WORDS("/bin/s", ""), 0}, WORDS("/bin/s", ""), 1},
    {{WORDS("/bin/s", ""), 0}, WORDS("/bin/s", "x"), 0},
    {{{NULL, 0}, 0}, WORDS("/bin/s"), 0},
    {{{NULL, 0}, 1}, WORDS("/bin/s"), 0},
    {{{NULL, 0}, 1}, {NULL, 0}, 0},
    {{WORDS("/bin/s"), 1}, {NULL, 0}, 0},
};

START_TEST(command_table)
{
    ck_assert_int_eq(command_matches(&commands[_i].command, commands[_i].argv.items, commands[_i].argv.count),
                     commands[_i].matches);
}
END_TEST

/* --- addresses --- */

static const struct {
    const char *pattern, *address;
    int matches;
} addresses[] = {
    {"10.0.0.0/8", "10.255.255.255", 1},
    {"10.0.0.0/8", "11.0.0.0", 0},
    {"10.0.0.0/8", "9.255.255.255", 0},
    {"10.1.2.3", "10.1.2.3", 1},
    {"10.1.2.3", "10.1.2.4", 0},
    {"10.1.2.3/32", "10.1.2.3", 1},
    {"10.1.2.2/31", "10.1.2.3", 1},
    {"10.1.2.2/31", "10.1.2.4", 0},
    {"10.1.2.128/25", "10.1.2.127", 0},
    {"10.1.2.128/25", "10.1.2.128", 1},
    {"128.0.0.0/1", "127.255.255.255", 0},
    {"128.0.0.0/1", "128.0.0.0", 1},
    {"0.0.0.0/0", "203.0.113.9", 1},
    {"0.0.0.0/0", "2001:db8::1", 0},
    {"2001:db8::/32", "2001:db8:ffff::1", 1},
    {"2001:db8::/32", "2001:db9::1", 0},
    {"2001:db8::/33", "2001:db8:7fff::1", 1},
    {"2001:db8::/33", "2001:db8:8000::1", 0},
    {"2001:db8::1", "2001:DB8:0:0::1", 1},
    {"2001:db8::1/128", "2001:db8::2", 0},
    {"2001:db8::2/127", "2001:db8::3", 1},
    {"::1", "::1", 1},
    {"::1", "127.0.0.1", 0},
    {"127.0.0.1", "::1", 0},

    /* mapped addresses are v4 */
    {"10.0.0.0/8", "::ffff:10.1.2.3", 1},
    {"10.0.0.0/8", "::ffff:a01:203", 1},
    {"10.0.0.0/8", "::ffff:11.1.2.3", 0},
    {"::ffff:10.0.0.0/104", "10.1.2.3", 1},
    {"::ffff:10.0.0.0/104", "11.1.2.3", 0},
    {"::ffff:0:0/96", "10.1.2.3", 1},
    {"10.0.0.0/8", "::10.1.2.3", 0}, /* "compatible" is something else */
    {"10.0.0.0/8", "64:ff9b::10.1.2.3", 0},

    /* and what speaks of v6 alone does not */
    {"::/0", "2001:db8::1", 1},
    {"::/0", "10.1.2.3", 0},
    {"::/0", "::ffff:10.1.2.3", 0},
    {"::/64", "10.1.2.3", 0},
    {"::/80", "10.1.2.3", 0},
    {"::/64", "::1", 1},

    /* no address */
    {"10.0.0.0/8", "10.0.0.0/8", 0},
    {"10.0.0.0/8", "host.example.org", 0},
    {"10.0.0.0/8", "10.1", 0},
    {"10.0.0.0/8", "10.1.2.3.4", 0},
    {"10.0.0.0/8", "10.1.2.3 ", 0},
    {"10.0.0.0/8", " 10.1.2.3", 0},
    {"10.0.0.0/8", "010.1.2.3", 0},
    {"10.0.0.0/8", "0xa.1.2.3", 0},
    {"10.0.0.0/8", "167838211", 0},
    {"10.0.0.0/8", "", 0},
    {"10.0.0.0/8", "UNKNOWN", 0},
    {"::/0", "fe80::1%eth0", 0},
    {"::/0", "[2001:db8::1]", 0},
    {"::/0", "2001:0db8:0000:0000:0000:0000:0000:0001:0000:0000:0000:0000", 0},
    {"0.0.0.0/0", "10.1.2.33333333333333333333333333333333333333333333333333333333", 0},
    {"host", "10.0.0.1", 0},
    {"", "10.0.0.1", 0},
    {"/0", "10.0.0.1", 0},
};

START_TEST(address_table)
{
    ck_assert_msg(address_matches(addresses[_i].pattern, addresses[_i].address) == addresses[_i].matches,
                  "%s and %s: not %d", addresses[_i].pattern, addresses[_i].address, addresses[_i].matches);
}
END_TEST

static const struct {
    const char *text;
    int valid, valid_pattern;
} forms[] = {
    {"10.1.2.3", 1, 1},
    {"10.1.2.3/32", 0, 1},
    {"10.1.2.3/8", 0, 0}, /* host bits */
    {"10.0.0.0/8", 0, 1},
    {"10.128.0.0/9", 0, 1},
    {"10.128.0.0/8", 0, 0},
    {"0.0.0.0/0", 0, 1},
    {"0.0.0.1/0", 0, 0},
    {"10.0.0.0/33", 0, 0},
    {"10.0.0.0/08", 0, 0},
    {"10.0.0.0/+8", 0, 0},
    {"10.0.0.0/-1", 0, 0},
    {"10.0.0.0/", 0, 0},
    {"10.0.0.0/8/8", 0, 0},
    {"10.0.0.0/255.0.0.0", 0, 0},
    {"10.0.0.0/ 8", 0, 0},
    {"10.0.0.0/18446744073709551624", 0, 0},
    {"::", 1, 1},
    {"::/0", 0, 1},
    {"::1/0", 0, 0},
    {"2001:db8::/32", 0, 1},
    {"2001:db8::/31", 0, 1},
    {"2001:db8::/28", 0, 0},
    {"2001:db8::/129", 0, 0},
    {"::ffff:10.0.0.0/104", 0, 1},
    {"::ffff:10.0.0.1/104", 0, 0},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 1, 1},
    {"localhost", 0, 0},
    {"", 0, 0},
    {"/", 0, 0},
    {"*", 0, 0},
};

START_TEST(address_forms)
{
    ck_assert_int_eq(address_valid(forms[_i].text), forms[_i].valid);
    ck_assert_int_eq(address_pattern_valid(forms[_i].text), forms[_i].valid_pattern);
}
END_TEST

/* Every prefix length, against the bits themselves. */
START_TEST(address_prefixes)
{
    for (unsigned bits = 0; bits <= 32; bits++) {
        char pattern[32], address[32];
        unsigned flipped = bits ? 0xc0a80a5aU ^ (1U << (32 - bits)) : 0; /* the last bit that counts */

        snprintf(pattern, sizeof pattern, "192.168.10.90/%u", bits);
        ck_assert_int_eq(address_matches(pattern, "192.168.10.90"), 1);
        snprintf(address, sizeof address, "%u.%u.%u.%u", flipped >> 24, flipped >> 16 & 255, flipped >> 8 & 255,
                 flipped & 255);
        ck_assert_int_eq(address_matches(pattern, address), bits == 0);
        flipped = bits < 32 ? 0xc0a80a5aU ^ (1U << (31 - bits)) : 0xc0a80a5aU; /* the first that does not */
        snprintf(address, sizeof address, "%u.%u.%u.%u", flipped >> 24, flipped >> 16 & 255, flipped >> 8 & 255,
                 flipped & 255);
        ck_assert_int_eq(address_matches(pattern, address), 1);
    }
}
END_TEST

static Suite *match_suite(void)
{
    Suite *suite = suite_create("match");
    TCase *word = tcase_create("words"), *address = tcase_create("addresses");

    tcase_set_timeout(word, 60);
    tcase_add_loop_test(word, word_table, 0, sizeof words / sizeof *words);
    tcase_add_test(word, word_as_defined);
    tcase_add_test(word, word_takes_no_exponential_time);
    tcase_add_loop_test(word, command_table, 0, sizeof commands / sizeof *commands);
    suite_add_tcase(suite, word);
    tcase_add_loop_test(address, address_table, 0, sizeof addresses / sizeof *addresses);
    tcase_add_loop_test(address, address_forms, 0, sizeof forms / sizeof *forms);
    tcase_add_test(address, address_prefixes);
    suite_add_tcase(suite, address);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(match_suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
