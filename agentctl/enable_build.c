/* Making the plan. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentctl/edit.h"
#include "agentctl/enable_backup.h"
#include "agentctl/enable_pam.h"
#include "agentctl/enable_plan.h"
#include "agentctl/program.h"
#include "agentctl/say.h"
#include "agentctl/template.h"
#include "core/paths.h"
#include "core/text.h"

#define SUDO_PLUGIN "sudo_agent"
#define SUDO_CONF_LINE "Plugin " SUDO_PLUGIN " sudo_agent.so\n"

/* First in the session stack: sudo goes on after PAM_SESSION_ERR, and the first failure of a stack is the one returned. */
#define SUDO_SESSION \
    "session\t[success=2 ignore=2 module_unknown=ignore default=die]\tpam_agent.so\n" \
    "session\t[success=ignore ignore=ignore default=die]\tpam_succeed_if.so quiet user notingroup " AGENTS_GROUP "\n" \
    "session\t[success=ignore ignore=ignore default=die]\tpam_succeed_if.so quiet use_uid user " \
    "notingroup " AGENTS_GROUP "\n"

static const char *const sudo_stacks[] = {"/etc/pam.d/sudo", "/etc/pam.d/sudo-i"};

static int failed(const char *path, int r)
{
    if (r == -EBADMSG)
        complain("%s: the marked block is damaged, or the file holds a NUL: mend it by hand", path);
    else
        complain("%s: %s", path, strerror(-r));
    return r;
}

static int copy_file(const struct host_file *from, const char *text, struct host_file *ret)
{
    *ret = *from;
    ret->text = text ? strdup(text) : NULL;
    if (!from->text) {
        ret->mode = 0644;
        ret->uid = ret->gid = 0;
    }
    return text && !ret->text ? -ENOMEM : 0;
}

static struct change *plan_add(struct plan *plan, const char *path, enum change_kind kind)
{
    struct change *change = &plan->changes[plan->count++];

    *change = (struct change){.path = path, .kind = kind};
    return change;
}

/* The file without what is ours, by its marks alone. */
static int take_out(enum change_kind kind, const char *text, char **ret_text)
{
    if (kind == CHANGE_NSSWITCH)
        return edit_nsswitch_remove(text, ret_text);
    return edit_block_remove(text, ret_text);
}

static int find_base(struct change *change)
{
    char *text = NULL;
    int r = change->now.text && change->kind != CHANGE_OWN ? take_out(change->kind, change->now.text, &text) : 0;

    if (r == 0)
        r = copy_file(&change->now, text, &change->base);
    free(text);
    return r;
}

/* A file that wants a block, or (body NULL) nsswitch.conf. */
static int add_edited(struct plan *plan, const char *path, enum change_kind kind, const char *body)
{
    struct change *change = plan_add(plan, path, kind);
    char *text = NULL;
    int r = host_file_read(path, &change->now);

    if (r == 0)
        r = find_base(change);
    if (r == 0)
        r = body ? edit_block_add(change->now.text ? change->now.text : "", body, &text)
                 : edit_nsswitch_add(change->now.text ? change->now.text : "", &text);
    if (r == 0)
        r = copy_file(&change->now, text, &change->wanted);
    free(text);
    return r < 0 ? failed(path, r) : 0;
}

static int add_own(struct plan *plan, const char *path, const char *text)
{
    struct change *change = plan_add(plan, path, CHANGE_OWN);
    int r = host_file_read(path, &change->now);

    if (r == 0)
        r = find_base(change);
    if (r == 0)
        r = copy_file(&change->now, text, &change->wanted);
    return r < 0 ? failed(path, r) : 0;
}

static int pam_failed(int r)
{
    if (r == -ENOENT)
        complain("this host has no pam-auth-update: add the lines of pam_agent(8) to its PAM stacks by hand");
    else if (r == -EBUSY)
        complain("pam-auth-update refuses: /etc/pam.d/common-* were edited by hand. Put the edits into a profile below "
                 "/usr/share/pam-configs, run `pam-auth-update --force`, and try again");
    else if (r == -EBADMSG)
        complain("pam-auth-update could not take the profile out again: not put in");
    else
        complain("pam-auth-update: %s", strerror(-r));
    return r;
}

/* What makes `apply` write the rules of sudo; visudo is asked there. */
static int add_sudoers(struct plan *plan)
{
    static char text[] = "# pam_agent: `agentctl apply` writes this file.\n";
    struct change *change = plan_add(plan, PATH_SUDOERS, CHANGE_SUDOERS);
    int r = host_file_read(PATH_SUDOERS, &change->now);

    if (r == 0)
        r = copy_file(&change->now, change->now.text ? change->now.text : text, &change->wanted);
    change->wanted.mode = 0440;
    return r < 0 ? failed(PATH_SUDOERS, r) : 0;
}

