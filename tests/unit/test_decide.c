/* common/judge/decide: every reason and every limit. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/compat.h"
#include "core/fields.h"
#include "judge/decide.h"
#include "judge/rules.h"

#define HEAD "pam_agent 1\n"
#define DEPLOY "spiffe://example.org/agent/deploy"
#define SCOPE_ALL HEAD "tool host:login\nrest 1\ntool host:sudo\nrest 1\n"

#define DEFAULTS "policy defaults\nwhere built in\npossession channel\n"
#define CARE "policy care\nwhere conf:1\nidentity " DEPLOY "\npurpose restart-web\npurpose incident-*\n"
#define LOGIN "rule allow-login\nrule-where conf:2\n"
#define SUDO "rule allow-sudo\nrule-where conf:3\ncommand /usr/bin/systemctl\nword restart\nword nginx\n"
#define DENY_SUDO "rule deny-sudo\nrule-where conf:4\n"
#define BASE HEAD DEFAULTS CARE LOGIN SUDO

#define NOW 1764000000

static const char *const restart_nginx[] = {"/usr/bin/systemctl", "restart", "nginx", NULL};
static const char *const restart_ssh[] = {"/usr/bin/systemctl", "restart", "ssh", NULL};
static const char *const shell_command[] = {"/bin/sh", "-c", NULL};
static const char *const shell[] = {"/bin/sh", NULL};

/* A step that BASE permits; a test changes what it is about. */
static struct facts good(enum step step)
{
    struct facts facts = {
        .step = step,
        .now = NOW,
        .boot = NOW - 86400,
        .account = "agent-deploy",
        .identity = DEPLOY,
        .issuer = "corp-sts",
        .task = "task-1",
        .purpose = "restart-web",
        .issued = NOW - 10,
        .expires = NOW + 290,
        .possession = POSSESSION_CHANNEL,
        .scopes = {{SCOPE_ALL, sizeof SCOPE_ALL - 1}},
        .scope_count = 1,
        .service = step == STEP_SUDO || step == STEP_COMMAND ? "sudo" : "sshd",
        .source = "10.0.0.5",
        .run_as = "root",
        .argv = restart_nginx,
        .argc = 3,
    };

    if (step == STEP_SUDO || step == STEP_COMMAND)
        facts.session_deadline = NOW + 290;
    return facts;
}

static char rule[128]; /* that decided: its policy and place */

static struct decision judge(const struct facts *facts, const char *text)
{
    struct policy_set set;
    struct decision decision;

    ck_assert_msg(policy_set_parse(text, strlen(text), &set) == 0, "%s", text);
    decision = decide(facts, &set);
    ck_assert_int_eq(decision.verdict == VERDICT_PERMIT, decision.reason == REASON_PERMIT);
    ck_assert_int_eq(decision.verdict != VERDICT_PERMIT, decision.verdict == VERDICT_DENY);
    snprintf(rule, sizeof rule, "%s %s", decision.rule ? decision.rule : "-",
             decision.rule_where ? decision.rule_where : "-");
    decision.rule = decision.rule_where = NULL; /* they go with the set */
    policy_set_clear(&set);
    return decision;
}

static void assert_reason(const struct facts *facts, const char *text, enum reason reason)
{
    struct decision decision = judge(facts, text);

    ck_assert_msg(decision.reason == reason, "%s, not %s, at %s of:\n%s", reason_word(decision.reason),
                  reason_word(reason), step_word(facts->step), text);
}

enum kind { LOGINS = 1, SUDOS = 2, ATTESTS = 4, RECHECKS = 8, IN_SESSION = ATTESTS | RECHECKS, ALL = 15 };

static const struct {
    enum kind kind;
    enum step step;
} steps[] = {
    {LOGINS, STEP_LOGIN}, {LOGINS, STEP_ACCOUNT}, {LOGINS, STEP_SETCRED}, {LOGINS, STEP_OPEN},
    {SUDOS, STEP_SUDO},   {SUDOS, STEP_COMMAND},  {ATTESTS, STEP_ATTEST}, {RECHECKS, STEP_RECHECK},
};

/* The reason at each step of the kinds. */
static void assert_steps(int kinds, void (*change)(struct facts *facts), const char *text, enum reason reason)
{
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct facts facts = good(steps[i].step);

        if (change)
            change(&facts);
        if (kinds & steps[i].kind)
            assert_reason(&facts, text, reason);
    }
}

START_TEST(good_steps_are_permitted)
{
    struct facts facts = good(STEP_OPEN);

    assert_steps(ALL, NULL, BASE, REASON_PERMIT);
    assert_reason(&facts, BASE, REASON_PERMIT);
    ck_assert_str_eq(rule, "care conf:2");
    facts = good(STEP_COMMAND);
    assert_reason(&facts, BASE, REASON_PERMIT);
    ck_assert_str_eq(rule, "care conf:3");
    assert_reason(&facts, BASE DENY_SUDO, REASON_DENIED_BY_RULE);
    ck_assert_str_eq(rule, "care conf:4");
    facts.argv = shell;
    facts.argc = 1;
    assert_reason(&facts, BASE, REASON_NO_RULE);
    ck_assert_str_eq(rule, "- -");
}
END_TEST

/* --- reasons: one change, one reason --- */

static void disabled(struct facts *f)
{
    f->identity_disabled = 1;
}
static void completed(struct facts *f)
{
    f->standing.task = TASK_COMPLETED;
}
static void suspended(struct facts *f)
{
    f->standing.task = TASK_SUSPENDED;
}
static void task_revoked(struct facts *f)
{
    f->standing.task = TASK_REVOKED;
}
static void revoked(struct facts *f)
{
    f->standing.revoked = 1;
    f->standing.revoked_by = LINK_KEY;
}
static void stopped(struct facts *f)
{
    f->standing.stopped = 1;
}
static void risky(struct facts *f)
{
    f->standing.risk = LEVEL_HIGH;
    f->sensitivity = LEVEL_HIGH;
}
static void expired(struct facts *f)
{
    f->expires = NOW - 1;
}
static void expires_now(struct facts *f)
{
    f->expires = NOW;
}
static void expires_next(struct facts *f)
{
    f->expires = NOW + 1;
}
static void forgeable(struct facts *f)
{
    f->environment_forgeable = 1;
}
static void before_boot(struct facts *f)
{
    f->issued = f->boot - 1;
}
static void at_boot(struct facts *f)
{
    f->issued = f->boot;
}
static void unproven(struct facts *f)
{
    f->possession = POSSESSION_UNSET;
}
static void bearer(struct facts *f)
{
    f->possession = POSSESSION_BEARER;
}
static void is_signed(struct facts *f)
{
    f->possession = POSSESSION_SIGNED;
}
static void used(struct facts *f)
{
    f->logins = 1;
}
static void busy(struct facts *f)
{
    f->account_busy = 1;
}
static void ending(struct facts *f)
{
    f->session_ending = 1;
}
static void over(struct facts *f)
{
    f->session_deadline = NOW;
}
static void no_deadline(struct facts *f)
{
    f->session_deadline = 0;
}
static void stranger(struct facts *f)
{
    f->identity = "spiffe://example.org/agent/other";
}
static void below(struct facts *f)
{
    f->identity = DEPLOY "/x";
}
static void other_purpose(struct facts *f)
{
    f->purpose = "restart-we";
}
static void no_purpose(struct facts *f)
{
    f->purpose = NULL;
}
static void incident(struct facts *f)
{
    f->purpose = "incident-7";
}
static void other_issuer(struct facts *f)
{
    f->issuer = "corp";
}
static void no_issuer(struct facts *f)
{
    f->issuer = NULL;
}
static void of_alice(struct facts *f)
{
    f->principal = "alice@example.org";
}
static void of_user(struct facts *f)
{
    f->principal = "spiffe://example.org/user/alice";
}
static void delegated_once(struct facts *f)
{
    f->ancestors = 1;
}
static void delegated_twice(struct facts *f)
{
    f->ancestors = 2;
}
static void other_service(struct facts *f)
{
    f->service = "su";
}
static void no_service(struct facts *f)
{
    f->service = NULL;
}
static void no_source(struct facts *f)
{
    f->source = NULL;
}
static void odd_source(struct facts *f)
{
    f->source = "host.example.org";
}
static void other_source(struct facts *f)
{
    f->source = "192.0.2.1";
}
static void other_user(struct facts *f)
{
    f->run_as = "www-data";
}
static void own_group(struct facts *f)
{
    f->own_group = "root";
}
static void other_group(struct facts *f)
{
    f->run_as = "root:adm";
    f->own_group = "root";
}
static void nameless_group(struct facts *f)
{
    f->run_as = "root:#77";
    f->own_group = "root";
}
static void other_command(struct facts *f)
{
    f->argv = restart_ssh;
}
static void no_source_other_command(struct facts *f)
{
    no_source(f);
    other_command(f);
}
static void runs_shell(struct facts *f)
{
    f->argv = shell;
    f->argc = 1;
}
static void set_scope(struct facts *f, const char *text)
{
    f->scopes[0].text = text;
    f->scopes[0].len = strlen(text);
}
static void scope_login_only(struct facts *f)
{
    set_scope(f, HEAD "tool host:login\nrest 1\n");
}
static void scope_sudo_only(struct facts *f)
{
    set_scope(f, HEAD "tool host:sudo\nrest 1\n");
}
static void no_scope(struct facts *f)
{
    f->scope_count = 0;
}
static void scopes_beyond(struct facts *f)
{
    f->scope_count = FACTS_SCOPES_MAX + 1;
}
/* Another credential has attested the session since. */
static void second_scope(struct facts *f, const char *text)
{
    f->scopes[1].text = text;
    f->scopes[1].len = strlen(text);
    f->scope_count = 2;
}
static void scope_login_then(struct facts *f)
{
    second_scope(f, HEAD "tool host:login\nrest 1\n");
}
static void scope_sudo_then(struct facts *f)
{
    second_scope(f, HEAD "tool host:sudo\nrest 1\n");
}
static void scope_apart(struct facts *f)
{
    scope_login_only(f);
    scope_sudo_then(f);
}
static void scope_then_torn(struct facts *f)
{
    second_scope(f, "x");
}
static void scope_none(struct facts *f)
{
    set_scope(f, HEAD);
}
static void scope_empty(struct facts *f)
{
    set_scope(f, "");
}
static void scope_torn(struct facts *f)
{
    f->scopes[0].len--;
}
static void scope_unknown(struct facts *f)
{
    set_scope(f, HEAD "tool host:login\nrest 1\narg cwd\nvalue /\ntool host:sudo\nrest 1\narg cwd\nvalue /\n");
}
static void scope_account(struct facts *f)
{
    set_scope(f, HEAD "tool host:login\narg account\nvalue agent-deploy\narg service\nvalue sshd\n"
                      "tool host:sudo\narg runas\nvalue root\narg command\nvalue /usr/bin/systemctl\n"
                      "arg args\nlist restart\nitem nginx\n");
}
static void scope_other(struct facts *f)
{
    set_scope(f, HEAD "tool host:login\nrest 1\narg account\nvalue agent-other\n"
                      "tool host:sudo\nrest 1\narg args\nlist restart\nitem apache\n");
}
static void scope_own_group(struct facts *f)
{
    other_group(f);
    set_scope(f, HEAD "tool host:sudo\nrest 1\narg runas\nvalue root\n");
}
static void scope_group(struct facts *f)
{
    other_group(f);
    set_scope(f, HEAD "tool host:sudo\nrest 1\narg runas\nvalue root:adm\n");
}
static void no_arguments(struct facts *f)
{
    set_scope(f, HEAD "tool host:login\nrest 1\ntool host:sudo\narg runas\nvalue root\narg command\nvalue /bin/sh\n");
    f->argv = shell;
    f->argc = 1;
}
static void too_many_arguments(struct facts *f)
{
    no_arguments(f);
    f->argv = shell_command;
    f->argc = 2;
}
static void used_bearer(struct facts *f)
{
    bearer(f);
    used(f);
}
static void not_approved(struct facts *f)
{
    f->approval_required = 1;
}
static void approved(struct facts *f)
{
    f->approval_required = f->approved = 1;
}
static void approved_for_nothing(struct facts *f)
{
    f->approved = 1;
}
static void no_words(struct facts *f)
{
    f->argc = 0;
}

