/*
 * What programs of the bench share: figures, and a login of an agent in process, as sshd makes it.
 */
#ifndef PAM_AGENT_BENCH_LOGIN_H
#define PAM_AGENT_BENCH_LOGIN_H

#include <err.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PART 1000

static char token[8192], auth_info[1024];

static inline void need_throwaway_host(void)
{
    if (access("/run/throwaway-host", F_OK) < 0)
        errx(1, "not on a throw-away host: run this through tests/bench/run");
}

static inline double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static inline int compare_figures(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static inline double quantile(double *values, size_t count, double q)
{
    qsort(values, count, sizeof *values, compare_figures);
    return values[(size_t)((double)(count - 1) * q)];
}

static inline void read_line(const char *path, char *buf, size_t cap)
{
    FILE *file = fopen(path, "r");

    if (!file || !fgets(buf, (int)cap, file))
        err(1, "%s", path);
    buf[strcspn(buf, "\n")] = '\0';
    fclose(file);
}

/* TOKEN is a file with a credential, KEY the public key it is bound to: possession is shown through SSH_AUTH_INFO_0. */
static inline void read_credential(const char *token_path, const char *key_path)
{
    read_line(token_path, token, sizeof token);
    strcpy(auth_info, "SSH_AUTH_INFO_0=publickey ");
    read_line(key_path, auth_info + strlen(auth_info), sizeof auth_info - strlen(auth_info));
}

/* Answers "Agent credential (part N)" with the Nth thousand bytes. */
static inline int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *arg)
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

static inline void check(pam_handle_t *pam, int r, const char *what)
{
    if (r != PAM_SUCCESS)
        errx(1, "%s: %s", what, pam_strerror(pam, r));
}

static inline pam_handle_t *begin(const char *service, const char *user)
{
    pam_handle_t *pam;

    check(NULL, pam_start(service, user, &conversation, &pam), "pam_start");
    check(pam, pam_set_item(pam, PAM_RHOST, "127.0.0.1"), "PAM_RHOST");
    if (*auth_info)
        check(pam, pam_putenv(pam, auth_info), "SSH_AUTH_INFO_0");
    return pam;
}

static inline pam_handle_t *open_login(const char *service, const char *user)
{
    pam_handle_t *pam = begin(service, user);

    check(pam, pam_authenticate(pam, 0), "authenticate");
    check(pam, pam_acct_mgmt(pam, 0), "acct_mgmt");
    check(pam, pam_setcred(pam, PAM_ESTABLISH_CRED), "setcred");
    check(pam, pam_open_session(pam, 0), "open_session");
    return pam;
}

static inline void close_login(pam_handle_t *pam)
{
    check(pam, pam_close_session(pam, 0), "close_session");
    check(pam, pam_setcred(pam, PAM_DELETE_CRED), "delete cred");
    check(pam, pam_end(pam, PAM_SUCCESS), "pam_end");
}

#endif
