#include "trust/credential.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "trust/aat.h"
#include "trust/credential_parts.h"
#include "trust/crypto.h"
#include "trust/json.h"
#include "trust/jwk.h"
#include "trust/jwt.h"
#include "trust/presentation.h"
#include "trust/workload.h"

#define DEFAULT_SCOPE "authorization_details"

static void chain_free(struct aat_chain *chain)
{
    if (chain)
        aat_clear(chain);
    free(chain);
}

void credential_freep(struct credential **credential)
{
    credential_free(*credential);
}

/* --- what all kinds have --- */

static int copy(char **ret_copy, const char *text)
{
    *ret_copy = strdup(text);
    return *ret_copy ? 0 : -ENOMEM;
}

static int copy_if_any(char **ret_copy, const char *text)
{
    return text[0] ? copy(ret_copy, text) : 0;
}

int credential_fill(struct credential *c, const struct anchor *anchor, const char *jti, const struct workload *workload)
{
    const struct issuer *issuer = anchor->issuer;

    if (copy(&c->issuer, issuer->name) < 0 || copy(&c->iss, issuer->iss) < 0 || copy(&c->jti, jti) < 0 ||
        copy(&c->identity, workload->identity) < 0 || copy_if_any(&c->principal, workload->principal) < 0 ||
        copy(&c->task, workload->task) < 0 || copy_if_any(&c->purpose, workload->purpose) < 0 ||
        copy_if_any(&c->sensitivity, workload->sensitivity) < 0)
        return -ENOMEM;
    c->kind = issuer->kind;
    return jwk_thumbprint(anchor->key, c->signer_thumbprint);
}

int credential_digest(struct credential *c, const void *presented, size_t len)
{
    unsigned char digest[SHA256_SIZE];
    int error = crypto_sha256(presented, len, digest);

    if (!error)
        text_hex(c->sha256, digest, sizeof digest);
    return error;
}

/* Every tool that a step of this host is, with whatever arguments. */
static json_t *all_tools(void)
{
    return json_pack("{s:{}, s:{}}", "host:login", "host:sudo");
}

static struct verdict put_scope(struct credential *c, const struct tools *tools)
{
    char text[CREDENTIAL_SCOPE_MAX];

    if (tools_compile(tools, text, sizeof text, &c->scope_len) < 0)
        return refuse(REASON_TOO_LARGE, "3n: the tools are too large");
    c->scope = strndup(text, c->scope_len);
    return c->scope ? permit() : refuse(REASON_INTERNAL, "out of memory");
}

struct verdict credential_limit(struct credential *c, json_t *tools)
{
    CLEANUP(json_freep) json_t *map = tools ? json_incref(tools) : all_tools();
    struct tools read = {.count = 0};
    struct verdict v = map ? tools_read(map, 0, &read) : refuse(REASON_INTERNAL, "out of memory");

    if (v.reason == REASON_PERMIT)
        v = put_scope(c, &read);
    tools_clear(&read);
    c->tools = json_incref(tools);
    return v;
}

int credential_vouch(struct credential *c, const struct anchor *anchor, const char *jti, const char *identity,
                     int unbound)
{
    struct voucher *voucher = c->voucher = calloc(1, sizeof *voucher);

    if (!voucher || copy(&voucher->issuer, anchor->issuer->name) < 0 || copy(&voucher->iss, anchor->issuer->iss) < 0 ||
        copy(&voucher->jti, jti) < 0 || (identity && copy(&voucher->identity, identity) < 0))
        return -ENOMEM;
    voucher->unbound = unbound;
    return jwk_thumbprint(anchor->key, voucher->signer_thumbprint);
}

static struct jwt_rules rules_for(const struct verify_context *ctx, unsigned kinds)
{
    return (struct jwt_rules){.anchors = ctx->anchors,
                              .anchor_count = ctx->anchor_count,
                              .kinds = kinds,
                              .audience = ctx->audience,
                              .now = ctx->now,
                              .max_lifetime = CREDENTIAL_LIFETIME_HARD};
}

/* --- chains --- */

