#include "trust/workload.h"

#include <errno.h>
#include <string.h>

#include "core/text.h"
#include "trust/claim.h"
#include "trust/json.h"

/* --- who --- */

static struct verdict map_identity(const json_t *claims, const char *spec, struct workload *w)
{
    switch (claim_spiffe_id(claims, spec, w->identity, sizeof w->identity)) {
    case 1:
        return permit();
    case 0:
        return refuse(REASON_CLAIM_INVALID, "a claim that the issuer's `identity` names is missing");
    default:
        return refuse(REASON_CLAIM_INVALID, "what the issuer's `identity` names does not make a SPIFFE ID");
    }
}

/* `act.sub` acts for `sub`; actors nested deeper are history (RFC 8693 Section 4.1) and decide nothing. */
static struct verdict read_actor(const json_t *claims, struct workload *w)
{
    const char *sub = NULL, *actor = NULL;
    json_t *act;
    int has_act = json_member_object(claims, "act", &act);

    if (has_act < 0)
        return refuse(REASON_CLAIM_INVALID, "act is not an object");
    if (has_act && json_member_string(act, "sub", SPIFFE_ID_MAX, &actor) != 1)
        return refuse(REASON_CLAIM_INVALID, "act.sub is missing or not a string");
    if (has_act && json_member_string(claims, "sub", PRINCIPAL_MAX, &sub) != 1)
        return refuse(REASON_CLAIM_INVALID, "sub is missing beside act, or not a string of 1 to 256 bytes");
    if (!has_act && json_member_string(claims, "sub", SPIFFE_ID_MAX, &actor) != 1)
        return refuse(REASON_CLAIM_INVALID, "sub is missing or not a string");
    if (!spiffe_id_valid(actor))
        return refuse(REASON_CLAIM_INVALID, "the identity is not a SPIFFE ID");
    strcpy(w->identity, actor);
    strcpy(w->principal, sub ? sub : "");
    return permit();
}

struct verdict workload_identity(const json_t *claims, const struct issuer *issuer, struct workload *ret)
{
    struct verdict v;

    memset(ret, 0, sizeof *ret);
    v = issuer->identity ? map_identity(claims, issuer->identity, ret) : read_actor(claims, ret);
    if (v.reason == REASON_PERMIT && issuer->principal &&
        claim_text(claims, issuer->principal, ret->principal, sizeof ret->principal) != 1)
        v = refuse(REASON_CLAIM_INVALID, "what the issuer's `principal` names is missing or no short text");
    if (v.reason == REASON_PERMIT && !spiffe_is_of(ret->identity, issuer->trust_domains))
        v = refuse(REASON_TRUST_DOMAIN_REFUSED, "the issuer does not own the trust domain of the identity");
    return v;
}

/* --- what for --- */

static struct verdict read_task(const json_t *claims, struct workload *w)
{
    const char *mission_id = NULL, *txn = NULL;
    json_t *mission;
    int has_mission = json_member_object(claims, "mission", &mission);
    int has_id = has_mission > 0 ? json_member_string(mission, "id", TASK_MAX, &mission_id) : has_mission;
    int has_txn = json_member_string(claims, "txn", TASK_MAX, &txn);

    if (has_id < 0)
        return refuse(REASON_CLAIM_INVALID, "mission.id is not a string of 1 to 256 bytes");
    if (has_txn < 0)
        return refuse(REASON_CLAIM_INVALID, "txn is not a string of 1 to 256 bytes");
    if (!has_id && !has_txn)
        return refuse(REASON_NOT_TASK_BOUND, "neither mission.id nor txn is present");
    if (has_id && has_txn && strcmp(mission_id, txn) != 0)
        return refuse(REASON_CLAIM_INVALID, "mission.id and txn name different tasks");
    strcpy(w->task, has_id ? mission_id : txn);
    return permit();
}

static struct verdict map_task(const json_t *claims, const char *spec, struct workload *w)
{
    switch (claim_text(claims, spec, w->task, sizeof w->task)) {
    case 1:
        return permit();
    case 0:
        return refuse(REASON_NOT_TASK_BOUND, "a claim that the issuer's `task` names is missing");
    default:
        return refuse(REASON_CLAIM_INVALID, "what the issuer's `task` names is not a text of 1 to 256 bytes");
    }
}

/* 1, 0 or -EBADMSG. */
static int read_context(const json_t *claims, const char *name, size_t max, const char **ret_text)
{
    json_t *tctx;
    int there = json_member_object(claims, "tctx", &tctx);

    return there > 0 ? json_member_string(tctx, name, max, ret_text) : there;
}

static struct verdict read_purpose(const json_t *claims, struct workload *w)
{
    const char *purpose = "";

    if (read_context(claims, "purpose", PURPOSE_MAX, &purpose) < 0)
        return refuse(REASON_CLAIM_INVALID, "tctx.purpose is not a string of 1 to 128 bytes");
    strcpy(w->purpose, purpose);
    return permit();
}

static struct verdict map_purpose(const json_t *claims, const char *spec, struct workload *w)
{
    int r = claim_text(claims, spec, w->purpose, sizeof w->purpose);

