#include "agentctl/apply_uids.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/names.h"
#include "core/text.h"

#define LINE_MAX_BYTES (ACCOUNT_NAME_MAX + 12) /* name, space, ten digits, newline */

static int compare_accounts(const void *a, const void *b)
{
    return strcmp(((const struct uid_entry *)a)->account, ((const struct uid_entry *)b)->account);
}

static int compare_uids(const void *a, const void *b)
{
    uint32_t left = ((const struct uid_entry *)a)->uid, right = ((const struct uid_entry *)b)->uid;

    return left < right ? -1 : left > right;
}

static struct uid_entry *sorted_copy(const struct uids *uids, int (*compare)(const void *, const void *))
{
    struct uid_entry *copy = arena_alloc(uids->arena, uids->count, sizeof *copy);

    if (uids->count) {
        memcpy(copy, uids->entries, uids->count * sizeof *copy);
        qsort(copy, uids->count, sizeof *copy, compare);
    }
    return copy;
}

static int parse_line(char *line, struct uids *uids)
{
    char *space = strchr(line, ' ');
    uint64_t uid;

    if (!space)
        return -EBADMSG;
    *space = '\0';
    if (!account_name_valid(line) || text_u64(space + 1, UINT32_MAX - 1, &uid) < 0 || uid == 0)
        return -EBADMSG;
    uids_add(uids, line, (uint32_t)uid);
    return 0;
}

/* Is anything of the sorted entries there twice? */
static int twice(const struct uid_entry *entries, size_t count, int (*compare)(const void *, const void *))
{
    for (size_t i = 1; i < count; i++)
        if (compare(&entries[i - 1], &entries[i]) == 0)
            return 1;
    return 0;
}

int uids_parse(char *text, struct arena *arena, struct uids *ret, unsigned *ret_line)
{
    struct uids uids = {.arena = arena};
    char *end;

    *ret_line = 0;
    for (; *text; text = end + 1) {
        ++*ret_line;
        end = strchr(text, '\n');
        if (!end)
            return -EBADMSG;
        *end = '\0';
        if (parse_line(text, &uids) < 0)
            return -EBADMSG;
    }
    *ret_line = 0;
    if (uids_sort(&uids) < 0)
        return -EBADMSG;
    *ret = uids;
    return 0;
}

int uids_sort(struct uids *uids)
{
    uids->sorted_count = uids->count;
    uids->by_account = sorted_copy(uids, compare_accounts);
    uids->by_uid = sorted_copy(uids, compare_uids);
    return twice(uids->by_account, uids->count, compare_accounts) || twice(uids->by_uid, uids->count, compare_uids)
               ? -EBADMSG
               : 0;
}

uint32_t uids_find(const struct uids *uids, const char *account)
{
    const struct uid_entry wanted = {.account = account}, *found = NULL;

    if (uids->sorted_count)
        found = bsearch(&wanted, uids->by_account, uids->sorted_count, sizeof wanted, compare_accounts);
    return found ? found->uid : 0;
}

const char *uids_owner(const struct uids *uids, uint32_t uid)
{
    const struct uid_entry wanted = {.uid = uid}, *found = NULL;

    if (uids->sorted_count)
        found = bsearch(&wanted, uids->by_uid, uids->sorted_count, sizeof wanted, compare_uids);
    return found ? found->account : NULL;
}

void uids_add(struct uids *uids, const char *account, uint32_t uid)
{
    uids->entries = arena_grow(uids->arena, uids->entries, uids->count, sizeof *uids->entries);
    uids->entries[uids->count++] = (struct uid_entry){.account = account, .uid = uid};
}

static int is_free(const struct uids *uids, const struct local *local, uint32_t uid)
{
    return !uids_owner(uids, uid) && !local_account_of_uid(local, uid) && !local_group_of_gid(local, uid);
}

int uids_give(struct uids *uids, const struct local *local, uint32_t min, uint32_t max, const char *account,
              uint32_t *ret)
{
    if (uids->next < min)
        uids->next = min;
    while (uids->next <= max && !is_free(uids, local, uids->next))
        uids->next++;
    if (uids->next > max)
        return -ERANGE;
    uids_add(uids, account, uids->next);
    *ret = uids->next++;
    return 0;
}

char *uids_format(const struct uids *uids, size_t *ret_len)
{
    char *text = arena_alloc(uids->arena, uids->count + 1, LINE_MAX_BYTES), *at = text;

    for (size_t i = 0; i < uids->count; i++)
        at += sprintf(at, "%s %u\n", uids->entries[i].account, uids->entries[i].uid);
    *ret_len = (size_t)(at - text);
    return text;
}
