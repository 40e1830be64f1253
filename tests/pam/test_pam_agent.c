/* The built pam_agent.so through libpam: what it returns, asks and shows, with puppets for gate and guard. */
#include <check.h>

#include "tests/pam/stage.h"

/* --- a conversation that does as it is told --- */

enum manner { HONEST, FAILS, FAILS_ONCE_ASKED, NO_RESPONSE, NO_STRING, EMPTY, LONGEST, TOO_LONG, MEGABYTE, ABSENT };

static enum manner manner;
static int asked;
static char shown[4096]; /* every message to the person, a line each */

static char *typed(void)
{
    size_t len = manner == LONGEST ? REPLY_MAX : manner == TOO_LONG ? REPLY_MAX + 1 : manner == MEGABYTE ? 1 << 20 : 0;
    char *text;

    if (manner == NO_STRING)
        return NULL;
    if (manner == HONEST || manner == FAILS_ONCE_ASKED)
        return strdup("eyJ~");
    text = malloc(len + 1);
    ck_assert_ptr_nonnull(text);
    memset(text, 'x', len);
    text[len] = '\0';
    return text;
}

static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *arg)
{
    ck_assert_int_eq(count, 1);
    ck_assert_ptr_null(arg);
    if (messages[0]->msg_style == PAM_TEXT_INFO)
        return PAM_SUCCESS; /* pam_debug.so says what it is about to do */
    snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%d %s\n", messages[0]->msg_style, messages[0]->msg);
    if (messages[0]->msg_style == PAM_ERROR_MSG)
        return PAM_SUCCESS; /* and no response, as many do */
    asked++;
    if (manner == FAILS || (manner == FAILS_ONCE_ASKED && asked > 1))
        return PAM_CONV_ERR;
    if (manner == NO_RESPONSE)
        return PAM_SUCCESS;
    *responses = calloc(1, sizeof **responses);
    ck_assert_ptr_nonnull(*responses);
    (*responses)->resp = typed();
    return PAM_SUCCESS;
}

static pam_handle_t *begin(const char *service, const char *user)
{
    static struct pam_conv conv;
    pam_handle_t *pamh = NULL;

    conv.conv = manner == ABSENT ? NULL : converse;
    shown[0] = '\0';
    asked = 0;
    ck_assert_int_eq(pam_start(service, user, &conv, &pamh), PAM_SUCCESS);
    return pamh;
}

static void end(pam_handle_t *pamh)
{
    ck_assert_int_eq(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
}

static void set_user(pam_handle_t *pamh, const char *user)
{
    ck_assert_int_eq(pam_set_item(pamh, PAM_USER, user), PAM_SUCCESS);
}

/* --- humans --- */

static const char *const humans[] = {
    HUMAN, "bob", "root", "nobody", "no-such-account", "Agent-0", "spiffe://example.org/agent/0"};

static void expect_ignored(const char *service, const char *user)
{
    pam_handle_t *pamh = begin(service, user);

    ck_assert_int_eq(pam_authenticate(pamh, 0), IGNORED_AUTH);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), IGNORED_ACCOUNT);
    ck_assert_int_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), IGNORED_AUTH);
    ck_assert_int_eq(pam_open_session(pamh, 0), IGNORED_SESSION);
    ck_assert_int_eq(pam_close_session(pamh, 0), IGNORED_SESSION);
    ck_assert_int_eq(pam_setcred(pamh, PAM_DELETE_CRED), IGNORED_AUTH);
    ck_assert_int_eq(pam_chauthtok(pamh, 0), IGNORED_CHAUTHTOK);
    end(pamh);
    ck_assert_str_eq(shown, "");
}

static void expect_nobody_asked(void)
{
    ck_assert_str_eq(stage_text(GATE_HEARD), "");
    ck_assert_str_eq(stage_text(GUARD_HEARD), "");
}

START_TEST(humans_are_ignored)
{
    static const char *const services[] = {"sshd", "sudo", "su", "observed", "broken"};

    stage_reset("deny");
    for (size_t i = 0; i < COUNT_OF(services); i++)
        expect_ignored(services[i], humans[_i]);
    expect_nobody_asked();
}
END_TEST

