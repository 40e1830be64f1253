#include "trust/credential.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "trust/aat.h"
#include "trust/crypto.h"
#include "trust/jwk.h"
#include "trust/presentation.h"
#include "trust/workload.h"

static void chain_free(struct aat_chain *chain)
{
    if (chain)
        aat_clear(chain);
    free(chain);
}

static void credential_freep(struct credential **credential)
{
    credential_free(*credential);
}

static int copy(char **ret_copy, const char *text)
{
    if (!text)
        return 0;
    *ret_copy = strdup(text);
    return *ret_copy ? 0 : -ENOMEM;
}

static int copy_id(char **ret_id, const struct aat_chain *chain, size_t at)
{
    const char *jti = json_string_value(chain->tokens[at].jti);
    char signer[KEY_THUMBPRINT_SIZE];
    int r;

    if (at == 0)
        return copy(ret_id, jti);
    r = jwk_thumbprint(chain->tokens[at - 1].holder, signer);
    if (r < 0)
        return r;
    *ret_id = malloc(sizeof signer + strlen(jti) + 1);
    if (!*ret_id)
        return -ENOMEM;
    sprintf(*ret_id, "%s:%s", signer, jti);
    return 0;
}

static int copy_claims(struct credential *c, const struct aat_chain *chain, const struct workload *workload)
{
    const struct aat_token *leaf = aat_leaf(chain);

    if (copy(&c->issuer, chain->anchor->issuer) < 0 || copy(&c->iss, chain->anchor->iss) < 0 ||
        copy_id(&c->jti, chain, chain->count - 1) < 0 || copy(&c->identity, workload->identity) < 0 ||
        copy(&c->principal, workload->principal) < 0 || copy(&c->task, workload->task) < 0 ||
        copy(&c->purpose, workload->purpose) < 0)
        return -ENOMEM;
    c->iat = chain->tokens[0].iat;
    c->exp = leaf->exp;
    return jwk_thumbprint(chain->anchor->key, c->signer_thumbprint);
}

static int copy_ancestors(struct credential *c, const struct aat_chain *chain)
{
    int r = 0;

    c->ancestors = calloc(chain->count, sizeof *c->ancestors);
    if (!c->ancestors)
        return -ENOMEM;
    for (; r == 0 && c->ancestor_count + 1 < chain->count; c->ancestor_count++) {
        const struct aat_token *token = &chain->tokens[c->ancestor_count];

        r = copy_id(&c->ancestors[c->ancestor_count].jti, chain, c->ancestor_count);
        if (r == 0)
            r = jwk_thumbprint(token->holder, c->ancestors[c->ancestor_count].holder_thumbprint);
    }
    return r;
}

static int hash_presentation(struct credential *c, const char *token, size_t len)
{
    unsigned char digest[SHA256_SIZE];
    int error = crypto_sha256(token, len, digest);

    if (!error)
        text_hex(c->sha256, digest, sizeof digest);
    return error;
}

static struct verdict make_credential(struct aat_chain *chain, const struct workload *workload, const char *token,
                                      size_t len, struct credential **ret_credential)
{
    CLEANUP(credential_freep) struct credential *c = calloc(1, sizeof *c);
    const struct aat_token *leaf = aat_leaf(chain);

    if (!c || copy_claims(c, chain, workload) < 0 || copy_ancestors(c, chain) < 0 ||
        jwk_thumbprint(leaf->holder, c->holder_thumbprint) < 0 || hash_presentation(c, token, len) < 0 ||
        !(c->scope = malloc(CREDENTIAL_SCOPE_MAX)))
        return refuse(REASON_INTERNAL, "out of memory");
    if (tools_compile(&leaf->tools, c->scope, CREDENTIAL_SCOPE_MAX, &c->scope_len) < 0)
        return refuse(REASON_TOO_LARGE, "3n: the tools are too large");
    c->holder = leaf->holder;
    c->chain = chain;
    *ret_credential = c;
    c = NULL;
    return permit();
}

static struct verdict verify(const struct verify_context *ctx, const char *token, size_t len,
                             struct credential **ret_credential)
{
    const struct aat_rules rules = {
        .anchors = ctx->anchors,
        .anchor_count = ctx->anchor_count,
        .audience = ctx->audience,
        .need_audience = 1,
        .now = ctx->now,
        .max_lifetime = CREDENTIAL_LIFETIME_HARD,
        .max_depth = AAT_DEPTH_MAX,
    };
    struct presentation presentation;
    struct aat_chain *chain = calloc(1, sizeof *chain);
    struct workload workload;
    struct verdict verdict = presentation_read(token, len, &presentation);

    if (!chain)
        verdict = refuse(REASON_INTERNAL, "out of memory");
    if (verdict.reason == REASON_PERMIT)
        verdict = aat_verify(&rules, presentation.tokens, presentation.lens, presentation.count, chain);
    if (verdict.reason == REASON_PERMIT)
        verdict = workload_check(chain, ctx->now, &workload);
    if (verdict.reason == REASON_PERMIT)
        verdict = make_credential(chain, &workload, token, len, ret_credential);
    if (verdict.reason != REASON_PERMIT)
        chain_free(chain);
    presentation_clear(&presentation);
    return verdict;
}

enum reason credential_verify(const struct verify_context *ctx, const char *token, size_t len,
                              struct credential **ret_credential, const char **ret_detail)
{
    struct verdict verdict;

    *ret_credential = NULL;
    verdict = verify(ctx, token, len, ret_credential);
    if (ret_detail)
        *ret_detail = verdict.detail ? verdict.detail : "every check passed";
    return verdict.reason;
}

void credential_free(struct credential *credential)
{
    if (!credential)
        return;
    free(credential->issuer);
    free(credential->iss);
    free(credential->jti);
    free(credential->identity);
    free(credential->principal);
    free(credential->task);
    free(credential->purpose);
    for (size_t i = 0; credential->ancestors && i < credential->ancestor_count; i++)
        free(credential->ancestors[i].jti);
    free(credential->ancestors);
    chain_free(credential->chain);
    free(credential->scope);
    free(credential);
}
