/* From agent.conf to the decision: what must hold whatever the policies are, on random ones spread over files. Runs as root. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentctl/policy_choice.h"
#include "core/files.h"
#include "random_steps.h"

#define STEPS 100 /* cases of the same configuration */
#define POLICIES_MAX 6
#define RULES_MAX 4
#define RULE_MAX 768
#define FILES 3
#define STRANGER "spiffe://example.com/agent/deploy" /* whom no policy names */

/* --- random configurations --- */

/* A configuration in pieces, so that one can be taken out and all can be turned. */
struct random_policy {
    char head[1024];
    struct {
        char text[RULE_MAX];
        int allows;
    } rules[RULES_MAX];
    unsigned rule_count;
    unsigned file; /* where it stands */
};

struct random_config {
    char defaults[512];
    struct random_policy policies[POLICIES_MAX];
    unsigned policy_count;
};

static const char *const known_patterns[] = {DEPLOY, DEPLOY, AGENTS "*", "spiffe://example.org/*", DEPLOY "/*"};
static const char *const agents[] = {DEPLOY, DEPLOY, DEPLOY "/x", AGENTS "other"};
static const char *const labels[] = {"env=prod", "env=prod", "env=*", "env=test", "site=*"};
static const char *const groups[] = {"plain", "patterns", "more"};
static const char *const commands[] = {"/bin/a", "/bin/a x", "/bin/b *", "/bin/a x* /p/*", "/bin/b ? -x"};

static void add(char *text, const char *word)
{
    strcat(text, word);
}

/* KEY = { "...", "..." } */
static void add_list(char *text, const char *key, const char *const *from, size_t count, unsigned most)
{
    unsigned n = 1 + next_random(most);

    sprintf(text + strlen(text), " %s = {", key);
    for (unsigned i = 0; i < n; i++)
        sprintf(text + strlen(text), "%s \"%s\"", i ? "," : "", from[next_random((unsigned)count)]);
    add(text, " }\n");
}

#define ADD_LIST(text, key, from, most) add_list(text, key, from, COUNT_OF(from), most)

static void add_one(char *text, const char *key, const char *value)
{
    sprintf(text + strlen(text), " %s = \"%s\"\n", key, value);
}

static void add_limits(char *text)
{
    static const struct {
        const char *key, *unit;
        unsigned most;
    } numbers[] = {{"max-lifetime", "s", 900}, {"max-session", "s", 2000},  {"max-logins", "", 3},
                   {"max-sessions", "", 5},    {"max-denials", "", 5},      {"max-delegation", "", 8},
                   {"max-steps", "", 9},       {"steps-per-minute", "", 9}, {"reattest-every", "s", 600}};
    static const char *const risks[] = {"max-risk-low", "max-risk-medium", "max-risk-high"};

    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (one_in(6))
            sprintf(text + strlen(text), " %s = \"%u%s\"\n", numbers[i].key, 1 + next_random(numbers[i].most),
                    numbers[i].unit);
    for (size_t i = 0; i < COUNT_OF(risks); i++)
        if (one_in(5))
            add_one(text, risks[i], PICK(levels));
    if (one_in(3))
        add_one(text, "possession", PICK(possessions));
}

static void add_commands(char *text, int allows)
{
    if (one_in(3)) {
        add(text, " any-command = true\n");
    } else {
        if (one_in(2))
            add(text, " commands = { \"/bin/b x ...\" }\n any-arguments = true\n");
        else
            ADD_LIST(text, "commands", commands, 2);
        if (one_in(2))
            ADD_LIST(text, "use", groups, 2);
    }
    if (!allows)
        return;
    if (one_in(4)) {
        add(text, " intercept = true\n");
    } else {
        if (one_in(3))
            add(text, " may-exec = true\n");
        if (one_in(3))
            add(text, " leaves = \"service\"\n");
    }
    add(text, " escapes = \"accepted\"\n");
}