static const struct {
    const char *name, *command;
} damages[] = {
    {"absent", "rm -f " PATH_IDENTITIES},
    {"empty", ": >" PATH_IDENTITIES},
    {"garbage", "head -c 5000 /dev/urandom >" PATH_IDENTITIES},
    {"cut", "truncate -s 2100 " PATH_IDENTITIES},
    {"of another owner", "chown 1500 " PATH_IDENTITIES},
    {"writable by others", "chmod 0666 " PATH_IDENTITIES},
    {"a link", "mv " PATH_IDENTITIES " /tmp/i.cdb && ln -s /tmp/i.cdb " PATH_IDENTITIES},
    {"a directory", "rm -f " PATH_IDENTITIES " && mkdir " PATH_IDENTITIES},
};

START_TEST(a_broken_database_refuses_agents_alone)
{
    static const char *const agents[] = {AGENT, MEMBER};

    stage_reset("deny");
    ck_assert_int_eq(system(damages[_i].command), 0);
    for (size_t i = 0; i < 4; i++)
        expect_ignored("sshd", humans[i]);
    expect_nobody_asked();
    for (size_t i = 0; i < COUNT_OF(agents); i++) {
        pam_handle_t *pamh = begin("sshd", agents[i]);

        ck_assert_int_eq(pam_authenticate(pamh, 0), PAM_MAXTRIES);
        ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
        ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED);
        end(pamh);
    }
    (void)unlink("/tmp/i.cdb");
}
END_TEST

/* The range that is kept beside the database, in every state. */
static const struct {
    const char *range;
    uid_t uid;
    int agent;
} ranges[] = {
    {"2000-2099\n", 2000, 1},
    {"2000-2099\n", 2099, 1},
    {"2000-2099\n", 70002, 0},
    {"2000-2099", 2000, 0},
    {"2000-2099 \n", 2000, 0},
    {"2099-2000\n", 2050, 0},
    {"0-4000000000\n", 2000, 0},
    {"x-y\n", 2000, 0},
    {"2000-2099\n\n", 2000, 0},
    {"-1-2099\n", 2000, 0},
    {"", 2000, 0},
    {"", 70002, 1},
};

START_TEST(the_range_counts_where_the_database_does_not)
{
    char name[64];
    pam_handle_t *pamh;

    stage_reset("deny");
    (void)unlink(PATH_IDENTITIES);
    stage_put(PATH_UID_RANGE, ranges[_i].range);
    snprintf(name, sizeof name, "range%d", _i);
    if (ranges[_i].uid != AGENT_UID) {
        char line[256];

        snprintf(line, sizeof line, "%s:*:%u:%u::/:/bin/sh\n", name, ranges[_i].uid, ranges[_i].uid);
        stage_write("/etc/passwd", O_APPEND, line, strlen(line));
    } else {
        snprintf(name, sizeof name, AGENT);
    }
    pamh = begin("sshd", name);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), ranges[_i].agent ? PAM_PERM_DENIED : IGNORED_ACCOUNT);
    end(pamh);
}
END_TEST

/* --- an agent's login --- */

START_TEST(login_is_gates_to_permit)
{
    static const char *const agents[] = {AGENT, LOCAL, "sneaky"};
    pam_handle_t *pamh;

    stage_reset("permit");
    pamh = begin("sshd", agents[_i]);
    ck_assert_int_eq(pam_authenticate(pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_setcred(pamh, PAM_REINITIALIZE_CRED), PAM_SUCCESS);
    ck_assert_int_eq(pam_close_session(pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_setcred(pamh, PAM_DELETE_CRED), PAM_SUCCESS);
    end(pamh);
    ck_assert_int_eq(stage_count(GATE_HEARD, "step login\n"), 1);
    ck_assert_int_eq(stage_count(GATE_HEARD, "step account\n"), 1);
    ck_assert_int_eq(stage_count(GATE_HEARD, "step open\n"), 1);
    ck_assert_int_eq(stage_count(GATE_HEARD, "step setcred\n"), 0);
    ck_assert_int_eq(stage_count(GATE_HEARD, agents[_i]), 3);
    ck_assert_str_eq(shown, "");
}
END_TEST

static const struct {
    const char *mode;
    const char *text; /* what the person is told */
    int slow;
} refusals[] = {
    {"deny", "3 Access denied (ref ABCDEF)\n", 0},
    {"garbage", "3 Access denied\n", 0},
    {"later", "3 Access denied\n", 0},
    {"huge", "3 Access denied\n", 0},
    {"elsewhere", "3 Access denied\n", 0},
    {"deaf", "3 Access denied\n", 0},
    {"nothing", "3 Access denied\n", 0},
    {"hang", "3 Access denied\n", 1},
};

static int64_t now(void)
{
    return -deadline_left(0) + deadline_in(0);
}

START_TEST(login_that_gate_does_not_permit_is_refused)
{
    int64_t start = now();
    pam_handle_t *pamh;

    stage_reset(refusals[_i].mode);
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_authenticate(pamh, 0), PAM_MAXTRIES);
    ck_assert_str_eq(shown, refusals[_i].text);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left behind */
    if (refusals[_i].slow)
        ck_assert_int_lt((int)(now() - start), ASK_TIMEOUT_MS + 1000);
    else
        ck_assert_int_lt((int)(now() - start), 1500);
    end(pamh);
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED);
    ck_assert_str_eq(shown, refusals[_i].text); /* asked and told once */
    end(pamh);
}
END_TEST

