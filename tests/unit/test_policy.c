/* common/judge/policy: the compiled text. */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fields.h"
#include "judge/policy_store.h"

#define HEAD "pam_agent 1\n"
#define SOME HEAD "policy p\nidentity spiffe://example.org/a\n"

#define ZONED HEAD "zone UTC\noffset 0 0\npolicy p\nidentity spiffe://example.org/a\n"

static const char whole[] = HEAD "zone UTC\n"
                                 "offset 0 0\n"
                                 "zone America/St_Johns\n"
                                 "offset -5 -12600\n"
                                 "offset 1772951400 -9000\n"
                                 "policy defaults\n"
                                 "where built in\n"
                                 "max-lifetime 600\n"
                                 "max-session 1800\n"
                                 "possession channel\n"
                                 "policy nginx-care\n"
                                 "where /etc/pam_agent/agent.conf:12\n"
                                 "identity spiffe://example.org/agent/deploy\n"
                                 "identity spiffe://example.org/agent/web/*\n"
                                 "purpose restart-web\n"
                                 "purpose incident-*\n"
                                 "issuer corp-sts\n"
                                 "issuer ci\n"
                                 "principal *@example.org\n"
                                 "principal spiffe://example.org/user/alice\n"
                                 "max-lifetime 1\n"
                                 "max-session 4294967295\n"
                                 "max-logins 3\n"
                                 "max-sessions 64\n"
                                 "reattest-every 300\n"
                                 "reattest-grace 60\n"
                                 "max-denials 5\n"
                                 "max-steps 40\n"
                                 "steps-per-minute 6\n"
                                 "max-delegation 0\n"
                                 "possession bearer\n"
                                 "max-risk-low high\n"
                                 "max-risk-medium medium\n"
                                 "max-risk-high low\n"
                                 "linger yes\nabstract-sockets apart\nmode observe\n"
                                 "rule allow-login\n"
                                 "rule-where /etc/pam_agent/agent.conf:20\n"
                                 "service sshd\n"
                                 "service cockpit\n"
                                 "from 10.0.0.0/8\n"
                                 "from 2001:db8::/32\n"
                                 "sensitivity medium\n"
                                 "rule deny-login\n"
                                 "from 10.9.0.0/16\n"
                                 "window fri 16:00-mon 06:00 America/St_Johns\n"
                                 "window 12:00-13:00 UTC\n"
                                 "rule allow-sudo\n"
                                 "rule-where /etc/pam_agent/agent.conf:25\n"
                                 "from 192.0.2.1\n"
                                 "run-as root\n"
                                 "run-as www-data\n"
                                 "run-as-group adm\n"
                                 "run-as-group web\n"
                                 "command /usr/bin/systemctl\n"
                                 "word restart\n"
                                 "word nginx\n"
                                 "command /usr/bin/journalctl\n"
                                 "word -u\n"
                                 "word a b%0A%25\n"
                                 "any-arguments 1\n"
                                 "command /usr/bin/id\n"
                                 "rule allow-sudo\n"
                                 "run-as backup\n"
                                 "any-command 1\n"
                                 "sensitivity high\n"
                                 "leaves service\n"
                                 "rule deny-sudo\n"
                                 "policy other\n"
                                 "identity spiffe://example.org/agent/deploy\n"
                                 "possession signed\n"
                                 "linger no\n";

static struct policy_set set;

static int parse(const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1); /* its own block, without a NUL: sanitizers see a byte too far */
    int r;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, len);
    memset(&set, 0, sizeof set);
    r = policy_set_parse(copy, len, &set);
    free(copy); /* it is copied */
    return r;
}

static void assert_words(const struct words *words, const char *joined)
{
    char text[512] = "";

    for (size_t i = 0; i < words->count; i++) {
        strcat(text, i ? "|" : "");
        strcat(text, words->items[i]);
    }
    ck_assert_str_eq(text, joined);
}

