/* common/judge/decide: what must hold whatever the policies are, on random ones. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/compat.h"
#include "judge/decide.h"

#define HEAD "pam_agent 1\n"
#define DEPLOY "spiffe://example.org/agent/deploy"
#define NOW 1764000000
#define ZONES "zone UTC\noffset 0 0\nzone Etc/GMT-1\noffset 0 3600\n"

#define CASES 20000

static unsigned long long seed;

static unsigned next_random(unsigned below)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(seed >> 33) % below;
}

static int one_in(unsigned n)
{
    return next_random(n) == 0;
}

#define PICK(array) (array)[next_random(COUNT_OF(array))]

static const char *const identity_patterns[] = {
    DEPLOY, DEPLOY, "spiffe://example.org/*", "spiffe://example.org/agent/*", "spiffe://example.com/*", DEPLOY "/*"};
static const char *const identities[] = {
    DEPLOY, DEPLOY, DEPLOY, DEPLOY "/x", "spiffe://example.org/agent/other", "spiffe://example.com/a"};
static const char *const purpose_patterns[] = {"restart-web", "restart-*", "*", "*", "incident-?"};
static const char *const purposes[] = {"restart-web", "restart-web", "restart-db", "incident-7", "", NULL};
static const char *const issuers[] = {"corp-sts", "corp-sts", "ci"};
static const char *const principal_patterns[] = {"alice", "a*", "*", "spiffe://example.org/user/*"};
static const char *const principals[] = {"alice", "bob", "spiffe://example.org/user/alice", NULL};
static const char *const services[] = {"sshd", "su", "cockpit"};
static const char *const from_patterns[] = {"10.0.0.0/8",    "10.0.0.0/24", "192.0.2.1",
                                            "2001:db8::/32", "0.0.0.0/0",   "::/0"};
static const char *const sources[] = {"10.0.0.5",        "10.1.0.5", "192.0.2.1", "2001:db8::1",
                                      "::ffff:10.0.0.5", "name",     NULL};
/* NOW is a Monday, 16:00 UTC. */
static const char *const windows[] = {"mon-fri 08:00-18:00 UTC", "mon 17:00-17:01 Etc/GMT-1", "16:00-16:01 UTC",
                                      "fri 16:00-mon 06:00 UTC"};
static const char *const users[] = {"root", "www-data", "backup"};
static const char *const programs[] = {"/bin/a", "/bin/b"};
static const char *const argument_patterns[] = {"x", "*", "x*", "?", "-x", "/p/*"};
static const char *const arguments[] = {"x", "xy", "-x", "/p/q", "..", "", "/p/q/r"};
static const char *const levels[] = {"low", "medium", "high", "high"};
static const char *const possessions[] = {"channel", "signed", "bearer"};

static void append(char *text, const char *key, const char *value)
{
    size_t len = strlen(text);

    sprintf(text + len, "%s %s\n", key, value);
}

static void append_some(char *text, const char *key, const char *const *from, size_t count, unsigned max)
{
    for (unsigned n = next_random(max + 1); n > 0; n--)
        append(text, key, from[next_random((unsigned)count)]);
}

static void random_sensitivity(char *text, const char *kind)
{
    if (strncmp(kind, "allow", 5) == 0 && one_in(3))
        append(text, "sensitivity", PICK(levels));
}

static void random_rule(char *text, const char *kind)
{
    append(text, "rule", kind);
    if (one_in(10))
        append(text, "window", PICK(windows));
    if (strstr(kind, "login")) {
        append_some(text, "service", services, COUNT_OF(services), 2);
        append_some(text, "from", from_patterns, COUNT_OF(from_patterns), 2);
        random_sensitivity(text, kind);
        return;
    }
    append_some(text, "run-as", users, COUNT_OF(users), 2);
    if (one_in(10))
        append_some(text, "from", from_patterns, COUNT_OF(from_patterns), 2);
    for (unsigned n = next_random(3); n > 0; n--) {
        append(text, "command", PICK(programs));
        append_some(text, "word", argument_patterns, COUNT_OF(argument_patterns), 2);
        if (one_in(3))
            append(text, "any-arguments", "1");
    }
    if (one_in(4))
        append(text, "any-command", "1");
    random_sensitivity(text, kind);
    if (strcmp(kind, "allow-sudo") == 0 && one_in(3))
        append(text, "leaves", "service");
}

