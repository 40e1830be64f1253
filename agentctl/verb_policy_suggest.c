/* policy suggest: a file of policies for what observe mode let pass. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/arguments.h"
#include "agentctl/config_syntax.h"
#include "agentctl/decisions.h"
#include "agentctl/say.h"
#include "agentctl/suggest.h"
#include "agentctl/verbs.h"
#include "ask/who.h"
#include "core/clock.h"
#include "core/paths.h"
#include "judge/policy_store.h"

#define SINCE_DEFAULT (7 * 86400)

static int usage(const char *text)
{
    complain("%s", text);
    return EXIT_USAGE;
}

static int take_options(int argc, char **argv, struct observations *seen)
{
    static const struct option options[] = {
        {"since", required_argument, NULL, 's'}, {"account", required_argument, NULL, 'a'}, {0}};
    uint32_t seconds = SINCE_DEFAULT;
    int c;

    optind = 0;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'a')
            seen->account = optarg;
        else if (c != 's')
            return EXIT_USAGE; /* getopt has said it */
        else if (duration_parse(optarg, &seconds) < 0)
            return usage("--since: a time such as 90m, 12h or 7d");
    }
    if (optind < argc)
        return usage("no argument is expected");
    seen->since = clock_wall_seconds() - seconds;
    return 0;
}

static int is_account(const char *account)
{
    struct identity identity;
    int r = identity_of_account(account, &identity);

    if (r == 0)
        return EXIT_YES;
    if (r == -ENOENT)
        complain("no identity is configured for this account: see `agentctl identity list`");
    else
        complain("%s: %s: run `agentctl apply`", PATH_IDENTITIES, strerror(-r));
    return r == -ENOENT ? EXIT_NO : EXIT_PART;
}

static const char *identity_of(const char *account, void *identity)
{
    return identity_of_account(account, identity) == 0 ? ((struct identity *)identity)->id : NULL;
}

/* What `apply` would judge the suggestions by. */
static int read_host(struct apply *a)
{
    static const struct local_paths paths = {"/etc/passwd", "/etc/group", "/etc/subuid", "/etc/subgid"};
    const char *path = PATH_IDENTITIES;
    int r = config_read(PATH_CONFIG_DIR, &a->config, &a->problems);

    if (r < 0) {
        problems_print(&a->problems, stderr);
        return EXIT_PART;
    }
    r = local_read(&paths, &a->arena, &a->local, &path);
    if (r == 0) {
        path = PATH_IDENTITIES;
        r = accounts_load(path, &a->arena, &a->accounts);
        a->accounts.configured = a->accounts.count;
    }
    if (r == 0)
        return EXIT_YES;
    complain("%s: %s", path, strerror(-r));
    return EXIT_PART;
}

static int read_log(struct observations *seen)
{
    struct decisions_reading reading = {.needle = OBSERVED_NEEDLE, .take = observed_take, .arg = seen};
    int r = decisions_read(&reading);

    seen->bad += reading.bad;
    if (r == 0 || r == -ENOENT)
        return EXIT_YES;
    complain("%s: %s", PATH_DECISIONS, strerror(-r));
    return EXIT_PART;
}

/* A file as `apply` reads it is no larger. */
static int print(const struct observations *seen, struct apply *a)
{
    const struct suggest_host host = {.apply = a, .policies_of = policy_of_account};
    struct suggested suggested;
    char *text = NULL;
    size_t len;
    FILE *to = memory_must(open_memstream(&text, &len));
    int whole = seen->dropped == 0;

    suggest(seen, &host, &a->arena, &suggested);
    suggested_print(&suggested, seen, &a->config->escapes, to);
    if (ferror(to) | fclose(to))
        memory_must(NULL);
    fwrite(text, 1, len, stdout);
    free(text);
    if (!whole)
        complain("more than %d different logins and commands were observed: see --since and --account", OBSERVED_MAX);
    if (len > CONFIG_FILE_MAX)
        complain("the policies are too many for one file of %u bytes: see --since and --account", CONFIG_FILE_MAX);
    return whole && len <= CONFIG_FILE_MAX ? EXIT_YES : EXIT_PART;
}

static int run(struct observations *seen, struct apply *a)
{
    int status = seen->account ? is_account(seen->account) : EXIT_YES, read;

    if (status == EXIT_YES)
        status = read_host(a);
    if (status != EXIT_YES)
        return status;
    read = read_log(seen);
    status = print(seen, a);
    return read == EXIT_YES ? status : read;
}

int verb_policy_suggest(int argc, char **argv)
{
    struct apply a = {.dir = -1, .lock = -1};
    struct identity identity;
    struct observations seen = {.identity_of = identity_of, .arg = &identity};
    int status = take_options(argc, argv, &seen);

    if (status)
        return status;
    if (!is_root("policy suggest"))
        return EXIT_PART;
    status = run(&seen, &a);
    observations_clear(&seen);
    problems_clear(&a.problems);
    config_free(a.config);
    arena_clear(&a.arena);
    return status;
}
