/* delegate: derive a narrower credential for another agent's key. The holder does it, offline; nothing of the host is needed. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/inputs.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "core/clock.h"
#include "trust/credential.h"
#include "trust/derive.h"

struct arguments {
    struct derive_request request;
    const char *tools[ISSUE_TOOLS_MAX];
    const char *parent, *key, *to;
};

static int usage(const char *text)
{
    complain("%s", text);
    return EXIT_USAGE;
}

static int take_option(int c, struct arguments *a)
{
    switch (c) {
    case 'p':
        a->parent = optarg;
        return 0;
    case 'k':
        a->key = optarg;
        return 0;
    case 't':
        a->to = optarg;
        return 0;
    case 'a':
        a->request.audience = optarg;
        return 0;
    case 'l':
        return input_ttl(optarg, &a->request.lifetime) < 0 ? usage("--ttl: a time from 1s to 1h, such as 90s or 5m")
                                                           : 0;
    case 'd':
        return input_depth(optarg, &a->request.max_depth) < 0 ? usage("--max-depth: a number from 0 to 8") : 0;
    case 'T':
        if (a->request.tool_count == ISSUE_TOOLS_MAX)
            return usage("too many --tool options");
        a->tools[a->request.tool_count++] = optarg;
        return 0;
    default:
        return EXIT_USAGE;
    }
}

static int take_options(int argc, char **argv, struct arguments *a)
{
    static const struct option options[] = {
        {"parent", required_argument, NULL, 'p'},   {"key", required_argument, NULL, 'k'},
        {"to", required_argument, NULL, 't'},       {"tool", required_argument, NULL, 'T'},
        {"ttl", required_argument, NULL, 'l'},      {"max-depth", required_argument, NULL, 'd'},
        {"audience", required_argument, NULL, 'a'}, {0},
    };
    int c, r;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        r = take_option(c, a);
        if (r)
            return r;
    }
    if (optind < argc)
        return usage("nothing but options is expected");
    if (!a->parent || !a->key || !a->to)
        return usage("--parent, --key and --to are needed");
    return 0;
}

int verb_delegate(int argc, char **argv)
{
    static char parent[CREDENTIAL_MAX + 8];
    CLEANUP(key_freep) struct key *holder = NULL;
    CLEANUP(key_freep) struct key *to = NULL;
    struct arguments a = {.request = {.lifetime = 300, .max_depth = -1}};
    char error[ISSUE_ERROR_SIZE] = "", *chain;
    int r = take_options(argc, argv, &a);

    if (r)
        return r;
    if (input_credential(a.parent, parent, sizeof parent, &a.request.parent_len) < 0 ||
        input_private_key(a.key, &holder) < 0 || input_public_key(a.to, &to) < 0)
        return EXIT_NO;
    a.request.parent = parent;
    a.request.holder = holder;
    a.request.to = to;
    a.request.tools = a.tools;
    a.request.now = clock_wall_seconds();
    r = credential_derive(&a.request, &chain, error);
    if (r < 0) {
        complain("not delegated: %s", error[0] ? error : strerror(-r));
        return r == -EINVAL ? EXIT_USAGE : EXIT_NO;
    }
    puts(chain);
    free(chain);
    return EXIT_YES;
}
