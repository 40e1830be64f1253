/* common/live/leftovers: what a task leaves in an account, and what a hostile one makes of it. */
#include "../identities_maker.h"
#include "judge_host.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/clock.h"
#include "live/leftovers.h"

#define UID 70005
#define OTHER_UID 70006
#define HOMES "/var/lib/agents"
#define HOME HOMES "/agent-deploy"
#define KEPT HOMES "/.kept"
#define RECORD PATH_RUN "/used/70005"
#define LONG 60000 /* ms */

static const struct identity identity = {
    .account = "agent-deploy", .id = "spiffe://example.org/agent/*", .uid = UID, .gid = UID, .home = HOME};
static struct grant task_a, task_b;

static void make_host(void)
{
    fresh_host();
    shell("rm -rf " HOMES " /tmp/x /tmp/y /var/tmp/x /dev/shm/x /run/user/*; mkdir -p " HOMES " /srv/other /var/crash;"
          "chmod 1777 /var/crash /tmp; mkdir -p /run/user /var/spool/cron/crontabs /var/lib/systemd/linger");
    memset(&task_a, 0, sizeof task_a);
    strcpy(task_a.iss, "https://sts.example.org");
    strcpy(task_a.task, "task A\n%");
    strcpy(task_a.identity, "spiffe://example.org/agent/deploy");
    task_b = task_a;
    strcpy(task_b.task, "task B");
}

/* As the account. */
static void agent(const char *script)
{
    char command[4096];

    snprintf(command, sizeof command, "setpriv --reuid 70005 --regid 70005 --clear-groups sh -ec '%s'", script);
    shell(command);
}

static void other(const char *script)
{
    char command[4096];

    snprintf(command, sizeof command, "setpriv --reuid 70006 --regid 70006 --clear-groups sh -ec '%s'", script);
    shell(command);
}

/* Task A was here. */
static void use_account(void)
{
    make_host();
    ck_assert_int_eq(leftovers_claim(&identity, &task_a), 0);
    shell("install -d -m 0700 -o 70005 -g 70005 " HOME);
}

static void assert_clean(void)
{
    ck_assert_int_eq(leftovers_fit(&identity, &task_b), 1);
    ck_assert_int_ne(access(RECORD, F_OK), 0);
    ck_assert_int_ne(access(HOME, F_OK), 0);
    shell("! find /tmp /var/tmp /dev/shm /run/lock /run/user /var/crash /var/spool -xdev -user 70005 | grep .");
}

/* --- whose they are --- */

START_TEST(files_are_of_one_authority)
{
    struct grant another;

    make_host();
    ck_assert_int_eq(leftovers_fit(&identity, &task_a), 1); /* there are none */
    ck_assert_int_eq(leftovers_claim(&identity, &task_a), 0);
    shell("install -d -m 0700 -o 70005 -g 70005 " HOME);
    ck_assert_int_eq(leftovers_fit(&identity, &task_a), 1);
    ck_assert_int_eq(leftovers_claim(&identity, &task_a), 0);
    ck_assert_int_eq(leftovers_fit(&identity, &task_b), 0);
    ck_assert_int_eq(leftovers_claim(&identity, &task_b), -EBUSY);
    another = task_a;
    strcat(another.iss, "/");
    ck_assert_int_eq(leftovers_fit(&identity, &another), 0);
    another = task_a;
    strcpy(another.identity, "spiffe://example.org/agent/other");
    ck_assert_int_eq(leftovers_fit(&identity, &another), 0);
    ck_assert_int_eq(leftovers_fit(&identity, &task_a), 1);
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    assert_clean();
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0); /* twice is once */
    assert_clean();
}
END_TEST

START_TEST(longest_names_are_told_apart)
{
    make_host();
    memset(task_a.iss, '%', ISS_MAX);
    memset(task_a.task, '\n', TASK_MAX);
    memset(task_a.identity, '%', SPIFFE_ID_MAX);
    ck_assert_int_eq(leftovers_claim(&identity, &task_a), 0);
    ck_assert_int_eq(leftovers_fit(&identity, &task_a), 1);
    task_b = task_a;
    task_b.identity[SPIFFE_ID_MAX - 1] = '*';
    ck_assert_int_eq(leftovers_fit(&identity, &task_b), 0);
}
END_TEST

/* Where nothing can be read, nobody fits: the files go. */
static const struct {
    const char *spoil;
    int fit;
} spoils[] = {
    {"rm " RECORD, 0},
    {"rm -rf " PATH_RUN, 0}, /* the host booted */
    {"echo garbage >" RECORD, 0},
    {"truncate -s 0 " RECORD, 0},
    {"truncate -s 40 " RECORD, 0},
    {"sed -i /^task/d " RECORD, 0},
    {"sed -i /^iss/d " RECORD, 0},
    {"echo more 1 >>" RECORD, 0},
    {"chmod g+w " RECORD, -EPERM},
    {"chown 70005 " RECORD, -EPERM},
};