/* Two things at once. */
static void other_purpose_no_scope(struct facts *f)
{
    other_purpose(f);
    scope_none(f);
}
static void risky_other_service(struct facts *f)
{
    risky(f);
    other_service(f);
    other_command(f);
}
static void signed_used(struct facts *f)
{
    is_signed(f);
    used(f);
}
static void busy_unproven(struct facts *f)
{
    busy(f);
    unproven(f);
}
static void of_alice_other_issuer(struct facts *f)
{
    of_alice(f);
    other_issuer(f);
}
static void delegated_by_planner(struct facts *f)
{
    delegated_twice(f);
    f->delegator = "spiffe://example.org/agent/planner";
}
static void spent_not_approved(struct facts *f)
{
    f->steps_permitted = f->steps_last_minute = 1;
    not_approved(f);
}
static void after_boot(struct facts *f)
{
    f->issued = f->boot + 1;
}
static void deadline_next(struct facts *f)
{
    f->session_deadline = NOW + 1;
}

#define FROM10 HEAD CARE LOGIN "from 10.0.0.0/8\n"
#define DENY10 BASE "rule deny-login\nfrom 10.0.0.0/8\n"
/* NOW is a Monday, 16:00 UTC. */
#define ZONES HEAD "zone UTC\noffset 0 0\nzone Asia/Kathmandu\noffset 0 20700\n"
#define TIMED ZONES DEFAULTS CARE LOGIN SUDO
#define INSIDE "window mon 15:59-16:01 UTC\n"
#define OUTSIDE "window mon 14:00-16:00 UTC\n"
#define SUDO10 HEAD CARE SUDO "from 10.0.0.0/8\n"
#define DENY_SUDO10 BASE DENY_SUDO "from 10.0.0.0/8\n"
#define TWO(one, other) HEAD CARE one LOGIN "policy other\nidentity " DEPLOY "\n" other
#define PLANNED HEAD "delegator spiffe://example.org/agent/planner\n" CARE
#define DENY_INCIDENTS "policy deny\nidentity " DEPLOY "\npurpose incident-*\nrule deny-login\n" DENY_SUDO
/* The one policy that allows, under this condition. */
#define OF(condition) HEAD CARE condition LOGIN SUDO

