/* why: the decision that a reference names, from the decision log. */
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "agentctl/arguments.h"
#include "agentctl/decisions.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "core/paths.h"
#include "core/reason.h"

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

struct search {
    const char *reference;
    json_t *found;
};

/* Of two of one name, the later. */
static void take_if_wanted(json_t *record, void *arg)
{
    struct search *search = arg;
    const char *uid = decision_text(record, "metadata", "uid");

    if (!uid || strcasecmp(uid, search->reference) != 0)
        return;
    json_decref(search->found);
    search->found = json_incref(record);
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
        {"agent", "agent"},     {"principal", "principal"}, {"issuer", "issuer"},
        {"purpose", "purpose"}, {"session", "session"},     {"service", "service"},
        {"phase", "phase"},     {"source", "source"},       {"run-as", "run_as"},
    };
    const char *code = json_string_value(json_object_get(record, "status_code"));
    const char *rule = decision_text(record, "unmapped", "rule"),
               *where = decision_text(record, "unmapped", "rule_where");
    enum reason reason = reason_parse(code ? code : "");
    long long ms = json_integer_value(json_object_get(record, "time"));
    char when[32];

    say("%s: %s%s", reason == REASON_PERMIT ? "PERMITTED" : "REFUSED", reason_word(reason),
        json_is_true(json_object_get(json_object_get(record, "unmapped"), "observed")) ? " (observed only)" : "");
    print_field("time", format_time(ms / 1000, when));
    print_field("step", decision_text(record, "unmapped", "step"));
    print_field("account", decision_text(record, "user", "name"));
    print_field("task", decision_text(record, "metadata", "correlation_uid"));
    for (size_t i = 0; i < COUNT_OF(facts); i++)
        print_field(facts[i][0], decision_text(record, "unmapped", facts[i][1]));
    print_command(record);
    print_field("detail", decision_text(record, "unmapped", "detail"));
    print_field("rule", rule);
    print_field("at", where);
    print_field("why", reason_meaning(reason));
    if (reason != REASON_PERMIT)
        print_field("mend", reason_mend(reason));
}

static int print_json(json_t *record)
{
    enum reason reason = reason_parse(json_string_value(json_object_get(record, "status_code")) ?: "");

    json_object_set_new(record, "meaning", json_string(reason_meaning(reason)));
    json_object_set_new(record, "mend", json_string(reason_mend(reason)));
    return print_json_value(json_incref(record)) < 0 ? EXIT_PART : EXIT_YES;
}

static int print_record(json_t *record, int json)
{
    if (json)
        return print_json(record);
    print_text(record);
    return EXIT_YES;
}

int verb_why(int argc, char **argv)
{
    struct arguments a;
    char reference[32];
    struct search search = {.reference = reference};
    int status = arguments_take(argc, argv, TAKES_JSON, 0, 1, &a), r;

    if (status)
        return status;
    if (a.count != 1 || parse_reference(a.words[0], reference, sizeof reference) < 0) {
        complain("one reference is expected, as in \"Access denied (ref 7F3C9B)\"");
        return EXIT_USAGE;
    }
    r = decisions_each(reference, take_if_wanted, &search);
    if (search.found) {
        status = print_record(search.found, a.json);
        json_decref(search.found);
        return status;
    }
    if (r < 0 && r != -ENOENT) {
        complain("%s: %s", PATH_DECISIONS, strerror(-r));
        return EXIT_PART;
    }
    complain("no decision %s is in " PATH_DECISIONS, reference);
    return EXIT_NO;
}
