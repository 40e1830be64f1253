/* What the rules of sudo say. */
#include <stdlib.h>
#include <string.h>

#include "agentctl/config_find.h"
#include "agentctl/config_here.h"
#include "agentctl/sudoers.h"
#include "core/paths.h"

#define ACCOUNTS_MAX 262144 /* bytes that every sudo of this host reads, also a human's: some 10 ms */
#define ALL_AGENTS "PAM_AGENT"

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

/* What a command may start. Of two lines that match, sudo takes the last one: they are written in this order. */
enum starts { STARTS_ANYTHING, STARTS_WHAT_IS_ASKED, STARTS_NOTHING };

/* What starts a service is most often a script. */
static enum starts starts_of(const struct rule *rule)
{
    if (rule->may_exec || rule->leaves_service)
        return STARTS_ANYTHING;
    return rule->intercept ? STARTS_WHAT_IS_ASKED : STARTS_NOTHING;
}

/* noexec comes from the Defaults above; with it, intercept would have nothing to ask. */
static const char *starts_tags(enum starts starts)
{
    static const char *const tags[] = {
        [STARTS_ANYTHING] = "EXEC:",
        [STARTS_WHAT_IS_ASKED] = "EXEC:INTERCEPT:",
        [STARTS_NOTHING] = "",
    };

    return tags[starts];
}

/* With groups, sudo lets the command run with the user's own as well (sudoers(5), Runas_Spec): sudo_agent.so does not. */
static void put_start(FILE *to, const char *account, const char *run_as, const struct rule *rule)
{
    fprintf(to, "%s ALL=(%s", account, run_as);
    for (size_t i = 0; i < rule->run_as_groups.count; i++)
        fprintf(to, "%s%s", i ? ", " : " : ", rule->run_as_groups.items[i]);
    fprintf(to, ") NOPASSWD:%s ", starts_tags(starts_of(rule)));
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

static void put_policy(FILE *to, const char *account, const struct policy *policy, enum starts starts)
{
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct rule *rule = &policy->rules[i];

        if (rule->kind != RULE_ALLOW_SUDO || starts_of(rule) != starts)
            continue;
        if (rule->run_as.count == 0)
            put_rule(to, account, RULE_DEFAULT_RUN_AS, rule);
        for (size_t j = 0; j < rule->run_as.count; j++)
            put_rule(to, account, rule->run_as.items[j], rule);
    }
}

/* --- a line for each account --- */

static void put_account(FILE *to, const struct config *config, const char *account, const struct owners *policies)
{
    for (int starts = STARTS_ANYTHING; starts <= STARTS_NOTHING; starts++)
        for (size_t i = 0; i < policies->count; i++)
            put_policy(to, account, &config->policies[policies->items[i]], (enum starts)starts);
}

/* 1; 0: there are too many. */
static int put_accounts(FILE *to, const struct config *config)
{
    CLEANUP(owners_clear) struct owners policies = {.count = 0};
    CLEANUP(arena_clear) struct arena arena = {0};
    struct overlap index;

    policies_here(config, &arena, &index);
    for (size_t i = 0; i < config->identity_count && ftell(to) <= ACCOUNTS_MAX; i++) {
        overlap_find(&index, config->identities[i].id, &policies);
        put_account(to, config, config->identities[i].account, &policies);
    }
    return ftell(to) <= ACCOUNTS_MAX;
}

/* --- a line for all of them --- */

/* What the guard refuses of a session that observes, sudo's rules alone decide. */
static int may_observe(const struct config *config, const struct owners *policies)
{
    int observes = config->defaults.limits.mode == MODE_OBSERVE;

    for (size_t i = 0; i < policies->count && !observes; i++)
        observes = config->policies[policies->items[i]].limits.mode == MODE_OBSERVE;
    return observes;
}