static void random_limits(char *text)
{
    static const struct {
        const char *key;
        unsigned most;
    } numbers[] = {{"max-lifetime", 900}, {"max-session", 2000},   {"max-logins", 3},
                   {"max-sessions", 5},   {"reattest-grace", 300}, {"max-denials", 5},
                   {"max-delegation", 8}, {"max-steps", 9},        {"steps-per-minute", 9}};
    static const char *const risks[] = {"max-risk-low", "max-risk-medium", "max-risk-high"};
    char number[16];

    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        snprintf(number, sizeof number, "%u", 1 + next_random(numbers[i].most));
        if (one_in(3))
            append(text, numbers[i].key, number);
    }
    if (one_in(2))
        append(text, "possession", PICK(possessions));
    for (size_t i = 0; i < COUNT_OF(risks); i++)
        if (one_in(4))
            append(text, risks[i], PICK(levels));
    if (one_in(3))
        append(text, "linger", one_in(2) ? "yes" : "no");
    if (one_in(3))
        append(text, "abstract-sockets", one_in(2) ? "apart" : "shared");
}

/* It makes a session longer than its credential, so a policy that has it is no narrower. */
static void random_reattestation(char *text)
{
    if (one_in(4))
        append(text, "reattest-every", one_in(2) ? "60" : "600");
}

static void random_policy(char *text)
{
    static const char *const kinds[] = {"allow-login", "allow-login", "deny-login",
                                        "allow-sudo",  "allow-sudo",  "deny-sudo"};

    append(text, "policy", "p");
    append(text, "identity", PICK(identity_patterns));
    append_some(text, "identity", identity_patterns, COUNT_OF(identity_patterns), 1);
    append_some(text, "purpose", purpose_patterns, COUNT_OF(purpose_patterns), 1);
    if (one_in(8))
        append(text, "issuer", PICK(issuers));
    if (one_in(8))
        append(text, "principal", PICK(principal_patterns));
    random_limits(text);
    random_reattestation(text);
    for (unsigned n = next_random(5); n > 0; n--)
        random_rule(text, PICK(kinds));
}

/* Where nothing is set a built-in limit holds, which a policy may widen: with these, all is set. */
#define WIDEST \
    "policy defaults\nmax-lifetime 900\nmax-session 2000\nmax-logins 3\npossession bearer\nmax-sessions 5\n" \
    "reattest-every 600\nreattest-grace 300\nmax-denials 5\nmax-delegation 8\nmax-steps 9\nsteps-per-minute " \
    "9\nmax-risk-medium high\nmax-risk-high " \
    "high\nlinger yes\n" \
    "abstract-sockets shared\n"

/* A policy that only allows. */
#define ALLOWING \
    "policy allowing\nidentity spiffe://example.org/*\n" \
    "rule allow-login\nservice sshd\nservice su\nservice cockpit\nrule allow-sudo\nany-command 1\n"

static void random_policies(char *text)
{
    unsigned count = 1 + next_random(4);

    strcpy(text, HEAD ZONES);
    if (one_in(2)) {
        append(text, "policy", "defaults");
        random_limits(text);
    }
    for (unsigned i = 0; i < count; i++)
        random_policy(text);
}

static void random_tool(char *text, const char *tool, const char *const *names, size_t count)
{
    append(text, "tool", tool);
    if (!one_in(4))
        append(text, "rest", "1");
    for (size_t i = 0; i < count; i++) {
        if (one_in(2))
            continue;
        append(text, one_in(3) ? "optional" : "arg", names[i]);
        append_some(text, "value", users, COUNT_OF(users), 1);
        append_some(text, "value", programs, COUNT_OF(programs), 1);
        append_some(text, "value", services, COUNT_OF(services), 1);
        append_some(text, "list", arguments, COUNT_OF(arguments), 2);
        if (one_in(3))
            append(text, "any", "1");
    }
}

