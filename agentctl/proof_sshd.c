#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentctl/program.h"
#include "agentctl/proof.h"
#include "agentctl/template.h"
#include "core/text.h"

/* sshd says nothing without a host key, and a new machine may have none yet: it gets one for this moment. */
struct host_key {
    char dir[32], path[48];
};

static void host_key_remove(struct host_key *key)
{
    char public[64];

    if (!key->dir[0])
        return;
    if (text_format(public, sizeof public, "%s.pub", key->path) == 0)
        unlink(public);
    unlink(key->path);
    rmdir(key->dir);
}

static int host_key_make(struct host_key *key)
{
    const struct program keygen = {.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key->path}};
    char output[512];
    int status, r;

    strcpy(key->dir, "/tmp/agentctl.XXXXXX");
    if (!mkdtemp(key->dir)) {
        key->dir[0] = '\0';
        return -errno;
    }
    r = text_format(key->path, sizeof key->path, "%s/key", key->dir);
    if (r == 0)
        r = program_run(&keygen, output, sizeof output, &status);
    return r < 0 ? r : status == 0 ? 0 : -EIO;
}

/* Its directory for the unprivileged half is there only while it runs. */
static void make_run_dir(void)
{
    if (program_exists("sshd"))
        mkdir("/run/sshd", 0755);
}

int proof_sshd(const char *option, const char *user, char *output, size_t cap)
{
    CLEANUP(host_key_remove) struct host_key key = {.dir = ""};
    struct program sshd = {.argv = {"/usr/sbin/sshd", option, "-h", key.path}};
    char connection[256];
    int status, r = host_key_make(&key);

    if (r == 0 && user) {
        r = text_format(connection, sizeof connection, "user=%s,host=localhost,addr=127.0.0.1", user);
        sshd.argv[4] = "-C";
        sshd.argv[5] = connection;
    }
    if (r < 0)
        return r;
    make_run_dir();
    r = program_run(&sshd, output, cap, &status);
    return r < 0 ? r : status == 0 ? 0 : -EIO;
}

/* Is there this line, as sshd -T prints it? */
static int has_line(const char *output, const char *line)
{
    size_t len = strlen(line);

    for (const char *at = output; (at = strstr(at, line)); at += len) {
        if ((at == output || at[-1] == '\n') && at[len] == '\n')
            return 1;
    }
    return 0;
}

enum proof_answer proof_sshd_uses_pam(char **ret_why)
{
    char output[PROOF_SSHD_MAX] = "";

    *ret_why = NULL;
    if (proof_sshd("-T", NULL, output, sizeof output) < 0) {
        *ret_why = strdup(output);
        return PROOF_UNKNOWN;
    }
    return has_line(output, "usepam yes") ? PROOF_YES : PROOF_NO;
}

static const char *const agent_lines[] = {
    "usepam yes",
    "passwordauthentication no",
    "kbdinteractiveauthentication yes",
    "hostbasedauthentication no",
    "permitemptypasswords no",
    "authorizedkeysfile none",
    "authorizedprincipalsfile /etc/pam_agent/none",
    "authorizedprincipalscommand /bin/echo %u",
    "disableforwarding yes",
    "allowtcpforwarding no",
    "allowstreamlocalforwarding no",
    "allowagentforwarding no",
    "x11forwarding no",
    "permittunnel no",
    "gatewayports no",
    "permituserrc no",
};

/* How many of the values that an agent's login must have it does not have. */
int proof_sshd_agent(const char *account, int plain_keys)
{
    char output[PROOF_SSHD_MAX] = "";
    int wrong = 0, r = proof_sshd("-T", account, output, sizeof output);

    if (r < 0) {
        printf("FAILED    sshd -T for %s: %s\n", account, output);
        return 1;
    }
    for (size_t i = 0; i < COUNT_OF(agent_lines); i++) {
        if (has_line(output, agent_lines[i]))
            continue;
        printf("FAILED    sshd has no `%s` for %s\n", agent_lines[i], account);
        wrong++;
    }
    if (plain_keys && !has_line(output, "authenticationmethods publickey,keyboard-interactive:pam")) {
        printf("FAILED    sshd does not ask %s for key and credential\n", account);
        wrong++;
    }
    if (!plain_keys && !has_line(output, "authorizedkeyscommand none")) {
        printf("FAILED    sshd takes keys for %s from a command\n", account);
        wrong++;
    }
    if (wrong == 0)
        printf("proven    sshd: %s by credential alone, no forwarding\n", account);
    return wrong;
}

/* The client's proxy is sshd itself, on its standard input and output; agent-askpass names the prompt that it cannot answer. */
enum proof_answer proof_prompt(const char *account, int plain_keys)
{
    CLEANUP(host_key_remove) struct host_key key = {.dir = ""};
    char output[8192], proxy[160], target[128], identity[80];
    struct program ssh = {
        .argv = {"ssh",
                 "-F",
                 "none",
                 "-o",
                 proxy,
                 "-o",
                 "StrictHostKeyChecking=no",
                 "-o",
                 "UserKnownHostsFile=/dev/null",
                 "-o",
                 "NumberOfPasswordPrompts=1",
                 "-o",
                 "IdentitiesOnly=yes",
                 "-o",
                 identity,
                 "-o",
                 "LogLevel=ERROR",
                 "-o",
                 "ConnectTimeout=10",
                 target,
                 "true"},
        .env = {"SSH_ASKPASS=" PREFIX "/bin/agent-askpass", "SSH_ASKPASS_REQUIRE=force", "DISPLAY=:0"},
        .timeout_ms = 15000,
    };
    int status;

    if (!program_exists("ssh") || access(PREFIX "/bin/agent-askpass", X_OK) < 0 || host_key_make(&key) < 0)
        return PROOF_UNKNOWN;
    make_run_dir();
    if (text_format(proxy, sizeof proxy, "ProxyCommand=/usr/sbin/sshd -i -h %s", key.path) < 0 ||
        text_format(target, sizeof target, "%s@localhost", account) < 0 ||
        text_format(identity, sizeof identity, "IdentityFile=%s", plain_keys ? key.path : "none") < 0 ||
        program_run(&ssh, output, sizeof output, &status) < 0)
        return PROOF_UNKNOWN;
    return status != 0 && strstr(output, "Agent credential (part 1)") ? PROOF_YES : PROOF_NO;
}
