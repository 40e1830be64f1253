#include "trust/issue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "core/names.h"
#include "trust/aat.h"
#include "trust/certificate.h"
#include "trust/credential.h"
#include "trust/json.h"
#include "trust/jwk.h"
#include "trust/jws.h"
#include "trust/sshcert.h"
#include "trust/toolspec.h"

static void freep(char **text)
{
    free(*text);
}

static int fail(char error[ISSUE_ERROR_SIZE], int number, const char *what, const char *which)
{
    snprintf(error, ISSUE_ERROR_SIZE, which ? "%s: %.128s" : "%s", what, which);
    return number;
}

/* RFC 9562 Section 5.7: 48 bits of milliseconds, version, randomness. */
int issue_new_id(int64_t now, char ret_id[ISSUE_ID_SIZE])
{
    unsigned char b[16];
    uint64_t ms = (uint64_t)now * 1000;
    int error = random_bytes(b, sizeof b);

    if (error)
        return error;
    for (int i = 0; i < 6; i++)
        b[i] = (unsigned char)(ms >> (40 - 8 * i));
    b[6] = (unsigned char)(0x70 | (b[6] & 0x0f));
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
    snprintf(ret_id, ISSUE_ID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
    return 0;
}

static int make_tools(const struct issue_request *request, json_t **ret_tools, char error[ISSUE_ERROR_SIZE])
{
    CLEANUP(json_freep) json_t *tools = json_object();

    if (request->tool_count > ISSUE_TOOLS_MAX)
        return fail(error, -EINVAL, "too many tools", NULL);
    for (size_t i = 0; i < request->tool_count; i++) {
        const char *why = "out of memory";
        int number = toolspec_add(tools, request->tools[i], &why);

        if (number)
            return fail(error, number, why, request->tools[i]);
    }
    *ret_tools = json_incref(tools);
    return 0;
}

static int add_facts(const struct issue_request *request, json_t *claims)
{
    if (!request->purpose && !request->sensitivity)
        return 0;
    return json_object_set_new(
        claims, "tctx", json_pack("{s:s*, s:s*}", "purpose", request->purpose, "sensitivity", request->sensitivity));
}

static int add_context(const struct issue_request *request, json_t *claims)
{
    if (add_facts(request, claims) < 0)
        return -EINVAL;
    if (!request->principal)
        return 0;
    if (json_object_set_new(claims, "sub", json_string(request->principal)) < 0)
        return -EINVAL;
    return json_object_set_new(claims, "act", json_pack("{s:s}", "sub", request->identity)) < 0 ? -EINVAL : 0;
}

static json_t *make_claims(const struct issue_request *request, const char *jti, json_t *tools)
{
    json_t *claims = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:{s:o}, s:[{s:s, s:O}]}", "jti", jti, "iss", request->iss,
        "sub", request->identity, "txn", request->task, "aud", request->audience, "iat", (json_int_t)request->now,
        "exp", (json_int_t)request->now + request->lifetime, "del_depth", 0, "del_max_depth", request->max_depth, "cnf",
        "jwk", jwk_format(request->holder), "authorization_details", "type", AAT_ENTRY_TYPE, "tools", tools);

    if (claims && add_context(request, claims) < 0) {
        json_decref(claims);
        return NULL;
    }
    return claims;
}

int credential_task_claims(const struct issue_request *request, char **ret_claims, char ret_error[ISSUE_ERROR_SIZE])
{
    CLEANUP(json_freep) json_t *tools = NULL;
    CLEANUP(json_freep) json_t *claims = NULL;
    int error;

    if (!request->identity || !request->task || !request->audience)
        return fail(ret_error, -EINVAL, "identity, task and audience are required", NULL);
    error = make_tools(request, &tools, ret_error);
    if (error)
        return error;
    claims = json_pack("{s:s, s:s, s:s, s:I, s:[{s:s, s:O}]}", "sub", request->identity, "txn", request->task, "aud",
                       request->audience, "iat", (json_int_t)request->now, "authorization_details", "type",
                       AAT_ENTRY_TYPE, "tools", tools);
    if (!claims || add_context(request, claims) < 0)
        return fail(ret_error, -EINVAL, "a text of the request is not UTF-8", NULL);
    *ret_claims = json_dumps(claims, JSON_COMPACT | JSON_SORT_KEYS);
    return *ret_claims ? 0 : fail(ret_error, -ENOMEM, "out of memory", NULL);
}

static int sign(const json_t *claims, const struct key *issuer, char **ret_token, char error[ISSUE_ERROR_SIZE])
{
    CLEANUP(freep) char *payload = json_dumps(claims, JSON_COMPACT | JSON_SORT_KEYS);
    char kid[KEY_THUMBPRINT_SIZE], header[160];
    int number = jwk_thumbprint(issuer, kid);

    if (!payload)
        return fail(error, -ENOMEM, "out of memory", NULL);
    if (number)
        return fail(error, number, "the thumbprint of the issuer's key cannot be made", NULL);
    snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"%s\"}", key_alg(issuer), kid, AAT_TYP);
    number = jws_sign(header, payload, strlen(payload), issuer, ret_token);
    if (number == -EINVAL)
        return fail(error, number, "the issuer's key is a public key", NULL);
    return number ? fail(error, number, "the credential cannot be signed", NULL) : 0;
}

