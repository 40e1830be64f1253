/*
 * status, attest, done: the agent's own verbs. They need no right but to be in a session: its guard knows the asker by the kernel's
 * word.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentctl/arguments.h"
#include "agentctl/attest.h"
#include "agentctl/live.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "ask/outcome.h"
#include "ask/packet.h"
#include "core/clock.h"
#include "core/files.h"
#include "core/names.h"
#include "core/text.h"

#define GUARD_MS 2000
#define ANSWER_MAX 16384

struct own {
    session_id id;
    char task[TASK_MAX + 1];
    struct report report;
};

/* --- the guard of this process --- */

static int put_question(const char *id, const char *step, char text[ANSWER_MAX], struct answer *answer)
{
    CLEANUP(close_fd) int fd = -1;
    const struct question question = {.step = step};
    size_t len;
    int r = ask_own_connect(getuid(), id, GUARD_MS, &fd);

    if (r == 0)
        r = question_write(&question, text, ANSWER_MAX, &len);
    if (r == 0)
        r = packet_send(fd, text, len, deadline_in(GUARD_MS));
    if (r == 0)
        r = packet_receive(fd, text, ANSWER_MAX, deadline_in(GUARD_MS), &len);
    return r < 0 ? r : answer_read(text, len, answer);
}

/* 1: it is this one; 0: another; -errno. */
static int ask_status(const char *id, struct own *own)
{
    char text[ANSWER_MAX];
    struct answer answer;
    int r = put_question(id, "status", text, &answer);

    if (r < 0)
        return r;
    if (text_equal(answer.verdict, "elsewhere"))
        return 0;
    r = report_of_answer(&answer, &own->report);
    if (r == 0)
        r = text_copy(own->id, sizeof own->id, id);
    if (r == 0)
        r = text_copy(own->task, sizeof own->task, answer.task ? answer.task : "");
    return r < 0 ? r : 1;
}

/* The session that this process is in: 0; -ENOENT: none; -errno: a guard of the account could not be asked. */
static int find_own(struct own *ret)
{
    const struct dirent *entry;
    char path[64];
    int failed = -ENOENT, found = 0;
    DIR *stream;

    if (text_format(path, sizeof path, ASK_OWN_DIR "/%lu", (unsigned long)getuid()) < 0)
        return -EINVAL;
    stream = opendir(path);
    if (!stream)
        return -errno;
    while (!found && (entry = readdir(stream))) {
        int r = session_id_valid(entry->d_name) ? ask_status(entry->d_name, ret) : 0;

        found = r == 1;
        if (r < 0 && r != -ENOENT && r != -ECONNREFUSED)
            failed = r;
    }
    closedir(stream);
    return found ? 0 : failed;
}

/* The same, and it is said. 0, or the exit status. */
static int need_own(struct own *ret)
{
    int r = find_own(ret);

    if (r == 0)
        return 0;
    if (r == -ENOENT) {
        complain("this process is in no session of an agent");
        return EXIT_NO;
    }
    complain("the guard of this session does not answer: %s", strerror(-r));
    return EXIT_PART;
}

/* --- status --- */

static int should_attest(const struct report *report, int64_t now)
{
    return report->state == REPORT_FROZEN ? report->reason == REASON_ATTESTATION_OVERDUE
                                          : report->attest_from && now >= report->attest_from;
}

static void print_when(const char *name, int64_t when, int64_t now, const char *advice)
{
    char time[32], left[24];

    if (when)
        printf("  %-10s %s (%s%s)%s\n", name, format_time(when, time), when > now ? "in " : "",
               format_left(when, now, left), advice);
}

static int print_text(const struct own *own)
{
    const struct report *report = &own->report;
    int64_t now = clock_wall_seconds();
    const char *advice = should_attest(report, now) ? ": attest now, with `agentctl attest`" : "";

    fputs("task ", stdout);
    print_escaped(stdout, own->task);
    say(": %s", report_state_word(report));
    if (report->reason != REASON_PERMIT) {
        print_field("because", reason_meaning(report->reason));
        print_field("mend", reason_mend(report->reason));
    }
    print_field("session", own->id);
    print_when("ends", report->deadline, now, report->attest_by ? "" : advice);
    print_when("attest by", report->attest_by, now, advice);
    print_when("thaw by", report->frozen_until, now, "");
    say("  %-10s %u", "steps", report->steps);
    say("  %-10s %u", "refusals", report->refusals);
    return 0;
}

