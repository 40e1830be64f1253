#include "agentctl/sudoers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentctl/apply_stage.h"
#include "agentctl/config_here.h"
#include "agentctl/program.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"

/*
 * Each Defaults is known to sudo 1.9.5 to 1.9.16. The PAM ones keep a careless Defaults elsewhere from taking the steps away;
 * a permit is for one command, so no timestamp carries over; use_pty and noexec bound what a permitted command starts.
 */
static const char head[] =
    "# Written by `agentctl apply` from /etc/pam_agent. Changes are lost.\n"
    "# What these lines let through, sudo_agent.so decides again, exactly.\n"
    "Defaults:%" AGENTS_GROUP " pam_session, pam_acct_mgmt, pam_setcred, pam_ruser\n"
    "Defaults:%" AGENTS_GROUP " pam_service=sudo, pam_login_service=sudo-i\n"
    "Defaults:%" AGENTS_GROUP " timestamp_timeout=0, env_reset, !setenv, use_pty, noexec\n"
    "Defaults:%" AGENTS_GROUP " secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\n";

static const char observing[] = "# Written by `agentctl apply` from /etc/pam_agent. Changes are lost.\n"
                                "# The host observes: other rules of sudo alone say what agents may run.\n";

/*
 * One word of a command. sudo takes the backslash from \, \: \= \# and leaves it before [ ] ! ^ for fnmatch(3) (toke.l, GOTCMND);
 * '*' and '?' are patterns there as here, and '\' and '"' are not in our words (config_syntax.h).
 */
static void put_word(FILE *to, const char *word)
{
    for (; *word; word++) {
        if (strchr(",:=#[]!^", *word))
            putc('\\', to);
        putc(*word, to);
    }
}

/* What starts a service is most often a script. */
static int may_exec(const struct rule *rule)
{
    return rule->may_exec || rule->leaves_service;
}

/* With groups, sudo lets the command run with the user's own as well (sudoers(5), Runas_Spec): sudo_agent.so does not. */
static void put_start(FILE *to, const char *account, const char *run_as, const struct rule *rule)
{
    fprintf(to, "%s ALL=(%s", account, run_as);
    for (size_t i = 0; i < rule->run_as_groups.count; i++)
        fprintf(to, "%s%s", i ? ", " : " : ", rule->run_as_groups.items[i]);
    fprintf(to, ") NOPASSWD:%s ", may_exec(rule) ? "EXEC:" : "");
}

static void put_words(FILE *to, const struct words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        if (i)
            putc(' ', to);
        put_word(to, words->items[i]);
    }
}

static void put_command(FILE *to, const char *account, const char *run_as, const struct rule *rule,
                        const struct command *command)
{
    put_start(to, account, run_as, rule);
    put_words(to, &command->words);
    if (command->words.count == 1 && !command->any_arguments)
        fputs(" \"\"", to); /* without it, any arguments would do */
    putc('\n', to);
    if (command->words.count == 1 || !command->any_arguments)
        return;
    put_start(to, account, run_as, rule);
    put_words(to, &command->words);
    fputs(" *\n", to);
}

static void put_rule(FILE *to, const char *account, const char *run_as, const struct rule *rule)
{
    if (rule->any_command) {
        put_start(to, account, run_as, rule);
        fputs("NOSETENV: ALL\n", to); /* ALL implies SETENV otherwise (sudoers(5)) */
        return;
    }
    for (size_t i = 0; i < rule->command_count; i++)
        put_command(to, account, run_as, rule, &rule->commands[i]);
}

static void put_policy(FILE *to, const char *account, const struct policy *policy, int exec)
{
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct rule *rule = &policy->rules[i];

        if (rule->kind != RULE_ALLOW_SUDO || may_exec(rule) != exec)
            continue;
        if (rule->run_as.count == 0)
            put_rule(to, account, RULE_DEFAULT_RUN_AS, rule);
        for (size_t j = 0; j < rule->run_as.count; j++)
            put_rule(to, account, rule->run_as.items[j], rule);
    }
}

static void put_accounts(FILE *to, const struct config *config)
{
    struct overlap index;
    struct arena arena = {0};

    policies_here(config, &arena, &index);
    for (size_t i = 0; i < config->identity_count; i++) {
        const struct identity_config *identity = &config->identities[i];
        struct owners policies = overlap_find(&index, &arena, identity->id);

        /* sudo takes the last line that matches: where two do, the one without EXEC. */
        for (int exec = 1; exec >= 0; exec--)
            for (size_t j = 0; j < policies.count; j++)
                put_policy(to, identity->account, &config->policies[policies.items[j]], exec);
    }
    arena_clear(&arena);
}

char *sudoers_generate(const struct config *config, size_t *ret_len)
{
    char *text = NULL;
    FILE *to = memory_must(open_memstream(&text, ret_len));

    if (config->host.mode == MODE_OBSERVE) {
        fputs(observing, to);
    } else {
        fputs(head, to);
        put_accounts(to, config);
    }
    if (ferror(to) | fclose(to))
        memory_must(NULL);
    return text;
}

static int check(const char *dir, const struct stage *stage, char *output, size_t cap)
{
    char path[512];
    const struct program visudo = {.argv = {"visudo", "-cf", path}};
    int status, r = text_format(path, sizeof path, "%s/%s", dir, stage->hidden);

    if (r == 0)
        r = program_run(&visudo, output, cap, &status);
    if (r < 0)
        return r;
    return status == 0 ? 0 : -EINVAL;
}

int sudoers_install(const char *dir, const char *text, size_t len, char *output, size_t cap, int *ret_changed)
{
    CLEANUP(close_fd) int fd = -1; /* closed last: the stage needs it */
    CLEANUP(stage_drop) struct stage stage = STAGE_INIT;
    int r = dir_open(dir, &fd);

    output[0] = '\0';
    if (r == 0)
        r = stage_begin(&stage, fd, SUDOERS_NAME, 0440);
    if (r == 0)
        r = stage_write(&stage, text, len);
    if (r == 0)
        r = stage_finish(&stage);
    if (r < 0)
        return r;
    *ret_changed = !stage_is_same(&stage);
    if (!*ret_changed)
        return 0;
    r = check(dir, &stage, output, cap);
    return r < 0 ? r : stage_commit(&stage);
}

int sudoers_installed(const char *dir)
{
    char path[512];

    return text_format(path, sizeof path, "%s/" SUDOERS_NAME, dir) == 0 && access(path, F_OK) == 0;
}
