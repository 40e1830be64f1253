/* issue: sign a credential with the embedded issuer, or with another key. Needs nothing of the host but that key. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/embedded.h"
#include "agentctl/host.h"
#include "agentctl/inputs.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "core/clock.h"
#include "core/names.h"
#include "core/text.h"
#include "trust/credential.h"
#include "trust/issue.h"

struct arguments {
    struct issue_request request;
    const char *tools[ISSUE_TOOLS_MAX];
    const char *holder, *issuer_key;
    char iss[ISSUE_ERROR_SIZE * 4], audience[SPIFFE_ID_MAX + 1];
};

static int usage(const char *text)
{
    complain("%s", text);
    return EXIT_USAGE;
}

static int take_option(int c, struct arguments *a)
{
    switch (c) {
    case 'i':
        a->request.identity = optarg;
        return 0;
    case 'b':
        a->request.principal = optarg;
        return 0;
    case 't':
        a->request.task = optarg;
        return 0;
    case 'p':
        a->request.purpose = optarg;
        return 0;
    case 'a':
        a->request.audience = optarg;
        return 0;
    case 'k':
        a->holder = optarg;
        return 0;
    case 'I':
        a->request.iss = optarg;
        return 0;
    case 'K':
        a->issuer_key = optarg;
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
        {"identity", required_argument, NULL, 'i'},   {"on-behalf-of", required_argument, NULL, 'b'},
        {"task", required_argument, NULL, 't'},       {"purpose", required_argument, NULL, 'p'},
        {"ttl", required_argument, NULL, 'l'},        {"audience", required_argument, NULL, 'a'},
        {"key", required_argument, NULL, 'k'},        {"tool", required_argument, NULL, 'T'},
        {"max-depth", required_argument, NULL, 'd'},  {"issuer", required_argument, NULL, 'I'},
        {"issuer-key", required_argument, NULL, 'K'}, {0},
    };
    int c, r;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        r = take_option(c, a);
        if (r)
            return r;
    }
    if (optind < argc)
        return usage("nothing but options is expected");
    if (!a->request.identity || !a->request.task || !a->holder || a->request.tool_count == 0)
        return usage("--identity, --task, --key and at least one --tool are needed");
    if (!a->request.iss != !a->issuer_key)
        return usage("--issuer and --issuer-key go together");
    return 0;
}

/* The audience and the issuer of this host, where none are given. */
static int take_defaults(struct arguments *a)
{
    int r;

    if (!a->request.audience) {
        r = host_id(a->audience, sizeof a->audience);
        if (r < 0) {
            complain("no host id is compiled here (%s): run `agentctl apply`, or give --audience", strerror(-r));
            return r;
        }
        a->request.audience = a->audience;
    }
    if (!a->request.iss) {
        r = embedded_iss(a->iss, sizeof a->iss);
        if (r < 0) {
            complain("%s: %s: run `agentctl init`, or give --issuer and --issuer-key", PATH_ISSUER_JWKS, strerror(-r));
            return r;
        }
        a->request.iss = a->iss;
        a->issuer_key = PATH_ISSUER_KEY;
    }
    return 0;
}

int verb_issue(int argc, char **argv)
{
    CLEANUP(key_freep) struct key *holder = NULL;
    CLEANUP(key_freep) struct key *issuer = NULL;
    struct arguments a = {.request = {.lifetime = 300}};
    char error[ISSUE_ERROR_SIZE] = "", *token;
    int r = take_options(argc, argv, &a);

    if (r)
        return r;
    if (take_defaults(&a) < 0 || input_public_key(a.holder, &holder) < 0 ||
        input_private_key(a.issuer_key, &issuer) < 0)
        return EXIT_NO;
    a.request.holder = holder;
    a.request.tools = a.tools;
    a.request.now = clock_wall_seconds();
    r = credential_issue(&a.request, issuer, &token, error);
    if (r < 0) {
        complain("not issued: %s", error[0] ? error : strerror(-r));
        return r == -EINVAL ? EXIT_USAGE : EXIT_NO;
    }
    puts(token);
    free(token);
    return EXIT_YES;
}
