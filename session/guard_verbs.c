#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ask/ask.h"
#include "ask/packet.h"
#include "core/clock.h"
#include "core/paths.h"
#include "core/text.h"
#include "judge/task.h"
#include "live/doorbell.h"
#include "session/guard.h"

#define ANSWER_MS 100 /* to hand an answer to a client that does not read */

void guard_answer(int fd, const struct answer *answer)
{
    char buf[2048]; /* a task with every byte escaped fits */
    size_t len;

    if (answer_write(answer, buf, sizeof buf, &len) == 0)
        (void)!packet_send(fd, buf, len, deadline_in(ANSWER_MS));
}

void guard_deny(int fd, enum reason reason)
{
    guard_answer(fd, &(struct answer){.verdict = "deny", .reason = reason_word(reason)});
}

/* --- status, recheck --- */

static const char *state_word(const struct guard *guard)
{
    if (guard->phase >= ENDS)
        return "ending";
    if (guard->phase == FROZEN)
        return "frozen";
    return guard->lingering ? "lingering" : "running";
}

static enum reason state_reason(const struct guard *guard)
{
    if (guard->phase >= ENDS)
        return guard->end_reason;
    return guard->phase == FROZEN ? guard->frozen : REASON_PERMIT;
}

/* A moment as the answer says it; NULL where there is none. */
static const char *second(int64_t moment, char buf[TEXT_DECIMAL_MAX + 1])
{
    if (moment <= 0 || moment == NEVER)
        return NULL;
    text_decimal(buf, (uint64_t)moment);
    return buf;
}

static void answer_report(const struct guard *guard, int fd)
{
    const struct due *due = &guard->due;
    int64_t frozen_until = due->overdue.wall < due->deadline.wall ? due->overdue.wall : due->deadline.wall;
    char numbers[6][TEXT_DECIMAL_MAX + 1];
    const struct answer answer = {
        .verdict = "permit",
        .reason = reason_word(state_reason(guard)),
        .session = guard->session.id,
        .state = state_word(guard),
        .deadline = second(due->deadline.wall, numbers[0]),
        .attest_by = second(due->attest_by.wall, numbers[1]),
        .attest_from = due->attest_helps ? second(due->notice.wall, numbers[5]) : NULL,
        .frozen_until = guard->phase == FROZEN ? second(frozen_until, numbers[2]) : NULL,
        .steps = numbers[3],
        .refusals = numbers[4],
        .task = guard->session.grant.task,
    };

    text_decimal(numbers[3], guard->steps);
    text_decimal(numbers[4], guard->refusals);
    guard_answer(fd, &answer);
}

/* --- attest --- */

/* Gate goes on talking to the client, which is descriptor 0, and answers it. */
static _Noreturn void become_gate(const struct guard *guard)
{
    char *const argv[] = {(char *)"gate", (char *)"attest", (char *)guard->session.id, NULL};
    char *const envp[] = {NULL};

    execve(PATH_GATE, argv, envp);
    _exit(127);
}

static struct process *free_attester(struct guard *guard)
{
    for (size_t i = 0; i < ATTESTERS_MAX; i++) {
        struct process *attester = &guard->attesters[i];

        if (!attester->pid || !process_alive(attester->pid, attester->start))
            return attester;
    }
    return NULL;
}

/* For root. */
static void attest(struct guard *guard, int fd)
{
    struct process *attester = free_attester(guard);
    pid_t pid;

    if (guard->phase >= ENDS) {
        guard_deny(fd, REASON_SESSION_ENDING);
        return;
    }
    if (!attester) {
        guard_deny(fd, REASON_TIMEOUT);
        return;
    }
    pid = guard_fork(fd);
    if (pid == 0)
        become_gate(guard);
    if (pid < 0)
        guard_deny(fd, REASON_INTERNAL);
    else if (process_read(pid, attester) < 0) /* it has ended already */
        attester->pid = 0;
}

/* --- done, tripwire --- */

