/* Random steps, from a seed, and the words that random policies are about. Cases of one seed are the same everywhere. */
#ifndef TEST_RANDOM_STEPS_H
#define TEST_RANDOM_STEPS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/compat.h"
#include "judge/decide.h"

#define HEAD "pam_agent 1\n"
#define AGENTS "spiffe://example.org/agent/"
#define DEPLOY AGENTS "deploy"
#define NOW 1764000000 /* a Monday, 16:00 UTC */

static unsigned cases; /* of each property */
static unsigned long long seed;

/* So many unless CASES says it: a multiple of the steps of one configuration. Under valgrind all would take an hour. */
static unsigned cases_wanted(void)
{
    const char *wanted = getenv("CASES");

    return wanted ? (unsigned)strtoul(wanted, NULL, 10) : 100000;
}

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
static const char *const services[] = {"sshd", "sshd", "su", "cockpit"};
static const char *const from_patterns[] = {"10.0.0.0/8",    "10.0.0.0/24", "192.0.2.1",
                                            "2001:db8::/32", "0.0.0.0/0",   "::/0"};
static const char *const sources[] = {"10.0.0.5",        "10.1.0.5", "192.0.2.1", "2001:db8::1",
                                      "::ffff:10.0.0.5", "name",     NULL};
static const char *const windows[] = {"mon-fri 08:00-18:00 UTC", "mon 17:00-17:01 Etc/GMT-1", "16:00-16:01 UTC",
                                      "fri 16:00-mon 06:00 UTC"};
static const char *const users[] = {"root", "root", "www-data", "backup"};
static const char *const of_groups[] = {"root:staff", "root:staff", "root:adm", "www-data:staff"};
static const char *const own_groups[] = {"root", "root", "staff", NULL};
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
    static const char *const unknown[] = {"cwd"};

    strcpy(text, HEAD);
    if (one_in(40)) {
        random_tool(text, "host:login", unknown, 1);
        random_tool(text, "host:sudo", unknown, 1);
        return;
    }
    if (!one_in(3)) {
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
    char scope[2048], attested[2048];
};

static const char *random_run_as(void)
{
    return one_in(12) ? PICK(of_groups) : PICK(users);
}

static void random_command(struct random_step *s)
{
    struct facts *f = &s->facts;

    f->run_as = random_run_as();
    f->own_group = PICK(own_groups);
    f->argc = 1 + next_random(3);
    s->argv[0] = PICK(programs);
    for (size_t i = 1; i < f->argc; i++)
        s->argv[i] = PICK(arguments);
    f->argv = s->argv;
    if (!one_in(f->step == STEP_SUDO ? 2 : 60)) /* of the account phase of sudo, which does not know it yet */
        return;
    f->argv = NULL;
    f->argc = 0;
    if (one_in(2))
        f->run_as = NULL;
}

/* Every other step is of a session without trouble, so that many are permitted. */
static void random_credential(struct random_step *s, int trouble)
{
    struct facts *f = &s->facts;

    random_scope(s->scope);
    f->scopes[0].text = s->scope;
    f->scopes[0].len = strlen(s->scope) - (trouble && one_in(40)); /* cut */
    f->scope_count = 1;
    if (one_in(trouble ? 2 : 8)) {
        random_scope(s->attested);
        f->scopes[1].text = s->attested;
        f->scopes[1].len = strlen(s->attested);
        f->scope_count = 2;
    }
    f->identity = PICK(identities);
    f->purpose = PICK(purposes);
    f->issuer = PICK(issuers);
    f->principal = PICK(principals);
    f->ancestors = one_in(trouble ? 3 : 8) ? 1 + next_random(3) : 0;
    f->delegator = f->ancestors ? PICK(identities) : NULL;
    f->delegatee_proven = one_in(3);
    f->possession = trouble && one_in(2) ? (enum possession)next_random(4) : POSSESSION_CHANNEL;
    f->issued = NOW - 1 - (int)next_random(200);
    f->expires = NOW + (trouble && one_in(20) ? 0 : 1 + (int)next_random(300));
}

static void random_state(struct facts *f)
{
    f->boot = one_in(20) ? NOW : NOW - 86400;
    f->steps_permitted = next_random(10);
    f->steps_last_minute = next_random(10);
    f->logins = one_in(2) ? next_random(3) : 0;
    f->session_deadline = NOW + (one_in(10) ? 0 : 1);
    f->account_busy = one_in(15);
    f->environment_forgeable = one_in(15);
    f->identity_disabled = one_in(15);
    f->standing.task = one_in(5) ? (enum task_state)next_random(4) : TASK_ACTIVE;
    f->standing.revoked = one_in(15);
    f->standing.stopped = one_in(15);
    f->standing.risk = (enum level)next_random(4);
    f->sensitivity = (enum level)next_random(4);
    f->task_sensitivity = one_in(4) ? (enum level)next_random(4) : LEVEL_UNSET;
    f->session_ending = one_in(15);
    f->approval_required = one_in(3);
    f->approved = one_in(2);
    f->observe = one_in(4);
}

static void random_step(struct random_step *s)
{
    static const enum step steps[] = {STEP_LOGIN, STEP_ACCOUNT, STEP_SETCRED, STEP_OPEN,   STEP_SUDO,
                                      STEP_SUDO,  STEP_COMMAND, STEP_COMMAND, STEP_ATTEST, STEP_RECHECK};
    int trouble = one_in(2);

    s->facts = (struct facts){.step = PICK(steps),
                              .now = NOW,
                              .boot = NOW - 86400,
                              .account = "agent-deploy",
                              .task = "task-1",
                              .session_deadline = NOW + 1};
    s->facts.service = PICK(services);
    s->facts.source = PICK(sources);
    random_credential(s, trouble);
    if (trouble)
        random_state(&s->facts);
    random_command(s);
}

/* Permitted, or refused and observed: nobody is kept from it. */
static int goes_on(const struct decision *decision)
{
    return decision->verdict == VERDICT_PERMIT || decision->observed;
}

/* --- what takes from a credential --- */

/* Another constraint in each tool, or one alternative less. */
static void narrow_scope(struct random_step *step)
{
    char *at, *value = NULL, *next;

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

/* As if it were later, but for the windows: the credential's lifetime stays what it was. */
static void end_sooner(struct facts *f, int64_t seconds)
{
    f->issued -= seconds;
    f->expires -= seconds;
    f->session_deadline -= seconds;
}

/* The same credential, delegated once more. */
static void delegate(struct facts *f)
{
    f->ancestors++;
    if (!f->delegator)
        f->delegator = PICK(identities);
    f->delegatee_proven = 0;
}

/* Another credential attests the session: both must allow what it does. */
static void attest_by_another(struct random_step *step)
{
    random_scope(step->attested);
    step->facts.scopes[1].text = step->attested;
    step->facts.scopes[1].len = strlen(step->attested);
    step->facts.scope_count = 2;
}

static void narrow_credential(struct random_step *step)
{
    if (step->facts.scopes[0].len != strlen(step->scope))
        return; /* it is cut, and refused */
    switch (next_random(6)) {
    case 0:
        end_sooner(&step->facts, (int64_t)next_random(700));
        break;
    case 1:
        delegate(&step->facts);
        break;
    case 2:
        if (step->facts.scope_count == 1)
            attest_by_another(step);
        break;
    default:
        narrow_scope(step);
    }
}

#endif
