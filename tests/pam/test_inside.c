/* Steps from inside a session: pam_agent.so and sudo_agent.so with puppets for the guards; starved processes. */
#include <check.h>
#include <dlfcn.h>
#include <sudo_plugin.h>

#include "tests/pam/stage.h"

#define OTHER_SESSION "fedcba9876543210"
#define NOT_RUN 1000 /* no value of libpam */

static char shown[4096];

static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *arg)
{
    (void)count;
    (void)responses;
    (void)arg;
    if (messages[0]->msg_style != PAM_TEXT_INFO)
        snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%d %s\n", messages[0]->msg_style,
                 messages[0]->msg);
    return messages[0]->msg_style == PAM_ERROR_MSG || messages[0]->msg_style == PAM_TEXT_INFO ? PAM_SUCCESS
                                                                                              : PAM_CONV_ERR;
}

static pam_handle_t *begin(const char *service, const char *user)
{
    static struct pam_conv conv = {.conv = converse};
    pam_handle_t *pamh = NULL;

    shown[0] = '\0';
    ck_assert_int_eq(pam_start(service, user, &conv, &pamh), PAM_SUCCESS);
    return pamh;
}

static void end(pam_handle_t *pamh)
{
    ck_assert_int_eq(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
}

/* From now on this process is one that this uid started and that is setuid root, as sudo and su are. */
static void started_by(uid_t uid)
{
    ck_assert_int_eq(setresuid(uid, 0, 0), 0);
}

/* 0 where this kernel keeps no login uid. */
static int login_uid(uid_t uid)
{
    char text[24];
    int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC), ok;

    if (fd < 0)
        return 0;
    snprintf(text, sizeof text, "%u", uid);
    ok = write(fd, text, strlen(text)) > 0;
    close(fd);
    return ok;
}

/* --- sudo_agent.so --- */

static struct approval_plugin *plugin;
static char said[1024];
static const char *const *settings;    /* of sudo's own command line */
static const char *const *environment; /* that sudo would pass on */

static int say(int type, const char *format, ...)
{
    va_list args;

    ck_assert(type == SUDO_CONV_ERROR_MSG || type == SUDO_CONV_INFO_MSG);
    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    return 0;
}

static void load_plugin(void)
{
    void *library = dlopen(stage_built("sudo_agent.so"), RTLD_NOW);

    if (!library)
        errx(1, "%s", dlerror());
    plugin = dlsym(library, "sudo_agent");
    if (!plugin)
        errx(1, "sudo_agent: no such symbol");
}

/* What check answers for a command of that many words. */
static int check(const char *const *info, const char *const *argv, const char **ret_text)
{
    const char *text = NULL;
    int r;

    said[0] = '\0';
    ck_assert_int_eq(
        plugin->open(SUDO_API_VERSION, NULL, say, (char *const *)(uintptr_t)settings, NULL, 0, NULL, NULL, NULL, &text),
        1);
    r = plugin->check((char *const *)(uintptr_t)info, (char *const *)(uintptr_t)argv,
                      (char *const *)(uintptr_t)environment, &text);
    plugin->close();
    if (ret_text)
        *ret_text = text;
    return r;
}

#define INFO(...) ((const char *const[]){__VA_ARGS__, NULL})
#define AS_ROOT "runas_uid=0", "runas_gid=0"
#define ID "command=/usr/bin/id"

static const char *const id_u[] = {"id", "-u", NULL};

/* --- sudo and others in a session --- */

START_TEST(sudo_is_the_guards_to_permit)
{
    uid_t uid = _i ? LOCAL_UID : AGENT_UID;
    pid_t guard;
    pam_handle_t *pamh;

    stage_reset("deny");
    guard = puppet_guard(uid, SESSION, "permit");
    started_by(uid);
    pamh = begin("sudo", _i ? LOCAL : AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    pam_set_item(pamh, PAM_USER, "root");
    ck_assert_int_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_SUCCESS);
    ck_assert_int_eq(pam_close_session(pamh, 0), PAM_SUCCESS);
    end(pamh);
    ck_assert_int_eq(stage_count(GUARD_HEARD, "step sudo\nphase account\nservice sudo\nuser "), 1);
    ck_assert_int_eq(stage_count(GUARD_HEARD, "step sudo\nphase open\nservice sudo\nuser root\nrun-as root\n--\n"), 1);
    ck_assert_int_eq(stage_count(GUARD_HEARD, "--\n"), 2);
    ck_assert_str_eq(stage_text(GATE_HEARD), "");
    puppet_leave(guard);
}
END_TEST

static const struct {
    const char *service, *user;
} steps[] = {{"sudo", AGENT}, {"su", "root"},  {"su", HUMAN},
             {"su", LOCAL},   {"sshd", HUMAN}, {"sudo", "no-such-account"}};

