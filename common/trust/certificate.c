#include "trust/certificate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "trust/credential_parts.h"
#include "trust/json.h"
#include "trust/jwk.h"
#include "trust/jwt.h"
#include "trust/sshcert.h"
#include "trust/sshkey.h"

#define PUBLICKEY "publickey "
#define CLAIMS_MAX 65536 /* bytes */

/* What is being made of a certificate. */
struct making {
    const struct verify_context *ctx;
    const char *account;
    const struct sshcert *cert;
    const struct anchor *anchor; /* the CA's */
    char id[JWT_ID_MAX + 1];
    int64_t iat, exp;
    struct credential *c;
};

static const char *find_line(const char *auth_info, size_t *ret_len)
{
    const size_t prefix = strlen(PUBLICKEY);

    for (const char *line = auth_info, *end; line && *line; line = *end ? end + 1 : end) {
        end = strchrnul(line, '\n');
        if (!text_starts_with(line, PUBLICKEY) || !sshcert_is_line(line + prefix, (size_t)(end - line) - prefix))
            continue;
        *ret_len = (size_t)(end - line) - prefix;
        return line + prefix;
    }
    return NULL;
}

/* The hash of an RSA signature is the signer's to choose, so keys are compared by what they are. */
static struct verdict find_ca(struct making *m)
{
    char wanted[KEY_THUMBPRINT_SIZE], thumbprint[KEY_THUMBPRINT_SIZE];
    int known = 0;

    if (jwk_thumbprint(m->cert->ca, wanted) < 0)
        return refuse(REASON_INTERNAL, "no thumbprint");
    for (size_t i = 0; i < m->ctx->anchor_count && !m->anchor; i++) {
        struct anchor *anchor = &m->ctx->anchors[i];

        if (anchor->issuer->kind != ISSUER_SSH_CA || !anchor_public(anchor) ||
            jwk_thumbprint(anchor->key, thumbprint) < 0 || strcmp(thumbprint, wanted) != 0)
            continue;
        known = 1;
        if (issuer_takes(anchor->issuer, sshkey_signature_name(m->cert->ca)))
            m->anchor = anchor;
    }
    if (!m->anchor && known)
        return refuse(REASON_ALGORITHM_REFUSED,
                      "the signature is of an algorithm that the issuer is not configured for");
    if (!m->anchor)
        return refuse(REASON_KEY_UNKNOWN, "no configured agent CA signed the certificate");
    if (sshcert_verify(m->cert) < 0)
        return refuse(REASON_SIGNATURE_INVALID, "the signature of the certificate does not verify");
    if (issuer_is_stale(m->anchor->issuer, m->ctx->now))
        return refuse(REASON_KEY_STALE, "the key file of the issuer is older than its max-key-age");
    return permit();
}

static struct verdict check_validity(struct making *m)
{
    const struct sshcert *cert = m->cert;
    uint32_t max = m->anchor->issuer->max_lifetime;

    if (max > CREDENTIAL_LIFETIME_HARD)
        max = CREDENTIAL_LIFETIME_HARD;
    if (cert->valid_after >= cert->valid_before || cert->valid_after > INT64_MAX)
        return refuse(REASON_CLAIM_INVALID, "the validity of the certificate is empty");
    m->iat = (int64_t)cert->valid_after;
    if (m->iat > m->ctx->now + CREDENTIAL_SKEW_SECONDS)
        return refuse(REASON_NOT_YET_VALID, "the certificate is not valid yet");
    if (cert->valid_before <= (uint64_t)m->ctx->now)
        return refuse(REASON_EXPIRED, "the certificate has expired");
    if (cert->valid_before - cert->valid_after > max)
        return refuse(REASON_LIFETIME_TOO_LONG, "the certificate lives longer than its issuer may let it");
    m->exp = (int64_t)cert->valid_before;
    return permit();
}

static struct verdict check_options(const struct making *m)
{
    static const char *const heeded[] = {"force-command", "source-address", "verify-required"};
    size_t known = 0;

