#include "trust/aat.h"

#include <string.h>

#include "core/text.h"
#include "trust/json.h"
#include "trust/jwk.h"
#include "trust/number.h"
#include "trust/tools.h"
#include "trust/workload.h"

/* Negative times are refused with the wrong types: no difference of two times can overflow then. */
static struct verdict step_3b_times(struct aat *aat)
{
    if (json_member_integer(aat->claims, "iat", &aat->iat) != 1 || aat->iat < 0)
        return refuse(REASON_CLAIM_INVALID, "3b: iat is missing or not a NumericDate");
    if (json_member_integer(aat->claims, "exp", &aat->exp) != 1 || aat->exp < 0)
        return refuse(REASON_CLAIM_INVALID, "3b: exp is missing or not a NumericDate");
    return permit();
}

/* Step 5, the length of the chain is del_depth + 1, holds with this: both are fixed. */
static struct verdict step_3c_depth(struct aat *aat)
{
    int64_t depth;

    if (json_member_integer(aat->claims, "del_depth", &depth) != 1 || depth < 0)
        return refuse(REASON_CLAIM_INVALID, "3c: del_depth is missing or not a non-negative integer");
    if (depth != 0)
        return refuse(REASON_CHAIN_UNSUPPORTED, "3c: del_depth is not 0: a derived token");
    return permit();
}

static struct verdict step_3d_parent(struct aat *aat)
{
    if (json_object_get(aat->claims, "par_hash"))
        return refuse(REASON_CHAIN_UNSUPPORTED, "3d: par_hash is present: a derived token");
    return permit();
}

static struct verdict step_3e_expiry(struct aat *aat)
{
    if (aat->exp <= aat->ctx->now)
        return refuse(REASON_EXPIRED, "3e: exp has passed");
    return permit();
}

static struct verdict step_3f_issued(struct aat *aat)
{
    if (aat->iat > aat->ctx->now + CREDENTIAL_SKEW_SECONDS)
        return refuse(REASON_NOT_YET_VALID, "3f: iat lies in the future");
    return permit();
}

static struct verdict step_3g_order(struct aat *aat)
{
    if (aat->exp <= aat->iat)
        return refuse(REASON_CLAIM_INVALID, "3g: exp is not after iat");
    return permit();
}

static struct verdict step_3h_lifetime(struct aat *aat)
{
    int64_t lifetime = aat->exp - aat->iat;

    if (lifetime > CREDENTIAL_LIFETIME_HARD)
        return refuse(REASON_LIFETIME_TOO_LONG, "3h: the lifetime exceeds the hard maximum");
    if (lifetime > aat->anchor->max_lifetime)
        return refuse(REASON_LIFETIME_TOO_LONG, "3h: the lifetime exceeds the issuer's maximum");
    return permit();
}

static struct verdict step_3i_max_depth(struct aat *aat)
{
    int64_t depth;

    if (json_member_integer(aat->claims, "del_max_depth", &depth) != 1 || depth < 0 || depth > AAT_DEPTH_MAX)
        return refuse(REASON_CLAIM_INVALID, "3i: del_max_depth is missing or not an integer from 0 to 8");
    return permit();
}

static struct verdict step_3j_id(struct aat *aat)
{
    if (json_member_string(aat->claims, "jti", AAT_JTI_MAX, &aat->jti) != 1)
        return refuse(REASON_CLAIM_INVALID, "3j: jti is missing or not a string of 1 to 256 bytes");
    return permit();
}

/* A scheme, a colon and something after it (RFC 3986 Section 3.1); the exact value is compared with the anchor's. */
static int is_uri(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";
    size_t n = strspn(text, rest);

    return text[0] && strchr(letters, text[0]) && text[n] == ':' && text[n + 1] && !strchr(text, ' ');
}

static struct verdict step_3k_issuer(struct aat *aat)
{
    if (json_member_string(aat->claims, "iss", AAT_URI_MAX, &aat->iss) != 1 || !is_uri(aat->iss))
        return refuse(REASON_CLAIM_INVALID, "3k: iss is missing or not a URI");
    if (strcmp(aat->iss, aat->anchor->iss) != 0)
        return refuse(REASON_ISSUER_MISMATCH, "3k: iss is not the issuer whose key made the signature");
    return permit();
}

