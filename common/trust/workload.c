#include "trust/workload.h"

#include <string.h>

#include "core/names.h"
#include "trust/json.h"

/* `act.sub` acts for `sub`; actors nested deeper are history (RFC 8693 Section 4.1) and decide nothing. */
static struct verdict check_identity(struct aat *aat)
{
    json_t *act;
    int has_act = json_member_object(aat->claims, "act", &act);

    if (has_act < 0)
        return refuse(REASON_CLAIM_INVALID, "act is not an object");
    if (has_act && json_member_string(act, "sub", SPIFFE_ID_MAX, &aat->identity) != 1)
        return refuse(REASON_CLAIM_INVALID, "act.sub is missing or not a string");
    if (has_act && json_member_string(aat->claims, "sub", WORKLOAD_PRINCIPAL_MAX, &aat->principal) != 1)
        return refuse(REASON_CLAIM_INVALID, "sub is missing beside act, or not a string of 1 to 256 bytes");
    if (!has_act && json_member_string(aat->claims, "sub", SPIFFE_ID_MAX, &aat->identity) != 1)
        return refuse(REASON_CLAIM_INVALID, "sub is missing or not a string");
    if (!spiffe_id_valid(aat->identity))
        return refuse(REASON_CLAIM_INVALID, "the identity is not a SPIFFE ID");
    return permit();
}

static struct verdict check_trust_domain(struct aat *aat)
{
    const char *start;
    size_t len = spiffe_trust_domain(aat->identity, &start);
    const char *const *domain = aat->anchor->trust_domains;

    for (; domain && *domain; domain++)
        if (strlen(*domain) == len && memcmp(*domain, start, len) == 0)
            return permit();
    return refuse(REASON_TRUST_DOMAIN_REFUSED, "the issuer does not own the trust domain of the identity");
}

static struct verdict check_not_before(struct aat *aat)
{
    int64_t nbf;
    int there = json_member_integer(aat->claims, "nbf", &nbf);

    if (there < 0)
        return refuse(REASON_CLAIM_INVALID, "nbf is not a NumericDate");
    if (there && nbf > aat->ctx->now + CREDENTIAL_SKEW_SECONDS)
        return refuse(REASON_NOT_YET_VALID, "nbf lies in the future");
    return permit();
}

static struct verdict check_status(struct aat *aat)
{
    if (json_object_get(aat->claims, "status"))
        return refuse(REASON_CLAIM_INVALID, "status is present and cannot be checked");
    return permit();
}

static struct verdict check_task(struct aat *aat)
{
    const char *mission_id = NULL, *txn = NULL;
    json_t *mission;
    int has_mission = json_member_object(aat->claims, "mission", &mission);
    int has_id = has_mission > 0 ? json_member_string(mission, "id", TASK_MAX, &mission_id) : has_mission;
    int has_txn = json_member_string(aat->claims, "txn", TASK_MAX, &txn);

    if (has_id < 0)
        return refuse(REASON_CLAIM_INVALID, "mission.id is not a string of 1 to 256 bytes");
    if (has_txn < 0)
        return refuse(REASON_CLAIM_INVALID, "txn is not a string of 1 to 256 bytes");
    if (!has_id && !has_txn)
        return refuse(REASON_NOT_TASK_BOUND, "neither mission.id nor txn is present");
    if (has_id && has_txn && strcmp(mission_id, txn) != 0)
        return refuse(REASON_CLAIM_INVALID, "mission.id and txn name different tasks");
    aat->task = has_id ? mission_id : txn;
    return permit();
}

static struct verdict check_purpose(struct aat *aat)
{
    json_t *tctx;
    int there = json_member_object(aat->claims, "tctx", &tctx);

    if (there > 0)
        there = json_member_string(tctx, "purpose", PURPOSE_MAX, &aat->purpose);
    if (there < 0)
        return refuse(REASON_CLAIM_INVALID, "tctx.purpose is not a string of 1 to 128 bytes");
    return permit();
}

struct verdict workload_check(struct aat *aat)
{
    static struct verdict (*const checks[])(struct aat *) = {
        check_identity, check_trust_domain, check_not_before, check_status, check_task, check_purpose,
    };

    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        struct verdict verdict = checks[i](aat);

        if (verdict.reason != REASON_PERMIT)
            return verdict;
    }
    return permit();
}
