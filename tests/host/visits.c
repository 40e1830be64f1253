/* judge/visit and live/visits: humans and services in an agent's account, and what they meet of tasks. As root, on a throw-away host. */
#include "judge_host.h"

#include <signal.h>

#include "core/clock.h"
#include "judge/state.h"
#include "judge/task.h"
#include "judge/visit.h"
#include "live/account.h"
#include "live/leftovers.h"
#include "live/sweep.h"
#include "live/visits.h"

#define UID 70005
#define HOME "/var/lib/agents/agent-deploy"
#define LOCK PATH_RUN "/used/70005.lock"
#define LONG 60000 /* ms */

static const struct identity identity = {
    .account = "agent-deploy", .id = "spiffe://example.org/agent/*", .uid = UID, .gid = UID, .home = HOME};
static struct grant task;
static struct process self;

static void make_host(void)
{
    fresh_host();
    shell("rm -rf /var/lib/agents && mkdir -p /var/lib/agents");
    strcpy(task.iss, "https://sts.example.org");
    strcpy(task.task, "task");
    strcpy(task.identity, "spiffe://example.org/agent/deploy");
    strcpy(task.account, "agent-deploy");
    task.uid = UID;
    ck_assert_int_eq(process_read(getpid(), &self), 0);
}

/* A task has files there. */
static void use_account(void)
{
    make_host();
    ck_assert_int_eq(leftovers_claim(&identity, &task), 0);
    shell("install -d -m 0700 -o 70005 -g 70005 " HOME);
}

static pid_t start(const char *command)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)setpgid(0, 0);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void await_sleep(void)
{
    shell("until pgrep -u 70005 -x sleep >/dev/null; do sleep 0.1; done");
}

static struct process leader_of(pid_t pid)
{
    struct process leader;

    ck_assert_int_eq(process_read(pid, &leader), 0);
    return leader;
}

static int count_one(const struct process *leader, void *arg)
{
    int *count = arg;

    ck_assert_int_gt(leader->pid, 0);
    ++*count;
    return 0;
}

static int visits(void)
{
    int count = 0;

    ck_assert_int_eq(visits_each(UID, count_one, &count), 0);
    return count;
}

