#include "trust/jwt.h"

#include <string.h>
#include <strings.h>

#include "core/text.h"
#include "trust/aat.h"
#include "trust/base64url.h"
#include "trust/claim.h"
#include "trust/crypto.h"
#include "trust/json.h"
#include "trust/jwk.h"

#define SKEW_SECONDS 30

static int typ_is(const char *typ, const char *wanted)
{
    static const char prefix[] = "application/";

    if (typ && strncasecmp(typ, prefix, sizeof prefix - 1) == 0)
        typ += sizeof prefix - 1;
    return typ && strcasecmp(typ, wanted) == 0;
}

/* What no such token has, whoever issued it: kinds exclude each other before any key is tried. */
static struct verdict check_header(const struct jws *jws)
{
    static const char *const algs[] = {"Ed25519", "EdDSA", "ES256", "ES384", "RS256", "PS256"};
    size_t i = 0;

    while (i < COUNT_OF(algs) && !text_equal(jws->alg, algs[i]))
        i++;
    if (i == COUNT_OF(algs))
        return refuse(REASON_ALGORITHM_REFUSED, "alg is not allowed");
    if (typ_is(jws->typ, AAT_TYP) || typ_is(jws->typ, AAT_POP_TYP))
        return refuse(REASON_TYPE_REFUSED, "typ is that of another kind of token");
    if (jws->has_crit)
        return refuse(REASON_CRIT_REFUSED, "crit is present");
    return permit();
}

/* JWT-SVID Sections 2.1 to 2.3. */
static struct verdict check_svid_header(const struct jws *jws)
{
    if (text_equal(jws->alg, "Ed25519"))
        return refuse(REASON_ALGORITHM_REFUSED, "alg is none of JWT-SVID");
    if (jws->has_typ && !text_equal(jws->typ, "JWT") && !text_equal(jws->typ, "JOSE"))
        return refuse(REASON_TYPE_REFUSED, "typ is neither JWT nor JOSE");
    if (jws->has_other)
        return refuse(REASON_CREDENTIAL_MALFORMED, "the header has more than alg, kid and typ");
    return permit();
}

static struct verdict check_type(const struct issuer *issuer, const struct jws *jws)
{
    if (issuer->kind == ISSUER_SVID)
        return check_svid_header(jws);
    if (issuer->token_type ? !typ_is(jws->typ, issuer->token_type) : jws->has_typ && !typ_is(jws->typ, "JWT"))
        return refuse(REASON_TYPE_REFUSED, "typ is not that of this issuer's tokens");
    return permit();
}

static struct verdict check_issuer(const struct issuer *issuer, const json_t *claims)
{
    if (issuer->kind == ISSUER_JWT && !json_is_text(json_object_get(claims, "iss"), issuer->iss))
        return refuse(REASON_ISSUER_MISMATCH, "iss is not the issuer whose key made the signature");
    return permit();
}

static struct verdict check_times(const struct jwt_rules *rules, struct jwt *jwt)
{
    const struct issuer *issuer = jwt->anchor->issuer;
    int64_t nbf, now = rules->now;
    int there = json_member_integer(jwt->claims, "nbf", &nbf);

    if (json_member_integer(jwt->claims, "exp", &jwt->exp) != 1 ||
        json_member_integer(jwt->claims, "iat", &jwt->iat) != 1 || there < 0)
        return refuse(REASON_CLAIM_INVALID, "exp, iat or nbf is missing or not a NumericDate");
    if (jwt->exp <= now)
        return refuse(REASON_EXPIRED, "exp has passed");
    if (jwt->iat > now + SKEW_SECONDS || (there && nbf > now + SKEW_SECONDS))
        return refuse(REASON_NOT_YET_VALID, "iat or nbf lies in the future");
    if (jwt->exp <= jwt->iat)
        return refuse(REASON_CLAIM_INVALID, "exp is not after iat");
    if (jwt->iat < jwt->exp - rules->max_lifetime || jwt->iat < jwt->exp - issuer->max_lifetime)
        return refuse(REASON_LIFETIME_TOO_LONG, "the lifetime exceeds the issuer's maximum");
    return permit();
}

