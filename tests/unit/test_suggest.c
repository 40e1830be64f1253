/* policy suggest: what was observed becomes policies that allow it and nothing else, whatever the records hold. Runs as root. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentctl/policy_choice.h"
#include "agentctl/decisions.h"
#include "agentctl/policy_test.h"
#include "agentctl/suggest.h"
#include "core/text.h"
#include "judge/record.h"

#define NOW 1795881600 /* 2026-11-28T16:00:00Z */
#define ID "spiffe://e.org/agent/a"

static char dir[64];
static FILE *record_log;
static int64_t clock_seconds;

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *to = fopen(path_of(name), "w");

    ck_assert_ptr_nonnull(to);
    ck_assert_int_ge(fputs(text, to), 0);
    ck_assert_int_eq(fclose(to), 0);
}

static const char config_text[] =
    "host { id = \"spiffe://e.org/host/a\" }\n"
    "issuer one { kind = aat\n iss = \"https://one\" keys = k trust-domains = { \"e.org\" } }\n"
    "identity agent-a { id = \"" ID "\" slots = 2 }\n"
    "identity agent-b { id = \"spiffe://e.org/agent/b\" }\n"
    "identity agent-all { id = \"spiffe://e.org/all/*\" }\n"
    "identity agent-m { id = \"spiffe://e.org/all/m\" }\n"
    "policy care {\n"
    " identities = { \"spiffe://e.org/agent/b\" }\n"
    " login { from = { \"10.0.0.0/8\" } }\n"
    " sudo { commands = { \"/bin/date\" } window = \"03:00-04:00 UTC\" }\n"
    " sudo { commands = { \"/bin/who\" } from = { \"10.0.0.1\" } }\n"
    " deny-sudo { commands = { \"/bin/sync\" } }\n"
    "}\n";

static void setup(void)
{
    umask(022);
    strcpy(dir, "/tmp/test_suggest.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(chmod(dir, 0755), 0);
    ck_assert_int_eq(mkdir(path_of("conf.d"), 0755), 0);
    put("agent.conf", config_text);
    record_log = fopen(path_of("log"), "w");
    ck_assert_ptr_nonnull(record_log);
    clock_seconds = NOW;
}

static void teardown(void)
{
    char command[96];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

/* --- records --- */

/* A minute after the one before. */
static void note(const struct record *record)
{
    char line[RECORD_MAX];
    size_t len;

    ck_assert_int_eq(record_format(record, "0123abcd", clock_seconds * 1000, line, sizeof line, &len), 0);
    ck_assert_uint_eq(fwrite(line, 1, len, record_log), len);
    clock_seconds += 60;
}

static struct record record_of(enum reason reason, const char *step)
{
    return (struct record){.reason = reason,
                           .step = step,
                           .service = strcmp(step, "command") == 0 ? "sudo" : "sshd",
                           .source = "10.0.0.7",
                           .account = "agent-a",
                           .identity = ID,
                           .issuer = "one",
                           .purpose = "fix",
                           .observed = 1};
}

static void login(const char *source)
{
    static const char *const steps[] = {"login", "account", "setcred", "open"};

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct record record = record_of(REASON_NO_RULE, steps[i]);

        record.source = source;
        note(&record);
    }
}

#define COMMAND(run_as, ...) command(run_as, (const char *const[]){__VA_ARGS__, NULL})

static struct record command_of(const char *run_as, const char *const *argv)
{
    struct record record = record_of(REASON_NO_RULE, "command");

    record.run_as = run_as;
    record.argv = argv;
    while (argv[record.argc])
        record.argc++;
    return record;
}

static void command(const char *run_as, const char *const *argv)
{
    const struct record record = command_of(run_as, argv);

    note(&record);
}

/* --- what is suggested --- */

static struct observations seen;
static struct apply host;
static struct suggested suggested;
static char *text; /* as it is printed */

static const char *identity_of(const char *account, void *arg)
{
    ck_assert_ptr_null(arg);
    return strcmp(account, "agent-b") == 0 ? "spiffe://e.org/agent/b" : NULL;
}

/* In force is what is configured. */
static int policies_of(const char *account, struct policy_set *ret)
{
    struct policy_choices choices;
    int r = 0;

    policy_choices_make(host.config, &choices);
    for (size_t i = 0; i < host.config->identity_count; i++)
        if (strcmp(host.config->identities[i].account, account) == 0)
            r = policy_choice_read(&choices, i, ret);
    policy_choices_clear(&choices);
    return r;
}

static void clear(void)
{
    observations_clear(&seen);
    config_free(host.config);
    arena_clear(&host.arena);
    host = (struct apply){.dir = -1};
    free(text);
    text = NULL;
}

static void read_config(void)
{
    int r = config_read(dir, &host.config, &host.problems);

    if (r < 0)
        problems_print(&host.problems, stderr);
    ck_assert_msg(r == 0, "%s", text ? text : "");
}

/* The suggestions for the log, of this account or all. */
static void suggest_of(const char *account)
{
    const struct suggest_host here = {.apply = &host, .policies_of = policies_of};
    struct decisions_reading reading = {.needle = OBSERVED_NEEDLE, .take = observed_take, .arg = &seen};
    size_t len;
    FILE *to;

    clear();
    read_config();
    seen = (struct observations){.since = NOW, .account = account, .identity_of = identity_of};
    ck_assert_int_eq(fflush(record_log), 0);
    ck_assert_int_eq(decisions_read_file(&reading, path_of("log")), 0);
    seen.bad += reading.bad;
    suggest(&seen, &here, &host.arena, &suggested);
    to = open_memstream(&text, &len);
    suggested_print(&suggested, &seen, &host.config->escapes, to);
    ck_assert_int_eq(fclose(to), 0);
    ck_assert_uint_eq(strlen(text), len);
}

/* They are in force from now on. */
static void accept(void)
{
    put("conf.d/suggested.conf", text);
    config_free(host.config);
    read_config();
}

static void assert_says(const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text);
}

