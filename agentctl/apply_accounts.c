#include "agentctl/apply_accounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/apply_groups.h"
#include "core/names.h"
#include "core/paths.h"

/* For an account whose database was lost: no identity has it, the name is reserved (RFC 2606). */
#define LOST_ID "spiffe://lost.invalid/"

struct builder {
    const struct config *config;
    const struct local *local;
    const struct accounts *before;
    struct uids *uids;
    struct problems *problems;
    struct accounts *accounts;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct account *)a)->name, ((const struct account *)b)->name);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const struct account *accounts_find(const struct accounts *sorted, const char *name)
{
    const struct account wanted = {.name = name};

    return sorted->count ? bsearch(&wanted, sorted->items, sorted->count, sizeof wanted, compare_names) : NULL;
}

#define builder_problem(b, place, ...) problem_add((b)->problems, (place)->file, (place)->line, __VA_ARGS__)

/* --- accounts that /etc/passwd has --- */

static void take_local(struct builder *b, const struct identity_config *identity, const struct local_account *local,
                       struct account *account)
{
    const struct local_group *agents = local_group(b->local, AGENTS_GROUP);

    if (identity->slot > 1)
        builder_problem(b, &identity->place,
                        "identity \"%s\": a slot's account is made here, but this one is in /etc/passwd: give the "
                        "identity another name or fewer slots",
                        local->name);
    else if (local->uid == 0)
        builder_problem(b, &identity->place, "identity \"%s\": the account has uid 0: root is no agent", local->name);
    else if (!agents || !local_is_member(agents, local))
        builder_problem(b, &identity->place,
                        "identity \"%s\": this account of /etc/passwd is no member of group " AGENTS_GROUP
                        ": gpasswd -a %s " AGENTS_GROUP ", or choose another name",
                        local->name, local->name);
    else if (identity->unattended)
        builder_problem(b, &identity->place,
                        "identity \"%s\": unattended would run what agents leave (crontabs, units) in an account of "
                        "/etc/passwd, which is never cleared: remove it",
                        local->name);
    else if (identity->keep_seconds > 0)
        builder_problem(b, &identity->place,
                        "identity \"%s\": keep-home has no meaning for an account of /etc/passwd, whose home is never "
                        "put away: remove it",
                        local->name);
    account->local = account->keep_home = 1;
    account->uid = local->uid;
    account->gid = local->gid;
    account->home = local->home[0] == '/' ? local->home : "/";
    account->shell = local->shell[0] == '/' ? local->shell : NULL;
}

/* --- accounts of our own --- */

/* Another name for an agent's uid would be an agent that nobody decides about. */
static void check_uid(struct builder *b, const struct place *place, const char *name, uint32_t uid)
{
    const struct local_account *account = local_account_of_uid(b->local, uid);
    const struct local_group *group = local_group_of_gid(b->local, uid);

    if (account)
        builder_problem(b, place, "%s: its uid %u is also that of \"%s\" in /etc/passwd: give that account another uid",
                        name, uid, account->name);
    if (group)
        builder_problem(b, place,
                        "%s: its gid %u is also that of group \"%s\" in /etc/group: give that group another gid", name,
                        uid, group->name);
}

static void take_own(struct builder *b, const struct identity_config *identity, struct account *account)
{
    const struct host_config *host = &b->config->host;
    uint32_t uid = uids_find(b->uids, identity->account);

    if (local_group(b->local, identity->account))
        builder_problem(b, &identity->place,
                        "identity \"%s\": a group of this name is in /etc/group: choose another name",
                        identity->account);
    if (uid)
        check_uid(b, &identity->place, identity->account, uid);
    else if (uids_give(b->uids, b->local, host->uid_min + CONFIG_UIDS_RESERVED, host->uid_max, identity->account,
                       &uid) < 0)
        builder_problem(b, &identity->place, "identity \"%s\": no uid of uid-range %u-%u is left: widen it",
                        identity->account, host->uid_min, host->uid_max);
    account->uid = account->gid = uid;
}

/* The reaper ends a uid; what an agent keeps under others of its own would outlive its tasks. */
static void check_subordinates(struct builder *b, const struct place *place, const struct account *account)
{
    if (local_has_subordinates(b->local, account->name, account->uid))
        builder_problem(b, place,
                        "identity \"%s\": the account has subordinate ids, under which its processes and files would "
                        "outlive a task: take it out of /etc/subuid and /etc/subgid",
                        account->name);
}

static void build_configured(struct builder *b)
{
    struct accounts *accounts = b->accounts;

    accounts->items = arena_alloc(b->uids->arena, b->config->identity_count + b->before->count + b->uids->count,
                                  sizeof *accounts->items);
    for (size_t i = 0; i < b->config->identity_count; i++) {
        const struct identity_config *identity = &b->config->identities[i];
        const struct local_account *local = local_account(b->local, identity->account);
        struct account *account = &accounts->items[accounts->count++];

        *account = (struct account){.name = identity->account,
                                    .id = identity->id,
                                    .keep_home = identity->keep_home,
                                    .keep_seconds = identity->keep_seconds,
                                    .human_use = identity->human_use,
                                    .unattended = identity->unattended,
                                    .slot = identity->slot > 1};
        if (local)
            take_local(b, identity, local, account);
        else
            take_own(b, identity, account);
        check_subordinates(b, &identity->place, account);
        groups_take(identity, b->local, b->uids->arena, b->problems, account);
    }
    accounts->configured = accounts->count;
}

