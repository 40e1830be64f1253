/*
 * What the PAM phases cost, with the installed product on a throw-away host (tests/bench/inside prepares it).
 *
 *   bench_pam human USER            all phases for a human, over the same stack without pam_agent
 *   bench_pam login USER TOKEN KEY  all phases of an agent's login, gate and guard included
 *   bench_pam sudo USER TOKEN KEY   the account step of sudo inside a session
 *   bench_pam sudo USER TOKEN KEY MINE THEIRS   the same in turns with another one, on another host: each begins when MINE says so, a
 *                                   FIFO, and is passed on by THEIRS
 *
 * TOKEN has a credential for many logins (login.h). Prints a JSON object a line.
 */
#include <err.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "login.h"

#define HUMAN_ROUNDS 400
#define LOGIN_ROUNDS 200
#define SUDO_ROUNDS 1000
#define TURN_STEPS 20

static void print(const char *name, double value, const char *unit)
{
    printf("{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"%s\"}\n", name, value, unit);
    fflush(stdout);
}

/* The whole login, in a process of its own as sshd has it: a session's leader is one process. */
static double login_us(const char *service, const char *user)
{
    double took = -1;
    int channel[2];

    if (pipe(channel) < 0)
        err(1, "pipe");
    if (fork() == 0) {
        double start = now_us();

        close_login(open_login(service, user));
        took = now_us() - start;
        _exit(write(channel[1], &took, sizeof took) != sizeof took);
    }
    close(channel[1]);
    if (read(channel[0], &took, sizeof took) != sizeof took)
        errx(1, "a login of %s through %s failed", user, service);
    close(channel[0]);
    (void)wait(NULL);
    return took;
}

static void human(const char *user)
{
    static double with[HUMAN_ROUNDS], without[HUMAN_ROUNDS];

    for (int i = 0; i < HUMAN_ROUNDS; i++) { /* in turns, so that what else the machine does hits both */
        with[i] = login_us("bench-human", user);
        without[i] = login_us("bench-null", user);
    }
    print("pam-human-us", quantile(with, HUMAN_ROUNDS, 0.5) - quantile(without, HUMAN_ROUNDS, 0.5), "us");
}

static void login(const char *user)
{
    static double took[LOGIN_ROUNDS];

    for (int i = 0; i < LOGIN_ROUNDS; i++)
        took[i] = login_us("bench", user);
    print("login-p50-us", quantile(took, LOGIN_ROUNDS, 0.5), "us");
    print("login-us", quantile(took, LOGIN_ROUNDS, 0.99), "us");
}

static int open_turn(const char *fifo)
{
    int fd = open(fifo, O_RDWR | O_CLOEXEC); /* waits for nobody at the other end */

    if (fd < 0)
        err(1, "%s", fifo);
    return fd;
}

/* What else the machine does hits both of those that take turns. */
static void take_turn(int mine)
{
    char byte;

    if (mine >= 0 && read(mine, &byte, 1) != 1)
        errx(1, "there is no turn any more");
}

static void pass_turn(int theirs)
{
    if (theirs >= 0 && write(theirs, "", 1) != 1)
        err(1, "a turn cannot be passed on");
}

/* As sudo: real uid the caller's, effective uid root's. */
static void sudo(const char *user, int mine, int theirs)
{
    static double took[SUDO_ROUNDS];
    const struct passwd *pw = getpwnam(user);
    pam_handle_t *session = open_login("bench", user);

    if (!pw || setresuid(pw->pw_uid, 0, 0) < 0)
        err(1, "setresuid");
    *auth_info = '\0';
    for (int i = 0; i < SUDO_ROUNDS; i++) {
        pam_handle_t *pam;
        double start;

        if (i % TURN_STEPS == 0)
            take_turn(mine);
        pam = begin("sudo", user);
        start = now_us();
        check(pam, pam_acct_mgmt(pam, 0), "acct_mgmt of sudo");
        took[i] = now_us() - start;
        check(pam, pam_end(pam, PAM_SUCCESS), "pam_end");
        if (i % TURN_STEPS == TURN_STEPS - 1)
            pass_turn(theirs);
    }
    print("sudo-step-us", quantile(took, SUDO_ROUNDS, 0.5), "us");
    if (setresuid(0, 0, 0) < 0)
        err(1, "setresuid");
    close_login(session);
}

int main(int argc, char **argv)
{
    need_throwaway_host();
    if (argc == 3 && strcmp(argv[1], "human") == 0) {
        human(argv[2]);
        return 0;
    }
    if (argc != 5 && argc != 7)
        errx(2, "usage: bench_pam human USER | login|sudo USER TOKEN KEY [MINE THEIRS]");
    read_credential(argv[3], argv[4]);
    if (strcmp(argv[1], "login") == 0)
        login(argv[2]);
    else if (strcmp(argv[1], "sudo") == 0)
        sudo(argv[2], argc == 7 ? open_turn(argv[5]) : -1, argc == 7 ? open_turn(argv[6]) : -1);
    else
        errx(2, "no such bench: %s", argv[1]);
    return 0;
}