static void assert_says_not(const char *part)
{
    ck_assert_msg(strstr(text, part) == NULL, "\"%s\" in:\n%s", part, text);
}

/* Do the cases hold of what is accepted? */
static void assert_decides(const char *cases_text)
{
    struct cases cases = {.count = 0};
    struct policy_test test;

    put("cases", cases_text);
    ck_assert_int_eq(cases_read(path_of("cases"), NOW, &cases, &host.problems), 0);
    ck_assert_int_eq(policy_test_run(host.config, &cases, &host.problems, &test), 0);
    for (size_t i = 0; i < cases.count; i++)
        ck_assert_msg(test.results[i].got == cases.items[i].expected, "case %s: %s", cases.items[i].name,
                      reason_word(test.results[i].got));
    policy_test_clear(&test);
    cases_clear(&cases);
}

/* --- the file --- */

START_TEST(it_is_a_file_with_comments)
{
    login("10.0.0.7");
    COMMAND("root", "/bin/ls", "/srv");
    COMMAND("www-data", "/bin/ls");
    COMMAND("root", "/bin/df");
    COMMAND("root", "/bin/ls", "/srv");
    suggest_of(NULL);
    ck_assert_str_eq(text,
                     "# From `agentctl policy suggest`: what was refused and observed from\n"
                     "# 2026-11-28 16:00 UTC to 2026-11-28 16:07 UTC. Read every rule before it is in force, and keep "
                     "what is meant.\n"
                     "# Commands that start others need may-exec = true, those that start a daemon leaves = "
                     "\"service\".\n"
                     "\n"
                     "policy \"suggested-agent-a\" {\n"
                     "    identities = { \"" ID "\" }\n"
                     "    issuers    = { \"one\" }\n"
                     "    purposes   = { \"fix\" }\n"
                     "    login {\n"
                     "        services = { \"sshd\" }\n"
                     "        from     = {\n"
                     "            # used once, 2026-11-28 16:03 UTC\n"
                     "            \"10.0.0.7\"\n"
                     "        }\n"
                     "    }\n"
                     "    sudo {\n"
                     "        run-as   = \"root\"\n"
                     "        commands = {\n"
                     "            # used once, 2026-11-28 16:06 UTC\n"
                     "            \"/bin/df\",\n"
                     "            # used 2 times, last 2026-11-28 16:07 UTC\n"
                     "            \"/bin/ls /srv\"\n"
                     "        }\n"
                     "    }\n"
                     "    sudo {\n"
                     "        run-as   = \"www-data\"\n"
                     "        commands = {\n"
                     "            # used once, 2026-11-28 16:05 UTC\n"
                     "            \"/bin/ls\"\n"
                     "        }\n"
                     "    }\n"
                     "}\n");
    clear();
}
END_TEST