static int copy_id(char **ret_id, const struct aat_chain *chain, size_t at)
{
    const char *jti = json_string_value(chain->tokens[at].jti);

    if (at == 0)
        return copy(ret_id, jti);
    *ret_id = malloc(KEY_THUMBPRINT_SIZE + strlen(jti) + 1);
    if (!*ret_id)
        return -ENOMEM;
    sprintf(*ret_id, "%s:%s", chain->tokens[at - 1].holder_thumbprint, jti);
    return 0;
}

static int copy_ancestors(struct credential *c, const struct aat_chain *chain)
{
    int r = 0;

    c->ancestors = calloc(chain->count, sizeof *c->ancestors);
    if (!c->ancestors)
        return -ENOMEM;
    for (; r == 0 && c->ancestor_count + 1 < chain->count; c->ancestor_count++) {
        struct ancestor *ancestor = &c->ancestors[c->ancestor_count];

        strcpy(ancestor->holder_thumbprint, chain->tokens[c->ancestor_count].holder_thumbprint);
        r = copy_id(&ancestor->jti, chain, c->ancestor_count);
    }
    return r;
}

static struct verdict fill_from_chain(struct credential *c, const struct aat_chain *chain,
                                      const struct workload *workload)
{
    const struct aat_token *leaf = aat_leaf(chain);
    char *jti = NULL;
    int r = copy_id(&jti, chain, chain->count - 1);

    if (r == 0)
        r = credential_fill(c, chain->anchor, jti, workload);
    free(jti);
    if (r == 0)
        r = copy_ancestors(c, chain);
    if (r < 0)
        return refuse(REASON_INTERNAL, "out of memory");
    strcpy(c->holder_thumbprint, leaf->holder_thumbprint);
    c->iat = chain->tokens[0].iat;
    c->exp = leaf->exp;
    c->tools = json_incref(leaf->tools_json);
    return put_scope(c, &leaf->tools);
}

/* The JWT-SVID of who holds the leaf: bound to its key, or the proof has to cover it. */
static struct verdict take_svid(const struct verify_context *ctx, const struct presentation *p, struct credential *c)
{
    const struct jwt_rules rules = rules_for(ctx, 1u << ISSUER_SVID);
    struct workload workload;
    struct jwt svid;
    struct verdict v;

    if (c->ancestor_count == 0)
        return refuse(REASON_CREDENTIAL_MALFORMED, "a svid stands beside a token that was not delegated");
    v = jwt_verify(&rules, p->svid, p->svid_len, &svid);
    if (v.reason == REASON_PERMIT)
        v = workload_identity(svid.claims, svid.anchor->issuer, &workload);
    if (v.reason == REASON_PERMIT && svid.thumbprint[0] && strcmp(svid.thumbprint, c->holder_thumbprint) != 0)
        v = refuse(REASON_POSSESSION_INVALID, "the svid is bound to another key than the chain");
    if (v.reason == REASON_PERMIT &&
        credential_vouch(c, svid.anchor, svid.id, workload.identity, !svid.thumbprint[0]) < 0)
        v = refuse(REASON_INTERNAL, "out of memory");
    if (v.reason == REASON_PERMIT && svid.exp < c->exp)
        c->exp = svid.exp;
    jwt_clear(&svid);
    return v;
}

static struct verdict verify_chain(const struct verify_context *ctx, const struct presentation *p, struct credential *c)
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
    struct workload workload;
    struct verdict v;

    c->chain = calloc(1, sizeof *c->chain);
    if (!c->chain)
        return refuse(REASON_INTERNAL, "out of memory");
    v = aat_verify(&rules, p->tokens, p->lens, p->count, c->chain);
    if (v.reason == REASON_PERMIT)
        v = workload_of_chain(c->chain, ctx->now, &workload);
    if (v.reason == REASON_PERMIT)
        v = fill_from_chain(c, c->chain, &workload);
    if (v.reason == REASON_PERMIT && p->svid)
        v = take_svid(ctx, p, c);
    return v;
}

/* --- other tokens --- */