static void random_scope(char *text)
{
    static const char *const login_names[] = {"account", "service"}, *const sudo_names[] = {"runas", "command", "args"};

    strcpy(text, HEAD);
    if (one_in(3)) {
        strcat(text, "tool host:login\nrest 1\ntool host:sudo\nrest 1\n");
        return;
    }
    if (!one_in(8))
        random_tool(text, "host:login", login_names, one_in(2) ? COUNT_OF(login_names) : 0);
    if (!one_in(8))
        random_tool(text, "host:sudo", sudo_names, one_in(2) ? COUNT_OF(sudo_names) : 0);
}

struct random_step {
    struct facts facts;
    const char *argv[4];
    char scope[4096], attested[4096];
};

static void random_step(struct random_step *s)
{
    static const enum step steps[] = {STEP_LOGIN, STEP_ACCOUNT, STEP_SETCRED, STEP_OPEN,   STEP_SUDO,
                                      STEP_SUDO,  STEP_COMMAND, STEP_ATTEST,  STEP_RECHECK};

    s->facts = (struct facts){
        .step = PICK(steps), .now = NOW, .boot = NOW - 86400, .account = "agent-deploy", .task = "task-1"};
    random_scope(s->scope);
    s->facts.scopes[0].text = s->scope;
    s->facts.scopes[0].len = strlen(s->scope);
    s->facts.scope_count = 1;
    if (one_in(4)) {
        random_scope(s->attested);
        s->facts.scopes[1].text = s->attested;
        s->facts.scopes[1].len = strlen(s->attested);
        s->facts.scope_count = 2;
    }
    s->facts.identity = PICK(identities);
    s->facts.purpose = PICK(purposes);
    s->facts.issuer = PICK(issuers);
    s->facts.principal = PICK(principals);
    s->facts.service = PICK(services);
    s->facts.source = PICK(sources);
    s->facts.run_as = PICK(users);
    s->facts.argc = 1 + next_random(3);
    s->argv[0] = PICK(programs);
    for (size_t i = 1; i < s->facts.argc; i++)
        s->argv[i] = PICK(arguments);
    s->facts.argv = s->argv;
    if (s->facts.step == STEP_SUDO && one_in(2)) {
        s->facts.argv = NULL;
        s->facts.argc = 0;
        if (one_in(2))
            s->facts.run_as = NULL;
    }
    s->facts.possession = one_in(4) ? (enum possession)next_random(4) : POSSESSION_CHANNEL;
    s->facts.issued = NOW - 1 - (int)next_random(200);
    s->facts.expires = NOW + 1 + (int)next_random(600);
    s->facts.steps_permitted = one_in(8) ? next_random(10) : 0;
    s->facts.steps_last_minute = one_in(8) ? next_random(10) : 0;
    s->facts.ancestors = one_in(8) ? next_random(4) : 0;
    s->facts.logins = one_in(4) ? next_random(3) : 0;
    s->facts.session_deadline = NOW + (one_in(20) ? 0 : 1);
    s->facts.account_busy = one_in(30);
    s->facts.environment_forgeable = one_in(30);
    s->facts.identity_disabled = one_in(30);
    s->facts.standing.task = one_in(10) ? (enum task_state)next_random(4) : TASK_ACTIVE;
    s->facts.standing.revoked = one_in(30);
    s->facts.standing.stopped = one_in(30);
    s->facts.standing.risk = one_in(2) ? (enum level)next_random(4) : LEVEL_LOW;
    s->facts.sensitivity = one_in(2) ? (enum level)next_random(4) : LEVEL_LOW;
    s->facts.session_ending = one_in(30);
    s->facts.approval_required = one_in(4);
    s->facts.approved = one_in(2);
}