START_TEST(it_allows_what_was_and_nothing_else)
{
    login("10.0.0.7");
    login("2001:db8::7");
    COMMAND("root", "/bin/ls", "/srv");
    COMMAND("www-data", "/bin/ls");
    COMMAND("root:adm", "/bin/df");
    suggest_of(NULL);
    accept();
    assert_decides(
        "case a { account = agent-a step = login purpose = fix from = \"10.0.0.7\" expect = permit }\n"
        "case b { account = agent-a-2 step = login purpose = fix from = \"2001:db8::7\" expect = permit }\n"
        "case c { account = agent-a step = login purpose = fix from = \"10.0.0.8\" expect = \"deny:no_rule\" }\n"
        "case d { account = agent-a step = login purpose = other from = \"10.0.0.7\" expect = "
        "\"deny:no_policy\" }\n"
        "case e { account = agent-a step = command purpose = fix command = \"/bin/ls /srv\" expect = permit }\n"
        "case f { account = agent-a step = command purpose = fix command = \"/bin/ls\" expect = "
        "\"deny:no_rule\" }\n"
        "case g { account = agent-a step = command purpose = fix command = \"/bin/ls\" run-as = www-data "
        "expect = permit }\n"
        "case i { account = agent-a step = command purpose = fix command = \"/bin/df\" run-as = \"root:adm\" "
        "expect = permit }\n"
        "case j { account = agent-a step = command purpose = fix command = \"/bin/df\" expect = "
        "\"deny:no_rule\" }\n"
        "case k { account = agent-a step = command purpose = fix command = \"/bin/df\" run-as = \"root:staff\" "
        "expect = \"deny:no_rule\" }\n"
        "case h { account = agent-b step = command command = \"/bin/ls /srv\" expect = \"deny:no_rule\" }\n");
    suggest_of(NULL);
    assert_says("nothing to add");
    ck_assert_uint_eq(suggested.count, 0);
    clear();
}
END_TEST

START_TEST(what_was_not_refused_is_not_in_it)
{
    struct record record = record_of(REASON_NO_RULE, "open");

    record.observed = 0;
    note(&record);
    record = record_of(REASON_PERMIT, "open");
    note(&record);
    suggest_of(NULL);
    assert_says("nothing to add. No refusal was observed");
    clear();
}
END_TEST

/* --- of when and whom --- */

START_TEST(of_the_time_and_account_that_was_asked)
{
    struct record record;

    clock_seconds = NOW - 60;
    COMMAND("root", "/bin/before");
    COMMAND("root", "/bin/at");
    record = record_of(REASON_NO_RULE, "open");
    record.account = "agent-b";
    record.identity = "spiffe://e.org/agent/b";
    record.source = "192.0.2.1";
    note(&record);
    suggest_of("agent-a");
    assert_says("\"/bin/at\"");
    assert_says_not("/bin/before");
    assert_says_not("192.0.2.1");
    suggest_of(NULL);
    assert_says("\"192.0.2.1\"");
    assert_says("policy \"suggested-agent-b\"");
    clear();
}
END_TEST

START_TEST(purposes_with_the_same_needs_are_of_one_policy)
{
    static const char *const purposes[] = {"a", "c", "b"};

    for (size_t i = 0; i < COUNT_OF(purposes); i++) {
        struct record record = command_of("root", (const char *const[]){"/bin/ls", NULL});

        record.purpose = purposes[i];
        note(&record);
        note(&record);
        record.argv = (const char *const[]){"/bin/df", NULL};
        if (i == 2)
            note(&record);
    }
    suggest_of(NULL);
    ck_assert_uint_eq(suggested.count, 2);
    assert_says("purposes   = { \"a\", \"c\" }");
    assert_says("# used 4 times, last 2026-11-28 16:03 UTC\n            \"/bin/ls\"\n");
    assert_says("purposes   = { \"b\" }");
    assert_says("policy \"suggested-agent-a\"");
    assert_says("policy \"suggested-agent-a.2\"");
    accept();
    COMMAND("root", "/bin/id");
    suggest_of(NULL);
    assert_says("policy \"suggested-agent-a.3\"");
    assert_says_not("\"/bin/ls\"");
    accept(); /* in place of the others: names are free again */
    clear();
}
END_TEST

