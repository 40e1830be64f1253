#include "sudo_agent/environment.h"

#include <string.h>

#include "core/compat.h"

/* env_reset of sudoers(5) and env.c of sudo 1.8 to 1.9.16: what it sets, and what it keeps where nothing else is configured. */
static const char *const names[] = {
    "COLORS",    "COLORTERM", "DISPLAY",    "HOME",           "HOSTNAME",     "KRB5CCNAME",
    "LANG",      "LANGUAGE",  "LINGUAS",    "LOGNAME",        "LS_COLORS",    "MAIL",
    "PATH",      "PS1",       "PS2",        "SHELL",          "TERM",         "TZ",
    "USER",      "USERNAME",  "XAUTHORITY", "XAUTHORIZATION", "SUDO_COMMAND", "SUDO_GID",
    "SUDO_HOME", "SUDO_TTY",  "SUDO_UID",   "SUDO_USER",
};

static const char *const directories[] = {
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/snap/bin",
};

static int is_among(const char *const *texts, size_t count, const char *text, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(texts[i]) == len && strncmp(texts[i], text, len) == 0)
            return 1;
    return 0;
}

static int is_name(const char *variable, size_t len, const char *name)
{
    return strlen(name) == len && strncmp(variable, name, len) == 0;
}

int directory_is_usual(const char *dir, size_t len)
{
    return is_among(directories, COUNT_OF(directories), dir, len);
}

/* An empty component is the current directory. */
static int is_path(const char *value)
{
    size_t len;

    for (;; value += len + 1) {
        len = strcspn(value, ":");
        if (!directory_is_usual(value, len))
            return 0;
        if (value[len] == '\0')
            return 1;
    }
}

static int is_number(const char *value)
{
    return value[0] != '\0' && value[strspn(value, "0123456789")] == '\0';
}

/* sudo_preload_dso of exec_preload.c, 1.9.8 to 1.9.16, and what dash and bash export. */
static int is_usual_below(const char *variable, const char *preloaded)
{
    size_t len = strcspn(variable, "=");
    const char *value = variable + len + 1;

    if (is_name(variable, len, "LD_PRELOAD"))
        return preloaded[0] != '\0' && strcmp(value, preloaded) == 0;
    if (is_name(variable, len, "SUDO_INTERCEPT_FD") || is_name(variable, len, "SHLVL"))
        return is_number(value);
    if (is_name(variable, len, "PWD") || is_name(variable, len, "OLDPWD"))
        return value[0] == '/';
    return is_name(variable, len, "_");
}

static int is_usual(const char *variable, const char *home)
{
    size_t len = strcspn(variable, "=");
    const char *value = variable + len + 1;

    if (variable[len] != '=')
        return 0;
    if (is_name(variable, len, "HOME"))
        return home && strcmp(value, home) == 0;
    if (is_name(variable, len, "PATH"))
        return is_path(value);
    return strncmp(variable, "LC_", 3) == 0 || is_among(names, COUNT_OF(names), variable, len);
}

int environment_strange(char *const env[], const char *home, const char *preloaded, char ret_name[VARIABLE_NAME_SIZE])
{
    for (; env && *env; env++) {
        size_t len = strcspn(*env, "=");

        if (is_usual(*env, home) || (preloaded && (*env)[len] == '=' && is_usual_below(*env, preloaded)))
            continue;
        if (len >= VARIABLE_NAME_SIZE)
            len = VARIABLE_NAME_SIZE - 1;
        memcpy(ret_name, *env, len);
        ret_name[len] = '\0';
        return 1;
    }
    return 0;
}