    if (r < 0)
        return refuse(REASON_CLAIM_INVALID, "what the issuer's `purpose` names is not a text of 1 to 128 bytes");
    if (r == 0)
        w->purpose[0] = '\0';
    return permit();
}

static int is_level(const char *word)
{
    return strcmp(word, "low") == 0 || strcmp(word, "medium") == 0 || strcmp(word, "high") == 0;
}

static struct verdict read_sensitivity(const json_t *claims, struct workload *w)
{
    const char *word = "";
    int there = read_context(claims, "sensitivity", WORKLOAD_SENSITIVITY_MAX, &word);

    if (there < 0 || (there && !is_level(word)))
        return refuse(REASON_CLAIM_INVALID, "tctx.sensitivity is not low, medium or high");
    strcpy(w->sensitivity, word);
    return permit();
}

static struct verdict map_sensitivity(const json_t *claims, const char *spec, struct workload *w)
{
    int r = claim_text(claims, spec, w->sensitivity, sizeof w->sensitivity);

    if (r < 0 || (r && !is_level(w->sensitivity)))
        return refuse(REASON_CLAIM_INVALID, "what the issuer's `sensitivity` names is not low, medium or high");
    if (r == 0)
        w->sensitivity[0] = '\0';
    return permit();
}

static struct verdict read_intent(const json_t *claims, const struct issuer *issuer, struct workload *ret)
{
    struct verdict v = issuer->task ? map_task(claims, issuer->task, ret) : read_task(claims, ret);

    if (v.reason == REASON_PERMIT)
        v = issuer->purpose ? map_purpose(claims, issuer->purpose, ret) : read_purpose(claims, ret);
    if (v.reason == REASON_PERMIT)
        v = issuer->sensitivity ? map_sensitivity(claims, issuer->sensitivity, ret) : read_sensitivity(claims, ret);
    return v;
}

struct verdict workload_of_claims(const json_t *claims, const struct issuer *issuer, struct workload *ret)
{
    struct verdict v = workload_identity(claims, issuer, ret);

    return v.reason == REASON_PERMIT ? read_intent(claims, issuer, ret) : v;
}

/* --- of a chain --- */

static const json_t *root_claims(const struct aat_chain *chain)
{
    return chain->tokens[0].claims;
}

static struct verdict check_ids(const struct aat_chain *chain)
{
    const char *jti;

    for (size_t i = 0; i < chain->count; i++)
        if (json_member_string(chain->tokens[i].claims, "jti", i ? WORKLOAD_DERIVED_JTI_MAX : WORKLOAD_JTI_MAX, &jti) !=
            1)
            return refuse(REASON_CLAIM_INVALID, "jti is not a short string without control characters");
    return permit();
}

/* Of a signature of RSA no holder is known to ssh. */
static struct verdict check_holders(const struct aat_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        if (!chain->tokens[i].holder || key_is_rsa(chain->tokens[i].holder))
            return refuse(REASON_CLAIM_INVALID, "cnf.jwk is not an Ed25519, P-256 or P-384 key");
    return permit();
}

static struct verdict check_not_before(const struct aat_chain *chain, int64_t now)
{
    for (size_t i = 0; i < chain->count; i++) {
        int64_t nbf;
        int there = json_member_integer(chain->tokens[i].claims, "nbf", &nbf);

        if (there < 0)
            return refuse(REASON_CLAIM_INVALID, "nbf is not a NumericDate");
        if (there && nbf > now + AAT_SKEW_SECONDS)
            return refuse(REASON_NOT_YET_VALID, "nbf lies in the future");
    }
    return permit();
}

/* What only the root says, a derived token may repeat. */
static struct verdict check_root_only(const struct aat_chain *chain)
{
    static const char *const names[] = {"act", "txn", "mission", "tctx", "status"};

    for (size_t i = 1; i < chain->count; i++)
        for (size_t j = 0; j < COUNT_OF(names); j++) {
            json_t *ours = json_object_get(chain->tokens[i].claims, names[j]);

            if (ours && !json_equal(ours, json_object_get(root_claims(chain), names[j])))
                return refuse(REASON_CLAIM_INVALID, "a derived token has a claim that is the root's alone");
        }
    return permit();
}

static struct verdict check_status(const struct aat_chain *chain)
{
    if (!chain->anchor->issuer->ignore_status && json_object_get(root_claims(chain), "status"))
        return refuse(REASON_CLAIM_INVALID, "status is present and cannot be checked");
    return permit();
}

struct verdict workload_of_chain(const struct aat_chain *chain, int64_t now, struct workload *ret)
{
    const struct issuer *issuer = chain->anchor->issuer;
    struct verdict v = check_ids(chain);

    if (v.reason == REASON_PERMIT)
        v = check_holders(chain);
    if (v.reason == REASON_PERMIT)
        v = workload_identity(root_claims(chain), issuer, ret);
    if (v.reason == REASON_PERMIT)
        v = check_not_before(chain, now);
    if (v.reason == REASON_PERMIT)
        v = check_status(chain);
    if (v.reason == REASON_PERMIT)
        v = check_root_only(chain);
    return v.reason == REASON_PERMIT ? read_intent(root_claims(chain), issuer, ret) : v;
}
