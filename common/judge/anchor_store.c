#include "judge/anchor_store.h"

#include <errno.h>

#include "core/database.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"

int anchor_key(const char *issuer_name, const char *thumbprint, char key[ANCHOR_KEY_SIZE])
{
    return text_format(key, ANCHOR_KEY_SIZE, "%s/%s", issuer_name, thumbprint);
}

int anchors_hold(const char *issuer_name, const char *thumbprint)
{
    CLEANUP(close_fd) int fd = -1;
    char key[ANCHOR_KEY_SIZE], value[1];
    size_t len;
    int r = file_open(PATH_ANCHORS, &fd);

    if (r == 0)
        r = anchor_key(issuer_name, thumbprint, key);
    if (r < 0)
        return r;
    r = database_get(fd, 'k', key, value, sizeof value, &len);
    return r == 0 ? 1 : r == -ENOENT ? 0 : r;
}
