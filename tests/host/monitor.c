/*
 * monitor: logs an agent in as sshd's monitor does, without sshd: fast, and at a moment that the caller chooses.
 *
 *     monitor [-w FIFO] USER TOKEN KEY COMMAND
 *
 * TOKEN is a file with a credential, KEY the public key it is bound to; possession is shown as sshd shows it, through
 * SSH_AUTH_INFO_0. COMMAND is run by the user's /bin/sh; the session is closed when that ends or at SIGTERM, as when the client
 * leaves. -w: says "ready", and opens the session when somebody opens FIFO for writing. Says "open", or "refused" and the step; "hit"
 * after "open" where a SIGTERM came before the session was open. Exit status 0 when the session was opened, else 1.
 */
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PART 1000 /* bytes of an answer; one of them is the "~" when more follows */

static char token[16384], auth_info[1024] = "SSH_AUTH_INFO_0=publickey ";

/* The first line of the file. */
static void read_line(const char *path, char *buf, size_t cap)
{
    FILE *file = fopen(path, "r");

    if (!file || !fgets(buf, (int)cap, file))
        err(2, "%s", path);
    buf[strcspn(buf, "\n")] = '\0';
    fclose(file);
}

/* Answers "Agent credential (part N)" with its Nth part. */
static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *arg)
{
    struct pam_response *response = calloc((size_t)count, sizeof *response);

    (void)arg;
    for (int i = 0; response && i < count; i++) {
        const char *part = strstr(messages[i]->msg, "(part ");
        size_t at = part ? (size_t)(atoi(part + 6) - 1) * (PART - 1) : sizeof token;
        char *answer = calloc(1, PART + 1);

        if (answer && at < strlen(token))
            snprintf(answer, PART + 1, "%.*s%s", PART - 1, token + at, strlen(token + at) > PART - 1 ? "~" : "");
        response[i].resp = answer;
    }
    *responses = response;
    return response ? PAM_SUCCESS : PAM_BUF_ERR;
}

static void need(int r, const char *step)
{
    if (r == PAM_SUCCESS)
        return;
    printf("refused %s\n", step);
    exit(1);
}

static pam_handle_t *open_login(const char *user, const char *fifo)
{
    static const struct pam_conv conversation = {.conv = converse};
    pam_handle_t *pam;

    need(pam_start("sshd", user, &conversation, &pam), "start");
    need(pam_set_item(pam, PAM_RHOST, "127.0.0.1"), "rhost");
    need(pam_putenv(pam, auth_info), "environment");
    need(pam_authenticate(pam, 0), "authenticate");
    need(pam_acct_mgmt(pam, 0), "account");
    need(pam_setcred(pam, PAM_ESTABLISH_CRED), "setcred");
    if (fifo) {
        puts("ready");
        fflush(stdout);
        close(open(fifo, O_RDONLY | O_CLOEXEC)); /* waits for a writer */
    }
    need(pam_open_session(pam, 0), "open");
    return pam;
}

static void run(const struct passwd *pw, const char *command)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (setsid() < 0 || initgroups(pw->pw_name, pw->pw_gid) < 0 || setgid(pw->pw_gid) < 0 || setuid(pw->pw_uid) < 0)
        _exit(126);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

int main(int argc, char **argv)
{
    const char *fifo = NULL;
    const struct passwd *pw;
    pam_handle_t *pam;
    sigset_t ends, pending;
    pid_t pid;
    int sig;

    if (argc == 7 && strcmp(argv[1], "-w") == 0) {
        fifo = argv[2];
        argv += 2;
    } else if (argc != 5) {
        errx(2, "usage: monitor [-w FIFO] USER TOKEN KEY COMMAND");
    }
    pw = getpwnam(argv[1]);
    if (!pw)
        errx(2, "no such user: %s", argv[1]);
    read_line(argv[2], token, sizeof token);
    read_line(argv[3], auth_info + strlen(auth_info), sizeof auth_info - strlen(auth_info));
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    pam = open_login(argv[1], fifo);
    puts("open");
    if (sigpending(&pending) == 0 && sigismember(&pending, SIGTERM))
        puts("hit");
    fflush(stdout);
    pid = fork();
    if (pid == 0)
        run(pw, argv[4]);
    do /* gate and what was orphaned below us were our children, too */
        sigwait(&ends, &sig);
    while (sig == SIGCHLD && waitpid(pid, NULL, WNOHANG) == 0);
    (void)pam_close_session(pam, 0);
    (void)pam_setcred(pam, PAM_DELETE_CRED);
    (void)pam_end(pam, PAM_SUCCESS);
    return 0;
}