static int permits(const struct facts *facts, const char *text, struct decision *ret)
{
    struct policy_set set;
    int permitted;

    ck_assert_msg(policy_set_parse(text, strlen(text), &set) == 0, "%s", text);
    *ret = decide(facts, &set);
    permitted = ret->verdict == VERDICT_PERMIT;
    ret->rule = ret->rule_where = NULL;
    policy_set_clear(&set);
    return permitted;
}

/* A change to the policies or to the step that must not permit what was refused. */
typedef void narrow_fn(char *text, struct random_step *step);

/* 0 is none. */
static int no_wider(uint32_t before, uint32_t after)
{
    return before == 0 || (after && after <= before);
}

static void assert_no_wider(const struct decision *before, const struct decision *after)
{
    const struct limits *was = &before->limits, *is = &after->limits;

    ck_assert_int_le(after->session_deadline, before->session_deadline);
    ck_assert_int_le(after->leaves_service, before->leaves_service);
    ck_assert(no_wider(was->max_lifetime, is->max_lifetime));
    ck_assert(no_wider(was->max_session, is->max_session));
    ck_assert(no_wider(was->max_logins, is->max_logins));
    ck_assert(no_wider(was->max_sessions, is->max_sessions));
    ck_assert(no_wider(was->reattest_every, is->reattest_every));
    ck_assert(no_wider(was->reattest_grace, is->reattest_grace));
    ck_assert(no_wider(was->max_denials, is->max_denials));
    ck_assert(no_wider(was->max_steps, is->max_steps));
    ck_assert(no_wider(was->steps_per_minute, is->steps_per_minute));
    ck_assert(no_wider(was->max_chain, is->max_chain));
    ck_assert(no_wider(was->possession, is->possession));
    ck_assert(no_wider((uint32_t)was->linger, (uint32_t)is->linger));
    ck_assert(no_wider((uint32_t)was->sockets, (uint32_t)is->sockets));
    for (int i = LEVEL_LOW; i <= LEVEL_HIGH; i++)
        ck_assert(no_wider(was->max_risk[i], is->max_risk[i]));
}

static void never_permits_more(const char *base, narrow_fn *narrow)
{
    static char text[65536], before_text[65536];
    unsigned permitted = 0, taken = 0;

    seed = 20261123;
    for (int i = 0; i < CASES; i++) {
        struct decision before, after;
        struct random_step step;
        int was, is;

        random_policies(text);
        strcat(text, base);
        random_step(&step);
        strcpy(before_text, text);
        was = permits(&step.facts, text, &before);
        narrow(text, &step);
        is = permits(&step.facts, text, &after);
        permitted += (unsigned)was;
        taken += was && !is;
        ck_assert_msg(was || !is, "case %d: %s was %s and is permitted\n%s\nscope %s\nbefore:\n%s", i,
                      step_word(step.facts.step), reason_word(before.reason), text, step.scope, before_text);
        if (was && is)
            assert_no_wider(&before, &after);
    }
    ck_assert_uint_gt(permitted, CASES / 30); /* the cases are no empty ones */
    ck_assert_uint_gt(taken, CASES / 400);
}

static void add_deny(char *text, struct random_step *step)
{
    (void)step;
    append(text, "policy", "deny");
    append(text, "identity", PICK(identity_patterns));
    if (one_in(2))
        append(text, "purpose", PICK(purpose_patterns));
    random_rule(text, one_in(2) ? "deny-login" : "deny-sudo");
}

/* A policy of limits alone is a deny, too: where another one matches anyway. */
static void add_limits(char *text, struct random_step *step)
{
    (void)step;
    append(text, "policy", "defaults");
    random_limits(text);
    random_reattestation(text);
}

/* One more line at the end of one of the allow rules. */
static void add_to_allow(char *text, const char *line)
{
    char *rules[64], *at, rest[65536];
    unsigned count = 0;

    for (at = strstr(text, "\nrule allow-"); at && count < COUNT_OF(rules); at = strstr(at + 1, "\nrule allow-"))
        rules[count++] = at + 1;
    if (count == 0)
        return;
    at = strchr(rules[next_random(count)], '\n') + 1; /* what the rule says further down counts: the last does */
    while (*at && strncmp(at, "rule ", 5) != 0 && strncmp(at, "policy ", 7) != 0)
        at = strchr(at, '\n') + 1;
    strcpy(rest, at);
    strcpy(at, line);
    strcat(at, rest);
}

