#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/paths.h"
#include "core/text.h"
#include "live/sweep.h"

#define ARGUMENT_MAX (SPIFFE_ID_MAX + 16)

static char *argument(const char *name, const char *value)
{
    char *text = malloc(ARGUMENT_MAX);

    if (!text || text_format(text, ARGUMENT_MAX, "%s=%s", name, value) < 0)
        _exit(127);
    return text;
}

/* It has nothing of its starter: no terminal, no descriptor, no environment. */
static _Noreturn void become_sweeper(char *const argv[])
{
    char *const envp[] = {NULL};
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (setsid() >= 0 && nothing >= 0 && dup2(nothing, 0) == 0 && dup2(nothing, 1) == 1 && dup2(nothing, 2) == 2)
        execve(PATH_SWEEPER, argv, envp);
    _exit(127);
}

static _Noreturn void become_ended(const struct session *session, enum reason reason)
{
    const struct grant *grant = &session->grant;
    char uid[TEXT_DECIMAL_MAX + 1];

    text_decimal(uid, grant->uid);
    become_sweeper((char *[]){(char *)"sweeper", (char *)"ended", argument("session", session->id),
                              argument("account", grant->account), argument("uid", uid), argument("task", grant->task),
                              argument("identity", grant->identity), argument("reason", reason_word(reason)), NULL});
}

static _Noreturn void become_clear(const struct grant *grant)
{
    char uid[TEXT_DECIMAL_MAX + 1];

    text_decimal(uid, grant->uid);
    become_sweeper((char *[]){(char *)"sweeper", (char *)"clear", argument("uid", uid), argument("iss", grant->iss),
                              argument("task", grant->task), argument("identity", grant->identity), NULL});
}

void sweeper_start(void)
{
    if (fork() == 0)
        become_sweeper((char *[]){(char *)"sweeper", NULL});
}

void sweeper_start_ended(const struct session *session, enum reason reason)
{
    if (fork() == 0)
        become_ended(session, reason);
}

void sweeper_start_clear(const struct grant *grant)
{
    if (fork() == 0)
        become_clear(grant);
}
