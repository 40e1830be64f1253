/* revoke jti, key, identity, issuer; revoke list, lift: the fact first, then the doorbell of every session that stands on it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/arguments.h"
#include "agentctl/fates.h"
#include "agentctl/host.h"
#include "agentctl/issuers.h"
#include "agentctl/say.h"
#include "agentctl/table.h"
#include "agentctl/verbs.h"
#include "core/clock.h"
#include "core/text.h"
#include "judge/task.h"
#include "trust/credential.h"
#include "trust/jwk.h"
#include "trust/sshkey.h"

/* --- what is meant --- */

static int is_thumbprint(const char *text)
{
    return strlen(text) == THUMBPRINT_MAX &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == THUMBPRINT_MAX;
}

/* A thumbprint, or a file with the public key as ssh or JSON (JWK) writes it. */
static int take_key(const char *text, char *value, size_t cap)
{
    CLEANUP(key_freep) struct key *key = NULL;
    char file[JWK_TEXT_MAX], thumbprint[KEY_THUMBPRINT_SIZE];
    size_t len;
    int r;

    if (is_thumbprint(text))
        return text_copy(value, cap, text);
    r = read_input(text, file, sizeof file, &len);
    if (r == 0 && sshkey_parse_line(file, len, &key) < 0)
        r = jwk_parse_text(file, len, &key);
    if (r == 0)
        r = jwk_thumbprint(key, thumbprint);
    if (r == 0)
        return text_copy(value, cap, thumbprint);
    complain(
        "a key is named by its thumbprint (RFC 7638, 43 characters), or by a file with the public key (ssh or JWK)");
    return r;
}

/* 0; -EINVAL, and it is said. */
static int take_value(enum link_kind kind, const char *text, struct revocation *ret)
{
    int r = 0;

    ret->kind = kind;
    switch (kind) {
    case LINK_JTI:
        r = argument_fits("a jti", text, JTI_MAX) ? 0 : -EINVAL;
        break;
    case LINK_ISSUER:
        r = argument_fits("an issuer", text, ISS_MAX) ? 0 : -EINVAL;
        break;
    case LINK_KEY:
        return take_key(text, ret->value, sizeof ret->value) < 0 ? -EINVAL : 0;
    case LINK_IDENTITY:
        r = spiffe_pattern_valid(text) ? 0 : -EINVAL;
        if (r < 0)
            complain("an identity is a SPIFFE ID, or one that ends in /* for all below");
        break;
    default:
        r = -EINVAL;
    }
    return r < 0 ? r : text_copy(ret->value, sizeof ret->value, text);
}

/* A jti is its issuer's. 0, or the exit status. */
static int take_issuer(const struct arguments *a, struct revocation *ret)
{
    struct issuers issuers;
    const char *iss = a->issuer;

    if (ret->kind != LINK_JTI)
        return 0;
    if (!iss)
        iss = issuers_choose(&issuers, LINK_JTI, ret->value);
    return iss && text_copy(ret->iss, sizeof ret->iss, iss) == 0 ? 0 : EXIT_USAGE;
}

static void print_revocation(const char *word, const struct revocation *revocation)
{
    char when[32];

    printf("%s %s ", word, link_kind_word(revocation->kind));
    print_escaped(stdout, revocation->value);
    if (revocation->iss[0]) {
        fputs(" of ", stdout);
        print_escaped(stdout, revocation->iss);
    }
    if (revocation->before != INT64_MAX && revocation->before != 0)
        printf(", credentials issued until %s", format_time(revocation->before, when));
    putchar('\n');
}

/* --- revoke jti, key, identity, issuer --- */

/* A pattern names no link: the sessions are looked through for it. */
static int ring(const struct revocation *revocation, int durable)
{
    struct ring_filter filter = {0};
    struct link link;

    if (revocation->kind == LINK_IDENTITY && !spiffe_id_valid(revocation->value)) {
        filter.identity = revocation->value;
    } else {
        link_make(&link, revocation->kind, revocation->iss, revocation->value);
        filter.link = &link;
    }
    return fates_print(&filter, 1, revocation->before == INT64_MAX ? FATE_ENDS : FATE_ANY, durable);
}