START_TEST(policy_read)
{
    const struct policy *policy;
    const struct rule *rule;

    ck_assert_int_eq(parse(whole, sizeof whole - 1), 0);
    ck_assert_uint_eq(set.count, 3);

    policy = &set.policies[0];
    ck_assert_str_eq(policy->name, "defaults");
    ck_assert_str_eq(policy->where, "built in");
    ck_assert_uint_eq(policy->identities.count + policy->purposes.count + policy->rule_count, 0);
    ck_assert_uint_eq(policy->limits.max_lifetime, 600);
    ck_assert_uint_eq(policy->limits.max_session, 1800);
    ck_assert_uint_eq(policy->limits.max_logins, 0);
    ck_assert_int_eq(policy->limits.possession, POSSESSION_CHANNEL);

    policy = &set.policies[1];
    ck_assert_str_eq(policy->name, "nginx-care");
    assert_words(&policy->identities, "spiffe://example.org/agent/deploy|spiffe://example.org/agent/web/*");
    assert_words(&policy->purposes, "restart-web|incident-*");
    assert_words(&policy->issuers, "corp-sts|ci");
    assert_words(&policy->principals, "*@example.org|spiffe://example.org/user/alice");
    ck_assert_uint_eq(policy->limits.max_session, 4294967295U);
    ck_assert_uint_eq(policy->limits.max_logins, 3);
    ck_assert_int_eq(policy->limits.possession, POSSESSION_BEARER);
    ck_assert_uint_eq(policy->limits.max_sessions, 64);
    ck_assert_uint_eq(policy->limits.reattest_every, 300);
    ck_assert_uint_eq(policy->limits.reattest_grace, 60);
    ck_assert_uint_eq(policy->limits.max_denials, 5);
    ck_assert_uint_eq(policy->limits.max_steps, 40);
    ck_assert_uint_eq(policy->limits.steps_per_minute, 6);
    ck_assert_uint_eq(policy->limits.max_chain, 1);
    ck_assert_int_eq(policy->limits.max_risk[LEVEL_LOW], LEVEL_HIGH);
    ck_assert_int_eq(policy->limits.max_risk[LEVEL_MEDIUM], LEVEL_MEDIUM);
    ck_assert_int_eq(policy->limits.max_risk[LEVEL_HIGH], LEVEL_LOW);
    ck_assert_int_eq(policy->limits.linger, LINGER_YES);
    ck_assert_int_eq(policy->limits.sockets, SOCKETS_APART);
    ck_assert_int_eq(policy->limits.mode, MODE_OBSERVE);
    ck_assert_int_eq(set.policies[0].limits.linger, LINGER_UNSET);
    ck_assert_int_eq(set.policies[2].limits.linger, LINGER_NO);
    ck_assert_uint_eq(policy->rule_count, 5);

    rule = &policy->rules[0];
    ck_assert_int_eq(rule->kind, RULE_ALLOW_LOGIN);
    ck_assert_str_eq(rule->where, "/etc/pam_agent/agent.conf:20");
    assert_words(&rule->services, "sshd|cockpit");
    assert_words(&rule->from, "10.0.0.0/8|2001:db8::/32");
    ck_assert_int_eq(rule->sensitivity, LEVEL_MEDIUM);
    ck_assert_int_eq(policy->rules[1].kind, RULE_DENY_LOGIN);
    ck_assert_int_eq(policy->rules[1].sensitivity, LEVEL_UNSET);
    ck_assert_ptr_null(policy->rules[1].where);
    ck_assert_uint_eq(policy->rules[1].window_count, 2);
    ck_assert_ptr_eq(policy->rules[1].windows[0].zone, &set.zones.items[1]);
    ck_assert_ptr_eq(policy->rules[1].windows[1].zone, &set.zones.items[0]);
    ck_assert_uint_eq(set.zones.items[1].offset_count, 2);
    ck_assert_int_eq(set.zones.items[1].offsets[0].from, -5);
    ck_assert_int_eq(set.zones.items[1].offsets[1].east, -9000);
    ck_assert_uint_eq(rule->window_count, 0);

    rule = &policy->rules[2];
    ck_assert_int_eq(rule->kind, RULE_ALLOW_SUDO);
    assert_words(&rule->from, "192.0.2.1");
    assert_words(&rule->run_as, "root|www-data");
    assert_words(&rule->run_as_groups, "adm|web");
    ck_assert_uint_eq(rule->command_count, 3);
    assert_words(&rule->commands[0].words, "/usr/bin/systemctl|restart|nginx");
    assert_words(&rule->commands[1].words, "/usr/bin/journalctl|-u|a b\n%");
    assert_words(&rule->commands[2].words, "/usr/bin/id");
    ck_assert_int_eq(rule->commands[0].any_arguments, 0);
    ck_assert_int_eq(rule->commands[1].any_arguments, 1);
    ck_assert_int_eq(rule->commands[2].any_arguments, 0);
    ck_assert_int_eq(rule->any_command, 0);
    ck_assert_int_eq(rule->leaves_service, 0);
    ck_assert_int_eq(policy->rules[3].any_command, 1);
    ck_assert_int_eq(policy->rules[3].sensitivity, LEVEL_HIGH);
    ck_assert_int_eq(policy->rules[3].leaves_service, 1);
    ck_assert_uint_eq(policy->rules[3].command_count, 0);
    ck_assert_int_eq(policy->rules[4].kind, RULE_DENY_SUDO);
    ck_assert_int_eq(policy->rules[4].any_command, 0);
    ck_assert_int_eq(set.policies[2].limits.possession, POSSESSION_SIGNED);
    policy_set_clear(&set);
    ck_assert_uint_eq(set.count, 0);
    policy_set_clear(&set); /* a cleared set is empty, and may be cleared */
}
END_TEST