static int remove_sudoers(struct plan *plan)
{
    int r = host_file_read(PATH_SUDOERS, &plan_add(plan, PATH_SUDOERS, CHANGE_SUDOERS)->now);

    return r < 0 ? failed(PATH_SUDOERS, r) : 0;
}

/* The common-* files with the profile, or (NULL) without it. */
static int add_generated(struct plan *plan, const char *profile)
{
    struct host_file with[PAM_COMMON_COUNT] = {{0}}, without[PAM_COMMON_COUNT] = {{0}};
    int r = pam_update_preview(NULL, without);

    if (r == 0 && profile)
        r = pam_update_preview(profile, with);
    if (r < 0)
        pam_failed(r);
    for (size_t i = 0; r == 0 && i < PAM_COMMON_COUNT; i++) {
        struct change *change = plan_add(plan, pam_common[i], CHANGE_GENERATED);
        int ours;

        r = host_file_read(change->path, &change->now);
        if (r < 0)
            return failed(change->path, r);
        ours = change->now.text && strstr(change->now.text, "pam_agent.so");
        r = copy_file(&change->now, ours ? without[i].text : change->now.text, &change->base);
        if (r == 0)
            r = copy_file(&change->now, profile ? with[i].text : change->base.text, &change->wanted);
    }
    for (size_t i = 0; i < PAM_COMMON_COUNT; i++) {
        host_file_clear(&with[i]);
        host_file_clear(&without[i]);
    }
    return r;
}

/* Auth without the lines that refuse agents whatever our module says: where the host observes, what stands behind decides. */
static void open_auth(char *profile)
{
    char *line, *next;

    while ((line = strstr(profile, "\t[success=ignore ")) && (next = strchr(line, '\n')) &&
           line < strstr(profile, "\nAccount:"))
        memmove(line, next + 1, strlen(next + 1) + 1);
}

static int add_pam(struct plan *plan, int observes)
{
    static const struct placeholder none[] = {{NULL, NULL}};
    char *profile;
    int r = template_fill("pam_agent", none, &profile);

    if (r < 0)
        return failed(TEMPLATE_DIR "/pam_agent", r);
    if (observes)
        open_auth(profile);
    r = add_own(plan, PATH_PROFILE, profile);
    if (r == 0)
        r = add_generated(plan, profile);
    free(profile);
    return r;
}

/* Before 8.7 keyboard-interactive in a Match block does nothing: the global switch rules, for everybody. */
static int needs_global_switch(void)
{
    const struct program ssh = {.argv = {"ssh", "-V"}};
    char version[256] = "";
    int status, major, minor;

    if (program_run(&ssh, version, sizeof version, &status) < 0 ||
        sscanf(version, "OpenSSH_%d.%d", &major, &minor) != 2)
        return 0;
    return major < 8 || (major == 8 && minor < 7);
}

static int fill_drop_in(const struct plan_options *options, char **ret_text)
{
    const struct placeholder placeholders[] = {
        {"@GLOBAL@", needs_global_switch() ? "ChallengeResponseAuthentication yes\n" : ""},
        {"@METHODS@", options->plain_keys ? "AuthenticationMethods publickey,keyboard-interactive:pam"
                                          : "AuthenticationMethods publickey keyboard-interactive:pam"},
        {"@KEYS@", options->plain_keys ? "AuthorizedKeysCommand " LIBEXECDIR
                                         "/offered-key %t %k\n\tAuthorizedKeysCommandUser nobody"
                                       : "AuthorizedKeysCommand none"},
        {NULL, NULL},
    };

    return template_fill(options->observes ? "sshd.observe.template" : "sshd.template", placeholders, ret_text);
}

static int add_sshd(struct plan *plan, const struct plan_options *options)
{
    struct host_file config = {0};
    char *text = NULL;
    int r = host_file_read(PATH_SSHD_CONFIG, &config);

    if (r < 0 || !config.text) {
        host_file_clear(&config);
        return r < 0 ? failed(PATH_SSHD_CONFIG, r) : 0;
    }
    r = fill_drop_in(options, &text);
    if (r < 0) {
        failed(TEMPLATE_DIR "/sshd*.template", r);
    } else if (edit_sshd_includes(config.text, PATH_DROP_IN)) {
        r = add_own(plan, PATH_DROP_IN, text);
    } else {
        say("note: " PATH_SSHD_CONFIG " does not include " PATH_DROP_IN ": the lines go into a marked block of it");
        r = add_edited(plan, PATH_SSHD_CONFIG, CHANGE_BLOCK, text);
    }
    free(text);
    host_file_clear(&config);
    return r;
}

