#include "trust/derive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/aat.h"
#include "trust/base64url.h"
#include "trust/crypto.h"
#include "trust/jcs.h"
#include "trust/json.h"
#include "trust/jwk.h"
#include "trust/presentation.h"
#include "trust/toolspec.h"

/* The token that is derived from: what its holder must know of it. Nothing of it is verified here. */
struct parent {
    struct presentation presentation;
    struct jws jws;
    json_t *claims, *tools_json; /* borrowed from claims */
    struct tools tools;
    int64_t iat, exp, depth, max_depth;
};

static int fail(char error[ISSUE_ERROR_SIZE], int number, const char *what, const char *which)
{
    snprintf(error, ISSUE_ERROR_SIZE, which ? "%.128s: %s" : "%s%s", which ? which : what, which ? what : "");
    return number;
}

static void parent_clear(struct parent *parent)
{
    tools_clear(&parent->tools);
    json_decref(parent->claims);
    jws_clear(&parent->jws);
    presentation_clear(&parent->presentation);
}

static int find_tools(struct parent *parent)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(json_object_get(parent->claims, "authorization_details"), i, entry)
    {
        if (json_is_text(json_object_get(entry, "type"), AAT_ENTRY_TYPE))
            return json_member_object(entry, "tools", &parent->tools_json) == 1;
    }
    return 0;
}

static int read_claims(struct parent *parent)
{
    return json_claims_parse(parent->jws.payload, parent->jws.payload_len, AAT_TOKEN_MAX, &parent->claims) == 0 &&
           json_member_integer(parent->claims, "iat", &parent->iat) == 1 &&
           json_member_integer(parent->claims, "exp", &parent->exp) == 1 &&
           json_member_integer(parent->claims, "del_depth", &parent->depth) == 1 &&
           json_member_integer(parent->claims, "del_max_depth", &parent->max_depth) == 1 && find_tools(parent) &&
           tools_read(parent->tools_json, 0, &parent->tools).reason == REASON_PERMIT;
}

static int read_parent(const char *text, size_t len, struct parent *parent, char error[ISSUE_ERROR_SIZE])
{
    struct presentation *p = &parent->presentation;
    struct verdict verdict = presentation_read(text, len, p);

    if (verdict.reason != REASON_PERMIT)
        return fail(error, -EINVAL, verdict.detail, "the credential");
    if (p->count == 0 || p->count > AAT_TOKENS_MAX)
        return fail(error, -EINVAL, "the credential is no chain", NULL);
    if (jws_parse(p->tokens[p->count - 1], p->lens[p->count - 1], &parent->jws) < 0 || !read_claims(parent))
        return fail(error, -EINVAL, "the credential's last token is none of an agent", NULL);
    return 0;
}

static int check_holder(const struct parent *parent, const struct key *key, char error[ISSUE_ERROR_SIZE])
{
    CLEANUP(key_freep) struct key *holder = NULL;
    json_t *cnf, *jwk;

    if (json_member_object(parent->claims, "cnf", &cnf) != 1 || json_member_object(cnf, "jwk", &jwk) != 1 ||
        jwk_parse(jwk, &holder) < 0 || !key_equal(holder, key))
        return fail(error, -EINVAL, "the credential is not bound to this key", NULL);
    return 0;
}

static int hash_signed(const struct jws *jws, char ret[BASE64URL_LENGTH(SHA256_SIZE) + 1])
{
    unsigned char digest[SHA256_SIZE];
    int r = crypto_sha256(jws->token, jws->signing_len, digest);

    if (r == 0)
        base64url_encode(digest, sizeof digest, ret);
    return r;
}

/* --- tools --- */

/* 1, or 0 and the text of the step of the draft that refuses. */
static int narrows(const struct parent *parent, json_t *tools, const char **ret_why)
{
    struct tools read;
    struct verdict verdict = tools_read(tools, 1, &read);

    if (verdict.reason == REASON_PERMIT)
        verdict = tools_narrow(&parent->tools, &read);
    tools_clear(&read);
    *ret_why = verdict.detail;
    return verdict.reason == REASON_PERMIT;
}