START_TEST(a_gate_that_answers_and_stays_is_ended)
{
    int64_t start = now();
    pam_handle_t *pamh;

    stage_reset("linger");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    ck_assert_int_lt((int)(now() - start), 1500);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    end(pamh);
}
END_TEST

START_TEST(no_gate_no_login)
{
    pam_handle_t *pamh;

    stage_reset("permit");
    ck_assert_int_eq(rename(PATH_GATE, PATH_GATE ".away"), 0);
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_authenticate(pamh, 0), PAM_MAXTRIES);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED);
    end(pamh);
    ck_assert_int_eq(rename(PATH_GATE ".away", PATH_GATE), 0);
}
END_TEST

START_TEST(what_pam_knows_is_in_the_question)
{
    pam_handle_t *pamh;

    stage_reset("permit");
    pamh = begin("sshd", AGENT);
    pam_set_item(pamh, PAM_RHOST, "192.0.2.1");
    pam_set_item(pamh, PAM_TTY, "ssh");
    pam_putenv(pamh, "SSH_CONNECTION=192.0.2.1 1 192.0.2.2 22");
    pam_putenv(pamh, "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\n");
    setenv("SSH_CONNECTION", "forged", 1);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_SUCCESS);
    ck_assert_str_eq(stage_text(GATE_HEARD), "pam_agent 1\nstep open\nservice sshd\nuser agent-0\nsource 192.0.2.1\n"
                                             "connection 192.0.2.1 1 192.0.2.2 22\n"
                                             "auth-info publickey ssh-ed25519 AAAA%0A\ntty ssh\n--\n");
    end(pamh);
}
END_TEST

START_TEST(a_name_that_resolves_no_more_is_an_agents)
{
    pam_handle_t *pamh;

    stage_reset("deny");
    ck_assert_int_eq(system("sed -i.kept /^agent-0:/d /etc/passwd"), 0);
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
    end(pamh);
    ck_assert_int_eq(system("mv /etc/passwd.kept /etc/passwd"), 0);
}
END_TEST

/* --- prompts --- */

static const struct {
    enum manner manner;
    int prompts; /* that gate shows */
    int ret;
    const char *heard;
} conversations[] = {
    {HONEST, 1, PAM_SUCCESS, "reply eyJ~\n"},
    {HONEST, 60, PAM_SUCCESS, "reply eyJ~\n"},
    {HONEST, 64, PAM_SUCCESS, "reply eyJ~\n"},
    {HONEST, 65, PAM_MAXTRIES, "reply eyJ~\n"},
    {LONGEST, 1, PAM_SUCCESS, "reply xxx"},
    {EMPTY, 1, PAM_SUCCESS, "reply \n"}, /* gate's to refuse */
    {FAILS, 1, PAM_MAXTRIES, NULL},
    {FAILS_ONCE_ASKED, 2, PAM_MAXTRIES, "reply eyJ~\n"},
    {NO_RESPONSE, 1, PAM_MAXTRIES, NULL},
    {NO_STRING, 1, PAM_MAXTRIES, NULL},
    {TOO_LONG, 1, PAM_MAXTRIES, NULL},
    {MEGABYTE, 1, PAM_MAXTRIES, NULL},
    {ABSENT, 1, PAM_MAXTRIES, NULL},
};