static const struct {
    int kinds;
    void (*change)(struct facts *facts);
    const char *text;
    enum reason reason;
} reasons[] = {
    {ALL, disabled, BASE, REASON_IDENTITY_DISABLED},
    {ALL, completed, BASE, REASON_TASK_COMPLETED},
    {ALL, task_revoked, BASE, REASON_TASK_REVOKED},
    {ALL, revoked, BASE, REASON_REVOKED},
    {ALL & ~RECHECKS, suspended, BASE, REASON_TASK_SUSPENDED},
    {RECHECKS, suspended, BASE, REASON_PERMIT}, /* frozen, not ended */
    {ALL & ~RECHECKS, stopped, BASE, REASON_STOPPED},
    {RECHECKS, stopped, BASE, REASON_PERMIT},
    {ALL, risky, BASE, REASON_RISK_TOO_HIGH},
    {ALL & ~RECHECKS, expired, BASE, REASON_EXPIRED},
    {ALL & ~RECHECKS, expires_now, BASE, REASON_EXPIRED},
    {RECHECKS, expired, BASE, REASON_PERMIT}, /* by the deadline alone */
    {ALL, expires_next, BASE, REASON_PERMIT},
    {LOGINS | ATTESTS, expired, BASE "policy r\nidentity " DEPLOY "\nreattest-every 60\n", REASON_EXPIRED},
    {SUDOS, expired, BASE "policy r\nidentity " DEPLOY "\nreattest-every 60\n", REASON_PERMIT},
    {SUDOS, expired, BASE "policy r\nidentity spiffe://example.com/*\nreattest-every 60\n", REASON_EXPIRED},
    {LOGINS, forgeable, BASE, REASON_ENVIRONMENT_FORGEABLE},
    {IN_SESSION, forgeable, BASE, REASON_PERMIT},
    {LOGINS | ATTESTS, before_boot, BASE, REASON_BEFORE_BOOT},
    {RECHECKS, before_boot, BASE, REASON_PERMIT},
    {LOGINS | ATTESTS, at_boot, BASE, REASON_BEFORE_BOOT},
    {LOGINS | ATTESTS, NULL, BASE "policy r\nidentity " DEPLOY "\nmax-lifetime 1\n", REASON_LIFETIME_TOO_LONG},
    {RECHECKS, NULL, BASE "policy r\nidentity " DEPLOY "\nmax-lifetime 1\n", REASON_PERMIT},

    /* possession */
    {LOGINS | ATTESTS, unproven, BASE, REASON_POSSESSION_MISSING},
    {RECHECKS, unproven, BASE, REASON_PERMIT},
    {LOGINS, unproven, BASE "possession bearer\n", REASON_POSSESSION_MISSING},
    {LOGINS, bearer, BASE, REASON_POSSESSION_MISSING},
    {LOGINS | ATTESTS, is_signed, BASE, REASON_POSSESSION_TOO_WEAK},
    {LOGINS, is_signed, HEAD CARE LOGIN, REASON_POSSESSION_TOO_WEAK}, /* channel where nothing is said */
    {LOGINS, is_signed, HEAD CARE "possession signed\n" LOGIN, REASON_PERMIT},
    {LOGINS, NULL, HEAD CARE "possession signed\n" LOGIN, REASON_PERMIT},
    {LOGINS, bearer, HEAD CARE "possession signed\n" LOGIN, REASON_POSSESSION_MISSING},
    {LOGINS, bearer, HEAD CARE "possession bearer\n" LOGIN, REASON_PERMIT},
    {LOGINS, is_signed, HEAD CARE "possession bearer\n" LOGIN, REASON_PERMIT},

    {LOGINS | ATTESTS, used, BASE, REASON_REPLAYED},
    {RECHECKS, used, BASE, REASON_PERMIT},
    {LOGINS | ATTESTS, used, HEAD CARE "max-logins 2\n" LOGIN, REASON_PERMIT},
    {LOGINS, bearer, HEAD CARE "possession bearer\nmax-logins 5\n" LOGIN, REASON_PERMIT},
    {LOGINS, used_bearer, HEAD CARE "possession bearer\nmax-logins 5\n" LOGIN,
     REASON_REPLAYED}, /* once, whatever is set */
    {LOGINS, busy, BASE, REASON_ACCOUNT_BUSY},
    {IN_SESSION, busy, BASE, REASON_PERMIT},
    {SUDOS, ending, BASE, REASON_SESSION_ENDING},
    {SUDOS, over, BASE, REASON_SESSION_EXPIRED},
    {SUDOS, no_deadline, BASE, REASON_SESSION_EXPIRED},

    /* which policies are of this session */
    {ALL, NULL, HEAD, REASON_NO_POLICY},
    {ALL, NULL, HEAD DEFAULTS, REASON_NO_POLICY},
    {ALL, stranger, BASE, REASON_NO_POLICY},
    {ALL, below, BASE, REASON_NO_POLICY},
    {LOGINS | SUDOS, below, HEAD "policy p\nidentity " DEPLOY "/*\n" LOGIN SUDO, REASON_PERMIT},
    {LOGINS | SUDOS, NULL, HEAD "policy p\nidentity " DEPLOY "/*\n" LOGIN SUDO, REASON_NO_POLICY},
    {LOGINS | SUDOS, NULL, HEAD "policy p\nidentity spiffe://example.org/*\n" LOGIN SUDO, REASON_PERMIT},
    {LOGINS | SUDOS, NULL, HEAD "policy p\nidentity spiffe://example.com/*\n" LOGIN SUDO, REASON_NO_POLICY},
    {LOGINS | SUDOS, other_purpose, BASE, REASON_NO_POLICY},
    {LOGINS | SUDOS, no_purpose, BASE, REASON_NO_POLICY},
    {LOGINS | SUDOS, incident, BASE, REASON_PERMIT},
    {LOGINS | SUDOS, no_purpose, HEAD "policy p\nidentity " DEPLOY "\n" LOGIN SUDO, REASON_PERMIT},
    {LOGINS | SUDOS, no_purpose, HEAD "policy p\nidentity " DEPLOY "\npurpose *\n" LOGIN SUDO, REASON_NO_POLICY},

    {ALL, NULL, OF("issuer corp-sts\n"), REASON_PERMIT},
    {ALL, NULL, OF("issuer other\nissuer corp-sts\n"), REASON_PERMIT},
    {ALL, other_issuer, OF("issuer corp-sts\n"), REASON_NO_POLICY},
    {ALL, no_issuer, OF("issuer corp-sts\n"), REASON_NO_POLICY},
    {ALL, NULL, OF("issuer corp-*\n"), REASON_NO_POLICY},               /* no pattern */
    {ALL, NULL, OF("principal alice@example.org\n"), REASON_NO_POLICY}, /* nobody is no one of them */
    {ALL, NULL, OF("principal *\n"), REASON_NO_POLICY},
    {ALL, of_alice, OF(""), REASON_PERMIT},
    {ALL, of_alice, OF("principal alice@example.org\n"), REASON_PERMIT},
    {ALL, of_alice, OF("principal *\n"), REASON_PERMIT},
    {ALL, of_alice, OF("principal bob@example.org\nprincipal *@example.org\n"), REASON_PERMIT},
    {ALL, of_alice, OF("principal *@example.or\n"), REASON_NO_POLICY},
    {ALL, of_alice, OF("principal alice\n"), REASON_NO_POLICY},
    {ALL, of_alice, OF("principal Alice@example.org\n"), REASON_NO_POLICY},
    {ALL, of_user, OF("principal spiffe://example.org/user/*\n"), REASON_PERMIT},
    {ALL, of_user, OF("principal spiffe://example.org/*\n"), REASON_NO_POLICY}, /* a star crosses no slash */
    {ALL, of_alice, OF("issuer corp-sts\nprincipal alice@*\n"), REASON_PERMIT},
    {ALL, of_alice, OF("issuer corp\nprincipal alice@*\n"), REASON_NO_POLICY}, /* each must hold */
    {ALL, NULL, BASE "policy deny\nidentity " DEPLOY "\nissuer corp\nrule deny-login\n" DENY_SUDO, REASON_PERMIT},
    {ALL, other_issuer, BASE "policy deny\nidentity " DEPLOY "\nissuer corp\nrule deny-login\n" DENY_SUDO,
     REASON_DENIED_BY_RULE},

    /* how often it was delegated */
    {ALL, delegated_twice, BASE, REASON_PERMIT},
    {ALL, NULL, BASE "max-delegation 0\n", REASON_PERMIT},
    {ALL, delegated_once, BASE "max-delegation 0\n", REASON_CHAIN_TOO_DEEP},
    {ALL, delegated_once, BASE "max-delegation 1\n", REASON_PERMIT},
    {ALL, delegated_twice, BASE "max-delegation 1\n", REASON_CHAIN_TOO_DEEP},
    {ALL, delegated_once, TWO("max-delegation 1\n" SUDO, "max-delegation 0\n"), REASON_CHAIN_TOO_DEEP},
    {ALL, delegated_once, HEAD "policy defaults\nmax-delegation 0\n" CARE "max-delegation 8\n" LOGIN SUDO,
     REASON_CHAIN_TOO_DEEP},

    /* login rules */
    {LOGINS | IN_SESSION, NULL, HEAD CARE SUDO, REASON_NO_RULE},
    {LOGINS | IN_SESSION, other_service, BASE, REASON_NO_RULE},
    {LOGINS, no_service, HEAD CARE "rule allow-login\nservice sshd\n", REASON_NO_RULE},
    {LOGINS, other_service, HEAD CARE LOGIN "service su\n", REASON_PERMIT},
    {LOGINS, NULL, HEAD CARE LOGIN "service su\n", REASON_NO_RULE},
    {LOGINS, NULL, HEAD CARE LOGIN "service su\nservice sshd\n", REASON_PERMIT},
    {LOGINS | IN_SESSION, NULL, BASE "rule deny-login\n", REASON_DENIED_BY_RULE},
    {LOGINS, NULL, BASE "rule deny-login\nservice sshd\n", REASON_DENIED_BY_RULE},
    {LOGINS, NULL, BASE "rule deny-login\nservice su\n", REASON_PERMIT},
    {LOGINS, other_service, HEAD CARE LOGIN "service su\nrule deny-login\n",
     REASON_DENIED_BY_RULE}, /* of any service */
    {LOGINS, NULL, FROM10, REASON_PERMIT},
    {LOGINS | IN_SESSION, other_source, FROM10, REASON_NO_RULE},
    {LOGINS, other_source, FROM10 "from 192.0.2.0/24\n", REASON_PERMIT},
    {LOGINS | IN_SESSION, no_source, FROM10, REASON_SOURCE_UNKNOWN},
    {LOGINS, no_source, FROM10 LOGIN, REASON_PERMIT}, /* a rule that limits none is there, too */
    {LOGINS, no_source, HEAD CARE LOGIN LOGIN "from 10.0.0.0/8\n", REASON_PERMIT},
    {LOGINS, no_source, BASE, REASON_PERMIT},
    {LOGINS, odd_source, FROM10, REASON_NO_RULE},
    {LOGINS, NULL, DENY10, REASON_DENIED_BY_RULE},
    {LOGINS, other_source, DENY10, REASON_PERMIT},
    {LOGINS, no_source, DENY10, REASON_SOURCE_UNKNOWN}, /* it might be the denied one */
    {LOGINS, no_source, DENY10 "rule deny-login\n", REASON_DENIED_BY_RULE},
    {LOGINS, no_source, DENY10 "service su\n", REASON_PERMIT},

    /* sudo rules */
    {SUDOS, NULL, HEAD CARE LOGIN, REASON_NO_RULE},
    {SUDOS, other_user, BASE, REASON_NO_RULE}, /* root where nothing is said */
    {SUDOS, other_user, HEAD CARE SUDO "run-as www-data\n", REASON_PERMIT},
    {SUDOS, NULL, HEAD CARE SUDO "run-as www-data\n", REASON_NO_RULE},
    {SUDOS, other_command, BASE, REASON_NO_RULE},
    {SUDOS, runs_shell, BASE, REASON_NO_RULE},
    {SUDOS, runs_shell, HEAD CARE "rule allow-sudo\nany-command 1\n", REASON_PERMIT},
    {SUDOS, runs_shell, HEAD CARE "rule allow-sudo\n", REASON_NO_RULE}, /* no command is none */
    {SUDOS, NULL, BASE DENY_SUDO, REASON_DENIED_BY_RULE},               /* and any, where it denies */
    {SUDOS, NULL, BASE DENY_SUDO "run-as root\n", REASON_DENIED_BY_RULE},
    {SUDOS, NULL, BASE DENY_SUDO "run-as www-data\n", REASON_PERMIT},
    {SUDOS, other_user, HEAD CARE SUDO "run-as www-data\n" DENY_SUDO, REASON_DENIED_BY_RULE},
    {SUDOS, NULL, BASE DENY_SUDO "command /usr/bin/systemctl\nany-arguments 1\n", REASON_DENIED_BY_RULE},

    /* groups: the user's own where a rule names none, any where it denies */
    {SUDOS, own_group, BASE, REASON_PERMIT},
    {SUDOS, other_group, BASE, REASON_NO_RULE},
    {SUDOS, nameless_group, BASE, REASON_NO_RULE},
    {SUDOS, other_group, HEAD CARE "rule allow-sudo\nany-command 1\n", REASON_NO_RULE},
    {SUDOS, other_group, HEAD CARE SUDO "run-as-group web\nrun-as-group adm\n", REASON_PERMIT},
    {SUDOS, other_group, HEAD CARE SUDO "run-as root\nrun-as-group adm\n", REASON_PERMIT},
    {SUDOS, other_group, HEAD CARE SUDO "run-as www-data\nrun-as-group adm\n", REASON_NO_RULE},
    {SUDOS, other_group, HEAD CARE SUDO "run-as roo\nrun-as root:adm\nrun-as-group adm\n", REASON_NO_RULE},
    {SUDOS, other_group, HEAD CARE SUDO "run-as-group web\n", REASON_NO_RULE},
    {SUDOS, nameless_group, HEAD CARE SUDO "run-as-group adm\n", REASON_NO_RULE},
    {SUDOS, own_group, HEAD CARE SUDO "run-as-group adm\n", REASON_NO_RULE}, /* exactly those */
    {SUDOS, own_group, HEAD CARE SUDO "run-as-group adm\nrun-as-group root\n", REASON_PERMIT},
    {SUDOS, NULL, HEAD CARE SUDO "run-as-group root\n", REASON_NO_RULE}, /* its name is not known */
    {SUDOS, other_group, BASE SUDO "run-as-group adm\n" DENY_SUDO, REASON_DENIED_BY_RULE},
    {SUDOS, other_group, BASE SUDO "run-as-group adm\n" DENY_SUDO "run-as root\n", REASON_DENIED_BY_RULE},
    {SUDOS, other_group, BASE SUDO "run-as-group adm\n" DENY_SUDO "run-as-group adm\n", REASON_DENIED_BY_RULE},
    {SUDOS, other_group, BASE SUDO "run-as-group adm\n" DENY_SUDO "run-as-group root\n", REASON_PERMIT},
    {SUDOS, own_group, BASE DENY_SUDO "run-as-group root\n", REASON_DENIED_BY_RULE},
    {SUDOS, own_group, BASE DENY_SUDO "run-as-group adm\n", REASON_PERMIT},
    {SUDOS, NULL, BASE DENY_SUDO "run-as-group adm\n", REASON_DENIED_BY_RULE}, /* it might be that one */

    {SUDOS, NULL, BASE DENY_SUDO "command /usr/bin/systemctl\n", REASON_PERMIT},
    {SUDOS, NULL, BASE DENY_SUDO "command /bin/sh\nany-command 1\n", REASON_DENIED_BY_RULE},
    {SUDOS, NULL, HEAD CARE DENY_SUDO "policy late\nidentity " DEPLOY "\n" SUDO, REASON_DENIED_BY_RULE},
    {SUDOS, NULL, BASE "policy deny\nidentity spiffe://example.org/*\n" DENY_SUDO, REASON_DENIED_BY_RULE},
    {SUDOS, NULL, BASE "policy deny\nidentity spiffe://example.com/*\n" DENY_SUDO,
     REASON_PERMIT}, /* not of this session */
    {SUDOS, NULL, SUDO10, REASON_PERMIT},
    {SUDOS, other_source, SUDO10, REASON_NO_RULE},
    {SUDOS, odd_source, SUDO10, REASON_NO_RULE},
    {SUDOS, no_source, SUDO10, REASON_SOURCE_UNKNOWN},
    {SUDOS, no_source, SUDO10 SUDO, REASON_PERMIT}, /* another one allows it */
    {SUDOS, no_source_other_command, SUDO10, REASON_NO_RULE},
    {SUDOS, NULL, DENY_SUDO10, REASON_DENIED_BY_RULE},
    {SUDOS, other_source, DENY_SUDO10, REASON_PERMIT},
    {SUDOS, no_source, DENY_SUDO10, REASON_SOURCE_UNKNOWN},
    {SUDOS, no_source, DENY_SUDO10 "command /bin/sh\n", REASON_PERMIT}, /* it is about another command */
    {SUDOS, no_source, DENY_SUDO10 "run-as www-data\n", REASON_PERMIT},
    {SUDOS, no_source, DENY_SUDO10 DENY_SUDO, REASON_DENIED_BY_RULE},

    /* windows: of what begins, not of what goes on */
    {ALL, NULL, ZONES CARE LOGIN INSIDE SUDO INSIDE, REASON_PERMIT},
    {LOGINS | ATTESTS | SUDOS, NULL, ZONES CARE LOGIN OUTSIDE SUDO OUTSIDE, REASON_NO_RULE},
    {RECHECKS, NULL, ZONES CARE LOGIN OUTSIDE SUDO OUTSIDE, REASON_PERMIT},
    {LOGINS | SUDOS, NULL, ZONES CARE LOGIN OUTSIDE INSIDE SUDO OUTSIDE INSIDE, REASON_PERMIT}, /* any of them */
    {LOGINS | SUDOS, NULL, ZONES CARE LOGIN OUTSIDE LOGIN SUDO OUTSIDE SUDO, REASON_PERMIT},
    {LOGINS, NULL, ZONES CARE LOGIN "window 21:45-21:46 Asia/Kathmandu\n", REASON_PERMIT},
    {LOGINS, NULL, ZONES CARE LOGIN "window 21:46-21:45 Asia/Kathmandu\n", REASON_NO_RULE},
    {LOGINS | ATTESTS, NULL, TIMED "rule deny-login\n" INSIDE, REASON_DENIED_BY_RULE},
    {LOGINS | IN_SESSION, NULL, TIMED "rule deny-login\n" OUTSIDE, REASON_PERMIT},
    {RECHECKS, NULL, TIMED "rule deny-login\n" INSIDE, REASON_PERMIT},
    {RECHECKS, NULL, TIMED "rule deny-login\n" INSIDE "rule deny-login\n", REASON_DENIED_BY_RULE},
    {RECHECKS, other_service, ZONES CARE LOGIN OUTSIDE, REASON_NO_RULE},
    {RECHECKS, other_source, ZONES CARE LOGIN OUTSIDE "from 10.0.0.0/8\n", REASON_NO_RULE},
    {SUDOS, NULL, TIMED DENY_SUDO INSIDE, REASON_DENIED_BY_RULE},
    {SUDOS, NULL, TIMED DENY_SUDO OUTSIDE, REASON_PERMIT},
    {SUDOS, NULL, TIMED DENY_SUDO OUTSIDE INSIDE, REASON_DENIED_BY_RULE},
    {SUDOS, no_source, TIMED DENY_SUDO OUTSIDE "from 10.0.0.0/8\n", REASON_PERMIT}, /* it is about another time */
    {SUDOS, no_source, TIMED DENY_SUDO INSIDE "from 10.0.0.0/8\n", REASON_SOURCE_UNKNOWN},

    /* scope */
    {LOGINS | IN_SESSION, scope_login_only, BASE, REASON_PERMIT},
    {SUDOS, scope_login_only, BASE, REASON_SCOPE_EXCEEDED},
    {LOGINS | IN_SESSION, scope_sudo_only, BASE, REASON_SCOPE_EXCEEDED},
    {SUDOS, scope_sudo_only, BASE, REASON_PERMIT},
    {ALL, no_scope, BASE, REASON_STATE_UNAVAILABLE},
    {ALL, scopes_beyond, BASE, REASON_STATE_UNAVAILABLE},
    {LOGINS | IN_SESSION, scope_login_then, BASE, REASON_PERMIT}, /* each must allow it */
    {SUDOS, scope_login_then, BASE, REASON_SCOPE_EXCEEDED},
    {LOGINS | IN_SESSION, scope_sudo_then, BASE, REASON_SCOPE_EXCEEDED},
    {SUDOS, scope_sudo_then, BASE, REASON_PERMIT},
    {ALL, scope_apart, BASE, REASON_SCOPE_EXCEEDED},
    {ALL, scope_then_torn, BASE, REASON_STATE_UNAVAILABLE},
    {LOGINS | SUDOS, scope_none, BASE, REASON_SCOPE_EXCEEDED},
    {LOGINS | SUDOS, scope_empty, BASE, REASON_STATE_UNAVAILABLE},
    {LOGINS | SUDOS, scope_torn, BASE, REASON_STATE_UNAVAILABLE},
    {LOGINS | SUDOS, scope_unknown, BASE, REASON_COMMAND_UNKNOWN},
    {LOGINS | SUDOS, scope_account, BASE, REASON_PERMIT},
    {LOGINS | SUDOS, scope_other, BASE, REASON_SCOPE_EXCEEDED},

    /* another group is no part of a user */
    {SUDOS, scope_own_group, BASE SUDO "run-as-group adm\n", REASON_SCOPE_EXCEEDED},
    {SUDOS, scope_group, BASE SUDO "run-as-group adm\n", REASON_PERMIT},

    /* arguments that were not given need not be named */
    {SUDOS, no_arguments, HEAD CARE "rule allow-sudo\nany-command 1\n", REASON_PERMIT},
    {SUDOS, too_many_arguments, HEAD CARE "rule allow-sudo\nany-command 1\n", REASON_SCOPE_EXCEEDED},

    {SUDOS, not_approved, BASE, REASON_NOT_APPROVED},
    {SUDOS, approved, BASE, REASON_PERMIT},
    {SUDOS, approved_for_nothing, HEAD CARE LOGIN, REASON_NO_RULE},
    {SUDOS, no_words, BASE, REASON_BAD_QUESTION},

    /* the last value on the good side */
    {LOGINS | ATTESTS, after_boot, BASE, REASON_PERMIT},
    {SUDOS, deadline_next, BASE, REASON_PERMIT},

    /* two that meet: which one is told, and what two policies or rules together do not allow */
    {ALL, other_purpose_no_scope, BASE, REASON_NO_POLICY},
    {LOGINS | ATTESTS, NULL, ZONES CARE "max-lifetime 1\n" LOGIN OUTSIDE SUDO, REASON_LIFETIME_TOO_LONG},
    {RECHECKS, NULL, ZONES CARE "max-lifetime 1\n" LOGIN OUTSIDE SUDO, REASON_PERMIT},
    {LOGINS | ATTESTS, signed_used, BASE, REASON_REPLAYED},
    {LOGINS, busy_unproven, BASE, REASON_POSSESSION_MISSING},
    {LOGINS, NULL, ZONES CARE LOGIN INSIDE "from 10.0.0.0/8\n", REASON_PERMIT},
    {LOGINS, NULL, ZONES CARE LOGIN OUTSIDE "from 10.0.0.0/8\n", REASON_NO_RULE},
    {LOGINS, other_source, ZONES CARE LOGIN INSIDE "from 10.0.0.0/8\n", REASON_NO_RULE},
    {LOGINS, no_source, ZONES CARE LOGIN OUTSIDE "from 10.0.0.0/8\n", REASON_NO_RULE},
    {LOGINS, no_source, ZONES CARE LOGIN INSIDE "from 10.0.0.0/8\n", REASON_SOURCE_UNKNOWN},
    {LOGINS, NULL, ZONES CARE LOGIN OUTSIDE "from 10.0.0.0/8\n" LOGIN INSIDE "from 192.0.2.1\n", REASON_NO_RULE},
    {LOGINS, other_service, HEAD CARE LOGIN "service su\nfrom 192.0.2.1\n" LOGIN "from 10.0.0.0/8\n", REASON_NO_RULE},
    {SUDOS, other_user, HEAD CARE SUDO "rule allow-sudo\nrun-as www-data\ncommand /bin/sh\n", REASON_NO_RULE},
    {SUDOS, NULL, ZONES CARE SUDO OUTSIDE "rule allow-sudo\ncommand /bin/sh\n" INSIDE, REASON_NO_RULE},
    {SUDOS, NULL,
     HEAD "policy p\nidentity " DEPLOY "\npurpose other\n" SUDO
          "policy q\nidentity spiffe://example.com/*\npurpose restart-web\n" SUDO,
     REASON_NO_POLICY},
    {SUDOS, NULL, HEAD CARE LOGIN "policy q\nidentity " DEPLOY "\nissuer corp\n" SUDO, REASON_NO_RULE},
    {ALL, risky_other_service, BASE, REASON_NO_RULE}, /* at no risk is it allowed */
    {SUDOS, risky, ZONES CARE SUDO OUTSIDE, REASON_NO_RULE},
    {SUDOS, risky, ZONES CARE SUDO INSIDE, REASON_RISK_TOO_HIGH},
    {LOGINS | ATTESTS | SUDOS, risky, TIMED "rule deny-login\n" INSIDE DENY_SUDO INSIDE, REASON_DENIED_BY_RULE},
    {LOGINS | ATTESTS | SUDOS, risky, TIMED "rule deny-login\n" OUTSIDE DENY_SUDO OUTSIDE, REASON_RISK_TOO_HIGH},
    {ALL, of_alice_other_issuer, OF("issuer corp-sts\nprincipal alice@*\n"), REASON_NO_POLICY},
    {ALL, delegated_by_planner, BASE "max-delegation 1\n", REASON_DELEGATEE_UNKNOWN},
    {ALL, delegated_by_planner, PLANNED LOGIN SUDO, REASON_PERMIT},
    {ALL, delegated_by_planner, PLANNED "max-delegation 1\n" LOGIN SUDO, REASON_CHAIN_TOO_DEEP},
    {ALL, delegated_by_planner, PLANNED "max-delegation 2\n" LOGIN SUDO, REASON_PERMIT},
    {SUDOS, spent_not_approved, TWO("max-steps 1\nsteps-per-minute 1\n" SUDO, ""), REASON_NOT_APPROVED},
    {ALL, NULL, BASE DENY_INCIDENTS, REASON_PERMIT},
    {ALL, incident, BASE DENY_INCIDENTS, REASON_DENIED_BY_RULE},
    {ALL, no_purpose, HEAD "policy p\nidentity " DEPLOY "\n" LOGIN SUDO DENY_INCIDENTS, REASON_PERMIT},
    {ALL, of_alice, OF("") "policy deny\nidentity " DEPLOY "\nprincipal al*\nrule deny-login\n" DENY_SUDO,
     REASON_DENIED_BY_RULE},
    {ALL, NULL, OF("") "policy deny\nidentity " DEPLOY "\nprincipal *\nrule deny-login\n" DENY_SUDO, REASON_PERMIT},
};