START_TEST(principals_have_policies_of_their_own)
{
    static const char *const principals[] = {"alice", NULL, "bob", "al*"};

    for (size_t i = 0; i < COUNT_OF(principals); i++) {
        struct record record = command_of("root", (const char *const[]){"/bin/ls", NULL});

        record.principal = principals[i];
        if (principals[i])
            note(&record);
    }
    suggest_of(NULL);
    ck_assert_uint_eq(suggested.count, 3);
    assert_says("principals = { \"alice\" }");
    assert_says("principals = { \"bob\" }");
    assert_says(
        "on behalf of al*, for fix there is nothing to write: 0 logins and 1 command; its principal has wildcards");
    accept();
    assert_decides("case a { account = agent-a step = command purpose = fix principal = alice command = \"/bin/ls\" "
                   "expect = permit }\n"
                   "case b { account = agent-a step = command purpose = fix principal = carol command = \"/bin/ls\" "
                   "expect = \"deny:no_policy\" }\n"
                   "case c { account = agent-a step = command purpose = fix command = \"/bin/ls\" expect = "
                   "\"deny:no_policy\" }\n");
    suggest_of(NULL);
    assert_says_not("\"/bin/ls\"");
    clear();
}
END_TEST

START_TEST(without_a_credential)
{
    static const char *const steps[] = {"account", "setcred", "open"};
    struct record record;

    for (size_t i = 0; i < 3 * COUNT_OF(steps); i++) {
        record = record_of(REASON_PENDING_MISSING, steps[i % 3]);
        record.issuer = record.purpose = NULL;
        note(&record);
    }
    record = command_of("root", (const char *const[]){"/bin/ls", NULL});
    record.reason = REASON_SESSION_NOT_FOUND;
    record.account = "agent-b";
    record.identity = record.issuer = record.purpose = NULL;
    note(&record);
    record.account = "nobody\n}";
    note(&record);
    for (size_t i = 0; i < 2; i++) { /* who only knocks is nobody */
        record = record_of(i ? REASON_CREDENTIAL_MISSING : REASON_NOT_AN_AGENT_LOGIN, steps[0]);
        record.source = "192.0.2.66";
        note(&record);
    }
    suggest_of(NULL);
    assert_says_not("192.0.2.66");
    assert_says("identities = { \"" ID "\" }\n    # No purpose was told, so this is for all of them.");
    assert_says("# used 3 times");
    assert_says("identities = { \"spiffe://e.org/agent/b\" }\n    # No purpose");
    assert_says_not("issuers");
    assert_says(
        "# Of nobody\\x0A} there is nothing to write: 0 logins and 1 command; no identity is configured for it");
    assert_says("# No rule would have permitted these as they were:\n"
                "#   1 login: not_an_agent_login, this service does not open agent accounts\n"
                "#   2 commands: session_not_found, the calling process belongs to no live agent session\n"
                "#   1 login: credential_missing, no credential was presented\n"
                "#   3 logins: pending_missing, this login was not authenticated with a credential\n");
    accept();
    suggest_of(NULL);
    ck_assert_uint_eq(suggested.count, 1);
    clear();
}
END_TEST

/* --- what is left out --- */

static const struct {
    enum reason reason;
    const char *step, *says;
} not_mended[] = {
    {REASON_EXPIRED, "open", "#   1 login: expired, the credential has expired\n"},
    {REASON_REPLAYED, "login", "#   1 login: replayed, "},
    {REASON_REVOKED, "command", "#   1 command: revoked, "},
    {REASON_DENIED_BY_RULE, "command", "#   1 command: denied_by_rule, "},
    {REASON_SCOPE_EXCEEDED, "sudo", "#   1 command: scope_exceeded, "},
    {REASON_BUDGET_EXHAUSTED, "command", "#   1 command: budget_exhausted, "},
};

START_TEST(what_no_policy_mends_is_counted)
{
    struct record record = command_of("root", (const char *const[]){"/bin/ls", NULL});

    record.reason = not_mended[_i].reason;
    record.step = not_mended[_i].step;
    note(&record);
    suggest_of(NULL);
    ck_assert_uint_eq(suggested.count, 0);
    assert_says("# No rule would have permitted these as they were:\n");
    assert_says(not_mended[_i].says);
    clear();
}
END_TEST