START_TEST(what_is_observed_is_left_to_others)
{
    int by_guard = _i == 0;
    pid_t guard = 0;
    pam_handle_t *pamh;

    stage_reset("observe");
    if (by_guard)
        guard = puppet_guard(AGENT_UID, SESSION, "observe");
    started_by(AGENT_UID);
    pamh = begin("sudo", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), IGNORED_ACCOUNT);
    pam_set_item(pamh, PAM_USER, "root");
    ck_assert_int_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), IGNORED_AUTH);
    ck_assert_int_eq(pam_open_session(pamh, 0), IGNORED_SESSION);
    end(pamh);
    ck_assert_str_eq(shown, "");
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, NULL), 1);
    ck_assert_str_eq(said, "");
    ck_assert_int_eq(stage_count(by_guard ? GUARD_HEARD : GATE_HEARD, "step command\n"), 1);
    if (by_guard)
        puppet_leave(guard);
}
END_TEST

static const char *const refusing[] = {"deny", "garbage", "later", "huge", "nothing", "elsewhere", "prompts 1"};

static void expect_refused(pam_handle_t *pamh)
{
    ck_assert_int_eq(pam_authenticate(pamh, 0), PAM_MAXTRIES);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
    ck_assert_int_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_PERM_DENIED);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED);
    ck_assert_int_eq(pam_chauthtok(pamh, 0), PAM_PERM_DENIED);
    end(pamh);
    ck_assert_ptr_nonnull(strstr(shown, "3 Access denied"));
}

START_TEST(a_step_that_no_guard_permits_is_refused)
{
    pid_t guard;

    stage_reset("permit"); /* what gate says of a process in no session does not count */
    guard = puppet_guard(AGENT_UID, SESSION, refusing[(size_t)_i % COUNT_OF(refusing)]);
    started_by(AGENT_UID);
    expect_refused(begin(steps[(size_t)_i / COUNT_OF(refusing)].service, steps[(size_t)_i / COUNT_OF(refusing)].user));
    puppet_leave(guard);
}
END_TEST

START_TEST(without_a_session_gate_records_it)
{
    pam_handle_t *pamh;

    stage_reset("deny");
    started_by(AGENT_UID);
    pamh = begin("sudo", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
    ck_assert_str_eq(shown, "3 Access denied (ref ABCDEF)\n");
    ck_assert_str_eq(stage_text(GATE_HEARD), "pam_agent 1\nstep sudo\nphase account\nservice sudo\nuser agent-0\n--\n");
    end(pamh);
}
END_TEST

START_TEST(guards_are_asked_until_one_claims)
{
    pid_t first, second;
    pam_handle_t *pamh;

    stage_reset("deny");
    first = puppet_guard(AGENT_UID, SESSION, _i ? "permit" : "elsewhere");
    second = puppet_guard(AGENT_UID, OTHER_SESSION, _i ? "elsewhere" : "permit");
    stage_put(PATH_RUN "/by/uid/70002/00000000000000aa", ""); /* stale: no socket */
    stage_put(PATH_RUN "/by/uid/70002/garbage", "");
    stage_put(PATH_RUN "/by/uid/70002/.new-0011", "");
    started_by(AGENT_UID);
    pamh = begin("sudo", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    end(pamh);
    puppet_leave(first);
    puppet_leave(second);
}
END_TEST

/* By who claimed the caller at account, by another one where that is gone, and by nobody where none is left. */
START_TEST(who_claimed_the_caller_is_asked_first)
{
    pid_t first, second = 0;
    pam_handle_t *pamh;

    stage_reset("deny");
    first = puppet_guard(AGENT_UID, SESSION, "permit");
    started_by(AGENT_UID);
    pamh = begin("sudo", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    if (_i < 2)
        second = puppet_guard(AGENT_UID, OTHER_SESSION, _i == 0 ? "deny" : "permit");
    if (_i > 0)
        puppet_leave(first);
    pam_set_item(pamh, PAM_USER, "root");
    ck_assert_int_eq(pam_open_session(pamh, 0), _i < 2 ? PAM_SUCCESS : PAM_PERM_DENIED);
    end(pamh);
    if (_i == 0)
        puppet_leave(first);
    if (_i < 2)
        puppet_leave(second);
}
END_TEST

START_TEST(a_guard_that_hangs_costs_two_seconds)
{
    int64_t deadline = deadline_in(3000);
    pid_t guard;
    pam_handle_t *pamh;

    stage_reset("permit");
    guard = puppet_guard(AGENT_UID, SESSION, "hang");
    started_by(AGENT_UID);
    pamh = begin("sudo", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
    ck_assert_int_gt(deadline_left(deadline), 0);
    ck_assert_int_lt(deadline_left(deadline), 1500);
    end(pamh);
    puppet_leave(guard);
}
END_TEST

/* An agent fills the queue of its own guard. */
START_TEST(a_full_queue_is_waited_for_and_refused)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = PATH_RUN "/ctl/" SESSION};
    int64_t deadline = deadline_in(4000);
    pid_t guard;
    pam_handle_t *pamh;

    stage_reset("permit");
    guard = puppet_guard(AGENT_UID, SESSION, "hang");
    for (int i = 0; i < 32; i++) {
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        (void)connect(fd, (struct sockaddr *)&address, sizeof address);
    }
    started_by(AGENT_UID);
    pamh = begin("sudo", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
    ck_assert_int_gt(deadline_left(deadline), 0);
    end(pamh);
    puppet_leave(guard);
}
END_TEST

START_TEST(a_guard_that_is_not_roots_is_nobodys)
{
    pid_t guard, puppet = fork();
    pam_handle_t *pamh;

    if (puppet == 0) {
        stage_reset("deny");
        ck_assert_int_eq(system("mkdir -p -m 0777 " PATH_RUN "/ctl; chmod 0777 " PATH_RUN
                                "/ctl; mkdir -p -m 0755 " PATH_RUN "/by/uid/70002; touch " PATH_RUN
                                "/by/uid/70002/" SESSION "; rm -f " GUARD_HEARD),
                         0);
        ck_assert_int_eq(setresuid(AGENT_UID, AGENT_UID, AGENT_UID), 0);
        guard = fork();
        if (guard == 0) {
            struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = PATH_RUN "/ctl/" SESSION};
            int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

            if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4) < 0)
                _exit(1);
            for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
                static char text[MESSAGE_MAX];
                size_t len;

                if (packet_receive(fd, text, sizeof text, deadline_in(1000), &len) == 0)
                    puppet_perform(fd, "permit");
            }
        }
        _exit(0);
    }
    ck_assert_int_eq(waitpid(puppet, NULL, 0), puppet);
    for (int tries = 0; tries < 100 && access(PATH_RUN "/ctl/" SESSION, F_OK) < 0; tries++)
        usleep(10000);
    ck_assert_int_eq(access(PATH_RUN "/ctl/" SESSION, F_OK), 0);
    started_by(AGENT_UID);
    pamh = begin("sudo", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
    ck_assert_int_eq(stage_count(GATE_HEARD, "step sudo"), 1);
    end(pamh);
}
END_TEST