static struct verdict step_3l_holder(struct aat *aat)
{
    json_t *cnf, *jwk;

    if (json_member_object(aat->claims, "cnf", &cnf) != 1 || json_member_object(cnf, "jwk", &jwk) != 1)
        return refuse(REASON_CLAIM_INVALID, "3l: cnf.jwk is missing or not an object");
    if (jwk_parse(jwk, &aat->holder) < 0)
        return refuse(REASON_CLAIM_INVALID, "3l: cnf.jwk is not a public Ed25519 or P-256 key");
    return permit();
}

static int is_aat_entry(const json_t *entry)
{
    const char *type = json_string_value(json_object_get(entry, "type"));

    return type && strcmp(type, AAT_ENTRY_TYPE) == 0;
}

static struct verdict check_tool_maps(json_t *tools)
{
    const char *name;
    json_t *map;

    json_object_foreach(tools, name, map)
    {
        if (!json_is_object(map))
            return refuse(REASON_CLAIM_INVALID, "3m: a tool is not an object");
    }
    return permit();
}

/* Step 6a asks for the same of a leaf. */
static struct verdict step_3m_tools(struct aat *aat)
{
    const json_t *details = json_object_get(aat->claims, "authorization_details"), *value, *entry = NULL;
    size_t i, found = 0;

    if (!json_is_array(details))
        return refuse(REASON_CLAIM_INVALID, "3m: authorization_details is missing or not an array");
    json_array_foreach(details, i, value)
    {
        if (is_aat_entry(value)) {
            entry = value;
            found++;
        }
    }
    if (found != 1)
        return refuse(REASON_CLAIM_INVALID, "3m: not exactly one entry of type attenuating_agent_token");
    if (json_member_object(entry, "tools", &aat->tools) != 1)
        return refuse(REASON_CLAIM_INVALID, "3m: tools is missing or not an object");
    return check_tool_maps(aat->tools);
}

static struct verdict step_3n_constraints(struct aat *aat)
{
    struct verdict verdict = tools_check(aat->tools);

    if (verdict.reason != REASON_PERMIT)
        return verdict;
    if (!number_all_admissible(aat->payload, aat->payload_len, aat->claims, aat->tools))
        return refuse(REASON_CLAIM_INVALID, "3n: a number of a constraint does not survive as a double");
    return permit();
}

/* 1 this host is among the strings; 0 not; -1 not a string or array of strings. */
static int names_host(const json_t *aud, const char *host)
{
    const json_t *value;
    int found = 0; /* stays so when the host has no id */
    size_t i;

    if (json_is_string(aud))
        return text_equal(json_string_value(aud), host);
    if (!json_is_array(aud))
        return -1;
    json_array_foreach(aud, i, value)
    {
        if (!json_is_string(value))
            return -1;
        found |= text_equal(json_string_value(value), host);
    }
    return found;
}

static struct verdict step_6c_audience(struct aat *aat)
{
    const json_t *aud = json_object_get(aat->claims, "aud");
    int found = aud ? names_host(aud, aat->ctx->audience) : 0;

    if (found < 0)
        return refuse(REASON_CLAIM_INVALID, "6c: aud is not a string or an array of strings");
    if (!aud)
        return refuse(REASON_AUDIENCE_MISMATCH, "6c: aud is missing, this host demands it");
    if (found == 0)
        return refuse(REASON_AUDIENCE_MISMATCH, "6c: aud does not name this host");
    return permit();
}

static struct verdict (*const steps[])(struct aat *) = {
    step_3b_times,  step_3c_depth,    step_3d_parent,      step_3e_expiry,   step_3f_issued,
    step_3g_order,  step_3h_lifetime, step_3i_max_depth,   step_3j_id,       step_3k_issuer,
    step_3l_holder, step_3m_tools,    step_3n_constraints, step_6c_audience, workload_check,
};

struct verdict aat_check(struct aat *aat)
{
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct verdict verdict = steps[i](aat);

        if (verdict.reason != REASON_PERMIT)
            return verdict;
    }
    return permit();
}

void aat_clear(struct aat *aat)
{
    key_free(aat->holder);
    aat->holder = NULL;
}