static const struct {
    const char *account, *identity, *source, *issuer;
    const char *argv[4];
    const char *says;
} left_out[] = {
    {"agent-a", ID, "10.0.0.7", "one", {"/usr/bin/vim", "/etc/hosts"}, "can run or write what its caller likes"},
    {"agent-a", ID, "10.0.0.7", "one", {"/bin/cat", "/tmp/x"}, "agents may write to /tmp"},
    {"agent-a", ID, "10.0.0.7", "one", {"/bin/ls", "a b"}, "no rule says exactly this: a blank in a word"},
    {"agent-a", ID, "10.0.0.7", "one", {"/bin/ls", ""}, "no rule says exactly this: an empty word"},
    {"agent-a", ID, "10.0.0.7", "one", {"/bin/ls", "*"}, "sudo as root: /bin/ls *\n"},
    {"agent-a", ID, "10.0.0.7", "one", {"/bin/ls", "..."}, "no rule says exactly this: the word \"...\""},
    {"agent-a",
     ID,
     "10.0.0.7",
     "one",
     {"/bin/ls", "a?"},
     "no rule says exactly this: a wildcard that is meant as itself"},
    {"agent-a", ID, "10.0.0.7", "one", {"/bin/ls", "${HOME}"}, "/bin/ls \\x24{HOME}"},
    {"agent-a", ID, "10.0.0.7", "one", {"/bin/ls", "\342\200\256x"}, "\\xE2\\x80\\xAEx"},
    {"agent-a", ID, "10.0.0.7", "one", {"/bin/l s"}, "a rule cannot name such a program"},
    {"agent-a", ID, "10.0.0.7", "one", {"ls"}, "a rule cannot name such a program"},
    {"agent-a", ID, "10.0.0.7", "two", {"/bin/ls"}, "its issuer is not configured any more"},
    {"agent-c", "spiffe://e.org/agent/c", "10.0.0.7", "one", {"/bin/ls"}, "no identity is configured for it"},
    {"agent-c", "agent c", "10.0.0.7", "one", {"/bin/ls"}, "no identity is configured for it"},
    {"agent-b", "spiffe://e.org/agent/b", "10.0.0.7", "one", {"/bin/date"}, "allows it, but for its `window`"},
    {"agent-b", "spiffe://e.org/agent/b", "10.0.0.7", "one", {"/bin/who"}, "allows it, but for its `from`"},
    {"agent-b", "spiffe://e.org/agent/b", "10.0.0.7", "one", {"/bin/sync"}, "refuse it: denied_by_rule, at "},
};

START_TEST(what_cannot_be_said_or_should_not)
{
    struct record record = command_of("root", left_out[_i].argv);

    record.account = left_out[_i].account;
    record.identity = left_out[_i].identity;
    record.issuer = left_out[_i].issuer;
    record.source = left_out[_i].source;
    note(&record);
    suggest_of(NULL);
    ck_assert_uint_eq(suggested.count, 1);
    ck_assert_uint_eq(suggested.policies[0].written, 0);
    assert_says(left_out[_i].says);
    assert_says_not("\npolicy");
    accept();
    ck_assert_uint_eq(host.config->policy_count, 1);
    clear();
}
END_TEST

START_TEST(a_login_that_cannot_be_said)
{
    struct record record = record_of(REASON_NO_RULE, "open");

    record.source = NULL;
    record.service = "login";
    note(&record);
    record.source = "host.example.org";
    note(&record);
    record.source = "10.0.0.1";
    record.service = "../sshd";
    note(&record);
    suggest_of(NULL);
    ck_assert_uint_eq(suggested.policies[0].count, 3);
    ck_assert_uint_eq(suggested.policies[0].written, 0);
    assert_says("# left out: login by login\n#   used once, 2026-11-28 16:00 UTC; its source is not known");
    clear();
}
END_TEST