START_TEST(conversations_of_every_manner)
{
    char mode[32];
    pam_handle_t *pamh;
    int prompts = conversations[_i].prompts;

    snprintf(mode, sizeof mode, "prompts %d", prompts);
    stage_reset(mode);
    manner = conversations[_i].manner;
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_authenticate(pamh, 0), conversations[_i].ret);
    if (conversations[_i].heard)
        ck_assert_int_gt(stage_count(GATE_HEARD, conversations[_i].heard), 0);
    else
        ck_assert_int_eq(stage_count(GATE_HEARD, "reply"), 0);
    if (manner != ABSENT)
        ck_assert_ptr_nonnull(strstr(shown, "1 Agent credential (part 1): \n"));
    ck_assert_int_le(asked, 64);
    end(pamh);
    manner = HONEST;
}
END_TEST

START_TEST(nobody_is_prompted_but_at_login)
{
    pam_handle_t *pamh;

    stage_reset("prompts 1");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED);
    ck_assert_int_eq(asked, 0);
    end(pamh);
}
END_TEST

START_TEST(silent_means_silent)
{
    pam_handle_t *pamh;

    stage_reset("deny");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, PAM_SILENT), PAM_PERM_DENIED);
    ck_assert_str_eq(shown, "");
    end(pamh);
}
END_TEST

/* --- phases of one handle --- */

START_TEST(a_phase_is_decided_once_in_a_handle)
{
    pam_handle_t *pamh;

    stage_reset("permit");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    stage_put(GATE_MODE, "deny");
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED);
    stage_put(GATE_MODE, "permit");
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED);
    ck_assert_int_eq(pam_setcred(pamh, PAM_REFRESH_CRED), PAM_PERM_DENIED);
    end(pamh);
    ck_assert_int_eq(stage_count(GATE_HEARD, "step "), 2);
}
END_TEST

START_TEST(setcred_asks_where_account_was_elsewhere)
{
    pam_handle_t *pamh;

    stage_reset("permit");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    ck_assert_int_eq(stage_count(GATE_HEARD, "step setcred\n"), 1);
    end(pamh);
    stage_put(GATE_MODE, "deny");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_PERM_DENIED);
    stage_put(GATE_MODE, "permit");
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED); /* sshd had ignored it */
    ck_assert_int_eq(stage_count(GATE_HEARD, "step open\n"), 0);
    ck_assert_int_eq(pam_setcred(pamh, PAM_DELETE_CRED), PAM_SUCCESS);
    end(pamh);
}
END_TEST

START_TEST(close_and_delete_always_work)
{
    pam_handle_t *pamh;

    stage_reset("deny");
    pamh = begin("broken", AGENT);
    ck_assert_int_eq(pam_close_session(pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_setcred(pamh, PAM_DELETE_CRED), PAM_SUCCESS);
    end(pamh);
    expect_nobody_asked();
}
END_TEST

static const char *const others[] = {HUMAN, "root", LOCAL, "sneaky", "no-such-account"};

START_TEST(a_user_who_changes_is_refused)
{
    pam_handle_t *pamh;

    stage_reset("permit");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_authenticate(pamh, 0), PAM_SUCCESS);
    set_user(pamh, others[_i]);
    ck_assert_int_eq(pam_authenticate(pamh, 0), PAM_MAXTRIES);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED);
    ck_assert_int_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_PERM_DENIED);
    end(pamh);
    ck_assert_int_eq(stage_count(GATE_HEARD, "step "), 1);
}
END_TEST

START_TEST(a_human_may_follow_a_refused_agent)
{
    pam_handle_t *pamh;

    stage_reset("deny");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_authenticate(pamh, 0), PAM_MAXTRIES);
    set_user(pamh, HUMAN);
    ck_assert_int_eq(pam_authenticate(pamh, 0), IGNORED_AUTH);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), IGNORED_ACCOUNT);
    ck_assert_int_eq(pam_close_session(pamh, 0), IGNORED_SESSION);
    end(pamh);
}
END_TEST

START_TEST(an_agents_handle_stays_an_agents)
{
    pam_handle_t *pamh;

    stage_reset("permit");
    pamh = begin("sshd", LOCAL);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(unlink(PATH_IDENTITIES), 0); /* and the uid lies outside the default range */
    stage_put(GATE_MODE, "deny");
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED);
    end(pamh);
}
END_TEST

START_TEST(a_humans_handle_may_become_an_agents)
{
    pam_handle_t *pamh;

    stage_reset("deny");
    pamh = begin("sshd", HUMAN);
    ck_assert_int_eq(pam_authenticate(pamh, 0), IGNORED_AUTH);
    set_user(pamh, AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
    end(pamh);
    pamh = begin("sshd", HUMAN);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), IGNORED_ACCOUNT);
    ck_assert_int_eq(setresuid(AGENT_UID, 0, 0), 0);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED);
    end(pamh);
}
END_TEST

