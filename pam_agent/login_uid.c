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

uid_t login_uid_claim(uid_t uid)
{
    char text[24];

    if (getuid() != 0 || process_loginuid(getpid()) != AUDIT_UNSET ||
        text_format(text, sizeof text, "%lu", (unsigned long)uid) < 0 || write_login_uid(text) < 0)
        return (uid_t)-1;
    return uid;
}

void login_uid_release(void)
{
    (void)write_login_uid("4294967295");
}
