/* The accounts of the database that is in place. */
#include <cdb.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/apply_accounts.h"
#include "core/files.h"
#include "core/identities.h"
#include "core/names.h"

static const char *copy(struct arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}

static void add(const struct identity *identity, struct arena *arena, struct accounts *accounts)
{
    struct account account = {.name = copy(arena, identity->account),
                              .id = copy(arena, identity->id),
                              .uid = identity->uid,
                              .gid = identity->gid,
                              .disabled = identity->disabled,
                              .local = identity->local,
                              .keep_home = identity->keep_home,
                              .keep_seconds = identity->keep_seconds,
                              .human_use = identity->human_use,
                              .unattended = identity->unattended};

    if (identity->group_count > 0) {
        account.groups = arena_alloc(arena, identity->group_count, sizeof *account.groups);
        memcpy(account.groups, identity->groups, identity->group_count * sizeof *account.groups);
        account.group_count = identity->group_count;
    }
    if (identity->local) {
        account.home = copy(arena, identity->home);
        account.shell = copy(arena, identity->shell);
    }
    accounts->items = arena_grow(arena, accounts->items, accounts->count, sizeof account);
    accounts->items[accounts->count++] = account;
}

/* The record at which the walk is. 1; 0: it is of no account; -EBADMSG. */
static int read_record(struct cdb *cdb, const struct identities_meta *meta, struct identity *ret)
{
    char key[1 + ACCOUNT_NAME_MAX + 1], value[IDENTITY_VALUE_MAX];
    size_t key_len = cdb_keylen(cdb), len = cdb_datalen(cdb);

    if (key_len < 2 || key_len >= sizeof key || cdb_readkey(cdb, key) < 0 || key[0] != 'n')
        return 0;
    key[key_len] = '\0';
    if (len >= sizeof value || cdb_readdata(cdb, value) < 0)
        return -EBADMSG;
    value[len] = '\0';
    return identity_read(meta, key + 1, value, len, ret) < 0 ? -EBADMSG : 1;
}

/* Every record whose key begins with 'n'. */
static int take_all(struct cdb *cdb, const struct identities_meta *meta, struct arena *arena, struct accounts *accounts)
{
    struct identity identity;
    unsigned position;
    int found, r = 0;

    cdb_seqinit(&position, cdb);
    while (r >= 0 && (found = cdb_seqnext(&position, cdb)) > 0) {
        r = read_record(cdb, meta, &identity);
        if (r > 0)
            add(&identity, arena, accounts);
    }
    return r < 0 || found < 0 ? -EBADMSG : 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct account *)a)->name, ((const struct account *)b)->name);
}

int accounts_load(const char *path, struct arena *arena, struct accounts *ret)
{
    struct accounts accounts = {0};
    CLEANUP(close_fd) int fd = -1;
    struct identities_meta meta;
    struct cdb cdb;
    int r = identities_open(path, &fd);

    if (r == 0)
        r = identities_meta(fd, &meta);
    if (r < 0)
        return r;
    if (cdb_init(&cdb, fd) < 0)
        return -EBADMSG;
    r = take_all(&cdb, &meta, arena, &accounts);
    cdb_free(&cdb);
    if (r < 0)
        return r;
    if (accounts.count)
        qsort(accounts.items, accounts.count, sizeof *accounts.items, compare);
    accounts.configured = accounts.count;
    *ret = accounts;
    return 0;
}
