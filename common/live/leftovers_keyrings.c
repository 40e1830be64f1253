/*
 * Keyrings that belong to a uid and not to a process: user, user session and persistent keyring (user-keyring(7),
 * persistent-keyring(7)). Only a process of the uid finds the first two, so a child becomes one; by then nobody else is one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/text.h"
#include "live/leftovers_places.h"

#define ALL_RIGHTS 0x3f3f0000 /* of possessor and owner (keyctl_setperm(3)) */

static long keyctl(int operation, long a, long b)
{
    return syscall(SYS_keyctl, operation, a, b, 0, 0);
}

/* Where there are none, there is nothing to clear: not built in, or a container does not let anybody. */
static int is_not_there(int error)
{
    return error == ENOSYS || error == EPERM || error == EOPNOTSUPP;
}

static int clear(long keyring)
{
    (void)keyctl(KEYCTL_SETPERM, keyring, ALL_RIGHTS);
    return keyctl(KEYCTL_CLEAR, keyring, 0) == 0 || is_not_there(errno) ? 0 : errno;
}

/* By root, whose quota the link counts against: the agent may have used up its own. */
static int clear_persistent(uid_t uid)
{
    long keyring = keyctl(KEYCTL_GET_PERSISTENT, (long)uid, KEY_SPEC_PROCESS_KEYRING);

    if (keyring >= 0)
        return clear(keyring);
    return is_not_there(errno) ? 0 : errno;
}

/* The others as the uid. 0 or errno. */
static int clear_all(uid_t uid)
{
    const long own[] = {KEY_SPEC_USER_KEYRING, KEY_SPEC_USER_SESSION_KEYRING};
    int error = clear_persistent(uid);

    if (error == 0 && setresuid(uid, uid, uid) < 0)
        error = errno;
    for (size_t i = 0; error == 0 && i < COUNT_OF(own); i++)
        error = clear(own[i]);
    return error;
}

/* The child has ended, or is about to, when its end of the pipe is closed. */
static int await_child(pid_t pid, int end, const struct walk *walk)
{
    struct pollfd pfd = {.fd = end, .events = POLLIN};
    int64_t left = walk->until - clock_boot_ms();
    int status = 0, late = poll(&pfd, 1, left > 0 ? (int)left : 0) <= 0;

    if (late)
        (void)kill(pid, SIGKILL);
    if (waitpid(pid, &status, 0) < 0 || late || !WIFEXITED(status))
        return -EAGAIN;
    return -WEXITSTATUS(status);
}

void keyrings_clear(struct walk *walk)
{
    int ends[2], r = pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0;
    pid_t pid = r == 0 ? fork() : -1;

    if (pid == 0)
        _exit(clear_all(walk->owner));
    if (r == 0) {
        r = pid < 0 ? -errno : 0;
        close(ends[1]);
        if (pid > 0)
            r = await_child(pid, ends[0], walk);
        close(ends[0]);
    }
    if (r < 0)
        walk_note(walk, r);
}
