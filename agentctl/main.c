/* agentctl: one table of verbs. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "core/compat.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

struct verb {
    const char *noun; /* or NULL */
    const char *name; /* NULL: a heading */
    int (*run)(int argc, char **argv);
    const char *usage, *summary;
};

static const struct verb verbs[] = {
    {.summary = "The host:"},
    {NULL, "init", verb_init, "[--trust-domain TD] [--host-id ID]",
     "make directories, an embedded issuer, an SSH CA and a default agent.conf"},
    {NULL, "enable", verb_enable, "[--dry-run] [--yes] [--plain-keys]",
     "put pam_agent into NSS, PAM, sshd and sudo of this host, and prove it"},
    {NULL, "disable", verb_disable, "[--dry-run] [--yes]", "take out again what enable put in"},
    {NULL, "apply", verb_apply, "[--check]", "check agent.conf and compile it for this host"},
    {"policy", "test", verb_policy_test, "FILE... [--config DIR] [--json]",
     "do the policies of a configuration decide as the cases in FILE expect?"},
    {"policy", "suggest", verb_policy_suggest, "[--since 7d] [--account ACCOUNT]",
     "write policies for what was refused and observed"},
    {"key", "refresh", verb_key_refresh, "", "take in the key files of the issuers anew, and nothing else"},
    {NULL, "stop", verb_stop, "", "freeze every agent of this host, now"},
    {NULL, "go", verb_go, "", "let them go on"},
    {NULL, "sweep", verb_sweep, "[--quiet]", "put right what no event will; run it by a timer"},

    {.summary = "Credentials:"},
    {NULL, "issue", verb_issue,
     "--identity SPIFFE-ID --task ID --key FILE.pub --tool TOOL [--tool TOOL ...]\n"
     "           [--purpose WORD] [--sensitivity low|medium|high] [--ttl 5m] [--max-depth N] [--audience HOST-ID]\n"
     "           [--issuer URI --issuer-key FILE]\n"
     "           [--ssh-cert[=token] [--ssh-ca FILE] [--account ACCOUNT]]\n"
     "       a TOOL is host:login or host:sudo and NAME=VALUE words: 'host:sudo runas=root command=/usr/bin/id'",
     "issue a credential for one task and print it"},
    {NULL, "delegate", verb_delegate,
     "--parent FILE --key HOLDER-PRIVATE-KEY --to FILE.pub [--tool TOOL ...]\n"
     "           [--ttl 5m] [--max-depth N] [--audience HOST-ID]",
     "derive a narrower credential for another key and print it"},
    {NULL, "present", verb_present, "--credential FILE --svid FILE",
     "put one's own JWT-SVID beside a credential that was delegated to one, and print both"},
    {NULL, "prove", verb_prove,
     "--credential FILE --key HOLDER-PRIVATE-KEY --nonce NONCE --host-id HOST-ID --account ACCOUNT",
     "answer a host's question for a proof, and print the answer"},
    {NULL, "verify", verb_verify, "[--json] [FILE|-]", "would this host take the credential in FILE?"},

    {.summary = "What agents do here:"},
    {"identity", "list", verb_identity_list, "[--json]", "the accounts of agents"},
    {"identity", "show", verb_identity_show, "ACCOUNT [--json]",
     "one account: whose it is, what it may do, its sessions and last refusals"},
    {"task", "list", verb_task_list, "[--json]", "the tasks that are live, or of which a state is known"},
    {"task", "show", verb_task_show, "TASK [--issuer ISS] [--json]", "one task and its sessions"},
    {"task", "complete", verb_task_set, "TASK [--issuer ISS] [--note TEXT]", "end a task and every session of it"},
    {"task", "suspend", verb_task_set, "TASK [--issuer ISS] [--note TEXT]", "freeze every session of a task"},
    {"task", "resume", verb_task_set, "TASK [--issuer ISS] [--note TEXT]", "let a suspended task go on"},
    {"task", "revoke", verb_task_set, "TASK [--issuer ISS] [--note TEXT]", "kill every session of a task, for ever"},
    {"session", "list", verb_session_list, "[--json]", "the live sessions of agents on this host"},
    {"session", "show", verb_session_show, "ID [--json]", "one session and its refusals, live or ended"},
    {"session", "end", verb_session_end, "ID", "end one session; its task may open others"},
    {"session", "attest", verb_session_attest, "ID --credential FILE [--key FILE]",
     "attest a session with a new credential, in the agent's place"},
    {"revoke", "jti", verb_revoke, "JTI [--issuer ISS] [--note TEXT]", "revoke one credential"},
    {"revoke", "key", verb_revoke, "THUMBPRINT|FILE [--before TIME] [--note TEXT]",
     "revoke every credential of one key"},
    {"revoke", "identity", verb_revoke, "SPIFFE-ID|PATTERN [--before TIME] [--note TEXT]",
     "revoke the credentials of an agent, or of all below"},
    {"revoke", "issuer", verb_revoke, "ISS [--before TIME] [--note TEXT]",
     "revoke what an issuer has issued until now"},
    {"revoke", "list", verb_revoke_list, "[--json]", "what is revoked"},
    {"revoke", "lift", verb_revoke_lift, "jti|key|identity|issuer X [--issuer ISS]", "take a revocation back"},
    {"risk", "show", verb_risk_show, "[--json]", "what is under a raised risk"},
    {"risk", "set", verb_risk_set,
     "host|identity SPIFFE-ID|task TASK low|medium|high\n"
     "           [--for DURATION] [--issuer ISS] [--note TEXT]",
     "set the risk of the host, an agent or a task"},
    {"risk", "clear", verb_risk_clear, "host|identity SPIFFE-ID|task TASK [--issuer ISS] [--note TEXT]",
     "the same as low"},
    {NULL, "explain", verb_explain,
     "--account ACCOUNT --step login|sudo|command [--purpose WORD] [--run-as USER[:GROUP]] [--command \"PATH WORD "
     "...\"]\n"
     "           [--from ADDRESS] [--service SERVICE] [--credential FILE] [--at TIME] [--risk low|medium|high]\n"
     "           [--sensitivity low|medium|high] [--possession channel|signed|bearer] [--identity SPIFFE-ID] [--task "
     "ID] [--issuer ISSUER]\n"
     "           [--principal ID] [--delegator SPIFFE-ID] [--json]",
     "what would be decided of a step, why, and what each policy has to do with it"},
    {NULL, "why", verb_why, "[--json] REFERENCE", "what was decided under this reference, why, and what to do"},

    {.summary = "The agent's own, inside its session:"},
    {NULL, "status", verb_status, "[--json]", "how this session stands, and until when"},
    {NULL, "attest", verb_attest, "[--credential FILE] [--key FILE]", "attest this session with a new credential"},
    {NULL, "done", verb_done, "[--yes]", "complete the task of this session"},
};

