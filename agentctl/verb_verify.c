/* verify: what the gate would say of a credential, as far as it can be said without a login. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/inputs.h"
#include "agentctl/say.h"
#include "agentctl/verification.h"
#include "agentctl/verbs.h"
#include "core/clock.h"
#include "core/fields.h"
#include "judge/standing.h"

/* What this host knows against the credential, by the grant that gate would make of it. */
static enum reason reason_here(const struct credential *credential, int64_t now)
{
    static struct grant grant; /* large: a scope */
    enum reason reason = verification_grant(credential, &grant);
    struct standing standing;

    if (reason != REASON_PERMIT)
        return reason;
    if (standing_of(&grant, now, &standing) < 0)
        return REASON_STATE_UNAVAILABLE;
    return standing.stopped                  ? REASON_STOPPED
           : standing.task == TASK_REVOKED   ? REASON_TASK_REVOKED
           : standing.revoked                ? REASON_REVOKED
           : standing.task == TASK_COMPLETED ? REASON_TASK_COMPLETED
           : standing.task == TASK_SUSPENDED ? REASON_TASK_SUSPENDED
                                             : REASON_PERMIT;
}

/* 0 and what was found, or the exit status where nothing can be said. */
static int find(const char *token, size_t len, struct verification *f)
{
    int64_t now = clock_wall_seconds();

    if (verification_make(token, len, NULL, now, f) < 0)
        return EXIT_PART;
    if (f->reason != REASON_PERMIT)
        return 0;
    f->reason = reason_here(f->credential, now);
    f->here = f->reason != REASON_PERMIT;
    return 0;
}

/* The scope as "host:sudo runas=root command=/usr/bin/id", a line a tool. */
static void print_scope(const char *scope, size_t len)
{
    char *text = malloc(len + 1);
    const char *key, *value;
    struct fields f;
    int values = 0, tools = 0;

    if (!text)
        return;
    memcpy(text, scope, len);
    text[len] = '\0';
    if (fields_open(&f, text, len) == 0) {
        while (fields_next(&f, &key, &value) == 1) {
            if (!strcmp(key, "tool")) {
                printf("%s  %-10s ", tools++ ? "\n" : "", "tool");
                print_escaped(stdout, value);
            } else if (!strcmp(key, "arg") || !strcmp(key, "optional")) {
                putchar(' ');
                print_escaped(stdout, value);
                fputs(key[0] == 'o' ? "?=" : "=", stdout);
                values = 0;
            } else if (!strcmp(key, "any")) {
                putchar('*');
            } else if (!strcmp(key, "is")) {
                printf("(%s)", value);
                values = 0;
            } else if (!strcmp(key, "open")) {
                printf("%s(", value);
                values = 0;
            } else if (!strcmp(key, "close")) {
                putchar(')');
            } else if (!strcmp(key, "rest")) {
                fputs(" ...", stdout);
            } else if (!strcmp(key, "list-empty")) {
                fputs(values++ ? ",[]" : "[]", stdout);
            } else {
                fputs(!strcmp(key, "item") ? " " : values++ ? "," : "", stdout);
                print_escaped(stdout, value);
            }
        }
    }
    putchar('\n');
    free(text);
}

static void print_text(const struct verification *f)
{
    const struct credential *c = f->credential;
    char until[32];

    say("%s: %s", reason_word(f->reason), reason_meaning(f->reason));
    if (f->reason != REASON_PERMIT) {
        print_field("at", f->here ? "the state of this host" : f->detail);
        print_field("mend", reason_mend(f->reason));
    }
    if (!c)
        return;
    print_field("kind", issuer_kind_word(c->kind));
    print_field("identity", c->identity);
    print_field("principal", c->principal);
    print_field("task", c->task);
    print_field("purpose", c->purpose);
    print_field("sensitivity", c->sensitivity);
    print_field("issuer", c->issuer);
    print_field("iss", c->iss);
    print_field("jti", c->jti);
    print_field("expires", format_time(c->exp, until));
    print_field("key", c->holder_thumbprint[0] ? c->holder_thumbprint : "none: it is taken where a policy says bearer");
    for (size_t i = 0; i < c->ancestor_count; i++) {
        print_field(i ? "then from" : "derived from", c->ancestors[i].jti);
        print_field("held by", c->ancestors[i].holder_thumbprint);
    }
    if (c->voucher) {
        print_field("stands on", c->voucher->jti);
        print_field("by", c->voucher->iss);
        print_field("delegatee", c->voucher->identity);
    }
    print_scope(c->scope, c->scope_len);
}

