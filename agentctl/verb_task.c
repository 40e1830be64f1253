/* task complete: the state first, then the doorbell of every session of the task. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "ask/ask.h"
#include "core/clock.h"
#include "core/paths.h"
#include "core/proc.h"
#include "core/text.h"
#include "judge/reaper.h"
#include "judge/state.h"
#include "judge/task.h"
#include "trust/anchors.h"

#define SESSIONS_MAX 4096
#define DOORBELL_SECONDS 1
#define FORCE_TRIES 50
#define FORCE_WAIT_US 20000

struct ringing {
    session_id id;
    char account[ACCOUNT_NAME_MAX + 1];
    pid_t pid;
};

/* The issuers a task may belong to, no name twice. */
struct issuers {
    char names[16][ISS_MAX + 1];
    size_t count;
};

static void issuers_add(struct issuers *issuers, const char *iss)
{
    for (size_t i = 0; i < issuers->count; i++) {
        if (!strcmp(issuers->names[i], iss))
            return;
    }
    if (issuers->count < COUNT_OF(issuers->names) && text_copy(issuers->names[issuers->count], ISS_MAX + 1, iss) == 0)
        issuers->count++;
}

static void add_configured(struct issuers *issuers)
{
    CLEANUP(anchors_freep) struct anchors *anchors = NULL;

    if (anchors_load(&anchors) < 0)
        return;
    for (size_t i = 0; i < anchors->count; i++)
        issuers_add(issuers, anchors->items[i].iss);
}

static void add_live(struct issuers *issuers, const char *task)
{
    session_id *ids = calloc(SESSIONS_MAX, sizeof *ids);
    struct session *session = malloc(sizeof *session);
    size_t count = 0;

    if (ids && session && sessions_all(ids, SESSIONS_MAX, &count) == 0) {
        for (size_t i = 0; i < count; i++) {
            if (session_read(ids[i], session) == 0 && !strcmp(session->grant.task, task))
                issuers_add(issuers, session->grant.iss);
        }
    }
    free(session);
    free(ids);
}

/* The one issuer that is configured, else the one whose live sessions have this task. NULL: it must be given. */
static const char *choose_issuer(struct issuers *issuers, const char *task)
{
    struct issuers live = {.count = 0};

    add_configured(issuers);
    if (issuers->count == 1)
        return issuers->names[0];
    add_live(&live, task);
    if (live.count == 1) {
        *issuers = live;
        return issuers->names[0];
    }
    for (size_t i = 0; i < live.count; i++)
        issuers_add(issuers, live.names[i]);
    complain("whose task is it? Give --issuer with one of:");
    for (size_t i = 0; i < issuers->count; i++) {
        fputs("  ", stderr);
        print_escaped(stderr, issuers->names[i]);
        fputc('\n', stderr);
    }
    return NULL;
}

static int is_gone(const char *id)
{
    struct session *session = malloc(sizeof *session);
    int gone = session && session_read(id, session) == -ENOENT;

    free(session);
    return gone;
}

/*
 * In a child, so that one guard that does not answer delays nobody: exit 0 when the session ends. A guard that does not listen
 * proves nothing (it may be dead); a session whose record is gone has ended.
 */
static void ring(const char *id)
{
    const struct question question = {.step = "recheck"};
    struct outcome outcome;

    alarm(DOORBELL_SECONDS);
    ask_session(id, &question, &outcome);
    if (outcome.verdict != OUTCOME_PERMIT &&
        (outcome.reason == REASON_TASK_COMPLETED || outcome.reason == REASON_SESSION_ENDING))
        _exit(0);
    while (!is_gone(id))
        usleep(20000); /* until the alarm */
    _exit(0);
}

static void start_ringing(struct ringing *r)
{
    struct session *session = malloc(sizeof *session);

    if (!session || session_read(r->id, session) < 0 ||
        text_copy(r->account, sizeof r->account, session->grant.account) < 0)
        r->account[0] = '\0';
    free(session);
    fflush(NULL);
    r->pid = fork();
    if (r->pid == 0)
        ring(r->id);
}