/* As it was before, byte for byte, where nothing else changed since; else without what is ours. */
static int restore(struct change *change, int generated)
{
    struct host_file before = {0}, after = {0};
    int r = generated ? 0 : host_file_read(change->path, &change->now);
    int known = r == 0 ? backup_get(change->path, &before, &after) : 0;

    host_file_clear(&change->wanted);
    if (r == 0 && known == 1 && host_file_equal(&change->now, &after)) {
        r = copy_file(&before, before.text, &change->wanted);
    } else if (r == 0) {
        if (!generated)
            r = find_base(change);
        /* A file that was made for us, with nothing else in it since. */
        if (r == 0)
            r = copy_file(&change->now,
                          known == 1 && !before.text && text_equal(change->base.text, "") ? NULL : change->base.text,
                          &change->wanted);
    }
    host_file_clear(&before);
    host_file_clear(&after);
    return r < 0 ? failed(change->path, r) : 0;
}

/* One that somebody else wrote would outlive the plug-in, and sudo tells everybody about the second one. */
static int refuse_second_line(const struct change *change)
{
    unsigned line = change->now.text ? edit_plugin_line(change->now.text, SUDO_PLUGIN) : 0;

    if (line == 0)
        return 0;
    complain("%s:%u: names " SUDO_PLUGIN " already: take that line out, and enable writes it", change->path, line);
    return -EEXIST;
}

/* A sudo without approval plug-ins refuses everybody where it is told to load one. */
static int add_sudo_conf(struct plan *plan, const struct plan_options *options)
{
    int r;

    if (options->sudo_by_arguments)
        return restore(plan_add(plan, PATH_SUDO_CONF, CHANGE_BLOCK), 0);
    r = add_edited(plan, PATH_SUDO_CONF, CHANGE_BLOCK, SUDO_CONF_LINE);
    return r < 0 ? r : refuse_second_line(&plan->changes[plan->count - 1]);
}

int plan_enable(struct plan *plan, const struct plan_options *options)
{
    int sudo = program_exists("sudo"), r = add_sshd(plan, options);

    for (size_t i = 0; r == 0 && i < COUNT_OF(sudo_stacks); i++) {
        if (access(sudo_stacks[i], F_OK) == 0)
            r = add_edited(plan, sudo_stacks[i], CHANGE_BLOCK, SUDO_SESSION);
    }
    if (r == 0)
        r = add_pam(plan, options->observes);
    if (r == 0 && sudo)
        r = add_sudoers(plan);
    if (r == 0)
        r = add_edited(plan, PATH_NSSWITCH, CHANGE_NSSWITCH, NULL);
    if (r == 0 && sudo)
        r = add_sudo_conf(plan, options);
    return r;
}

static int restore_pam(struct plan *plan)
{
    size_t first = plan->count;
    int r = 0;

    if (program_exists("pam-auth-update")) {
        r = add_generated(plan, NULL);
        if (r == -EBUSY) {
            say("left      the lines of pam_agent in /etc/pam.d/common-*, and the profile: they refuse agents and "
                "nobody else");
            plan->partial = 1;
            return 0;
        }
        for (size_t i = first; r == 0 && i < plan->count; i++)
            r = restore(&plan->changes[i], 1);
    }
    return r < 0 ? r : restore(plan_add(plan, PATH_PROFILE, CHANGE_OWN), 0);
}

int plan_disable(struct plan *plan)
{
    int r = restore(plan_add(plan, PATH_SUDO_CONF, CHANGE_BLOCK), 0);

    if (r == 0)
        r = remove_sudoers(plan);
    if (r == 0)
        r = restore(plan_add(plan, PATH_NSSWITCH, CHANGE_NSSWITCH), 0);
    if (r == 0)
        r = restore_pam(plan);
    for (size_t i = 0; r == 0 && i < COUNT_OF(sudo_stacks); i++)
        r = restore(plan_add(plan, sudo_stacks[i], CHANGE_BLOCK), 0);
    if (r == 0)
        r = restore(plan_add(plan, PATH_DROP_IN, CHANGE_OWN), 0);
    return r < 0 ? r : restore(plan_add(plan, PATH_SSHD_CONFIG, CHANGE_BLOCK), 0);
}