static json_t *json_of_ancestors(const struct credential *c)
{
    json_t *chain = json_array();

    for (size_t i = 0; i < c->ancestor_count; i++)
        json_array_append_new(
            chain, json_pack("{s:s, s:s}", "jti", c->ancestors[i].jti, "holder", c->ancestors[i].holder_thumbprint));
    return chain;
}

static json_t *json_of_voucher(const struct voucher *voucher)
{
    if (!voucher)
        return NULL;
    return json_pack("{s:s, s:s, s:s, s:s*, s:b}", "issuer", voucher->issuer, "iss", voucher->iss, "jti", voucher->jti,
                     "identity", voucher->identity, "once", voucher->unbound);
}

/* The step of the draft that a detail begins with; NULL: it is none of the draft's. */
static json_t *json_of_step(const char *detail)
{
    size_t len = detail ? strcspn(detail, ":") : 0;

    if (len == 0 || len > 4 || detail[len] != ':' || detail[0] < '1' || detail[0] > '9')
        return json_null();
    return json_stringn(detail, len);
}

static json_t *json_of_credential(const struct credential *c)
{
    return json_pack("{s:s, s:s, s:s*, s:s, s:s*, s:s*, s:s, s:s, s:s, s:I, s:I, s:s*, s:O*, s:o, s:o*}", "kind",
                     issuer_kind_word(c->kind), "identity", c->identity, "principal", c->principal, "task", c->task,
                     "purpose", c->purpose, "sensitivity", c->sensitivity, "issuer", c->issuer, "iss", c->iss, "jti",
                     c->jti, "iat", (json_int_t)c->iat, "exp", (json_int_t)c->exp, "holder",
                     c->holder_thumbprint[0] ? c->holder_thumbprint : NULL, "tools", c->tools, "chain",
                     json_of_ancestors(c), "voucher", json_of_voucher(c->voucher));
}

static void print_json(const struct verification *f)
{
    int permitted = f->reason == REASON_PERMIT;
    json_t *out = json_pack("{s:b, s:s, s:s, s:s*, s:o}", "valid", permitted, "reason", reason_word(f->reason), "mend",
                            reason_mend(f->reason), "at", permitted ? NULL : f->detail, "step",
                            json_of_step(permitted || f->here ? NULL : f->detail));
    json_t *claims = f->credential ? json_of_credential(f->credential) : NULL;

    if (out && claims)
        json_object_update(out, claims);
    json_decref(claims);
    json_dumpf(out, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(out);
}

int verb_verify(int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
    static char token[CREDENTIAL_MAX + 8];
    struct verification f = {.reason = REASON_INTERNAL};
    int c, json = 0, status;
    size_t len;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c != 'j')
            return EXIT_USAGE;
        json = 1;
    }
    if (argc - optind > 1) {
        complain("one credential at a time");
        return EXIT_USAGE;
    }
    if (input_credential(optind < argc ? argv[optind] : "-", token, sizeof token, &len) < 0)
        return EXIT_PART;
    status = find(token, len, &f);
    if (status)
        return status;
    (json ? print_json : print_text)(&f);
    credential_free(f.credential);
    return f.reason == REASON_PERMIT ? EXIT_YES : f.reason == REASON_STATE_UNAVAILABLE ? EXIT_PART : EXIT_NO;
}