START_TEST(visit_is_over_with_its_leader)
{
    struct process leader;
    pid_t pid;

    make_host();
    ck_assert_int_eq(visits_live(UID), 0);
    pid = start("sleep 771");
    leader = leader_of(pid);
    ck_assert_int_eq(visit_put(UID, &leader), 0);
    ck_assert_int_eq(visit_put(UID, &leader), 0);
    ck_assert_int_eq(visit_put(UID, &self), 0);
    ck_assert_int_eq(visits(), 2);
    ck_assert_int_eq(visits_live(UID), 1);
    ck_assert_int_eq(visits_live(UID + 1), 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    ck_assert_int_eq(visits(), 1);
    visit_remove(UID, &self);
    ck_assert_int_eq(visits_live(UID), 0);
    shell("test -z \"$(ls -A " PATH_RUN "/visit/70005)\"");
}
END_TEST

/* A pid that is another process's by now, and what is no name of a visit. */
START_TEST(odd_names_are_no_visits)
{
    make_host();
    self.start++;
    ck_assert_int_eq(visit_put(UID, &self), 0);
    shell("cd " PATH_RUN "/visit/70005 && touch -- 1 1- -1 a-b 1-x 99999999999-1 1-99999999999999999999999 ./-");
    ck_assert_int_eq(visits_live(UID), 0);
    shell("chmod 0777 " PATH_RUN "/visit/70005");
    ck_assert_int_lt(visits_live(UID), 0);
    ck_assert_int_lt(account_kill_strays(UID, LONG), 0);
}
END_TEST

START_TEST(visitors_are_no_strays)
{
    pid_t pid;

    make_host();
    ck_assert_int_eq(visit_begin(&identity, &self, 0, LONG), 0);
    pid = start("exec setpriv --reuid 70005 --regid 70005 --clear-groups sleep 771");
    await_sleep();
    (void)signal(SIGCHLD, SIG_IGN); /* no zombie keeps the uid */
    ck_assert_int_eq(account_kill_strays(UID, LONG), -EBUSY);
    ck_assert_int_eq(leftovers_clear(&identity, LONG), -EBUSY);
    ck_assert_int_eq(visit_begin(&identity, &self, 0, LONG), 0); /* beside the first one */
    ck_assert_int_eq(kill(pid, 0), 0);
    visit_remove(UID, &self);
    ck_assert_int_eq(account_kill_strays(UID, LONG), 0);
    ck_assert_int_lt(kill(pid, 0), 0);
}
END_TEST

START_TEST(human_takes_the_account_as_a_task_does)
{
    use_account();
    ck_assert_int_eq(visit_check(&identity, &self, 0), 0);
    ck_assert_int_eq(visit_begin(&identity, &self, 0, LONG), 0);
    shell("test ! -e " HOME " && ls -d /var/lib/agents/.kept/agent-deploy-*");
    ck_assert_int_eq(leftovers_fit(&identity, &task), 0); /* what he leaves is not the next task's */
    ck_assert_int_eq(sweep_is_over(UID), 0);
}
END_TEST

START_TEST(service_waits_for_the_task)
{
    struct task_record over = {.state = TASK_COMPLETED};

    use_account();
    ck_assert_int_eq(visit_check(&identity, &self, 1), -EBUSY);
    ck_assert_int_eq(visit_begin(&identity, &self, 1, LONG), -EBUSY);
    shell("test -d " HOME);
    strcpy(over.iss, task.iss);
    strcpy(over.task, task.task);
    ck_assert_int_eq(task_set(&over, NULL), 0);
    shell("touch -d '-3600 seconds' " LOCK);
    ck_assert_int_eq(visit_begin(&identity, &self, 1, LONG), -ETIME); /* what it runs may be of that task */
    ck_assert_int_eq(visits_live(UID), 0);
    shell("test ! -e " HOME);
    ck_assert_int_eq(visit_check(&identity, &self, 1), -ETIME);
    shell("touch -d '-3600 seconds' " LOCK);
    ck_assert_int_eq(visit_begin(&identity, &self, 1, LONG), 0);
}
END_TEST

static const struct {
    int64_t cleared, began; /* seconds ago */
    int r;
} pauses[] = {
    {3600, 0, 0}, {185, 1, 0}, {185, 10, -ETIME}, {179, 0, -ETIME}, {10, 3600, -ETIME}, {-3600, 0, -ETIME},
};

START_TEST(service_that_may_have_read_what_is_gone)
{
    struct process leader;
    char command[128];

    make_host();
    ck_assert_int_eq(visit_check(&identity, &self, 1), 0); /* nobody was ever there */
    ck_assert_int_eq(account_kill_strays(UID, LONG), 0);
    snprintf(command, sizeof command, "touch -d '%lld seconds' " LOCK, (long long)-pauses[_i].cleared);
    shell(command);
    leader = self;
    leader.start = (uint64_t)((clock_boot_ms() / 1000 - pauses[_i].began) * sysconf(_SC_CLK_TCK));
    ck_assert_int_eq(visit_check(&identity, &leader, 1), pauses[_i].r);
    ck_assert_int_eq(visit_check(&identity, &leader, 0), 0);
}
END_TEST

START_TEST(files_of_before_the_boot_go)
{
    use_account();
    shell("rm -rf " PATH_RUN);
    ck_assert_int_eq(visit_begin(&identity, &self, 1, LONG), -ETIME);
    shell("test ! -e " HOME);
}
END_TEST

static void publish(struct session *session)
{
    memset(session, 0, sizeof *session);
    session->grant = task;
    session->leader = self.pid;
    session->leader_start = self.start;
    session->audit = AUDIT_UNSET;
    ck_assert_int_eq(session_new_id(session->id), 0);
    ck_assert_int_eq(session_take_place(session, 64), 0);
    ck_assert_int_eq(session_publish(session), 0);
}

START_TEST(nobody_visits_a_session)
{
    struct session *session = calloc(1, sizeof *session);

    make_host();
    publish(session);
    for (int unattended = 0; unattended < 2; unattended++) {
        ck_assert_int_eq(visit_check(&identity, &self, unattended), -EBUSY);
        ck_assert_int_eq(visit_begin(&identity, &self, unattended, LONG), -EBUSY);
    }
    ck_assert_int_eq(visits_live(UID), 0);
    session_remove(session);
    free(session);
}
END_TEST

/* A shell of root that asks no signal to go, as su or sudo, and what it started. */
START_TEST(login_ends_visits)
{
    struct process leader;
    pid_t pid;
    int status;

    make_host();
    ck_assert_int_eq(visits_end(&identity), 0);
    pid =
        start("trap '' TERM; setpriv --reuid 70005 --regid 70005 --clear-groups sleep 771 & while :; do sleep 1; done");
    leader = leader_of(pid);
    ck_assert_int_eq(visit_begin(&identity, &leader, 0, LONG), 0);
    await_sleep();
    ck_assert_int_eq(visits_end(&identity), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(visits_live(UID), 0);
    ck_assert_int_eq(account_kill_strays(UID, LONG), 0);
    shell("! pgrep -u 70005");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("visits");
    TCase *tests = tcase_create("tests");

    tcase_add_test(tests, visit_is_over_with_its_leader);
    tcase_add_test(tests, odd_names_are_no_visits);
    tcase_add_test(tests, visitors_are_no_strays);
    tcase_add_test(tests, human_takes_the_account_as_a_task_does);
    tcase_add_test(tests, service_waits_for_the_task);
    tcase_add_loop_test(tests, service_that_may_have_read_what_is_gone, 0, COUNT_OF(pauses));
    tcase_add_test(tests, files_of_before_the_boot_go);
    tcase_add_test(tests, nobody_visits_a_session);
    tcase_add_test(tests, login_ends_visits);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return run_on_host(suite);
}
