#include "agentctl/enable_backup.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"

#define GROUP_NOTE PATH_BACKUPS "/group-made"

int backup_prepare(void)
{
    CLEANUP(close_fd) int state = -1;
    CLEANUP(close_fd) int dir = -1;
    int r = dir_make(PATH_STATE_DIR, 0755, &state);

    return r < 0 ? r : dir_make_at(state, "enable", 0700, &dir);
}

static int name_of(const char *path, const char *which, char *buf, size_t cap)
{
    int r = text_format(buf, cap, PATH_BACKUPS "/%s.%s", path + 1, which);

    for (char *c = buf + strlen(PATH_BACKUPS "/"); r == 0 && *c; c++) {
        if (*c == '/')
            *c = '%';
    }
    return r;
}

static int put(const char *path, const char *which, const struct host_file *file)
{
    char name[512];
    int r = name_of(path, which, name, sizeof name);

    return r < 0 ? r : host_file_write(name, file);
}

static int get(const char *path, const char *which, struct host_file *ret)
{
    char name[512];
    int r = name_of(path, which, name, sizeof name);

    return r < 0 ? r : host_file_read(name, ret);
}

int backup_put(const char *path, const struct host_file *now, const struct host_file *base,
               const struct host_file *after)
{
    struct host_file older = {0};
    int r = get(path, "after", &older);

    if (r == 0 && !(older.text && host_file_equal(&older, now)))
        r = put(path, "before", base);
    host_file_clear(&older);
    return r < 0 ? r : put(path, "after", after);
}

int backup_get(const char *path, struct host_file *ret_before, struct host_file *ret_after)
{
    int r = get(path, "after", ret_after);

    memset(ret_before, 0, sizeof *ret_before);
    if (r < 0 || !ret_after->text)
        return r;
    r = get(path, "before", ret_before);
    if (r < 0)
        host_file_clear(ret_after);
    return r < 0 ? r : 1;
}

int backup_forget(const char *path)
{
    const struct host_file none = {0};
    int r = put(path, "after", &none);

    if (r == 0)
        r = put(path, "before", &none);
    return r == -ENOENT ? 0 : r; /* the directory itself may be gone */
}

int backup_note_group(void)
{
    static char text[] = "made by agentctl enable\n";
    const struct host_file note = {.text = text, .mode = 0600};

    return host_file_write(GROUP_NOTE, &note);
}

int backup_group_is_ours(void)
{
    return access(GROUP_NOTE, F_OK) == 0;
}

void backup_finish(void)
{
    unlink(GROUP_NOTE);
    rmdir(PATH_BACKUPS);
}
