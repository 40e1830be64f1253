/* session/guard_asker: who asks, and what is kept of that. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session/guard_asker.c" /* of a program: no archive has it */

static const struct session none = {.audit = AUDIT_UNSET};
static struct session session;
static struct asker asker;
static int listener;
static struct sockaddr_un address;
static socklen_t address_len;

/* A listener without a name of its own: the kernel gives it one. */
static void setup(void)
{
    struct process self;

    address = (struct sockaddr_un){.sun_family = AF_UNIX};
    address_len = sizeof address;
    listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address.sun_family), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &address_len), 0);
    ck_assert_int_eq(listen(listener, 4), 0);
    asker = (struct asker)ASKER_NONE;
    ck_assert_int_eq(process_read(getpid(), &self), 0);
    session = (struct session){.audit = AUDIT_UNSET, .leader = self.pid, .leader_start = self.start};
}

/* A process that connects twice. */
static pid_t begin(int fds[2])
{
    pid_t pid = fork();

    if (pid == 0) {
        for (int i = 0; i < 2; i++)
            if (connect(socket(AF_UNIX, SOCK_SEQPACKET, 0), (struct sockaddr *)&address, address_len) < 0)
                _exit(1);
        for (;;)
            pause();
    }
    ck_assert_int_gt(pid, 0);
    for (int i = 0; i < 2; i++) {
        fds[i] = accept(listener, NULL, NULL);
        ck_assert_int_ge(fds[i], 0);
    }
    return pid;
}

/* It is a zombie: its pid is not given to another. */
static void stop(pid_t pid)
{
    siginfo_t info;

    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(who_asks_again_is_known)
{
    int fds[2], kept;
    pid_t pid = begin(fds);

    ck_assert_int_eq(asker_find(&asker, fds[0], getuid()), 0);
    ck_assert_int_eq(asker.process.pid, pid);
    ck_assert_int_eq(asker.process.parent, getpid());
    ck_assert_int_eq(asker_is_owned(&asker, &none), 0);
    ck_assert_int_eq(asker_is_owned(&asker, &session), 1);
    kept = asker.fd;
    asker.process.parent = 4711; /* not read again */
    ck_assert_int_eq(asker_find(&asker, fds[1], getuid()), 0);
    ck_assert_int_eq(asker.process.pid, pid);
    if (kept >= 0) {
        ck_assert_int_eq(asker.fd, kept);
        ck_assert_int_eq(asker.process.parent, 4711);
        ck_assert_int_eq(asker_is_owned(&asker, &none), 1);
    }
    asker_forget(&asker);
    ck_assert_int_eq(asker_is_owned(&asker, &none), 0);
    end(pid);
}
END_TEST

START_TEST(another_takes_its_place)
{
    int first_fds[2], second_fds[2];
    pid_t first = begin(first_fds), second = begin(second_fds);

    ck_assert_int_eq(asker_find(&asker, first_fds[0], getuid()), 0);
    ck_assert_int_eq(asker_is_owned(&asker, &session), 1);
    ck_assert_int_eq(asker_find(&asker, second_fds[0], getuid()), 0);
    ck_assert_int_eq(asker.process.pid, second);
    ck_assert_int_eq(asker_is_owned(&asker, &none), 0);
    ck_assert_int_eq(asker_find(&asker, first_fds[1], getuid()), 0);
    ck_assert_int_eq(asker.process.pid, first);
    end(first);
    end(second);
}
END_TEST

/* Its pid may be another's by then. */
START_TEST(nothing_of_the_dead_is_kept)
{
    int fds[2];
    pid_t pid = begin(fds);

    ck_assert_int_eq(asker_find(&asker, fds[0], getuid()), 0);
    ck_assert_int_eq(asker_is_owned(&asker, &session), 1);
    asker.process.parent = 4711;
    stop(pid);
    ck_assert_int_eq(asker_find(&asker, fds[1], getuid()), 0);
    ck_assert_int_eq(asker.process.parent, getpid());
    ck_assert_int_eq(asker_is_owned(&asker, &none), 0);
    end(pid);
    ck_assert_int_lt(asker_find(&asker, fds[1], getuid()), 0);
    ck_assert_int_eq(asker.fd, -1);
    ck_assert_int_eq(asker_is_owned(&asker, &none), 0);
}
END_TEST

START_TEST(nobody_else_is_one)
{
    struct process process;
    int fds[2];
    pid_t pid = begin(fds);

    ck_assert_int_eq(asker_read(fds[0], getuid(), &process), 0);
    ck_assert_int_eq(process.pid, pid);
    ck_assert_int_eq(asker_read(fds[0], getuid() + 1, &process), -EPERM);
    ck_assert_int_eq(asker_find(&asker, fds[0], getuid() + 1), -EPERM);
    ck_assert_int_eq(asker.fd, -1);
    end(pid);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard_asker");
    TCase *tests = tcase_create("asker");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, who_asks_again_is_known);
    tcase_add_test(tests, another_takes_its_place);
    tcase_add_test(tests, nothing_of_the_dead_is_kept);
    tcase_add_test(tests, nobody_else_is_one);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
