#include "session/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/files.h"
#include "judge/cgroup.h"
#include "judge/record.h"

#ifndef TFD_TIMER_CANCEL_ON_SET
#define TFD_TIMER_CANCEL_ON_SET (1 << 1)
#endif

#define CONFIRM_MS 5000 /* gate records and answers meanwhile */
#define IDLE_MS 100     /* a step mostly follows another one at once, or none for long */
#define STACK_KEPT 8192 /* a power of two */
#define STACK_TRIMMED (256 * 1024)
/* On kernels that lack what wakes us: */
#define POLL_LEADER_MS 1000 /* a pidfd (before 5.3) */
#define POLL_CLOCK_MS 30000 /* a timer of CLOCK_BOOTTIME (before 3.15) */

/* --- start --- */

/* Leave what is guarded: its audit session, keyring, priority, limits and signals. */
static void leave_session(void)
{
    const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY}, files = {GUARD_FILES, GUARD_FILES},
                        no_core = {0, 0};
    const int lifted[] = {RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_AS, RLIMIT_NPROC};

    process_write_own("loginuid", "4294967295"); /* refused where it is immutable: the guard is spared by pid */
    process_write_own("oom_score_adj", "-1000");
    (void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    for (size_t i = 0; i < COUNT_OF(lifted); i++)
        (void)setrlimit((__rlimit_resource_t)lifted[i], &unlimited);
    (void)setrlimit(RLIMIT_NOFILE, &files);
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)setpriority(PRIO_PROCESS, 0, GUARD_NICE);
    for (int sig = 1; sig < NSIG;
         sig++) /* but SIGTERM, so that an administrator's kill ends it; of children we hear nothing */
        if (sig != SIGTERM)
            (void)signal(sig, SIG_IGN);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Descriptors 1 and 2, too: what is opened later must not become one of them. */
static int take_standard_descriptors(void)
{
    int fd = open("/dev/null", O_RDWR);

    while (fd >= 0 && fd < 2)
        fd = dup(fd);
    if (fd > 2)
        close(fd);
    return fd < 0 ? -errno : 0;
}

static int open_timer(clockid_t clock)
{
    return timerfd_create(clock, TFD_NONBLOCK | TFD_CLOEXEC);
}

static int start(struct guard *guard, const char *id)
{
    int r = take_standard_descriptors();

    if (r == 0)
        r = session_read(id, &guard->session);
    if (r == 0)
        r = doors_open(guard);
    if (r < 0)
        return r;
    (void)!guard_read_policy(guard); /* before anything could end it */
    if (guard->session.cgroup[0])
        (void)!cgroup_leave(guard->session.cgroup, getpid());
    guard->timers[0] = open_timer(CLOCK_REALTIME);
    guard->timers[1] = open_timer(CLOCK_BOOTTIME);
    guard->asker = (struct asker)ASKER_NONE;
    guard->leader_fd = process_open(guard->session.leader);
    return 0;
}

/* --- the loop --- */

/* Give back what a question or recheck has used: a host may have many guards. Of the stack, what is below what is in use now. */
static void rest(struct guard *guard)
{
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    const uintptr_t top = (here - STACK_KEPT) & ~(uintptr_t)(STACK_KEPT - 1);

    record_keep(0);
    asker_forget(&guard->asker);
    (void)malloc_trim(0);
    (void)madvise((void *)(top - STACK_TRIMMED), STACK_TRIMMED, MADV_DONTNEED); /* what is not mapped is passed over */
}

/* An absolute time; one that has passed counts at once. TFD_TIMER_CANCEL_ON_SET: it also counts when the clock is set. */
static void set_timer(int timer, int64_t ms, int flags)
{
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = ms % 1000 * 1000000}};

    if (ms <= 0)
        when.it_value = (struct timespec){.tv_nsec = 1}; /* 0 would switch it off */
    (void)timerfd_settime(timer, TFD_TIMER_ABSTIME | flags, &when,
                          NULL); /* ECANCELED: the clock was set; it is armed */
}

static int has_timers(const struct guard *guard)
{
    return guard->timers[0] >= 0 && guard->timers[1] >= 0;
}

