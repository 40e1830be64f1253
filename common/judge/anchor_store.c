#include "judge/anchor_store.h"

#include <errno.h>
#include <string.h>

#include "core/database.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"

int anchor_key(const char *issuer_name, const char *thumbprint, const char *domain, size_t len,
               char key[ANCHOR_KEY_SIZE])
{
    return text_format(key, ANCHOR_KEY_SIZE, "%s/%s/%.*s", issuer_name, thumbprint, (int)len, domain);
}

int anchors_hold(const struct grant *grant)
{
    CLEANUP(close_fd) int fd = -1;
    char key[ANCHOR_KEY_SIZE], iss[ISS_MAX + 1];
    const char *domain;
    size_t len = spiffe_trust_domain(grant->identity, &domain);
    int r = file_open(PATH_ANCHORS, &fd);

    if (r == 0)
        r = anchor_key(grant->issuer, grant->signer, domain, len, key);
    if (r < 0)
        return r;
    r = database_get(fd, 'k', key, iss, sizeof iss, &len);
    if (r == 0)
        return strcmp(iss, grant->iss) == 0;
    return r == -ENOENT ? 0 : r;
}
