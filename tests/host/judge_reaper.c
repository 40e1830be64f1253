/* common/judge/reaper: a fork storm, the innocent, and audit sessions. */
#include "judge_host.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "core/proc.h"
#include "judge/cgroup.h"
#include "judge/reaper.h"

#define UID 70005
#define OTHER_UID 70006
#define STORM 200

static const struct target account = {.uid = UID, .audit = AUDIT_UNSET};

/* A process that fn() makes its own and that then sleeps; it ends with the test. */
static pid_t started(int (*fn)(void))
{
    atomic_int *state = shared(sizeof *state);
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        int r = prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || fn() < 0;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of uid forgets it */
        atomic_store(state, r ? -1 : 1);
        for (;;)
            pause();
    }
    while (atomic_load(state) == 0)
        short_sleep();
    ck_assert_int_eq(atomic_load(state), 1);
    munmap(state, sizeof *state);
    return pid;
}

static int as_root(void)
{
    return 0;
}
static int as_agent(void)
{
    return setresuid(UID, UID, UID);
}
static int as_other(void)
{
    return setresuid(OTHER_UID, OTHER_UID, OTHER_UID);
}
static int as_nobody(void)
{
    return setresuid(65534, 65534, 65534);
}
/* sudo, before it becomes its target */
static int as_setuid_program(void)
{
    return setresuid(UID, 0, 0);
}
static int as_deaf_agent(void)
{
    for (int sig = 1; sig < 65; sig++)
        (void)signal(sig, SIG_IGN);
    return setsid() < 0 || as_agent() < 0 ? -1 : 0;
}

static int ended(pid_t pid)
{
    for (int i = 0; i < 2000; i++) {
        int status;

        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        short_sleep();
    }
    return 0;
}

static int lives(pid_t pid)
{
    struct process process;

    return waitpid(pid, NULL, WNOHANG) == 0 && process_read(pid, &process) == 0 && process_alive(pid, process.start);
}

/* So that what a signal began has had time to show. */
static void settle(void)
{
    for (int i = 0; i < 50; i++)
        short_sleep();
}

static void finish(const pid_t *pids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
}

static int until_none(const struct target *target)
{
    for (int i = 0; i < 2000; i++) {
        if (reaper_count(target) == 0)
            return 1;
        short_sleep();
    }
    return 0;
}

START_TEST(account_is_ended_and_nobody_else)
{
    int (*const guilty_of[])(void) = {as_agent, as_deaf_agent, as_setuid_program};
    int (*const innocent_of[])(void) = {as_root, as_other, as_nobody};
    pid_t guilty[COUNT_OF(guilty_of)], innocent[COUNT_OF(innocent_of)];

    ck_assert_uint_eq(reaper_count(&account), 0);
    ck_assert_int_eq(reaper_signal(&account, SIGKILL), 0); /* nobody there is no error */
    for (size_t i = 0; i < COUNT_OF(guilty); i++)
        guilty[i] = started(guilty_of[i]);
    for (size_t i = 0; i < COUNT_OF(innocent); i++)
        innocent[i] = started(innocent_of[i]);
    ck_assert_uint_eq(reaper_count(&account), COUNT_OF(guilty));
    ck_assert_int_eq(reaper_signal(&account, SIGKILL), 0);
    for (size_t i = 0; i < COUNT_OF(guilty); i++)
        ck_assert_msg(ended(guilty[i]), "guilty %zu", i);
    ck_assert_uint_eq(reaper_count(&account), 0);
    settle();
    for (size_t i = 0; i < COUNT_OF(innocent); i++)
        ck_assert_msg(lives(innocent[i]), "innocent %zu", i);
    finish(innocent, COUNT_OF(innocent));
}
END_TEST

START_TEST(nobody_is_named)
{
    const struct target nobody = {.uid = 0, .audit = AUDIT_UNSET};
    pid_t root = started(as_root), agent = started(as_agent);

    ck_assert_int_eq(reaper_signal(&nobody, SIGKILL), 0);
    settle();
    ck_assert(lives(root) && lives(agent));
    ck_assert_uint_eq(reaper_count(&nobody), 0);
    finish((pid_t[]){root, agent}, 2);
}
END_TEST