START_TEST(spoilt_record_is_of_nobody)
{
    use_account();
    shell(spoils[_i].spoil);
    ck_assert_int_eq(leftovers_fit(&identity, &task_a), spoils[_i].fit);
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    assert_clean();
    shell("ls -d " KEPT "/agent-deploy-[0-9]*");
}
END_TEST

static const struct identity kept_homes[] = {{.keep_home = 1}, {.local = 1}, {.local = 1, .keep_home = 1}};

START_TEST(some_accounts_keep_their_files)
{
    struct identity keeper = identity;

    use_account();
    agent("touch /tmp/x");
    keeper.keep_home = kept_homes[_i].keep_home;
    keeper.local = kept_homes[_i].local;
    ck_assert_int_eq(leftovers_fit(&keeper, &task_b), 1);
    ck_assert_int_eq(leftovers_claim(&keeper, &task_b), 0);
    ck_assert_int_eq(leftovers_fit(&identity, &task_a), 1);
    ck_assert_int_eq(leftovers_clear(&keeper, LONG), 0);
    shell("test -e /tmp/x && test -d " HOME);
}
END_TEST

static int claim_it(unsigned number)
{
    (void)number;
    return leftovers_claim(&identity, &task_a);
}

START_TEST(logins_of_one_task_claim_together)
{
    make_host();
    for (int i = 0; i < 20; i++)
        ck_assert_uint_eq(race(8, claim_it), 8);
}
END_TEST

static int claim_as(unsigned number)
{
    task_a.task[0] = (char)('a' + number);
    return leftovers_claim(&identity, &task_a);
}

START_TEST(of_many_tasks_one_claims)
{
    for (int i = 0; i < 20; i++) {
        make_host();
        ck_assert_uint_eq(race(8, claim_as), 1);
    }
}
END_TEST

/* --- what is cleared --- */

START_TEST(everything_goes)
{
    use_account();
    agent("cd " HOME
          "; echo evil >.bashrc; mkdir -p .ssh .config/systemd/user; echo evil >.ssh/rc; mkfifo pipe; ln -s / root;"
          "for d in /tmp /var/tmp /dev/shm /run/lock /var/crash; do touch $d/x; rm $d/x; mkdir -p $d/x/y/z; echo 1 "
          ">$d/x/y/f;"
          "  ln -s /srv/other $d/x/link; ln -s /srv/other $d/link; mkfifo $d/x/pipe; done;"
          "mkdir -m 0700 /tmp/tmux-70005; python3 -c \"import socket; "
          "socket.socket(1).bind(\\\"/tmp/tmux-70005/default\\\")\"");
    shell("mkdir -p /var/spool/cron/tabs /var/spool/atjobs; install -m 0700 -o 70005 /dev/null /var/spool/atjobs/a000;"
          "for d in crontabs tabs ../cron; do install -m 0600 -o 70005 /dev/null /var/spool/cron/$d/agent-deploy; done;"
          "install -m 0600 -o 70006 /dev/null /var/spool/cron/crontabs/agent-other;"
          "install -m 0600 -o 70005 /dev/null /var/mail/agent-deploy; touch /var/lib/systemd/linger/agent-deploy;"
          "touch /var/lib/systemd/linger/agent-other;"
          "mkdir -p /var/spool/cron/atjobs /tmp/.X11-unix; chmod 1777 /tmp/.X11-unix;"
          "install -m 0700 -o 70005 /dev/null /var/spool/cron/atjobs/a000;"
          "install -m 0700 -o 70006 /dev/null /var/spool/cron/atjobs/b000;"
          "install -d -m 0700 -o 70005 /run/user/70005; install -d -m 0700 -o 70006 /run/user/70006");
    agent("mkdir /run/user/70005/bus; touch /run/user/70005/bus/x /tmp/.X11-unix/X9");
    other("touch /tmp/others /srv/other/file 2>/dev/null || touch /tmp/others");
    ck_assert_int_eq(leftovers_fit(&identity, &task_b), 0);
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    assert_clean();
    shell("test ! -e /var/spool/cron/crontabs/agent-deploy; test ! -e /var/spool/cron/tabs/agent-deploy; test ! -e "
          "/var/mail/agent-deploy");
    shell("test ! -e /var/lib/systemd/linger/agent-deploy -a ! -e /run/user/70005");
    shell("test -e /var/lib/systemd/linger/agent-other -a -e /run/user/70006 -a -e /tmp/others -a -d /srv/other");
    shell("test -e /var/spool/cron/crontabs/agent-other -a -e /var/spool/cron/atjobs/b000 -a -d /tmp/.X11-unix");
    shell("test \"$(stat -c %a:%u " KEPT ")\" = 700:0; grep -q evil " KEPT "/agent-deploy-[0-9]*/.bashrc");
    shell("! setpriv --reuid 70005 --regid 70005 --clear-groups ls " KEPT "/agent-deploy-* 2>/dev/null");
    shell("rm -rf /tmp/others /var/spool/cron/atjobs/b000 /var/spool/cron/crontabs/agent-other /tmp/.X11-unix");
}
END_TEST

