/* Putting the rules of sudo in place. */
#include "agentctl/sudoers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentctl/apply_stage.h"
#include "agentctl/program.h"
#include "core/files.h"
#include "core/text.h"

static int check(const char *dir, const struct stage *stage, char *output, size_t cap)
{
    char path[512];
    const struct program visudo = {.argv = {"visudo", "-cf", path}};
    int status, r = text_format(path, sizeof path, "%s/%s", dir, stage->hidden);

    if (r == 0)
        r = program_run(&visudo, output, cap, &status);
    if (r < 0)
        return r;
    return status == 0 ? 0 : -EINVAL;
}

int sudoers_install(const char *dir, const char *text, size_t len, char *output, size_t cap, int *ret_changed)
{
    CLEANUP(close_fd) int fd = -1; /* closed last: the stage needs it */
    CLEANUP(stage_drop) struct stage stage = STAGE_INIT;
    int r = dir_open(dir, &fd);

    output[0] = '\0';
    if (r == 0)
        r = stage_begin(&stage, fd, SUDOERS_NAME, 0440);
    if (r == 0)
        r = stage_write(&stage, text, len);
    if (r == 0)
        r = stage_finish(&stage);
    if (r < 0)
        return r;
    *ret_changed = !stage_is_same(&stage);
    if (!*ret_changed)
        return 0;
    r = check(dir, &stage, output, cap);
    return r < 0 ? r : stage_commit(&stage);
}

int sudoers_installed(const char *dir)
{
    char path[512];

    return text_format(path, sizeof path, "%s/" SUDOERS_NAME, dir) == 0 && access(path, F_OK) == 0;
}
