/* why: the decision that a reference names, from the decision log. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/reason.h"
#include "core/text.h"
#include "judge/record.h"
#include "trust/json.h"

/* The reference as it is written in the log: hex, in either case. 0, or -EINVAL for what is none. */
static int parse_reference(const char *text, char *buf, size_t cap)
{
    size_t len = strlen(text);

    if (len == 0 || len >= cap)
        return -EINVAL;
    for (size_t i = 0; i <= len; i++) {
        if (text[i] && !isxdigit((unsigned char)text[i]))
            return -EINVAL;
        buf[i] = (char)toupper((unsigned char)text[i]);
    }
    return 0;
}

static const char *member(const json_t *record, const char *object, const char *name)
{
    return json_string_value(json_object_get(json_object_get(record, object), name));
}

static int is_wanted(const char *line, size_t len, const char *reference, json_t **ret_record)
{
    const char *found;

    if (json_strict_parse_object(line, len, ret_record) < 0)
        return 0;
    found = member(*ret_record, "metadata", "uid");
    if (found && !strcasecmp(found, reference))
        return 1;
    json_decref(*ret_record);
    *ret_record = NULL;
    return 0;
}

/* The last record of that name in one log file. 0, -ENOENT, -errno of the file. */
static int search(const char *path, const char *reference, json_t **ret_record)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    FILE *log;
    int fd, r = file_open(path, &fd);

    if (r < 0)
        return r;
    log = fdopen(fd, "re");
    if (!log) {
        close(fd);
        return -ENOMEM;
    }
    while ((len = getline(&line, &cap, log)) >= 0) {
        json_t *record;

        /* Most lines hold the text nowhere: they need no parser. */
        if (len <= RECORD_MAX && strcasestr(line, reference) && is_wanted(line, (size_t)len, reference, &record)) {
            json_decref(*ret_record);
            *ret_record = record;
        }
    }
    r = ferror(log) ? -EIO : *ret_record ? 0 : -ENOENT;
    free(line);
    fclose(log);
    return r;
}

static void print_command(const json_t *record)
{
    json_t *words = json_object_get(json_object_get(record, "unmapped"), "command"), *word;
    size_t i;

    if (!json_array_size(words))
        return;
    printf("  %-10s", "command");
    json_array_foreach(words, i, word)
    {
        putchar(' ');
        print_escaped(stdout, json_string_value(word));
    }
    putchar('\n');
}

static void print_text(const json_t *record)
{
    static const char *const facts[][2] = {
        {"agent", "agent"},     {"issuer", "issuer"}, {"purpose", "purpose"}, {"session", "session"},
        {"service", "service"}, {"phase", "phase"},   {"source", "source"},   {"run-as", "run_as"},
    };
    const char *code = json_string_value(json_object_get(record, "status_code"));
    const char *rule = member(record, "unmapped", "rule"), *where = member(record, "unmapped", "rule_where");
    enum reason reason = reason_parse(code ? code : "");
    long long ms = json_integer_value(json_object_get(record, "time"));
    char when[32];

    say("%s: %s%s", reason == REASON_PERMIT ? "PERMITTED" : "REFUSED", reason_word(reason),
        json_is_true(json_object_get(json_object_get(record, "unmapped"), "observed")) ? " (observed only)" : "");
    print_field("time", format_time(ms / 1000, when));
    print_field("step", member(record, "unmapped", "step"));
    print_field("account", member(record, "user", "name"));
    print_field("task", member(record, "metadata", "correlation_uid"));
    for (size_t i = 0; i < COUNT_OF(facts); i++)
        print_field(facts[i][0], member(record, "unmapped", facts[i][1]));
    print_command(record);
    print_field("detail", member(record, "unmapped", "detail"));
    print_field("rule", rule);
    print_field("at", where);
    print_field("why", reason_meaning(reason));
    if (reason != REASON_PERMIT)
        print_field("mend", reason_mend(reason));
}

static void print_json(json_t *record)
{
    enum reason reason = reason_parse(json_string_value(json_object_get(record, "status_code")) ?: "");

    json_object_set_new(record, "meaning", json_string(reason_meaning(reason)));
    json_object_set_new(record, "mend", json_string(reason_mend(reason)));
    json_dumpf(record, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    putchar('\n');
}

static int look_up(const char *reference, json_t **ret_record)
{
    int r = search(PATH_DECISIONS, reference, ret_record);

    return r == -ENOENT ? search(PATH_DECISIONS ".1", reference, ret_record) : r;
}

int verb_why(int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
    CLEANUP(json_freep) json_t *record = NULL;
    char reference[32];
    int c, json = 0, r;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c != 'j')
            return EXIT_USAGE;
        json = 1;
    }
    if (argc - optind != 1 || parse_reference(argv[optind], reference, sizeof reference) < 0) {
        complain("one reference is expected, as in \"Access denied (ref 7F3C9B)\"");
        return EXIT_USAGE;
    }
    r = look_up(reference, &record);
    if (r == -ENOENT) {
        complain("no decision %s is in " PATH_DECISIONS, reference);
        return EXIT_NO;
    }
    if (r < 0) {
        complain("%s: %s", PATH_DECISIONS, strerror(-r));
        return EXIT_PART;
    }
    if (json)
        print_json(record);
    else
        print_text(record);
    return EXIT_YES;
}
