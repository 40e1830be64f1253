/* What apply changes: accounts, and the permissions that each gains and loses. */
#include <stdlib.h>
#include <string.h>

#include "agentctl/apply_groups.h"
#include "agentctl/apply_parts.h"
#include "agentctl/permissions.h"
#include "core/database.h"
#include "core/files.h"
#include "judge/policy_store.h"

#define ACCOUNTS_SHOWN 100 /* of each kind of change; the others are counted */

/* --- accounts --- */

enum change { CHANGE_DISABLED, CHANGE_NEW, CHANGE_BACK, CHANGE_ID, CHANGE_COUNT, CHANGE_NONE };

static enum change change_of(const struct account *then, const struct account *now)
{
    if (now->disabled)
        return then && !then->disabled ? CHANGE_DISABLED : CHANGE_NONE;
    if (!then)
        return CHANGE_NEW;
    if (then->disabled)
        return CHANGE_BACK;
    return strcmp(now->id, then->id) != 0 ? CHANGE_ID : CHANGE_NONE;
}

static void print_change(enum change change, const struct account *then, const struct account *now, FILE *out)
{
    if (change == CHANGE_DISABLED)
        fprintf(out, "identity %s: no longer configured, disabled (uid %u stays its own)\n", now->name, now->uid);
    else if (change == CHANGE_ID)
        fprintf(out, "identity %s: now %s, was %s\n", now->name, now->id, then->id);
    else
        fprintf(out, "identity %s: %s, uid %u, %s\n", now->name, change == CHANGE_NEW ? "new" : "configured again",
                now->uid, now->id);
}

static void print_accounts(const struct accounts *before, const struct accounts *after, FILE *out)
{
    static const char *const words[CHANGE_COUNT] = {"no longer configured, disabled", "new", "configured again",
                                                    "another id"};
    size_t counts[CHANGE_COUNT] = {0};

    for (size_t i = 0; i < after->count; i++) {
        const struct account *now = &after->items[i], *then = accounts_find(before, now->name);
        enum change change = change_of(then, now);

        if (change != CHANGE_NONE && counts[change]++ < ACCOUNTS_SHOWN)
            print_change(change, then, now, out);
    }
    for (size_t i = 0; i < CHANGE_COUNT; i++)
        if (counts[i] > ACCOUNTS_SHOWN)
            fprintf(out, "and %zu more identities: %s\n", counts[i] - ACCOUNTS_SHOWN, words[i]);
}

/* --- permissions --- */

struct changes {
    FILE *out;
    const struct config *config;
    const struct accounts *accounts_before;
    const struct local *local;
    int before; /* policy.cdb that is in force; -1: none */
    char *text; /* POLICY_TEXT_MAX, of one choice */
    size_t shown, more;
};

static void say(FILE *out, const char *account, const struct permission *permission, int gained)
{
    static const char *const words[][2] = {
        [PERMISSION_ALLOWED] = {"loses", "gains"},
        [PERMISSION_DENIED] = {"is no longer denied", "is denied"},
        [PERMISSION_LIMIT] = {"is no longer limited by", "is limited by"},
    };

    fprintf(out, "identity %s %s: %s\n", account, words[permission->kind][gained], permission->text);
}

/* Both are sorted. */
static void compare(FILE *out, const char *account, const struct permissions *before, const struct permissions *after)
{
    size_t i = 0, j = 0;

    while (i < before->count || j < after->count) {
        int order = i == before->count  ? 1
                    : j == after->count ? -1
                                        : permission_compare(&before->items[i], &after->items[j]);

        if (order < 0)
            say(out, account, &before->items[i], 0);
        if (order > 0)
            say(out, account, &after->items[j], 1);
        i += order <= 0;
        j += order >= 0;
    }
}

static void parse(const char *text, size_t len, struct arena *arena, struct permissions *ret)
{
    struct policy_set set = {0};

    /* One that cannot be read permits nothing. */
    if (len > 0 && policy_set_parse(text, len, &set) < 0)
        set = (struct policy_set){0};
    permissions_of(&set, arena, ret);
    policy_set_clear(&set);
}

