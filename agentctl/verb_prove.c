/* prove: show a host that asks that one holds the key of a credential (P2). The holder does it; nothing of the host is needed. */
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
    struct prove_request request;
    const char *credential, *key;
};

static int usage(const char *text)
{
    complain("%s", text);
    return EXIT_USAGE;
}

static int take_options(int argc, char **argv, struct arguments *a)
{
    static const struct option options[] = {
        {"credential", required_argument, NULL, 'c'}, {"key", required_argument, NULL, 'k'},
        {"nonce", required_argument, NULL, 'n'},      {"host-id", required_argument, NULL, 'h'},
        {"account", required_argument, NULL, 'a'},    {0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        const char **value = c == 'c'   ? &a->credential
                             : c == 'k' ? &a->key
                             : c == 'n' ? &a->request.nonce
                             : c == 'h' ? &a->request.host_id
                             : c == 'a' ? &a->request.account
                                        : NULL;

        if (!value)
            return EXIT_USAGE;
        *value = optarg;
    }
    if (optind < argc)
        return usage("nothing but options is expected");
    if (!a->credential || !a->key || !a->request.nonce || !a->request.host_id || !a->request.account)
        return usage("--credential, --key, --nonce, --host-id and --account are needed");
    return 0;
}

int verb_prove(int argc, char **argv)
{
    static char credential[CREDENTIAL_MAX + 8];
    CLEANUP(key_freep) struct key *holder = NULL;
    struct arguments a = {.credential = NULL};
    char error[ISSUE_ERROR_SIZE] = "", *pop;
    int r = take_options(argc, argv, &a);

    if (r)
        return r;
    if (input_credential(a.credential, credential, sizeof credential, &a.request.credential_len) < 0 ||
        input_private_key(a.key, &holder) < 0)
        return EXIT_NO;
    a.request.credential = credential;
    a.request.holder = holder;
    a.request.now = clock_wall_seconds();
    r = credential_prove(&a.request, &pop, error);
    if (r < 0) {
        complain("no proof: %s", error[0] ? error : strerror(-r));
        return r == -EINVAL ? EXIT_USAGE : EXIT_NO;
    }
    puts(pop);
    free(pop);
    return EXIT_YES;
}