START_TEST(a_run_as_that_cannot_be_said)
{
    static const char *const names[] = {
        "ALL",          "agent-b",  "#0",    "%wheel", "",          "a\" any-command = true x = \"",
        "root:agent-b", "root:#12", "root:", ":adm",   "root:adm x"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        COMMAND(names[i], "/bin/ls");
    suggest_of(NULL);
    ck_assert_uint_eq(suggested.policies[0].count, COUNT_OF(names));
    ck_assert_uint_eq(suggested.policies[0].written, 0);
    clear();
}
END_TEST

/* --- hostile records --- */

static const char *const hostile[] = {
    "\" } any-command = true #",
    "\"\n}\npolicy evil { identities = { \"spiffe://e.org/agent/*\" } sudo { any-command = true } }\n#",
    "\r\npolicy evil { }",
    "\\",
    "\\\"",
    "*/ policy evil { } /*",
    "${PATH}",
    "$",
    "$${x",
    "a\tb",
    "\033]0;title\007",
    "\302\205policy evil { }",
    "\342\200\250policy evil { }",
    "\342\200\256",
    "\377\376",
    "%s%n%s%n",
    "x\177",
    "#",
    "//",
    "",
};

/* What stands in each place of a record; a good one beside it stays as it is. */
START_TEST(nothing_breaks_out)
{
    const char *evil = hostile[_i];
    struct record record, sound = command_of("root", (const char *const[]){"/bin/ls", NULL});
    const char **places[] = {&record.account,   &record.identity, &record.issuer, &record.purpose,
                             &record.principal, &record.service,  &record.source, &record.run_as};
    size_t commands = 0;

    note(&sound);
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        record = i < 6 ? sound : record_of(REASON_NO_RULE, "open");
        *places[i] = evil;
        note(&record);
        record = record_of(REASON_NO_RULE, "open");
        *places[i] = evil;
        note(&record);
    }
    COMMAND("root", "/bin/ls", evil);
    COMMAND("root", evil);
    COMMAND(evil, "/bin/ls", "x");
    suggest_of(NULL);
    for (const char *at = text; *at; at++)
        ck_assert_msg(*at == '\n' || (*at >= ' ' && *at < 0x7f), "byte %02x in:\n%s", (unsigned char)*at, text);
    accept();
    for (size_t i = 0; i < host.config->policy_count; i++) {
        const struct policy *policy = &host.config->policies[i];

        ck_assert(strcmp(policy->name, "care") == 0 || text_starts_with(policy->name, "suggested-agent-a"));
        for (size_t j = 0; j < policy->rule_count; j++) {
            ck_assert_int_eq(policy->rules[j].any_command, 0);
            ck_assert_int_eq(policy->rules[j].escapes_accepted, 0);
            if (strcmp(policy->name, "care") != 0)
                commands += policy->rules[j].command_count;
        }
    }
    ck_assert_msg(commands >= 1 && commands <= 4, "%zu", commands); /* "#" and "//" are words and principals like others */
    suggest_of(NULL);
    for (size_t i = 0; i < suggested.count; i++)
        ck_assert_msg(suggested.policies[i].written == 0, "%s", text);
    clear();
}
END_TEST

/* Every byte that a word may have means itself alone in the file, and in what is compiled of it. */
START_TEST(odd_words_mean_themselves)
{
    char word[2] = "";
    size_t count = 0;

    for (int byte = 0x21; byte < 0x7f; byte++) {
        if (strchr("*?\"\\", byte))
            continue;
        word[0] = (char)byte;
        COMMAND("root", "/bin/ls", word);
        count++;
    }
    suggest_of(NULL);
    ck_assert_uint_eq(suggested.policies[0].written, count);
    accept();
    suggest_of(NULL);
    assert_says("nothing to add");
    clear();
}
END_TEST

static void write_raw(const char *line)
{
    ck_assert_int_ge(fputs(line, record_log), 0);
}

START_TEST(lines_that_are_no_records)
{
    static const char *const lines[] = {
        "\n",
        "{\n",
        "{\"time\":1795881600000,\"unmapped\":{\"step\":\"com\n",
        "{\"unmapped\":{\"observed\":true}\n",
        "{\"a\":1,\"a\":2,\"observed\":true}\n",
        "{\"time\":1795881600000,\"status_code\":\"no_rul\",\"unmapped\":{\"step\":\"open\",\"observed\":true}}\n",
        "{\"time\":1795881600000,\"status_code\":\"no_rule\",\"unmapped\":{\"step\":\"opn\",\"observed\":true}}\n",
        "{\"time\":1795881600000,\"status_code\":\"no_rule\",\"unmapped\":{\"observed\":true}}\n",
        "{\"time\":1795881600000,\"status_code\":\"no_rule\",\"unmapped\":{\"step\":\"command\",\"observed\":true}}\n",
        "{\"time\":1795881600000,\"status_code\":\"no_rule\",\"unmapped\":{\"step\":\"command\",\"command\":[\"/bin/"
        "ls\",1],"
        "\"observed\":true}}\n",
        "[\"observed\":true]\n",
    };

    for (size_t i = 0; i < COUNT_OF(lines); i++)
        write_raw(lines[i]);
    for (size_t i = 0; i < 3 * RECORD_MAX; i++)
        write_raw("{");
    write_raw(
        "\n{\"time\":1795881600000,\"status_code\":\"no_rule\",\"unmapped\":{\"step\":\"command\",\"command\":[\"\"");
    for (size_t i = 0; i < 5000; i++) /* more words than a record has room for */
        write_raw(",\"\"");
    write_raw("],\"observed\":true}}\n");
    COMMAND("root", "/bin/ls");
    write_raw("{\"observed\":true"); /* no line end */
    suggest_of(NULL);
    ck_assert_uint_eq(seen.bad, COUNT_OF(lines) + 3);
    assert_says("# Passed over: 14 lines of the log that are no records.\n");
    assert_says("\"/bin/ls\"");
    /* what only looks like one that was observed */
    ck_assert_uint_eq(seen.count, 1);
    clear();
}
END_TEST

