#include "pam_agent/login_uid.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/proc.h"
#include "core/text.h"

static int write_login_uid(const char *text)
{
    CLEANUP(close_fd) int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    /* In one write: the kernel takes no part of a number. */
    return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

/* Whoever started the listener, and all that it starts, have this audit session too. */
static int is_inherited(void)
{
    return process_audit_session(getpid()) == process_audit_session(getppid());
}

static int put_login_uid(uint32_t uid)
{
    char text[24];

    return text_format(text, sizeof text, "%lu", (unsigned long)uid) < 0 ? -1 : write_login_uid(text);
}

int login_uid_claim(uid_t uid, uint32_t *ret_before)
{
    *ret_before = process_loginuid(getpid());
    if (getuid() != 0 || (*ret_before != AUDIT_UNSET && !is_inherited()))
        return 0;
    return put_login_uid(uid) == 0;
}

void login_uid_release(uint32_t before)
{
    (void)put_login_uid(before);
}

void login_uid_leave(void)
{
    (void)put_login_uid(AUDIT_UNSET);
}