/* The text that the writer makes of what the parser read. */
static void written(char *buf, size_t cap)
{
    struct fields_writer w;
    size_t len;

    fields_begin(&w, buf, cap);
    for (size_t i = 0; i < set.zones.count; i++)
        zone_write(&w, &set.zones.items[i]);
    for (size_t i = 0; i < set.count; i++)
        policy_write(&w, &set.policies[i]);
    ck_assert_int_eq(fields_end(&w, &len), 0);
}

START_TEST(policy_comes_back_as_it_was)
{
    char text[2 * sizeof whole];

    ck_assert_int_eq(parse(whole, sizeof whole - 1), 0);
    written(text, sizeof text);
    ck_assert_str_eq(text, whole);
    policy_set_clear(&set);
}
END_TEST

/* Random sets, as large as arrays take some growing. */
static unsigned next_random(unsigned below)
{
    static unsigned long long state = 4711;

    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(state >> 33) % below;
}

static void random_words(struct fields_writer *w, const char *key, const char *prefix, unsigned max)
{
    for (unsigned n = next_random(max + 1); n > 0; n--) {
        char value[64];

        snprintf(value, sizeof value, "%s%x%c", prefix, next_random(1u << 30), (int)(1 + next_random(255)));
        fields_put(w, key, value);
    }
}

static void random_rule(struct fields_writer *w)
{
    static const char *const kinds[] = {"allow-login", "deny-login", "allow-sudo", "deny-sudo"};

    fields_put(w, "rule", kinds[next_random(4)]);
    fields_put(w, "rule-where", "agent.conf:1");
    random_words(w, "service", "s", 6);
    random_words(w, "from", "f", 20);
    for (unsigned n = next_random(12) / 6 * 6; n > 0; n--)
        fields_put(w, "window", "mon-fri 08:00-17:00 Europe/Berlin");
    random_words(w, "run-as", "r", 6);
    random_words(w, "run-as-group", "g", 6);
    for (unsigned n = next_random(12); n > 0; n--) {
        fields_put(w, "command", "/bin/x");
        random_words(w, "word", "w", 9);
        if (next_random(2))
            fields_put(w, "any-arguments", "1");
    }
    if (next_random(3) == 0)
        fields_put(w, "any-command", "1");
}