START_TEST(a_command_that_was_cut)
{
    static char word[600];
    const char *argv[10] = {"/bin/ls"};
    struct record record;

    memset(word, 'x', sizeof word - 1);
    for (size_t i = 1; i < 9; i++)
        argv[i] = word;
    record = command_of("root", argv);
    note(&record);
    suggest_of(NULL);
    ck_assert_uint_eq(suggested.policies[0].written, 0);
    assert_says(
        " ...\n#   used once, 2026-11-28 16:00 UTC; not all of it was recorded: it was too long, or holds a secret");
    argv[7] = NULL; /* what was shown of it */
    command("root", argv);
    suggest_of(NULL);
    ck_assert_uint_eq(suggested.policies[0].count, 2);
    ck_assert_uint_eq(suggested.policies[0].written, 1);
    clear();
}
END_TEST

START_TEST(a_command_of_many_words)
{
    const char *argv[67] = {"/bin/ls"};

    for (size_t i = 1; i < 65; i++)
        argv[i] = "x";
    command("root", argv);
    argv[64] = NULL; /* 64 of them */
    command("root", argv);
    suggest_of(NULL);
    ck_assert_uint_eq(suggested.policies[0].count, 2);
    ck_assert_uint_eq(suggested.policies[0].written, 1);
    assert_says("a rule has at most 64 words");
    accept();
    clear();
}
END_TEST

START_TEST(sudo_by_its_own_arguments)
{
    struct record record = command_of("root", (const char *const[]){"/bin/ls", NULL});

    record.step = "sudo";
    note(&record);
    suggest_of(NULL);
    assert_says("            # used once, 2026-11-28 16:00 UTC\n            \"/bin/ls\"\n");
    clear();
}
END_TEST

/* Where sudo asks no approval, nobody knows what would have run. */
START_TEST(sudo_without_its_plugin)
{
    struct record record = record_of(REASON_NO_RULE, "sudo");

    note(&record);
    suggest_of(NULL);
    assert_says("sudo.conf needs the line for sudo_agent.so");
    COMMAND("root", "/bin/ls");
    suggest_of(NULL);
    assert_says_not("sudo_agent.so");
    clear();
}
END_TEST

START_TEST(a_time_beyond_all_calendars)
{
    write_raw("{\"time\":9223372036854775807,\"status_code\":\"no_rule\",\"user\":{\"name\":\"agent-a\"},\"unmapped\":{"
              "\"step\":\"open\",\"service\":\"sshd\",\"source\":\"10.0.0.1\",\"agent\":\"" ID
              "\",\"observed\":true}}\n");
    suggest_of(NULL);
    assert_says("# used once, ");
    accept();
    clear();
}
END_TEST

START_TEST(more_than_are_kept)
{
    char word[16];

    for (int i = 0; i < OBSERVED_MAX + 5; i++) {
        snprintf(word, sizeof word, "%d", (i * 7919) % (OBSERVED_MAX + 5));
        COMMAND("root", "/bin/ls", word);
    }
    COMMAND("root", "/bin/ls", "0");
    suggest_of(NULL);
    ck_assert_uint_eq(seen.count, OBSERVED_MAX);
    ck_assert_uint_eq(seen.dropped, 5);
    ck_assert_uint_eq(suggested.policies[0].written, OBSERVED_MAX);
    assert_says("# There are more than 10000 different ones: 5 records are not in here.");
    assert_says("            # used 2 times, last ");
    accept();
    clear();
}
END_TEST

