#include "trust/aat.h"

#include <errno.h>
#include <string.h>

#include "core/text.h"
#include "trust/aat_parts.h"
#include "trust/base64url.h"
#include "trust/crypto.h"
#include "trust/json.h"
#include "trust/jwk.h"
#include "trust/number.h"

/* What steps 3 and 4 both demand has two letters, and so two texts. */
#define ROOT_OR_CHILD(root, child, text) ((const char *const[]){root ": " text, child ": " text})

/* --- one token, as far as its place in the chain does not matter --- */

/* Steps 2a and, as it has no step of its own, what is no compact JWS (2c). */
static struct verdict take_apart(const char *token, size_t len, struct aat_token *ret)
{
    int error;

    if (len > AAT_TOKEN_MAX)
        return refuse(REASON_TOO_LARGE, "2a: a token is larger than 65536 bytes");
    error = jws_parse(token, len, &ret->jws);
    if (error == -ENOMEM)
        return refuse(REASON_INTERNAL, "2c: out of memory");
    if (error == -E2BIG)
        return refuse(REASON_TOO_LARGE, "2c: a header is too large or too deep");
    if (error)
        return refuse(REASON_CREDENTIAL_MALFORMED, "2c: not a compact JWS with one JSON object as its header");
    return permit();
}

int aat_alg_allowed(const struct aat_rules *rules, const char *alg)
{
    static const char *const all[] = {"Ed25519", "ES256", "ES384", "RS256", "PS256", NULL};
    const char *const *allowed = rules->algs ? rules->algs : all;

    while (*allowed && !text_equal(alg, *allowed))
        allowed++;
    return *allowed != NULL;
}

static struct verdict check_header(const struct aat_rules *rules, const struct jws *jws, int is_child)
{
    if (!aat_alg_allowed(rules, jws->alg))
        return refuse(REASON_ALGORITHM_REFUSED, ROOT_OR_CHILD("3a", "4a", "alg is not allowed")[is_child]);
    if (!text_equal(jws->typ, AAT_TYP))
        return refuse(REASON_TYPE_REFUSED, ROOT_OR_CHILD("3a", "4a", "typ is not aat+jwt")[is_child]);
    if (jws->has_crit)
        return refuse(REASON_CRIT_REFUSED, ROOT_OR_CHILD("3a", "4a", "crit is present")[is_child]);
    return permit();
}

static int read_depth(const struct aat_token *token, const char *name, int64_t *ret)
{
    return json_member_integer(token->claims, name, ret) == 1 && *ret >= 0;
}

static struct verdict parse_claims(struct aat_token *token, int is_child)
{
    const struct jws *jws = &token->jws;

    if (json_claims_parse(jws->payload, jws->payload_len, AAT_TOKEN_MAX, &token->claims) < 0 ||
        !json_is_object(token->claims))
        return refuse(
            REASON_CLAIM_INVALID,
            ROOT_OR_CHILD("3b", "4b", "the payload is not one JSON object without duplicate members")[is_child]);
    return permit();
}

static struct verdict read_id(struct aat_token *token, int is_child)
{
    token->jti = json_object_get(token->claims, "jti");
    if (!json_is_string(token->jti) || json_string_length(token->jti) == 0)
        return refuse(REASON_CLAIM_INVALID, ROOT_OR_CHILD("3j", "4b1", "jti is missing or empty")[is_child]);
    return permit();
}

/* A public key that nothing here can be signed with is one all the same: whatever it would have to sign is refused. */
static struct verdict read_holder(struct aat_token *token, int is_child)
{
    json_t *cnf, *jwk;
    int r = -EINVAL;

    if (json_member_object(token->claims, "cnf", &cnf) == 1 && json_member_object(cnf, "jwk", &jwk) == 1)
        r = jwk_parse(jwk, &token->holder);
    if (r < 0 && r != -ENOTSUP)
        return refuse(REASON_CLAIM_INVALID,
                      ROOT_OR_CHILD("3l", "4b2", "cnf.jwk is missing or not a public key")[is_child]);
    if (token->holder && jwk_thumbprint(token->holder, token->holder_thumbprint) < 0)
        return refuse(REASON_INTERNAL, ROOT_OR_CHILD("3l", "4b2", "no thumbprint")[is_child]);
    return permit();
}