/* Those have lines of their own: the names to `names`, the lines to `lines`. */
static void put_observing(FILE *names, FILE *lines, const struct config *config)
{
    CLEANUP(owners_clear) struct owners policies = {.count = 0};
    CLEANUP(arena_clear) struct arena arena = {0};
    struct overlap index;

    policies_here(config, &arena, &index);
    for (size_t i = 0; i < config->identity_count; i++) {
        overlap_find(&index, config->identities[i].id, &policies);
        if (!may_observe(config, &policies))
            continue;
        fprintf(names, ", !%s", config->identities[i].account);
        put_account(lines, config, config->identities[i].account, &policies);
    }
}

/* Members of the group that are no agents. */
static void put_others(FILE *to, const struct config *config, const struct local *local)
{
    CLEANUP(arena_clear) struct arena arena = {0};
    const struct local_group *agents = local_group(local, AGENTS_GROUP);
    struct found_by identities;

    if (!agents)
        return;
    find_prepare_accounts(config, &arena, &identities);
    for (size_t i = 0; i < local->account_count; i++)
        if (local_is_member(agents, &local->accounts[i]) && !find_has_account(&identities, local->accounts[i].name))
            fprintf(to, ", !#%u", local->accounts[i].uid);
    for (const char *at = agents->members; *at; at += strcspn(at, ","), at += *at == ',') {
        const char *name = arena_copy(&arena, at, strcspn(at, ","));

        if (name[0] && !local_account(local, name) && !find_has_account(&identities, name))
            fprintf(to, ", !\"%s\"", name);
    }
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The lines of a text, which is changed, each once. */
static void put_once(FILE *to, char *text)
{
    CLEANUP(arena_clear) struct arena arena = {0};
    const char **lines = NULL;
    char *rest = NULL;
    size_t count = 0;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        lines = arena_grow(&arena, lines, count, sizeof *lines);
        lines[count++] = line;
    }
    if (count)
        qsort(lines, count, sizeof *lines, compare_lines);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(lines[i], lines[i - 1]) != 0)
            fprintf(to, "%s\n", lines[i]);
}

static void put_all(FILE *to, const struct config *config, enum starts starts)
{
    char *text = NULL;
    size_t len;
    FILE *lines = memory_must(open_memstream(&text, &len));

    for (size_t i = 0; i < config->policy_count; i++)
        if (policy_is_here(config, i))
            put_policy(lines, ALL_AGENTS, &config->policies[i], starts);
    if (ferror(lines) | fclose(lines))
        memory_must(NULL);
    put_once(to, text);
    free(text);
}

static void put_crowd(FILE *to, const struct config *config, const struct local *local)
{
    char *text = NULL;
    size_t len;
    FILE *lines = memory_must(open_memstream(&text, &len));

    fputs("# For a line each, there are too many accounts.\nUser_Alias " ALL_AGENTS " = %" AGENTS_GROUP, to);
    put_others(to, config, local);
    put_observing(to, lines, config);
    fputc('\n', to);
    for (int starts = STARTS_ANYTHING; starts <= STARTS_NOTHING; starts++)
        put_all(to, config, (enum starts)starts);
    if (ferror(lines) | fclose(lines))
        memory_must(NULL);
    fputs(text, to);
    free(text);
}

/* NULL: there are too many accounts. */
static char *generate_each(const struct config *config, size_t *ret_len)
{
    char *text = NULL;
    FILE *to = memory_must(open_memstream(&text, ret_len));
    int fits;

    fputs(head, to);
    fits = put_accounts(to, config);
    if (ferror(to) | fclose(to))
        memory_must(NULL);
    if (fits)
        return text;
    free(text);
    return NULL;
}

static char *generate_for_all(const struct config *config, const struct local *local, size_t *ret_len)
{
    char *text = NULL;
    FILE *to = memory_must(open_memstream(&text, ret_len));

    fputs(head, to);
    put_crowd(to, config, local);
    if (ferror(to) | fclose(to))
        memory_must(NULL);
    return text;
}

char *sudoers_generate(const struct config *config, const struct local *local, size_t *ret_len)
{
    char *text;

    if (config->host.mode == MODE_OBSERVE) {
        *ret_len = sizeof observing - 1;
        return memory_must(strdup(observing));
    }
    text = generate_each(config, ret_len);
    return text ? text : generate_for_all(config, local, ret_len);
}
