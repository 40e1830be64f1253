/*
 * bench_sudo USER TOKEN KEY WITH WITHOUT: prints sudo-over-permit, how long a whole `sudo -n true` of an agent takes inside its session,
 * over the same sudo without us, as the median of runs in turns.
 *
 * WITH and WITHOUT are directories that hold pam.d and sudo.conf, each seen in place of those of /etc by one of two runners, which are
 * processes of the session in mount namespaces of their own. TOKEN and KEY: login.h.
 */
#include <err.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "login.h"

#define ROUNDS 1000
#define WARM_UP 20

enum { WITH, WITHOUT, WAYS };

struct runner {
    int ask, answer;
    double took[ROUNDS];
};

/* --- a runner --- */

static void mount_over(const char *dir, const char *name)
{
    char from[256], to[64];

    snprintf(from, sizeof from, "%s/%s", dir, name);
    snprintf(to, sizeof to, "/etc/%s", name);
    if (mount(from, to, NULL, MS_BIND, NULL) < 0)
        err(1, "%s over %s", from, to);
}

static void become(const char *user)
{
    const struct passwd *pw = getpwnam(user);

    if (!pw || initgroups(user, pw->pw_gid) < 0 || setgid(pw->pw_gid) < 0 || setuid(pw->pw_uid) < 0)
        err(1, "%s", user);
}

static double sudo_us(void)
{
    double start = now_us();
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        execl("/usr/bin/sudo", "sudo", "-n", "true", (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
        errx(1, "a sudo failed");
    return now_us() - start;
}

static _Noreturn void run(const char *user, const char *dir, int ask, int answer)
{
    double took;
    char byte;

    if (unshare(CLONE_NEWNS) < 0)
        err(1, "unshare");
    mount_over(dir, "pam.d");
    mount_over(dir, "sudo.conf");
    become(user);
    while (read(ask, &byte, 1) == 1) {
        took = sudo_us();
        if (write(answer, &took, sizeof took) != sizeof took)
            err(1, "pipe");
    }
    _exit(0);
}

/* --- both --- */

static void start_runner(struct runner *runner, const char *user, const char *dir)
{
    int ask[2], answer[2];

    if (pipe(ask) < 0 || pipe(answer) < 0)
        err(1, "pipe");
    switch (fork()) {
    case -1:
        err(1, "fork");
    case 0:
        close(ask[1]);
        run(user, dir, ask[0], answer[1]);
    default:
        close(ask[0]);
        close(answer[1]);
        runner->ask = ask[1];
        runner->answer = answer[0];
    }
}

static double ask_runner(const struct runner *runner)
{
    double took;

    if (write(runner->ask, "", 1) != 1 || read(runner->answer, &took, sizeof took) != sizeof took)
        errx(1, "a runner is gone");
    return took;
}

/* In turns, so that what else the machine does hits both; which one begins changes, too. */
static void measure(struct runner runners[WAYS])
{
    for (int i = -WARM_UP; i < ROUNDS; i++)
        for (int turn = 0; turn < WAYS; turn++) {
            struct runner *runner = &runners[(turn + i + WARM_UP) % WAYS];
            double took = ask_runner(runner);

            if (i >= 0)
                runner->took[i] = took;
        }
}

static void print(const char *name, double value, const char *unit)
{
    printf("{\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\"}\n", name, value, unit);
}

int main(int argc, char **argv)
{
    static struct runner runners[WAYS];
    pam_handle_t *session;
    double with, without;

    need_throwaway_host();
    if (argc != 6)
        errx(2, "usage: bench_sudo USER TOKEN KEY WITH WITHOUT");
    signal(SIGPIPE, SIG_IGN);
    read_credential(argv[2], argv[3]);
    session = open_login("bench", argv[1]);
    for (int i = 0; i < WAYS; i++)
        start_runner(&runners[i], argv[1], argv[4 + i]);
    measure(runners);
    for (int i = 0; i < WAYS; i++)
        close(runners[i].ask);
    while (wait(NULL) > 0)
        continue;
    close_login(session);
    with = quantile(runners[WITH].took, ROUNDS, 0.5);
    without = quantile(runners[WITHOUT].took, ROUNDS, 0.5);
    print("sudo-ms", with / 1000, "ms");
    print("sudo-permit-ms", without / 1000, "ms");
    print("sudo-over-permit", with / without, "x");
    return 0;
}