/* The system's own directories in a spool may have the name of an account. */
START_TEST(account_that_is_named_like_a_spool)
{
    struct identity at = identity;

    use_account();
    strcpy(at.account, "atjobs");
    shell("mkdir -p /var/spool/cron/atjobs; install -m 0700 -o 70006 /dev/null /var/spool/cron/atjobs/b000");
    ck_assert_int_eq(leftovers_clear(&at, LONG), 0);
    shell("test -e /var/spool/cron/atjobs/b000 && rm /var/spool/cron/atjobs/b000");
}
END_TEST

static void ipc_as(uid_t uid, int ids[3])
{
    int(*shared_ids)[3] = shared(sizeof *shared_ids);
    int status;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (setresuid(uid, uid, uid) < 0)
            _exit(1);
        (*shared_ids)[0] = shmget(IPC_PRIVATE, 4096, 0666 | IPC_CREAT);
        (*shared_ids)[1] = semget(IPC_PRIVATE, 1, 0666 | IPC_CREAT);
        (*shared_ids)[2] = msgget(IPC_PRIVATE, 0666 | IPC_CREAT);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    memcpy(ids, *shared_ids, sizeof *shared_ids);
    for (int i = 0; i < 3; i++)
        ck_assert_int_ge(ids[i], 0);
}

static unsigned ipc_left(const int ids[3])
{
    struct shmid_ds shm;
    struct semid_ds sem;
    struct msqid_ds msg;

    return (shmctl(ids[0], IPC_STAT, &shm) == 0) + (semctl(ids[1], 0, IPC_STAT, &sem) == 0) +
           (msgctl(ids[2], IPC_STAT, &msg) == 0);
}

START_TEST(system_v_ipc_goes)
{
    int mine[3], given[3], foreign[3];
    struct shmid_ds shm;

    use_account();
    ipc_as(UID, mine);
    ipc_as(OTHER_UID, foreign);
    ipc_as(UID, given);
    ck_assert_int_eq(shmctl(given[0], IPC_STAT, &shm), 0);
    shm.shm_perm.uid = OTHER_UID; /* given away, and still its own */
    ck_assert_int_eq(shmctl(given[0], IPC_SET, &shm), 0);
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    ck_assert_uint_eq(ipc_left(mine), 0);
    ck_assert_uint_eq(ipc_left(given), 0);
    ck_assert_uint_eq(ipc_left(foreign), 3);
    ck_assert_int_eq(
        shmctl(foreign[0], IPC_RMID, NULL) | semctl(foreign[1], 0, IPC_RMID) | msgctl(foreign[2], IPC_RMID, NULL), 0);
}
END_TEST

START_TEST(message_queues_go)
{
    use_account();
    shell("mkdir -p /dev/mqueue && mount -t mqueue mqueue /dev/mqueue && chmod 1777 /dev/mqueue && touch "
          "/dev/mqueue/other");
    agent("touch /dev/mqueue/q");
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    shell("test ! -e /dev/mqueue/q && test -e /dev/mqueue/other && rm /dev/mqueue/other && umount /dev/mqueue");
}
END_TEST

