#include "judge/standing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "judge/ledger.h"
#include "judge/task.h"

/* The keys of one kind that a grant stands on: its own, then its ancestors'. They are digests: made where something is filed by them. */
struct keys {
    struct link own;
    const char *items[1 + ANCESTORS_MAX];
    size_t count;
};

static void keys_of(const struct grant *grant, enum link_kind kind, struct keys *ret)
{
    grant_link(grant, kind, &ret->own);
    ret->items[0] = ret->own.key;
    ret->count = 1;
    for (size_t i = 0; i < grant->ancestor_count; i++)
        if (grant->ancestors[i].kind == kind)
            ret->items[ret->count++] = grant->ancestors[i].key;
}

/* What is known counts, whatever else cannot be read: no error ends the reading, the first is the answer. */
static void keep_first(int *error, int r)
{
    if (*error == 0 && r < 0)
        *error = r;
}

/* --- tasks --- */

static int read_tasks(const struct ledger *root, const struct grant *grant, struct standing *standing)
{
    CLEANUP(ledger_close) struct ledger tasks = LEDGER_CLOSED;
    int error = ledger_open_at(root, "task", &tasks);
    struct keys keys;

    if (ledger_is_closed(&tasks))
        return error;
    keys_of(grant, LINK_TASK, &keys);
    for (int state = TASK_REVOKED; standing->task == TASK_ACTIVE && state > TASK_ACTIVE; state--) {
        CLEANUP(ledger_close) struct ledger ledger = LEDGER_CLOSED;

        keep_first(&error, ledger_open_at(&tasks, task_state_word((enum task_state)state), &ledger));
        for (size_t i = 0; i < keys.count; i++) {
            struct task_record record = {0};
            int r = ledger_read(&ledger, keys.items[i], &task_format, &record);

            if (r == 0)
                standing->task = (enum task_state)state;
            else if (r != -ENOENT)
                keep_first(&error, r);
        }
    }
    return error;
}

/* --- revocations --- */

/* Does the record of this key, where there is one, revoke what was issued then? 1, 0 or -errno. */
static int revokes(const struct ledger *ledger, const char *key, int64_t issued)
{
    struct revocation revocation = {.before = INT64_MAX};
    int r = ledger_read(ledger, key, &revocation_format, &revocation);

    if (r == 0)
        return issued <= revocation.before || revocation.kind == LINK_JTI;
    return r == -ENOENT ? 0 : r;
}

/* The same of the patterns that the identity lies below: spiffe://td/a/b by spiffe://td/a/? and spiffe://td/?, ? a star. */
static int pattern_revokes(const struct ledger *ledger, const char *identity, int64_t issued)
{
    char pattern[SPIFFE_ID_MAX + 2];
    struct link link;
    const char *at;
    int r = 0;

    (void)spiffe_trust_domain(identity, &at);
    while (r == 0 && (at = strchr(at, '/'))) {
        size_t len = (size_t)(++at - identity);

        memcpy(pattern, identity, len);
        strcpy(pattern + len, "*");
        link_make(&link, LINK_IDENTITY, NULL, pattern);
        r = revokes(ledger, link.key, issued);
    }
    return r;
}

static void note_revocation(int r, enum link_kind kind, struct standing *standing, int *error)
{
    keep_first(error, r);
    if (r > 0) {
        standing->revoked = 1;
        standing->revoked_by = kind;
    }
}

/* A chain is as old as its root: none of its tokens was issued before. */
static int read_revocations(const struct ledger *root, const struct grant *grant, struct standing *standing)
{
    CLEANUP(ledger_close) struct ledger revoked = LEDGER_CLOSED;
    int error = ledger_open_at(root, "revoked", &revoked);

    for (int kind = LINK_JTI; !standing->revoked && kind < LINK_KINDS; kind++) {
        CLEANUP(ledger_close) struct ledger ledger = LEDGER_CLOSED;
        struct keys keys;

        keep_first(&error, ledger_open_at(&revoked, link_kind_word((enum link_kind)kind), &ledger));
        if (ledger_is_closed(&ledger))
            continue;
        keys_of(grant, (enum link_kind)kind, &keys);
        for (size_t i = 0; i < keys.count; i++)
            note_revocation(revokes(&ledger, keys.items[i], grant->issued), (enum link_kind)kind, standing, &error);
        if (kind != LINK_IDENTITY)
            continue;
        note_revocation(pattern_revokes(&ledger, grant->identity, grant->issued), LINK_IDENTITY, standing, &error);
        if (grant->delegator[0])
            note_revocation(pattern_revokes(&ledger, grant->delegator, grant->issued), LINK_IDENTITY, standing, &error);
    }
    return error;
}

/* --- risk --- */

/* Where it is filed: the host's under a name of its own. */
static void risk_keys(const struct grant *grant, enum risk_subject subject, struct keys *ret)
{
    if (subject != RISK_HOST) {
        keys_of(grant, subject == RISK_TASK ? LINK_TASK : LINK_IDENTITY, ret);
        return;
    }
    state_key("", "", ret->own.key);
    ret->items[0] = ret->own.key;
    ret->count = 1;
}

static int read_risk(const struct ledger *risks, enum risk_subject subject, const struct grant *grant, int64_t now,
                     struct standing *standing)
{
    CLEANUP(ledger_close) struct ledger ledger = LEDGER_CLOSED;
    int error = ledger_open_at(risks, risk_subject_word(subject), &ledger);
    struct keys keys;

    if (ledger_is_closed(&ledger))
        return error;
    risk_keys(grant, subject, &keys);
    for (size_t i = 0; i < keys.count; i++) {
        struct risk risk = {0};
        int r = ledger_read(&ledger, keys.items[i], &risk_format, &risk);

        if (r == 0 && (risk.until == 0 || risk.until > now) && risk.level > standing->risk)
            standing->risk = risk.level;
        keep_first(&error, r == -ENOENT ? 0 : r);
    }
    return error;
}

static int read_risks(const struct ledger *root, const struct grant *grant, int64_t now, struct standing *standing)
{
    CLEANUP(ledger_close) struct ledger risks = LEDGER_CLOSED;
    int error = ledger_open_at(root, "risk", &risks);

    for (int subject = 0; subject < RISK_SUBJECTS; subject++)
        keep_first(&error, read_risk(&risks, (enum risk_subject)subject, grant, now, standing));
    return error;
}

/* --- the red button: that it is there is enough --- */

static int read_stop(const struct ledger *root, struct standing *standing)
{
    struct stat st;

    if (root->run < 0)
        return 0;
    if (fstatat(root->run, "stop", &st, AT_SYMLINK_NOFOLLOW) == 0)
        standing->stopped = 1;
    else if (errno != ENOENT)
        return -errno;
    return 0;
}

int standing_of(const struct grant *grant, int64_t now, struct standing *ret)
{
    CLEANUP(ledger_close) struct ledger root = LEDGER_CLOSED;
    int error = ledger_open(&root);

    *ret = (struct standing){.task = TASK_ACTIVE, .risk = LEVEL_LOW};
    keep_first(&error, read_stop(&root, ret));
    keep_first(&error, read_tasks(&root, grant, ret));
    keep_first(&error, read_revocations(&root, grant, ret));
    keep_first(&error, read_risks(&root, grant, now, ret));
    return error;
}
