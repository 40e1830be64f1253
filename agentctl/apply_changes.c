/* What apply changes for accounts: the permissions that each gains and loses. */
#include <stdlib.h>
#include <string.h>

#include "agentctl/apply_groups.h"
#include "agentctl/apply_parts.h"
#include "agentctl/compile.h"
#include "agentctl/permissions.h"
#include "core/database.h"
#include "core/files.h"
#include "judge/policy_store.h"

#define ACCOUNTS_SHOWN 100

struct changes {
    FILE *out;
    const struct accounts *accounts_before;
    const struct local *local;
    int before; /* policy.cdb that is in force; -1: none */
    char *text; /* POLICY_TEXT_MAX, of an account there */
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

static int of_account(const struct account *account, const char *text, size_t len, void *arg)
{
    struct changes *changes = arg;
    const struct account *then = accounts_find(changes->accounts_before, account->name);
    struct permissions before, after;
    struct arena arena = {0};
    size_t before_len = 0;

    if (account->slot || (changes->before >= 0 && database_get(changes->before, 'p', account->name, changes->text,
                                                               POLICY_TEXT_MAX + 1, &before_len) < 0))
        before_len = 0;
    if (account->slot ||
        (before_len == len && text && memcmp(changes->text, text, len) == 0 && has_same(then, account)))
        return 0;
    if (changes->shown == ACCOUNTS_SHOWN) {
        changes->more++;
        return 0;
    }
    changes->shown++;
    parse(changes->text, before_len, &arena, &before);
    parse(text, len, &arena, &after);
    add_own(changes, then, &arena, &before);
    add_own(changes, account, &arena, &after);
    compare(changes->out, account->name, &before, &after);
    arena_clear(&arena);
    return 0;
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

void apply_print_changes(struct apply *a)
{
    struct changes changes = {.out = a->out, .accounts_before = &a->before, .local = &a->local, .before = -1};

    if (a->dir >= 0 && file_open_at(a->dir, "policy.cdb", &changes.before) < 0)
        changes.before = -1;
    changes.text = memory_must(malloc(POLICY_TEXT_MAX + 1));
    print_mode(&changes, a->config);
    (void)!policy_texts(a->config, &a->accounts, of_account, &changes);
    if (changes.more)
        fprintf(a->out, "and the policies of %zu more identities\n", changes.more);
    free(changes.text);
    close_fd(&changes.before);
}
