#include "agentctl/compile_database.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "core/names.h"

/* libcdb sets errno, to EPROTO where the file would outgrow its 4 GiB. */
static int last_error(void)
{
    return errno ? -errno : -EIO;
}

void database_begin(struct database_maker *maker, int fd)
{
    *maker = (struct database_maker){.error = 0};
    errno = 0;
    if (cdb_make_start(&maker->cdb, fd) < 0)
        maker->error = last_error();
}

void database_put(struct database_maker *maker, char kind, const char *key, const char *value, size_t len)
{
    char full[SPIFFE_ID_MAX + 2];
    size_t key_len = strlen(key);

    if (maker->error)
        return;
    if (key_len > SPIFFE_ID_MAX || len > UINT32_MAX) {
        maker->error = -ENOBUFS;
        return;
    }
    full[0] = kind;
    memcpy(full + 1, key, key_len);
    errno = 0;
    if (cdb_make_add(&maker->cdb, full, (unsigned)key_len + 1, value, (unsigned)len) < 0)
        maker->error = last_error();
}

int database_end(struct database_maker *maker)
{
    errno = 0;
    /* It frees what it holds, whatever went before. */
    if (cdb_make_finish(&maker->cdb) < 0 && !maker->error)
        maker->error = last_error();
    return maker->error;
}
