/* issue: sign a credential with the embedded issuer, or with another key. Needs nothing of the host but that key. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/embedded.h"
#include "agentctl/host.h"
#include "agentctl/inputs.h"
#include "agentctl/say.h"
#include "agentctl/ssh_certificate.h"
#include "agentctl/verbs.h"
#include "core/clock.h"
#include "core/files.h"
#include "core/identities.h"
#include "core/names.h"
#include "core/text.h"
#include "trust/certificate.h"
#include "trust/issue.h"

struct arguments {
    struct issue_request request;
    const char *tools[ISSUE_TOOLS_MAX];
    const char *holder, *issuer_key, *ca, *account;
    int certificate, with_token; /* an ssh certificate; one that holds a token, not claims */
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
    case 's':
        a->request.sensitivity = optarg;
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
    case 'c':
        a->certificate = 1;
        a->with_token = optarg && !strcmp(optarg, "token");
        return optarg && !a->with_token && strcmp(optarg, "claims") != 0
                   ? usage("--ssh-cert: claims (as where nothing is said) or token")
                   : 0;
    case 'C':
        a->ca = optarg;
        return 0;
    case 'A':
        a->account = optarg;
        return 0;
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
        {"identity", required_argument, NULL, 'i'},    {"on-behalf-of", required_argument, NULL, 'b'},
        {"task", required_argument, NULL, 't'},        {"purpose", required_argument, NULL, 'p'},
        {"sensitivity", required_argument, NULL, 's'}, {"ttl", required_argument, NULL, 'l'},
        {"audience", required_argument, NULL, 'a'},    {"key", required_argument, NULL, 'k'},
        {"tool", required_argument, NULL, 'T'},        {"max-depth", required_argument, NULL, 'd'},
        {"issuer", required_argument, NULL, 'I'},      {"issuer-key", required_argument, NULL, 'K'},
        {"ssh-cert", optional_argument, NULL, 'c'},    {"ssh-ca", required_argument, NULL, 'C'},
        {"account", required_argument, NULL, 'A'},     {0},
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
    if (!a->certificate && (a->ca || a->account))
        return usage("--ssh-ca and --account belong to --ssh-cert");
    return 0;
}

static int take_audience(struct arguments *a)
{
    int r;

    if (a->request.audience)
        return 0;
    r = host_id(a->audience, sizeof a->audience);
    if (r < 0) {
        complain("no host id is compiled here (%s): run `agentctl apply`, or give --audience", strerror(-r));
        return r;
    }
    a->request.audience = a->audience;
    return 0;
}

/* The embedded issuer, where none is given. */
static int take_issuer(struct arguments *a)
{
    int r;

    if (a->request.iss)
        return 0;
    r = embedded_iss(a->iss, sizeof a->iss);
    if (r < 0) {
        complain("%s: %s: run `agentctl init`, or give --issuer and --issuer-key", PATH_ISSUER_JWKS, strerror(-r));
        return r;
    }
    a->request.iss = a->iss;
    a->issuer_key = PATH_ISSUER_KEY;
    return 0;
}

static int refused(int r, const char *error)
{
    complain("not issued: %s", error[0] ? error : strerror(-r));
    return r == -EINVAL ? EXIT_USAGE : EXIT_NO;
}

static int make_token(struct arguments *a, char **ret_token, char error[ISSUE_ERROR_SIZE])
{
    CLEANUP(key_freep) struct key *issuer = NULL;
    int r = take_issuer(a);

    if (r == 0)
        r = input_private_key(a->issuer_key, &issuer);
    if (r < 0)
        return EXIT_NO;
    r = credential_issue(&a->request, issuer, ret_token, error);
    return r < 0 ? refused(r, error) : EXIT_YES;
}

/* The account that this host has for the identity, where none is given. */
static int take_account(struct arguments *a, struct identity *identity)
{
    CLEANUP(close_fd) int fd = -1;

    if (a->account)
        return 0;
    if (identities_open(PATH_IDENTITIES, &fd) < 0 || identities_by_spiffe(fd, a->request.identity, identity) < 0) {
        complain("this host has no account for %s: give --account, the name that it has where the certificate is for",
                 a->request.identity);
        return -ENOENT;
    }
    a->account = identity->account;
    return 0;
}

static int make_certificate(struct arguments *a, char **ret_line, char error[ISSUE_ERROR_SIZE])
{
    struct ssh_certificate certificate = {
        .ca = a->ca ? a->ca : PATH_SSH_CA, .holder = a->request.holder, .from = a->request.now};
    struct identity identity;
    char *text = NULL;
    int r = take_account(a, &identity), status = EXIT_YES;

    if (r < 0)
        return EXIT_NO;
    if (a->with_token)
        status = make_token(a, &text, error);
    else if ((r = credential_task_claims(&a->request, &text, error)) < 0)
        return refused(r, error);
    if (status != EXIT_YES)
        return status;
    certificate.account = a->account;
    certificate.task = a->request.task;
    certificate.until = a->request.now + a->request.lifetime;
    certificate.extension = a->with_token ? CERTIFICATE_TOKEN_EXTENSION : CERTIFICATE_CLAIMS_EXTENSION;
    certificate.value = text;
    r = ssh_certificate_make(&certificate, ret_line);
    free(text);
    if (r < 0)
        return EXIT_NO;
    if (!a->with_token && (r = credential_check_certificate(&a->request, a->account, *ret_line, error)) < 0)
        return refused(r, error);
    return EXIT_YES;
}

int verb_issue(int argc, char **argv)
{
    CLEANUP(key_freep) struct key *holder = NULL;
    struct arguments a = {.request = {.lifetime = 300}};
    char error[ISSUE_ERROR_SIZE] = "", *made = NULL;
    int r = take_options(argc, argv, &a);

    if (r)
        return r;
    if (take_audience(&a) < 0 || input_public_key(a.holder, &holder) < 0)
        return EXIT_NO;
    a.request.holder = holder;
    a.request.tools = a.tools;
    a.request.now = clock_wall_seconds();
    r = a.certificate ? make_certificate(&a, &made, error) : make_token(&a, &made, error);
    if (r == EXIT_YES)
        puts(made);
    free(made);
    return r;
}