/* As fusermount(1) does it for a user, whose daemon has the descriptor: where that is closed, the mount is dead. */
static int mount_fuse(const char *point, unsigned uid)
{
    char options[128];
    int fd;

    (void)mknod("/tmp/fuse", S_IFCHR | 0600, makedev(10, 229));
    fd = open("/tmp/fuse", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ck_assert_int_eq(mkdir(point, 0700), 0);
    ck_assert_int_eq(chown(point, uid, uid), 0);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%u,group_id=%u", fd, uid, uid);
    ck_assert_int_eq(mount("left", point, "fuse.left", MS_NOSUID | MS_NODEV, options), 0);
    return fd;
}

START_TEST(fuse_mounts_go)
{
    int dead, alive, below;

    use_account();
    dead = mount_fuse("/tmp/x", UID);
    if (dead < 0) {
        puts("no FUSE here");
        return;
    }
    close(dead);
    alive = mount_fuse("/var/tmp/a \\ b\n c", UID);
    shell("mkdir " HOME "/d");
    close(mount_fuse(HOME "/d/mnt", UID));
    below = mount_fuse("/tmp/y", OTHER_UID);
    shell("grep -c user_id=70005 /proc/self/mountinfo | grep -x 3");
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    shell("! grep user_id=70005, /proc/self/mountinfo; grep user_id=70006, /proc/self/mountinfo; umount /tmp/y; rmdir "
          "/tmp/y");
    assert_clean();
    close(alive);
    close(below);
}
END_TEST

START_TEST(processes_end)
{
    use_account();
    agent("setsid sh -c \"trap : TERM HUP; while :; do sleep 7777; done\" >/dev/null 2>&1 &");
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    shell("! pgrep -u 70005");
}
END_TEST

START_TEST(session_keeps_them)
{
    use_account();
    shell("cd " PATH_RUN " && install -d -m 0700 session by by/uid by/uid/70005 && touch by/uid/70005/0123456789abcdef "
          "session/0123456789abcdef");
    ck_assert_int_eq(leftovers_clear(&identity, LONG), -EBUSY);
    shell("test -d " HOME " && rm " PATH_RUN "/session/0123456789abcdef");
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0); /* an index alone is what a crash left of one */
    shell("rm -r " PATH_RUN "/by/uid/70005");
}
END_TEST

START_TEST(one_clears_at_a_time)
{
    int lock;

    use_account();
    lock = open(PATH_RUN "/used/70005.lock", O_RDONLY | O_CREAT, 0600);
    ck_assert_int_eq(flock(lock, LOCK_EX), 0);
    ck_assert_int_eq(leftovers_clear(&identity, LONG), -EBUSY);
    ck_assert_int_eq(leftovers_claim(&identity, &task_a), -EBUSY);
    close(lock);
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
}
END_TEST

/* --- hostile homes --- */

static const char *const no_homes[] = {
    "ln -s /srv/other " HOME,
    "install -d -o 70006 " HOME,
    "touch " HOME,
    "mkfifo " HOME,
    "chmod 0777 " HOMES "; install -d -o 70005 " HOME, /* anybody could exchange it */
    "mkdir " HOME "; mount -t tmpfs -o uid=70005 home " HOME,
};

START_TEST(what_is_no_home_stays)
{
    use_account();
    shell("rmdir " HOME);
    shell(no_homes[_i]);
    ck_assert_int_lt(leftovers_clear(&identity, LONG), 0);
    ck_assert_int_ne(leftovers_fit(&identity, &task_b), 1);
    shell("test -e " HOME " -o -L " HOME "; test -d /srv/other; umount -q " HOME "; chmod 0755 " HOMES
          "; rm -rf " HOME);
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    assert_clean();
}
END_TEST

START_TEST(half_made_home_goes)
{
    use_account();
    shell("chown 0:0 " HOME); /* gate was killed before it handed the home over */
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    assert_clean();
}
END_TEST

START_TEST(homes_of_one_second_are_kept)
{
    for (int i = 0; i < 120; i++) {
        if (i == 0)
            use_account();
        shell("install -d -o 70005 " HOME "; touch " HOME "/f");
        ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    }
    shell("test \"$(ls " KEPT "/*/f | wc -l)\" = 120");
    ck_assert_int_eq(leftovers_expire(-1, HOMES, clock_wall_seconds() + 1, 0, LONG), 0);
    shell("test -z \"$(ls " KEPT ")\"");
}
END_TEST

/* A clearing breaks off when the home is moved, and the host boots: what is left is known by that. */
START_TEST(boot_forgets_nothing)
{
    use_account();
    agent("mkdir /var/tmp/x; touch " HOME "/f /var/tmp/x/f");
    ck_assert_int_eq(leftovers_clear(&identity, 0), -EAGAIN);
    shell("test ! -e " HOME " -a -e /var/tmp/x && rm -rf " PATH_RUN);
    ck_assert_int_eq(leftovers_fit(&identity, &task_b), 0);
    ck_assert_int_eq(leftovers_claim(&identity, &task_b), -EBUSY);
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    assert_clean();
    shell("test -e " KEPT "/agent-deploy-[0-9]*/f");
}
END_TEST

/* The authority comes back to an account that was half cleared; then both homes are kept. */
START_TEST(same_task_comes_back_meanwhile)
{
    use_account();
    agent("mkdir /tmp/x; touch " HOME "/first /tmp/x/f");
    ck_assert_int_eq(leftovers_clear(&identity, 0), -EAGAIN);
    ck_assert_int_eq(leftovers_fit(&identity, &task_a), 1);
    ck_assert_int_eq(leftovers_claim(&identity, &task_a), 0);
    shell("install -d -o 70005 " HOME);
    agent("touch " HOME "/second");
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    assert_clean();
    shell("test -e " KEPT "/agent-deploy-[0-9]*/first -a -e " KEPT "/agent-deploy-[0-9]*/second");
}
END_TEST