/* 1 when the session is ended, 0 when its guard did not say so. */
static int take_answer(const struct ringing *r)
{
    int status = 1;

    while (r->pid > 0 && waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return r->pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The guard is dead or stuck: end the session in its place. 1 when nothing of it is left. */
static int end_by_force(const char *id)
{
    struct session *session = malloc(sizeof *session);
    struct target target;
    int left = 1;

    if (session && session_read(id, session) == 0) {
        pid_t leader = process_alive(session->leader, session->leader_start) ? session->leader : 0;

        target = (struct target){.uid = session->grant.uid, .audit = session->audit, .spare = {leader}};
        for (int tries = 0; left && tries < FORCE_TRIES; tries++) {
            if (reaper_signal(&target, SIGKILL) == 0)
                left = reaper_count(&target) > 0;
            usleep(FORCE_WAIT_US);
        }
        if (!left && leader)
            left = kill(leader, SIGTERM) < 0 && errno != ESRCH;
        if (!left)
            session_remove(session);
    } else {
        left = !is_gone(id);
    }
    free(session);
    return !left;
}

/* Ring at all of them at once, kill what does not answer, and print what ended; how many did not. */
static int end_sessions(const char *iss, const char *task, size_t *ret_left)
{
    session_id *ids = calloc(SESSIONS_MAX, sizeof *ids);
    struct ringing *rings = calloc(SESSIONS_MAX, sizeof *rings);
    size_t count = 0;
    int r = ids && rings ? sessions_of_task(iss, task, ids, SESSIONS_MAX, &count) : -ENOMEM;

    *ret_left = 0;
    for (size_t i = 0; r == 0 && i < count; i++) {
        memcpy(rings[i].id, ids[i], sizeof rings[i].id);
        start_ringing(&rings[i]);
    }
    for (size_t i = 0; r == 0 && i < count; i++) {
        int answered = take_answer(&rings[i]), ended = answered || end_by_force(rings[i].id);

        printf("%s session %s of %s, task ",
               answered ? "ended    "
               : ended  ? "killed   "
                        : "NOT ENDED",
               rings[i].id, rings[i].account[0] ? rings[i].account : "-");
        print_escaped(stdout, task);
        putchar('\n');
        *ret_left += !ended;
    }
    free(rings);
    free(ids);
    return r;
}

static int complete(const char *iss, const char *task)
{
    int durable = 0, r = task_complete(iss, task, clock_wall_seconds(), &durable), status = EXIT_YES;
    size_t left;

    if (r < 0) {
        complain("the task could not be marked completed: %s", strerror(-r));
        return EXIT_PART;
    }
    fputs("completed ", stdout);
    print_escaped(stdout, task);
    fputs(" of ", stdout);
    print_escaped(stdout, iss);
    putchar('\n');
    if (!durable) {
        complain("completed until the next boot only: " PATH_STATE " could not be written");
        status = EXIT_PART;
    }
    r = end_sessions(iss, task, &left);
    if (r < 0 || left > 0) {
        complain("some sessions may live on%s%s; `agentctl session list` shows them", r < 0 ? ": " : "",
                 r < 0 ? strerror(-r) : "");
        status = EXIT_PART;
    }
    return status;
}

int verb_task_complete(int argc, char **argv)
{
    static const struct option options[] = {{"issuer", required_argument, NULL, 'i'}, {0}};
    struct issuers issuers = {.count = 0};
    const char *iss = NULL, *task;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c != 'i')
            return EXIT_USAGE;
        iss = optarg;
    }
    if (argc - optind != 1) {
        complain("one task is expected");
        return EXIT_USAGE;
    }
    task = argv[optind];
    if (!task[0] || strlen(task) > TASK_MAX || (iss && (!iss[0] || strlen(iss) > ISS_MAX))) {
        complain("a task has 1 to %d bytes, an issuer 1 to %d", TASK_MAX, ISS_MAX);
        return EXIT_USAGE;
    }
    if (geteuid() != 0) {
        complain("task complete needs root");
        return EXIT_NO;
    }
    if (!iss)
        iss = choose_issuer(&issuers, task);
    return iss ? complete(iss, task) : EXIT_USAGE;
}