/* --- proposals --- */

static const struct {
    const char *words[7];
    const char *proposal; /* NULL: none */
} alike[] = {
    {{"/bin/ls", "a", "b", "c", "d", "e", "f"}, "# 6 of these differ in their last word alone: \"/bin/ls *\" would be"},
    {{"/bin/ls", "/srv/a", "/srv/b", "/srv/c", "/srv/d", "/srv/e", "/srv/f"}, "alone: \"/bin/ls /srv/*\" would be"},
    {{"/bin/ls", "/srv/a", "/srv/b", "/srv/c", "/srv/d", "/srv/e", "/opt/f"}, NULL},
    {{"/bin/ls", "a", "b", "c", "d", "e", ".f"}, NULL},
    {{"/bin/ls", "-a", "-b", "-c", "-d", "-e", "-f"}, NULL},
    {{"/bin/ls", "a", "b", "c", "d", "e", "e"}, NULL},
    {{"/usr/bin/systemctl", "a", "b", "c", "d", "e", "g"}, NULL}, /* "*" may be `edit` */
};

START_TEST(commands_that_are_alike)
{
    for (size_t i = 1; i < 7; i++)
        COMMAND("root", alike[_i].words[0], alike[_i].words[i]);
    suggest_of(NULL);
    if (alike[_i].proposal)
        assert_says(alike[_i].proposal);
    else
        assert_says_not("would be");
    accept();
    assert_decides("case a { account = agent-a step = command purpose = fix command = \"/bin/ls z\" expect = "
                   "\"deny:no_rule\" }\n");
    clear();
}
END_TEST

START_TEST(an_agent_of_a_pattern)
{
    struct record record = command_of("root", (const char *const[]){"/bin/ls", NULL});

    record.identity = "spiffe://e.org/all/x";
    note(&record);
    record.identity = "spiffe://e.org/all/*"; /* where nobody told which */
    note(&record);
    suggest_of(NULL);
    assert_says("policy \"suggested-agent-all\" {\n    identities = { \"spiffe://e.org/all/*\" }\n    # Which of them");
    assert_says("policy \"suggested-agent-all.2\" {\n    identities = { \"spiffe://e.org/all/x\" }");
    record.identity = "spiffe://e.org/all/m"; /* which has an account of its own, between those of the pattern */
    note(&record);
    suggest_of(NULL);
    assert_says("policy \"suggested-agent-m\" {\n    identities = { \"spiffe://e.org/all/m\" }");
    accept();
    clear();
}
END_TEST

static Suite *suggest_suite(void)
{
    Suite *suite = suite_create("suggest");
    TCase *tests = tcase_create("suggestions");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, it_is_a_file_with_comments);
    tcase_add_test(tests, it_allows_what_was_and_nothing_else);
    tcase_add_test(tests, what_was_not_refused_is_not_in_it);
    tcase_add_test(tests, of_the_time_and_account_that_was_asked);
    tcase_add_test(tests, purposes_with_the_same_needs_are_of_one_policy);
    tcase_add_test(tests, principals_have_policies_of_their_own);
    tcase_add_test(tests, without_a_credential);
    tcase_add_loop_test(tests, what_no_policy_mends_is_counted, 0, COUNT_OF(not_mended));
    tcase_add_loop_test(tests, what_cannot_be_said_or_should_not, 0, COUNT_OF(left_out));
    tcase_add_test(tests, a_login_that_cannot_be_said);
    tcase_add_test(tests, a_run_as_that_cannot_be_said);
    tcase_add_loop_test(tests, nothing_breaks_out, 0, COUNT_OF(hostile));
    tcase_add_test(tests, odd_words_mean_themselves);
    tcase_add_test(tests, lines_that_are_no_records);
    tcase_add_test(tests, a_command_that_was_cut);
    tcase_add_test(tests, a_command_of_many_words);
    tcase_add_test(tests, sudo_by_its_own_arguments);
    tcase_add_test(tests, sudo_without_its_plugin);
    tcase_add_test(tests, a_time_beyond_all_calendars);
    tcase_add_test(tests, more_than_are_kept);
    tcase_add_loop_test(tests, commands_that_are_alike, 0, COUNT_OF(alike));
    tcase_add_test(tests, an_agent_of_a_pattern);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(suggest_suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