    if (m->account ? !sshcert_has_principal(m->cert, m->account) : m->cert->principal_count == 0)
        return refuse(REASON_IDENTITY_MISMATCH, "the certificate is not for this account");
    for (size_t i = 0; i < COUNT_OF(heeded); i++)
        known += sshcert_find(&m->cert->critical, heeded[i]) != NULL;
    if (known != m->cert->critical.count)
        return refuse(REASON_CRIT_REFUSED, "the certificate has a critical option that is not known");
    return permit();
}

/* Its serial; a certificate without one is known by the digest of what was signed. */
static struct verdict read_id(struct making *m)
{
    if (m->cert->serial) {
        snprintf(m->id, sizeof m->id, "%llu", (unsigned long long)m->cert->serial);
        return permit();
    }
    return jwt_digest_id(m->cert->signed_part.at, m->cert->signed_part.len, m->id) < 0
               ? refuse(REASON_INTERNAL, "no digest")
               : permit();
}

/* --- an AAT inside --- */

/* Nothing but an AAT, and one of the certified key. */
static struct verdict take_token(struct making *m, const struct sshcert_option *option)
{
    char thumbprint[KEY_THUMBPRINT_SIZE];
    const char *detail;
    enum reason reason = credential_verify(m->ctx, (const char *)option->value.at, option->value.len, &m->c, &detail);

    if (reason != REASON_PERMIT)
        return refuse(reason, detail);
    if (m->c->kind != ISSUER_AAT || m->c->voucher)
        return refuse(REASON_TYPE_REFUSED, "the certificate holds another token than an AAT");
    if (jwk_thumbprint(m->cert->key, thumbprint) < 0 || strcmp(thumbprint, m->c->holder_thumbprint) != 0)
        return refuse(REASON_POSSESSION_INVALID, "the certificate is not for the key that the token is bound to");
    if (!spiffe_is_of(m->c->identity, m->anchor->issuer->trust_domains))
        return refuse(REASON_TRUST_DOMAIN_REFUSED, "the CA does not own the trust domain of the identity");
    if (m->exp < m->c->exp)
        m->c->exp = m->exp;
    if (credential_vouch(m->c, m->anchor, m->id, NULL, 0) < 0)
        return refuse(REASON_INTERNAL, "out of memory");
    return permit();
}

/* --- task claims inside --- */

static struct verdict check_claims(struct making *m, const json_t *claims)
{
    int64_t iat = m->iat, exp = m->exp;
    const json_t *aud = json_object_get(claims, "aud");
    int found = aud ? json_text_among(aud, m->ctx->audience) : 0;

    if (json_member_integer(claims, "iat", &iat) < 0 || json_member_integer(claims, "exp", &exp) < 0)
        return refuse(REASON_CLAIM_INVALID, "iat or exp is not a NumericDate");
    if (exp <= m->ctx->now)
        return refuse(REASON_EXPIRED, "exp has passed");
    if (iat > m->ctx->now + CREDENTIAL_SKEW_SECONDS)
        return refuse(REASON_NOT_YET_VALID, "iat lies in the future");
    m->iat = iat > m->iat ? iat : m->iat;
    m->exp = exp < m->exp ? exp : m->exp;
    if (found < 0)
        return refuse(REASON_CLAIM_INVALID, "aud is not a string or an array of strings");
    if (!found)
        return refuse(REASON_AUDIENCE_MISMATCH, "aud does not name this host");
    if (!m->anchor->issuer->ignore_status && json_object_get(claims, "status"))
        return refuse(REASON_CLAIM_INVALID, "status is present and cannot be checked");
    return permit();
}

static struct verdict fill(struct making *m, const json_t *claims, const struct workload *workload)
{
    CLEANUP(json_freep) json_t *tools = NULL;
    struct verdict v = jwt_read_tools(claims, "authorization_details", 0, &tools);
    const char *jti = m->id;

    if (v.reason != REASON_PERMIT)
        return v;
    if (json_member_string(claims, "jti", JWT_ID_MAX, &jti) < 0)
        return refuse(REASON_CLAIM_INVALID, "jti is not a short string without control characters");
    m->c = calloc(1, sizeof *m->c);
    if (!m->c || credential_fill(m->c, m->anchor, jti, workload) < 0 ||
        jwk_thumbprint(m->cert->key, m->c->holder_thumbprint) < 0)
        return refuse(REASON_INTERNAL, "out of memory");
    if (jti != m->id && credential_vouch(m->c, m->anchor, m->id, NULL, 0) < 0) /* its serial can be revoked still */
        return refuse(REASON_INTERNAL, "out of memory");
    m->c->iat = m->iat;
    m->c->exp = m->exp;
    return credential_limit(m->c, tools);
}

