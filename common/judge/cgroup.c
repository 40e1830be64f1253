#include "judge/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"

#define LINE_MAX_BYTES 4096 /* of mountinfo and /proc/PID/cgroup; a longer line is none of a cgroup that we could use */
#define DEPTH_MAX 16        /* of cgroups below a session's, which only root makes */

/* --- where --- */

/* "" names the cgroup2 hierarchy, as /proc/PID/cgroup does. */
static const char *const hierarchies[] = {"", "name=systemd", "pids", "freezer"};

/* Is word one of the comma-separated words of list? */
static int has_word(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (;; list++) {
        size_t n = strcspn(list, ",\n");

        if (n == len && strncmp(list, word, len) == 0)
            return 1;
        list += n;
        if (*list != ',')
            return 0;
    }
}

struct lines {
    FILE *file;
    char buf[LINE_MAX_BYTES];
};

static int lines_open(struct lines *lines, const char *path)
{
    lines->file = fopen(path, "re");
    return lines->file ? 0 : -errno;
}

/* A line without its end, or NULL. */
static char *lines_next(struct lines *lines)
{
    while (fgets(lines->buf, sizeof lines->buf, lines->file)) {
        char *end = strchr(lines->buf, '\n');

        if (end) {
            *end = '\0';
            return lines->buf;
        }
    }
    return NULL;
}

static void lines_close(struct lines *lines)
{
    if (lines->file)
        fclose(lines->file);
}

/* The cgroup of a process in this hierarchy, as seen from our cgroup namespace. Lines: NUMBER:CONTROLLERS:PATH */
static int cgroup_of(pid_t pid, const char *hierarchy, char *ret, size_t cap)
{
    CLEANUP(lines_close) struct lines lines = {0};
    char path[64], *line;
    int r = text_format(path, sizeof path, "/proc/%ld/cgroup", (long)pid);

    if (r == 0)
        r = lines_open(&lines, path);
    if (r < 0)
        return r;
    while ((line = lines_next(&lines))) {
        char *words = strchr(line, ':'), *place = words ? strchr(words + 1, ':') : NULL;

        if (!place)
            continue;
        *place++ = '\0';
        if (has_word(words + 1, hierarchy))
            return text_copy(ret, cap, place);
    }
    return -ENOENT;
}

struct mounted {
    char root[LINE_MAX_BYTES], point[LINE_MAX_BYTES];
};

/*
 * Where the hierarchy is mounted. Lines: ID PARENT DEVICE ROOT POINT OPTIONS [TAG...] - TYPE SOURCE SUPER-OPTIONS. The last of two
 * lies above the first. A path with a blank, which stands escaped there, is not for us.
 */
static int find_mount(const char *hierarchy, struct mounted *ret)
{
    CLEANUP(lines_close) struct lines lines = {0};
    char type[32], super[512], *line;
    int found = 0, r = lines_open(&lines, "/proc/self/mountinfo");

    if (r < 0)
        return r;
    while ((line = lines_next(&lines))) {
        const char *tail = strstr(line, " - ");

        if (!tail || sscanf(tail, " - %31s %*s %511s", type, super) != 2)
            continue;
        if (*hierarchy ? strcmp(type, "cgroup") != 0 || !has_word(super, hierarchy) : strcmp(type, "cgroup2") != 0)
            continue;
        if (sscanf(line, "%*s %*s %*s %4095s %4095s", ret->root, ret->point) == 2 && !strchr(ret->root, '\\') &&
            !strchr(ret->point, '\\'))
            found = 1;
    }
    return found ? 0 : -ENOENT;
}

/* The directory of a process's cgroup. What is mounted may be a part of the hierarchy: the one below root. */
static int directory_of(pid_t pid, const char *hierarchy, char *ret, size_t cap)
{
    static struct mounted mounted;
    static char place[LINE_MAX_BYTES];
    const char *below = place;
    int r = find_mount(hierarchy, &mounted);

    if (r == 0)
        r = cgroup_of(pid, hierarchy, place, sizeof place);
    if (r < 0)
        return r;
    if (strcmp(mounted.root, "/") != 0) {
        if (!text_starts_with(place, mounted.root))
            return -ENOENT;
        below += strlen(mounted.root);
    }
    if (*below && *below != '/')
        return -ENOENT;
    return text_format(ret, cap, "%s%s", mounted.point, strcmp(below, "/") == 0 ? "" : below);
}

/* --- making and removing --- */

#define NAME_PREFIX "pam_agent-" /* of those that are ours; nothing is done to another */

static int is_ours(const char *path)
{
    const char *name = strrchr(path, '/');

    return name && text_starts_with(name + 1, NAME_PREFIX);
}