START_TEST(reason_table)
{
    assert_steps(reasons[_i].kinds, reasons[_i].change, reasons[_i].text, reasons[_i].reason);
}
END_TEST

/* --- observing --- */

/* What no host that observes leaves to others, or what has no session that could go on. */
static int is_never_observed(enum reason reason)
{
    static const enum reason never[] = {
        REASON_PERMIT,
        REASON_IDENTITY_DISABLED,
        REASON_STOPPED,
        REASON_TASK_REVOKED,
        REASON_REVOKED,
        REASON_TASK_COMPLETED,
        REASON_TASK_SUSPENDED,
        REASON_SESSION_ENDING,
        REASON_DELEGATEE_UNKNOWN,
        REASON_BEFORE_BOOT,
        REASON_POSSESSION_MISSING,
        REASON_REPLAYED,
        REASON_ACCOUNT_BUSY,
        REASON_ENVIRONMENT_FORGEABLE,
        REASON_BAD_QUESTION,
        REASON_STATE_UNAVAILABLE,
    };

    for (size_t i = 0; i < COUNT_OF(never); i++)
        if (never[i] == reason)
            return 1;
    return 0;
}

START_TEST(observed_on_a_host_that_observes)
{
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct facts facts = good(steps[i].step);
        struct decision decision;

        if (!(reasons[_i].kinds & steps[i].kind))
            continue;
        if (reasons[_i].change)
            reasons[_i].change(&facts);
        ck_assert(!judge(&facts, reasons[_i].text).observed);
        facts.observe = 1;
        decision = judge(&facts, reasons[_i].text);
        ck_assert_int_eq(decision.reason, reasons[_i].reason);
        ck_assert_msg(decision.observed == !is_never_observed(decision.reason), "%s at %s of:\n%s",
                      reason_word(decision.reason), step_word(facts.step), reasons[_i].text);
        /* A session that goes on has its limits. */
        ck_assert(!decision.observed || decision.limits.max_session > 0);
    }
}
END_TEST