static const char *const tampered[] = {
    "chown 70002 " PATH_RUN "/by/uid/70002",
    "chmod 0777 " PATH_RUN "/by/uid/70002",
    "chmod 0770 " PATH_RUN "/by",
    "chown 70002 " PATH_RUN,
    "mv " PATH_RUN "/by/uid/70002 /tmp/moved && ln -s /tmp/moved " PATH_RUN "/by/uid/70002",
    "mv " PATH_RUN " /tmp/run && ln -s /tmp/run " PATH_RUN,
    "rm -r " PATH_RUN "/by && touch " PATH_RUN "/by",
};

START_TEST(an_index_that_others_may_write_is_none)
{
    pid_t guard;
    pam_handle_t *pamh;

    stage_reset("deny");
    guard = puppet_guard(AGENT_UID, SESSION, "permit");
    ck_assert_int_eq(system(tampered[_i]), 0);
    started_by(AGENT_UID);
    pamh = begin("sudo", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
    ck_assert_str_eq(stage_text(GUARD_HEARD), "");
    end(pamh);
    puppet_leave(guard);
}
END_TEST

START_TEST(open_without_account_is_not_helped_by_setcred)
{
    pid_t guard;
    pam_handle_t *pamh;

    stage_reset("deny");
    guard = puppet_guard(AGENT_UID, SESSION, "permit");
    started_by(AGENT_UID);
    pamh = begin("sudo", "root"); /* Defaults !pam_acct_mgmt */
    ck_assert_int_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_PERM_DENIED);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED);
    end(pamh);
    puppet_leave(guard);
}
END_TEST

/* Only sudo hands over, and only behind account. */
START_TEST(a_user_who_changes_in_another_service_is_refused)
{
    pid_t guard;
    pam_handle_t *pamh;

    stage_reset("deny");
    guard = puppet_guard(AGENT_UID, SESSION, "permit");
    started_by(AGENT_UID);
    pamh = begin("su", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS); /* this puppet permits anything */
    pam_set_item(pamh, PAM_USER, "root");
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED);
    end(pamh);
    pamh = begin("sudo", AGENT);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    pam_set_item(pamh, PAM_USER, "root");
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
    end(pamh);
    puppet_leave(guard);
}
END_TEST

/* --- the login uid --- */

