/* What a rule of sudo lets run must not be an agent's to change: neither the program nor a file that the rule names. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agentctl/apply_parts.h"
#include "core/paths.h"
#include "core/text.h"

/* --- who may write --- */

static int is_agent(const struct apply *a, uid_t uid)
{
    if (uid >= a->config->host.uid_min && uid <= a->config->host.uid_max)
        return 1;
    for (size_t i = 0; i < a->accounts.configured; i++)
        if (a->accounts.items[i].local && a->accounts.items[i].uid == uid)
            return 1;
    return 0;
}

/* Their private groups have the numbers of their uids. */
static int is_agents_group(const struct apply *a, gid_t gid)
{
    const struct local_group *agents = local_group(&a->local, AGENTS_GROUP);

    return (agents && agents->gid == gid) || is_agent(a, gid);
}

static int is_writable(const struct apply *a, const struct stat *st)
{
    if (S_ISLNK(st->st_mode))
        return is_agent(a, st->st_uid);
    return is_agent(a, st->st_uid) || (st->st_mode & S_IWOTH) ||
           ((st->st_mode & S_IWGRP) && is_agents_group(a, st->st_gid));
}

/*
 * Of a path, the first part that agents may change, or NULL. Where the sticky bit keeps them from others' files, a directory counts only
 * where what stands in it is missing. What stands behind a missing part is missing too.
 */
static const char *find_writable(const struct apply *a, const char *path, char *part)
{
    int may_create = 0;

    for (const char *end = path; *end;) {
        struct stat st;

        end += 1 + strcspn(end + 1, "/");
        memcpy(part, path, (size_t)(end - path));
        part[end - path] = '\0';
        if (lstat(part, &st) < 0)
            return may_create ? part : NULL;
        may_create = S_ISDIR(st.st_mode) && is_writable(a, &st);
        if (is_writable(a, &st) && (!may_create || !(st.st_mode & S_ISVTX) || is_agent(a, st.st_uid)))
            return part;
    }
    return NULL;
}

/* --- what rules name --- */

/* The path that a word is, or, of a pattern, the directory that all it can be stand in. 0 where there is none. */
static int path_of_word(const char *word, char path[PATH_MAX])
{
    size_t len = strcspn(word, "*?");

    if (word[len])
        while (len > 0 && word[len - 1] != '/')
            len--;
    if (word[0] != '/' || len < 2 || len >= PATH_MAX)
        return 0;
    memcpy(path, word, len);
    path[path[len - 1] == '/' ? len - 1 : len] = '\0';
    return 1;
}

static void check_word(struct apply *a, const struct rule *rule, const char *word)
{
    char path[PATH_MAX], real[PATH_MAX], part[PATH_MAX];
    const char *found;

    if (!path_of_word(word, path))
        return;
    found = find_writable(a, path, part);
    if (!found && realpath(path, real))
        found = find_writable(a, real, part);
    if (found)
        problem_add(&a->problems, rule->where, 0,
                    "commands: \"%s\": agents may write to %s: take that from them, or write escapes = \"accepted\" in "
                    "this rule",
                    word, found);
}

static void check_rule(struct apply *a, const struct rule *rule)
{
    if (rule->kind != RULE_ALLOW_SUDO || rule->escapes_accepted)
        return;
    for (size_t i = 0; i < rule->command_count; i++)
        for (size_t j = 0; j < rule->commands[i].words.count; j++)
            check_word(a, rule, rule->commands[i].words.items[j]);
}

int apply_check_programs(struct apply *a)
{
    size_t before = a->problems.count;

    for (size_t i = 0; i < a->config->policy_count; i++)
        for (size_t j = 0; j < a->config->policies[i].rule_count; j++)
            check_rule(a, &a->config->policies[i].rules[j]);
    return a->problems.count > before || a->problems.dropped ? APPLY_PROBLEMS : APPLY_DONE;
}