/* What waits for the disk and for other guards: put() once more, now durably, and ring who stands on the link. */
static void spread(const struct link *link, int (*put)(const void *fact, int *ret_durable), const void *fact)
{
    const struct ring_filter filter = {.link = link};
    struct ring *rings;
    size_t count;
    int durable;

    (void)!put(fact, &durable);
    (void)!doorbell_ring(&filter, 1, &rings, &count);
}

static int put_task(const void *fact, int *ret_durable)
{
    return task_set(fact, ret_durable);
}

static int put_revocation(const void *fact, int *ret_durable)
{
    return revocation_put(fact, ret_durable);
}

/* The agent says that its task is over: as `agentctl task complete` does. By a child; the guard ends when it looks again. */
static void complete(const struct guard *guard, int fd)
{
    const struct grant *grant = &guard->session.grant;
    struct task_record record = {.state = TASK_COMPLETED, .note = "done", .since = clock_wall_seconds()};
    struct report report;
    struct link link;
    int r;

    r = text_copy(record.iss, sizeof record.iss, grant->iss);
    if (r == 0)
        r = text_copy(record.task, sizeof record.task, grant->task);
    if (r == 0)
        r = task_set(&record, NULL);
    if (r < 0 && r != -EPERM) { /* -EPERM: it is over already */
        guard_deny(fd, REASON_STATE_UNAVAILABLE);
        return;
    }
    guard_answer(fd, &(struct answer){.verdict = "permit", .reason = reason_word(REASON_PERMIT)});
    (void)!ask_report(guard->session.id, "recheck", ASK_TIMEOUT_MS, &report);
    link_make(&link, LINK_TASK, record.iss, record.task);
    spread(&link, put_task, &record);
}

static void trip(const struct grant *grant, int spreads)
{
    struct revocation revocation = {.kind = LINK_JTI,
                                    .before = INT64_MAX,
                                    .since = clock_wall_seconds(),
                                    .since_boot = clock_boot_ms(),
                                    .note = "tripwire"};
    struct link link;

    strcpy(revocation.iss, grant->iss);
    strcpy(revocation.value, grant->jti);
    link_make(&link, LINK_JTI, grant->iss, grant->jti);
    if (spreads)
        spread(&link, put_revocation, &revocation);
    else
        (void)!revocation_put(&revocation, NULL);
}

/*
 * The login's credential and the one that attested last: either could open the next session. Durably by a child, where there can be
 * one; else the fact stands in PATH_RUN, and the others find it when they look next.
 */
void guard_trip(struct guard *guard)
{
    const struct grant *grants[] = {&guard->session.grant, guard_grant(guard)};
    size_t count = guard->attestation ? 2 : 1;

    for (size_t i = 0; i < count; i++)
        trip(grants[i], 0);
    if (guard_fork(-1) == 0) {
        for (size_t i = 0; i < count; i++)
            trip(grants[i], 1);
        _exit(0);
    }
    guard_end(guard, REASON_TRIPWIRE);
}

/* --- which --- */

int guard_verb(struct guard *guard, int fd, const struct question *question)
{
    const char *verb = question->step;

    if (strcmp(verb, "recheck") == 0)
        guard_recheck(guard);
    if (strcmp(verb, "recheck") == 0 || strcmp(verb, "status") == 0)
        answer_report(guard, fd);
    else if (strcmp(verb, "attest") == 0)
        attest(guard, fd);
    else
        return 0;
    return 1;
}

int guard_verb_own(const struct guard *guard, int fd, const struct question *question)
{
    const char *verb = question->step;

    if (strcmp(verb, "status") == 0)
        answer_report(guard, fd);
    else if (strcmp(verb, "attest") != 0 && strcmp(verb, "done") != 0)
        return 0;
    else if (guard->phase >= ENDS)
        guard_deny(fd, REASON_SESSION_ENDING);
    else if (strcmp(verb, "attest") == 0)
        become_gate(guard);
    else
        complete(guard, fd);
    return 1;
}
