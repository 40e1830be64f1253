#include "agentctl/apply_local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/files.h"
#include "core/text.h"

#define LOCAL_FILE_MAX (256u << 20) /* bytes */
#define ACCOUNT_FIELDS 7
#define GROUP_FIELDS 4
#define SUBORDINATE_FIELDS 3

/* The whole file in the arena. */
static int read_file(const char *path, struct arena *arena, char **ret_text)
{
    struct stat st;
    size_t cap;

    if (stat(path, &st) < 0)
        return -errno;
    if ((uint64_t)st.st_size > LOCAL_FILE_MAX)
        return -EFBIG;
    cap = (size_t)st.st_size + 4096; /* it may grow meanwhile; more is -EFBIG */
    *ret_text = arena_alloc(arena, cap, 1);
    return file_read_at(AT_FDCWD, path, *ret_text, cap, &cap);
}

/* The fields of a line, in place: 1, or 0 where there are not as many. */
static int split(char *line, char **fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fields[i] = line;
        line = strchr(line, ':');
        if (!line)
            return i == count - 1;
        if (i < count - 1)
            *line++ = '\0';
    }
    return 0;
}

/* "+" and "-" lines are of nsswitch's compat mode. */
static int is_entry(const char *name)
{
    return name[0] && name[0] != '#' && name[0] != '+' && name[0] != '-';
}

static int id_parse(const char *text, uint32_t *ret)
{
    uint64_t number;

    /* nss_files takes leading zeros. */
    while (text[0] == '0' && text[1])
        text++;
    if (text_u64(text, UINT32_MAX, &number) < 0)
        return 0;
    *ret = (uint32_t)number;
    return 1;
}

static void take_account(char *line, struct arena *arena, struct local *local)
{
    struct local_account account;
    char *fields[ACCOUNT_FIELDS];

    if (!split(line, fields, ACCOUNT_FIELDS) || !is_entry(fields[0]) || !id_parse(fields[2], &account.uid) ||
        !id_parse(fields[3], &account.gid))
        return;
    account.name = fields[0];
    account.home = fields[5];
    account.shell = fields[6];
    local->accounts = arena_grow(arena, local->accounts, local->account_count, sizeof account);
    local->accounts[local->account_count++] = account;
}

static void take_group(char *line, struct arena *arena, struct local *local)
{
    struct local_group group;
    char *fields[GROUP_FIELDS];

    if (!split(line, fields, GROUP_FIELDS) || !is_entry(fields[0]) || !id_parse(fields[2], &group.gid))
        return;
    group.name = fields[0];
    group.members = fields[3];
    local->groups = arena_grow(arena, local->groups, local->group_count, sizeof group);
    local->groups[local->group_count++] = group;
}

static void take_subordinates(char *line, struct arena *arena, struct local *local)
{
    char *fields[SUBORDINATE_FIELDS];

    if (!split(line, fields, SUBORDINATE_FIELDS) || !is_entry(fields[0]))
        return;
    local->subordinates = arena_grow(arena, local->subordinates, local->subordinate_count, sizeof *local->subordinates);
    local->subordinates[local->subordinate_count++] = fields[0];
}

static int read_lines(const char *path, struct arena *arena, void (*take)(char *, struct arena *, struct local *),
                      struct local *local)
{
    char *text = NULL, *rest = NULL;
    int r = read_file(path, arena, &text);

    if (r < 0)
        return r;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        take(line, arena, local);
    return 0;
}

/* Accounts and groups begin with their names; a subordinate is one. */
static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_uids(const void *a, const void *b)
{
    uint32_t left = (*(struct local_account *const *)a)->uid, right = (*(struct local_account *const *)b)->uid;

    return left < right ? -1 : left > right;
}

static int compare_gids(const void *a, const void *b)
{
    uint32_t left = (*(struct local_group *const *)a)->gid, right = (*(struct local_group *const *)b)->gid;

    return left < right ? -1 : left > right;
}

static void sort(struct arena *arena, struct local *local)
{
    local->by_uid = arena_alloc(arena, local->account_count, sizeof *local->by_uid);
    local->by_gid = arena_alloc(arena, local->group_count, sizeof *local->by_gid);
    if (local->account_count)
        qsort(local->accounts, local->account_count, sizeof *local->accounts, compare_names);
    if (local->group_count)
        qsort(local->groups, local->group_count, sizeof *local->groups, compare_names);
    for (size_t i = 0; i < local->account_count; i++)
        local->by_uid[i] = &local->accounts[i];
    for (size_t i = 0; i < local->group_count; i++)
        local->by_gid[i] = &local->groups[i];
    if (local->subordinate_count)
        qsort(local->subordinates, local->subordinate_count, sizeof *local->subordinates, compare_names);
    if (local->account_count)
        qsort(local->by_uid, local->account_count, sizeof *local->by_uid, compare_uids);
    if (local->group_count)
        qsort(local->by_gid, local->group_count, sizeof *local->by_gid, compare_gids);
}

int local_read(const struct local_paths *paths, struct arena *arena, struct local *ret, const char **ret_path)
{
    const struct {
        const char *path;
        void (*take)(char *line, struct arena *arena, struct local *local);
        int optional;
    } files[] = {
        {paths->passwd, take_account, 0},
        {paths->group, take_group, 0},
        {paths->subuid, take_subordinates, 1},
        {paths->subgid, take_subordinates, 1},
    };
    struct local local = {0};

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        int r = read_lines(files[i].path, arena, files[i].take, &local);

        *ret_path = files[i].path;
        if (r < 0 && !(files[i].optional && r == -ENOENT))
            return r;
    }
    sort(arena, &local);
    *ret = local;
    return 0;
}

static void *find(const void *key, const void *items, size_t count, size_t size,
                  int (*compare)(const void *, const void *))
{
    return count ? bsearch(key, items, count, size, compare) : NULL;
}

const struct local_account *local_account(const struct local *local, const char *name)
{
    return find(&name, local->accounts, local->account_count, sizeof *local->accounts, compare_names);
}

const struct local_group *local_group(const struct local *local, const char *name)
{
    return find(&name, local->groups, local->group_count, sizeof *local->groups, compare_names);
}

const struct local_account *local_account_of_uid(const struct local *local, uint32_t uid)
{
    const struct local_account wanted = {.uid = uid}, *key = &wanted;
    struct local_account **found = find(&key, local->by_uid, local->account_count, sizeof *local->by_uid, compare_uids);

    return found ? *found : NULL;
}

const struct local_group *local_group_of_gid(const struct local *local, uint32_t gid)
{
    const struct local_group wanted = {.gid = gid}, *key = &wanted;
    struct local_group **found = find(&key, local->by_gid, local->group_count, sizeof *local->by_gid, compare_gids);

    return found ? *found : NULL;
}

int local_has_subordinates(const struct local *local, const char *name, uint32_t uid)
{
    char number[TEXT_DECIMAL_MAX + 1];
    const char *key = number;

    text_decimal(number, uid);
    return find(&name, local->subordinates, local->subordinate_count, sizeof *local->subordinates, compare_names) ||
           find(&key, local->subordinates, local->subordinate_count, sizeof *local->subordinates, compare_names);
}

int local_is_member(const struct local_group *group, const struct local_account *account)
{
    size_t len = strlen(account->name);

    if (account->gid == group->gid)
        return 1;
    for (const char *at = group->members; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == len && memcmp(at, account->name, len) == 0)
            return 1;
    return 0;
}