#define OBSERVE "mode observe\n"
#define ENFORCE "mode enforce\n"
#define OTHER(mode) "policy other\nidentity " DEPLOY "\n" mode
#define ELSEWHERE(mode) "policy elsewhere\nidentity spiffe://example.org/agent/other\n" mode

static const struct {
    const char *text;
    int observed;
} modes[] = {
    {HEAD CARE, 0},
    {HEAD CARE OBSERVE, 1},
    {HEAD CARE ENFORCE, 0},
    {HEAD CARE OBSERVE OTHER(OBSERVE), 1},
    {HEAD CARE OBSERVE OTHER(ENFORCE), 0},
    {HEAD CARE ENFORCE OTHER(OBSERVE), 0},
    {HEAD CARE OBSERVE OTHER(""), 0}, /* one that says nothing enforces */
    {HEAD CARE OTHER(OBSERVE), 0},
    {HEAD CARE OBSERVE ELSEWHERE(ENFORCE), 1}, /* does not apply */
    {HEAD CARE ELSEWHERE(OBSERVE), 0},
    {HEAD ELSEWHERE(OBSERVE), 0}, /* none applies */
    {HEAD DEFAULTS OBSERVE ELSEWHERE(""), 0},
    /* the defaults say it for those that say nothing, and bind none */
    {HEAD DEFAULTS OBSERVE CARE, 1},
    {HEAD DEFAULTS OBSERVE CARE ENFORCE, 0},
    {HEAD DEFAULTS OBSERVE CARE OTHER(ENFORCE), 0},
    {HEAD DEFAULTS ENFORCE CARE OBSERVE, 1},
    {HEAD DEFAULTS ENFORCE CARE, 0},
    {HEAD DEFAULTS ENFORCE CARE OBSERVE OTHER(""), 0},
};

START_TEST(observed_by_the_policies_that_apply)
{
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct facts facts = good(steps[i].step);
        struct decision decision = judge(&facts, modes[_i].text);

        ck_assert_int_eq(decision.verdict, VERDICT_DENY);
        ck_assert_msg(decision.observed == modes[_i].observed, "at %s of:\n%s", step_word(facts.step), modes[_i].text);
    }
}
END_TEST

static void of_planner(struct facts *f)
{
    f->delegator = "spiffe://example.org/agent/planner";
}

/* What policy or time refuses first is observed; where something else refuses it, too, that is the reason. */
static const struct {
    int kinds;
    void (*first)(struct facts *facts);
    const char *text;
    enum reason reason;
    void (*other)(struct facts *facts);
    enum reason other_reason;
} both[] = {
    {LOGINS | ATTESTS, expired, BASE, REASON_EXPIRED, used, REASON_REPLAYED},
    {LOGINS | ATTESTS, expired, BASE, REASON_EXPIRED, unproven, REASON_POSSESSION_MISSING},
    {LOGINS | ATTESTS, expired, BASE, REASON_EXPIRED, bearer, REASON_POSSESSION_MISSING},
    {LOGINS | ATTESTS, stranger, BASE, REASON_NO_POLICY, before_boot, REASON_BEFORE_BOOT},
    {LOGINS, delegated_once, BASE "max-delegation 0\n", REASON_CHAIN_TOO_DEEP, busy, REASON_ACCOUNT_BUSY},
    {LOGINS, stranger, BASE, REASON_NO_POLICY, forgeable, REASON_ENVIRONMENT_FORGEABLE},
    {ALL & ~RECHECKS, expired, BASE, REASON_EXPIRED, scope_torn, REASON_STATE_UNAVAILABLE},
    {RECHECKS, stranger, BASE, REASON_NO_POLICY, scope_torn, REASON_STATE_UNAVAILABLE},
    {SUDOS, expired, BASE, REASON_EXPIRED, no_words, REASON_BAD_QUESTION},
    {SUDOS, over, BASE, REASON_SESSION_EXPIRED, task_revoked, REASON_TASK_REVOKED},
    {SUDOS, over, BASE, REASON_SESSION_EXPIRED, completed, REASON_TASK_COMPLETED},
    {SUDOS, over, BASE, REASON_SESSION_EXPIRED, suspended, REASON_TASK_SUSPENDED},
    {SUDOS, over, BASE, REASON_SESSION_EXPIRED, revoked, REASON_REVOKED},
    {SUDOS, over, BASE, REASON_SESSION_EXPIRED, stopped, REASON_STOPPED},
    {SUDOS, over, BASE, REASON_SESSION_EXPIRED, disabled, REASON_IDENTITY_DISABLED},
    {SUDOS, over, BASE, REASON_SESSION_EXPIRED, of_planner, REASON_DELEGATEE_UNKNOWN},
};

START_TEST(observed_is_what_policy_alone_refuses)
{
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct facts facts = good(steps[i].step);
        struct decision decision;

        if (!(both[_i].kinds & steps[i].kind))
            continue;
        facts.observe = 1;
        both[_i].first(&facts);
        decision = judge(&facts, both[_i].text);
        ck_assert(decision.observed && decision.reason == both[_i].reason);
        both[_i].other(&facts);
        decision = judge(&facts, both[_i].text);
        ck_assert_int_eq(decision.reason, both[_i].other_reason);
        ck_assert(!decision.observed);
    }
}
END_TEST

START_TEST(what_is_permitted_is_not_observed)
{
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct facts facts = good(steps[i].step);
        struct decision decision;

        facts.observe = 1;
        decision = judge(&facts, HEAD DEFAULTS CARE OBSERVE LOGIN SUDO);
        ck_assert_int_eq(decision.verdict, VERDICT_PERMIT);
        ck_assert(!decision.observed);
    }
}
END_TEST

START_TEST(lifetime)
{
    struct facts facts = good(STEP_LOGIN);

    facts.issued = NOW;
    facts.expires = NOW + 600;
    assert_reason(&facts, HEAD CARE LOGIN, REASON_PERMIT);
    assert_reason(&facts, HEAD CARE "max-lifetime 600\n" LOGIN, REASON_PERMIT);
    assert_reason(&facts, HEAD CARE "max-lifetime 599\n" LOGIN, REASON_LIFETIME_TOO_LONG);
    assert_reason(&facts, HEAD "policy defaults\nmax-lifetime 599\n" CARE LOGIN, REASON_LIFETIME_TOO_LONG);
    assert_reason(&facts, HEAD CARE "max-lifetime 4294967295\n" LOGIN, REASON_PERMIT);
    facts.expires = NOW + 4294967296LL;
    assert_reason(&facts, HEAD CARE "max-lifetime 4294967295\n" LOGIN, REASON_LIFETIME_TOO_LONG);
}
END_TEST

START_TEST(logins)
{
    struct facts facts = good(STEP_OPEN);

    facts.logins = UINT32_MAX - 1;
    assert_reason(&facts, HEAD CARE "max-logins 4294967295\n" LOGIN, REASON_PERMIT);
    facts.logins = UINT32_MAX;
    assert_reason(&facts, HEAD CARE "max-logins 4294967295\n" LOGIN, REASON_REPLAYED);
    facts.logins = 0;
    ck_assert_uint_eq(judge(&facts, HEAD CARE "max-logins 5\npossession bearer\n" LOGIN).limits.max_logins, 5);
    facts.possession = POSSESSION_BEARER;
    ck_assert_uint_eq(judge(&facts, HEAD CARE "max-logins 5\npossession bearer\n" LOGIN).limits.max_logins, 1);
}
END_TEST

static const struct {
    const char *limit;
    int64_t expires_in, deadline_in;
} deadlines[] = {
    {"reattest-every 1\n", 100, 1800}, /* exp does not bound it then */
    {"reattest-every 86400\nmax-session 60\n", 100, 60},
    {"reattest-grace 5\n", 100, 100},
    {"", 86400, 1800},
    {"max-session 60\n", 86400, 60},
    {"max-session 1\n", 86400, 1},
    {"max-session 86401\n", 86400, 86400}, /* exp bounds the session, too */
    {"max-session 4294967295\n", 100, 100},
    {"max-session 60\n", 1, 1},
};