static void arm_timers(struct guard *guard)
{
    if (memcmp(&guard->armed, &guard->next, sizeof guard->next) == 0)
        return;
    set_timer(guard->timers[0], guard->next.wall * 1000, TFD_TIMER_CANCEL_ON_SET);
    set_timer(guard->timers[1], guard->next.boot, 0);
    guard->armed = guard->next;
}

static int waits_for_leader(const struct guard *guard)
{
    return guard->phase < ENDS && !guard->lingering;
}

/* A pidfd tells when it ends, and /proc is asked where none has said that it goes on. */
static int leader_gone(const struct guard *guard)
{
    return !guard->leader_goes_on && !guard_leader_alive(guard);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Milliseconds until a look is due that no descriptor announces; -1: never. */
static int wait_time(const struct guard *guard, int doors)
{
    int64_t ms = doors < 0 ? INT64_MAX : doors;

    if (guard->phase >= ENDS)
        ms = guard->step_at - clock_boot_ms();
    else if (!has_timers(guard)) /* the wall clock may be set at any time */
        ms = sooner(ms, sooner(POLL_CLOCK_MS, guard->next.boot - clock_boot_ms()));
    if (waits_for_leader(guard) && guard->leader_fd < 0)
        ms = sooner(ms, POLL_LEADER_MS);
    return ms == INT64_MAX ? -1 : ms > 0 ? (int)ms : 0;
}

/* As poll(). */
static int wait_for(struct guard *guard, struct pollfd *fds, nfds_t count, int ms)
{
    const int soon = ms < 0 || ms > IDLE_MS ? IDLE_MS : ms;
    int r = poll(fds, count, soon);

    if (r == 0 && soon != ms) {
        rest(guard);
        r = poll(fds, count, ms < 0 ? -1 : ms - soon);
    }
    record_keep(1);
    return r;
}

static void await(struct guard *guard)
{
    struct pollfd fds[3 + DOORS_FDS];
    int running = guard->phase < ENDS, r;

    if (running && has_timers(guard))
        arm_timers(guard);
    /* poll() skips a negative descriptor; one that is known to be ready would only spin. */
    fds[0] = (struct pollfd){.fd = waits_for_leader(guard) ? guard->leader_fd : -1, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = running ? guard->timers[0] : -1, .events = POLLIN};
    fds[2] = (struct pollfd){.fd = running ? guard->timers[1] : -1, .events = POLLIN};
    r = wait_for(guard, fds, COUNT_OF(fds), wait_time(guard, doors_watch(guard, fds + 3)));
    guard->leader_goes_on = r >= 0 && fds[0].fd >= 0 && !fds[0].revents;
    if (r < 0 || fds[1].revents || fds[2].revents) /* read by nobody: armed anew they are silent again */
        guard->armed = (struct moment){0};
    if (r >= 0)
        doors_answer(guard, fds + 3);
}

static int is_due(const struct guard *guard)
{
    const struct moment now = moment_now();

    return moment_reached(&guard->next, &now);
}

/* gate says that the permit is on its way; it does not when it was killed meanwhile, or could not answer. */
static int is_confirmed(void)
{
    const char ready = GUARD_READY;
    struct pollfd pfd = {.fd = 0, .events = POLLIN};
    char byte = 0;

    return write(0, &ready, 1) == 1 && poll(&pfd, 1, CONFIRM_MS) == 1 && read(0, &byte, 1) == 1 &&
           byte == GUARD_CONFIRMED;
}

int main(int argc, char **argv)
{
    static struct guard
        guard; /* large: scopes. next is in the past: who changed the facts before we listened could not ring */
    int confirmed;

    if (argc != 2 || getuid() != 0 || chdir("/") < 0)
        return 2;
    leave_session();
    if (start(&guard, argv[1]) < 0)
        return 1;
    confirmed = is_confirmed();
    (void)dup2(1, 0);
    if (!confirmed) /* the permit may have been heard all the same: a session without a guard must not be */
        guard_end(&guard, REASON_TIMEOUT);
    for (;;) {
        if (waits_for_leader(&guard) && leader_gone(&guard))
            guard_end(&guard, REASON_LEADER_GONE);
        if (guard.phase < ENDS && is_due(&guard))
            guard_recheck(&guard);
        if (guard.phase >= ENDS && guard_end_step(&guard))
            break;
        await(&guard);
    }
    if (!confirmed)
        return 1;
    guard_hand_over(&guard);
    return 0;
}
