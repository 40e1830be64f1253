/* apply: check the configuration and put it in force. */
#include <getopt.h>
#include <stdio.h>

#include "agentctl/apply.h"
#include "agentctl/verbs.h"

int verb_apply(int argc, char **argv)
{
    static const struct option options[] = {{"check", no_argument, NULL, 'c'}, {0}};
    int check_only = 0, c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c != 'c')
            return EXIT_USAGE;
        check_only = 1;
    }
    if (optind < argc)
        return EXIT_USAGE;
    return apply_run(check_only, stdout, stderr);
}