/* A rule, or the host, is more sensitive. */
static void raise_sensitivity(char *text, struct random_step *step)
{
    if (one_in(2) && step->facts.sensitivity < LEVEL_HIGH)
        step->facts.sensitivity = LEVEL_HIGH;
    else
        add_to_allow(text, "sensitivity high\n");
}

/* A rule that has none is from now on of another time. */
static void add_window(char *text, struct random_step *step)
{
    (void)step;
    if (!strstr(text, "\nwindow "))
        add_to_allow(text, "window tue 16:00-17:00 UTC\n");
}

/* Cut one allow rule out, up to the next rule or policy. */
static void remove_allow(char *text, struct random_step *step)
{
    char *rules[64], *end, *next;
    unsigned count = 0;

    (void)step;
    for (char *at = strstr(text, "\nrule allow-"); at && count < COUNT_OF(rules); at = strstr(at + 1, "\nrule allow-"))
        rules[count++] = at + 1;
    if (count == 0)
        return;
    end = rules[next_random(count)];
    next = end;
    do
        next = strchr(next, '\n') + 1;
    while (*next && strncmp(next, "rule ", 5) != 0 && strncmp(next, "policy ", 7) != 0);
    memmove(end, next, strlen(next) + 1);
}

/* It takes that policy from some sessions, and from none what others deny or limit. */
static void add_condition(char *text, struct random_step *step)
{
    (void)step;
    if (one_in(2))
        append(text, "issuer", PICK(issuers));
    else
        append_some(text, "principal", principal_patterns, COUNT_OF(principal_patterns), 2);
}

/* Another constraint in each tool, or one alternative less. */
static void narrow_scope(char *text, struct random_step *step)
{
    char *at, *value = NULL, *next;

    (void)text;
    if (one_in(4) && strstr(step->scope, "tool host:sudo\n"))
        append(step->scope, "tool", "host:sudo"); /* twice: both must allow */
    for (at = step->scope; (at = strstr(at, "\nvalue ")) || (at = NULL); at++)
        if (!value || one_in(2))
            value = at + 1;
    if (value && one_in(2)) {
        next = strchr(value, '\n') + 1;
        memmove(value, next, strlen(next) + 1);
    } else if ((at = strstr(step->scope, "rest 1\n")) && one_in(2)) {
        memmove(at, at + 7, strlen(at + 7) + 1);
    } else if ((at = strstr(step->scope, "any 1\n")) && one_in(2)) {
        memmove(at, at + 6, strlen(at + 6) + 1);
    } else if ((at = strstr(step->scope, "optional "))) {
        memmove(at + 3, at + 8, strlen(at + 8) + 1);
        memcpy(at, "arg", 3);
    }
    step->facts.scopes[0].len = strlen(step->scope);
}

/* As if it were later, but for the windows. */
static void end_sooner(struct facts *f, int64_t seconds)
{
    f->issued -= seconds;
    f->expires -= seconds;
    f->session_deadline -= seconds;
}