START_TEST(deadline_is_the_earliest)
{
    struct facts facts = good(STEP_OPEN);
    struct decision decision;
    char text[1024];

    snprintf(text, sizeof text, "%s%s%s", HEAD CARE, deadlines[_i].limit, LOGIN);
    facts.expires = NOW + deadlines[_i].expires_in;
    decision = judge(&facts, text);
    ck_assert_int_eq(decision.reason, REASON_PERMIT);
    ck_assert_int_eq(decision.session_deadline - NOW, deadlines[_i].deadline_in);
    ck_assert_uint_eq(decision.limits.max_logins, 1);
    facts.step = STEP_RECHECK; /* the guard knows when it was opened */
    ck_assert_int_eq(judge(&facts, text).session_deadline, 0);
    facts.step = STEP_ATTEST;
    ck_assert_int_eq(judge(&facts, text).session_deadline, 0);
    facts.step = STEP_OPEN;
    facts.identity_disabled = 1;
    ck_assert_int_eq(judge(&facts, text).session_deadline, 0);
}
END_TEST

/* --- limits that the session is held to --- */

START_TEST(limits_of_a_session)
{
    static const enum step permitting[] = {STEP_LOGIN, STEP_OPEN, STEP_ATTEST, STEP_RECHECK};

    for (size_t i = 0; i < COUNT_OF(permitting); i++) {
        struct facts facts = good(permitting[i]);
        struct limits limits = judge(&facts, HEAD CARE LOGIN).limits;

        ck_assert_uint_eq(limits.max_session, 1800);
        ck_assert_uint_eq(limits.max_logins, 1);
        ck_assert_uint_eq(limits.max_lifetime, 0);
        ck_assert_uint_eq(limits.max_sessions, 0);
        ck_assert_uint_eq(limits.max_denials, 0);
        ck_assert_uint_eq(limits.max_chain, 0);
        ck_assert_uint_eq(limits.max_steps, 0);
        ck_assert_uint_eq(limits.steps_per_minute, 0);
        ck_assert_uint_eq(limits.reattest_every, 0);
        ck_assert_uint_eq(limits.reattest_grace, 0);
        ck_assert_int_eq(limits.possession, POSSESSION_CHANNEL);
        ck_assert_int_eq(limits.linger, LINGER_NO);
        limits = judge(&facts, HEAD CARE "reattest-every 300\n" LOGIN).limits;
        ck_assert_uint_eq(limits.reattest_every, 300);
        ck_assert_uint_eq(limits.reattest_grace, 120);
        limits = judge(&facts, HEAD CARE "reattest-grace 7\n" LOGIN).limits;
        ck_assert_uint_eq(limits.reattest_every, 0); /* and the grace is of nothing */
        limits = judge(&facts, TWO("max-sessions 3\nreattest-every 300\nreattest-grace 7\nmax-denials 9\n",
                                   "max-sessions 2\nreattest-every 301\nreattest-grace 4294967295\n"))
                     .limits;
        ck_assert_uint_eq(limits.max_sessions, 2);
        ck_assert_uint_eq(limits.reattest_every, 300);
        ck_assert_uint_eq(limits.reattest_grace, 7);
        ck_assert_uint_eq(limits.max_denials, 9);
        limits =
            judge(&facts, HEAD "policy defaults\nmax-denials 4\nmax-sessions 64\n" CARE "max-denials 5\n" LOGIN).limits;
        ck_assert_uint_eq(limits.max_denials, 4);
        ck_assert_uint_eq(limits.max_sessions, 64);
    }
}
END_TEST

START_TEST(any_no_is_no_linger)
{
    static const struct {
        const char *text;
        int linger;
    } cases[] = {
        {TWO("", ""), LINGER_NO},
        {TWO("linger yes\n", ""), LINGER_YES},
        {TWO("", "linger yes\n"), LINGER_YES},
        {TWO("linger yes\n", "linger yes\n"), LINGER_YES},
        {TWO("linger yes\n", "linger no\n"), LINGER_NO},
        {TWO("linger no\n", "linger yes\n"), LINGER_NO},
        {TWO("linger no\n", ""), LINGER_NO},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct facts facts = good(STEP_OPEN);

        ck_assert_int_eq(judge(&facts, cases[i].text).limits.linger, cases[i].linger);
    }
}
END_TEST

/* In every step but close: what was delegated is taken from its delegator alone, and as long as that is so. */
START_TEST(delegated)
{
    static const enum step held[] = {STEP_LOGIN,  STEP_ACCOUNT, STEP_SETCRED, STEP_OPEN,
                                     STEP_ATTEST, STEP_RECHECK, STEP_SUDO,    STEP_COMMAND};
    static const struct {
        const char *delegators;
        enum reason reason;
    } cases[] = {
        {"", REASON_DELEGATEE_UNKNOWN},
        {"delegator spiffe://example.org/agent/planner\n", REASON_PERMIT},
        {"delegator spiffe://example.org/agent/other\ndelegator spiffe://example.org/agent/*\n", REASON_PERMIT},
        {"delegator spiffe://example.org/agent/other\ndelegator spiffe://example.org/agent/planner/*\n",
         REASON_DELEGATEE_UNKNOWN},
    };
    char text[4096];

    for (size_t i = 0; i < COUNT_OF(held); i++)
        for (size_t j = 0; j < COUNT_OF(cases); j++) {
            struct facts facts = good(held[i]);

            snprintf(text, sizeof text, "%s%s%s", HEAD, cases[j].delegators, BASE + strlen(HEAD));
            ck_assert_int_eq(judge(&facts, text).reason, REASON_PERMIT);
            facts.delegator = "spiffe://example.org/agent/planner";
            ck_assert_int_eq(judge(&facts, text).reason, cases[j].reason);
            facts.delegatee_proven = 1;
            ck_assert_int_eq(judge(&facts, text).reason, REASON_PERMIT);
        }
}
END_TEST

START_TEST(one_policy_parts_the_sockets)
{
    static const struct {
        const char *text;
        int sockets;
    } cases[] = {
        {TWO("", ""), SOCKETS_SHARED},
        {TWO("abstract-sockets shared\n", ""), SOCKETS_SHARED},
        {TWO("", "abstract-sockets shared\n"), SOCKETS_SHARED},
        {TWO("abstract-sockets shared\n", "abstract-sockets shared\n"), SOCKETS_SHARED},
        {TWO("abstract-sockets shared\n", "abstract-sockets apart\n"), SOCKETS_APART},
        {TWO("abstract-sockets apart\n", "abstract-sockets shared\n"), SOCKETS_APART},
        {TWO("abstract-sockets apart\n", ""), SOCKETS_APART},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct facts facts = good(STEP_OPEN);

        ck_assert_int_eq(judge(&facts, cases[i].text).limits.sockets, cases[i].sockets);
    }
}
END_TEST

/* --- risk --- */

/* The highest risk for each sensitivity, l, m or h. */
static const struct {
    const char *text, *max_risk;
} risks[] = {
    {TWO("", ""), "hml"},
    {TWO("max-risk-high high\nmax-risk-medium high\n", ""), "hhh"},
    {TWO("max-risk-medium high\n", ""), "hhl"},
    {TWO("max-risk-high medium\n", ""), "hmm"},
    {TWO("max-risk-high high\n", ""), "hmm"}, /* never more than what is less sensitive */
    {TWO("max-risk-low medium\n", ""), "mml"},
    {TWO("max-risk-low low\n", ""), "lll"},
    {TWO("max-risk-low low\nmax-risk-medium high\nmax-risk-high high\n", ""), "lll"},
    {TWO("max-risk-medium low\n", "max-risk-medium high\n"), "hll"},
    {TWO("max-risk-high high\nmax-risk-medium high\n", "max-risk-high medium\n"), "hhm"},
    {TWO("max-risk-low high\n", "max-risk-low medium\n"), "mml"},
};

static enum level level_of(char letter)
{
    return letter == 'l' ? LEVEL_LOW : letter == 'm' ? LEVEL_MEDIUM : LEVEL_HIGH;
}

START_TEST(risk_limits)
{
    struct facts facts = good(STEP_OPEN);

    for (int i = LEVEL_LOW; i <= LEVEL_HIGH; i++) {
        enum level most = level_of(risks[_i].max_risk[i - 1]);

        facts = good(STEP_OPEN);
        ck_assert_int_eq(judge(&facts, risks[_i].text).limits.max_risk[i], most);
        facts.sensitivity = (enum level)i;
        for (int risk = LEVEL_UNSET; risk <= LEVEL_HIGH; risk++) {
            facts.standing.risk = (enum level)risk;
            assert_reason(&facts, risks[_i].text, risk <= (int)most ? REASON_PERMIT : REASON_RISK_TOO_HIGH);
        }
    }
}
END_TEST

static int highest(int a, int b, int c)
{
    return a > b ? (a > c ? a : c) : b > c ? b : c;
}

/* Host, credential and rule, whichever is more sensitive; and the account phase of sudo, which knows no rule yet. */
START_TEST(risk_by_sensitivity)
{
    static const char *const levels[] = {"", "sensitivity low\n", "sensitivity medium\n", "sensitivity high\n"};

    for (int known = 0; known <= LEVEL_HIGH * 4 + LEVEL_HIGH; known++)
        for (int of_rule = LEVEL_UNSET; of_rule <= LEVEL_HIGH; of_rule++)
            for (int risk = LEVEL_UNSET; risk <= LEVEL_HIGH; risk++)
                for (size_t i = 0; i < COUNT_OF(steps); i++) {
                    struct facts facts = good(steps[i].step);
                    int host = known / 4, task = known % 4, before = highest(host, task, LEVEL_LOW);
                    int sensitivity = highest(before, of_rule, LEVEL_LOW);
                    char text[1024];

                    snprintf(text, sizeof text, HEAD CARE LOGIN "%s" SUDO "%s", levels[of_rule], levels[of_rule]);
                    facts.sensitivity = (enum level)host;
                    facts.task_sensitivity = (enum level)task;
                    facts.standing.risk = (enum level)risk;
                    assert_reason(&facts, text, sensitivity + risk <= 4 ? REASON_PERMIT : REASON_RISK_TOO_HIGH);
                    if (steps[i].step != STEP_SUDO)
                        continue;
                    facts.argv = NULL;
                    facts.argc = 0;
                    assert_reason(&facts, text, before + risk <= 4 ? REASON_PERMIT : REASON_RISK_TOO_HIGH);
                }
}
END_TEST

