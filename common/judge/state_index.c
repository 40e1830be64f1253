#include "judge/state_index.h"

#include <errno.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"
#include "judge/state_dir.h"

#define TRIES 100 /* to meet a directory between its making and its removal by others */
#define LINKS_MAX (2 * (LINK_KINDS + ANCESTORS_MAX)) /* of two grants */

struct links {
    struct link items[LINKS_MAX];
    size_t count;
};

/* Append those of a grant, which may be NULL. */
static void add_links(struct links *links, const struct grant *grant)
{
    if (!grant)
        return;
    for (int kind = 0; kind < LINK_KINDS; kind++)
        grant_link(grant, (enum link_kind)kind, &links->items[links->count++]);
    memcpy(links->items + links->count, grant->ancestors, grant->ancestor_count * sizeof *links->items);
    links->count += grant->ancestor_count;
}

static int put_name(const char *kind, const char *key, const char *id)
{
    int r = -ENOENT;

    for (int tries = 0; r == -ENOENT && tries < TRIES; tries++) {
        CLEANUP(close_fd) int dir = -1;

        r = state_run_dir(MAKE, "by", kind, key, &dir);
        if (r == 0)
            r = file_create_at(dir, id, 0600, "", 0);
    }
    return r == -EEXIST ? 0 : r;
}

static void remove_name(const char *kind, const char *key, const char *id)
{
    CLEANUP(close_fd) int dir = -1;
    CLEANUP(close_fd) int names = -1;

    if (state_run_dir(FIND, "by", kind, NULL, &dir) < 0 || dir_open_at(dir, key, &names) < 0)
        return;
    (void)unlinkat(names, id, 0);
    (void)unlinkat(dir, key, AT_REMOVEDIR);
}

static void uid_name(char name[TEXT_DECIMAL_MAX + 1], uid_t uid)
{
    text_decimal(name, uid);
}

int index_put_uid(const char *id, uid_t uid)
{
    char name[TEXT_DECIMAL_MAX + 1];

    uid_name(name, uid);
    return put_name("uid", name, id);
}

void index_remove_uid(const char *id, uid_t uid)
{
    char name[TEXT_DECIMAL_MAX + 1];

    uid_name(name, uid);
    remove_name("uid", name, id);
}

int index_put(const char *id, const struct grant *grant)
{
    struct links links = {.count = 0};
    int r = 0;

    add_links(&links, grant);
    for (size_t i = 0; r == 0 && i < links.count; i++)
        r = put_name(link_kind_word(links.items[i].kind), links.items[i].key, id);
    return r;
}

static int holds(const struct links *links, const struct link *link)
{
    for (size_t i = 0; i < links->count; i++)
        if (links->items[i].kind == link->kind && strcmp(links->items[i].key, link->key) == 0)
            return 1;
    return 0;
}

void index_remove(const char *id, const struct grant *grant, const struct grant *kept, const struct grant *kept_too)
{
    struct links links = {.count = 0}, keep = {.count = 0};

    add_links(&links, grant);
    add_links(&keep, kept);
    add_links(&keep, kept_too);
    for (size_t i = 0; i < links.count; i++)
        if (!holds(&keep, &links.items[i]))
            remove_name(link_kind_word(links.items[i].kind), links.items[i].key, id);
}