static void expect_ignored(const char *user)
{
    pam_handle_t *pamh = begin("sshd", user);

    ck_assert_int_eq(pam_authenticate(pamh, 0), IGNORED_AUTH);
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), IGNORED_ACCOUNT);
    ck_assert_int_eq(pam_setcred(pamh, PAM_ESTABLISH_CRED), IGNORED_AUTH);
    ck_assert_int_eq(pam_open_session(pamh, 0), IGNORED_SESSION);
    ck_assert_int_eq(pam_close_session(pamh, 0), IGNORED_SESSION);
    end(pamh);
    ck_assert_str_eq(shown, "");
}

START_TEST(a_daemon_with_an_agents_login_uid_locks_nobody_out)
{
    pid_t guard;

    if (!login_uid(AGENT_UID))
        return;
    stage_reset("deny");
    expect_ignored(HUMAN);
    guard = puppet_guard(AGENT_UID, SESSION, "elsewhere");
    expect_ignored(HUMAN);
    expect_ignored("root");
    puppet_leave(guard);
    expect_ignored(HUMAN);
    ck_assert_int_eq(system("chmod 0777 " PATH_RUN), 0);
    expect_ignored(HUMAN);
    ck_assert_str_eq(stage_text(GATE_HEARD), "");
}
END_TEST

START_TEST(root_inside_a_session_is_the_agent)
{
    pid_t guard;
    pam_handle_t *pamh;

    if (!login_uid(AGENT_UID))
        return;
    stage_reset("permit");
    guard = puppet_guard(AGENT_UID, SESSION, "deny");
    expect_refused(begin("su", HUMAN));
    pamh = begin("sshd", AGENT); /* but a login is a login */
    ck_assert_int_eq(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    end(pamh);
    puppet_leave(guard);
}
END_TEST

START_TEST(a_human_uid_with_an_agents_login_uid_is_the_agent)
{
    if (!login_uid(AGENT_UID))
        return;
    stage_reset("deny");
    started_by(HUMAN_UID);
    expect_refused(begin("su", "root"));
}
END_TEST

START_TEST(open_leaves_no_login_uid_unset)
{
    pam_handle_t *pamh;

    if (access("/proc/self/loginuid", W_OK) < 0)
        return;
    stage_reset("deny");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_PERM_DENIED);
    ck_assert_str_eq(stage_text("/proc/self/loginuid"), "4294967295");
    end(pamh);
    stage_put(GATE_MODE, "permit"); /* without a session: whoever visits the account stays who it was */
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_SUCCESS);
    ck_assert_str_eq(stage_text("/proc/self/loginuid"), "4294967295");
    end(pamh);
    stage_put(GATE_MODE, "session");
    pamh = begin("sshd", AGENT);
    ck_assert_int_eq(pam_open_session(pamh, 0), PAM_SUCCESS);
    ck_assert_str_eq(stage_text("/proc/self/loginuid"), "70002");
    end(pamh);
}
END_TEST

/* --- starved --- */

static const struct {
    int resource;
    rlim_t first, last, step;
    int relative; /* to the memory that is in use */
} starvations[] = {
    {RLIMIT_NOFILE, 0, 24, 1, 0},    {RLIMIT_AS, 0, 1 << 20, 8192, 1}, {RLIMIT_DATA, 0, 1 << 20, 8192, 0},
    {RLIMIT_FSIZE, 0, 4096, 512, 0}, {RLIMIT_NPROC, 0, 4, 1, 0},       {RLIMIT_STACK, 16384, 262144, 16384, 0},
};

static rlim_t memory_in_use(void)
{
    return strtoul(stage_text("/proc/self/statm"), NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* In a process of an agent outside the default range, under this limit. 255: the limit could not be set. */
static int starved(int (*step)(pam_handle_t *pamh), int resource, rlim_t value)
{
    struct rlimit limit;
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        pam_handle_t *pamh = begin("su", "root");

        (void)pam_setcred(pamh, PAM_DELETE_CRED); /* loads the modules */
        started_by(LOCAL_UID);
        (void)getrlimit((unsigned)resource, &limit);
        limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;
        if (setrlimit((unsigned)resource, &limit) < 0)
            _exit(255);
        _exit(step(pamh));
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : NOT_RUN; /* who is killed got nothing */
}

static int account(pam_handle_t *pamh)
{
    return pam_acct_mgmt(pamh, 0);
}

/* sudo_agent.so is the finer probe: libpam itself fails where it gets no socket for its audit message. */
static int command(pam_handle_t *pamh)
{
    (void)pamh;
    return check(INFO(ID, AS_ROOT), id_u, NULL) == 1 ? PAM_SUCCESS : PAM_PERM_DENIED;
}

START_TEST(whoever_starves_does_not_leave_the_agents)
{
    int (*step)(pam_handle_t *) = (size_t)_i < COUNT_OF(starvations) ? account : command;
    size_t which = (size_t)_i % COUNT_OF(starvations);
    rlim_t base;
    pid_t guard;
    int refused = 0;

    stage_reset("deny");
    base = starvations[which].relative ? memory_in_use() : 0;
    guard = puppet_guard(LOCAL_UID, SESSION, "deny");
    for (rlim_t value = starvations[which].first; value <= starvations[which].last; value += starvations[which].step) {
        int r = starved(step, starvations[which].resource, base + value);

        ck_assert_int_ne(r, PAM_SUCCESS);
        ck_assert_int_ne(r, IGNORED_ACCOUNT);
        ck_assert_int_ne(r, 255);
        refused += r == PAM_PERM_DENIED;
    }
    if (starvations[which].resource != RLIMIT_AS) /* nothing runs with so little under valgrind */
        ck_assert_int_gt(refused, 0);
    puppet_leave(guard);
}
END_TEST

/* --- commands --- */

START_TEST(commands_of_others_pass_at_once)
{
    int64_t start = deadline_in(0);

    stage_reset("deny");
    started_by(_i ? HUMAN_UID : 0);
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, NULL), 1);
    ck_assert_int_eq(check(INFO(ID, "runas_uid=1501", "chroot=/x", "sudoedit=true"), id_u, NULL), 1);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, NULL), 1);
    ck_assert_int_lt((int)(deadline_in(0) - start), 500);
    ck_assert_str_eq(said, "");
    ck_assert_str_eq(stage_text(GATE_HEARD), "");
}
END_TEST