/* --- hostile trees --- */

START_TEST(links_are_not_followed)
{
    use_account();
    shell("install -d -m 0777 -o 70006 /srv/other; install -m 0666 -o 70006 /dev/null /srv/other/file");
    agent(
        "mkdir -m 0777 /tmp/x; ln -s /srv/other /tmp/x/dir; ln -s /srv/other/file /tmp/x/file; ln -s /srv/other /tmp/y;"
        "ln -s /tmp/x /tmp/x/loop; ln -s ../../../../srv/other /tmp/x/..up; ln -s x /tmp/x/x; touch /srv/other/agents;"
        "mkdir /srv/other/agents.d; touch /srv/other/agents.d/f");
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    assert_clean();
    shell("test -e /srv/other/file -a -e /srv/other/agents -a -e /srv/other/agents.d/f && rm -rf /srv/other");
}
END_TEST

/* The same file under two names: ours goes, the other's stays, whoever owns it. */
START_TEST(hard_links_lose_one_name)
{
    use_account();
    shell("install -d -m 0777 -o 70006 /tmp/other; echo precious >/tmp/other/file; chown 70006 /tmp/other/file");
    agent("mkdir /tmp/x; echo mine >/tmp/x/mine");
    shell("ln /tmp/x/mine /tmp/other/mine; ln /tmp/other/file /tmp/y");
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    shell("test ! -e /tmp/x -a -e /tmp/other/mine -a -e /tmp/y && grep -q precious /tmp/other/file && rm -r /tmp/other "
          "/tmp/y");
}
END_TEST

START_TEST(files_of_others_are_sealed_off)
{
    use_account();
    agent("mkdir -m 0777 -p /tmp/x; mkdir -m 0777 /tmp/x/deep /tmp/x/mine; touch /tmp/x/mine/f /tmp/x/f");
    other("echo precious >/tmp/x/deep/file; mkdir /tmp/x/dir; touch /tmp/x/dir/file");
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    assert_clean();
    shell("test ! -e /tmp/x/f -a ! -e /tmp/x/mine && grep -q precious /tmp/x/deep/file && test -e /tmp/x/dir/file");
    shell("test \"$(stat -c %a:%u /tmp/x /tmp/x/deep | sort -u)\" = 700:0 && rm -r /tmp/x");
}
END_TEST

/* As this uid, exchange names in a directory of the agent's all the time. */
static void exchange_names(void)
{
    for (unsigned i = 0;; i++) {
        (void)!rename("/tmp/x/a", "/tmp/x/b");
        (void)!symlink("/srv/other", "/tmp/x/a");
        (void)!rename("/tmp/x/a", "/tmp/x/d/e");
        (void)!rename("/tmp/other.d", "/tmp/x/d/e");
        (void)!rename("/tmp/x/d/e", "/tmp/other.d");
        (void)!mkdir("/tmp/x/d/new", 0777);
        (void)!rename("/tmp/x/d", "/tmp/x/c");
        (void)!rename("/tmp/x/c", "/tmp/x/d");
    }
}

START_TEST(others_exchange_names_meanwhile)
{
    use_account();
    shell("install -d -o 70006 /srv/other /srv/other/d; touch /srv/other/f; chown -R 70006 /srv/other");
    for (int i = 0; i < 30; i++) {
        pid_t pid;

        shell("rm -rf /tmp/x /tmp/other.d");
        agent("umask 0; mkdir -p /tmp/x/a/b /tmp/x/d; cd /tmp/x; touch d/f; touch $(seq 200)");
        other("mkdir /tmp/other.d; touch /tmp/other.d/precious");
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            if (setresuid(OTHER_UID, OTHER_UID, OTHER_UID) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                _exit(1);
            exchange_names();
        }
        short_sleep();
        while (leftovers_clear(&identity, LONG) == -EAGAIN)
            ;
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        shell("test -e /srv/other/f -a -d /srv/other/d; find /tmp -name precious | grep -q .;"
              "! find /tmp -xdev -user 70005 | grep .");
        shell("install -d -o 70005 " HOME);
    }
    shell("rm -rf /tmp/x /tmp/other.d /srv/other");
}
END_TEST

/* DEEP directories in one another, made by the agent. */
#define DEEP 10000