static void print_verb(FILE *to, const struct verb *verb)
{
    char name[32];

    snprintf(name, sizeof name, "%s%s%s", verb->noun ? verb->noun : "", verb->noun ? " " : "", verb->name);
    fprintf(to, "  %-16s %s\n", name, verb->summary);
}

static void print_verbs(FILE *to)
{
    fputs("usage: agentctl VERB [OPTION]...\n", to);
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (verbs[i].name)
            print_verb(to, &verbs[i]);
        else
            fprintf(to, "\n%s\n", verbs[i].summary);
    }
    fputs("\n`agentctl VERB --help` shows the options. Exit status: 0 yes, 1 no, 2 usage, 3 cannot tell or done in "
          "part.\n",
          to);
}

static int is_of_noun(const struct verb *verb, const char *noun)
{
    return verb->noun && !strcmp(verb->noun, noun);
}

/* The verbs of a noun: how many they are. */
static int print_noun(FILE *to, const char *noun)
{
    int count = 0;

    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (!is_of_noun(&verbs[i], noun))
            continue;
        if (count++ == 0)
            fprintf(to, "usage: agentctl %s VERB [OPTION]...\n\n", noun);
        print_verb(to, &verbs[i]);
    }
    return count;
}

static void print_usage(FILE *to, const struct verb *verb)
{
    fprintf(to, "usage: agentctl %s%s%s%s%s\n", verb->noun ? verb->noun : "", verb->noun ? " " : "", verb->name,
            verb->usage[0] ? " " : "", verb->usage);
}

static int asks_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return 1;
    }
    return 0;
}

/* The verb that argv[1...] names, and how many words named it; NULL: none. */
static const struct verb *find_verb(int argc, char **argv, int *ret_words)
{
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        const struct verb *verb = &verbs[i];
        int words = verb->noun ? 2 : 1;

        if (!verb->name)
            continue;
        if (argc > words && !strcmp(argv[words], verb->name) && (!verb->noun || !strcmp(argv[1], verb->noun))) {
            *ret_words = words;
            return verb;
        }
    }
    return NULL;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    int status;

    if (asks_help(argc - 1, argv + 1)) {
        print_usage(stdout, verb);
        printf("       %s\n", verb->summary);
        return EXIT_YES;
    }
    status = verb->run(argc, argv);
    if (status == EXIT_USAGE)
        print_usage(stderr, verb);
    return status;
}

/* Help on a noun, where one was named, or on everything. */
static void print_help(FILE *to, const char *noun)
{
    if (to == stderr && noun[0])
        complain("there is no such verb");
    if (print_noun(to, noun) == 0)
        print_verbs(to);
}

int main(int argc, char **argv)
{
    const struct verb *verb;
    int words, status;

    signal(SIGPIPE, SIG_IGN);
    umask(022);
    verb = find_verb(argc, argv, &words);
    if (verb) {
        status = run(verb, argc - words, argv + words);
    } else if (argc > 1 && !strcmp(argv[1], "--version")) {
        status = EXIT_YES;
        say("agentctl %s", VERSION);
    } else {
        status = argc > 1 && asks_help(argc - 1, argv + 1) ? EXIT_YES : EXIT_USAGE;
        print_help(status == EXIT_YES ? stdout : stderr, argc > 1 ? argv[1] : "");
    }
    /* What could not be printed has not been said. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_YES)
        status = EXIT_PART;
    return status;
}