START_TEST(zombies_do_not_count)
{
    pid_t agent = started(as_agent);

    kill(agent, SIGKILL);
    ck_assert(until_none(&account));
    ck_assert_int_eq(waitpid(agent, NULL, WNOHANG), agent);
}
END_TEST

static char state_of(pid_t pid)
{
    char path[64], state = '?';
    FILE *stat;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    stat = fopen(path, "r");
    ck_assert_ptr_nonnull(stat);
    ck_assert_int_eq(fscanf(stat, "%*d %*s %c", &state), 1);
    fclose(stat);
    return state;
}

static void await_state(pid_t pid, const char *states)
{
    for (int i = 0; i < 2000 && !strchr(states, state_of(pid)); i++)
        short_sleep();
    ck_assert_msg(strchr(states, state_of(pid)) != NULL, "state %c, not %s", state_of(pid), states);
}

START_TEST(account_is_stopped_and_goes_on)
{
    pid_t agent = started(as_deaf_agent);
    uint64_t switches;

    ck_assert_int_eq(reaper_signal(&account, SIGSTOP), 0);
    await_state(agent, "T");
    ck_assert_uint_eq(reaper_count(&account), 1);
    switches = reaper_switches(UID);
    ck_assert_uint_gt(switches, 0);
    short_sleep();
    ck_assert_uint_eq(reaper_switches(UID), switches); /* it stands still */
    ck_assert_int_eq(reaper_signal(&account, SIGCONT), 0);
    await_state(agent, "SR");
    for (int i = 0; i < 2000 && reaper_switches(UID) == switches; i++) /* it counts when it is left again */
        short_sleep();
    ck_assert_uint_gt(reaper_switches(UID), switches);
    ck_assert_int_eq(reaper_signal(&account, SIGSTOP), 0);
    ck_assert_int_eq(reaper_signal(&account, SIGKILL), 0); /* from the stopped state, too */
    ck_assert(ended(agent));
}
END_TEST

/* Every process that can, forks; none heeds what it may ignore. */
static void storm(void)
{
    const struct rlimit limit = {STORM, STORM};

    if (setrlimit(RLIMIT_NPROC, &limit) < 0 || as_deaf_agent() < 0)
        _exit(1);
    (void)signal(SIGCHLD, SIG_IGN);
    for (;;) {
        pid_t pid = fork();

        if (pid == 0)
            (void)setsid();
        else if (pid > 0 && pid % 7 == 0)
            _exit(0); /* no pid stays what it is */
    }
}

static void begin_storm(void)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        storm();
    for (int i = 0; reaper_count(&account) < STORM / 2; i++) {
        ck_assert_int_lt(i, 5000);
        short_sleep();
    }
}

START_TEST(fork_storm_is_ended_by_one_signal)
{
    pid_t innocent[] = {started(as_root), started(as_other)};

    for (int i = 0; i < 8; i++) {
        begin_storm();
        ck_assert_int_eq(reaper_signal(&account, SIGKILL), 0);
        ck_assert_msg(until_none(&account), "%u left", reaper_count(&account));
        settle();
        ck_assert_uint_eq(reaper_count(&account), 0);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
    }
    ck_assert(lives(innocent[0]) && lives(innocent[1]));
    finish(innocent, COUNT_OF(innocent));
}
END_TEST

/* A storm that is stopped first, as a suspended task is. */
START_TEST(stopped_storm_is_ended)
{
    unsigned count;

    begin_storm();
    ck_assert_int_eq(reaper_signal(&account, SIGSTOP), 0);
    settle();
    count = reaper_count(&account);
    settle();
    ck_assert_uint_eq(reaper_count(&account), count); /* none of them forks any more */
    ck_assert_int_eq(reaper_signal(&account, SIGKILL), 0);
    ck_assert(until_none(&account));
}
END_TEST

static pid_t prey;

/* Signals the reaper whenever it may. */
static int as_hunter(void)
{
    pid_t pid;

    if (as_agent() < 0)
        return -1;
    pid = fork();
    if (pid != 0)
        return pid < 0 ? -1 : 0;
    for (;;)
        (void)kill(prey, SIGKILL);
}