static void make_deep(const char *top)
{
    int status, dir;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (setresuid(UID, UID, UID) < 0 || mkdir(top, 0755) < 0 || chdir(top) < 0)
            _exit(1);
        for (int i = 0; i < DEEP; i++) {
            if (mkdir("d", 0755) < 0 || (i % 100 == 0 && (dir = open("f", O_CREAT, 0644)) < 0) || chdir("d") < 0)
                _exit(2);
        }
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

START_TEST(deep_trees_go)
{
    const struct rlimit few = {64, 64};

    use_account();
    make_deep("/tmp/x");
    make_deep("/var/tmp/x");
    make_deep(HOME "/x");
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    assert_clean();
    ck_assert_int_eq(leftovers_expire(-1, HOMES, clock_wall_seconds() + 100, 10, LONG), 0);
    shell("test -z \"$(ls -A " KEPT ")\"");
}
END_TEST

START_TEST(odd_names_go)
{
    char path[300], name[256];

    use_account();
    agent("mkdir /tmp/x");
    for (int c = 1; c < 256; c++) {
        if (c == '/')
            continue;
        snprintf(path, sizeof path, "/tmp/x/-%c\n", c);
        close(open(path, O_CREAT, 0600));
        ck_assert_int_eq(chown(path, UID, UID), 0);
    }
    memset(name, '.', 255);
    name[255] = '\0';
    snprintf(path, sizeof path, "/tmp/x/%s", name);
    ck_assert_int_eq(mkdir(path, 0), 0); /* no mode at all */
    ck_assert_int_eq(chown(path, UID, UID), 0);
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    assert_clean();
}
END_TEST

static const char *const stuck[][2] = {
    {"mkdir /tmp/x/d/m; mount -t tmpfs -o uid=70005 m /tmp/x/d/m; touch /tmp/x/d/m/f", "umount /tmp/x/d/m"},
    {"mkdir /tmp/y /tmp/x/d/m; chown 70005 /tmp/y /tmp/x/d/m; install -o 70005 /dev/null /srv/f; mount --bind /tmp/y "
     "/tmp/x/d/m",
     "umount /tmp/x/d/m"},
    {"touch /var/tmp/x; chown 70005 /var/tmp/x; chattr +i /var/tmp/x || exit 77", "chattr -i /var/tmp/x"},
    {"mkdir -m 0755 /tmp/x/i; touch /tmp/x/i/f; chown -R 70005 /tmp/x; chattr +i /tmp/x/i || exit 77",
     "chattr -i /tmp/x/i"},
    {"mkdir -m 0755 /tmp/x/i; touch /tmp/x/i/f; chown -R 70005 /tmp/x; chattr +a /tmp/x/i || exit 77",
     "chattr -a /tmp/x/i"},
    {"chmod 0777 /var/crash; install -o 70005 /dev/null /var/crash/f", "chmod 1777 /var/crash"},
};

/* The account stays closed until root has looked; nothing else of it stays. */
START_TEST(what_cannot_go_closes_the_account)
{
    int status;

    use_account();
    agent("mkdir -p /tmp/x/d /dev/shm/x; touch /tmp/x/d/f /dev/shm/x/f");
    status = system(stuck[_i][0]);
    if (WEXITSTATUS(status) == 77)
        return; /* this file system knows no such flag */
    ck_assert_int_eq(status, 0);
    for (int i = 0; i < 3; i++) {
        int r = leftovers_clear(&identity, LONG);

        ck_assert(r == -EBUSY || r == -EPERM);
        ck_assert_int_eq(leftovers_fit(&identity, &task_b), 0);
        shell("test ! -e /tmp/x/d/f -a ! -e /dev/shm/x -a ! -e " HOME);
    }
    shell(stuck[_i][1]);
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    assert_clean();
}
END_TEST

/* --- bounds --- */

#define MANY 50000

static void make_many(void)
{
    char path[64];

    agent("mkdir -p /tmp/x; cd /tmp/x; for i in 1 2 3 4 5 6 7 8 9 10; do mkdir -p $i/a/b; done");
    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof path, "/tmp/x/%d/a/%s%d", 1 + i % 10, i % 2 ? "b/" : "", i);
        close(open(path, O_CREAT, 0600));
        ck_assert_int_eq(chown(path, UID, UID), 0);
    }
}

START_TEST(clearing_is_bounded_and_goes_on)
{
    int64_t longest = 0;
    int calls = 0, r = -EAGAIN;

    use_account();
    make_many();
    for (; r == -EAGAIN && calls < 10000; calls++) {
        int64_t start = clock_boot_ms(), took;

        ck_assert_int_eq(leftovers_fit(&identity, &task_b), 0);
        r = leftovers_clear(&identity, 20);
        took = clock_boot_ms() - start;
        longest = took > longest ? took : longest;
    }
    printf("%d files: %d calls of 20 ms, the longest %d ms\n", MANY, calls, (int)longest);
    ck_assert_int_eq(r, 0);
    ck_assert_int_gt(calls, 2);
    ck_assert_int_lt(longest, 2000);
    assert_clean();
}
END_TEST

