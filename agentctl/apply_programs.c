/*
 * What a rule of sudo lets run must not be an agent's to change: neither the program nor a file that the rule names, nor a link or directory
 * on the way to them; and a program is what it is under its last name, too.
 */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentctl/apply_parts.h"
#include "agentctl/config_here.h"
#include "core/paths.h"
#include "core/text.h"
#include "judge/match.h"

#define LINKS_MAX 40 /* as the kernel follows */

struct check {
    struct apply *apply;
    const struct rule *rule;
    uint32_t *ids; /* uids and gids of agents that are no part of the host's range, sorted */
    size_t id_count;
};

/* --- who is an agent --- */

static int compare_ids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void add_id(struct check *c, uint32_t id)
{
    c->ids = arena_grow(&c->apply->arena, c->ids, c->id_count, sizeof *c->ids);
    c->ids[c->id_count++] = id;
}

/* Uids and gids are told apart by nobody here: a number that is an agent's in either way is refused in both. */
static void add_local(struct check *c, const struct local_account *account)
{
    const struct local *local = &c->apply->local;

    add_id(c, account->uid);
    add_id(c, account->gid);
    for (size_t i = 0; i < local->group_count; i++)
        if (local_is_member(&local->groups[i], account))
            add_id(c, local->groups[i].gid);
}

static void find_agents(struct check *c)
{
    const struct apply *a = c->apply;
    const struct local_group *agents = local_group(&a->local, AGENTS_GROUP);

    if (agents)
        add_id(c, agents->gid);
    for (size_t i = 0; i < a->accounts.configured; i++) {
        const struct local_account *account =
            a->accounts.items[i].local ? local_account(&a->local, a->accounts.items[i].name) : NULL;

        if (account)
            add_local(c, account);
    }
    if (c->id_count)
        qsort(c->ids, c->id_count, sizeof *c->ids, compare_ids);
}

/* The private groups of agents have the numbers of their uids. */
static int is_agent(const struct check *c, uint32_t id)
{
    const struct host_config *host = &c->apply->config->host;

    return (id >= host->uid_min && id <= host->uid_max) ||
           (c->id_count && bsearch(&id, c->ids, c->id_count, sizeof *c->ids, compare_ids));
}

/* --- who may write --- */

static int is_writable(const struct check *c, const struct stat *st)
{
    return is_agent(c, st->st_uid) ||
           (!S_ISLNK(st->st_mode) && ((st->st_mode & S_IWOTH) || ((st->st_mode & S_IWGRP) && is_agent(c, st->st_gid))));
}

/* Where the sticky bit keeps agents from what others have in a directory, they may still make what is missing. */
static int may_create(const struct check *c, const char *path)
{
    struct stat st;

    return lstat(path[0] ? path : "/", &st) == 0 && S_ISDIR(st.st_mode) && is_writable(c, &st);
}

static int is_theirs(const struct check *c, const struct stat *st)
{
    if (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX))
        return is_agent(c, st->st_uid);
    return (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) || S_ISLNK(st->st_mode)) && is_writable(c, st);
}

/* A way that is walked: what is behind has no links in it. */
struct walk {
    char behind[PATH_MAX], ahead[PATH_MAX];
    int links;
};

static void go_back(struct walk *w)
{
    char *slash = strrchr(w->behind, '/');

    if (slash)
        *slash = '\0';
}

/* The next segment, from ahead to behind. 1; 0: there is none; -ENAMETOOLONG. */
static int go_on(struct walk *w)
{
    size_t skip = strspn(w->ahead, "/"), len = strcspn(w->ahead + skip, "/"), at = strlen(w->behind);
    const char *segment = w->ahead + skip;

    if (len == 0)
        return 0;
    if (len == 2 && memcmp(segment, "..", 2) == 0) {
        go_back(w);
    } else if (len != 1 || segment[0] != '.') {
        if (at + 1 + len >= sizeof w->behind)
            return -ENAMETOOLONG;
        w->behind[at] = '/';
        memcpy(w->behind + at + 1, segment, len);
        w->behind[at + 1 + len] = '\0';
    }
    memmove(w->ahead, segment + len, strlen(segment + len) + 1);
    return 1;
}