/* The caller wears the account's uid for a moment: the account cannot reach it even then. */
START_TEST(account_cannot_signal_the_reaper)
{
    pid_t hunter;

    prey = getpid();
    hunter = started(as_hunter);
    for (int i = 0; i < 20000; i++)
        ck_assert_int_eq(reaper_signal(&account, SIGCONT), 0);
    ck_assert(lives(hunter));
    ck_assert_uint_eq(reaper_count(&account), 2);
    ck_assert_int_eq(reaper_signal(&account, SIGKILL), 0);
    ck_assert(ended(hunter));
    ck_assert(until_none(&account));
}
END_TEST

static int reap_often(unsigned number)
{
    const struct target mine = {.uid = UID + number % 2, .audit = AUDIT_UNSET};

    for (int i = 0; i < 5000; i++)
        if (reaper_signal(&mine, SIGKILL) < 0)
            return 1;
    return 0;
}

/* Guards end what is theirs all at the same time. */
START_TEST(reapers_do_not_end_each_other)
{
    ck_assert_uint_eq(race(8, reap_often), 8);
}
END_TEST

static void read_identity(char *buf, size_t cap)
{
    static const char *const names[] = {
        "Uid:", "Gid:", "Groups:", "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "NoNewPrivs:"};
    FILE *status = fopen("/proc/self/status", "r");
    char line[1024];

    ck_assert_ptr_nonnull(status);
    *buf = '\0';
    while (fgets(line, sizeof line, status))
        for (size_t i = 0; i < COUNT_OF(names); i++)
            if (strncmp(line, names[i], strlen(names[i])) == 0) {
                ck_assert_uint_lt(strlen(buf) + strlen(line), cap);
                strcat(buf, line);
            }
    fclose(status);
}

START_TEST(reaper_is_root_again)
{
    char before[4096], after[4096];

    read_identity(before, sizeof before);
    ck_assert_int_eq(reaper_signal(&account, SIGKILL), 0);
    read_identity(after, sizeof after);
    ck_assert_str_eq(after, before);
}
END_TEST

/* --- audit sessions --- */

static uint32_t *audit_session;

/* What sudo started: root, in the audit session of a login of its own. */
static int as_login(void)
{
    int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);

    if (fd < 0 || dprintf(fd, "%d", UID) < 0)
        return -1;
    close(fd);
    *audit_session = process_audit_session(getpid());
    return *audit_session == AUDIT_UNSET ? -1 : 0;
}

static pid_t *family;

static int as_login_with_children(void)
{
    int (*const kinds[])(void) = {as_root, as_nobody, as_agent};

    if (as_login() < 0)
        return -1;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        family[i] = fork();
        if (family[i] == 0) {
            if (setsid() < 0 || kinds[i]() < 0)
                _exit(1);
            for (;;)
                pause();
        }
    }
    return 0;
}

static int alive_by_pid(pid_t pid)
{
    struct process process;

    return process_read(pid, &process) == 0 && process_alive(pid, process.start);
}

START_TEST(audit_session_is_ended_but_for_the_spared)
{
    struct target target = {.audit = AUDIT_UNSET};
    pid_t leader, innocent[2];

    audit_session = shared(sizeof *audit_session);
    family = shared(3 * sizeof *family);
    leader = started(as_login_with_children);
    target.audit = *audit_session;
    target.spare[1] = leader;
    innocent[0] = started(as_root);
    innocent[1] = started(as_login); /* another login */
    ck_assert_uint_ne(*audit_session, target.audit);

    for (int i = 0; i < 500 && reaper_count(&target) != 3; i++)
        short_sleep();
    ck_assert_uint_eq(reaper_count(&target), 3);
    ck_assert_int_eq(reaper_signal(&target, SIGKILL), 0);
    ck_assert(until_none(&target));
    for (int i = 0; i < 3; i++)
        ck_assert(!alive_by_pid(family[i]));
    settle();
    ck_assert(lives(leader) && lives(innocent[0]) && lives(innocent[1]));
    target.spare[1] = 0;
    ck_assert_uint_eq(reaper_count(&target), 1);
    ck_assert_int_eq(reaper_signal(&target, SIGKILL), 0);
    ck_assert(ended(leader));
    finish(innocent, COUNT_OF(innocent));
}
END_TEST

/* The caller may be of the session that it ends. */
START_TEST(reaper_spares_itself)
{
    struct target target;

    audit_session = shared(sizeof *audit_session);
    ck_assert_int_eq(as_login(), 0);
    target = (struct target){.uid = UID, .audit = *audit_session};
    ck_assert_uint_eq(reaper_count(&target), 0);
    ck_assert_int_eq(reaper_signal(&target, SIGKILL), 0);
}
END_TEST