static struct verdict take_claims(struct making *m, const struct sshcert_option *option)
{
    CLEANUP(json_freep) json_t *claims = NULL;
    struct workload workload;
    struct verdict v;

    if (json_claims_parse((const char *)option->value.at, option->value.len, CLAIMS_MAX, &claims) < 0 ||
        !json_is_object(claims))
        return refuse(REASON_CLAIM_INVALID, "the task claims are not one JSON object without duplicate members");
    v = check_claims(m, claims);
    if (v.reason == REASON_PERMIT)
        v = workload_of_claims(claims, m->anchor->issuer, &workload);
    return v.reason == REASON_PERMIT ? fill(m, claims, &workload) : v;
}

/* --- the whole --- */

static struct verdict take_extension(struct making *m)
{
    const char *name = m->anchor->issuer->extension;
    const struct sshcert_option *token = sshcert_find(&m->cert->extensions, name ? name : CERTIFICATE_TOKEN_EXTENSION),
                                *claims = sshcert_find(&m->cert->extensions, CERTIFICATE_CLAIMS_EXTENSION);

    if (token && claims)
        return refuse(REASON_CREDENTIAL_MALFORMED, "the certificate holds a token and task claims");
    if (token)
        return take_token(m, token);
    if (claims)
        return take_claims(m, claims);
    return refuse(REASON_CREDENTIAL_MISSING, "the certificate holds neither a token nor task claims");
}

static struct verdict make(struct making *m)
{
    struct verdict v = find_ca(m);

    if (v.reason == REASON_PERMIT)
        v = check_validity(m);
    if (v.reason == REASON_PERMIT)
        v = check_options(m);
    if (v.reason == REASON_PERMIT)
        v = read_id(m);
    if (v.reason == REASON_PERMIT)
        v = take_extension(m);
    if (v.reason == REASON_PERMIT && credential_digest(m->c, m->cert->whole.at, m->cert->whole.len) < 0)
        v = refuse(REASON_INTERNAL, "no digest");
    return v;
}

static struct verdict take_blob(struct making *m, const unsigned char *blob, size_t len)
{
    struct sshcert *cert = malloc(sizeof *cert); /* large: its options */
    struct verdict v;
    int error;

    if (!cert)
        return refuse(REASON_INTERNAL, "out of memory");
    error = sshcert_parse(blob, len, cert);
    m->cert = cert;
    if (error == -ENOTSUP)
        v = refuse(REASON_ALGORITHM_REFUSED, "the certificate is of a kind, key or signature that is not taken");
    else if (error)
        v = refuse(REASON_CREDENTIAL_MALFORMED, "not a well-formed certificate of a user");
    else
        v = make(m);
    sshcert_clear(cert);
    free(cert);
    return v;
}

static struct verdict verify(struct making *m, const char *auth_info)
{
    unsigned char *blob;
    size_t line_len, len;
    const char *line = find_line(auth_info, &line_len);
    struct verdict v;
    int error;

    if (!line)
        return refuse(REASON_CREDENTIAL_MISSING, "this connection was opened with no certificate");
    error = sshcert_decode_line(line, line_len, &blob, &len);
    if (error)
        return error == -E2BIG ? refuse(REASON_TOO_LARGE, "the certificate is larger than 256 KiB")
                               : refuse(REASON_CREDENTIAL_MALFORMED, "not a well-formed certificate");
    v = take_blob(m, blob, len);
    free(blob);
    return v;
}

enum reason certificate_verify(const struct verify_context *ctx, const char *auth_info, const char *account,
                               struct credential **ret_credential, const char **ret_detail)
{
    struct making m = {.ctx = ctx, .account = account};
    struct verdict v = verify(&m, auth_info);

    *ret_credential = NULL;
    if (v.reason == REASON_PERMIT)
        *ret_credential = m.c;
    else
        credential_free(m.c);
    if (ret_detail)
        *ret_detail = v.detail ? v.detail : "every check passed";
    return v.reason;
}