/* --- the session that open made --- */

START_TEST(close_ends_the_session_once)
{
    pid_t guard;
    pam_handle_t *pamh;

    stage_reset("session");
    guard = puppet_guard(AGENT_UID, SESSION, "permit");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_close_session(pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_close_session(pamh, 0), PAM_SUCCESS);
    end(pamh);
    ck_assert_str_eq(stage_text(GUARD_HEARD),
                     "pam_agent 1\nstep close\nservice sshd\nuser agent-0\nsession " SESSION "\n--\n");
    puppet_leave(guard);
}
END_TEST

START_TEST(a_handle_that_ends_ends_the_session)
{
    pid_t guard;
    pam_handle_t *pamh;

    stage_reset("session");
    guard = puppet_guard(AGENT_UID, SESSION, "permit");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_SUCCESS);
    if (fork() == 0) {
        (void)pam_end(pamh, PAM_SUCCESS); /* sshd's child has a copy of the handle */
        _exit(0);
    }
    ck_assert_int_gt(wait(NULL), 0);
    ck_assert_int_eq(stage_count(GUARD_HEARD, "step close"), 0);
    end(pamh);
    ck_assert_int_eq(stage_count(GUARD_HEARD, "step close"), 1);
    puppet_leave(guard);
}
END_TEST

START_TEST(a_guard_that_is_gone_hinders_no_close)
{
    pam_handle_t *pamh;

    stage_reset("session");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_close_session(pamh, 0), PAM_SUCCESS);
    end(pamh);
}
END_TEST

/* --- arguments --- */

START_TEST(observe_asks_and_ignores_refusals)
{
    pam_handle_t *pamh;

    stage_reset("deny");
    pamh = begin("observed", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), IGNORED_ACCOUNT);
    ck_assert_str_eq(shown, "");
    ck_assert_int_eq(stage_count(GATE_HEARD, "observe 1\n"), 1);
    end(pamh);
    stage_put(GATE_MODE, "permit");
    pamh = begin("observed", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    end(pamh);
}
END_TEST

/* Nobody can be asked; what somebody said of the task is refused nevertheless. */
START_TEST(observe_refuses_orders_alone)
{
    static const struct {
        const char *mode;
        int r;
    } cases[] = {{"nothing", IGNORED_ACCOUNT}, {"garbage", IGNORED_ACCOUNT}, {"order", PAM_PERM_DENIED}};
    pam_handle_t *pamh;

    stage_reset(cases[_i].mode);
    pamh = begin("observed", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), cases[_i].r);
    end(pamh);
}
END_TEST

START_TEST(a_login_that_is_observed_is_left_to_others)
{
    pam_handle_t *pamh;

    stage_reset("observe");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_authenticate(pamh, 0), IGNORED_AUTH);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), IGNORED_ACCOUNT);
    ck_assert_int_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), IGNORED_AUTH);
    ck_assert_int_eq(pam_open_session(pamh, 0), IGNORED_SESSION);
    ck_assert_str_eq(shown, "");
    end(pamh);
}
END_TEST

START_TEST(a_session_that_is_observed_ends_with_its_handle)
{
    pid_t guard;
    pam_handle_t *pamh;

    stage_reset("observed session");
    guard = puppet_guard(AGENT_UID, SESSION, "permit");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_open_session(pamh, 0), IGNORED_SESSION);
    ck_assert_int_eq(stage_count(GUARD_HEARD, "step close\n"), 0);
    end(pamh);
    ck_assert_int_eq(stage_count(GUARD_HEARD, "step close\n"), 1);
    puppet_leave(guard);
}
END_TEST

START_TEST(an_unknown_argument_refuses_agents)
{
    pam_handle_t *pamh;

    stage_reset("permit");
    stage_service("typo", "debugg");
    pamh = begin("typo", AGENT);
    ck_assert_int_eq(pam_authenticate(pamh, 0), PAM_MAXTRIES);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED);
    ck_assert_int_eq(pam_chauthtok(pamh, 0), PAM_PERM_DENIED);
    end(pamh);
    expect_nobody_asked();
}
END_TEST

START_TEST(no_agent_changes_a_password)
{
    pam_handle_t *pamh;

    stage_reset("permit");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_chauthtok(pamh, 0), PAM_PERM_DENIED);
    end(pamh);
    ck_assert_int_eq(stage_count(GATE_HEARD, "step account\n"), 1);
}
END_TEST

