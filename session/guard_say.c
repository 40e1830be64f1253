#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"
#include "judge/session_process.h"
#include "session/guard.h"

#define TERMINALS_MAX 16
#define PTY_MAJOR_FIRST 136 /* Unix98 pty slaves, devices.txt of Linux */
#define PTY_MAJOR_LAST 143
#define PTYS_PER_MAJOR 256

struct hearing {
    const struct guard *guard;
    dev_t terminals[TERMINALS_MAX];
    size_t count;
    struct process carrier;
};

static int is_pty(dev_t terminal)
{
    return major(terminal) >= PTY_MAJOR_FIRST && major(terminal) <= PTY_MAJOR_LAST;
}

static int is_known(const struct hearing *hearing, dev_t terminal)
{
    for (size_t i = 0; i < hearing->count; i++)
        if (hearing->terminals[i] == terminal)
            return 1;
    return 0;
}

/* sshd's own process under the account's uid, between the terminal and the client. */
static int is_carrier(const struct session *session, const struct process *process)
{
    return process->parent == session->leader && process_same_program(process->pid, session->leader);
}

static int find_terminal(const struct process *process, void *arg)
{
    struct hearing *hearing = arg;
    const struct session *session = &hearing->guard->session;
    uid_t uid;

    if (process_uid(process->pid, &uid) < 0 || uid != session->grant.uid)
        return 0;
    if (is_carrier(session, process))
        hearing->carrier = *process;
    if (is_pty(process->tty) && !is_known(hearing, process->tty) &&
        session_owns(&hearing->guard->session, process->pid))
        hearing->terminals[hearing->count++] = process->tty;
    return hearing->count == TERMINALS_MAX;
}

/* 1 when it is the account's terminal, whether or not the line still fitted. */
static int tell(dev_t terminal, uid_t uid, const char *line)
{
    CLEANUP(close_fd) int fd = -1;
    unsigned number = (major(terminal) - PTY_MAJOR_FIRST) * PTYS_PER_MAJOR + minor(terminal);
    struct stat st;
    char path[32];

    if (text_format(path, sizeof path, "/dev/pts/%u", number) == 0)
        fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != terminal || st.st_uid != uid)
        return 0;
    (void)!write(fd, line, strlen(line));
    return 1;
}

/* Most sessions of agents have none, and who looks for it goes through all processes of the host. */
static int has_terminal(uid_t uid)
{
    DIR *terminals = opendir("/dev/pts");
    struct dirent *entry;
    struct stat st;
    int found = 0;

    if (!terminals)
        return 0;
    while (!found && (entry = readdir(terminals)))
        found = fstatat(dirfd(terminals), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) &&
                st.st_uid == uid;
    closedir(terminals);
    return found;
}

int guard_say(const struct guard *guard, const char *line, struct process *ret_carrier)
{
    struct hearing hearing = {.guard = guard};
    int told = 0;

    if (!has_terminal(guard->session.grant.uid))
        return 0;
    (void)!process_each(find_terminal, &hearing);
    for (size_t i = 0; i < hearing.count; i++)
        told |= tell(hearing.terminals[i], guard->session.grant.uid, line);
    if (!told || hearing.carrier.pid == 0)
        return 0;
    *ret_carrier = hearing.carrier;
    return 1;
}