/* A fact for the worse. */
static void worsen_facts(char *text, struct random_step *step)
{
    struct facts *f = &step->facts;

    (void)text;
    switch (next_random(17)) {
    case 0:
        f->identity_disabled = 1;
        break;
    case 1:
        f->standing.task = TASK_COMPLETED;
        break;
    case 2:
        f->environment_forgeable = 1;
        break;
    case 3:
        f->account_busy = 1;
        break;
    case 4:
        f->logins++;
        break;
    case 5:
        f->session_ending = 1;
        break;
    case 6:
        f->session_deadline--;
        break;
    case 7:
        f->possession = f->possession == POSSESSION_CHANNEL ? POSSESSION_SIGNED : POSSESSION_UNSET;
        break;
    case 8:
        f->approved = 0;
        break;
    case 9:
        end_sooner(f, (int64_t)next_random(700));
        break;
    case 10:
        f->standing.task = f->standing.task < TASK_REVOKED
                               ? f->standing.task + 1 + next_random(TASK_REVOKED - f->standing.task)
                               : TASK_REVOKED;
        break;
    case 11:
        f->standing.revoked = 1;
        break;
    case 12:
        f->standing.stopped = 1;
        break;
    case 13:
        f->standing.risk = LEVEL_HIGH;
        break;
    case 14:
        f->ancestors += 1 + next_random(8);
        break;
    case 15:
        f->steps_permitted += 1 + next_random(8);
        break;
    case 16:
        f->steps_last_minute += 1 + next_random(8);
        break;
    }
}

START_TEST(adding_a_deny_never_permits_more)
{
    never_permits_more(ALLOWING, add_deny);
}
END_TEST
START_TEST(adding_limits_never_permits_more)
{
    never_permits_more(WIDEST, add_limits);
}
END_TEST
START_TEST(more_sensitivity_never_permits_more)
{
    never_permits_more("", raise_sensitivity);
}
END_TEST
START_TEST(a_window_never_permits_more)
{
    never_permits_more("", add_window);
}
END_TEST
START_TEST(removing_an_allow_never_permits_more)
{
    never_permits_more("", remove_allow);
}
END_TEST
START_TEST(adding_a_condition_never_permits_more)
{
    never_permits_more(ALLOWING, add_condition);
}
END_TEST
START_TEST(narrowing_the_scope_never_permits_more)
{
    never_permits_more("", narrow_scope);
}
END_TEST

START_TEST(worse_facts_never_permit_more)
{
    static char text[65536];
    unsigned permitted = 0, taken = 0;

    seed = 4711;
    for (int i = 0; i < CASES; i++) {
        struct decision decision;
        struct random_step step;
        int was, is;

        random_policies(text);
        strcat(text, ALLOWING);
        random_step(&step);
        was = permits(&step.facts, text, &decision);
        worsen_facts(text, &step);
        is = permits(&step.facts, text, &decision);
        permitted += (unsigned)was;
        taken += was && !is;
        ck_assert_msg(was || !is, "case %d: worse facts permit %s\n%s", i, step_word(step.facts.step), text);
    }
    ck_assert_uint_gt(permitted, CASES / 30);
    ck_assert_uint_gt(taken, CASES / 400);
}
END_TEST

START_TEST(no_matching_policy_is_refused)
{
    static char text[65536];

    seed = 1;
    for (int i = 0; i < CASES; i++) {
        struct decision decision;
        struct random_step step;

        random_policies(text);
        random_step(&step);
        step.facts.identity = "spiffe://elsewhere.example/agent/deploy"; /* no pattern's */
        ck_assert_msg(!permits(&step.facts, text, &decision), "case %d: %s\n%s", i, step_word(step.facts.step), text);
    }
}
END_TEST

/* Policies and rules in another order: the same verdict, deadline and places. */
static void shuffle(char *text)
{
    static char copy[65536];
    char *starts[16], *rest;
    unsigned count = 0;

    strcpy(copy, text);
    rest = strstr(copy, "\npolicy ");
    for (char *at = rest; at; at = strstr(at + 1, "\npolicy "))
        starts[count++] = at + 1;
    text[rest + 1 - copy] = '\0';
    while (count > 0) {
        unsigned i = next_random(count);
        char *end = strstr(starts[i], "\npolicy ");

        strncat(text, starts[i], end ? (size_t)(end + 1 - starts[i]) : strlen(starts[i]));
        starts[i] = starts[--count];
    }
}

