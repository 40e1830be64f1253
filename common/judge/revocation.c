#include <errno.h>
#include <string.h>

#include "core/text.h"
#include "judge/ledger.h"
#include "judge/task.h"

/* --- the record: revoked/KIND/KEY --- */

static void put(struct fields_writer *w, const void *object)
{
    const struct revocation *revocation = object;

    fields_put(w, "kind", link_kind_word(revocation->kind));
    if (revocation->before != INT64_MAX)
        fields_put_u64(w, "before", (uint64_t)revocation->before);
    fields_put_u64(w, "since", (uint64_t)revocation->since);
    fields_put_u64(w, "since-boot", (uint64_t)revocation->since_boot);
    fields_put(w, "note", revocation->note);
    fields_put(w, "iss", revocation->iss);
    fields_put(w, "value", revocation->value); /* last: a text that was cut short is not complete */
}

static int take_kind(struct revocation *revocation, const char *value)
{
    int kind = link_kind_parse(value);

    if (kind < 0)
        return -EBADMSG;
    revocation->kind = (enum link_kind)kind;
    return 1;
}

static int take(void *object, const char *key, const char *value)
{
    struct revocation *revocation = object;

    if (strcmp(key, "kind") == 0)
        return take_kind(revocation, value);
    if (strcmp(key, "iss") == 0)
        return state_take_text(revocation->iss, sizeof revocation->iss, value);
    if (strcmp(key, "value") == 0)
        return state_take_text(revocation->value, sizeof revocation->value, value);
    if (strcmp(key, "before") == 0)
        return state_take_i64(&revocation->before, value);
    if (strcmp(key, "since") == 0)
        return state_take_i64(&revocation->since, value);
    if (strcmp(key, "since-boot") == 0)
        return state_take_i64(&revocation->since_boot, value);
    if (strcmp(key, "note") == 0)
        return state_take_text(revocation->note, sizeof revocation->note, value);
    return 0;
}

static int complete(const void *object)
{
    const struct revocation *revocation = object;

    return revocation->kind != LINK_TASK && revocation->value[0];
}

const struct state_format revocation_format = {.put = put, .take = take, .complete = complete};

/* --- writing --- */

int revocation_put(const struct revocation *revocation, int *ret_durable)
{
    struct link link;

    if (!complete(revocation))
        return -EINVAL;
    link_make(&link, revocation->kind, revocation->iss, revocation->value);
    return ledger_put("revoked", link_kind_word(link.kind), link.key, &revocation_format, revocation, ret_durable);
}

int revocation_lift(const struct revocation *revocation)
{
    struct link link;

    if (!complete(revocation))
        return -EINVAL;
    link_make(&link, revocation->kind, revocation->iss, revocation->value);
    return ledger_remove("revoked", link_kind_word(link.kind), link.key);
}

/* --- reading --- */

struct walk {
    int (*fn)(const struct revocation *revocation, void *arg);
    void *arg;
    int error; /* the first; what else there is, is still told */
};

static int visit(const struct ledger *ledger, const char *key, void *arg)
{
    struct revocation revocation = {.before = INT64_MAX};
    struct walk *walk = arg;
    int r = ledger_read(ledger, key, &revocation_format, &revocation);

    if (r == 0)
        return walk->fn(&revocation, walk->arg);
    if (r != -ENOENT && walk->error == 0)
        walk->error = r;
    return 0;
}

int revocations_each(int (*fn)(const struct revocation *revocation, void *arg), void *arg)
{
    struct walk walk = {.fn = fn, .arg = arg};
    int r = 0;

    for (int kind = LINK_JTI; r == 0 && kind < LINK_KINDS; kind++) {
        CLEANUP(ledger_close) struct ledger ledger = LEDGER_CLOSED;

        r = ledger_open_path("revoked", link_kind_word((enum link_kind)kind), &ledger);
        if (r == 0)
            r = ledger_each(&ledger, visit, &walk);
    }
    return r ? r : walk.error;
}
