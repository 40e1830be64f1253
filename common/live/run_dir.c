#include "live/run_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "judge/state_dir.h"

void run_dir_each(const char *a, const char *b, name_fn fn, void *arg)
{
    struct dirent *entry;
    DIR *stream;
    int dir;

    if (state_run_dir(FIND, a, b, NULL, &dir) < 0)
        return;
    stream = fdopendir(dir);
    if (!stream) {
        close(dir);
        return;
    }
    while ((entry = readdir(stream)))
        if (entry->d_name[0] != '.')
            fn(dir, entry->d_name, arg);
    closedir(stream);
}

int is_file_older(int dir, const char *name, int seconds)
{
    struct stat st;

    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           clock_wall_seconds() - st.st_mtime > seconds;
}