/* Of several rules one that allows the step at this risk is enough, wherever it stands; a rule that denies does so at any. */
START_TEST(risk_and_several_rules)
{
    static const char *const high = SUDO "sensitivity high\n", *const plain = SUDO;
    struct facts facts = good(STEP_COMMAND);
    char text[1024];

    facts.standing.risk = LEVEL_HIGH;
    snprintf(text, sizeof text, "%s%s%s", HEAD CARE, high, plain);
    assert_reason(&facts, text, REASON_PERMIT);
    snprintf(text, sizeof text, "%s%s%s", HEAD CARE, plain, high);
    assert_reason(&facts, text, REASON_PERMIT);
    snprintf(text, sizeof text, "%s%s%s", HEAD CARE, high, high);
    assert_reason(&facts, text, REASON_RISK_TOO_HIGH);
    ck_assert_str_eq(rule, "care conf:3");
    snprintf(text, sizeof text, "%s%s%s", HEAD CARE, high, DENY_SUDO);
    assert_reason(&facts, text, REASON_DENIED_BY_RULE);
    facts = good(STEP_LOGIN);
    facts.standing.risk = LEVEL_HIGH;
    facts.source = NULL;
    assert_reason(&facts, HEAD CARE LOGIN "from 10.0.0.0/8\nsensitivity high\n", REASON_SOURCE_UNKNOWN);
    assert_reason(&facts, HEAD CARE LOGIN "from 10.0.0.0/8\n" LOGIN "sensitivity high\n", REASON_RISK_TOO_HIGH);
}
END_TEST

START_TEST(what_a_command_leaves)
{
    static const struct {
        const char *text;
        int leaves;
    } cases[] = {
        {HEAD CARE SUDO, 0},
        {HEAD CARE SUDO "leaves service\n", 1},
        {HEAD CARE SUDO SUDO "leaves service\n", 1}, /* order means nothing */
        {HEAD CARE SUDO "leaves service\n" SUDO, 1},
        {HEAD CARE SUDO "rule allow-sudo\ncommand /bin/sh\nleaves service\n", 0},
        {HEAD CARE SUDO SUDO "leaves service\nsensitivity high\n", 0}, /* which does not allow it at this risk */
        {HEAD CARE LOGIN SUDO "policy o\nidentity spiffe://example.com/*\n" SUDO "leaves service\n", 0},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct facts facts = good(i % 2 ? STEP_COMMAND : STEP_SUDO);
        struct decision decision;

        facts.standing.risk = LEVEL_MEDIUM;
        decision = judge(&facts, cases[i].text);
        ck_assert_int_eq(decision.reason, REASON_PERMIT);
        ck_assert_int_eq(decision.leaves_service, cases[i].leaves);
        facts = good(STEP_OPEN);
        ck_assert_int_eq(judge(&facts, cases[i].text).leaves_service, 0);
    }
}
END_TEST

/* Several policies: each limit is the strictest, in whatever order they stand, and whichever of them allows. */
START_TEST(strictest_limits_in_any_order)
{
    static const char *const policies[] = {
        "policy defaults\nmax-session 1000\nmax-logins 9\n",
        "policy a\nidentity " DEPLOY "\nmax-session 500\nmax-logins 5\npossession signed\n" LOGIN,
        "policy b\nidentity spiffe://example.org/*\nmax-session 700\nmax-logins 2\nmax-lifetime 300\npossession "
        "channel\n",
        "policy c\nidentity spiffe://example.com/*\nmax-session 1\nmax-logins 1\nmax-lifetime 1\nrule deny-login\n",
    };
    static const int orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 0, 3, 2}, {2, 3, 0, 1}, {2, 1, 3, 0}, {1, 3, 2, 0}};

    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        struct facts facts = good(STEP_LOGIN);
        struct decision decision;
        char text[2048] = HEAD;

        for (int j = 0; j < 4; j++)
            strcat(text, policies[orders[i][j]]);
        facts.expires = NOW + 290;
        facts.issued = NOW - 10;
        facts.logins = 1;
        decision = judge(&facts, text);
        ck_assert_int_eq(decision.reason, REASON_PERMIT);
        ck_assert_uint_eq(decision.limits.max_logins, 2);
        ck_assert_int_eq(decision.session_deadline, NOW + 290);
        facts.logins = 2;
        assert_reason(&facts, text, REASON_REPLAYED);
        facts.logins = 0;
        facts.possession = POSSESSION_SIGNED;
        assert_reason(&facts, text, REASON_POSSESSION_TOO_WEAK);
        facts.possession = POSSESSION_CHANNEL;
        facts.issued = NOW - 11;
        assert_reason(&facts, text, REASON_LIFETIME_TOO_LONG);
    }
}
END_TEST

/* Account of sudo, before it has resolved anything: what may yet be allowed goes on, what is denied whatever comes is not. */
static const struct {
    const char *text, *scope, *run_as;
    enum reason reason;
} early[] = {
    {BASE, SCOPE_ALL, NULL, REASON_PERMIT},
    {BASE, SCOPE_ALL, "root", REASON_PERMIT},
    {BASE, SCOPE_ALL, "www-data", REASON_NO_RULE},
    {HEAD CARE LOGIN, SCOPE_ALL, NULL, REASON_NO_RULE},
    {HEAD CARE SUDO "run-as www-data\n", SCOPE_ALL, NULL, REASON_PERMIT},
    {BASE DENY_SUDO, SCOPE_ALL, NULL, REASON_DENIED_BY_RULE},
    {BASE DENY_SUDO "run-as root\n", SCOPE_ALL, NULL, REASON_PERMIT},
    {BASE DENY_SUDO "run-as root\n", SCOPE_ALL, "root", REASON_DENIED_BY_RULE},
    {HEAD CARE SUDO "run-as-group adm\n", SCOPE_ALL, NULL, REASON_PERMIT},
    {BASE DENY_SUDO "run-as-group adm\n", SCOPE_ALL, NULL, REASON_PERMIT},
    {BASE DENY_SUDO "command /bin/sh\n", SCOPE_ALL, "root", REASON_PERMIT},
    {BASE DENY_SUDO "command /bin/sh\n", SCOPE_ALL, NULL, REASON_PERMIT},
    {BASE DENY_SUDO "command /bin/sh\nany-command 1\n", SCOPE_ALL, NULL, REASON_DENIED_BY_RULE},
    {BASE, HEAD "tool host:sudo\narg runas\nvalue root\narg command\nvalue /bin/sh\n", NULL, REASON_PERMIT},
    {BASE, HEAD "tool host:sudo\narg runas\nvalue www-data\n", "root", REASON_SCOPE_EXCEEDED},
    {BASE, HEAD "tool host:login\nrest 1\n", NULL, REASON_SCOPE_EXCEEDED},
    {BASE, HEAD "tool host:sudo\narg cwd\nvalue /\n", NULL, REASON_COMMAND_UNKNOWN},
};

START_TEST(account_of_sudo)
{
    struct facts facts = good(STEP_SUDO);

    facts.run_as = early[_i].run_as;
    facts.argv = NULL;
    facts.argc = 0;
    set_scope(&facts, early[_i].scope);
    assert_reason(&facts, early[_i].text, early[_i].reason);
    facts.step = STEP_COMMAND; /* which must know all of it */
    assert_reason(&facts, early[_i].text, REASON_BAD_QUESTION);
}
END_TEST

START_TEST(command_must_be_known)
{
    struct facts facts = good(STEP_COMMAND);

    facts.run_as = NULL;
    assert_reason(&facts, BASE, REASON_BAD_QUESTION);
    facts = good(STEP_COMMAND);
    facts.argv = NULL;
    assert_reason(&facts, BASE, REASON_BAD_QUESTION);
}
END_TEST

/* A command is refused that would be one too many, after whatever else refuses it; no other step is. */
static const struct {
    const char *text;
    uint64_t permitted;
    uint32_t last_minute;
    enum reason reason;
} budgets[] = {
    {TWO(SUDO, ""), 1u << 31, 600, REASON_PERMIT},
    {TWO("max-steps 2\n" SUDO, ""), 0, 0, REASON_PERMIT},
    {TWO("max-steps 2\n" SUDO, ""), 1, 1, REASON_PERMIT},
    {TWO("max-steps 2\n" SUDO, ""), 2, 0, REASON_BUDGET_EXHAUSTED},
    {TWO("max-steps 2\n" SUDO, ""), UINT64_MAX, 0, REASON_BUDGET_EXHAUSTED},
    {TWO("max-steps 4294967295\n" SUDO, ""), UINT32_MAX, 0, REASON_BUDGET_EXHAUSTED},
    {TWO("max-steps 3\n" SUDO, "max-steps 2\n"), 2, 0, REASON_BUDGET_EXHAUSTED},
    {TWO("steps-per-minute 2\n" SUDO, ""), 9, 1, REASON_PERMIT},
    {TWO("steps-per-minute 2\n" SUDO, ""), 9, 2, REASON_TOO_FAST},
    {TWO("steps-per-minute 2\n" SUDO, "steps-per-minute 1\n"), 9, 1, REASON_TOO_FAST},
    {TWO("max-steps 9\nsteps-per-minute 2\n" SUDO, ""), 9, 2,
     REASON_BUDGET_EXHAUSTED}, /* for which waiting is no mend */
    {HEAD "policy defaults\nmax-steps 1\n" CARE "max-steps 9\n" LOGIN SUDO, 1, 0, REASON_BUDGET_EXHAUSTED},
    {TWO("max-steps 1\n", ""), 1, 1, REASON_NO_RULE},
    {TWO("max-steps 1\n" SUDO DENY_SUDO, ""), 1, 1, REASON_DENIED_BY_RULE},
};

START_TEST(budget_table)
{
    int counted = budgets[_i].reason == REASON_BUDGET_EXHAUSTED || budgets[_i].reason == REASON_TOO_FAST;

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct facts facts = good(steps[i].step);

        facts.steps_permitted = budgets[_i].permitted;
        facts.steps_last_minute = budgets[_i].last_minute;
        if (steps[i].kind != SUDOS || (steps[i].step == STEP_SUDO && counted))
            assert_reason(&facts, budgets[_i].text, REASON_PERMIT);
        else
            assert_reason(&facts, budgets[_i].text, budgets[_i].reason);
    }
}
END_TEST

