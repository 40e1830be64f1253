/*
 * What the PAM phases cost, with the installed product on a throw-away host (tests/bench/inside prepares it).
 *
 *   bench_pam human USER            all phases for a human, over the same stack without pam_agent
 *   bench_pam login USER TOKEN KEY  all phases of an agent's login, gate and guard included
 *   bench_pam sudo USER TOKEN KEY   the account step of sudo inside a session
 *   bench_pam sudo USER TOKEN KEY MINE THEIRS   the same in turns with another one, on another host: each begins when MINE says so, a
 *                                   FIFO, and is passed on by THEIRS
 *
 * TOKEN is a file with a credential for many logins, KEY the public key it is bound to: possession is shown as sshd shows it,
 * through SSH_AUTH_INFO_0. Prints a JSON object a line.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HUMAN_ROUNDS 400
#define LOGIN_ROUNDS 200
#define SUDO_ROUNDS 1000
#define TURN_STEPS 20
#define PART 1000

static char token[8192], auth_info[1024];

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double quantile(double *values, size_t count, double q)
{
    qsort(values, count, sizeof *values, compare);
    return values[(size_t)((double)(count - 1) * q)];
}

static void print(const char *name, double value, const char *unit)
{
    printf("{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"%s\"}\n", name, value, unit);
    fflush(stdout);
}

static void read_line(const char *path, char *buf, size_t cap)
{
    FILE *file = fopen(path, "r");

    if (!file || !fgets(buf, (int)cap, file))
        err(1, "%s", path);
    buf[strcspn(buf, "\n")] = '\0';
    fclose(file);
}

/* Answers "Agent credential (part N)" with the Nth thousand bytes. */
static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *arg)
{
    struct pam_response *response = calloc((size_t)count, sizeof *response);

    (void)arg;
    for (int i = 0; response && i < count; i++) {
        const char *part = strstr(messages[i]->msg, "(part ");
        size_t at = part ? (size_t)(atoi(part + 6) - 1) * (PART - 1) : 0;
        char *answer = calloc(1, PART + 2);

        if (answer && part && at < strlen(token)) {
            strncpy(answer, token + at, PART - 1);
            if (strlen(token) - at > PART - 1)
                strcat(answer, "~");
        }
        response[i].resp = answer;
    }
    *responses = response;
    return response ? PAM_SUCCESS : PAM_BUF_ERR;
}

static const struct pam_conv conversation = {.conv = converse};

static void check(pam_handle_t *pam, int r, const char *what)
{
    if (r != PAM_SUCCESS)
        errx(1, "%s: %s", what, pam_strerror(pam, r));
}

static pam_handle_t *begin(const char *service, const char *user)
{
    pam_handle_t *pam;

    check(NULL, pam_start(service, user, &conversation, &pam), "pam_start");
    check(pam, pam_set_item(pam, PAM_RHOST, "127.0.0.1"), "PAM_RHOST");
    if (*auth_info)
        check(pam, pam_putenv(pam, auth_info), "SSH_AUTH_INFO_0");
    return pam;
}

static pam_handle_t *open_login(const char *service, const char *user)
{
    pam_handle_t *pam = begin(service, user);

    check(pam, pam_authenticate(pam, 0), "authenticate");
    check(pam, pam_acct_mgmt(pam, 0), "acct_mgmt");
    check(pam, pam_setcred(pam, PAM_ESTABLISH_CRED), "setcred");
    check(pam, pam_open_session(pam, 0), "open_session");
    return pam;
}

static void close_login(pam_handle_t *pam)
{
    check(pam, pam_close_session(pam, 0), "close_session");
    check(pam, pam_setcred(pam, PAM_DELETE_CRED), "delete cred");
    check(pam, pam_end(pam, PAM_SUCCESS), "pam_end");
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
    if (access("/run/throwaway-host", F_OK) < 0)
        errx(1, "not on a throw-away host: run this through tests/bench/run");
    if (argc == 3 && strcmp(argv[1], "human") == 0) {
        human(argv[2]);
        return 0;
    }
    if (argc != 5 && argc != 7)
        errx(2, "usage: bench_pam human USER | login|sudo USER TOKEN KEY [MINE THEIRS]");
    read_line(argv[3], token, sizeof token);
    strcpy(auth_info, "SSH_AUTH_INFO_0=publickey ");
    read_line(argv[4], auth_info + strlen(auth_info), sizeof auth_info - strlen(auth_info));
    if (strcmp(argv[1], "login") == 0)
        login(argv[2]);
    else if (strcmp(argv[1], "sudo") == 0)
        sudo(argv[2], argc == 7 ? open_turn(argv[5]) : -1, argc == 7 ? open_turn(argv[6]) : -1);
    else
        errx(2, "no such bench: %s", argv[1]);
    return 0;
}
