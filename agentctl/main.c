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
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage, *summary;
};

static const struct verb verbs[] = {
    {NULL, "init", verb_init, "[--trust-domain TD] [--host-id ID]",
     "make directories, an embedded issuer, an SSH CA and a default agent.conf"},
    {NULL, "enable", verb_enable, "[--dry-run] [--yes] [--plain-keys]",
     "put pam_agent into NSS, PAM, sshd and sudo of this host, and prove it"},
    {NULL, "disable", verb_disable, "[--dry-run] [--yes]", "take out again what enable put in"},
    {NULL, "apply", verb_apply, "[--check]", "check agent.conf and compile it for this host"},
    {NULL, "issue", verb_issue,
     "--identity SPIFFE-ID --task ID --key FILE.pub --tool TOOL [--tool TOOL ...]\n"
     "           [--purpose WORD] [--ttl 5m] [--audience HOST-ID] [--issuer URI --issuer-key FILE]\n"
     "       a TOOL is host:login or host:sudo and NAME=VALUE words: 'host:sudo runas=root command=/usr/bin/id'",
     "issue a credential for one task and print it"},
    {NULL, "verify", verb_verify, "[--json] [FILE|-]", "would this host take the credential in FILE?"},
    {"task", "complete", verb_task_complete, "TASK [--issuer ISS]", "end a task and every session of it"},
    {"session", "list", verb_session_list, "[--json]", "the live sessions of agents on this host"},
    {NULL, "why", verb_why, "[--json] REFERENCE", "what was decided under this reference, why, and what to do"},
};

static void print_verbs(FILE *to)
{
    fputs("usage: agentctl VERB [OPTION]...\n\n", to);
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        char name[32];

        snprintf(name, sizeof name, "%s%s%s", verbs[i].noun ? verbs[i].noun : "", verbs[i].noun ? " " : "",
                 verbs[i].name);
        fprintf(to, "  %-15s %s\n", name, verbs[i].summary);
    }
    fputs("\n`agentctl VERB --help` shows the options. Exit status: 0 yes, 1 no, 2 usage, 3 cannot tell or done in "
          "part.\n",
          to);
}

static void print_usage(FILE *to, const struct verb *verb)
{
    fprintf(to, "usage: agentctl %s%s%s %s\n", verb->noun ? verb->noun : "", verb->noun ? " " : "", verb->name,
            verb->usage);
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
    } else if (argc > 1 && asks_help(argc - 1, argv + 1)) {
        status = EXIT_YES;
        print_verbs(stdout);
    } else {
        status = EXIT_USAGE;
        if (argc > 1)
            complain("there is no such verb");
        print_verbs(stderr);
    }
    /* What could not be printed has not been said. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_YES)
        status = EXIT_PART;
    return status;
}