/* Of the account as it is or was; NULL: none. */
static void add_own(const struct changes *changes, const struct account *account, struct arena *arena,
                    struct permissions *permissions)
{
    if (account)
        permissions_add_visits(permissions, account->human_use, account->unattended, arena);
    for (size_t i = 0; account && i < account->group_count; i++)
        permissions_add_group(permissions, groups_name(changes->local, account->groups[i], arena), arena);
}

/* What is its own, not its policies'. */
static int has_same(const struct account *then, const struct account *now)
{
    return groups_same(then, now) && (then ? then->human_use : 0) == now->human_use &&
           (then ? then->unattended : 0) == now->unattended;
}

/* The choice of an account in the database before; 0: it is this one. */
static int differs(const struct changes *changes, const char *account, const char *name, char *before)
{
    size_t len;

    if (changes->before < 0 || database_get(changes->before, 'p', account, before, POLICY_NAME_LENGTH + 1, &len) < 0)
        before[0] = '\0';
    return strcmp(before, name) != 0;
}

static void show(struct changes *changes, const struct account *then, const struct account *now,
                 const char *name_before, const struct policy_choice *choice)
{
    struct permissions before = {.count = 0}, after = {.count = 0};
    struct arena arena = {0};
    size_t len = 0;

    if (changes->before < 0 || !name_before[0] ||
        database_get(changes->before, 't', name_before, changes->text, POLICY_TEXT_MAX + 1, &len) < 0)
        len = 0;
    parse(changes->text, len, &arena, &before);
    if (policy_choice_text(changes->config, choice, changes->text, &len) < 0)
        len = 0;
    parse(changes->text, len, &arena, &after);
    add_own(changes, then, &arena, &before);
    add_own(changes, now, &arena, &after);
    compare(changes->out, now->name, &before, &after);
    arena_clear(&arena);
}

/* What is the same for all slots is told of the first. */
static void of_account(struct changes *changes, const struct account *account, const struct policy_choice *choice)
{
    const struct account *then = accounts_find(changes->accounts_before, account->name);
    char before[POLICY_NAME_LENGTH + 1];

    if (account->slot || (!differs(changes, account->name, choice->name, before) && has_same(then, account)))
        return;
    if (changes->shown == ACCOUNTS_SHOWN) {
        changes->more++;
        return;
    }
    changes->shown++;
    show(changes, then, account, before, choice);
}

/* How sshd and PAM are set up for agents depends on it, which is `enable`'s to do. */
static void print_mode(const struct changes *changes, const struct config *config)
{
    struct host_policy host;
    size_t len;

    if (changes->before < 0 || database_get(changes->before, 'h', "", changes->text, POLICY_TEXT_MAX, &len) < 0 ||
        host_policy_parse(changes->text, len, &host) < 0 ||
        (host.mode == MODE_OBSERVE) == (config->host.mode == MODE_OBSERVE))
        return;
    fprintf(changes->out, "host: mode %s: where `agentctl enable` has run, run it again\n",
            mode_word(config->host.mode));
}

static void print_permissions(struct apply *a)
{
    struct changes changes = {
        .out = a->out, .config = a->config, .accounts_before = &a->before, .local = &a->local, .before = -1};

    if (a->dir >= 0 && file_open_at(a->dir, "policy.cdb", &changes.before) < 0)
        changes.before = -1;
    changes.text = memory_must(malloc(POLICY_TEXT_MAX + 1));
    print_mode(&changes, a->config);
    for (size_t i = 0; i < a->config->identity_count; i++)
        of_account(&changes, &a->accounts.items[i], a->choices.of_identity[i]);
    if (changes.more)
        fprintf(a->out, "and the policies of %zu more identities\n", changes.more);
    free(changes.text);
    close_fd(&changes.before);
}

void apply_print_changes(struct apply *a)
{
    print_accounts(&a->before, &a->accounts, a->out);
    print_permissions(a);
}
