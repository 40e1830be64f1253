#include "agentctl/verification.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/host.h"
#include "agentctl/say.h"
#include "core/text.h"
#include "trust/anchors.h"
#include "trust/certificate.h"
#include "trust/sshcert.h"

/* The line of a certificate is what sshd would hand on. */
static enum reason verify(const struct verify_context *ctx, const char *token, size_t len, const char *account,
                          struct verification *v)
{
    enum reason reason;
    char *info;

    if (!sshcert_is_line(token, len))
        return credential_verify(ctx, token, len, &v->credential, &v->detail);
    if (asprintf(&info, "publickey %s", token) < 0)
        return REASON_INTERNAL;
    reason = certificate_verify(ctx, info, account, &v->credential, &v->detail);
    free(info);
    return reason;
}

int verification_make(const char *token, size_t len, const char *account, int64_t now, struct verification *ret)
{
    CLEANUP(anchors_freep) struct anchors *anchors = NULL;
    char audience[SPIFFE_ID_MAX + 1];
    struct verify_context ctx = {.audience = audience, .now = now};
    int r = host_id(audience, sizeof audience);

    if (r == 0)
        r = anchors_load(&anchors);
    if (r < 0) {
        complain("the trust anchors of this host cannot be read (%s): run `agentctl apply` as root", strerror(-r));
        return r;
    }
    ctx.anchors = anchors->items;
    ctx.anchor_count = anchors->count;
    *ret = (struct verification){.reason = REASON_INTERNAL};
    ret->reason = verify(&ctx, token, len, account, ret);
    return 0;
}

int verification_is_delegated(const struct credential *credential)
{
    return credential->ancestor_count > 0;
}

const char *verification_delegatee(const struct credential *credential)
{
    return credential->voucher && credential->voucher->identity ? credential->voucher->identity : "";
}

static int copy_strings(const struct credential *c, struct grant *grant)
{
    const struct {
        const char *from;
        char *to;
        size_t cap;
    } strings[] = {
        {c->issuer, grant->issuer, sizeof grant->issuer},
        {c->iss, grant->iss, sizeof grant->iss},
        {c->jti, grant->jti, sizeof grant->jti},
        {c->holder_thumbprint, grant->key, sizeof grant->key},
        {c->signer_thumbprint, grant->signer, sizeof grant->signer},
        {c->identity, grant->identity, sizeof grant->identity},
        {c->principal, grant->principal, sizeof grant->principal},
        {c->task, grant->task, sizeof grant->task},
        {c->purpose, grant->purpose, sizeof grant->purpose},
        {c->scope, grant->scope, sizeof grant->scope},
    };

    for (size_t i = 0; i < COUNT_OF(strings); i++)
        if (text_copy(strings[i].to, strings[i].cap, strings[i].from ? strings[i].from : "") < 0)
            return -ENOBUFS;
    return 0;
}

/* What stands on another token falls with it. */
static int copy_voucher(const struct voucher *voucher, struct grant *grant)
{
    struct voucher_grant *to = &grant->voucher;

    if (!voucher)
        return 0;
    to->once = voucher->unbound;
    if (text_copy(to->issuer, sizeof to->issuer, voucher->issuer) < 0 ||
        text_copy(to->iss, sizeof to->iss, voucher->iss) < 0 || text_copy(to->jti, sizeof to->jti, voucher->jti) < 0 ||
        text_copy(to->signer, sizeof to->signer, voucher->signer_thumbprint) < 0)
        return -ENOBUFS;
    return grant_add_ancestor(grant, LINK_ISSUER, NULL, voucher->iss) < 0
               ? -E2BIG
               : grant_add_ancestor(grant, LINK_JTI, voucher->iss, voucher->jti);
}

enum reason verification_grant(const struct credential *credential, struct grant *ret)
{
    grant_clear(ret);
    ret->issued = credential->iat;
    ret->expires = credential->exp;
    ret->sensitivity = level_parse(credential->sensitivity ? credential->sensitivity : "");
    if (copy_strings(credential, ret) < 0)
        return REASON_TOO_LARGE;
    for (size_t i = 0; i < credential->ancestor_count; i++) {
        const struct ancestor *ancestor = &credential->ancestors[i];

        if (grant_add_ancestor(ret, LINK_JTI, credential->iss, ancestor->jti) < 0 ||
            grant_add_ancestor(ret, LINK_KEY, NULL, ancestor->holder_thumbprint) < 0)
            return REASON_TOO_LARGE;
    }
    return copy_voucher(credential->voucher, ret) < 0 ? REASON_TOO_LARGE : REASON_PERMIT;
}