START_TEST(order_of_policies_means_nothing)
{
    static char text[65536], other[65536];

    seed = 2;
    for (int i = 0; i < CASES; i++) {
        struct decision before, after;
        struct random_step step;

        random_policies(text);
        random_step(&step);
        strcpy(other, text);
        shuffle(other);
        ck_assert_uint_eq(strlen(other), strlen(text));
        (void)permits(&step.facts, text, &before);
        (void)permits(&step.facts, other, &after);
        ck_assert_msg(before.reason == after.reason && before.session_deadline == after.session_deadline &&
                          before.leaves_service == after.leaves_service &&
                          memcmp(&before.limits, &after.limits, sizeof before.limits) == 0,
                      "case %d: %s and %s\n%s\n%s", i, reason_word(before.reason), reason_word(after.reason), text,
                      other);
    }
}
END_TEST

/* What is permitted before the command is known may be refused after, but never the other way round. */
START_TEST(knowing_more_never_permits_more)
{
    static char text[65536];
    unsigned permitted = 0;

    seed = 3;
    for (int i = 0; i < CASES; i++) {
        struct decision decision;
        struct random_step step;
        struct facts blind;

        random_policies(text);
        random_step(&step);
        step.facts.step = STEP_SUDO;
        step.facts.session_deadline = NOW + 5;
        step.facts.run_as = PICK(users);
        step.facts.argv = step.argv;
        step.facts.argc = 1;
        blind = step.facts;
        blind.argv = NULL;
        blind.argc = 0;
        if (one_in(2))
            blind.run_as = NULL;
        if (!permits(&step.facts, text, &decision))
            continue;
        permitted++;
        ck_assert_msg(permits(&blind, text, &decision), "case %d: %s\n%s", i, reason_word(decision.reason), text);
    }
    ck_assert_uint_gt(permitted, CASES / 100);
}
END_TEST

/* Each more of risk permits less of the steps, and each standing that is worse. */
START_TEST(risk_and_standing_never_permit_more)
{
    static char text[65536];
    unsigned permitted = 0, taken = 0;

    seed = 5;
    for (int i = 0; i < CASES; i++) {
        struct random_step step;
        struct decision decision;
        int was = 1;

        random_policies(text);
        random_step(&step);
        for (int risk = LEVEL_UNSET; risk <= LEVEL_HIGH; risk++) {
            int is;

            step.facts.standing.risk = (enum level)risk;
            is = permits(&step.facts, text, &decision);
            ck_assert_msg(was || !is, "case %d: risk %d permits %s\n%s", i, risk, step_word(step.facts.step), text);
            permitted += (unsigned)is;
            taken += risk && was && !is;
            was = is;
        }
        for (int task = step.facts.standing.task; task <= TASK_REVOKED; task++) {
            int is;

            step.facts.standing.task = (enum task_state)task;
            is = permits(&step.facts, text, &decision);
            ck_assert_msg(was || !is, "case %d: task state %d permits %s\n%s", i, task, step_word(step.facts.step),
                          text);
            was = is;
        }
        ck_assert(!was || step.facts.step == STEP_CLOSE);
    }
    ck_assert_uint_gt(permitted, CASES / 30);
    ck_assert_uint_gt(taken, CASES / 100);
}
END_TEST

static Suite *properties_suite(void)
{
    Suite *suite = suite_create("decide_properties");
    TCase *tcase = tcase_create("properties");

    tcase_set_timeout(tcase, 300); /* under valgrind */
    tcase_add_test(tcase, adding_a_deny_never_permits_more);
    tcase_add_test(tcase, adding_limits_never_permits_more);
    tcase_add_test(tcase, a_window_never_permits_more);
    tcase_add_test(tcase, removing_an_allow_never_permits_more);
    tcase_add_test(tcase, adding_a_condition_never_permits_more);
    tcase_add_test(tcase, narrowing_the_scope_never_permits_more);
    tcase_add_test(tcase, more_sensitivity_never_permits_more);
    tcase_add_test(tcase, risk_and_standing_never_permit_more);
    tcase_add_test(tcase, worse_facts_never_permit_more);
    tcase_add_test(tcase, no_matching_policy_is_refused);
    tcase_add_test(tcase, order_of_policies_means_nothing);
    tcase_add_test(tcase, knowing_more_never_permits_more);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(properties_suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