static struct verdict fill_from_jwt(struct credential *c, const struct jwt *jwt, const struct workload *workload)
{
    CLEANUP(json_freep) json_t *tools = NULL;
    const char *scope = jwt->anchor->issuer->scope;
    struct verdict v = jwt_read_tools(jwt->claims, scope ? scope : DEFAULT_SCOPE, scope != NULL, &tools);

    if (v.reason != REASON_PERMIT)
        return v;
    if (credential_fill(c, jwt->anchor, jwt->id, workload) < 0)
        return refuse(REASON_INTERNAL, "out of memory");
    strcpy(c->holder_thumbprint, jwt->thumbprint);
    c->iat = jwt->iat;
    c->exp = jwt->exp;
    return credential_limit(c, tools);
}

static struct verdict verify_jwt(const struct verify_context *ctx, const struct presentation *p, struct credential *c)
{
    const struct jwt_rules rules = rules_for(ctx, 1u << ISSUER_SVID | 1u << ISSUER_JWT);
    struct workload workload;
    struct jwt jwt;
    struct verdict v = jwt_verify(&rules, p->tokens[0], p->lens[0], &jwt);

    if (v.reason == REASON_PERMIT)
        v = workload_of_claims(jwt.claims, jwt.anchor->issuer, &workload);
    if (v.reason == REASON_PERMIT)
        v = fill_from_jwt(c, &jwt, &workload);
    jwt_clear(&jwt);
    return v;
}

static int knows_jwt(const struct verify_context *ctx)
{
    for (size_t i = 0; i < ctx->anchor_count; i++)
        if (ctx->anchors[i].issuer->kind == ISSUER_SVID || ctx->anchors[i].issuer->kind == ISSUER_JWT)
            return 1;
    return 0;
}

/* A single token whose `typ` is not that of an AAT may be one of another kind, which may know other algorithms. */
static int is_no_aat(const struct credential *c, const struct presentation *p, enum reason reason)
{
    return !p->is_object && (reason == REASON_TYPE_REFUSED || (reason == REASON_ALGORITHM_REFUSED && c->chain &&
                                                               !text_equal(c->chain->tokens[0].jws.typ, AAT_TYP)));
}

static struct verdict verify(const struct verify_context *ctx, const char *token, size_t len, struct credential *c)
{
    struct presentation p;
    struct verdict v = presentation_read(token, len, &p);

    if (v.reason == REASON_PERMIT)
        v = verify_chain(ctx, &p, c);
    if (is_no_aat(c, &p, v.reason) && knows_jwt(ctx)) {
        chain_free(c->chain);
        c->chain = NULL;
        v = verify_jwt(ctx, &p, c);
    }
    if (v.reason == REASON_PERMIT && credential_digest(c, token, len) < 0)
        v = refuse(REASON_INTERNAL, "no digest");
    presentation_clear(&p);
    return v;
}

enum reason credential_verify(const struct verify_context *ctx, const char *token, size_t len,
                              struct credential **ret_credential, const char **ret_detail)
{
    CLEANUP(credential_freep) struct credential *c = calloc(1, sizeof *c);
    struct verdict v = c ? verify(ctx, token, len, c) : refuse(REASON_INTERNAL, "out of memory");

    *ret_credential = NULL;
    if (v.reason == REASON_PERMIT) {
        *ret_credential = c;
        c = NULL;
    }
    if (ret_detail)
        *ret_detail = v.detail ? v.detail : "every check passed";
    return v.reason;
}

static void voucher_free(struct voucher *voucher)
{
    if (!voucher)
        return;
    free(voucher->issuer);
    free(voucher->iss);
    free(voucher->jti);
    free(voucher->identity);
    free(voucher);
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
    free(credential->sensitivity);
    for (size_t i = 0; credential->ancestors && i < credential->ancestor_count; i++)
        free(credential->ancestors[i].jti);
    free(credential->ancestors);
    voucher_free(credential->voucher);
    json_decref(credential->tools);
    chain_free(credential->chain);
    free(credential->scope);
    free(credential);
}