START_TEST(any_policy_comes_back_as_it_was)
{
    static char text[1 << 20], again[1 << 20];

    for (int i = 0; i < 300; i++) {
        struct fields_writer w;
        size_t len;

        fields_begin(&w, text, sizeof text);
        fields_put(&w, "zone", "Europe/Berlin");
        for (unsigned j = 0; j <= next_random(40); j++) {
            char offset[32];

            snprintf(offset, sizeof offset, "%u %d", j, (int)next_random(7200) - 3600);
            fields_put(&w, "offset", offset);
        }
        for (unsigned policies = next_random(12); policies > 0; policies--) {
            fields_put(&w, "policy", "p");
            fields_put(&w, "where", "agent.conf:1");
            fields_put(&w, "identity", "spiffe://example.org/a");
            random_words(&w, "identity", "i", 5);
            random_words(&w, "purpose", "p", 5);
            random_words(&w, "issuer", "s", 5);
            random_words(&w, "principal", "a", 5);
            if (next_random(2))
                fields_put_u64(&w, "max-session", 1 + next_random(1000));
            for (unsigned rules = next_random(10); rules > 0; rules--)
                random_rule(&w);
        }
        ck_assert_int_eq(fields_end(&w, &len), 0);
        ck_assert_int_eq(parse(text, len), 0);
        written(again, sizeof again);
        ck_assert_str_eq(again, text);
        policy_set_clear(&set);
    }
}
END_TEST

/* --- malformed --- */

