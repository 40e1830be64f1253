#include "agentctl/proof.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentctl/program.h"
#include "core/paths.h"
#include "core/text.h"
#include "judge/decide.h"
#include "judge/policy_store.h"

/* The people's checks, in the order of proof.answers. */
static const struct {
    const char *service; /* through libpam; NULL: the program */
    int as_root, with_session;
    const char *argv[4];
    const char *what;
} checks[] = {
    {"sshd", 0, 1, {NULL}, "a login over ssh"},
    {"sshd", 1, 1, {NULL}, "root over ssh"},
    {"su", 0, 1, {NULL}, "su from root"},
    {"su", 1, 1, {NULL}, "su to root"},
    {"sudo", 0, 1, {NULL}, "sudo through libpam"},
    {"sudo", 1, 1, {NULL}, "root's sudo through libpam"},
    {"login", 0, 0, {NULL}, "a login at the console"},
    {"cron", 1, 0, {NULL}, "root's cron"},
    {NULL, 0, 0, {"sudo", "-n", "true"}, "sudo itself"},
    {NULL, 0, 0, {"visudo", "-c", "-q"}, "the sudoers files"},
    {NULL, 0, 0, {"getent", "passwd", "root"}, "lookups of accounts"},
};

/* The first account of a person: uid 1000-59999, with a shell, and not an agent's. */
static void find_human(char *name, size_t cap)
{
    const struct group *agents = getgrnam(AGENTS_GROUP);
    gid_t gid = agents ? agents->gr_gid : (gid_t)-1;
    FILE *passwd = fopen("/etc/passwd", "re");
    const struct passwd *entry;

    if (text_copy(name, cap, "root") < 0 || !passwd)
        return;
    while ((entry = fgetpwent(passwd)) != NULL) {
        gid_t groups[256];
        int count = COUNT_OF(groups), agent = entry->pw_gid == gid;

        if (entry->pw_uid < 1000 || entry->pw_uid >= 60000 || strstr(entry->pw_shell, "nologin") ||
            strstr(entry->pw_shell, "/false"))
            continue;
        if (getgrouplist(entry->pw_name, entry->pw_gid, groups, &count) < 0)
            continue;
        for (int i = 0; i < count; i++)
            agent |= groups[i] == gid;
        if (!agent && text_copy(name, cap, entry->pw_name) == 0)
            break;
    }
    fclose(passwd);
}

static enum proof_answer run_check(size_t i, const char *human)
{
    struct program program = {.argv = {NULL}};
    const struct passwd *entry;
    int status;

    if (checks[i].service) {
        const char *user = checks[i].as_root ? "root" : human;

        entry = getpwnam(user);
        return entry ? proof_pam(checks[i].service, user, strcmp(checks[i].service, "sudo") ? 0 : entry->pw_uid,
                                 checks[i].with_session)
                     : PROOF_UNKNOWN;
    }
    for (size_t k = 0; k < COUNT_OF(checks[i].argv); k++)
        program.argv[k] = checks[i].argv[k];
    if (program_run(&program, NULL, 0, &status) < 0)
        return PROOF_UNKNOWN;
    return status == 0 ? PROOF_YES : PROOF_NO;
}

/* Our host key is a new one each time. */
static void drop_host_keys(char *text)
{
    char *line;

    while ((line = strstr(text, "\nhostkey ")) != NULL) {
        const char *end = strchr(line + 1, '\n');

        memmove(line, end ? end : "", end ? strlen(end) + 1 : 1);
    }
}

void proof_take(struct proof *ret)
{
    memset(ret, 0, sizeof *ret);
    find_human(ret->human, sizeof ret->human);
    for (size_t i = 0; i < COUNT_OF(checks); i++)
        ret->answers[i] = run_check(i, ret->human);
    if (proof_sshd("-T", ret->human, ret->sshd, sizeof ret->sshd) < 0)
        ret->sshd[0] = '\0';
    drop_host_keys(ret->sshd);
}

int proof_compare(const struct proof *before, const struct proof *after)
{
    int worse = 0;

    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        if (before->answers[i] == PROOF_YES && after->answers[i] != PROOF_YES) {
            printf("FAILED    %s (%s) worked before\n", checks[i].what, checks[i].as_root ? "root" : before->human);
            worse++;
        } else if (before->answers[i] == PROOF_NO) {
            printf("unproven  %s did not work before either\n", checks[i].what);
        }
    }
    if (before->sshd[0] && !after->sshd[0]) {
        printf("FAILED    sshd takes its configuration no more\n");
        worse++;
    } else if (strcmp(before->sshd, after->sshd) != 0) {
        printf("note      sshd's configuration for %s has changed\n", before->human);
    }
    if (worse == 0)
        printf("proven    %s and root: ssh, su, sudo and account lookups as before\n", before->human);
    return worse;
}

static int report(enum proof_answer answer, const char *what, const char *account)
{
    printf("%s %s (%s)\n",
           answer == PROOF_YES  ? "proven   "
           : answer == PROOF_NO ? "FAILED   "
                                : "unproven ",
           what, account);
    return answer == PROOF_NO;
}

/* As everybody's program sees it: in a new process, by nsswitch.conf. */
static enum proof_answer looks_up(const char *database, const char *name, const char *expected)
{
    const struct program getent = {.argv = {"getent", database, name}};
    char output[4096];
    int status;

    if (program_run(&getent, output, sizeof output, &status) < 0)
        return PROOF_UNKNOWN;
    return status == 0 && strstr(output, expected) ? PROOF_YES : PROOF_NO;
}

/* Nothing but a credential opens the account. */
static int closed_to_others(const struct identity *agent, int plain_keys)
{
    int wrong = program_exists("sshd") ? proof_sshd_agent(agent->account, plain_keys) > 0 : 0;

    wrong += report(proof_pam("su", agent->account, 0, 0) == PROOF_NO ? PROOF_YES : PROOF_NO, "su to it is refused",
                    agent->account);
    return wrong + report(proof_pam("sudo", agent->account, agent->uid, 0) == PROOF_NO ? PROOF_YES : PROOF_NO,
                          "sudo outside a session is refused", agent->account);
}

/* Of an account that no rule opens, sshd asks nothing. */
static enum proof_answer asks_for_credential(const char *account, int plain_keys)
{
    struct policy_set policies = {0};
    int opens = policy_of_account(account, &policies) == 0 && service_opens_agents(&policies, RULE_DEFAULT_SERVICE);

    policy_set_clear(&policies);
    return opens ? proof_prompt(account, plain_keys) : PROOF_UNKNOWN;
}

int proof_agents(const struct identity *agent, int plain_keys, int observes)
{
    int wrong = 0, sshd = program_exists("sshd");

    if (!agent) {
        printf("unproven  no identity is configured: what an agent's login meets was not looked at. "
               "Run `agentctl enable` again when there is one\n");
        return 0;
    }
    wrong += report(looks_up("passwd", agent->account, agent->account), "the account is found", agent->account);
    wrong += report(looks_up("initgroups", agent->account, ""), "its groups are found", agent->account);
    if (observes)
        printf("note      the host observes: what opens agents' accounts today opens them still\n");
    else
        wrong += closed_to_others(agent, plain_keys);
    if (sshd)
        wrong += report(asks_for_credential(agent->account, plain_keys), "ssh asks for a credential", agent->account);
    return wrong;
}