/* What is wrong first is what is said: the order is one flat list. */
START_TEST(order_of_checks)
{
    static void (*const login_order[])(struct facts *) = {
        disabled,  stopped,     revoked,  suspended, expired, stranger,   delegated_twice,
        forgeable, before_boot, unproven, used,      busy,    scope_none, other_service};
    static const enum reason login_reasons[] = {REASON_IDENTITY_DISABLED, REASON_STOPPED,
                                                REASON_REVOKED,           REASON_TASK_SUSPENDED,
                                                REASON_EXPIRED,           REASON_NO_POLICY,
                                                REASON_CHAIN_TOO_DEEP,    REASON_ENVIRONMENT_FORGEABLE,
                                                REASON_BEFORE_BOOT,       REASON_POSSESSION_MISSING,
                                                REASON_REPLAYED,          REASON_ACCOUNT_BUSY,
                                                REASON_SCOPE_EXCEEDED,    REASON_NO_RULE};
    static void (*const sudo_order[])(struct facts *) = {ending,       over,       disabled,    stopped,
                                                         task_revoked, expired,    stranger,    delegated_twice,
                                                         scope_none,   runs_shell, not_approved};
    static const enum reason sudo_reasons[] = {REASON_SESSION_ENDING, REASON_SESSION_EXPIRED, REASON_IDENTITY_DISABLED,
                                               REASON_STOPPED,        REASON_TASK_REVOKED,    REASON_EXPIRED,
                                               REASON_NO_POLICY,      REASON_CHAIN_TOO_DEEP,  REASON_SCOPE_EXCEEDED,
                                               REASON_NO_RULE,        REASON_NOT_APPROVED};

    for (size_t first = 0; first < COUNT_OF(login_order); first++) {
        struct facts facts = good(STEP_LOGIN);

        for (size_t i = first; i < COUNT_OF(login_order); i++)
            login_order[i](&facts);
        assert_reason(&facts, BASE "max-delegation 1\n", login_reasons[first]);
    }
    for (size_t first = 0; first < COUNT_OF(sudo_order); first++) {
        struct facts facts = good(STEP_SUDO);

        for (size_t i = first; i < COUNT_OF(sudo_order); i++)
            sudo_order[i](&facts);
        assert_reason(&facts, BASE "max-delegation 1\n", sudo_reasons[first]);
    }
}
END_TEST

START_TEST(order_of_standing)
{
    struct facts facts = good(STEP_LOGIN);

    facts.standing = (struct standing){.task = TASK_REVOKED, .revoked = 1, .stopped = 1};
    assert_reason(&facts, BASE, REASON_STOPPED);
    facts.step = STEP_RECHECK;
    assert_reason(&facts, BASE, REASON_TASK_REVOKED);
    facts.standing.task = TASK_COMPLETED;
    assert_reason(&facts, BASE, REASON_REVOKED);
    facts.standing.revoked = 0;
    assert_reason(&facts, BASE, REASON_TASK_COMPLETED);
}
END_TEST

START_TEST(close_is_never_refused)
{
    struct facts facts = {.step = STEP_CLOSE,
                          .now = NOW,
                          .standing = {.task = TASK_REVOKED, .stopped = 1},
                          .identity_disabled = 1,
                          .session_ending = 1};

    assert_reason(&facts, HEAD, REASON_PERMIT);
}
END_TEST

START_TEST(unknown_step_is_refused)
{
    struct facts facts = good(STEP_LOGIN);

    facts.step = (enum step)99;
    assert_reason(&facts, BASE, REASON_INTERNAL);
    facts.step = (enum step) - 1;
    assert_reason(&facts, BASE, REASON_INTERNAL);
}
END_TEST

START_TEST(step_words)
{
    for (int step = STEP_LOGIN; step <= STEP_RECHECK; step++)
        ck_assert_int_eq(step_parse(step_word((enum step)step)), step);
    ck_assert_str_eq(step_word(STEP_COMMAND), "command");
    ck_assert_str_eq(step_word(STEP_ATTEST), "attest");
    ck_assert_str_eq(step_word(STEP_RECHECK), "recheck");
    ck_assert_int_eq(step_parse(""), -1);
    ck_assert_int_eq(step_parse("logi"), -1);
    ck_assert_int_eq(step_parse("Login"), -1);
    ck_assert_str_eq(step_word((enum step)99), "");
    ck_assert_str_eq(step_word((enum step) - 1), "");
}
END_TEST

START_TEST(words_of_rules_and_conditions)
{
    ck_assert_str_eq(rule_kind_word(RULE_ALLOW_LOGIN), "login");
    ck_assert_str_eq(rule_kind_word(RULE_DENY_SUDO), "deny-sudo");
    ck_assert_str_eq(rule_kind_word((enum rule_kind)99), "");
    ck_assert_str_eq(condition_word(CONDITION_NONE), "");
    ck_assert_str_eq(condition_word(CONDITION_IDENTITY), "identities");
    ck_assert_str_eq(condition_word(CONDITION_ISSUER), "issuers");
    ck_assert_str_eq(condition_word(CONDITION_PRINCIPAL), "principals");
    ck_assert_str_eq(condition_word(CONDITION_SOURCE_UNKNOWN), "from");
    ck_assert_str_eq(condition_word(CONDITION_RISK), "sensitivity");
    ck_assert_str_eq(condition_word((enum condition)99), "");
}
END_TEST

/* What keeps a rule from a step, in the key that says so. */
START_TEST(conditions_of_rules)
{
    static const struct {
        const char *rule;
        enum condition condition;
        const char *word;
    } rules[] = {
        {SUDO INSIDE "from 10.0.0.0/8\n", CONDITION_NONE, ""},
        {SUDO "run-as www-data\n" OUTSIDE, CONDITION_RUN_AS, "run-as"},
        {"rule allow-sudo\nrun-as-group adm\ncommand /bin/sh\n", CONDITION_RUN_AS_GROUP, "run-as-group"},
        {"rule allow-sudo\ncommand /bin/sh\n" OUTSIDE, CONDITION_COMMAND, "commands"},
        {SUDO OUTSIDE "from 192.0.2.1\n", CONDITION_WINDOW, "window"},
        {SUDO INSIDE "from 192.0.2.1\n", CONDITION_SOURCE, "from"},
        {LOGIN "service su\n" OUTSIDE, CONDITION_SERVICE, "services"},
    };
    struct facts facts = good(STEP_COMMAND);

    facts.service = "sshd";
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        struct policy_set set;
        struct limits limits;
        enum condition missed;
        char text[1024];

        snprintf(text, sizeof text, ZONES CARE "%s", rules[i].rule);
        ck_assert_int_eq(policy_set_parse(text, strlen(text), &set), 0);
        ck_assert_int_eq(gather_limits(&facts, &set, &limits), 1);
        missed = rule_misses(&set.policies[0].rules[0], &facts, &limits);
        ck_assert_msg(missed == rules[i].condition, "%s", text);
        ck_assert_str_eq(condition_word(missed), rules[i].word);
        policy_set_clear(&set);
    }
}
END_TEST

START_TEST(a_rule_denies_at_any_risk)
{
    struct facts facts = good(STEP_COMMAND);
    struct policy_set set;
    struct limits limits;

    risky(&facts);
    ck_assert_int_eq(policy_set_parse(BASE DENY_SUDO, strlen(BASE DENY_SUDO), &set), 0);
    ck_assert_int_eq(gather_limits(&facts, &set, &limits), 1);
    ck_assert_int_eq(rule_misses(&set.policies[1].rules[1], &facts, &limits), CONDITION_RISK);
    ck_assert_int_eq(rule_misses(&set.policies[1].rules[2], &facts, &limits), CONDITION_NONE);
    policy_set_clear(&set);
}
END_TEST

START_TEST(services_that_open_agents)
{
    static const struct {
        const char *text, *service;
        int opens;
    } cases[] = {
        {HEAD, "sshd", 0},
        {BASE, "sshd", 1},
        {BASE, "su", 0},
        {BASE, "", 0},
        {HEAD CARE LOGIN "service su\n", "su", 1},
        {HEAD CARE LOGIN "service su\n", "sshd", 0},
        {HEAD CARE SUDO, "sshd", 0},
        {HEAD CARE "rule deny-login\n", "sshd", 0},
        {HEAD CARE "rule deny-login\nservice su\n", "su", 0},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct policy_set set;

        ck_assert_int_eq(policy_set_parse(cases[i].text, strlen(cases[i].text), &set), 0);
        ck_assert_int_eq(service_opens_agents(&set, cases[i].service), cases[i].opens);
        policy_set_clear(&set);
    }
}
END_TEST

static Suite *decide_suite(void)
{
    Suite *suite = suite_create("decide");
    TCase *tables = tcase_create("tables");

    tcase_add_test(tables, good_steps_are_permitted);
    tcase_add_loop_test(tables, reason_table, 0, COUNT_OF(reasons));
    tcase_add_loop_test(tables, observed_on_a_host_that_observes, 0, COUNT_OF(reasons));
    tcase_add_loop_test(tables, observed_by_the_policies_that_apply, 0, COUNT_OF(modes));
    tcase_add_loop_test(tables, observed_is_what_policy_alone_refuses, 0, COUNT_OF(both));
    tcase_add_test(tables, what_is_permitted_is_not_observed);
    tcase_add_test(tables, lifetime);
    tcase_add_test(tables, logins);
    tcase_add_loop_test(tables, deadline_is_the_earliest, 0, COUNT_OF(deadlines));
    tcase_add_test(tables, limits_of_a_session);
    tcase_add_test(tables, any_no_is_no_linger);
    tcase_add_test(tables, one_policy_parts_the_sockets);
    tcase_add_test(tables, delegated);
    tcase_add_loop_test(tables, risk_limits, 0, COUNT_OF(risks));
    tcase_add_test(tables, risk_by_sensitivity);
    tcase_add_test(tables, risk_and_several_rules);
    tcase_add_test(tables, what_a_command_leaves);
    tcase_add_test(tables, strictest_limits_in_any_order);
    tcase_add_loop_test(tables, account_of_sudo, 0, COUNT_OF(early));
    tcase_add_test(tables, command_must_be_known);
    tcase_add_loop_test(tables, budget_table, 0, COUNT_OF(budgets));
    tcase_add_test(tables, order_of_checks);
    tcase_add_test(tables, order_of_standing);
    tcase_add_test(tables, close_is_never_refused);
    tcase_add_test(tables, unknown_step_is_refused);
    tcase_add_test(tables, step_words);
    tcase_add_test(tables, words_of_rules_and_conditions);
    tcase_add_test(tables, conditions_of_rules);
    tcase_add_test(tables, a_rule_denies_at_any_risk);
    tcase_add_test(tables, services_that_open_agents);
    suite_add_tcase(suite, tables);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(decide_suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
