/*
 * sudo_agent.so: an approval plug-in of sudo (1.9.0 and later; sudo_plugin(5)). sudo asks it after its own policy has said
 * yes, with the resolved command; an agent's command is put to the guard of its session. Everybody else's passes at once.
 */
#include <sudo_plugin.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ask/ask.h"
#include "ask/outcome.h"
#include "ask/who.h"
#include "sudo_agent/command.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

#define TOOL_MAX 1024 /* bytes of a tool that is told */

#define APPROVED 1
#define REJECTED 0

static sudo_printf_t say;
static int other_host;
static char refusal[OUTCOME_TEXT_MAX + TOOL_MAX]; /* sudo reads it after check has returned */
/*
 * Of the first question. Later ones are of what the command starts (intercept), and by then sudo is root in every uid (sudo.c). open and
 * close come with each question.
 */
static struct caller caller;
static int asked;
static char claimant[SESSION_ID_LENGTH + 1];

/* Of libsudo_util, since 1.9.8: the library that sudo preloads to be asked, as /etc/sudo.conf has it, or NULL. */
extern const char *sudo_conf_intercept_path_v1(void) __attribute__((weak, visibility("default")));

static int agent_open(unsigned int version, sudo_conv_t conversation, sudo_printf_t plugin_printf,
                      char *const settings[], char *const user_info[], int submit_optind, char *const submit_argv[],
                      char *const submit_envp[], char *const plugin_options[], const char **errstr)
{
    (void)version;
    (void)conversation;
    (void)user_info;
    (void)submit_optind;
    (void)submit_argv;
    (void)submit_envp;
    (void)plugin_options;
    (void)errstr;
    say = plugin_printf;
    other_host = command_other_host(settings);
    return 1;
}

static void agent_close(void)
{
    say = NULL;
}

/* What was tried and is not granted, in the words in which it can be asked for: alike for a credential and for a rule that lacks it. */
static void tell_needs(const struct outcome *outcome, const struct question *question)
{
    char tool[TOOL_MAX - sizeof "; needs "];
    size_t len = strlen(refusal);

    if ((outcome->reason == REASON_SCOPE_EXCEEDED || outcome->reason == REASON_NO_RULE) &&
        command_tool(question, tool, sizeof tool) == 0)
        snprintf(refusal + len, sizeof refusal - len, "; needs %s", tool);
}

/* sudo hands errstr to its audit plug-ins alone (1.9.13: seen); the person is told by us. */
static int reject(const struct outcome *outcome, const struct question *question, const char **errstr)
{
    outcome_text(outcome, refusal, sizeof refusal);
    tell_needs(outcome, question);
    if (say)
        say(SUDO_CONV_ERROR_MSG, "sudo: %s\n", refusal);
    if (errstr)
        *errstr = refusal;
    return REJECTED;
}

static int describe(const struct lists *lists, struct command *command, struct question *question)
{
    memset(question, 0, sizeof *question);
    question->step = "command";
    question->phase = lists->preloaded ? PHASE_SUBCOMMAND : NULL;
    question->service = "sudo";
    return command_describe(lists, command, question);
}

/* gate is told who calls, whose session no guard has: the account's own name counts. */
static void ask_about(uid_t uid, struct question *question, struct outcome *ret)
{
    const struct passwd *pw = getpwuid(uid);

    question->user = pw ? pw->pw_name : "";
    ask_gate(question, NULL, NULL, ret);
}

/* gate records what is refused whatever it says: no session claims the caller. */
static int refuse_stray(uid_t uid, struct question *question, const char **errstr)
{
    struct outcome outcome;

    ask_about(uid, question, &outcome);
    if (outcome.verdict == OUTCOME_OBSERVE)
        return APPROVED;
    if (outcome.verdict == OUTCOME_PERMIT)
        outcome_refuse(&outcome, REASON_SESSION_NOT_FOUND);
    return reject(&outcome, question, errstr);
}

/* claimed_only: the caller is root with an agent's login uid, which counts where a guard claims the process. */
static int check_agent(uid_t uid, int claimed_only, const struct lists *lists, const char **errstr)
{
    struct question question;
    struct command command;
    struct outcome outcome;
    int r = describe(lists, &command, &question);

    if (!ask_guard(uid, claimant, &question, &outcome))
        return claimed_only ? APPROVED : refuse_stray(uid, &question, errstr);
    if (outcome.verdict == OUTCOME_OBSERVE)
        return APPROVED;
    if (outcome.verdict == OUTCOME_PERMIT && r == 0 && !command.strange)
        return APPROVED;
    if (outcome.verdict == OUTCOME_PERMIT)
        outcome_refuse(&outcome, r == -E2BIG ? REASON_TOO_LARGE : REASON_COMMAND_UNKNOWN);
    return reject(&outcome, &question, errstr);
}

/* A human's command: decided only where it would enter an agent's account. The environment and name that go along are the human's affair. */
static int check_other(const struct lists *lists, const char **errstr)
{
    const struct lists command_alone = {lists->info, lists->argv, NULL, lists->preloaded, lists->other_host};
    struct question question;
    struct command command;
    struct outcome outcome;
    uid_t target;
    int r;

    if (command_uid(lists->info, &target) < 0 || !uid_belongs_to_agent(target))
        return APPROVED;
    r = describe(&command_alone, &command, &question);
    ask_about(caller.kind == CALLER_TRACE ? 0 : caller.uid, &question, &outcome);
    if (outcome.verdict == OUTCOME_OBSERVE)
        return APPROVED;
    if (outcome.verdict == OUTCOME_PERMIT && r == 0 && !command.strange)
        return APPROVED;
    if (outcome.verdict == OUTCOME_PERMIT)
        outcome_refuse(&outcome, REASON_TARGET_IS_AGENT);
    return reject(&outcome, &question, errstr);
}

static const char *preloaded_library(void)
{
    const char *path = sudo_conf_intercept_path_v1 ? sudo_conf_intercept_path_v1() : NULL;

    return path ? path : "";
}

static int agent_check(char *const command_info[], char *const run_argv[], char *const run_envp[], const char **errstr)
{
    const struct lists lists = {command_info, run_argv, run_envp, asked ? preloaded_library() : NULL, other_host};
    int r = REJECTED;

    if (!asked)
        caller_of_process(&caller);
    asked = 1;
    switch (caller.kind) {
    case CALLER_AGENT:
        r = check_agent(caller.uid, 0, &lists, errstr);
        break;
    case CALLER_TRACE:
        r = check_agent(caller.uid, 1, &lists, errstr);
        if (r == APPROVED)
            r = check_other(&lists, errstr);
        break;
    case CALLER_NOBODY:
        r = check_other(&lists, errstr);
        break;
    }
    return r;
}

static int agent_show_version(int verbose)
{
    (void)verbose;
    if (say)
        say(SUDO_CONV_INFO_MSG, "sudo_agent version %s\n", VERSION);
    return 1;
}

__attribute__((visibility("default"))) extern struct approval_plugin sudo_agent;

struct approval_plugin sudo_agent = {
    .type = SUDO_APPROVAL_PLUGIN,
    .version = SUDO_API_VERSION,
    .open = agent_open,
    .close = agent_close,
    .check = agent_check,
    .show_version = agent_show_version,
};