/* --- descent --- */

/* A session: leader, below it a shell of the account, and below that what sudo started. */
struct house {
    pid_t leader, shell, below[2];
    atomic_int ready;
};

static struct house *house;

static void sleep_on(void)
{
    (void)prctl(PR_SET_PDEATHSIG, 0);
    for (;;)
        pause();
}

#define DEPTH 200

/* Root processes, each the child of the one before; the last one is below[0]. */
static void dig(void)
{
    for (int depth = 0; depth < DEPTH; depth++)
        if (fork() != 0)
            sleep_on();
    house->below[0] = getpid();
    atomic_fetch_add(&house->ready, 1);
    sleep_on();
}

static void live_in_house(void (*start)(void))
{
    if (fork() == 0) {
        house->shell = getpid();
        start();
        if (setresuid(UID, UID, UID) < 0)
            _exit(1);
        atomic_fetch_add(&house->ready, 1);
        sleep_on();
    }
    sleep_on();
}

/* The leader may be a subreaper, and in an audit session of its own. */
static struct target move_in(void (*start)(void), int members, int adopts, int logged_in)
{
    struct process leader;
    pid_t pid;

    house = shared(sizeof *house);
    audit_session = shared(sizeof *audit_session);
    pid = fork();
    if (pid == 0) {
        if ((adopts && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) || (logged_in && as_login() < 0))
            _exit(1);
        live_in_house(start);
    }
    house->leader = pid;
    for (int i = 0; i < 2000 && atomic_load(&house->ready) < members; i++)
        short_sleep();
    ck_assert_int_eq(atomic_load(&house->ready), members);
    ck_assert_int_eq(process_read(house->leader, &leader), 0);
    return (struct target){
        .uid = UID, .audit = AUDIT_UNSET, .leader = leader.pid, .leader_start = leader.start, .spare = {0, leader.pid}};
}

static void move_out(void)
{
    for (int i = 0; i < 2; i++)
        if (house->below[i] > 0)
            kill(house->below[i], SIGKILL);
    finish(&house->leader, 1);
    ck_assert_int_eq(reaper_signal_uid(UID, SIGKILL), 0);
    ck_assert(until_none(&account));
}

static void deep_shell(void)
{
    if (fork() == 0)
        dig();
}

static void shell_with_root_child(void)
{
    if (fork() == 0) {
        house->below[0] = getpid();
        atomic_fetch_add(&house->ready, 1);
        sleep_on();
    }
}

START_TEST(descendants_are_ended_however_deep)
{
    struct target target = move_in(deep_shell, 2, 0, 0);
    pid_t innocent = started(as_root);

    ck_assert_uint_eq(reaper_count(&target), 1 + DEPTH + 1);
    ck_assert_int_eq(reaper_signal_others(&target, SIGKILL), 0);
    for (int i = 0; i < 2000 && reaper_count(&target) != 1; i++)
        short_sleep();
    ck_assert_uint_eq(reaper_count(&target), 1); /* the account's */
    ck_assert(alive_by_pid(house->shell) && !alive_by_pid(house->below[0]));
    ck_assert_int_eq(reaper_signal(&target, SIGKILL), 0);
    ck_assert(until_none(&target));
    ck_assert(lives(house->leader) && lives(innocent));
    move_out();
    finish(&innocent, 1);
}
END_TEST

/* A pid alone means nothing. */
START_TEST(nobody_descends_from_another_leader)
{
    struct target target = move_in(shell_with_root_child, 2, 0, 0), wrong = target, gone = target;

    wrong.leader_start--;
    wrong.uid = 0;
    ck_assert_uint_eq(reaper_count(&wrong), 0);
    ck_assert_int_eq(reaper_signal(&wrong, SIGKILL), 0);
    gone.uid = 0;
    kill(house->leader, SIGKILL); /* a zombie from now on: this process waits in move_out() */
    settle();
    ck_assert_uint_eq(reaper_count(&gone), 0);
    ck_assert_int_eq(reaper_signal(&gone, SIGKILL), 0);
    settle();
    ck_assert(alive_by_pid(house->below[0]) && alive_by_pid(house->shell));
    move_out();
}
END_TEST