static void random_rule(char *text, int allows, int login)
{
    sprintf(text, "%s%s {\n", allows ? "" : "deny-", login ? "login" : "sudo");
    if (login) {
        ADD_LIST(text, "services", services, 3);
    } else {
        ADD_LIST(text, "run-as", users, 3);
        add_commands(text, allows);
    }
    if (one_in(5))
        ADD_LIST(text, "from", from_patterns, 3);
    if (one_in(5))
        ADD_LIST(text, "window", windows, 2);
    if (allows && one_in(4))
        add_one(text, "sensitivity", PICK(levels));
    add(text, "}\n");
}

static void random_conditions(struct random_policy *policy)
{
    policy->head[0] = '\0';
    ADD_LIST(policy->head, "identities", known_patterns, 2);
    if (one_in(3))
        ADD_LIST(policy->head, "purposes", purpose_patterns, 2);
    if (one_in(4))
        ADD_LIST(policy->head, "issuers", issuers, 2);
    if (one_in(4))
        ADD_LIST(policy->head, "principals", principal_patterns, 2);
    if (one_in(3))
        ADD_LIST(policy->head, "requires", labels, 1);
    policy->file = next_random(FILES);
}

static void random_policy(struct random_policy *policy, int observes)
{
    random_conditions(policy);
    add_limits(policy->head);
    if (observes != one_in(10))
        add_one(policy->head, "mode", "observe");
    policy->rule_count = next_random(RULES_MAX + 1);
    for (unsigned i = 0; i < policy->rule_count; i++) {
        policy->rules[i].allows = !one_in(4);
        random_rule(policy->rules[i].text, policy->rules[i].allows, one_in(2));
    }
}

/* Every other one has a policy that allows what the others leave. */
static void random_config(struct random_config *config)
{
    static const char login[] = "login { services = { \"sshd\", \"su\" } }\n";
    static const char sudo[] = "sudo { run-as = { \"root\", \"www-data\" }\n any-command = true\n may-exec = true }\n";

    int observes = one_in(3); /* most of them do */

    config->defaults[0] = '\0';
    add_limits(config->defaults);
    if (one_in(4))
        add_one(config->defaults, "mode", one_in(2) ? "observe" : "enforce");
    config->policy_count = 1 + next_random(POLICIES_MAX - 1);
    for (unsigned i = 0; i < config->policy_count; i++)
        random_policy(&config->policies[i], observes);
    if (one_in(2)) {
        struct random_policy *first = &config->policies[0];

        strcpy(first->head, " identities = \"" AGENTS "*\"\n mode = observe\n");
        strcpy(first->rules[0].text, login);
        strcpy(first->rules[1].text, sudo);
        first->rules[0].allows = first->rules[1].allows = 1;
        first->rule_count = 2;
    }
}

/* --- files of it, and what they compile to --- */

static char dir[64];

static void setup(void)
{
    char path[96];

    umask(022);
    strcpy(dir, access("/dev/shm", W_OK) == 0 ? "/dev/shm/properties.XXXXXX" : "/tmp/properties.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/conf.d", dir);
    ck_assert_int_eq(mkdir(path, 0755), 0);
}

static void teardown(void)
{
    char command[96];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

/* All groups are used by one policy, which is of none of the steps' sessions: any other one may leave them out. */
static const char fixed[] =
    "host { id = \"spiffe://example.org/host/a\"\n labels = { \"env=prod\" } }\n"
    "issuer \"corp-sts\" { kind = aat\n iss = \"https://a\" keys = k trust-domains = { \"example.org\" } }\n"
    "issuer \"ci\" { kind = aat\n iss = \"https://b\" keys = k trust-domains = { \"example.org\" } }\n"
    "identity \"agent-deploy\" { id = \"" DEPLOY "\" delegates = { \"" AGENTS "*\" } }\n"
    "identity \"agent-all\" { id = \"" AGENTS "*\" }\n"
    "identity \"agent-below\" { id = \"" DEPLOY "/*\" }\n"
    "identity \"agent-else\" { id = \"spiffe://example.org/else\" }\n"
    "commands \"plain\" { list = { \"/bin/a\", \"/bin/b\" } }\n"
    "commands \"patterns\" { list = { \"/bin/a *\", \"/bin/b x*\", \"/bin/b /p/*\" } }\n"
    "commands \"more\" { list = { \"/bin/a x xy\", \"/bin/a -x\" } }\n"
    "policy \"else\" { identities = { \"spiffe://example.org/else\" }\n"
    " deny-sudo { use = { \"plain\", \"patterns\", \"more\" } } }\n";

#define ACCOUNTS 3 /* the first ones */

static void put(unsigned file, const char *text)
{
    static const char *const names[FILES] = {"agent.conf", "conf.d/10.conf", "conf.d/20.conf"};
    char path[96];
    int fd;

    snprintf(path, sizeof path, "%s/%s", dir, names[file]);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write_all(fd, text, strlen(text)), 0);
    ck_assert_int_eq(close(fd), 0);
}

