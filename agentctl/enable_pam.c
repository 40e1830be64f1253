#include "agentctl/enable_pam.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agentctl/program.h"
#include "agentctl/say.h"
#include "core/text.h"

#define MODULE "pam_agent.so"
#define UPDATE "pam-auth-update"

const char *const pam_common[PAM_COMMON_COUNT] = {
    "/etc/pam.d/common-account",  "/etc/pam.d/common-auth",
    "/etc/pam.d/common-password", "/etc/pam.d/common-session-noninteractive",
    "/etc/pam.d/common-session",
};

/* What pam-auth-update reads and writes. */
static const char *const parts[] = {"/etc/pam.d", "/var/lib/pam", "/usr/share/pam-configs", NULL};

/* A root directory that holds it. */
struct copy {
    char root[64];
    char debconf[128]; /* DEBCONF_SYSTEMRC=FILE: else it writes the host's debconf database in spite of --root */
};

static const char debconf_conf[] = "Config: c\nTemplates: t\n\n"
                                   "Name: c\nDriver: File\nFilename: %s/config.dat\n\n"
                                   "Name: t\nDriver: File\nFilename: %s/templates.dat\n";

static int run(const struct program *program)
{
    char output[2048];
    int status, r = program_run(program, output, sizeof output, &status);

    if (r < 0 || status == 0)
        return r;
    complain("%s failed: %s", program->argv[0], output);
    return -EIO;
}

static void copy_remove(struct copy *copy)
{
    const struct program rm = {.argv = {"rm", "-rf", "--", copy->root}};

    if (copy->root[0])
        (void)!run(&rm);
}

static int write_text(const char *root, const char *name, const char *text)
{
    const struct host_file file = {.text = (char *)(uintptr_t)text, .mode = 0644};
    char path[512];
    int r = text_format(path, sizeof path, "%s%s", root, name);

    return r < 0 ? r : host_file_write(path, &file);
}

static int copy_make(struct copy *copy)
{
    char text[512];
    int r = 0;

    strcpy(copy->root, "/tmp/agentctl.XXXXXX");
    if (!mkdtemp(copy->root)) {
        copy->root[0] = '\0';
        return -errno;
    }
    for (size_t i = 0; r == 0 && parts[i]; i++) {
        const struct program cp = {.argv = {"cp", "-a", "--parents", "--", parts[i], copy->root}};

        r = run(&cp);
    }
    if (r == 0)
        r = text_format(text, sizeof text, debconf_conf, copy->root, copy->root);
    if (r == 0)
        r = write_text(copy->root, "/debconf.conf", text);
    if (r == 0)
        r = text_format(copy->debconf, sizeof copy->debconf, "DEBCONF_SYSTEMRC=%s/debconf.conf", copy->root);
    return r;
}

/* That of Debian 11 (Linux-PAM 1.4.0) passes over --root as over any option it does not know, and changes the host. */
static int knows_root(void)
{
    CLEANUP(host_file_clear) struct host_file script = {.text = NULL};

    return host_file_read("/usr/sbin/" UPDATE, &script) == 0 && script.text && strstr(script.text, "'--root'");
}

/* --package: nobody is asked; a refusal ends with status 0 all the same. */
static int update(const char *root, const char *debconf, const char *what)
{
    struct program program = {.argv = {UPDATE, "--package", what, "pam_agent"},
                              .env = {"DEBIAN_FRONTEND=noninteractive", debconf}};

    if (root && knows_root()) {
        program.argv[4] = "--root";
        program.argv[5] = root;
    } else if (root) {
        program.root = root;
        program.dirs = parts;
    }
    return run(&program);
}

static int read_common(const char *root, struct host_file *ret_files)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < PAM_COMMON_COUNT; i++) {
        char path[512];

        r = text_format(path, sizeof path, "%s%s", root, pam_common[i]);
        if (r == 0)
            r = host_file_read(path, &ret_files[i]);
    }
    return r;
}

static void clear_common(struct host_file *files)
{
    for (size_t i = 0; i < PAM_COMMON_COUNT; i++)
        host_file_clear(&files[i]);
}

/* In all four stacks that the profile has lines for, or in none? 1, 0; -1: only in some. */
static int names_module(const struct host_file *files)
{
    int count = 0;

    for (size_t i = 0; i < PAM_COMMON_COUNT; i++)
        count += files[i].text && strstr(files[i].text, MODULE);
    return count == 0 ? 0 : count == PAM_COMMON_COUNT - 1 ? 1 : -1;
}

static int update_common(const char *root, const char *debconf, int enable, struct host_file *ret_files)
{
    int r = update(root, debconf, enable ? "--enable" : "--remove");

    if (r == 0)
        r = read_common(root ? root : "", ret_files);
    if (r == 0 && names_module(ret_files) != enable)
        r = -EBUSY;
    if (r < 0)
        clear_common(ret_files);
    return r;
}

/* With a profile that it misreads, pam-auth-update would take every later change for one made by hand. */
static int can_be_removed(const struct copy *copy)
{
    struct host_file files[PAM_COMMON_COUNT] = {{0}};
    int r = update_common(copy->root, copy->debconf, 0, files);

    clear_common(files);
    return r == -EBUSY ? -EBADMSG : r;
}

int pam_update_preview(const char *profile, struct host_file *ret_files)
{
    CLEANUP(copy_remove) struct copy copy = {.root = ""};
    struct host_file files[PAM_COMMON_COUNT] = {{0}};
    int r = program_exists(UPDATE) ? copy_make(&copy) : -ENOENT;

    if (r == 0 && profile)
        r = write_text(copy.root, PATH_PROFILE, profile);
    if (r == 0)
        r = update_common(copy.root, copy.debconf, profile != NULL, files);
    if (r == 0 && profile)
        r = can_be_removed(&copy);
    if (r < 0) {
        clear_common(files);
        return r;
    }
    memcpy(ret_files, files, sizeof files);
    return 0;
}

int pam_update_run(int enable)
{
    struct host_file files[PAM_COMMON_COUNT] = {{0}};
    int r = update_common(NULL, NULL, enable, files);

    clear_common(files);
    return r;
}