static int64_t now_us(void)
{
    struct timespec now;

    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void make_mess(void)
{
    use_account();
    agent("umask 0; mkdir -p /tmp/x/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20; cd /tmp/x; touch $(seq 400);"
          "mkdir /var/tmp/x; touch /var/tmp/x/f /dev/shm/x " HOME "/f");
    other("touch /tmp/x/foreign");
    shell("install -m 0600 -o 70005 /dev/null /var/spool/cron/crontabs/agent-deploy");
}

/* Nothing is left but what another one owns, and the home is kept once. */
static void assert_tidy(void)
{
    assert_clean();
    shell("test -e /tmp/x/foreign && rm -r /tmp/x; test ! -e /var/spool/cron/crontabs/agent-deploy");
    shell("test -e " KEPT "/agent-deploy-[0-9]*/f && test \"$(ls -A " KEPT " | wc -l)\" = 1");
}

/* A killed clearer's child outlives it for a moment, and the account is busy as long as it does. */
static int clear_when_free(void)
{
    int r = leftovers_clear(&identity, LONG);

    for (int tries = 0; r == -EBUSY && tries < 200; tries++) {
        usleep(10000);
        r = leftovers_clear(&identity, LONG);
    }
    return r;
}

START_TEST(killed_clearing_is_begun_anew)
{
    int64_t whole;
    int cut = 0;

    make_mess();
    whole = now_us();
    ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    whole = now_us() - whole;
    assert_tidy();
    for (int i = 0; i < 50; i++) {
        pid_t pid;
        int status;

        make_mess();
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0)
            _exit(leftovers_clear(&identity, LONG) != 0);
        usleep((useconds_t)(random() % whole));
        (void)kill(pid, SIGKILL);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status) || status == 0);
        if (leftovers_fit(&identity, &task_b) == 0) {
            cut++;
            ck_assert_int_eq(clear_when_free(), 0);
        }
        assert_tidy(); /* it says that all is gone: then it is */
    }
    printf("%d of 50 clearings, of %d us, were cut\n", cut, (int)whole);
    ck_assert_int_gt(cut, 5);
}
END_TEST

START_TEST(clean_account_is_quick)
{
    int64_t start;

    use_account();
    start = clock_boot_ms();
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(leftovers_clear(&identity, LONG), 0);
    printf("a clean account: %.2f ms\n", (double)(clock_boot_ms() - start) / 100);
    ck_assert_int_lt(clock_boot_ms() - start, 1000);
}
END_TEST

/* --- kept homes --- */

START_TEST(kept_homes_expire)
{
    const int64_t now = 2000000000;

    make_host();
    ck_assert_int_eq(leftovers_expire(-1, HOMES, now, 100, LONG), 0); /* none were ever kept */
    ck_assert_int_eq(leftovers_expire(-1, "/nowhere", now, 100, LONG), 0);
    shell("install -d -m 0700 " KEPT "; cd " KEPT
          "; mkdir -p -- a-1999999899/d a-1999999900/d a-1999999901/d a-2000000001/d"
          " .a-5/d b-5-1999999999 b-5 plain x- -1x a-00 a-99999999999999999999; touch a-5; ln -s /srv/other a-6;"
          "chown -R -h 70005 .");
    shell("chown 0 " KEPT);
    ck_assert_int_eq(leftovers_expire(-1, HOMES, now, 100, LONG), 0);
    shell("cd " KEPT "; test \"$(LC_ALL=C ls -A | tr '\\n' ' ')\" = "
          "'-1x .a-5 a-00 a-1999999901 a-2000000001 a-99999999999999999999 b-5-1999999999 plain x- '; test -d "
          "/srv/other");
    ck_assert_int_eq(leftovers_expire(-1, HOMES, now, 0, LONG), 0);
    shell("test -d " KEPT "/a-2000000001 -a ! -e " KEPT "/a-1999999901");
}
END_TEST