/* The number of entries that count, and the last of them. */
static size_t find_entries(const struct aat_token *token, const json_t **ret_entry)
{
    const json_t *details = json_object_get(token->claims, "authorization_details"), *value;
    size_t i, found = 0;

    json_array_foreach(details, i, value)
    {
        if (json_is_text(json_object_get(value, "type"), AAT_ENTRY_TYPE)) {
            *ret_entry = value;
            found++;
        }
    }
    return found;
}

static struct verdict read_tools_json(struct aat_token *token, const json_t *entry, int is_child)
{
    const char *name;
    json_t *map;

    if (json_member_object(entry, "tools", &token->tools_json) != 1)
        return refuse(REASON_CLAIM_INVALID, ROOT_OR_CHILD("3m", "4n", "tools is missing or not an object")[is_child]);
    json_object_foreach(token->tools_json, name, map)
    {
        if (!json_is_object(map))
            return refuse(REASON_CLAIM_INVALID, ROOT_OR_CHILD("3m", "4n", "a tool is not an object")[is_child]);
    }
    return permit();
}

static struct verdict read_constraints(struct aat_token *token, int is_child)
{
    struct verdict verdict;

    if (!token->tools_json)
        return permit();
    verdict = tools_read(token->tools_json, is_child, &token->tools);
    if (verdict.reason == REASON_PERMIT &&
        !number_all_admissible(token->jws.payload, token->jws.payload_len, token->claims, token->tools_json))
        return refuse(REASON_CLAIM_INVALID,
                      ROOT_OR_CHILD("3n", "4o", "a number of a constraint does not survive as a double")[is_child]);
    return verdict;
}

static struct verdict hash_token(struct aat_token *token)
{
    unsigned char digest[SHA256_SIZE];

    if (crypto_sha256(token->jws.token, token->jws.signing_len, digest) < 0)
        return refuse(REASON_INTERNAL, "4q: no digest");
    base64url_encode(digest, sizeof digest, token->sha256);
    return permit();
}

/* --- step 3: the root --- */

static struct anchor_search root_search(const struct aat_rules *rules)
{
    return (struct anchor_search){.anchors = rules->anchors,
                                  .count = rules->anchor_count,
                                  .kinds = 1u << ISSUER_AAT,
                                  .exhaustive = rules->exhaustive,
                                  .as_root = 1};
}

static struct verdict check_root_times(const struct aat_rules *rules, const struct anchor *anchor,
                                       const struct aat_token *root)
{
    if (root->exp <= rules->now)
        return refuse(REASON_EXPIRED, "3e: exp has passed");
    if (root->iat > rules->now + AAT_SKEW_SECONDS)
        return refuse(REASON_NOT_YET_VALID, "3f: iat lies in the future");
    if (root->exp <= root->iat)
        return refuse(REASON_CLAIM_INVALID, "3g: exp is not after iat");
    if (root->iat < root->exp - rules->max_lifetime) /* exp lies ahead, so this does not overflow */
        return refuse(REASON_LIFETIME_TOO_LONG, "3h: the lifetime exceeds the hard maximum");
    if (root->iat < root->exp - anchor->issuer->max_lifetime)
        return refuse(REASON_LIFETIME_TOO_LONG, "3h: the lifetime exceeds the issuer's maximum");
    return permit();
}

/* A scheme, a colon and something after it (RFC 3986 Section 3.1); the exact value is compared with the anchor's. */
static int is_uri(const json_t *value)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";
    const char *text = json_string_value(value);
    size_t n = text ? strspn(text, rest) : 0;

    return text && text[0] && strchr(letters, text[0]) && text[n] == ':' && text[n + 1] && !strchr(text, ' ');
}

static struct verdict check_root_issuer(const struct anchor *anchor, const struct aat_token *root)
{
    const json_t *iss = json_object_get(root->claims, "iss");

    if (!is_uri(iss))
        return refuse(REASON_CLAIM_INVALID, "3k: iss is missing or not a URI");
    if (!json_is_text(iss, anchor->issuer->iss))
        return refuse(REASON_ISSUER_MISMATCH, "3k: iss is not the issuer whose key made the signature");
    return permit();
}

