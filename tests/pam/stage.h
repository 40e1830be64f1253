/*
 * The stage of the plug-ins' tests, on a throw-away host (tests/host/enter): accounts, a database, PAM services with our
 * module and nothing else that decides, and in the places of gate and guard two puppets that answer as a word tells them.
 * Any failure to set it up ends the program.
 */
#ifndef PAM_AGENT_TESTS_STAGE_H
#define PAM_AGENT_TESTS_STAGE_H

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask/ask.h"
#include "ask/packet.h"
#include "core/paths.h"
#include "core/text.h"
#include "tests/identities_maker.h"

#define AGENT "agent-0"
#define AGENT_UID 70002
#define LOCAL "local-agent" /* in the database and in /etc/passwd, outside the range */
#define LOCAL_UID 2000
#define MEMBER "member" /* of the group agents, and in no database */
#define MEMBER_UID 2100
#define HUMAN "alice"
#define HUMAN_UID 1500
#define SESSION "0123456789abcdef"

#define GATE_MODE "/tmp/gate-mode"
#define GATE_HEARD "/tmp/gate-heard"
#define GUARD_HEARD "/tmp/guard-heard"

/* What libpam returns where our module says PAM_IGNORE: pam_debug.so speaks next. */
#define IGNORED_AUTH PAM_CRED_UNAVAIL
#define IGNORED_ACCOUNT PAM_ACCT_EXPIRED
#define IGNORED_SESSION PAM_SESSION_ERR
#define IGNORED_CHAUTHTOK PAM_AUTHTOK_LOCK_BUSY

static inline void stage_write(const char *path, int flags, const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);

    if (fd < 0 || write(fd, text, len) != (ssize_t)len || close(fd) < 0)
        err(1, "%s", path);
}

static inline void stage_put(const char *path, const char *text)
{
    stage_write(path, O_TRUNC, text, strlen(text));
}