/* What is behind is a link: where it leads is ahead now. 0; -ELOOP: nowhere; -ENAMETOOLONG. */
static int follow(struct walk *w)
{
    char target[PATH_MAX], ahead[PATH_MAX];
    ssize_t len = readlink(w->behind, target, sizeof target - 1);

    if (len <= 0 || ++w->links > LINKS_MAX)
        return -ELOOP;
    target[len] = '\0';
    if (text_format(ahead, sizeof ahead, "%s/%s", target, w->ahead) < 0)
        return -ENAMETOOLONG;
    strcpy(w->ahead, ahead);
    go_back(w);
    if (target[0] == '/')
        w->behind[0] = '\0';
    return 0;
}

/* The first part of the way that agents may change or make, in w->behind: 1, or 0. What is too long to be looked at counts as one. */
static int is_open_to_agents(const struct check *c, const char *path, struct walk *w)
{
    struct stat st;

    *w = (struct walk){.links = 0};
    if (text_copy(w->ahead, sizeof w->ahead, path) < 0)
        return 1;
    for (;;) {
        int creates = may_create(c, w->behind), r = go_on(w);

        if (r <= 0)
            return r < 0;
        if (lstat(w->behind[0] ? w->behind : "/", &st) < 0)
            return creates;
        if (is_theirs(c, &st))
            return 1;
        if (S_ISLNK(st.st_mode) && (r = follow(w)) < 0)
            return r != -ELOOP;
    }
}

/* --- what rules name --- */

static void report(const struct check *c, const char *word, const char *part)
{
    problem_add(
        &c->apply->problems, c->rule->where, 0,
        "commands: \"%s\": agents may write to %s: take that from them, or write escapes = \"accepted\" in this "
        "rule",
        word, part);
}

/* 1 where it is reported. */
static int check_path(const struct check *c, const char *word, const char *path)
{
    struct walk walk;
    int open = is_open_to_agents(c, path, &walk);

    if (open)
        report(c, word, walk.behind);
    return open;
}

static size_t count_segments(const char *path)
{
    size_t count = 0;

    for (; *path; path++)
        count += *path == '/';
    return count;
}

/* The first `count` segments of a path that has as many. */
static void cut(char *path, size_t count)
{
    for (; *path; path++)
        if (*path == '/' && count-- == 0)
            break;
    *path = '\0';
}

/* Homes are made when agents log in. */
static int can_be_a_home(const struct check *c, const char *pattern)
{
    const char *prefix = c->apply->config->host.home_prefix;
    size_t segments = count_segments(prefix);
    char head[PATH_MAX];

    if (count_segments(pattern) <= segments || text_copy(head, sizeof head, pattern) < 0)
        return 0;
    cut(head, segments);
    return word_matches(head, prefix);
}

/* The segment that follows so many; a pattern as "*", which hardly anything is called. */
static const char *next_segment(const char *pattern, size_t count, char *buf)
{
    for (; count > 0; count--)
        pattern += 1 + strcspn(pattern + 1, "/");
    cut(strcpy(buf, pattern), 1);
    return strpbrk(buf, "*?") ? "/*" : buf;
}

/* Does it end in "/." or "/.."? glob(3) finds those, too. */
static int is_dots(const char *path)
{
    const char *last = strrchr(path, '/');

    return last && (strcmp(last, "/.") == 0 || strcmp(last, "/..") == 0);
}

/* What there is of the first `count` segments of a pattern, and what can be made behind it. 1 where it is reported. */
static int check_matches(const struct check *c, const char *word, const char *pattern, size_t count, int is_last)
{
    char head[PATH_MAX], next[PATH_MAX], path[PATH_MAX];
    const char *behind = is_last ? "" : next_segment(pattern, count, next);
    glob_t matches;
    int found = 0, r;

    cut(strcpy(head, pattern), count);
    for (char *at = head; (at = strchr(at, '[')); at++)
        *at = '?'; /* no list here, where glob(3) would see one */
    r = glob(head, GLOB_NOSORT | GLOB_NOESCAPE | GLOB_PERIOD, NULL, &matches);
    if (r == GLOB_NOSPACE)
        memory_must(NULL);
    if (r != 0)
        return 0;
    for (size_t i = 0; i < matches.gl_pathc && !found; i++)
        found = !is_dots(matches.gl_pathv[i]) &&
                text_format(path, sizeof path, "%s%s", matches.gl_pathv[i], behind) == 0 && check_path(c, word, path);
    globfree(&matches);
    return found;
}