/* The one of several sessions that ends: what is the account's elsewhere lives. */
START_TEST(one_session_of_several_is_ended)
{
    struct target target = move_in(shell_with_root_child, 2, 0, 0);
    pid_t elsewhere = started(as_agent);

    target.uid = 0;
    ck_assert_uint_eq(reaper_count(&target), 2);
    ck_assert_int_eq(reaper_signal(&target, SIGKILL), 0);
    ck_assert(until_none(&target));
    ck_assert(!alive_by_pid(house->below[0]) && !alive_by_pid(house->shell));
    ck_assert(lives(elsewhere) && lives(house->leader));
    move_out();
    ck_assert(ended(elsewhere));
}
END_TEST

static void deaf(void)
{
    for (int sig = 1; sig < 65; sig++)
        (void)signal(sig, SIG_IGN);
}

/* An orphan of the leader's, where that is a subreaper, that heeds nothing; a double fork. */
static void shell_with_daemon(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        if (fork() != 0)
            _exit(0);
        deaf();
        if (setsid() < 0)
            _exit(1);
        house->below[0] = getpid();
        atomic_fetch_add(&house->ready, 1);
        sleep_on();
    }
    (void)waitpid(pid, NULL, 0);
}

/* SIGTERM at the close of the session; by the time of SIGKILL the leader is gone. */
START_TEST(what_was_found_is_not_forgotten)
{
    struct target target = move_in(shell_with_daemon, 2, 1, 0);

    ck_assert_uint_eq(reaper_count(&target), 2);
    ck_assert_int_eq(reaper_signal(&target, SIGTERM), 0);
    kill(house->leader, SIGKILL);
    settle();
    ck_assert(alive_by_pid(house->below[0]));
    ck_assert_uint_eq(reaper_count(&target), 1);
    ck_assert_int_eq(reaper_signal(&target, SIGKILL), 0);
    ck_assert(until_none(&target));
    ck_assert(!alive_by_pid(house->below[0]));
    move_out();
}
END_TEST

START_TEST(without_adoption_a_daemon_is_nobodys)
{
    struct target target = move_in(shell_with_daemon, 2, 0, 0);

    ck_assert_uint_eq(reaper_count(&target), 1);
    ck_assert_int_eq(reaper_signal(&target, SIGKILL), 0);
    ck_assert(until_none(&target));
    settle();
    ck_assert(alive_by_pid(house->below[0]));
    move_out();
}
END_TEST

/* Two root children; below[1] has left the audit session, as pam_agent does in a sudo that leaves a service. */
static void shell_with_service(void)
{
    shell_with_root_child();
    if (fork() == 0) {
        int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, "4294967295", 10) < 0)
            _exit(1);
        close(fd);
        house->below[1] = getpid();
        atomic_fetch_add(&house->ready, 1);
        sleep_on();
    }
}

START_TEST(what_left_the_audit_session_is_the_hosts)
{
    struct target target = move_in(shell_with_service, 3, 1, 1);

    for (int own = 0; own < 2; own++) { /* by descent alone; by the audit session too */
        target.audit = own ? *audit_session : AUDIT_UNSET;
        ck_assert_uint_eq(reaper_count(&target), 2);
    }
    ck_assert_int_eq(reaper_signal(&target, SIGKILL), 0);
    ck_assert(until_none(&target));
    ck_assert(!alive_by_pid(house->below[0]) && alive_by_pid(house->below[1]));
    move_out();
}
END_TEST

START_TEST(others_are_named)
{
    struct target target = move_in(shell_with_root_child, 2, 0, 0);
    char expected[64], names[512], few[8];

    snprintf(expected, sizeof expected, "%.15s(%ld)", program_invocation_short_name, (long)house->below[0]);
    reaper_names(&target, names, sizeof names);
    ck_assert_str_eq(names, expected);
    reaper_names(&target, few, sizeof few);
    ck_assert_str_eq(few, "");
    move_out();
    target = move_in(deep_shell, 2, 0, 0);
    reaper_names(&target, names, sizeof names);
    ck_assert_ptr_nonnull(strstr(names, " ..."));
    ck_assert_uint_eq((size_t)(strrchr(names, ')') - names) + 5, strlen(names));
    ck_assert_int_eq(reaper_signal(&target, SIGKILL), 0);
    ck_assert(until_none(&target));
    reaper_names(&target, names, sizeof names);
    ck_assert_str_eq(names, "");
    move_out();
}
END_TEST