START_TEST(kept_homes_expire_as_their_identity_says)
{
    static const char database[] = "/srv/identities.cdb";
    const struct identity lasting = {
        .account = "a", .id = "spiffe://example.org/a", .uid = 70006, .keep_seconds = 1000};
    const struct identity passing = {
        .account = "a-2", .id = "spiffe://example.org/b", .uid = 70007, .disabled = 1, .keep_seconds = 10};
    const struct identity usual = {.account = "c", .id = "spiffe://example.org/c", .uid = 70008};
    const struct identities_meta meta = maker_meta(3, 0);
    struct maker maker;
    int identities;

    make_host();
    maker_begin(&maker, database, &meta);
    maker_add(&maker, &lasting);
    maker_add(&maker, &passing);
    maker_add(&maker, &usual);
    maker_end(&maker);
    ck_assert_int_eq(identities_open(database, &identities), 0);
    shell("install -d -m 0700 " KEPT "; cd " KEPT
          "; mkdir a-4000 a-4001 a-2-4990 a-2-4990.2 a-2-4991 c-4900 c-4901 x-4900 x-4901");
    ck_assert_int_eq(leftovers_expire(identities, HOMES, 5000, 100, LONG), 0);
    shell("cd " KEPT "; test \"$(LC_ALL=C ls -A | tr '\\n' ' ')\" = 'a-2-4991 a-4001 c-4901 x-4901 '");
    shell(": >/srv/empty");
    close(identities);
    ck_assert_int_eq(identities_open("/srv/empty", &identities), 0);
    ck_assert_int_eq(leftovers_expire(identities, HOMES, 9000, 100, LONG), 0); /* unreadable: they stay */
    shell("test -d " KEPT "/c-4901");
    close(identities);
}
END_TEST

START_TEST(expiry_is_bounded_and_goes_on)
{
    int calls = 0, r = -EAGAIN;

    make_host();
    shell("install -d -m 0700 " KEPT " " KEPT "/a-1 " KEPT "/a-2; cd " KEPT "/a-1 && seq 30000 | xargs touch;"
          "cd " KEPT "/a-2 && seq 10000 | xargs touch; chown -R 70005 " KEPT "/a-1; mount -t tmpfs m " KEPT "/a-2");
    for (; r == -EAGAIN && calls < 10000; calls++)
        r = leftovers_expire(-1, HOMES, 1000, 100, 10);
    ck_assert_int_gt(calls, 2);
    ck_assert_int_eq(r, -EBUSY); /* a mount point: the others go all the same */
    shell("umount " KEPT "/a-2; test ! -e " KEPT "/a-1");
    ck_assert_int_eq(leftovers_expire(-1, HOMES, 1000, 100, LONG), 0);
    shell("test -z \"$(ls -A " KEPT ")\"");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("leftovers");
    TCase *whose = tcase_create("whose they are"), *what = tcase_create("what is cleared"),
          *homes = tcase_create("homes"), *trees = tcase_create("trees"), *bounds = tcase_create("bounds"),
          *kept = tcase_create("kept homes");

    tcase_add_test(whose, files_are_of_one_authority);
    tcase_add_test(whose, longest_names_are_told_apart);
    tcase_add_loop_test(whose, spoilt_record_is_of_nobody, 0, COUNT_OF(spoils));
    tcase_add_loop_test(whose, some_accounts_keep_their_files, 0, COUNT_OF(kept_homes));
    tcase_add_test(whose, logins_of_one_task_claim_together);
    tcase_add_test(whose, of_many_tasks_one_claims);
    tcase_add_test(what, everything_goes);
    tcase_add_test(what, account_that_is_named_like_a_spool);
    tcase_add_test(what, system_v_ipc_goes);
    tcase_add_test(what, message_queues_go);
    tcase_add_test(what, fuse_mounts_go);
    tcase_add_test(what, processes_end);
    tcase_add_test(what, session_keeps_them);
    tcase_add_test(what, one_clears_at_a_time);
    tcase_add_loop_test(homes, what_is_no_home_stays, 0, COUNT_OF(no_homes));
    tcase_add_test(homes, half_made_home_goes);
    tcase_add_test(homes, homes_of_one_second_are_kept);
    tcase_add_test(homes, boot_forgets_nothing);
    tcase_add_test(homes, same_task_comes_back_meanwhile);
    tcase_add_test(trees, links_are_not_followed);
    tcase_add_test(trees, hard_links_lose_one_name);
    tcase_add_test(trees, files_of_others_are_sealed_off);
    tcase_add_test(trees, others_exchange_names_meanwhile);
    tcase_add_test(trees, deep_trees_go);
    tcase_add_test(trees, odd_names_go);
    tcase_add_loop_test(trees, what_cannot_go_closes_the_account, 0, COUNT_OF(stuck));
    tcase_add_test(bounds, clearing_is_bounded_and_goes_on);
    tcase_add_test(bounds, killed_clearing_is_begun_anew);
    tcase_add_test(bounds, clean_account_is_quick);
    tcase_add_test(kept, kept_homes_expire);
    tcase_add_test(kept, kept_homes_expire_as_their_identity_says);
    tcase_add_test(kept, expiry_is_bounded_and_goes_on);
    for (size_t i = 0; i < 6; i++) {
        TCase *cases[] = {whose, what, homes, trees, bounds, kept};

        tcase_set_timeout(cases[i], 120);
        suite_add_tcase(suite, cases[i]);
    }
    return run_on_host(suite);
}