START_TEST(an_agents_command_is_the_guards_to_permit)
{
    const char *text = NULL;
    pid_t guard;

    stage_reset("deny");
    guard = puppet_guard(AGENT_UID, SESSION, _i ? "deny" : "permit");
    started_by(AGENT_UID);
    ck_assert_int_eq(check(INFO(ID, "cwd=/tmp", "runas_user=root", AS_ROOT), id_u, &text), _i ? 0 : 1);
    ck_assert_str_eq(stage_text(GUARD_HEARD), "pam_agent 1\nstep command\nservice sudo\nrun-as root\n"
                                              "cwd /tmp\nown-group root\nargv /usr/bin/id\nargv -u\n--\n");
    if (_i) {
        ck_assert_str_eq(text, "Access denied (ref ABCDEF)");
        ck_assert_str_eq(said, "sudo: Access denied (ref ABCDEF)\n");
    }
    puppet_leave(guard);
}
END_TEST

static const struct {
    const char *command, *argv[5], *needs;
} lacking[] = {
    {ID, {"id"}, "; needs host:sudo runas=root command=/usr/bin/id"},
    {ID, {"id", "-u", "a b"}, "; needs host:sudo runas=root command=/usr/bin/id args=[\"-u\",\"a b\"]"},
    {ID,
     {"id", "\"\\\n\x1b[2J"},
     "; needs host:sudo runas=root command=/usr/bin/id args=[\"\\\"\\\\\\u000a\\u001b[2J\"]"},
    {ID, {"id", ""}, "; needs host:sudo runas=root command=/usr/bin/id args=[\"\"]"},
    {ID, {"id", "a'b"}, "; needs host:sudo runas=root command=/usr/bin/id args=[\"a\\u0027b\"]"},
    {ID, {"id", "\xc2\x9b"}, ""},
    {"command=/opt/a b", {"b"}, ""},
    {"command=/opt/a,b", {"b"}, ""},
    {"command=/opt/*", {"*"}, ""},
};

START_TEST(what_a_command_lacks_is_told)
{
    char wanted[256];
    const char *text = NULL;
    pid_t guard;

    stage_reset("deny");
    guard = puppet_guard(AGENT_UID, SESSION, "lacks");
    started_by(AGENT_UID);
    ck_assert_int_eq(check(INFO(lacking[_i].command, AS_ROOT), lacking[_i].argv, &text), 0);
    snprintf(wanted, sizeof wanted, "Access denied (ref ABCDEF)%s", lacking[_i].needs);
    ck_assert_str_eq(text, wanted);
    puppet_leave(guard);
}
END_TEST

START_TEST(what_is_long_is_not_told)
{
    static char word[1000];
    const char *text = NULL;
    pid_t guard;

    stage_reset("deny");
    guard = puppet_guard(AGENT_UID, SESSION, "lacks");
    started_by(AGENT_UID);
    memset(word, 'x', sizeof word - 1);
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), INFO("id", word), &text), 0);
    ck_assert_str_eq(text, "Access denied (ref ABCDEF)");
    puppet_leave(guard);
}
END_TEST