static const struct {
    const char *text;
    int r;
} texts[] = {
    {HEAD, 0},
    {HEAD "policy p\n", 0}, /* limits that set none */
    {SOME, 0},
    {SOME "max-session 1\n", 0},
    {SOME "max-session 4294967295\n", 0},
    {SOME "rule allow-login\n", 0},
    {SOME "rule allow-login\nmax-session 5\n", 0}, /* of the policy */
    {SOME "rule deny-sudo\ncommand /bin/sh\nany-command 1\n", 0},

    {"", -EBADMSG},
    {"\n", -EBADMSG},
    {"policy p\n", -EBADMSG},
    {"pam_agent 2\npolicy p\n", -EBADMSG},
    {"pam_agent  1\n", -EBADMSG},
    {"pam_agent 1", -EBADMSG},
    {HEAD "policy p", -EBADMSG},
    {HEAD "policy\n", -EBADMSG},
    {HEAD " policy p\n", -EBADMSG},
    {HEAD "Policy p\n", -EBADMSG},
    {HEAD "\n", -EBADMSG},
    {HEAD "policy p\n\nidentity a\n", -EBADMSG},
    {HEAD "policy p%\n", -EBADMSG},
    {HEAD "policy p%2\n", -EBADMSG},
    {HEAD "policy p%0a\n", -EBADMSG},
    {HEAD "policy p%00\n", -EBADMSG},
    {HEAD "policy p\t\n", -EBADMSG},

    /* out of place */
    {HEAD "identity spiffe://example.org/a\n", -EBADMSG},
    {HEAD "rule allow-login\n", -EBADMSG},
    {HEAD "where x\n", -EBADMSG},
    {HEAD "issuer i\n", -EBADMSG},
    {HEAD "principal a\n", -EBADMSG},
    {HEAD "max-session 1\n", -EBADMSG},
    {SOME "service sshd\n", -EBADMSG},
    {SOME "from 10.0.0.0/8\n", -EBADMSG},
    {SOME "run-as root\n", -EBADMSG},
    {SOME "command /bin/sh\n", -EBADMSG},
    {SOME "any-command 1\n", -EBADMSG},
    {SOME "rule-where x\n", -EBADMSG},
    {SOME "rule allow-sudo\nword x\n", -EBADMSG},
    {SOME "rule allow-sudo\nany-arguments 1\n", -EBADMSG},
    {SOME "rule allow-sudo\ncommand /bin/sh\nrule allow-sudo\nword x\n", -EBADMSG},
    {SOME "rule allow-sudo\ncommand /bin/sh\npolicy q\nword x\n", -EBADMSG},
    {SOME "rule allow-sudo\npolicy q\nrun-as root\n", -EBADMSG},
    /* rules that would be everybody's */
    {HEAD "policy p\nrule allow-sudo\n", -EBADMSG},
    {HEAD "policy p\npurpose x\nrule allow-sudo\n", -EBADMSG},
    {HEAD "policy p\nrule allow-login\npolicy q\nidentity spiffe://example.org/a\n", -EBADMSG},
    {SOME "policy q\nrule allow-login\n", -EBADMSG},

    /* not understood is not skipped */
    {SOME "window fri\n", -EBADMSG},
    {SOME "identities spiffe://example.org/a\n", -EBADMSG},
    {SOME "issuers i\n", -EBADMSG},
    {SOME "principals a\n", -EBADMSG},
    {SOME "rule allow\n", -EBADMSG},
    {SOME "rule \n", -EBADMSG},
    {SOME "rule allow-sudo \n", -EBADMSG},
    {SOME "rule Allow-Sudo\n", -EBADMSG},
    {SOME "rule allow-sudo\nwindow fri\n", -EBADMSG},
    {ZONED "rule allow-sudo\nwindow 12:00-13:00 UTC\n", 0},
    {ZONED "rule allow-sudo\nwindow 12:00-13:00 Zulu\n", -EBADMSG},
    {ZONED "rule allow-sudo\nwindow 12:00-13:00 \n", -EBADMSG},
    {ZONED "rule allow-sudo\nwindow 12:00-13:00\n", -EBADMSG},
    {ZONED "window 12:00-13:00 UTC\n", -EBADMSG},
    {ZONED "zone Zulu\n", -EBADMSG},
    {ZONED "offset 5 5\n", -EBADMSG},
    {HEAD "offset 0 0\n", -EBADMSG},
    {HEAD "zone UTC\n", 0},
    {HEAD "zone UTC\npolicy p\nidentity spiffe://example.org/a\nrule deny-sudo\nwindow 12:00-13:00 UTC\n", -EBADMSG},
    {SOME "rule allow-sudo\nany-command 0\n", -EBADMSG},
    {SOME "rule allow-sudo\nany-command yes\n", -EBADMSG},
    {SOME "rule allow-sudo\ncommand /bin/sh\nany-arguments 0\n", -EBADMSG},
    {SOME "possession strong\n", -EBADMSG},
    {SOME "possession \n", -EBADMSG},
    {SOME "possession Channel\n", -EBADMSG},
    {SOME "max-risk-low high\n", 0},
    {SOME "max-risk-low none\n", -EBADMSG},
    {SOME "max-risk-low \n", -EBADMSG},
    {SOME "max-risk-medium 2\n", -EBADMSG},
    {SOME "max-risk-high High\n", -EBADMSG},
    {SOME "max-risk- high\n", -EBADMSG},
    {SOME "max-risk high\n", -EBADMSG},
    {SOME "linger yes\n", 0},
    {SOME "linger \n", -EBADMSG},
    {SOME "linger true\n", -EBADMSG},
    {SOME "abstract-sockets shared\n", 0},
    {SOME "abstract-sockets \n", -EBADMSG},
    {SOME "abstract-sockets yes\n", -EBADMSG},
    {SOME "mode enforce\n", 0},
    {SOME "mode \n", -EBADMSG},
    {SOME "mode off\n", -EBADMSG},
    {SOME "sensitivity high\n", -EBADMSG}, /* of a rule */
    {SOME "leaves service\n", -EBADMSG},
    {SOME "rule allow-sudo\nsensitivity high\n", 0},
    {SOME "rule allow-sudo\nsensitivity \n", -EBADMSG},
    {SOME "rule allow-sudo\nsensitivity 3\n", -EBADMSG},
    {SOME "rule allow-sudo\nleaves service\n", 0},
    {SOME "rule allow-sudo\nleaves all\n", -EBADMSG},
    {SOME "rule allow-login\nleaves service\n", -EBADMSG},
    {SOME "rule deny-sudo\nleaves service\n", -EBADMSG},

    /* numbers */
    {SOME "max-session 0\n", -EBADMSG},
    {SOME "max-session 4294967296\n", -EBADMSG},
    {SOME "max-session 99999999999999999999\n", -EBADMSG},
    {SOME "max-session -1\n", -EBADMSG},
    {SOME "max-session 1m\n", -EBADMSG},
    {SOME "max-session \n", -EBADMSG},
    {SOME "max-session 01\n", -EBADMSG},
    {SOME "max-lifetime 0\n", -EBADMSG},
    {SOME "max-lifetime x\n", -EBADMSG},
    {SOME "max-logins 0\n", -EBADMSG},
    {SOME "max-logins 1.5\n", -EBADMSG},
    {SOME "max-sessions 0\n", -EBADMSG},
    {SOME "max-sessions x\n", -EBADMSG},
    {SOME "reattest-every 0\n", -EBADMSG},
    {SOME "reattest-every 5m\n", -EBADMSG},
    {SOME "reattest-grace -1\n", -EBADMSG},
    {SOME "max-denials 4294967296\n", -EBADMSG},
    {SOME "max-steps 0\n", -EBADMSG},
    {SOME "steps-per-minute \n", -EBADMSG},
    {SOME "max-delegation 0\n", 0},
    {SOME "max-delegation 4294967294\n", 0},
    {SOME "max-delegation 4294967295\n", -EBADMSG},
    {SOME "max-delegation \n", -EBADMSG},
    {SOME "max-delegation none\n", -EBADMSG},
};

