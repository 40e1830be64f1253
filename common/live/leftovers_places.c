#include "live/leftovers_places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"

/* Where files tell by their owner whose they are. */
static const char *const owned[] = {
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/dev/mqueue",
    "/run/lock",
    "/run/screen",
    "/var/crash",
    "/var/spool/cron/atjobs",
    "/var/spool/cron/atspool",
    "/var/spool/atjobs",
    "/var/spool/atspool",
    "/var/spool/at",
    "/var/spool/at/spool",
};

/* Where the file of an account has its name. */
static const char *const named[] = {
    "/var/spool/cron/crontabs", "/var/spool/cron/tabs",    "/var/spool/cron", "/var/mail",
    "/var/spool/mail",          "/var/lib/systemd/linger",
};

/* A host may have made any of them a link. The caller's fd, or -1: it is not there, or cannot be used, which is noted. */
static int open_place(struct walk *walk, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
        walk_note(walk, -errno);
    return fd;
}

static void clear_owned(struct walk *walk, const char *path)
{
    CLEANUP(close_fd) int dir = open_place(walk, path);
    struct stat st;

    if (dir < 0)
        return;
    if (fstat(dir, &st) < 0)
        walk_note(walk, -errno);
    else if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX)) /* anybody could exchange what lies there */
        walk_note(walk, -EPERM);
    else
        walk_directory(walk, dir);
}

/* A file is the account's by its name, whoever owns it (the linger flag is root's); a directory only by its owner. */
static void clear_named(struct walk *walk, const char *path, const char *account)
{
    CLEANUP(close_fd) int dir = open_place(walk, path);

    if (dir < 0 || unlinkat(dir, account, 0) == 0 || errno == ENOENT)
        return;
    if (errno == EISDIR)
        walk_name(walk, dir, account);
    else
        walk_note(walk, -errno);
}

/* /run/user/UID: what is in it; it may be a mount of logind's, which stays. */
static void clear_runtime_dir(struct walk *walk)
{
    CLEANUP(close_fd) int users = open_place(walk, "/run/user");
    CLEANUP(close_fd) int dir = -1;
    char name[TEXT_DECIMAL_MAX + 1];
    struct stat st;

    text_decimal(name, walk->owner);
    if (users < 0 || fstatat(users, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    dir = walk_open(walk, users, name);
    if (dir < 0)
        return;
    walk_directory(walk, dir);
    (void)unlinkat(users, name, AT_REMOVEDIR);
}

/* --- POSIX message queues (mq_overview(7)) --- */

#ifndef SYS_fsopen /* the same on every architecture */
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif
#define FSCONFIG_CREATE 6 /* FSCONFIG_CMD_CREATE of linux/mount.h */

/* Nobody has to have mounted them for an agent to make one. Kernels before 5.2 show them only where somebody has. */
static void clear_queues(struct walk *walk)
{
    CLEANUP(close_fd) int context = (int)syscall(SYS_fsopen, "mqueue", 0);
    CLEANUP(close_fd) int dir = -1;

    if (context >= 0 && syscall(SYS_fsconfig, context, FSCONFIG_CREATE, NULL, NULL, 0) == 0)
        dir = (int)syscall(SYS_fsmount, context, 0, 0);
    if (dir >= 0)
        walk_directory(walk, dir);
}

/* --- System V IPC (shmctl(2), semctl(2), msgctl(2)): every index up to the highest in use --- */

static int is_owners(const struct walk *walk, const struct ipc_perm *perm)
{
    return perm->uid == walk->owner || perm->cuid == walk->owner;
}

/* EINVAL, EIDRM: gone meanwhile. */
static void note_removal(struct walk *walk, int result)
{
    if (result < 0 && errno != EINVAL && errno != EIDRM)
        walk_note(walk, -errno);
}

static void clear_shared_memory(struct walk *walk)
{
    struct shm_info info;
    struct shmid_ds ds;
    int highest = shmctl(0, SHM_INFO, (struct shmid_ds *)&info);

    for (int i = 0; i <= highest && !walk_late(walk); i++) {
        int id = shmctl(i, SHM_STAT, &ds);

        if (id >= 0 && is_owners(walk, &ds.shm_perm))
            note_removal(walk, shmctl(id, IPC_RMID, NULL));
    }
}

union semun { /* the caller defines it (semctl(2)) */
    int val;
    struct semid_ds *buf;
    unsigned short *array;
    struct seminfo *info;
};

static void clear_semaphores(struct walk *walk)
{
    struct seminfo info;
    struct semid_ds ds;
    int highest = semctl(0, 0, SEM_INFO, (union semun){.info = &info});

    for (int i = 0; i <= highest && !walk_late(walk); i++) {
        int id = semctl(i, 0, SEM_STAT, (union semun){.buf = &ds});

        if (id >= 0 && is_owners(walk, &ds.sem_perm))
            note_removal(walk, semctl(id, 0, IPC_RMID));
    }
}

static void clear_messages(struct walk *walk)
{
    struct msginfo info;
    struct msqid_ds ds;
    int highest = msgctl(0, MSG_INFO, (struct msqid_ds *)&info);

    for (int i = 0; i <= highest && !walk_late(walk); i++) {
        int id = msgctl(i, MSG_STAT, &ds);

        if (id >= 0 && is_owners(walk, &ds.msg_perm))
            note_removal(walk, msgctl(id, IPC_RMID, NULL));
    }
}

void places_clear(struct walk *walk, const char *account)
{
    for (size_t i = 0; i < COUNT_OF(named); i++) /* first: they start processes */
        clear_named(walk, named[i], account);
    clear_runtime_dir(walk);
    keyrings_clear(walk);
    clear_queues(walk);
    clear_shared_memory(walk);
    clear_semaphores(walk);
    clear_messages(walk);
    for (size_t i = 0; i < COUNT_OF(owned); i++)
        clear_owned(walk, owned[i]);
}
