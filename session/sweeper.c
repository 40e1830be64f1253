/*
 * sweeper: what is left to do when nobody waits for it. Started by gate, guard and who ends a session in its guard's place, as
 *
 *   sweeper                            one sweep (live/sweep.h)
 *   sweeper ended session=ID account=NAME uid=N task=TASK identity=SPIFFE-ID reason=WORD
 *                                      a session has ended: the administrator's hooks, then the account's leftovers
 *   sweeper clear uid=N iss=ISSUER task=TASK identity=SPIFFE-ID
 *                                      this authority is to have the account: the leftovers of another one, for which a login
 *                                      had no time
 *
 * Hooks are the executable files of PATH_END_HOOKS that root owns and nobody else may write, as their directory, run one after
 * another in the order of their names, as root, with the facts above as PAM_AGENT_SESSION, PAM_AGENT_ACCOUNT and so on in an
 * otherwise minimal environment. One that takes too long is killed with its process group. Failures go to syslog.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "ask/packet.h"
#include "core/files.h"
#include "core/names.h"
#include "core/paths.h"
#include "core/proc.h"
#include "core/text.h"
#include "live/sweep.h"

#define SWEEP_SECONDS 50 /* less than SWEEP_EVERY */
#define HOOK_MS 10000
#define CLEAR_MS 30000
#define LOOK_MS 20
#define VARIABLE_MAX (SPIFFE_ID_MAX + 32)
#define LOG_PROBLEM (LOG_AUTHPRIV | LOG_WARNING)

#define FACTS 6
#define FACT_UID 2 /* its place among them */

static const struct {
    const char *argument, *variable;
} facts[FACTS] = {
    {"session=", "PAM_AGENT_SESSION="}, {"account=", "PAM_AGENT_ACCOUNT="},   {"uid=", "PAM_AGENT_UID="},
    {"task=", "PAM_AGENT_TASK="},       {"identity=", "PAM_AGENT_IDENTITY="}, {"reason=", "PAM_AGENT_REASON="},
};

/* --- hooks --- */