/* The thumbprint of the key in `cnf`, jwk, or jkt alone; "" where there is none. */
static struct verdict read_holder(const json_t *claims, char ret_thumbprint[KEY_THUMBPRINT_SIZE])
{
    CLEANUP(key_freep) struct key *key = NULL;
    const char *jkt;
    json_t *cnf, *jwk;
    int there = json_member_object(claims, "cnf", &cnf);

    ret_thumbprint[0] = '\0';
    if (there == 0)
        return permit();
    if (there == 1 && json_member_object(cnf, "jwk", &jwk) == 1) {
        if (jwk_parse(jwk, &key) < 0 || key_is_rsa(key) || jwk_thumbprint(key, ret_thumbprint) < 0)
            return refuse(REASON_CLAIM_INVALID, "cnf.jwk is not an Ed25519, P-256 or P-384 key");
        return permit();
    }
    if (there == 1 && json_member_string(cnf, "jkt", KEY_THUMBPRINT_SIZE - 1, &jkt) == 1 &&
        strlen(jkt) == KEY_THUMBPRINT_SIZE - 1) {
        strcpy(ret_thumbprint, jkt);
        return permit();
    }
    return refuse(REASON_CLAIM_INVALID, "cnf holds neither jwk nor jkt, so its key cannot be told");
}

/* RFC 7519 Section 4.1.3. */
static struct verdict check_audience(const struct jwt_rules *rules, const struct jwt *jwt)
{
    const json_t *aud = json_object_get(jwt->claims, "aud");
    int found = aud ? json_text_among(aud, rules->audience) : 0;

    if (found < 0)
        return refuse(REASON_CLAIM_INVALID, "aud is not a string or an array of strings");
    if (!found)
        return refuse(REASON_AUDIENCE_MISMATCH, "aud does not name this host");
    if (json_array_size(aud) > 1 && !jwt->thumbprint[0])
        return refuse(REASON_AUDIENCE_MISMATCH, "aud names others too, and no key keeps them from passing it on");
    return permit();
}

static struct verdict check_required(const struct issuer *issuer, const json_t *claims)
{
    const char *const *rule = issuer->require;

    while (rule && *rule && claim_holds(claims, *rule))
        rule++;
    if (rule && *rule)
        return refuse(REASON_CLAIM_INVALID, "a claim has not the value that the issuer's `require` demands");
    if (!issuer->ignore_status && json_object_get(claims, "status"))
        return refuse(REASON_CLAIM_INVALID, "status is present and cannot be checked");
    return permit();
}

int jwt_digest_id(const void *bytes, size_t len, char ret_id[JWT_ID_MAX + 1])
{
    static const char prefix[] = "sha256:";
    unsigned char digest[SHA256_SIZE];
    int error = crypto_sha256(bytes, len, digest);

    if (error)
        return error;
    strcpy(ret_id, prefix);
    base64url_encode(digest, sizeof digest, ret_id + strlen(prefix));
    return 0;
}

/*
 * An ECDSA signature has a twin that verifies as well, so the digest is that of what was signed (base64url has one form, and jws_parse
 * takes no other).
 */
static struct verdict read_id(struct jwt *jwt)
{
    const char *jti;
    int there = json_member_string(jwt->claims, "jti", JWT_ID_MAX, &jti);

    if (there < 0)
        return refuse(REASON_CLAIM_INVALID, "jti is not a short string without control characters");
    if (there) {
        strcpy(jwt->id, jti);
        return permit();
    }
    return jwt_digest_id(jwt->jws.token, jwt->jws.signing_len, jwt->id) < 0 ? refuse(REASON_INTERNAL, "no digest")
                                                                            : permit();
}

/* The signature is verified. */
static struct verdict check_claims(const struct jwt_rules *rules, const struct anchor_search *search, struct jwt *jwt)
{
    struct verdict v;