static int put_process(const char *path, pid_t pid)
{
    CLEANUP(close_fd) int fd = -1;
    char procs[PATH_MAX], text[TEXT_DECIMAL_MAX + 1];
    int r = text_format(procs, sizeof procs, "%s/cgroup.procs", path);

    if (r < 0)
        return r;
    text_decimal(text, (uint64_t)pid);
    fd = open(procs, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int make_in(const char *hierarchy, const char *id, pid_t leader, char *path, size_t cap)
{
    char parent[PATH_MAX];
    int r = directory_of(leader, hierarchy, parent, sizeof parent);

    if (r == 0)
        r = text_format(path, cap, "%s/" NAME_PREFIX "%s", parent, id);
    if (r < 0)
        return r;
    if (mkdir(path, 0755) < 0)
        return -errno;
    r = put_process(path, leader);
    if (r < 0)
        (void)rmdir(path);
    return r;
}

int cgroup_make(const char *id, pid_t leader, char *path, size_t cap)
{
    int error = -ENOENT;

    for (size_t i = 0; i < COUNT_OF(hierarchies); i++) {
        int r = make_in(hierarchies[i], id, leader, path, cap);

        if (r == 0)
            return 0;
        if (r != -ENOENT)
            error = r;
        if (r == -EEXIST) /* of another session */
            break;
    }
    path[0] = '\0';
    return error;
}

int cgroup_leave(const char *path, pid_t pid)
{
    char parent[PATH_MAX];
    int r = is_ours(path) ? text_copy(parent, sizeof parent, path) : -EINVAL;

    if (r < 0)
        return r;
    *strrchr(parent, '/') = '\0';
    return put_process(parent, pid);
}

/* Call fn for each cgroup right below this one. */
static void each_below(const char *path, int depth, void (*fn)(const char *path, int depth, void *arg), void *arg)
{
    DIR *dir = depth < DEPTH_MAX ? opendir(path) : NULL;
    struct dirent *entry;
    char below[PATH_MAX];

    while (dir && (entry = readdir(dir)))
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
            text_format(below, sizeof below, "%s/%s", path, entry->d_name) == 0)
            fn(below, depth + 1, arg);
    if (dir)
        closedir(dir);
}

static void remove_below(const char *path, int depth, void *arg)
{
    each_below(path, depth, remove_below, arg);
    (void)rmdir(path);
}

void cgroup_remove(const char *path)
{
    struct cgroup_pids pids;

    if (!is_ours(path))
        return;
    if (cgroup_read(path, &pids) == 0)
        for (size_t i = 0; i < pids.count; i++)
            (void)!cgroup_leave(path, pids.list[i]);
    cgroup_pids_clear(&pids);
    remove_below(path, 0, NULL);
}

/* --- who is in it --- */

struct reading {
    struct cgroup_pids *pids;
    int error;
};

static int add(struct cgroup_pids *pids, pid_t pid)
{
    if ((pids->count & (pids->count - 1)) == 0) { /* full, at each power of two */
        size_t room = pids->count ? pids->count * 2 : 1;
        pid_t *list = realloc(pids->list, room * sizeof *list);

        if (!list)
            return -ENOMEM;
        pids->list = list;
    }
    pids->list[pids->count++] = pid;
    return 0;
}

/* A cgroup that is gone holds nobody. */
static int read_one(const char *path, struct cgroup_pids *pids)
{
    CLEANUP(lines_close) struct lines lines = {0};
    char procs[PATH_MAX], *line;
    uint64_t pid;
    int r = text_format(procs, sizeof procs, "%s/cgroup.procs", path);

    if (r == 0)
        r = lines_open(&lines, procs);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    while (r == 0 && (line = lines_next(&lines)))
        if (text_u64(line, INT32_MAX, &pid) == 0 && pid > 0) /* 0: of a pid namespace that we do not see */
            r = add(pids, (pid_t)pid);
    /* Removed meanwhile, or threaded: then its processes are listed by the one above. */
    return r == 0 && ferror(lines.file) && errno != ENODEV && errno != EOPNOTSUPP ? -errno : r;
}

static void read_below(const char *path, int depth, void *arg)
{
    struct reading *reading = arg;
    int r = read_one(path, reading->pids);

    if (r < 0)
        reading->error = r;
    each_below(path, depth, read_below, arg);
}

static int by_number(const void *a, const void *b)
{
    const pid_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

int cgroup_read(const char *path, struct cgroup_pids *ret)
{
    struct reading reading = {.pids = ret};

    *ret = (struct cgroup_pids){0};
    read_below(path, 0, &reading);
    if (ret->count)
        qsort(ret->list, ret->count, sizeof *ret->list, by_number);
    return reading.error;
}

int cgroup_pids_hold(const struct cgroup_pids *pids, pid_t pid)
{
    return pids->count && bsearch(&pid, pids->list, pids->count, sizeof pid, by_number) != NULL;
}

void cgroup_pids_clear(struct cgroup_pids *pids)
{
    free(pids->list);
    *pids = (struct cgroup_pids){0};
}

int cgroup_holds(const char *path, pid_t pid)
{
    struct cgroup_pids pids;
    int holds = cgroup_read(path, &pids) == 0 && cgroup_pids_hold(&pids, pid);

    cgroup_pids_clear(&pids);
    return holds;
}
