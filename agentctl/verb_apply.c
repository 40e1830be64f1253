/* apply: check the configuration and put it in force. key refresh: the keys of the issuers alone. */
#include <getopt.h>
#include <stdio.h>

#include "agentctl/apply.h"
#include "agentctl/verbs.h"

int verb_apply(int argc, char **argv)
{
    static const struct option options[] = {{"check", no_argument, NULL, 'c'}, {0}};
    enum apply_mode mode = APPLY_ALL;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c != 'c')
            return EXIT_USAGE;
        mode = APPLY_CHECK;
    }
    if (optind < argc)
        return EXIT_USAGE;
    return apply_run(mode, stdout, stderr);
}

int verb_key_refresh(int argc, char **argv)
{
    static const struct option options[] = {{0}};

    if (getopt_long(argc, argv, "", options, NULL) != -1 || optind < argc)
        return EXIT_USAGE;
    return apply_run(APPLY_KEYS, stdout, stderr);
}
