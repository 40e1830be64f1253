#include "agentctl/arguments.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "agentctl/config_syntax.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "judge/grant.h"
#include "judge/task.h"

static const struct {
    int takes;
    struct option option;
} known[] = {
    {TAKES_JSON, {"json", no_argument, NULL, 'j'}},
    {TAKES_YES, {"yes", no_argument, NULL, 'y'}},
    {TAKES_QUIET, {"quiet", no_argument, NULL, 'q'}},
    {TAKES_ISSUER, {"issuer", required_argument, NULL, 'i'}},
    {TAKES_NOTE, {"note", required_argument, NULL, 'n'}},
    {TAKES_BEFORE, {"before", required_argument, NULL, 'b'}},
    {TAKES_FOR, {"for", required_argument, NULL, 'f'}},
    {TAKES_CREDENTIAL, {"credential", required_argument, NULL, 'c'}},
    {TAKES_CREDENTIAL, {"key", required_argument, NULL, 'k'}},
};

static int usage(const char *text)
{
    complain("%s", text);
    return EXIT_USAGE;
}

int argument_fits(const char *what, const char *text, size_t max)
{
    size_t len = strlen(text);
    json_t *utf8 = json_string(text); /* NULL for what is none */
    int fits = utf8 && len > 0 && len <= max;

    for (size_t i = 0; i < len; i++)
        fits = fits && (unsigned char)text[i] >= 0x20 && text[i] != 0x7f;
    json_decref(utf8);
    if (!fits)
        complain("%s has 1 to %zu bytes of UTF-8 and no control characters", what, max);
    return fits;
}

static int take_option(int c, struct arguments *a)
{
    switch (c) {
    case 'j':
        a->json = 1;
        return 0;
    case 'y':
        a->yes = 1;
        return 0;
    case 'q':
        a->quiet = 1;
        return 0;
    case 'i':
        a->issuer = optarg;
        return argument_fits("an issuer", optarg, ISS_MAX) ? 0 : EXIT_USAGE;
    case 'n':
        a->note = optarg;
        return argument_fits("a note", optarg, NOTE_MAX) ? 0 : EXIT_USAGE;
    case 'b':
        return parse_time(optarg, &a->before) == 0 ? 0 : usage("--before: a time such as 2026-11-23T20:17:10Z, or now");
    case 'f':
        return duration_parse(optarg, &a->seconds) == 0 ? 0 : usage("--for: a time such as 90s, 10m, 2h or 1d");
    case 'c':
        a->credential = optarg;
        return 0;
    case 'k':
        a->key = optarg;
        return 0;
    default:
        return EXIT_USAGE; /* getopt has said it */
    }
}

int arguments_take(int argc, char **argv, int takes, size_t min, size_t max, struct arguments *ret)
{
    struct option options[COUNT_OF(known) + 1] = {{0}};
    size_t count = 0;
    int c;

    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (known[i].takes & takes)
            options[count++] = known[i].option;
    *ret = (struct arguments){.note = "", .before = -1};
    optind = 0; /* from the start, however often */
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        int status = take_option(c, ret);

        if (status)
            return status;
    }
    count = (size_t)(argc - optind);
    if (count < min)
        return usage("an argument is missing");
    if (count > max)
        return usage(max == 0 ? "no argument is expected" : "too many arguments");
    while (ret->count < count)
        ret->words[ret->count++] = argv[optind++];
    return 0;
}

int is_root(const char *verb)
{
    if (geteuid() == 0)
        return 1;
    complain("%s needs root", verb);
    return 0;
}