/* --- the process gate is started in --- */

START_TEST(gate_begins_clean)
{
    static const int resources[] = {RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_NPROC};
    struct sigaction seen;
    struct rlimit limit;
    sigset_t blocked;
    pam_handle_t *pamh;

    stage_reset("permit");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    sigfillset(&blocked);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    umask(0777);
    ck_assert_int_eq(chdir("/tmp"), 0);
    ck_assert_int_eq(nice(7), 7);
    setenv("LD_PRELOAD", "/nonexistent.so", 1);
    close(1); /* as a host that has closed its own */
    for (int i = 0; i < 20; i++)
        ck_assert_int_ge(dup(2), 0);
    for (size_t i = 0; i < COUNT_OF(resources); i++) { /* the soft ones: not everybody may raise the hard ones again */
        ck_assert_int_eq(getrlimit((unsigned)resources[i], &limit), 0);
        limit.rlim_cur = 4096;
        ck_assert_int_eq(setrlimit((unsigned)resources[i], &limit), 0);
    }
    ck_assert_int_eq(setregid(HUMAN_UID, 0), 0);
    ck_assert_int_eq(setresuid(HUMAN_UID, 0, 0), 0);
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    end(pamh);
    sigaction(SIGCHLD, NULL, &seen);
    ck_assert(seen.sa_handler == SIG_IGN);
    ck_assert_str_eq(stage_text("/tmp/gate-facts"),
                     "uids 0 0 0\ngids 0 0 0 groups 0\nfds 3\nsignals 0 0\nlimits lifted\nleader 1\n"
                     "umask 077 cwd /\nnice 0 policy 0\nenvironment 0\n");
}
END_TEST

static Suite *module_suite(void)
{
    Suite *suite = suite_create("pam_agent");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, humans_are_ignored, 0, COUNT_OF(humans));
    tcase_add_loop_test(all, a_broken_database_refuses_agents_alone, 0, COUNT_OF(damages));
    tcase_add_loop_test(all, the_range_counts_where_the_database_does_not, 0, COUNT_OF(ranges));
    tcase_add_loop_test(all, login_is_gates_to_permit, 0, 3);
    tcase_add_loop_test(all, login_that_gate_does_not_permit_is_refused, 0, COUNT_OF(refusals));
    tcase_add_test(all, a_gate_that_answers_and_stays_is_ended);
    tcase_add_test(all, no_gate_no_login);
    tcase_add_test(all, what_pam_knows_is_in_the_question);
    tcase_add_test(all, a_name_that_resolves_no_more_is_an_agents);
    tcase_add_loop_test(all, conversations_of_every_manner, 0, COUNT_OF(conversations));
    tcase_add_test(all, nobody_is_prompted_but_at_login);
    tcase_add_test(all, silent_means_silent);
    tcase_add_test(all, a_phase_is_decided_once_in_a_handle);
    tcase_add_test(all, setcred_asks_where_account_was_elsewhere);
    tcase_add_test(all, close_and_delete_always_work);
    tcase_add_loop_test(all, a_user_who_changes_is_refused, 0, COUNT_OF(others));
    tcase_add_test(all, a_human_may_follow_a_refused_agent);
    tcase_add_test(all, an_agents_handle_stays_an_agents);
    tcase_add_test(all, a_humans_handle_may_become_an_agents);
    tcase_add_test(all, close_ends_the_session_once);
    tcase_add_test(all, a_handle_that_ends_ends_the_session);
    tcase_add_test(all, a_guard_that_is_gone_hinders_no_close);
    tcase_add_test(all, observe_asks_and_ignores_refusals);
    tcase_add_loop_test(all, observe_refuses_orders_alone, 0, 3);
    tcase_add_test(all, a_login_that_is_observed_is_left_to_others);
    tcase_add_test(all, a_session_that_is_observed_ends_with_its_handle);
    tcase_add_test(all, an_unknown_argument_refuses_agents);
    tcase_add_test(all, no_agent_changes_a_password);
    tcase_add_test(all, gate_begins_clean);
    suite_add_tcase(suite, all);
    return suite;
}

int main(int argc, char **argv)
{
    SRunner *runner;
    int failed;

    (void)argc;
    if (strcmp(argv[0], PATH_GATE) == 0)
        return puppet_gate();
    stage_set();
    runner = srunner_create(module_suite());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
