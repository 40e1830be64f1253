#include "agentctl/inputs.h"

#include <errno.h>
#include <string.h>

#include "agentctl/host.h"
#include "agentctl/say.h"
#include "core/text.h"
#include "trust/aat.h"
#include "trust/credential.h"
#include "trust/keyfile.h"
#include "trust/sshkey.h"

int input_ttl(const char *text, uint32_t *ret_seconds)
{
    char digits[16];
    size_t len = strspn(text, "0123456789");
    uint32_t unit;
    uint64_t number;

    if (!text[len] || !strcmp(text + len, "s"))
        unit = 1;
    else if (!strcmp(text + len, "m"))
        unit = 60;
    else if (!strcmp(text + len, "h"))
        unit = 3600;
    else
        return -EINVAL;
    if (text_format(digits, sizeof digits, "%.*s", (int)len, text) < 0 ||
        text_u64(digits, CREDENTIAL_LIFETIME_HARD, &number) < 0 || number == 0 ||
        number * unit > CREDENTIAL_LIFETIME_HARD)
        return -EINVAL;
    *ret_seconds = (uint32_t)number * unit;
    return 0;
}

int input_depth(const char *text, int *ret_depth)
{
    uint64_t number;

    if (text_u64(text, AAT_DEPTH_MAX, &number) < 0)
        return -EINVAL;
    *ret_depth = (int)number;
    return 0;
}

int input_public_key(const char *path, struct key **ret_key)
{
    char line[SSHKEY_LINE_MAX];
    size_t len;
    int r = read_input(path, line, sizeof line, &len);

    if (r == 0)
        r = sshkey_parse_line(line, len, ret_key);
    if (r < 0)
        complain("%s: %s", path,
                 r == -EINVAL ? "not a public ssh key of a kind that is taken (ed25519, ecdsa nistp256 or nistp384)"
                              : strerror(-r));
    return r;
}

int input_private_key(const char *path, struct key **ret_key)
{
    int r = keyfile_load(path, ret_key);

    if (r == -EPERM)
        complain("%s: others may read it, or it is somebody else's: chmod 600", path);
    else if (r < 0)
        complain("%s: %s", path,
                 r == -EINVAL ? "not a private key without a passphrase (Ed25519, P-256 or P-384; PEM or ssh-keygen's)"
                              : strerror(-r));
    return r;
}

int input_credential(const char *path, char *buf, size_t cap, size_t *ret_len)
{
    int r = read_input(path, buf, cap, ret_len);

    if (r == -EFBIG)
        complain("%s: longer than %d bytes: not a credential", strcmp(path, "-") ? path : "standard input",
                 CREDENTIAL_MAX);
    else if (r < 0)
        complain("%s: %s", path, strerror(-r));
    while (r == 0 && *ret_len > 0 && (buf[*ret_len - 1] == '\n' || buf[*ret_len - 1] == '\r'))
        --*ret_len;
    return r;
}
