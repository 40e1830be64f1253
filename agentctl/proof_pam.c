#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentctl/proof.h"

#define PAM_WAIT_SECONDS 10

/* Nobody is there to answer. */
static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *data)
{
    (void)messages;
    (void)data;
    *responses = calloc((size_t)(count > 0 ? count : 1), sizeof **responses);
    return *responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

static int phases(pam_handle_t *pam, int with_session)
{
    int r = pam_acct_mgmt(pam, PAM_SILENT);

    if (r == PAM_SUCCESS && with_session) {
        r = pam_open_session(pam, PAM_SILENT);
        if (r == PAM_SUCCESS)
            r = pam_close_session(pam, PAM_SILENT);
    }
    return r;
}

/* In the child: exit 0 for yes, 1 for no. */
static void ask_pam(const char *service, const char *user, uid_t real_uid, int with_session)
{
    static const struct pam_conv conversation = {.conv = converse};
    const struct passwd *caller = getpwuid(real_uid);
    pam_handle_t *pam;
    int null, r;

    setsid();
    signal(SIGALRM, SIG_DFL);
    alarm(PAM_WAIT_SECONDS);
    null = open("/dev/null", O_RDWR); /* not freopen: it would print once more what the parent has in its buffer */
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(2);
    if (pam_start(service, user, &conversation, &pam) != PAM_SUCCESS)
        _exit(1);
    pam_set_item(pam, PAM_RHOST, "127.0.0.1");
    pam_set_item(pam, PAM_TTY, "agentctl");
    if (caller)
        pam_set_item(pam, PAM_RUSER, caller->pw_name);
    if (setresuid(real_uid, 0, 0) < 0)
        _exit(2);
    r = phases(pam, with_session);
    pam_end(pam, r);
    _exit(r == PAM_SUCCESS ? 0 : 1);
}

enum proof_answer proof_pam(const char *service, const char *user, uid_t real_uid, int with_session)
{
    int status;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0)
        ask_pam(service, user, real_uid, with_session);
    while (pid > 0 && waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return PROOF_UNKNOWN;
    }
    if (pid < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 2))
        return PROOF_UNKNOWN;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? PROOF_YES : PROOF_NO;
}