static const struct {
    const char *info[6];
    const char *heard; /* the run-as that no rule matches */
} strange[] = {
    {{ID, "runas_uid=0", "runas_gid=4711"}, "run-as root:#4711\n"},
    {{ID, "runas_uid=0", "runas_gid=0", "runas_egid=4"}, "run-as root:#"},
    {{ID, "runas_uid=0", "runas_gid=x"}, "run-as root:#"},
    {{ID, "runas_uid=4711", "runas_gid=4711"}, "run-as #4711:#"},
    {{ID, AS_ROOT, "chroot=/srv"}, "run-as root (chroot /srv)\n"},
    {{ID, AS_ROOT, "sudoedit=true"}, "run-as root (sudoedit)\n"},
    {{ID}, "step command"},
    {{ID, "runas_uid=x"}, "step command"},
    {{ID, "runas_uid=0", "runas_euid=1501"}, "step command"},
    {{AS_ROOT}, "step command"},
    {{"command=id", AS_ROOT}, "step command"},
    {{"command=", AS_ROOT}, "step command"},
    {{"commander=/usr/bin/id", AS_ROOT}, "step command"},
};

START_TEST(what_no_rule_speaks_of_is_refused)
{
    pid_t guard;

    stage_reset("deny");
    guard = puppet_guard(AGENT_UID, SESSION, "permit");
    started_by(AGENT_UID);
    ck_assert_int_eq(check(strange[_i].info, id_u, NULL), 0);
    ck_assert_int_eq(stage_count(GUARD_HEARD, strange[_i].heard), 1);
    puppet_leave(guard);
}
END_TEST

START_TEST(a_group_is_named)
{
    pid_t guard;

    stage_reset("deny");
    guard = puppet_guard(AGENT_UID, SESSION, "permit");
    started_by(AGENT_UID);
    ck_assert_int_eq(check(INFO(ID, "runas_uid=0", "runas_gid=1"), id_u, NULL), 1);
    ck_assert_int_eq(stage_count(GUARD_HEARD, "run-as root:daemon\n"), 1);
    puppet_leave(guard);
}
END_TEST

/* What of its environment goes along is not an agent's to choose. */
START_TEST(a_variable_that_no_rule_speaks_of)
{
    pid_t guard;

    stage_reset("deny");
    guard = puppet_guard(AGENT_UID, SESSION, "permit");
    started_by(AGENT_UID);
    environment = INFO("HOME=/root", "TERM=xterm");
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, NULL), 1);
    environment = INFO("HOME=/root", "LD_PRELOAD=/tmp/x.so");
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, NULL), 0);
    ck_assert_int_eq(stage_count(GUARD_HEARD, "run-as root (variable LD_PRELOAD)\n"), 1);
    environment = INFO("HOME=/tmp");
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, NULL), 0);
    puppet_leave(guard);
}
END_TEST

START_TEST(who_was_sent_away_asks_again)
{
    pid_t guard;

    stage_reset("deny");
    guard = puppet_guard(AGENT_UID, SESSION, "crowded permit");
    started_by(AGENT_UID);
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, NULL), 1);
    ck_assert_int_eq(stage_count(GUARD_HEARD, "step command"), 1);
    puppet_leave(guard);
}
END_TEST

START_TEST(a_humans_variable_is_the_humans)
{
    stage_reset("deny");
    started_by(HUMAN_UID);
    environment = INFO("LD_PRELOAD=/tmp/x.so");
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, NULL), 1);
}
END_TEST

/* sudo is root in every uid by then. */
START_TEST(what_a_command_starts_is_the_guards_to_permit)
{
    pid_t guard;

    stage_reset("deny");
    guard = puppet_guard(AGENT_UID, SESSION, "permit");
    started_by(AGENT_UID);
    environment = INFO("HOME=/root");
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, NULL), 1);
    ck_assert_int_eq(stage_count(GUARD_HEARD, "phase"), 0);
    started_by(0);
    environment = INFO("HOME=/root", "PWD=/", "SHLVL=1", "_=/usr/bin/id");
    ck_assert_int_eq(check(INFO(ID, AS_ROOT, "runcwd=/srv"), id_u, NULL), 1);
    ck_assert_int_eq(stage_count(GUARD_HEARD, "step command\nphase sub-command\nservice sudo\nrun-as root\n"
                                              "cwd /srv\nown-group root\nargv /usr/bin/id\nargv -u\n--\n"),
                     1);
    environment = INFO("LD_PRELOAD=/usr/libexec/sudo/sudo_intercept.so"); /* who asks is no sudo that would say so */
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, NULL), 0);
    ck_assert_int_eq(stage_count(GUARD_HEARD, "run-as root (variable LD_PRELOAD)\n"), 1);
    puppet_leave(guard);
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, NULL), 0);
    ck_assert_int_eq(stage_count(GATE_HEARD, "phase sub-command\n"), 1);
}
END_TEST

/* sudo -h, before 1.9.17p1: sudoers were asked for another host, and the command runs here. */
START_TEST(rules_of_another_host)
{
    int refused = _i == 0;
    pid_t guard;

    stage_reset("deny");
    guard = puppet_guard(AGENT_UID, SESSION, "permit");
    started_by(_i == 1 ? HUMAN_UID : AGENT_UID);
    settings = INFO("progname=sudo", _i == 2 ? "runas_user=root" : "remote_host=web-08");
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, NULL), !refused);
    ck_assert_int_eq(stage_count(GUARD_HEARD, "run-as root (rules of another host)\n"), refused);
    puppet_leave(guard);
}
END_TEST