static struct verdict check_root_depth(struct aat_token *root)
{
    if (!read_depth(root, "del_max_depth", &root->max_depth) || root->max_depth > AAT_DEPTH_MAX)
        return refuse(REASON_CLAIM_INVALID, "3i: del_max_depth is missing or not an integer from 0 to 8");
    return permit();
}

static struct verdict read_root_tools(struct aat_token *root)
{
    const json_t *entry = NULL;

    if (find_entries(root, &entry) != 1)
        return refuse(REASON_CLAIM_INVALID, "3m: not exactly one entry of type attenuating_agent_token");
    return read_tools_json(root, entry, 0);
}

/* Steps 3b to 3n, the signature verified. */
static struct verdict check_root(const struct aat_rules *rules, struct aat_chain *chain)
{
    struct aat_token *root = &chain->tokens[0];
    const struct anchor_search search = root_search(rules);
    struct verdict v = parse_claims(root, 0);

    if (v.reason != REASON_PERMIT)
        return v;
    chain->anchor = anchor_settle(&search, &root->jws, chain->anchor, root->claims);
    if (issuer_is_stale(chain->anchor->issuer, rules->now))
        return refuse(REASON_KEY_STALE, "3a: the key file of the issuer is older than its max-key-age");
    if (json_member_integer(root->claims, "iat", &root->iat) != 1)
        return refuse(REASON_CLAIM_INVALID, "3b: iat is missing or not a NumericDate");
    if (json_member_integer(root->claims, "exp", &root->exp) != 1)
        return refuse(REASON_CLAIM_INVALID, "3b: exp is missing or not a NumericDate");
    if (!read_depth(root, "del_depth", &root->depth))
        return refuse(REASON_CLAIM_INVALID, "3c: del_depth is missing or not a non-negative integer");
    if (root->depth != 0)
        return refuse(REASON_CHAIN_INVALID, "3c: del_depth is not 0: a derived token without its root");
    if (json_object_get(root->claims, "par_hash"))
        return refuse(REASON_CHAIN_INVALID, "3d: par_hash is present: a derived token without its root");
    v = check_root_times(rules, chain->anchor, root);
    if (v.reason == REASON_PERMIT)
        v = check_root_depth(root);
    if (v.reason == REASON_PERMIT)
        v = read_id(root, 0);
    if (v.reason == REASON_PERMIT)
        v = check_root_issuer(chain->anchor, root);
    if (v.reason == REASON_PERMIT)
        v = read_holder(root, 0);
    if (v.reason == REASON_PERMIT)
        v = read_root_tools(root);
    return v.reason == REASON_PERMIT ? read_constraints(root, 0) : v;
}

static struct verdict take_root(const struct aat_rules *rules, struct aat_chain *chain)
{
    const struct anchor_search search = root_search(rules);
    const struct jws *jws = &chain->tokens[0].jws;
    struct verdict v = check_header(rules, jws, 0);

    if (v.reason == REASON_PERMIT)
        v = anchor_find(&search, jws, &chain->anchor);
    if (v.reason == REASON_PERMIT)
        v = check_root(rules, chain);
    return v.reason == REASON_PERMIT ? hash_token(&chain->tokens[0]) : v;
}

/* --- step 4: a child --- */

/* Steps 4b3 to 4b5. */
static struct verdict read_child(struct aat_token *child)
{
    if (!json_is_array(json_object_get(child->claims, "authorization_details")))
        return refuse(REASON_CLAIM_INVALID, "4b3: authorization_details is missing or not an array");
    if (!read_depth(child, "del_depth", &child->depth) || !read_depth(child, "del_max_depth", &child->max_depth))
        return refuse(REASON_CLAIM_INVALID, "4b4: del_depth or del_max_depth is missing or not a non-negative integer");
    if (!json_is_string(json_object_get(child->claims, "iss")) ||
        !json_is_string(json_object_get(child->claims, "par_hash")))
        return refuse(REASON_CLAIM_INVALID, "4b5: iss or par_hash is missing or not a string");
    if (json_member_integer(child->claims, "iat", &child->iat) != 1 ||
        json_member_integer(child->claims, "exp", &child->exp) != 1)
        return refuse(REASON_CLAIM_INVALID, "4b5: iat or exp is missing or not a NumericDate");
    return permit();
}

