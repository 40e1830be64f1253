#include "trust/workload.h"

#include <string.h>

#include "core/names.h"
#include "trust/json.h"

static const json_t *root_claims(const struct aat_chain *chain)
{
    return chain->tokens[0].claims;
}

/* `act.sub` acts for `sub`; actors nested deeper are history (RFC 8693 Section 4.1) and decide nothing. */
static struct verdict check_identity(const struct aat_chain *chain, struct workload *w)
{
    json_t *act;
    int has_act = json_member_object(root_claims(chain), "act", &act);

    if (has_act < 0)
        return refuse(REASON_CLAIM_INVALID, "act is not an object");
    if (has_act && json_member_string(act, "sub", SPIFFE_ID_MAX, &w->identity) != 1)
        return refuse(REASON_CLAIM_INVALID, "act.sub is missing or not a string");
    if (has_act && json_member_string(root_claims(chain), "sub", WORKLOAD_PRINCIPAL_MAX, &w->principal) != 1)
        return refuse(REASON_CLAIM_INVALID, "sub is missing beside act, or not a string of 1 to 256 bytes");
    if (!has_act && json_member_string(root_claims(chain), "sub", SPIFFE_ID_MAX, &w->identity) != 1)
        return refuse(REASON_CLAIM_INVALID, "sub is missing or not a string");
    if (!spiffe_id_valid(w->identity))
        return refuse(REASON_CLAIM_INVALID, "the identity is not a SPIFFE ID");
    return permit();
}

static struct verdict check_trust_domain(const struct aat_chain *chain, struct workload *w)
{
    const char *start;
    size_t len = spiffe_trust_domain(w->identity, &start);
    const char *const *domain = chain->anchor->trust_domains;

    for (; domain && *domain; domain++)
        if (strlen(*domain) == len && memcmp(*domain, start, len) == 0)
            return permit();
    return refuse(REASON_TRUST_DOMAIN_REFUSED, "the issuer does not own the trust domain of the identity");
}

static struct verdict check_not_before(const struct aat_chain *chain, struct workload *w)
{
    for (size_t i = 0; i < chain->count; i++) {
        int64_t nbf;
        int there = json_member_integer(chain->tokens[i].claims, "nbf", &nbf);

        if (there < 0)
            return refuse(REASON_CLAIM_INVALID, "nbf is not a NumericDate");
        if (there && nbf > w->now + CREDENTIAL_SKEW_SECONDS)
            return refuse(REASON_NOT_YET_VALID, "nbf lies in the future");
    }
    return permit();
}

static struct verdict check_ids(const struct aat_chain *chain, struct workload *w)
{
    const char *jti;

    (void)w;
    for (size_t i = 0; i < chain->count; i++)
        if (json_member_string(chain->tokens[i].claims, "jti", i ? WORKLOAD_DERIVED_JTI_MAX : WORKLOAD_JTI_MAX, &jti) !=
            1)
            return refuse(REASON_CLAIM_INVALID, "jti is not a short string without control characters");
    return permit();
}

/* Of a signature of RSA no holder is known to ssh. */
static struct verdict check_holders(const struct aat_chain *chain, struct workload *w)
{
    (void)w;
    for (size_t i = 0; i < chain->count; i++)
        if (!chain->tokens[i].holder || key_is_rsa(chain->tokens[i].holder))
            return refuse(REASON_CLAIM_INVALID, "cnf.jwk is not an Ed25519, P-256 or P-384 key");
    return permit();
}

/* What only the root says, a derived token may repeat. */
static struct verdict check_root_only(const struct aat_chain *chain, struct workload *w)
{
    static const char *const names[] = {"act", "txn", "mission", "tctx", "status"};

    (void)w;
    for (size_t i = 1; i < chain->count; i++)
        for (size_t j = 0; j < COUNT_OF(names); j++) {
            json_t *ours = json_object_get(chain->tokens[i].claims, names[j]);

            if (ours && !json_equal(ours, json_object_get(root_claims(chain), names[j])))
                return refuse(REASON_CLAIM_INVALID, "a derived token has a claim that is the root's alone");
        }
    return permit();
}

static struct verdict check_status(const struct aat_chain *chain, struct workload *w)
{
    (void)w;
    if (json_object_get(root_claims(chain), "status"))
        return refuse(REASON_CLAIM_INVALID, "status is present and cannot be checked");
    return permit();
}

static struct verdict check_task(const struct aat_chain *chain, struct workload *w)
{
    const char *mission_id = NULL, *txn = NULL;
    json_t *mission;
    int has_mission = json_member_object(root_claims(chain), "mission", &mission);
    int has_id = has_mission > 0 ? json_member_string(mission, "id", TASK_MAX, &mission_id) : has_mission;
    int has_txn = json_member_string(root_claims(chain), "txn", TASK_MAX, &txn);

    if (has_id < 0)
        return refuse(REASON_CLAIM_INVALID, "mission.id is not a string of 1 to 256 bytes");
    if (has_txn < 0)
        return refuse(REASON_CLAIM_INVALID, "txn is not a string of 1 to 256 bytes");
    if (!has_id && !has_txn)
        return refuse(REASON_NOT_TASK_BOUND, "neither mission.id nor txn is present");
    if (has_id && has_txn && strcmp(mission_id, txn) != 0)
        return refuse(REASON_CLAIM_INVALID, "mission.id and txn name different tasks");
    w->task = has_id ? mission_id : txn;
    return permit();
}

static struct verdict check_purpose(const struct aat_chain *chain, struct workload *w)
{
    json_t *tctx;
    int there = json_member_object(root_claims(chain), "tctx", &tctx);

    if (there > 0)
        there = json_member_string(tctx, "purpose", PURPOSE_MAX, &w->purpose);
    if (there < 0)
        return refuse(REASON_CLAIM_INVALID, "tctx.purpose is not a string of 1 to 128 bytes");
    return permit();
}

struct verdict workload_check(const struct aat_chain *chain, int64_t now, struct workload *ret)
{
    static struct verdict (*const checks[])(const struct aat_chain *, struct workload *) = {
        check_ids,    check_holders,   check_identity, check_trust_domain, check_not_before,
        check_status, check_root_only, check_task,     check_purpose,
    };
    struct verdict verdict = permit();

    *ret = (struct workload){.now = now};
    for (size_t i = 0; i < COUNT_OF(checks) && verdict.reason == REASON_PERMIT; i++)
        verdict = checks[i](chain, ret);
    return verdict;
}