START_TEST(policy_table)
{
    int r = parse(texts[_i].text, strlen(texts[_i].text));

    ck_assert_msg(r == texts[_i].r, "%d, not %d:\n%s", r, texts[_i].r, texts[_i].text);
    if (r < 0)
        ck_assert_ptr_null(set.policies); /* written on success only */
    policy_set_clear(&set);
}
END_TEST

START_TEST(policy_holds_no_nul)
{
    static const char text[] = SOME "\0rule deny-sudo\n";

    ck_assert_int_eq(parse(text, sizeof text - 1), -EBADMSG);
}
END_TEST

START_TEST(policy_cut_anywhere)
{
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        int r = parse(whole, len);

        /* A cut that leaves whole lines is a shorter policy: the database tells the length. */
        ck_assert_int_eq(r, len >= sizeof HEAD - 1 && whole[len - 1] == '\n' ? 0 : -EBADMSG);
        policy_set_clear(&set);
    }
}
END_TEST

START_TEST(policy_with_any_byte_changed)
{
    char text[sizeof whole];

    for (size_t i = 0; i < sizeof whole - 1; i++)
        for (int flip = 1; flip < 256; flip <<= 1) {
            memcpy(text, whole, sizeof whole);
            text[i] = (char)(text[i] ^ flip);
            (void)!parse(text, sizeof text - 1);
            policy_set_clear(&set);
        }
}
END_TEST

START_TEST(policy_is_bounded)
{
    size_t head = strlen(SOME "purpose "), len = POLICY_TEXT_MAX;
    char *text = malloc(len + 1);

    ck_assert_ptr_nonnull(text);
    memset(text, 'a', len + 1);
    memcpy(text, SOME "purpose ", head);
    text[len - 1] = '\n';
    ck_assert_int_eq(parse(text, len), 0);
    policy_set_clear(&set);
    text[len - 1] = 'a';
    text[len] = '\n';
    ck_assert_int_eq(parse(text, len + 1), -EBADMSG);
    free(text);
}
END_TEST

START_TEST(possession_words)
{
    ck_assert_int_eq(possession_parse("channel"), POSSESSION_CHANNEL);
    ck_assert_int_eq(possession_parse("signed"), POSSESSION_SIGNED);
    ck_assert_int_eq(possession_parse("bearer"), POSSESSION_BEARER);
    ck_assert_int_eq(possession_parse(""), POSSESSION_UNSET);
    ck_assert_int_eq(possession_parse("none"), POSSESSION_UNSET);
    for (int p = POSSESSION_CHANNEL; p <= POSSESSION_BEARER; p++)
        ck_assert_int_eq(possession_parse(possession_word((enum possession)p)), p);
    ck_assert_str_eq(possession_word(POSSESSION_UNSET), "");
    ck_assert_str_eq(possession_word((enum possession)99), "");
}
END_TEST

