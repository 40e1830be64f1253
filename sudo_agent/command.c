#include "sudo_agent/command.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "sudo_agent/environment.h"

#define CWD_MAX 4096        /* PATH_MAX */
#define ARGUMENTS_MAX 49152 /* as written in a question, which has room for them */

/* The value behind NAME=, or NULL. */
static const char *info_value(char *const info[], const char *name)
{
    size_t len = strlen(name);

    for (; info && *info; info++)
        if (strncmp(*info, name, len) == 0 && (*info)[len] == '=')
            return *info + len + 1;
    return NULL;
}

static int id_value(char *const info[], const char *name, uint32_t *ret)
{
    const char *value = info_value(info, name);
    uint64_t id;

    if (!value || text_u64(value, UINT32_MAX - 1, &id) < 0)
        return -EINVAL;
    *ret = (uint32_t)id;
    return 0;
}

int command_uid(char *const info[], uid_t *ret)
{
    uint32_t effective, real;

    if (id_value(info, "runas_uid", &real) < 0)
        return -EINVAL;
    if (info_value(info, "runas_euid") && (id_value(info, "runas_euid", &effective) < 0 || effective != real))
        return -EINVAL;
    *ret = real;
    return 0;
}

/* Both keys, where sudo gives both (stay_setuid), must say the same. */
static int command_gid(char *const info[], uint32_t *ret)
{
    uint32_t effective, real;

    if (id_value(info, "runas_gid", &real) < 0)
        return -EINVAL;
    if (info_value(info, "runas_egid") && (id_value(info, "runas_egid", &effective) < 0 || effective != real))
        return -EINVAL;
    *ret = real;
    return 0;
}

static int is_true(const char *value)
{
    return value && strcmp(value, "true") == 0;
}

/*
 * sudo hands the name by which it was called on to the program: a path with the last segment of the resolved one, and links may lead there
 * from anywhere. Programs look for their libraries beside it (python3 for a pyvenv.cfg).
 */
static int is_called_strangely(const char *path, const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash && strcmp(name, path) != 0 && !directory_is_usual(name, (size_t)(slash - name));
}

/*
 * A rule names a user, a group, a path and arguments. What else changes the effect is not overlooked: it stands behind the
 * user's name, where no rule matches it and the record shows it. The caller's groups (sudo -P), a root directory and the rules of
 * another host (sudo -h before 1.9.17p1, CVE-2025-32462) are no part of a rule; sudoedit shows the editor's command line, but lets the
 * caller write what the line, run as a command, would only read. 1: there is such a thing.
 */
static int describe_form(const struct lists *lists, const char *name, char *buf, size_t cap)
{
    char *const *info = lists->info;
    const char *root = info_value(info, "chroot");

    if (lists->other_host)
        return text_format(buf, cap, "%s (rules of another host)", name) < 0 ? -EINVAL : 1;
    if (root)
        return text_format(buf, cap, "%s (chroot %.256s)", name, root) < 0 ? -EINVAL : 1;
    if (is_true(info_value(info, "sudoedit")))
        return text_format(buf, cap, "%s (sudoedit)", name) < 0 ? -EINVAL : 1;
    if (is_true(info_value(info, "preserve_groups")))
        return text_format(buf, cap, "%s (groups kept)", name) < 0 ? -EINVAL : 1;
    return 0;
}

/* The same of what an agent chooses beside the command: the name that it is called by, and what of the environment it keeps. */
static int describe_choice(const struct lists *lists, const char *path, const char *name, const char *home, char *buf,
                           size_t cap)
{
    char *const *argv = lists->argv;
    char variable[VARIABLE_NAME_SIZE];

    if (argv && argv[0] && is_called_strangely(path, argv[0]))
        return text_format(buf, cap, "%s (called %.256s)", name, argv[0]) < 0 ? -EINVAL : 1;
    if (environment_strange(lists->env, home, lists->preloaded, variable))
        return text_format(buf, cap, "%s (variable %s)", name, variable) < 0 ? -EINVAL : 1;
    return 0;
}

/* "#GID", which no rule can name, where it has none. */
static int group_name(gid_t gid, char name[LOCAL_NAME_MAX])
{
    const struct group *gr = getgrgid(gid);

    return gr ? text_copy(name, LOCAL_NAME_MAX, gr->gr_name)
              : text_format(name, LOCAL_NAME_MAX, "#%lu", (unsigned long)gid);
}

/* The supplementary groups are the user's own by the host's database, whichever group was asked for (sudoers(5)). */
static int describe_group(uint32_t gid, gid_t own, const char *name, struct command *command)
{
    char group[LOCAL_NAME_MAX];

    command->strange = 0;
    if (group_name(own, command->own_group) < 0)
        return -EINVAL;
    if (gid == own)
        return text_copy(command->run_as, sizeof command->run_as, name);
    if (group_name(gid, group) < 0)
        return -EINVAL;
    command->strange = group[0] == '#';
    return text_format(command->run_as, sizeof command->run_as, "%s:%s", name, group);
}