static const struct {
    const char *name;
    int good;
} names[] = {
    {"id", 1},
    {"/usr/bin/id", 1},
    {"/bin/id", 1},
    {"/usr/local/bin/id", 1},
    {"-id", 1}, /* a login shell */
    {"./id", 0},
    {"../bin/id", 0},
    {"bin/id", 0},
    {"/id", 0},
    {"/home/agent/bin/id", 0},
    {"/usr/bin/../bin/id", 0},
    {"/usr//bin/id", 0},
    {"/usr/bin//id", 0},
    {"/tmp/usr/bin/id", 0},
};

START_TEST(a_name_that_no_rule_speaks_of)
{
    const char *const argv[] = {names[_i].name, "-u", NULL};
    char heard[128];
    pid_t guard;

    stage_reset("deny");
    guard = puppet_guard(AGENT_UID, SESSION, "permit");
    started_by(AGENT_UID);
    environment = INFO("HOME=/root");
    snprintf(heard, sizeof heard, names[_i].good ? "run-as root\n" : "run-as root (called %s)\n", names[_i].name);
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), argv, NULL), names[_i].good);
    ck_assert_int_eq(stage_count(GUARD_HEARD, heard), 1);
    puppet_leave(guard);
}
END_TEST

START_TEST(a_humans_name_is_the_humans)
{
    const char *const argv[] = {names[_i].name, "-u", NULL};

    stage_reset("deny");
    started_by(HUMAN_UID);
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), argv, NULL), 1);
}
END_TEST

START_TEST(a_command_that_is_too_long_is_refused_and_recorded)
{
    static char word[60000];
    static const char *many[MESSAGE_ARGS_MAX + 3] = {"id"};
    pid_t guard;

    stage_reset("deny");
    guard = puppet_guard(AGENT_UID, SESSION, "permit");
    started_by(AGENT_UID);
    memset(word, 'x', sizeof word - 1);
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), INFO("id", word), NULL), 0);
    memset(word, '\n', 20000);
    word[20000] = '\0';
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), INFO("id", word), NULL), 0);
    for (size_t i = 1; i <= MESSAGE_ARGS_MAX; i++)
        many[i] = "x";
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), many, NULL), 0);
    many[MESSAGE_ARGS_MAX] = NULL;
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), many, NULL), 1);
    ck_assert_int_eq(stage_count(GUARD_HEARD, "step command"), 4);
    puppet_leave(guard);
}
END_TEST

START_TEST(no_session_no_command)
{
    const char *text = NULL;

    stage_reset(_i ? "permit" : "deny");
    started_by(AGENT_UID);
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, &text), 0);
    ck_assert_ptr_nonnull(strstr(text, "Access denied"));
    ck_assert_int_eq(stage_count(GATE_HEARD, "step command\nservice sudo\nuser agent-0\n"), 1);
    ck_assert_int_eq(plugin->check(NULL, NULL, NULL, NULL), 0);
}
END_TEST

/* gate says who may; never with another root directory or as sudoedit, which no account's name says. */
START_TEST(gate_says_who_becomes_an_agent_by_sudo)
{
    stage_reset(_i % 2 ? "permit" : "deny");
    started_by(_i / 2 ? HUMAN_UID : 0);
    ck_assert_int_eq(check(INFO(ID, "runas_uid=70002", "runas_gid=70002"), id_u, NULL), _i % 2);
    ck_assert_int_eq(stage_count(GATE_HEARD, "run-as agent-0\n"), 1);
    ck_assert_int_eq(check(INFO(ID, "runas_uid=2000", "runas_gid=2000"), id_u, NULL), _i % 2);
    ck_assert_int_eq(stage_count(GATE_HEARD, "run-as agent-0:"), 0);
    (void)!check(INFO(ID, "runas_uid=70002", "runas_gid=0"), id_u, NULL);
    ck_assert_int_eq(stage_count(GATE_HEARD, "run-as agent-0:"), 1); /* which is no account either */
    ck_assert_int_eq(check(INFO(ID, "runas_uid=70002", "runas_gid=70002", "chroot=/srv"), id_u, NULL), 0);
    ck_assert_int_eq(check(INFO(ID, "runas_uid=70002", "runas_gid=70002", "sudoedit=true"), id_u, NULL), 0);
    ck_assert_int_eq(check(INFO("command=id", "runas_uid=70002", "runas_gid=70002"), id_u, NULL), 0);
}
END_TEST