/* Whom a host knows that trusts this key for the identity's trust domain. */
struct self {
    char domain[SPIFFE_ID_MAX + 1];
    const char *domains[2];
    struct issuer issuer;
    struct anchor anchor;
};

static void self_make(struct self *self, const struct issue_request *request, enum issuer_kind kind,
                      const struct key *key)
{
    const char *start = "";
    size_t len = spiffe_id_valid(request->identity) ? spiffe_trust_domain(request->identity, &start) : 0;

    memcpy(self->domain, start, len);
    self->domain[len] = '\0';
    self->domains[0] = self->domain;
    self->domains[1] = NULL;
    self->issuer = (struct issuer){.kind = kind,
                                   .name = "self",
                                   .iss = kind == ISSUER_SSH_CA ? "ssh-ca:self" : request->iss,
                                   .trust_domains = self->domains,
                                   .max_lifetime = CREDENTIAL_LIFETIME_HARD};
    self->anchor = (struct anchor){.issuer = &self->issuer, .key = key};
}

static int check_token(const struct issue_request *request, const struct key *issuer, const char *token,
                       char error[ISSUE_ERROR_SIZE])
{
    struct self self;
    const struct verify_context ctx = {&self.anchor, 1, request->audience, request->now};
    struct credential *credential;
    const char *detail;
    enum reason reason;

    self_make(&self, request, ISSUER_AAT, issuer);
    reason = credential_verify(&ctx, token, strlen(token), &credential, &detail);
    credential_free(credential);
    return reason == REASON_PERMIT ? 0 : fail(error, -EINVAL, reason_meaning(reason), detail);
}

/* The key that signed it, which is ssh-keygen's to read. */
static int read_ca(const char *line, struct key **ret_ca)
{
    struct sshcert *cert = malloc(sizeof *cert); /* large: its options */
    unsigned char *blob = NULL;
    size_t len;
    int r = cert ? sshcert_decode_line(line, strlen(line), &blob, &len) : -ENOMEM;

    if (r == 0) {
        r = sshcert_parse(blob, len, cert);
        *ret_ca = cert->ca;
        cert->ca = NULL;
        sshcert_clear(cert);
    }
    free(blob);
    free(cert);
    return r;
}

int credential_check_certificate(const struct issue_request *request, const char *account, const char *line,
                                 char ret_error[ISSUE_ERROR_SIZE])
{
    CLEANUP(freep) char *info = NULL;
    CLEANUP(key_freep) struct key *ca = NULL;
    struct self self;
    const struct verify_context ctx = {&self.anchor, 1, request->audience, request->now};
    struct credential *credential;
    const char *detail;
    enum reason reason;

    if (read_ca(line, &ca) < 0)
        return fail(ret_error, -EINVAL, "the certificate is of a kind, key or signature that no host takes", NULL);
    if (asprintf(&info, "publickey %s", line) < 0) {
        info = NULL;
        return fail(ret_error, -ENOMEM, "out of memory", NULL);
    }
    self_make(&self, request, ISSUER_SSH_CA, ca);
    reason = certificate_verify(&ctx, info, account, &credential, &detail);
    credential_free(credential);
    return reason == REASON_PERMIT ? 0 : fail(ret_error, -EINVAL, reason_meaning(reason), detail);
}

int credential_issue(const struct issue_request *request, const struct key *issuer, char **ret_token,
                     char ret_error[ISSUE_ERROR_SIZE])
{
    CLEANUP(json_freep) json_t *tools = NULL;
    CLEANUP(json_freep) json_t *claims = NULL;
    CLEANUP(freep) char *token = NULL;
    char uuid[ISSUE_ID_SIZE];
    int error;

    if (!request->iss || !request->identity || !request->task || !request->audience || !request->holder)
        return fail(ret_error, -EINVAL, "iss, identity, task, audience and holder are required", NULL);
    error = issue_new_id(request->now, uuid);
    if (error)
        return fail(ret_error, error, "no randomness for an id", NULL);
    error = make_tools(request, &tools, ret_error);
    if (error)
        return error;
    claims = make_claims(request, request->jti ? request->jti : uuid, tools);
    if (!claims)
        return fail(ret_error, -EINVAL, "a text of the request is not UTF-8", NULL);
    error = sign(claims, issuer, &token, ret_error);
    if (!error)
        error = check_token(request, issuer, token, ret_error);
    if (error)
        return error;
    *ret_token = token;
    token = NULL;
    return 0;
}
