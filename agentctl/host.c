#include "agentctl/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/database.h"
#include "core/fields.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"

int host_id(char *buf, size_t cap)
{
    CLEANUP(close_fd) int fd = -1;
    char text[2 * SPIFFE_ID_MAX];
    const char *key, *value;
    struct fields f;
    size_t len;
    int r = file_open(PATH_POLICY, &fd);

    if (r == 0)
        r = database_get(fd, 'h', "", text, sizeof text, &len);
    if (r == 0)
        r = fields_open(&f, text, len);
    if (r < 0)
        return r;
    while ((r = fields_next(&f, &key, &value)) == 1) {
        if (!strcmp(key, "host-id"))
            return text_copy(buf, cap, value);
    }
    return -EBADMSG;
}

int host_first_identity(struct identity *ret)
{
    CLEANUP(close_fd) int fd = -1;
    struct identities_meta meta;
    int r = identities_open(PATH_IDENTITIES, &fd);

    if (r == 0)
        r = identities_meta(fd, &meta);
    if (r < 0)
        return r;
    for (uint64_t i = 0; i < meta.count; i++) {
        r = identities_at(fd, i, ret);
        if (r < 0)
            return r;
        if (!ret->disabled)
            return 0;
    }
    return -ENOENT;
}

int read_input(const char *path, char *buf, size_t cap, size_t *ret_len)
{
    CLEANUP(close_fd) int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : dup(0);

    return fd < 0 ? -errno : file_read(fd, buf, cap, ret_len);
}
