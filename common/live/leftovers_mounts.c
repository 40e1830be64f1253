/* FUSE mounts, which anybody can make where fusermount(1) is: whose they are stands in their options (mount.fuse(8), user_id). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"
#include "live/leftovers_places.h"

/* --- /proc/self/mountinfo (proc(5)): ID PARENT DEVICE ROOT POINT OPTIONS [FIELD...] - TYPE SOURCE SUPER-OPTIONS --- */

struct mount {
    char *id, *point, *type, *options;
};

/* Splits the line. 1 or 0. */
static int take_mount(char *line, struct mount *ret)
{
    char *fields[6], *rest = line, *field;
    size_t count = 0;

    while ((field = strsep(&rest, " \n")) && strcmp(field, "-") != 0)
        if (count < COUNT_OF(fields))
            fields[count++] = field;
    if (count < COUNT_OF(fields) || !field)
        return 0;
    *ret = (struct mount){.id = fields[0], .point = fields[4], .type = strsep(&rest, " \n")};
    (void)strsep(&rest, " \n");
    ret->options = strsep(&rest, " \n");
    return ret->point[0] == '/' && ret->type && ret->options;
}

/* A space, tab, line feed or backslash of a path is three octal digits behind a backslash there. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from; to++) {
        unsigned byte;

        if (*from == '\\' && strspn(from + 1, "01234567") >= 3 && sscanf(from + 1, "%3o", &byte) == 1) {
            *to = (char)byte;
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

static int is_of(const struct mount *mount, uid_t uid)
{
    char wanted[TEXT_DECIMAL_MAX + 16], *options = mount->options, *option;

    if (strcmp(mount->type, "fuse") != 0 && !text_starts_with(mount->type, "fuse.") &&
        strcmp(mount->type, "fuseblk") != 0)
        return 0;
    if (text_format(wanted, sizeof wanted, "user_id=%lu", (unsigned long)uid) < 0)
        return 0;
    while ((option = strsep(&options, ",")))
        if (strcmp(option, wanted) == 0)
            return 1;
    return 0;
}

/* --- to the mount itself, whoever renames what lies above it --- */

/* No link is followed: there is none in a path of the kernel's. The caller's fd, or -1. */
static int open_point(char *path)
{
    int dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char *name;

    while (dir >= 0 && (name = strsep(&path, "/"))) {
        int next = *name ? openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC) : dup(dir);

        close(dir);
        dir = next;
    }
    return dir;
}

/* Does the descriptor stand in the mount of this id? */
static int stands_in(int fd, const char *id)
{
    CLEANUP(close_fd) int info = -1;
    char path[64], text[1024], wanted[64];
    ssize_t n;

    if (text_format(path, sizeof path, "/proc/self/fdinfo/%d", fd) == 0)
        info = open(path, O_RDONLY | O_CLOEXEC);
    n = info < 0 ? -1 : read(info, text, sizeof text - 1);
    if (n < 0 || text_format(wanted, sizeof wanted, "mnt_id:\t%s\n", id) < 0)
        return 0;
    text[n] = '\0';
    return strstr(text, wanted) != NULL;
}

/* 1 when it is gone. One that another mount hides is out of reach for everybody. */
static int detach(struct walk *walk, struct mount *mount)
{
    CLEANUP(close_fd) int fd = -1;
    char path[64];

    unescape(mount->point);
    fd = open_point(mount->point);
    if (fd < 0 || !stands_in(fd, mount->id) || text_format(path, sizeof path, "/proc/self/fd/%d", fd) < 0)
        return 0;
    if (umount2(path, MNT_DETACH) == 0)
        return 1;
    walk_note(walk, -errno);
    return 0;
}

void mounts_clear(struct walk *walk)
{
    char *line = NULL;
    size_t cap = 0;
    unsigned gone;

    do { /* again: one may lie on another */
        FILE *list = fopen("/proc/self/mountinfo", "re");
        struct mount mount;

        gone = 0;
        while (list && getline(&line, &cap, list) > 0)
            if (take_mount(line, &mount) && is_of(&mount, walk->owner))
                gone += (unsigned)detach(walk, &mount);
        if (list)
            fclose(list);
        else
            walk_note(walk, -errno);
    } while (gone > 0 && !walk_late(walk));
    free(line);
}