START_TEST(level_words)
{
    ck_assert_int_eq(level_parse("low"), LEVEL_LOW);
    ck_assert_int_eq(level_parse("medium"), LEVEL_MEDIUM);
    ck_assert_int_eq(level_parse("high"), LEVEL_HIGH);
    ck_assert_int_eq(level_parse(""), LEVEL_UNSET);
    ck_assert_int_eq(level_parse("Low"), LEVEL_UNSET);
    for (int level = LEVEL_LOW; level <= LEVEL_HIGH; level++)
        ck_assert_int_eq(level_parse(level_word((enum level)level)), level);
    ck_assert_str_eq(level_word(LEVEL_UNSET), "");
    ck_assert_str_eq(level_word((enum level)99), "");
}
END_TEST

START_TEST(mode_words)
{
    ck_assert_int_eq(mode_parse("enforce"), MODE_ENFORCE);
    ck_assert_int_eq(mode_parse("observe"), MODE_OBSERVE);
    ck_assert_int_eq(mode_parse(""), MODE_UNSET);
    ck_assert_int_eq(mode_parse("Observe"), MODE_UNSET);
    ck_assert_str_eq(mode_word(MODE_OBSERVE), "observe");
    ck_assert_str_eq(mode_word(MODE_UNSET), "");
    ck_assert_str_eq(mode_word(99), "");
    ck_assert_str_eq(mode_word(-1), "");
}
END_TEST

/* --- no memory --- */

static unsigned long allocations_left = ULONG_MAX;

void *__real_malloc(size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
    return allocations_left && allocations_left-- ? __real_malloc(size) : NULL;
}

void *__wrap_realloc(void *p, size_t size)
{
    return allocations_left && allocations_left-- ? __real_realloc(p, size) : NULL;
}

/* Each allocation fails once: that is said, and nothing stays behind. */
START_TEST(policy_without_memory)
{
    unsigned long most = 0;
    int r;

    do {
        allocations_left = most++;
        memset(&set, 0, sizeof set);
        r = policy_set_parse(whole, sizeof whole - 1, &set);
        allocations_left = ULONG_MAX;
        ck_assert_int_eq(r, r < 0 ? -ENOMEM : 0);
        if (r < 0)
            ck_assert_ptr_null(set.policies);
    } while (r < 0);
    ck_assert_uint_gt(most, 20);
    policy_set_clear(&set);
}
END_TEST

/* --- the host --- */

#define ID "host-id spiffe://example.org/host/a\n"