/* --- cgroups --- */

#define CGROUP_ID "0123456789abcdef"

START_TEST(cgroup_is_ended_and_removed)
{
    struct target target = move_in(shell_with_daemon, 2, 0, 0); /* before: nobody is in it */
    char path[256], other[512];
    pid_t child = started(as_root);
    int r = cgroup_make(CGROUP_ID, child, path, sizeof path);

    ck_assert_int_eq(r, 0);
    ck_assert(cgroup_holds(path, child) && !cgroup_holds(path, house->shell) && !cgroup_holds(path, getpid()));
    ck_assert_int_eq(cgroup_make(CGROUP_ID, house->shell, other, sizeof other), -EEXIST);
    ck_assert_str_eq(other, "");
    ck_assert(!cgroup_holds(path, house->shell));

    snprintf(other, sizeof other, "%s/below", path); /* as root may */
    ck_assert_int_eq(mkdir(other, 0755), 0);
    snprintf(other, sizeof other, "echo %ld >%s/below/cgroup.procs", (long)house->below[0], path);
    shell(other);
    ck_assert(cgroup_holds(path, house->below[0]));

    target.uid = 0;
    target.leader = 0;
    target.cgroup = path;
    target.spare[1] = child;
    ck_assert_uint_eq(reaper_count(&target), 1);
    ck_assert_int_eq(reaper_signal(&target, SIGKILL), 0);
    ck_assert(until_none(&target));
    ck_assert(!alive_by_pid(house->below[0]) && alive_by_pid(house->shell) && lives(child));

    ck_assert_int_eq(cgroup_leave(path, child), 0);
    ck_assert(!cgroup_holds(path, child));
    move_out();
    cgroup_remove(path);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_uint_eq(reaper_count(&target), 0); /* a cgroup that is gone holds nobody */
    ck_assert(!cgroup_holds(path, child));
    finish(&child, 1);
}
END_TEST

START_TEST(cgroup_is_removed_with_its_leader_in_it)
{
    char path[256];
    pid_t child = started(as_root);

    ck_assert_int_eq(cgroup_make(CGROUP_ID, child, path, sizeof path), 0);
    cgroup_remove(path);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert(lives(child));
    finish(&child, 1);
    ck_assert_int_lt(cgroup_make(CGROUP_ID, child, path, sizeof path), 0); /* no such process */
    ck_assert_str_eq(path, "");
    ck_assert_int_ne(system("find /sys/fs/cgroup -name 'pam_agent-*' | grep -q ."), 0);
}
END_TEST

static Suite *reaper_suite(void)
{
    Suite *suite = suite_create("judge_reaper");
    TCase *tcase = tcase_create("reaper");

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, account_is_ended_and_nobody_else);
    tcase_add_test(tcase, nobody_is_named);
    tcase_add_test(tcase, zombies_do_not_count);
    tcase_add_test(tcase, account_is_stopped_and_goes_on);
    tcase_add_test(tcase, fork_storm_is_ended_by_one_signal);
    tcase_add_test(tcase, stopped_storm_is_ended);
    tcase_add_test(tcase, account_cannot_signal_the_reaper);
    tcase_add_test(tcase, reapers_do_not_end_each_other);
    tcase_add_test(tcase, reaper_is_root_again);
    tcase_add_test(tcase, audit_session_is_ended_but_for_the_spared);
    tcase_add_test(tcase, reaper_spares_itself);
    tcase_add_test(tcase, descendants_are_ended_however_deep);
    tcase_add_test(tcase, nobody_descends_from_another_leader);
    tcase_add_test(tcase, one_session_of_several_is_ended);
    tcase_add_test(tcase, what_was_found_is_not_forgotten);
    tcase_add_test(tcase, without_adoption_a_daemon_is_nobodys);
    tcase_add_test(tcase, what_left_the_audit_session_is_the_hosts);
    tcase_add_test(tcase, others_are_named);
    tcase_add_test(tcase, cgroup_is_ended_and_removed);
    tcase_add_test(tcase, cgroup_is_removed_with_its_leader_in_it);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_on_host(reaper_suite());
}