/* A file as a string, "" where it is absent; freed by nobody. */
static inline const char *stage_text(const char *path)
{
    static char text[1 << 20];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

/* How often does what stand in the file? */
static inline int stage_count(const char *path, const char *what)
{
    int count = 0;

    for (const char *at = stage_text(path); (at = strstr(at, what)); at++)
        count++;
    return count;
}

/* --- the host --- */

/* This program; not /proc/self/exe as a file, which under valgrind is valgrind. */
static inline const char *stage_self(void)
{
    static char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (n < 0)
        err(1, "/proc/self/exe");
    self[n] = '\0';
    return self;
}

static inline const char *stage_built(const char *name)
{
    static char path[2 * PATH_MAX];
    char self[PATH_MAX];

    snprintf(self, sizeof self, "%s", stage_self());
    snprintf(path, sizeof path, "%s/../../%s", dirname(self), name); /* build/tests/pam/... */
    return path;
}

static inline void stage_service(const char *service, const char *args)
{
    char path[256], text[65536];
    const char *module = stage_built("pam_agent.so"), *control = "[success=done ignore=ignore default=die]";

    snprintf(path, sizeof path, "/etc/pam.d/%s", service);
    snprintf(text, sizeof text,
             "auth %s %s %s\nauth required pam_debug.so auth=cred_unavail cred=cred_unavail\n"
             "account %s %s %s\naccount required pam_debug.so acct=acct_expired\n"
             "session %s %s %s\nsession required pam_debug.so open_session=session_err close_session=session_err\n"
             "password %s %s %s\npassword required pam_debug.so prechauthtok=authtok_lock_busy chauthtok=success\n",
             control, module, args, control, module, args, control, module, args, control, module, args);
    stage_put(path, text);
}

static inline void stage_database(void)
{
    struct identities_meta meta = maker_meta(2, 0);
    struct identity first = maker_numbered(0), local = {.uid = LOCAL_UID, .local = 1};
    struct maker maker;

    strcpy(local.account, LOCAL);
    strcpy(local.id, "spiffe://example.org/agent/local");
    meta.uid_max = 99999;
    (void)mkdir(PATH_STATE_DIR, 0755);
    maker_begin(&maker, PATH_IDENTITIES, &meta);
    maker_add(&maker, &first);
    maker_add(&maker, &local);
    maker_end(&maker);
}

static inline void stage_accounts(void)
{
    static const char accounts[] =
        AGENT ":*:70002:70002::/nonexistent:/bin/sh\n"
              "sneaky:*:70002:70002::/nonexistent:/bin/sh\n" LOCAL ":*:2000:2000::/nonexistent:/bin/sh\n" MEMBER
              ":*:2100:2100::/nonexistent:/bin/sh\n" HUMAN
              ":*:1500:1500::/nonexistent:/bin/sh\nbob:*:1501:1501::/nonexistent:/bin/sh\n";
    static const char groups[] = "agents:x:4242:" MEMBER "\n";

    stage_write("/etc/passwd", O_APPEND, accounts, sizeof accounts - 1);
    stage_write("/etc/group", O_APPEND, groups, sizeof groups - 1);
    stage_put("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\n");
}

static inline void stage_program(const char *path)
{
    char command[2 * PATH_MAX];

    snprintf(command, sizeof command, "mkdir -p %s && cp %s %s", LIBEXECDIR, stage_self(), path);
    if (system(command) != 0)
        errx(1, "%s: cannot be put in place", path);
}

static inline void stage_set(void)
{
    char name[64] = "";

    if (gethostname(name, sizeof name) < 0 || strcmp(name, "web-07") != 0)
        errx(1, "run this through tests/host/enter");
    stage_accounts();
    stage_database();
    stage_program(PATH_GATE);
    stage_service("sshd", "");
    stage_service("sudo", "");
    stage_service("su", "debug");
    stage_service("observed", "observe");
    stage_service("broken", "observe unheard-of");
    stage_put(GATE_MODE, "deny");
}

/* --- the puppets --- */

static inline void puppet_hear(const char *path, const char *text, size_t len)
{
    stage_write(path, O_APPEND, text, len);
    stage_write(path, O_APPEND, "--\n", 3);
}

static inline void puppet_say(int fd, const char *text)
{
    (void)!packet_send(fd, text, strlen(text), deadline_in(1000));
}

/* One line a fact of the process that gate was started as. */
static inline void puppet_describe(FILE *out)
{
    static const int resources[] = {RLIMIT_CPU, RLIMIT_AS, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_NPROC};
    uid_t r, e, s;
    struct rlimit limit;
    char cwd[PATH_MAX] = "";
    int fds = 0, ignored = 0, lifted = 1;
    sigset_t blocked;
    struct sigaction action;
    mode_t mask = umask(0);
    DIR *dir = opendir("/proc/self/fd");

    while (dir && readdir(dir))
        fds++;
    if (dir)
        closedir(dir);
    for (int i = 1; i < NSIG; i++)
        ignored += sigaction(i, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
    for (size_t i = 0; i < COUNT_OF(resources); i++)
        lifted &= getrlimit((unsigned)resources[i], &limit) == 0 && limit.rlim_cur == limit.rlim_max;
    (void)getresuid(&r, &e, &s);
    (void)sigprocmask(SIG_SETMASK, NULL, &blocked);
    fprintf(out, "uids %u %u %u\n", r, e, s);
    (void)getresgid(&r, &e, &s);
    fprintf(out, "gids %u %u %u groups %d\n", r, e, s, getgroups(0, NULL));
    fprintf(out, "fds %d\n", fds - 3 - (out != stdout)); /* ".", ".." and the directory itself */
    fprintf(out, "signals %d %d\n", ignored, sigismember(&blocked, SIGTERM) || sigismember(&blocked, SIGINT));
    fprintf(out, "limits %s\n", lifted ? "lifted" : "kept");
    fprintf(out, "leader %d\n", getsid(0) == getpid());
    fprintf(out, "umask %03o cwd %s\n", (unsigned)mask, getcwd(cwd, sizeof cwd));
    fprintf(out, "nice %d policy %d\n", getpriority(PRIO_PROCESS, 0), sched_getscheduler(0));
    fprintf(out, "environment %d\n", environ && environ[0] ? 1 : 0);
}

static inline void puppet_prompts(int fd, int count)
{
    char text[MESSAGE_MAX];
    const char *reply;
    size_t len;

    for (int i = 0; i < count; i++) {
        puppet_say(fd, "pam_agent 1\nverdict prompt\nprompt Agent credential (part 1): \n");
        if (packet_receive(fd, text, sizeof text, deadline_in(60000), &len) < 0)
            return;
        stage_write(GATE_HEARD, O_APPEND, text + 12, len - 12); /* without the version line */
        if (reply_read(text, len, &reply) < 0 || !reply) {
            puppet_say(fd, "pam_agent 1\nverdict deny\nreason credential_missing\nreference ABCDEF\n");
            return;
        }
    }
    puppet_say(fd, "pam_agent 1\nverdict permit\nreason permit\nreference ABCDEF\n");
}

static inline void puppet_perform(int fd, const char *mode)
{
    static char huge[100000];

    if (strcmp(mode, "permit") == 0 || strcmp(mode, "linger") == 0)
        puppet_say(fd, "pam_agent 1\nverdict permit\nreason permit\nreference ABCDEF\n");
    else if (strcmp(mode, "session") == 0)
        puppet_say(fd, "pam_agent 1\nverdict permit\nreason permit\nreference ABCDEF\nsession " SESSION "\n");
    else if (strcmp(mode, "deny") == 0)
        puppet_say(fd, "pam_agent 1\nverdict deny\nreason expired\nreference ABCDEF\n");
    else if (strcmp(mode, "observe") == 0)
        puppet_say(fd, "pam_agent 1\nverdict observe\nreason no_rule\nreference ABCDEF\n");
    else if (strcmp(mode, "observed session") == 0)
        puppet_say(fd, "pam_agent 1\nverdict observe\nreason no_rule\nreference ABCDEF\nsession " SESSION "\n");
    else if (strcmp(mode, "order") == 0)
        puppet_say(fd, "pam_agent 1\nverdict deny\nreason task_revoked\nreference ABCDEF\n");
    else if (strcmp(mode, "lacks") == 0)
        puppet_say(fd, "pam_agent 1\nverdict deny\nreason scope_exceeded\nreference ABCDEF\n");
    else if (strcmp(mode, "elsewhere") == 0)
        puppet_say(fd, "pam_agent 1\nverdict elsewhere\nreason session_not_found\n");
    else if (strcmp(mode, "garbage") == 0)
        puppet_say(fd, "\x7f"
                       "ELF verdict permit\n");
    else if (strcmp(mode, "later") == 0)
        puppet_say(fd, "pam_agent 2\nverdict permit\nreason permit\n");
    else if (strcmp(mode, "huge") == 0)
        (void)!packet_send(fd, memset(huge, '\n', sizeof huge), sizeof huge, deadline_in(1000));
    else if (strncmp(mode, "prompts ", 8) == 0)
        puppet_prompts(fd, atoi(mode + 8));
    if (strcmp(mode, "hang") == 0 || strcmp(mode, "linger") == 0)
        sleep(60);
}

static inline int puppet_gate(void)
{
    char text[MESSAGE_MAX], mode[64];
    size_t len;
    FILE *facts = fopen("/tmp/gate-facts", "we");

    puppet_describe(facts);
    fclose(facts);
    umask(022);
    (void)!text_copy(mode, sizeof mode, stage_text(GATE_MODE));
    if (strcmp(mode, "deaf") == 0)
        return 0;
    if (packet_receive(0, text, sizeof text, deadline_in(2000), &len) < 0)
        return 1;
    puppet_hear(GATE_HEARD, text, len);
    puppet_perform(0, mode);
    return 0;
}

/* A guard of this session of this uid, in a process of its own, that answers everybody so. "crowded VERDICT": but for the first, which it sends away. */
static inline pid_t puppet_guard(uid_t uid, const char *session, const char *mode)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[256], text[MESSAGE_MAX];
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    pid_t pid;

    (void)!system("mkdir -p -m 0755 " PATH_RUN " " PATH_RUN "/by " PATH_RUN "/by/uid " PATH_RUN "/ctl");
    snprintf(path, sizeof path, PATH_RUN "/by/uid/%u", uid);
    (void)mkdir(path, 0700);
    snprintf(path, sizeof path, PATH_RUN "/by/uid/%u/%s", uid, session);
    stage_put(path, "");
    snprintf(address.sun_path, sizeof address.sun_path, PATH_RUN "/ctl/%s", session);
    (void)unlink(address.sun_path);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4) < 0)
        err(1, "%s", address.sun_path);
    pid = fork();
    if (pid != 0) {
        close(listener);
        return pid;
    }
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        size_t len;

        if (strncmp(mode, "crowded ", 8) == 0) {
            mode += 8;
            close(fd);
            continue;
        }
        if (packet_receive(fd, text, sizeof text, deadline_in(1000), &len) == 0) {
            puppet_hear(GUARD_HEARD, text, len);
            puppet_perform(fd, mode);
        }
        close(fd);
    }
}

static inline void puppet_leave(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

/* Everything as at the beginning, but for the accounts. */
static inline void stage_reset(const char *gate_mode)
{
    (void)!system("rm -rf " PATH_RUN " " GATE_HEARD " " GUARD_HEARD " " PATH_IDENTITIES " " PATH_UID_RANGE
                  " /tmp/moved /tmp/run");
    stage_database();
    stage_put(GATE_MODE, gate_mode);
}

#endif