static struct verdict check_child_issuer(const struct aat_token *parent, const struct aat_token *child)
{
    char iss[sizeof AAT_ISS_PREFIX + KEY_THUMBPRINT_SIZE];

    sprintf(iss, "%s%s", AAT_ISS_PREFIX, parent->holder_thumbprint);
    if (!json_is_text(json_object_get(child->claims, "iss"), iss))
        return refuse(REASON_CHAIN_INVALID, "4c: iss is not the thumbprint of the parent's holder");
    return permit();
}

static struct verdict check_depths(const struct aat_rules *rules, const struct aat_token *parent,
                                   const struct aat_token *child)
{
    if (child->depth != parent->depth + 1)
        return refuse(REASON_CHAIN_INVALID, "4d: del_depth is not one more than the parent's");
    if (child->depth > parent->max_depth)
        return refuse(REASON_CHAIN_TOO_DEEP, "4e: del_depth exceeds the parent's del_max_depth");
    if (child->depth > rules->max_depth)
        return refuse(REASON_CHAIN_TOO_DEEP, "4f: del_depth exceeds what is allowed");
    if (child->max_depth > parent->max_depth)
        return refuse(REASON_DELEGATION_WIDENED, "4g: del_max_depth exceeds the parent's");
    return permit();
}

static struct verdict check_child_times(const struct aat_rules *rules, const struct aat_token *parent,
                                        const struct aat_token *child)
{
    if (child->exp > parent->exp)
        return refuse(REASON_DELEGATION_WIDENED, "4h: exp is after the parent's");
    if (child->exp <= rules->now)
        return refuse(REASON_EXPIRED, "4i: exp has passed");
    if (child->iat < parent->iat)
        return refuse(REASON_CHAIN_INVALID, "4j: iat is before the parent's");
    if (child->iat > rules->now + AAT_SKEW_SECONDS)
        return refuse(REASON_NOT_YET_VALID, "4k: iat lies in the future");
    if (child->exp <= child->iat)
        return refuse(REASON_CLAIM_INVALID, "4l: exp is not after iat");
    if (child->depth > child->max_depth)
        return refuse(REASON_CLAIM_INVALID, "4m: del_depth exceeds del_max_depth");
    return permit();
}

static struct verdict read_child_tools(struct aat_token *child)
{
    const json_t *entry = NULL;
    size_t found = find_entries(child, &entry);
    struct verdict v = permit();

    if (found > 1)
        return refuse(REASON_CLAIM_INVALID, "4n: more than one entry of type attenuating_agent_token");
    if (found == 1)
        v = read_tools_json(child, entry, 1);
    return v.reason == REASON_PERMIT ? read_constraints(child, 1) : v;
}

/* Step 4 of a child whose signature is verified. */
static struct verdict check_child(const struct aat_rules *rules, const struct aat_token *parent,
                                  struct aat_token *child)
{
    struct verdict v = parse_claims(child, 1);

    if (v.reason == REASON_PERMIT)
        v = read_id(child, 1);
    if (v.reason == REASON_PERMIT)
        v = read_holder(child, 1);
    if (v.reason == REASON_PERMIT)
        v = read_child(child);
    if (v.reason == REASON_PERMIT)
        v = check_child_issuer(parent, child);
    if (v.reason == REASON_PERMIT)
        v = check_depths(rules, parent, child);
    if (v.reason == REASON_PERMIT)
        v = check_child_times(rules, parent, child);
    if (v.reason == REASON_PERMIT)
        v = read_child_tools(child);
    if (v.reason == REASON_PERMIT)
        v = tools_narrow(&parent->tools, &child->tools);
    if (v.reason == REASON_PERMIT && !json_is_text(json_object_get(child->claims, "par_hash"), parent->sha256))
        v = refuse(REASON_CHAIN_INVALID, "4q: par_hash is not the parent's digest");
    return v;
}

static struct verdict take_child(const struct aat_rules *rules, const struct aat_token *parent, struct aat_token *child)
{
    struct verdict v = check_header(rules, &child->jws, 1);