static const struct {
    const char *text;
    int r;
    enum level sensitivity;
    uint32_t keep_home;
    int mode, sudo_by_arguments;
} hosts[] = {
    {HEAD ID "build 0123456789abcdef\nsensitivity high\nkeep-home 60\n", 0, LEVEL_HIGH, 60, MODE_UNSET, 0},
    {HEAD "keep-home 1\nsensitivity low\n" ID, 0, LEVEL_LOW, 1, MODE_UNSET, 0},
    {HEAD ID "build 0\n", 0, LEVEL_UNSET, 604800, MODE_UNSET, 0}, /* of an apply that knew neither */
    {HEAD, -EBADMSG, LEVEL_UNSET, 0, MODE_UNSET, 0},
    {HEAD "sensitivity low\n", -EBADMSG, LEVEL_UNSET, 0, MODE_UNSET, 0},
    {HEAD "host-id x\n", -EBADMSG, LEVEL_UNSET, 0, MODE_UNSET, 0},
    {HEAD ID "sensitivity \n", -EBADMSG, LEVEL_UNSET, 0, MODE_UNSET, 0},
    {HEAD ID "sensitivity highest\n", -EBADMSG, LEVEL_UNSET, 0, MODE_UNSET, 0},
    {HEAD ID "keep-home 7d\n", -EBADMSG, LEVEL_UNSET, 0, MODE_UNSET, 0},
    {HEAD ID "keep-home 4294967296\n", -EBADMSG, LEVEL_UNSET, 0, MODE_UNSET, 0},
    {HEAD ID "build 0123456789abcdef0\n", -EBADMSG, LEVEL_UNSET, 0, MODE_UNSET, 0},
    {HEAD ID "mode observe\n", 0, LEVEL_UNSET, 604800, MODE_OBSERVE, 0},
    {HEAD ID "mode enforce\n", 0, LEVEL_UNSET, 604800, MODE_ENFORCE, 0},
    {HEAD ID "mode \n", -EBADMSG, LEVEL_UNSET, 0, MODE_UNSET, 0},
    {HEAD ID "mode off\n", -EBADMSG, LEVEL_UNSET, 0, MODE_UNSET, 0},
    {HEAD ID "sudo-approval argv\n", 0, LEVEL_UNSET, 604800, MODE_UNSET, 1},
    {HEAD ID "sudo-approval required\n", 0, LEVEL_UNSET, 604800, MODE_UNSET, 0},
    {HEAD ID "sudo-approval none\n", -EBADMSG, LEVEL_UNSET, 0, MODE_UNSET, 0},
    {HEAD ID "secret --password\nsecret -p*\n", 0, LEVEL_UNSET, 604800, MODE_UNSET, 0},
    {HEAD ID "secret *\n", -EBADMSG, LEVEL_UNSET, 0, MODE_UNSET, 0},
    {HEAD ID "secret \n", -EBADMSG, LEVEL_UNSET, 0, MODE_UNSET, 0},
    {HEAD ID "modes observe\n", -EBADMSG, LEVEL_UNSET, 0, MODE_UNSET, 0},
    {ID, -EBADMSG, LEVEL_UNSET, 0, MODE_UNSET, 0},
};

START_TEST(host_table)
{
    struct host_policy host = {.build = "untouched"};
    char text[256];

    strcpy(text, hosts[_i].text);
    ck_assert_int_eq(host_policy_parse(text, strlen(text), &host), hosts[_i].r);
    if (hosts[_i].r < 0) {
        ck_assert_str_eq(host.build, "untouched");
        return;
    }
    ck_assert_str_eq(host.id, "spiffe://example.org/host/a");
    ck_assert_int_eq(host.sensitivity, hosts[_i].sensitivity);
    ck_assert_uint_eq(host.keep_home, hosts[_i].keep_home);
    ck_assert_int_eq(host.mode, hosts[_i].mode);
    ck_assert_int_eq(host.sudo_by_arguments, hosts[_i].sudo_by_arguments);
}
END_TEST

static Suite *policy_suite(void)
{
    Suite *suite = suite_create("policy");
    TCase *good = tcase_create("well-formed"), *bad = tcase_create("malformed");

    tcase_set_timeout(good, 60);
    tcase_add_test(good, policy_read);
    tcase_add_test(good, policy_comes_back_as_it_was);
    tcase_add_test(good, any_policy_comes_back_as_it_was);
    tcase_add_test(good, possession_words);
    tcase_add_test(good, level_words);
    tcase_add_test(good, mode_words);
    tcase_add_loop_test(good, host_table, 0, sizeof hosts / sizeof *hosts);
    suite_add_tcase(suite, good);
    tcase_set_timeout(bad, 60);
    tcase_add_loop_test(bad, policy_table, 0, sizeof texts / sizeof *texts);
    tcase_add_test(bad, policy_holds_no_nul);
    tcase_add_test(bad, policy_cut_anywhere);
    tcase_add_test(bad, policy_with_any_byte_changed);
    tcase_add_test(bad, policy_is_bounded);
    tcase_add_test(bad, policy_without_memory);
    suite_add_tcase(suite, bad);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(policy_suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