/* Each by itself, so that it can be said which of them is too wide. */
static int add_tool(const struct parent *parent, const char *spec, json_t *tools, char error[ISSUE_ERROR_SIZE])
{
    CLEANUP(json_freep) json_t *one = json_object();
    const char *why = "out of memory";
    int r = toolspec_add(one, spec, &why);

    if (r < 0)
        return fail(error, r, why, spec);
    if (!narrows(parent, one, &why))
        return fail(error, -EINVAL, why, spec);
    r = toolspec_add(tools, spec, &why);
    return r < 0 ? fail(error, r, why, spec) : 0;
}

static int make_tools(const struct derive_request *request, const struct parent *parent, json_t **ret_tools,
                      char error[ISSUE_ERROR_SIZE])
{
    CLEANUP(json_freep) json_t *tools = request->tool_count ? json_object() : json_incref(parent->tools_json);
    const char *why;
    int r = 0;

    for (size_t i = 0; r == 0 && i < request->tool_count; i++)
        r = add_tool(parent, request->tools[i], tools, error);
    if (r < 0)
        return r;
    if (!narrows(parent, tools, &why))
        return fail(error, -EINVAL, why, NULL);
    *ret_tools = json_incref(tools);
    return 0;
}

/* --- the token --- */

static int check_bounds(const struct derive_request *request, const struct parent *parent, char error[ISSUE_ERROR_SIZE])
{
    if (parent->presentation.count > AAT_DEPTH_MAX)
        return fail(error, -EINVAL, "the parent has as many tokens as a chain may have", NULL);
    if (key_equal(request->to, request->holder))
        return fail(error, -EINVAL, "the key to delegate to is the parent's own: its holder has the parent already",
                    NULL);
    if (parent->exp <= request->now)
        return fail(error, -EINVAL, "the parent has expired", NULL);
    if (parent->depth >= parent->max_depth)
        return fail(error, -EINVAL, "the parent may not be delegated: del_max_depth is reached", NULL);
    if (request->max_depth >= 0 && request->max_depth <= parent->depth)
        return fail(error, -EINVAL, "the chain would be deeper than its own max-depth", NULL);
    if (request->max_depth > parent->max_depth)
        return fail(error, -EINVAL, "max-depth exceeds the parent's: it would widen", NULL);
    return 0;
}

static json_t *make_claims(const struct derive_request *request, const struct parent *parent, json_t *tools)
{
    char iss[sizeof AAT_ISS_PREFIX + KEY_THUMBPRINT_SIZE] = AAT_ISS_PREFIX, hash[BASE64URL_LENGTH(SHA256_SIZE) + 1];
    char jti[ISSUE_ID_SIZE];
    int64_t iat = request->now > parent->iat ? request->now : parent->iat, exp = request->now + request->lifetime;
    json_t *claims;

    if (jwk_thumbprint(request->holder, iss + strlen(iss)) < 0 || issue_new_id(request->now, jti) < 0 ||
        hash_signed(&parent->jws, hash) < 0)
        return NULL;
    claims = json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:{s:o}, s:[{s:s, s:O}]}", "jti", jti, "iss", iss, "iat", (json_int_t)iat,
        "exp", (json_int_t)(exp < parent->exp ? exp : parent->exp), "del_depth", (json_int_t)parent->depth + 1,
        "del_max_depth", (json_int_t)(request->max_depth < 0 ? parent->depth + 1 : request->max_depth), "par_hash",
        hash, "cnf", "jwk", jwk_format(request->to), "authorization_details", "type", AAT_ENTRY_TYPE, "tools", tools);
    if (claims && request->audience && json_object_set_new(claims, "aud", json_string(request->audience)) < 0) {
        json_decref(claims);
        return NULL;
    }
    return claims;
}

static void freep(char **text)
{
    free(*text);
}