static void put_config(const struct random_config *config)
{
    static char texts[FILES][65536];

    sprintf(texts[0], "%sdefaults {\n%s}\n", fixed, config->defaults);
    for (unsigned i = 1; i < FILES; i++)
        texts[i][0] = '\0';
    for (unsigned i = 0; i < config->policy_count; i++) {
        const struct random_policy *policy = &config->policies[i];
        char *text = texts[policy->file];

        sprintf(text + strlen(text), "policy \"p%u\" {\n%s", i, policy->head);
        for (unsigned j = 0; j < policy->rule_count; j++)
            add(text, policy->rules[j].text);
        add(text, "}\n");
    }
    for (unsigned i = 0; i < FILES; i++)
        put(i, texts[i]);
}

struct compiled {
    struct policy_set sets[ACCOUNTS];
    unsigned count;
};

static void compile(const struct random_config *config, struct compiled *ret)
{
    struct policy_choices choices;
    struct problems problems = {0};
    struct config *read = NULL;

    put_config(config);
    if (config_read(dir, &read, &problems) < 0)
        problems_print(&problems, stderr);
    ck_assert_uint_eq(problems.count, 0);
    ck_assert_uint_eq(read->identity_count, ACCOUNTS + 1);
    policy_choices_make(read, &choices);
    *ret = (struct compiled){.count = 0};
    for (; ret->count < ACCOUNTS; ret->count++)
        ck_assert_int_eq(policy_choice_read(&choices, ret->count, &ret->sets[ret->count]), 0);
    policy_choices_clear(&choices);
    config_free(read);
    problems_clear(&problems);
}

static void clear(struct compiled *compiled)
{
    for (unsigned i = 0; i < compiled->count; i++)
        policy_set_clear(&compiled->sets[i]);
}

/* --- the properties --- */

typedef void change_config_fn(struct random_config *config);
typedef void change_step_fn(struct random_step *step);
typedef void judge_fn(const struct decision *before, const struct decision *after);

/* Decide all cases before and after a change. */
static void compare(unsigned long long from, change_config_fn *change_config, change_step_fn *change_step,
                    judge_fn *judge, unsigned *ret_permitted, unsigned *ret_taken)
{
    static struct random_config config;
    struct compiled was, is;

    *ret_permitted = *ret_taken = 0;
    seed = from;
    for (unsigned i = 0; i < cases; i++) {
        unsigned account = next_random(ACCOUNTS);
        struct decision before, after;
        struct random_step step;

        if (i % STEPS == 0) {
            random_config(&config);
            compile(&config, &was);
            is = was;
            if (change_config) {
                change_config(&config);
                compile(&config, &is);
            }
        }
        random_step(&step);
        step.facts.identity = PICK(agents);
        before = decide(&step.facts, &was.sets[account]);
        if (change_step)
            change_step(&step);
        after = decide(&step.facts, &is.sets[account]);
        *ret_permitted += before.verdict == VERDICT_PERMIT;
        *ret_taken += before.verdict == VERDICT_PERMIT && after.verdict != VERDICT_PERMIT;
        judge(&before, &after);
        if (i % STEPS == STEPS - 1) {
            clear(&was);
            if (change_config)
                clear(&is);
        }
    }
}

static void permits_no_more(const struct decision *before, const struct decision *after)
{
    ck_assert_msg(before->verdict == VERDICT_PERMIT || after->verdict != VERDICT_PERMIT, "%s, and then permitted",
                  reason_word(before->reason));
    ck_assert_msg(goes_on(before) || !goes_on(after), "%s, and then %s, observed", reason_word(before->reason),
                  reason_word(after->reason));
    if (after->verdict == VERDICT_PERMIT)
        ck_assert_int_le(after->leaves_service, before->leaves_service);
}