static int is_name(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_runnable(const char *path)
{
    CLEANUP(close_fd) int fd = -1;
    struct stat st;

    return file_open(path, &fd) == 0 && fstat(fd, &st) == 0 && (st.st_mode & S_IXUSR);
}

static _Noreturn void become_hook(const char *path, char *const envp[])
{
    char *const argv[] = {(char *)path, NULL};
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (setsid() >= 0 && nothing >= 0 && dup2(nothing, 0) == 0 && dup2(nothing, 1) == 1 && dup2(nothing, 2) == 2)
        execve(path, argv, envp);
    _exit(127);
}

/* 0 and how it ended; -ETIMEDOUT: it was killed; -errno. */
static int await_hook(pid_t pid, int *ret_status)
{
    int64_t deadline = deadline_in(HOOK_MS);

    for (;;) {
        pid_t r = waitpid(pid, ret_status, WNOHANG);

        if (r != 0)
            return r < 0 ? -errno : 0;
        if (deadline_left(deadline) == 0) {
            (void)kill(-pid, SIGKILL);
            (void)kill(pid, SIGKILL); /* before it had a group of its own */
            (void)waitpid(pid, NULL, 0);
            return -ETIMEDOUT;
        }
        (void)usleep(LOOK_MS * 1000);
    }
}

static void run_hook(const char *path, char *const envp[])
{
    int status, r;
    pid_t pid = fork();

    if (pid == 0)
        become_hook(path, envp);
    r = pid < 0 ? -errno : await_hook(pid, &status);
    if (r == -ETIMEDOUT)
        syslog(LOG_PROBLEM, "%s took more than %d s and was killed", path, HOOK_MS / 1000);
    else if (r < 0)
        syslog(LOG_PROBLEM, "%s could not be run: %s", path, strerror(-r));
    else if (WIFSIGNALED(status))
        syslog(LOG_PROBLEM, "%s was ended by signal %d", path, WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        syslog(LOG_PROBLEM, "%s ended with status %d", path, WEXITSTATUS(status));
}

static void run_hooks(char *const envp[])
{
    CLEANUP(close_fd) int dir = -1;
    struct dirent **names = NULL;
    int count, r = dir_open(PATH_END_HOOKS, &dir);

    if (r == -ENOENT)
        return;
    count = r < 0 ? -1 : scandirat(dir, ".", &names, is_name, by_bytes);
    if (count < 0)
        syslog(LOG_PROBLEM, PATH_END_HOOKS " is not used: %s",
               r == -EPERM ? "root must own it, and nobody else write it" : strerror(r < 0 ? -r : errno));
    for (int i = 0; i < count; i++) {
        char path[sizeof PATH_END_HOOKS + NAME_MAX + 2];

        if (text_format(path, sizeof path, PATH_END_HOOKS "/%s", names[i]->d_name) == 0 && is_runnable(path))
            run_hook(path, envp);
        else
            syslog(LOG_PROBLEM,
                   PATH_END_HOOKS "/%s is not run: it must be an executable file that root owns and nobody else "
                                  "may write",
                   names[i]->d_name);
        free(names[i]);
    }
    free(names);
}

/* --- a session has ended --- */

/* The facts as environment; 0 where the arguments are not what the head of this file says. */
static int take_facts(char *const argv[], char environment[FACTS][VARIABLE_MAX])
{
    for (int i = 0; i < FACTS; i++) {
        if (!argv[i] || !text_starts_with(argv[i], facts[i].argument) ||
            text_format(environment[i], VARIABLE_MAX, "%s%s", facts[i].variable, argv[i] + strlen(facts[i].argument)) <
                0)
            return 0;
    }
    return !argv[FACTS];
}

/* An account of nobody in particular (NULL), or for this authority. */
static void clear_leftovers(uid_t uid, const struct grant *grant)
{
    int64_t deadline = deadline_in(CLEAR_MS);
    int r;

    do
        r = grant ? sweep_account_for(grant, deadline_left(deadline)) : sweep_account(uid, deadline_left(deadline));
    while (r == -EAGAIN && deadline_left(deadline) > 0);
    if (r < 0 && r != -EBUSY) /* who clears it, or lives in it, sees to it */
        syslog(LOG_PROBLEM, "the leftovers of uid %lu are not cleared: %s", (unsigned long)uid, strerror(-r));
}

static int session_ended(char *const argv[])
{
    static char environment[FACTS][VARIABLE_MAX];
    char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *envp[FACTS + 2];
    uint64_t uid;

    if (!take_facts(argv, environment) ||
        text_u64(argv[FACT_UID] + strlen(facts[FACT_UID].argument), UINT32_MAX, &uid) < 0)
        return 2;
    for (int i = 0; i < FACTS; i++)
        envp[i] = environment[i];
    envp[FACTS] = path;
    envp[FACTS + 1] = NULL;
    run_hooks(envp);
    clear_leftovers((uid_t)uid, NULL);
    return 0;
}

/* --- another authority waits --- */

static int take_value(const char *argument, const char *name, char *buf, size_t cap)
{
    return argument && text_starts_with(argument, name) && text_copy(buf, cap, argument + strlen(name)) == 0;
}

static int clear_for(char *const argv[])
{
    static struct grant grant; /* large: a scope */
    char digits[TEXT_DECIMAL_MAX + 1];
    uint64_t uid;

    if (!take_value(argv[0], "uid=", digits, sizeof digits) || text_u64(digits, UINT32_MAX, &uid) < 0 ||
        !take_value(argv[1], "iss=", grant.iss, sizeof grant.iss) ||
        !take_value(argv[2], "task=", grant.task, sizeof grant.task) ||
        !take_value(argv[3], "identity=", grant.identity, sizeof grant.identity) || argv[4])
        return 2;
    grant.uid = (uid_t)uid;
    clear_leftovers(grant.uid, &grant);
    return 0;
}

static int sweep_once(void)
{
    struct swept swept;
    int r;

    (void)alarm(SWEEP_SECONDS);
    r = sweep(&swept);
    if (r < 0 && r != -EBUSY)
        syslog(LOG_PROBLEM, "no sweep: %s", strerror(-r));
    return r < 0 && r != -EBUSY;
}

/*
 * Who starts it may have blocked, ignored or closed anything: gate, in the audit session of a login whose end would end it too
 * (refused where that is immutable), or a guard, which the kernel spares and which has few descriptors.
 */
static void begin_clean(void)
{
    const struct rlimit files = {1024, 4096};
    sigset_t none;

    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_DFL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)umask(077);
    (void)setrlimit(RLIMIT_NOFILE, &files);
    process_write_own("loginuid", "4294967295");
    process_write_own("oom_score_adj", "0");
}

int main(int argc, char **argv)
{
    if (getuid() != 0 || chdir("/") < 0)
        return 2;
    begin_clean();
    if (argc == 1)
        return sweep_once();
    if (strcmp(argv[1], "ended") == 0)
        return session_ended(argv + 2);
    return strcmp(argv[1], "clear") == 0 ? clear_for(argv + 2) : 2;
}
