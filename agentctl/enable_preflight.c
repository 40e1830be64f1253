#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentctl/apply.h"
#include "agentctl/config.h"
#include "agentctl/enable.h"
#include "agentctl/enable_plan.h"
#include "agentctl/program.h"
#include "agentctl/proof.h"
#include "agentctl/say.h"
#include "core/paths.h"
#include "core/text.h"

#ifndef SUDODIR
#define SUDODIR "/usr/libexec/sudo"
#endif
#ifndef PAMDIR
#define PAMDIR "/lib/security"
#endif
#ifndef NSSDIR
#define NSSDIR "/lib"
#endif

#define PATH_OFFERED_KEY LIBEXECDIR "/offered-key"

static int is_there(const char *path)
{
    if (access(path, F_OK) == 0)
        return 1;
    complain("%s is not there: run `make install` first", path);
    return 0;
}

/* A line of sudo.conf that names a missing plug-in stops sudo for everybody (seen with 1.9.13). */
static int installed(void)
{
    return is_there(PAMDIR "/pam_agent.so") & is_there(NSSDIR "/libnss_agent.so.2") & is_there(PATH_GATE) &
           is_there(PATH_GUARD) & is_there(PATH_VERIFIER) &
           (!program_exists("sudo") || is_there(SUDODIR "/sudo_agent.so"));
}

static int configured(void)
{
    FILE *nowhere;
    int r;

    if (access(PATH_CONFIG, F_OK) < 0) {
        complain(PATH_CONFIG " is not there: run `agentctl init` first");
        return 0;
    }
    nowhere = fopen("/dev/null", "we");
    if (!nowhere)
        return 0;
    r = apply_run(APPLY_CHECK, nowhere, stderr);
    fclose(nowhere);
    if (r != APPLY_DONE)
        complain("the configuration cannot be applied: mend it first (`agentctl apply --check`)");
    return r == APPLY_DONE;
}

/* sshd opens certificates without any decision where it does not use PAM. */
static int sshd_uses_pam(void)
{
    enum proof_answer answer;
    char *why = NULL;

    if (!program_exists("sshd"))
        return 1;
    answer = proof_sshd_uses_pam(&why);
    if (answer == PROOF_NO)
        complain("sshd does not use PAM, so it would open accounts without a decision: set `UsePAM yes` in "
                 "/etc/ssh/sshd_config");
    else if (answer != PROOF_YES)
        complain("sshd's configuration cannot be read: %s", why && why[0] ? why : "sshd -T failed");
    free(why);
    return answer == PROOF_YES;
}

/* sshd runs AuthorizedKeysCommand only when the file and all directories above are root's and nobody else's to write. */
static int offered_key_is_trusted(void)
{
    char path[512];
    struct stat st;

    if (text_copy(path, sizeof path, PATH_OFFERED_KEY) < 0 || !is_there(path))
        return 0;
    do {
        if (stat(path[0] ? path : "/", &st) < 0 || st.st_uid != 0 || (st.st_mode & 022)) {
            complain("%s: must be root's and writable by nobody else, or sshd will not run " PATH_OFFERED_KEY,
                     path[0] ? path : "/");
            return 0;
        }
        if (path[0])
            *strrchr(path, '/') = '\0';
    } while (path[0]);
    return 1;
}

int enable_preflight(const struct enable_options *options)
{
    return installed() && configured() && sshd_uses_pam() && (!options->plain_keys || offered_key_is_trusted());
}

void enable_read_host(struct plan_options *ret)
{
    struct problems problems = {0};
    struct config *config;

    if (config_read(PATH_CONFIG_DIR, &config, &problems) == 0) {
        ret->observes = config->host.mode == MODE_OBSERVE;
        ret->sudo_by_arguments = config->host.sudo_by_arguments;
        config_free(config);
    }
    problems_clear(&problems);
}