static int sign(const struct key *key, const char *typ, json_t *claims, char **ret_token)
{
    CLEANUP(freep) char *payload = jcs_format(claims);
    char header[64];

    snprintf(header, sizeof header, "{\"alg\":\"%s\",\"typ\":\"%s\"}", key_alg(key), typ);
    return payload ? jws_sign(header, payload, strlen(payload), key, ret_token) : -ENOMEM;
}

/* The chain with the new token at its end. */
static int extend(const struct parent *parent, const char *token, char **ret_presentation)
{
    const struct presentation *p = &parent->presentation;
    char *copies[AAT_TOKENS_MAX];
    const char *tokens[AAT_TOKENS_MAX];
    size_t count;
    int complete = 1;

    for (count = 0; count < p->count; count++) {
        tokens[count] = copies[count] =
            strndup(p->tokens[count], p->lens[count]); /* a single one has no NUL behind it */
        complete &= copies[count] != NULL;
    }
    tokens[count] = token;
    *ret_presentation = complete ? presentation_format(tokens, count + 1, NULL) : NULL;
    while (count > 0)
        free(copies[--count]);
    return *ret_presentation ? 0 : -ENOMEM;
}

static int derive(const struct derive_request *request, const struct parent *parent, char **ret_presentation,
                  char error[ISSUE_ERROR_SIZE])
{
    CLEANUP(json_freep) json_t *tools = NULL;
    CLEANUP(json_freep) json_t *claims = NULL;
    CLEANUP(freep) char *token = NULL;
    int r = check_holder(parent, request->holder, error);

    if (r == 0)
        r = check_bounds(request, parent, error);
    if (r == 0)
        r = make_tools(request, parent, &tools, error);
    if (r < 0)
        return r;
    claims = make_claims(request, parent, tools);
    if (!claims)
        return fail(error, -ENOMEM, "the claims cannot be made", NULL);
    r = sign(request->holder, AAT_TYP, claims, &token);
    if (r == 0)
        r = extend(parent, token, ret_presentation);
    return r < 0 ? fail(error, r, r == -EINVAL ? "the key is a public one" : "it cannot be signed", NULL) : 0;
}

int credential_derive(const struct derive_request *request, char **ret_presentation, char ret_error[ISSUE_ERROR_SIZE])
{
    struct parent parent = {.claims = NULL};
    int r = read_parent(request->parent, request->parent_len, &parent, ret_error);

    if (r == 0)
        r = derive(request, &parent, ret_presentation, ret_error);
    parent_clear(&parent);
    return r;
}

/* --- proofs --- */

static json_t *make_proof(const struct prove_request *request, const struct parent *leaf)
{
    char jti[ISSUE_ID_SIZE], hash[BASE64URL_LENGTH(SHA256_SIZE) + 1];

    if (issue_new_id(request->now, jti) < 0 || hash_signed(&leaf->jws, hash) < 0)
        return NULL;
    return json_pack("{s:s, s:I, s:O, s:s, s:s, s:s, s:s, s:{s:s}}", "jti", jti, "iat", (json_int_t)request->now,
                     "aat_id", json_object_get(leaf->claims, "jti"), "aat_hash", hash, "aat_tool", "host:login",
                     "aat_aud", request->host_id, "nonce", request->nonce, "hta", "account", request->account);
}

int credential_prove(const struct prove_request *request, char **ret_pop, char ret_error[ISSUE_ERROR_SIZE])
{
    CLEANUP(json_freep) json_t *claims = NULL;
    struct parent leaf = {.claims = NULL};
    int r = read_parent(request->credential, request->credential_len, &leaf, ret_error);

    if (r == 0)
        r = check_holder(&leaf, request->holder, ret_error);
    if (r == 0 && !presentation_is_for(&leaf.presentation, request->host_id))
        r = fail(ret_error, -EINVAL, "the credential is not for this host", request->host_id);
    if (r == 0) {
        claims = make_proof(request, &leaf);
        r = claims ? sign(request->holder, AAT_POP_TYP, claims, ret_pop) : -ENOMEM;
        if (r < 0)
            (void)fail(ret_error, r, "it cannot be signed", NULL);
    }
    parent_clear(&leaf);
    return r;
}
