#include "judge/visit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"
#include "judge/state_dir.h"

#define NAME_SIZE (2 * (TEXT_DECIMAL_MAX + 1))

static int open_visits(enum access access, uid_t uid, int *ret_fd)
{
    char name[TEXT_DECIMAL_MAX + 1];

    text_decimal(name, uid);
    return state_run_dir(access, "visit", name, NULL, ret_fd);
}

static int name_format(char name[NAME_SIZE], const struct process *leader)
{
    return text_format(name, NAME_SIZE, "%ld-%llu", (long)leader->pid, (unsigned long long)leader->start);
}

static int name_parse(const char *name, struct process *ret)
{
    const char *dash = strchr(name, '-');
    char digits[TEXT_DECIMAL_MAX + 1];
    uint64_t pid, start;

    if (!dash || text_format(digits, sizeof digits, "%.*s", (int)(dash - name), name) < 0 ||
        text_u64(digits, INT32_MAX, &pid) < 0 || text_u64(dash + 1, UINT64_MAX, &start) < 0)
        return -EINVAL;
    *ret = (struct process){.pid = (pid_t)pid, .start = start};
    return 0;
}

int visit_put(uid_t uid, const struct process *leader)
{
    CLEANUP(close_fd) int dir = -1;
    char name[NAME_SIZE];
    int r = open_visits(MAKE, uid, &dir);

    if (r == 0)
        r = name_format(name, leader);
    if (r == 0)
        r = file_create_at(dir, name, 0600, "", 0);
    return r == -EEXIST ? 0 : r;
}

void visit_remove(uid_t uid, const struct process *leader)
{
    CLEANUP(close_fd) int dir = -1;
    char name[NAME_SIZE];

    if (open_visits(FIND, uid, &dir) == 0 && name_format(name, leader) == 0)
        (void)unlinkat(dir, name, 0);
}

struct visitors {
    int (*fn)(const struct process *leader, void *arg);
    void *arg;
};

static int look_at(int dir, const char *name, void *arg)
{
    const struct visitors *visitors = arg;
    struct process leader;

    if (name_parse(name, &leader) < 0)
        return 0;
    if (process_alive(leader.pid, leader.start))
        return visitors->fn(&leader, visitors->arg);
    (void)unlinkat(dir, name, 0);
    return 0;
}

int visits_each(uid_t uid, int (*fn)(const struct process *leader, void *arg), void *arg)
{
    CLEANUP(close_fd) int dir = -1;
    struct visitors visitors = {fn, arg};
    int r = open_visits(FIND, uid, &dir);

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    return state_names_each(dir, look_at, &visitors);
}

static int is_one(const struct process *leader, void *arg)
{
    (void)leader;
    (void)arg;
    return 1;
}

int visits_live(uid_t uid)
{
    return visits_each(uid, is_one, NULL);
}
