/* enable and disable: the command lines. */
#include <getopt.h>
#include <unistd.h>

#include "agentctl/enable.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"

static int run(int argc, char **argv, const struct option *options, int (*work)(const struct enable_options *))
{
    struct enable_options chosen = {0};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'n')
            chosen.dry_run = 1;
        else if (c == 'y')
            chosen.yes = 1;
        else if (c == 'k')
            chosen.plain_keys = 1;
        else
            return EXIT_USAGE;
    }
    if (optind < argc) {
        complain("nothing but options is expected");
        return EXIT_USAGE;
    }
    if (geteuid() != 0) {
        complain("%s needs root", argv[0]);
        return EXIT_NO;
    }
    return work(&chosen);
}

int verb_enable(int argc, char **argv)
{
    static const struct option options[] = {
        {"dry-run", no_argument, NULL, 'n'},
        {"yes", no_argument, NULL, 'y'},
        {"plain-keys", no_argument, NULL, 'k'},
        {0},
    };

    return run(argc, argv, options, enable_host);
}

int verb_disable(int argc, char **argv)
{
    static const struct option options[] = {{"dry-run", no_argument, NULL, 'n'}, {"yes", no_argument, NULL, 'y'}, {0}};

    return run(argc, argv, options, disable_host);
}