static int describe_run_as(const struct lists *lists, const char *path, struct command *command)
{
    const struct passwd *pw = getpwuid(command->uid);
    uint32_t gid = (uint32_t)-1;
    int known = command_gid(lists->info, &gid) == 0 && pw, r;
    char name[LOCAL_NAME_MAX];

    r = pw ? text_copy(name, sizeof name, pw->pw_name)
           : text_format(name, sizeof name, "#%lu", (unsigned long)command->uid);
    if (r < 0)
        return -EINVAL;
    if (!known)
        return text_format(command->run_as, sizeof command->run_as, "%s:#%lu", name, (unsigned long)gid);
    r = describe_form(lists, name, command->run_as, sizeof command->run_as);
    if (r == 0 && lists->env)
        r = describe_choice(lists, path, name, pw->pw_dir, command->run_as, sizeof command->run_as);
    if (r == 0)
        r = describe_group(gid, pw->pw_gid, name, command);
    return r < 0 ? r : 0;
}

/* Its length in a message, where control bytes and '%' take three (core/fields.h). */
static size_t written_length(const char *arg)
{
    size_t len = sizeof "argv \n";

    for (; *arg; arg++)
        len += (unsigned char)*arg < 0x20 || *arg == 0x7f || *arg == '%' ? 3 : 1;
    return len;
}

/* The resolved path stands for argv[0], which is "-bash" for a login shell and whatever was typed otherwise. */
static int describe_argv(const char *path, char *const argv[], struct question *question)
{
    size_t written = written_length(path);

    if (path[0] != '/' || !argv || !argv[0])
        return -EINVAL;
    question->argv[0] = path;
    question->argc = 1;
    for (char *const *arg = argv + 1; *arg; arg++) {
        written += written_length(*arg);
        if (question->argc == MESSAGE_ARGS_MAX || written > ARGUMENTS_MAX)
            return -E2BIG;
        question->argv[question->argc++] = *arg;
    }
    return 0;
}

int command_other_host(char *const settings[])
{
    return info_value(settings, "remote_host") != NULL;
}

int command_describe(const struct lists *lists, struct command *ret, struct question *question)
{
    char *const *info = lists->info;
    const char *path = info_value(info, "command"), *cwd = info_value(info, lists->preloaded ? "runcwd" : "cwd");
    int r;

    memset(ret, 0, sizeof *ret);
    ret->strange = 1;
    if (!path || command_uid(info, &ret->uid) < 0 || describe_run_as(lists, path, ret) < 0)
        return -EINVAL;
    question->run_as = ret->run_as;
    question->own_group = ret->own_group[0] ? ret->own_group : NULL;
    question->cwd = cwd && strlen(cwd) < CWD_MAX ? cwd : NULL;
    r = describe_argv(path, lists->argv, question);
    if (r < 0)
        question->argc = 0;
    return r;
}

/* --- as a tool --- */

struct writer {
    char *buf;
    size_t cap, len;
};

static void put(struct writer *w, const char *text)
{
    for (; *text; text++, w->len++)
        if (w->len < w->cap)
            w->buf[w->len] = *text;
}

/* Plain ASCII. What could end the quotes of a shell is escaped, too: the text is there to be copied. */
static void put_json(struct writer *w, const char *text)
{
    char escape[8];

    put(w, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            snprintf(escape, sizeof escape, "\\%c", *text);
        else
            snprintf(escape, sizeof escape, *text < 0x20 || *text == 0x7f || *text == '\'' ? "\\u%04x" : "%c", *text);
        put(w, escape);
    }
    put(w, "\"");
}

/* A value that stands for itself: no list, no pattern. */
static int is_plain(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+:@-";

    return text && text[0] && strspn(text, plain) == strlen(text);
}

static int is_ascii(const char *text)
{
    while (*text && !(*text & 0x80))
        text++;
    return *text == '\0';
}

int command_tool(const struct question *question, char *buf, size_t cap)
{
    struct writer w = {buf, cap, 0};

    if (question->argc == 0 || !is_plain(question->run_as) || !is_plain(question->argv[0]))
        return -EINVAL;
    put(&w, "host:sudo runas=");
    put(&w, question->run_as);
    put(&w, " command=");
    put(&w, question->argv[0]);
    for (size_t i = 1; i < question->argc; i++) {
        if (!is_ascii(question->argv[i]))
            return -EINVAL;
        put(&w, i == 1 ? " args=[" : ",");
        put_json(&w, question->argv[i]);
    }
    put(&w, question->argc > 1 ? "]" : "");
    if (w.len >= cap)
        return -ENOBUFS;
    buf[w.len] = '\0';
    return 0;
}