static void never_permits_more(unsigned long long from, change_config_fn *change_config, change_step_fn *change_step)
{
    unsigned permitted, taken;

    compare(from, change_config, change_step, permits_no_more, &permitted, &taken);
    ck_assert_uint_gt(permitted, cases / 10); /* the cases are no empty ones */
    ck_assert_uint_gt(taken, cases / 200);
}

static void add_deny(struct random_config *config)
{
    struct random_policy *policy = &config->policies[config->policy_count];

    config->policy_count++;
    random_conditions(policy); /* no limits: one would widen what is built in */
    add_one(policy->head, "mode", "enforce");
    policy->rule_count = 1;
    random_rule(policy->rules[0].text, 0, one_in(2));
}

/* Of a rule that a policy has or has not: any one may go. */
static void remove_allow(struct random_config *config)
{
    struct random_policy *policy = &config->policies[next_random(config->policy_count)];

    for (unsigned i = next_random(RULES_MAX); i < policy->rule_count; i++) {
        if (!policy->rules[i].allows)
            continue;
        policy->rules[i] = policy->rules[--policy->rule_count];
        return;
    }
}

static void turn(struct random_config *config)
{
    for (unsigned i = config->policy_count; i > 0; i--) {
        unsigned other = next_random(i);
        struct random_policy policy = config->policies[i - 1], *turned = &config->policies[i - 1];

        *turned = config->policies[other];
        config->policies[other] = policy;
        turned->file = next_random(FILES);
        for (unsigned j = turned->rule_count; j > 1; j--) {
            unsigned k = next_random(j);
            struct random_policy copy = *turned;

            turned->rules[j - 1] = copy.rules[k];
            turned->rules[k] = copy.rules[j - 1];
        }
    }
}

static void estrange(struct random_step *step)
{
    step->facts.identity = STRANGER;
}

static void answer_the_same(const struct decision *before, const struct decision *after)
{
    ck_assert_msg(before->reason == after->reason, "%s, and then %s", reason_word(before->reason),
                  reason_word(after->reason));
    ck_assert_int_eq(before->observed, after->observed);
    ck_assert_int_eq(before->session_deadline, after->session_deadline);
    ck_assert_int_eq(before->leaves_service, after->leaves_service);
    ck_assert_mem_eq(&before->limits, &after->limits, sizeof before->limits);
}

static void never_permits(const struct decision *before, const struct decision *after)
{
    (void)before;
    ck_assert_int_eq(after->verdict, VERDICT_DENY);
}

START_TEST(adding_a_deny_never_permits_more)
{
    never_permits_more(1, add_deny, NULL);
}
END_TEST
START_TEST(removing_an_allow_never_permits_more)
{
    never_permits_more(2, remove_allow, NULL);
}
END_TEST
START_TEST(narrowing_the_credential_never_permits_more)
{
    never_permits_more(3, NULL, narrow_credential);
}
END_TEST
START_TEST(no_matching_policy_is_refused)
{
    unsigned permitted, taken;

    compare(4, NULL, estrange, never_permits, &permitted, &taken);
    ck_assert_uint_gt(taken, cases / 10);
}
END_TEST
START_TEST(order_and_files_mean_nothing)
{
    unsigned permitted, taken;

    compare(5, turn, NULL, answer_the_same, &permitted, &taken);
    ck_assert_uint_gt(permitted, cases / 10);
}
END_TEST

static Suite *properties_suite(void)
{
    Suite *suite = suite_create("config_properties");
    TCase *tcase = tcase_create("properties");

    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, adding_a_deny_never_permits_more);
    tcase_add_test(tcase, removing_an_allow_never_permits_more);
    tcase_add_test(tcase, narrowing_the_credential_never_permits_more);
    tcase_add_test(tcase, no_matching_policy_is_refused);
    tcase_add_test(tcase, order_and_files_mean_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(properties_suite());
    int failed;

    cases = cases_wanted();
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