static int print_json(const struct own *own)
{
    const struct report *report = &own->report;

    return print_json_value(
        json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:b, s:o, s:I, s:I}", "session", own->id, "task",
                  json_of_text(own->task), "state", report_state_word(report), "reason",
                  report->reason == REASON_PERMIT ? json_null() : json_string(reason_word(report->reason)), "deadline",
                  json_of_time(report->deadline), "attest_by", json_of_time(report->attest_by), "attest_now",
                  should_attest(report, clock_wall_seconds()), "frozen_until", json_of_time(report->frozen_until),
                  "steps", (json_int_t)report->steps, "refusals", (json_int_t)report->refusals));
}

int verb_status(int argc, char **argv)
{
    struct arguments a;
    struct own own;
    int status = arguments_take(argc, argv, TAKES_JSON, 0, 0, &a);

    if (status == 0)
        status = need_own(&own);
    if (status)
        return status;
    return (a.json ? print_json : print_text)(&own) < 0 ? EXIT_PART : EXIT_YES;
}

/* --- attest --- */

static int attest_own(const struct own *own, const char *credential, const char *key)
{
    CLEANUP(close_fd) int fd = -1;
    struct attester attester;
    struct outcome outcome;
    struct own now;
    int r;

    if (attester_load(&attester, credential, key) < 0)
        return EXIT_NO;
    r = ask_own_connect(getuid(), own->id, GUARD_MS, &fd);
    if (r < 0) {
        complain("the guard of this session does not answer: %s", strerror(-r));
        return EXIT_PART;
    }
    attest(fd, &attester, &outcome);
    return print_attested(&outcome, ask_status(own->id, &now) == 1 ? &now.report : NULL);
}

int verb_attest(int argc, char **argv)
{
    struct arguments a;
    struct own own;
    int status = arguments_take(argc, argv, TAKES_CREDENTIAL, 0, 0, &a);

    if (status)
        return status;
    if (!a.credential)
        a.credential = getenv("AGENT_CREDENTIAL");
    if (!a.key)
        a.key = getenv("AGENT_KEY");
    if (!a.credential) {
        complain("set AGENT_CREDENTIAL, or give --credential");
        return EXIT_USAGE;
    }
    status = need_own(&own);
    return status ? status : attest_own(&own, a.credential, a.key);
}

/* --- done --- */

static int confirmed(const struct own *own)
{
    char answer[16];

    if (!isatty(STDIN_FILENO)) {
        complain("nobody can be asked here: give --yes");
        return 0;
    }
    fputs("Complete task ", stdout);
    print_escaped(stdout, own->task);
    fputs(", and end all its sessions, this one too? [y/N] ", stdout);
    fflush(stdout);
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int complete_own(const struct own *own)
{
    char text[ANSWER_MAX];
    struct answer answer;
    struct outcome outcome;
    int r = put_question(own->id, "done", text, &answer);

    outcome_refuse(&outcome, REASON_INTERNAL);
    if (r < 0)
        outcome_fail(&outcome, r);
    else
        outcome_of_answer(&answer, &outcome);
    if (outcome.verdict == OUTCOME_PERMIT) {
        say("completed; the session ends");
        return EXIT_YES;
    }
    say("REFUSED: %s", reason_word(outcome.reason));
    print_field("why", reason_meaning(outcome.reason));
    print_field("mend", reason_mend(outcome.reason));
    return r < 0 ? EXIT_PART : EXIT_NO;
}

int verb_done(int argc, char **argv)
{
    struct arguments a;
    struct own own;
    int status = arguments_take(argc, argv, TAKES_YES, 0, 0, &a);

    if (status == 0)
        status = need_own(&own);
    if (status)
        return status;
    if (!a.yes && !confirmed(&own))
        return isatty(STDIN_FILENO) ? EXIT_NO : EXIT_USAGE;
    return complete_own(&own);
}