static int revoke(struct revocation *revocation)
{
    int durable = 0, r = revocation_put(revocation, &durable);

    if (r < 0) {
        complain("the revocation could not be written: %s", strerror(-r));
        return EXIT_PART;
    }
    print_revocation("revoked", revocation);
    return ring(revocation, durable);
}

int verb_revoke(int argc, char **argv)
{
    enum link_kind kind = (enum link_kind)link_kind_parse(argv[0]);
    struct revocation revocation = {.since = clock_wall_seconds(), .since_boot = clock_boot_ms()};
    struct arguments a;
    int takes = kind == LINK_JTI ? TAKES_NOTE | TAKES_ISSUER : TAKES_NOTE | TAKES_BEFORE;
    int status = arguments_take(argc, argv, takes, 1, 1, &a);

    if (status)
        return status;
    if (take_value(kind, a.words[0], &revocation) < 0 || text_copy(revocation.note, sizeof revocation.note, a.note) < 0)
        return EXIT_USAGE;
    if (!is_root("revoke"))
        return EXIT_NO;
    status = take_issuer(&a, &revocation);
    if (status)
        return status;
    /* An issuer goes on: what it issues later is good. Its clock may be ahead by as much as a login tolerates. */
    revocation.before = a.before >= 0         ? a.before
                        : kind == LINK_ISSUER ? revocation.since + CREDENTIAL_SKEW_SECONDS
                                              : INT64_MAX;
    return revoke(&revocation);
}

/* --- revoke lift --- */

int verb_revoke_lift(int argc, char **argv)
{
    struct revocation revocation = {0};
    struct arguments a;
    int status = arguments_take(argc, argv, TAKES_ISSUER, 2, 2, &a), kind, r;

    if (status)
        return status;
    kind = link_kind_parse(a.words[0]);
    if (kind < 0 || kind == LINK_TASK) {
        complain("what was revoked is a jti, key, identity or issuer");
        return EXIT_USAGE;
    }
    if (take_value((enum link_kind)kind, a.words[1], &revocation) < 0)
        return EXIT_USAGE;
    if (!is_root("revoke lift"))
        return EXIT_NO;
    status = take_issuer(&a, &revocation);
    if (status)
        return status;
    r = revocation_lift(&revocation);
    if (r == -ENOENT) {
        complain("this %s is not revoked", a.words[0]);
        return EXIT_NO;
    }
    if (r < 0) {
        complain("the revocation could not be lifted: %s", strerror(-r));
        return EXIT_PART;
    }
    print_revocation("lifted", &revocation);
    return EXIT_YES;
}

/* --- revoke list --- */

static int add_row(const struct revocation *revocation, void *arg)
{
    struct table *table = arg;

    table_cell(table, link_kind_word(revocation->kind));
    table_cell(table, revocation->value);
    table_cell(table, revocation->iss);
    table_time(table, revocation->before == INT64_MAX ? 0 : revocation->before);
    table_time(table, revocation->since);
    table_cell(table, revocation->note);
    return 0;
}

static int add_json(const struct revocation *revocation, void *arg)
{
    json_t *row = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "kind", link_kind_word(revocation->kind), "value",
                            json_of_text(revocation->value), "iss", json_of_text(revocation->iss), "before",
                            json_of_time(revocation->before == INT64_MAX ? 0 : revocation->before), "since",
                            json_of_time(revocation->since), "note", json_of_text(revocation->note));

    return json_array_append_new(arg, row) < 0 ? -ENOMEM : 0;
}

int verb_revoke_list(int argc, char **argv)
{
    static const char *const heads[] = {"KIND", "VALUE", "ISSUER", "ISSUED-BEFORE", "SINCE", "NOTE", NULL};
    struct arguments a;
    struct table table;
    json_t *array;
    int status = arguments_take(argc, argv, TAKES_JSON, 0, 0, &a), r, shown;

    if (status)
        return status;
    if (!is_root("revoke list"))
        return EXIT_PART;
    array = json_array();
    table_start(&table, heads);
    r = a.json ? revocations_each(add_json, array) : revocations_each(add_row, &table);
    if (r < 0)
        complain("the revocations cannot be read: %s", strerror(-r));
    shown = a.json ? print_json_value(json_incref(array)) : table_print(&table, stdout);
    table_clear(&table);
    json_decref(array);
    return r < 0 || shown < 0 ? EXIT_PART : EXIT_YES;
}