START_TEST(an_old_login_uid_takes_no_roots_sudo)
{
    pid_t guard;

    if (!login_uid(AGENT_UID))
        return;
    stage_reset("deny");
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, NULL), 1);
    guard = puppet_guard(AGENT_UID, SESSION, "elsewhere");
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, NULL), 1);
    ck_assert_int_eq(check(INFO(ID, "runas_uid=70002"), id_u, NULL), 0);
    puppet_leave(guard);
    guard = puppet_guard(AGENT_UID, SESSION, "deny");
    ck_assert_int_eq(check(INFO(ID, AS_ROOT), id_u, NULL), 0);
    puppet_leave(guard);
}
END_TEST

START_TEST(the_plugin_says_what_it_is)
{
    const char *text = NULL;

    ck_assert_uint_eq(plugin->type, SUDO_APPROVAL_PLUGIN);
    ck_assert_uint_eq(SUDO_API_VERSION_GET_MAJOR(plugin->version), 1);
    plugin->close();
    ck_assert_int_eq(plugin->show_version(1), 1);
    ck_assert_int_eq(plugin->open(SUDO_API_MKVERSION(1, 15), NULL, say, NULL, NULL, 0, NULL, NULL, NULL, &text), 1);
    ck_assert_int_eq(plugin->show_version(0), 1);
    ck_assert_ptr_nonnull(strstr(said, "sudo_agent version"));
}
END_TEST

static Suite *inside_suite(void)
{
    Suite *suite = suite_create("inside");
    TCase *pam = tcase_create("pam"), *sudo = tcase_create("sudo");

    tcase_set_timeout(pam, 120);
    tcase_add_loop_test(pam, sudo_is_the_guards_to_permit, 0, 2);
    tcase_add_loop_test(pam, what_is_observed_is_left_to_others, 0, 2);
    tcase_add_loop_test(pam, a_step_that_no_guard_permits_is_refused, 0, COUNT_OF(steps) * COUNT_OF(refusing));
    tcase_add_test(pam, without_a_session_gate_records_it);
    tcase_add_loop_test(pam, guards_are_asked_until_one_claims, 0, 2);
    tcase_add_test(pam, a_guard_that_hangs_costs_two_seconds);
    tcase_add_test(pam, a_full_queue_is_waited_for_and_refused);
    tcase_add_test(pam, a_guard_that_is_not_roots_is_nobodys);
    tcase_add_loop_test(pam, an_index_that_others_may_write_is_none, 0, COUNT_OF(tampered));
    tcase_add_loop_test(pam, who_claimed_the_caller_is_asked_first, 0, 3);
    tcase_add_test(pam, open_without_account_is_not_helped_by_setcred);
    tcase_add_test(pam, a_user_who_changes_in_another_service_is_refused);
    tcase_add_test(pam, a_daemon_with_an_agents_login_uid_locks_nobody_out);
    tcase_add_test(pam, root_inside_a_session_is_the_agent);
    tcase_add_test(pam, a_human_uid_with_an_agents_login_uid_is_the_agent);
    tcase_add_test(pam, open_leaves_no_login_uid_unset);
    tcase_add_loop_test(pam, whoever_starves_does_not_leave_the_agents, 0, 2 * COUNT_OF(starvations));
    suite_add_tcase(suite, pam);
    tcase_set_timeout(sudo, 60);
    tcase_add_loop_test(sudo, commands_of_others_pass_at_once, 0, 2);
    tcase_add_loop_test(sudo, an_agents_command_is_the_guards_to_permit, 0, 2);
    tcase_add_loop_test(sudo, what_a_command_lacks_is_told, 0, COUNT_OF(lacking));
    tcase_add_test(sudo, what_is_long_is_not_told);
    tcase_add_loop_test(sudo, what_no_rule_speaks_of_is_refused, 0, COUNT_OF(strange));
    tcase_add_test(sudo, a_group_is_named);
    tcase_add_test(sudo, a_variable_that_no_rule_speaks_of);
    tcase_add_loop_test(sudo, rules_of_another_host, 0, 3);
    tcase_add_test(sudo, who_was_sent_away_asks_again);
    tcase_add_test(sudo, a_humans_variable_is_the_humans);
    tcase_add_test(sudo, what_a_command_starts_is_the_guards_to_permit);
    tcase_add_loop_test(sudo, a_name_that_no_rule_speaks_of, 0, COUNT_OF(names));
    tcase_add_loop_test(sudo, a_humans_name_is_the_humans, 0, COUNT_OF(names));
    tcase_add_test(sudo, a_command_that_is_too_long_is_refused_and_recorded);
    tcase_add_loop_test(sudo, no_session_no_command, 0, 2);
    tcase_add_loop_test(sudo, gate_says_who_becomes_an_agent_by_sudo, 0, 4);
    tcase_add_test(sudo, an_old_login_uid_takes_no_roots_sudo);
    tcase_add_test(sudo, the_plugin_says_what_it_is);
    suite_add_tcase(suite, sudo);
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
    load_plugin();
    runner = srunner_create(inside_suite());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
