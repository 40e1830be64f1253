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

static int holds(int fd, const char *issuer, const char *iss, const char *signer, const char *identity)
{
    char key[ANCHOR_KEY_SIZE], found[ISS_MAX + 1];
    const char *domain;
    size_t len = spiffe_trust_domain(identity, &domain);
    int r = anchor_key(issuer, signer, domain, len, key);

    if (r == 0)
        r = database_get(fd, 'k', key, found, sizeof found, &len);
    if (r == 0)
        return strcmp(found, iss) == 0;
    return r == -ENOENT ? 0 : r;
}

/* The issuer speaks for whom the credential names: the delegator, where there is one. So does a voucher that names nobody else. */
int anchors_hold(const struct grant *grant)
{
    const struct voucher_grant *voucher = &grant->voucher;
    const char *named = grant->delegator[0] ? grant->delegator : grant->identity;
    CLEANUP(close_fd) int fd = -1;
    int r = file_open(PATH_ANCHORS, &fd);

    if (r == 0)
        r = holds(fd, grant->issuer, grant->iss, grant->signer, named);
    if (r == 1 && voucher->issuer[0])
        r = holds(fd, voucher->issuer, voucher->iss, voucher->signer,
                  grant->delegatee_proven ? grant->identity : named);
    return r;
}

int anchors_take_certificates(void)
{
    CLEANUP(close_fd) int fd = -1;
    char value[8];
    size_t len;
    int r = file_open(PATH_ANCHORS, &fd);

    if (r == 0)
        r = database_get(fd, 'c', "", value, sizeof value, &len);
    return r == 0 ? 1 : r == -ENOENT ? 0 : r;
}