/* --- accounts of before --- */

/* The names of the configured accounts, to look others up in. */
static const char **configured_names(struct builder *b)
{
    size_t count = b->accounts->configured;
    const char **names = arena_alloc(b->uids->arena, count, sizeof *names);

    for (size_t i = 0; i < count; i++)
        names[i] = b->accounts->items[i].name;
    if (count)
        qsort(names, count, sizeof *names, compare_texts);
    return names;
}

static int is_configured(const struct builder *b, const char *const *names, const char *name)
{
    size_t count = b->accounts->configured;

    return count && bsearch(&name, names, count, sizeof *names, compare_texts);
}

static void build_disabled(struct builder *b, size_t known_uids)
{
    const char **configured = configured_names(b);

    for (size_t i = 0; i < b->before->count; i++) {
        struct account account = b->before->items[i];

        if (is_configured(b, configured, account.name))
            continue;
        account.disabled = 1;
        account.group_count = 0;
        account.human_use = 0;
        account.unattended = 0;
        b->accounts->items[b->accounts->count++] = account;
    }
    for (size_t i = 0; i < known_uids; i++) {
        const struct uid_entry *entry = &b->uids->entries[i];

        if (is_configured(b, configured, entry->account) || accounts_find(b->before, entry->account))
            continue;
        b->accounts->items[b->accounts->count++] =
            (struct account){.name = entry->account,
                             .id = arena_format(b->uids->arena, LOST_ID "%s", entry->account),
                             .uid = entry->uid,
                             .gid = entry->uid,
                             .disabled = 1};
    }
    /* In one order, whichever of the two told of them. */
    if (b->accounts->count > b->accounts->configured)
        qsort(b->accounts->items + b->accounts->configured, b->accounts->count - b->accounts->configured,
              sizeof *b->accounts->items, compare_names);
}

/* By uid; of one uid the configured ones first. */
static int compare_uids(const void *a, const void *b)
{
    const struct account *left = *(struct account *const *)a, *right = *(struct account *const *)b;

    if (left->uid != right->uid)
        return left->uid < right->uid ? -1 : 1;
    if (left->disabled != right->disabled)
        return left->disabled - right->disabled;
    return left < right ? -1 : left > right;
}

/* Accounts of /etc/passwd may share a uid, or have one that was another's before. */
static void check_uids_differ(struct builder *b)
{
    struct accounts *accounts = b->accounts;
    struct account **sorted = arena_alloc(b->uids->arena, accounts->count, sizeof *sorted);

    for (size_t i = 0; i < accounts->count; i++)
        sorted[i] = &accounts->items[i];
    if (accounts->count)
        qsort(sorted, accounts->count, sizeof *sorted, compare_uids);
    for (size_t i = 1; i < accounts->count; i++) {
        const struct account *one = sorted[i], *other = sorted[i - 1];

        if (one->uid != other->uid || one->uid == 0)
            continue;
        sorted[i]->shadowed = 1;
        if (!one->disabled)
            builder_problem(b, &b->config->identities[one - accounts->items].place,
                            "identity \"%s\" has the uid %u of identity \"%s\": each needs its own", one->name,
                            one->uid, other->name);
    }
}

/* Where the file of uids was lost, the database still tells who had which. */
static int restore_uids(struct builder *b)
{
    size_t count = b->uids->count;

    for (size_t i = 0; i < b->before->count; i++) {
        const struct account *account = &b->before->items[i];

        if (!account->local && !uids_find(b->uids, account->name))
            uids_add(b->uids, account->name, account->uid);
    }
    if (b->uids->count == count || uids_sort(b->uids) == 0)
        return 0;
    problem_add(b->problems, PATH_UIDS, 0,
                "contradicts " PATH_IDENTITIES ": one of them was changed by hand; restore it");
    return -EINVAL;
}

static void check_reserved(struct builder *b)
{
    const struct host_config *host = &b->config->host;

    for (uint32_t uid = host->uid_min; uid < host->uid_min + CONFIG_UIDS_RESERVED; uid++) {
        const char *owner = uids_owner(b->uids, uid);

        if (owner)
            builder_problem(b, &host->place,
                            "uid-range: its first two uids are for helpers, but %u is that of \"%s\": begin lower", uid,
                            owner);
        check_uid(b, &host->place, "uid-range", uid);
    }
}

int accounts_build(const struct config *config, const struct local *local, const struct accounts *before,
                   struct uids *uids, struct problems *problems, struct accounts *ret)
{
    struct accounts accounts = {0};
    struct builder b = {config, local, before, uids, problems, &accounts};
    size_t count = problems->count, known_uids;

    if (restore_uids(&b) < 0)
        return -EINVAL;
    check_reserved(&b);
    known_uids = uids->count;
    build_configured(&b);
    build_disabled(&b, known_uids);
    check_uids_differ(&b);
    if (problems->count > count || problems->dropped)
        return -EINVAL;
    *ret = accounts;
    return 0;
}
