/* Proof that the one who presents a credential holds its key (credential.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "trust/aat.h"
#include "trust/credential.h"
#include "trust/json.h"
#include "trust/jwk.h"
#include "trust/sshcert.h"
#include "trust/sshkey.h"
#include "trust/sshsig.h"

#define NAMESPACE "pam-agent"
#define PUBLICKEY "publickey "
#define AUTH_INFO_MAX 262144 /* bytes; a certificate with a 100 KB extension may be among the lines */
#define SIGNED_TEXT_MAX 8192

/* A JWT-SVID that is bound to no key: what passes a presentation on could add or exchange it, were it not signed with it. */
static int needs_cover(const struct credential *credential)
{
    return credential->voucher && credential->voucher->unbound;
}

static int is_holder(const struct key *key, const struct credential *credential)
{
    char thumbprint[KEY_THUMBPRINT_SIZE];

    return jwk_thumbprint(key, thumbprint) == 0 && strcmp(thumbprint, credential->holder_thumbprint) == 0;
}

/* sshd has verified it, and that the client holds its key. */
static int certificate_is_holders(const char *line, size_t len, const struct credential *credential)
{
    struct sshcert *cert = malloc(sizeof *cert); /* large: its options */
    unsigned char *blob = NULL;
    int is = 0;

    if (cert && sshcert_decode_line(line, len, &blob, &len) == 0) {
        is = sshcert_parse(blob, len, cert) == 0 && is_holder(cert->key, credential);
        sshcert_clear(cert);
    }
    free(blob);
    free(cert);
    return is;
}

static int line_is_holder(const char *line, size_t len, const struct credential *credential)
{
    CLEANUP(key_freep) struct key *key = NULL;

    if (sshcert_is_line(line, len))
        return certificate_is_holders(line, len, credential);
    return sshkey_parse_line(line, len, &key) == 0 && is_holder(key, credential);
}

enum reason possession_by_channel(const struct credential *credential, const char *auth_info)
{
    const size_t prefix = strlen(PUBLICKEY);
    enum reason verdict = REASON_POSSESSION_MISSING;
    const char *line, *end;

    if (!credential || !credential->holder_thumbprint[0] || !auth_info || needs_cover(credential))
        return REASON_POSSESSION_MISSING;
    if (strnlen(auth_info, AUTH_INFO_MAX + 1) > AUTH_INFO_MAX)
        return REASON_TOO_LARGE;
    for (line = auth_info; *line; line = *end ? end + 1 : end) {
        end = strchrnul(line, '\n');
        if (!text_starts_with(line, PUBLICKEY))
            continue;
        verdict = REASON_POSSESSION_INVALID;
        if (line_is_holder(line + prefix, (size_t)(end - line) - prefix, credential))
            return REASON_PERMIT;
    }
    return verdict;
}

/* What ends a line inside a value would let one text stand for two statements. */
static int is_one_line(const char *value)
{
    return value && *value && !strchr(value, '\n');
}

enum reason possession_by_signature(const struct credential *credential, const char *nonce, const char *host_id,
                                    const char *account, const unsigned char *sshsig, size_t len)
{
    CLEANUP(key_freep) struct key *signer = NULL;
    char text[SIGNED_TEXT_MAX];

    if (!credential || !credential->holder_thumbprint[0] || !sshsig || len == 0)
        return REASON_POSSESSION_MISSING;
    if (!is_one_line(nonce) || !is_one_line(host_id) || !is_one_line(account) || !credential->sha256[0] ||
        text_format(text, sizeof text, "%s\n%s\n%s\n%s\n", nonce, host_id, account, credential->sha256) < 0)
        return REASON_POSSESSION_INVALID;
    if (sshsig_signer(sshsig, len, &signer) < 0 || !is_holder(signer, credential) ||
        sshsig_verify(signer, NAMESPACE, text, strlen(text), sshsig, len) != 0)
        return REASON_POSSESSION_INVALID;
    return REASON_PERMIT;
}

enum reason possession_by_pop(const struct credential *credential, const char *nonce, const char *host_id,
                              const char *account, int64_t now, const char *pop, size_t len)
{
    CLEANUP(json_freep) json_t *args = json_pack("{s:s}", "account", account);
    const struct aat_rules rules = {.audience = host_id, .now = now};
    const struct aat_proof proof = {
        .token = pop,
        .len = len,
        .tool = "host:login",
        .args = args,
        .decided = 1,
        .nonce = nonce,
        .need_audience = 1,
    };

    if (!credential || !credential->chain || !args || !nonce || !host_id || !pop || needs_cover(credential))
        return REASON_POSSESSION_MISSING;
    return aat_prove(&rules, credential->chain, &proof).reason;
}