/* All that there is of what a pattern can be, and the directories on the way. */
static void check_pattern(const struct check *c, const char *word, const char *pattern)
{
    size_t segments = count_segments(pattern), count = 0;

    if (strlen(pattern) >= PATH_MAX)
        return;
    if (can_be_a_home(c, pattern))
        report(c, word, c->apply->config->host.home_prefix);
    else
        while (count++ < segments && !check_matches(c, word, pattern, count, count == segments))
            ;
}

/* A word that is a path, or an option with one behind '='. */
static void check_word(const struct check *c, const char *word)
{
    const char *path = word[0] == '/' ? word : strchr(word, '=') ? strchr(word, '=') + 1 : word;

    if (path[0] != '/' || !path[1])
        return;
    if (strpbrk(path, "*?"))
        check_pattern(c, word, path);
    else
        (void)check_path(c, word, path);
}

/* What a word names for who starts units by name, and the files that are laid over it. */
static void check_unit(const struct check *c, const char *word)
{
    static const char *const dirs[] = {"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
                                       "/usr/lib/systemd/system"};
    const char *suffix = strchr(word, '.') ? "" : ".service";

    for (size_t i = 0; i < COUNT_OF(dirs); i++) {
        check_word(c, arena_format(&c->apply->arena, "%s/%s%s", dirs[i], word, suffix));
        check_word(c, arena_format(&c->apply->arena, "%s/%s%s.d/*", dirs[i], word, suffix));
    }
}

static void check_script(const struct check *c, const char *word)
{
    check_word(c, arena_format(&c->apply->arena, "/etc/init.d/%s", word));
}

static void check_services(const struct check *c, const struct command *command)
{
    static const struct {
        const char *program;
        void (*check)(const struct check *c, const char *word);
    } starters[] = {{"/systemctl", check_unit}, {"/service", check_script}, {"/invoke-rc.d", check_script}};
    const char *program = strrchr(command->words.items[0], '/');

    for (size_t i = 0; i < COUNT_OF(starters); i++)
        for (size_t j = 1; text_equal(program, starters[i].program) && j < command->words.count; j++)
            if (!strpbrk(command->words.items[j], "/=") && command->words.items[j][0] != '-')
                starters[i].check(c, command->words.items[j]);
}

/* As less, where pager is a link to it. */
static void check_last_name(const struct check *c, const struct command *command)
{
    char real[PATH_MAX];
    struct command resolved = {.any_arguments = command->any_arguments};
    const char **words;

    if (!realpath(command->words.items[0], real) || strcmp(real, command->words.items[0]) == 0)
        return;
    words = arena_alloc(&c->apply->arena, command->words.count, sizeof *words);
    memcpy(words, command->words.items, command->words.count * sizeof *words);
    words[0] = real;
    resolved.words = (struct words){words, command->words.count};
    config_check_escapes(c->apply->config, &resolved, c->rule->where, &c->apply->problems);
}

static void check_rule(const struct check *c)
{
    if (c->rule->kind != RULE_ALLOW_SUDO || c->rule->escapes_accepted)
        return;
    for (size_t i = 0; i < c->rule->command_count; i++) {
        const struct command *command = &c->rule->commands[i];

        check_last_name(c, command);
        for (size_t j = 0; j < command->words.count; j++)
            check_word(c, command->words.items[j]);
        check_services(c, command);
    }
}

void apply_check_rule(struct apply *a, const struct rule *rule)
{
    struct check check = {.apply = a, .rule = rule};

    find_agents(&check);
    check_rule(&check);
}

int apply_check_programs(struct apply *a)
{
    size_t before = a->problems.count;
    struct check check = {.apply = a};

    find_agents(&check);
    for (size_t i = 0; i < a->config->policy_count; i++) {
        for (size_t j = 0; policy_is_here(a->config, i) && j < a->config->policies[i].rule_count; j++) {
            check.rule = &a->config->policies[i].rules[j];
            check_rule(&check);
        }
    }
    return a->problems.count > before || a->problems.dropped ? APPLY_PROBLEMS : APPLY_DONE;
}