    if (json_claims_parse(jwt->jws.payload, jwt->jws.payload_len, JWS_MAX, &jwt->claims) < 0 ||
        !json_is_object(jwt->claims))
        return refuse(REASON_CLAIM_INVALID, "the payload is not one JSON object without duplicate members");
    jwt->anchor = anchor_settle(search, &jwt->jws, jwt->anchor, jwt->claims);
    if (issuer_is_stale(jwt->anchor->issuer, rules->now))
        return refuse(REASON_KEY_STALE, "the key file of the issuer is older than its max-key-age");
    v = check_type(jwt->anchor->issuer, &jwt->jws);
    if (v.reason == REASON_PERMIT)
        v = check_issuer(jwt->anchor->issuer, jwt->claims);
    if (v.reason == REASON_PERMIT)
        v = check_times(rules, jwt);
    if (v.reason == REASON_PERMIT)
        v = read_holder(jwt->claims, jwt->thumbprint);
    if (v.reason == REASON_PERMIT)
        v = check_audience(rules, jwt);
    if (v.reason == REASON_PERMIT)
        v = check_required(jwt->anchor->issuer, jwt->claims);
    return v.reason == REASON_PERMIT ? read_id(jwt) : v;
}

struct verdict jwt_verify(const struct jwt_rules *rules, const char *token, size_t len, struct jwt *ret)
{
    const struct anchor_search search = {
        .anchors = rules->anchors, .count = rules->anchor_count, .kinds = rules->kinds};
    struct verdict v;

    memset(ret, 0, sizeof *ret);
    if (len > JWS_MAX)
        return refuse(REASON_TOO_LARGE, "the token is larger than 65536 bytes");
    if (jws_parse(token, len, &ret->jws) < 0)
        return refuse(REASON_CREDENTIAL_MALFORMED, "not a compact JWS with one JSON object as its header");
    v = check_header(&ret->jws);
    if (v.reason == REASON_PERMIT)
        v = anchor_find(&search, &ret->jws, &ret->anchor);
    return v.reason == REASON_PERMIT ? check_claims(rules, &search, ret) : v;
}

void jwt_clear(struct jwt *jwt)
{
    json_decref(jwt->claims);
    jws_clear(&jwt->jws);
    memset(jwt, 0, sizeof *jwt);
}

/* --- tools --- */

static struct verdict tools_of_words(const json_t *value, json_t **ret_tools)
{
    CLEANUP(json_freep) json_t *tools = json_object();
    char text[CLAIM_SPEC_MAX + 1], *rest = text;
    const char *word;

    if (json_string_length(value) >= sizeof text || strlen(json_string_value(value)) != json_string_length(value))
        return refuse(REASON_CLAIM_INVALID, "the claim that limits the token is too long a text");
    strcpy(text, json_string_value(value));
    while ((word = strsep(&rest, " ")) != NULL)
        if (*word && json_object_set_new(tools, word, json_object()) < 0)
            return refuse(REASON_INTERNAL, "out of memory");
    *ret_tools = json_incref(tools);
    return permit();
}

static struct verdict tools_of_details(const json_t *details, json_t **ret_tools)
{
    const json_t *value, *entry = NULL;
    json_t *tools;
    size_t i, found = 0;

    json_array_foreach(details, i, value)
    {
        if (json_is_text(json_object_get(value, "type"), AAT_ENTRY_TYPE)) {
            entry = value;
            found++;
        }
    }
    if (found != 1 || json_member_object(entry, "tools", &tools) != 1)
        return refuse(REASON_SCOPE_EXCEEDED, "authorization_details has not exactly one entry with tools of this host");
    *ret_tools = json_incref(tools);
    return permit();
}

struct verdict jwt_read_tools(const json_t *claims, const char *path, int required, json_t **ret_tools)
{
    const json_t *value = claim_at(claims, path);

    *ret_tools = NULL;
    if (!value && required)
        return refuse(REASON_SCOPE_EXCEEDED, "the claim that limits the token is missing");
    if (!value)
        return permit();
    if (json_is_array(value))
        return tools_of_details(value, ret_tools);
    if (json_is_string(value))
        return tools_of_words(value, ret_tools);
    return refuse(REASON_CLAIM_INVALID, "the claim that limits the token is neither an array nor a text");
}