    if (v.reason != REASON_PERMIT)
        return v;
    if (!parent->holder || strcmp(key_alg(parent->holder), child->jws.alg) != 0)
        return refuse(REASON_ALGORITHM_REFUSED, "4a: alg is not that of the parent's holder");
    if (jws_verify(&child->jws, parent->holder) < 0)
        return refuse(REASON_SIGNATURE_INVALID, "4b: the parent's holder did not make the signature");
    v = check_child(rules, parent, child);
    return v.reason == REASON_PERMIT ? hash_token(child) : v;
}

/* --- the chain --- */

/* Step 2c. */
static struct verdict compare_ids(const struct aat_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        for (size_t j = 0; j < i; j++)
            if (json_equal(chain->tokens[i].jti, chain->tokens[j].jti))
                return refuse(REASON_CHAIN_INVALID, "2c: a jti appears twice in the chain");
    return permit();
}

/* Step 6c. */
static struct verdict check_audience(const struct aat_rules *rules, const struct aat_chain *chain)
{
    int carried = 0;

    for (size_t i = 0; i < chain->count; i++) {
        const json_t *aud = json_object_get(chain->tokens[i].claims, "aud");
        int found = aud ? json_text_among(aud, rules->audience) : 1;

        carried |= aud != NULL;
        if (found < 0)
            return refuse(REASON_CLAIM_INVALID, "6c: aud is not a string or an array of strings");
        if (found == 0)
            return refuse(REASON_AUDIENCE_MISMATCH, "6c: aud does not name this host");
    }
    if (!carried && rules->need_audience)
        return refuse(REASON_AUDIENCE_MISMATCH, "6c: aud is missing, this host demands it");
    return permit();
}

/* Steps 1, 2a and 2b. */
static struct verdict check_sizes(const size_t *lens, size_t count)
{
    size_t sum = 0;

    if (count == 0)
        return refuse(REASON_CREDENTIAL_MISSING, "1: the chain is empty");
    for (size_t i = 0; i < count; i++) {
        if (lens[i] > AAT_TOKEN_MAX)
            return refuse(REASON_TOO_LARGE, "2a: a token is larger than 65536 bytes");
        sum += lens[i];
    }
    if (sum > AAT_CHAIN_MAX)
        return refuse(REASON_TOO_LARGE, "2b: the chain is larger than 262144 bytes");
    return permit();
}

/* More tokens than any chain may have: what there is room for is verified first, and refuses by its own depths where it must. */
struct verdict aat_verify(const struct aat_rules *rules, const char *const *tokens, const size_t *lens, size_t count,
                          struct aat_chain *ret)
{
    struct verdict v;

    memset(ret, 0, sizeof *ret);
    v = check_sizes(lens, count);
    /* Each is taken apart when the one before it was verified: a stranger has no more looked at than his root. */
    for (size_t i = 0; i < count && i < AAT_TOKENS_MAX && v.reason == REASON_PERMIT; i++) {
        v = take_apart(tokens[i], lens[i], &ret->tokens[ret->count++]);
        if (v.reason == REASON_PERMIT)
            v = i == 0 ? take_root(rules, ret) : take_child(rules, &ret->tokens[i - 1], &ret->tokens[i]);
    }
    if (v.reason == REASON_PERMIT && count > AAT_TOKENS_MAX)
        v = refuse(REASON_CHAIN_TOO_DEEP, "4e: the chain has more tokens than any del_max_depth allows");
    if (v.reason == REASON_PERMIT)
        v = compare_ids(ret);
    if (v.reason == REASON_PERMIT && !aat_leaf(ret)->tools_json)
        v = refuse(REASON_SCOPE_EXCEEDED, "6a: the leaf has no entry of type attenuating_agent_token");
    return v.reason == REASON_PERMIT ? check_audience(rules, ret) : v;
}

void aat_clear(struct aat_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        struct aat_token *token = &chain->tokens[i];

        tools_clear(&token->tools);
        key_free(token->holder);
        json_decref(token->claims);
        jws_clear(&token->jws);
    }
    chain->count = 0;
}

const struct aat_token *aat_leaf(const struct aat_chain *chain)
{
    return &chain->tokens[chain->count - 1];
}
