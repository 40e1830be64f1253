#include <string.h>

#include "core/text.h"
#include "trust/aat_parts.h"
#include "trust/jcs.h"
#include "trust/json.h"

struct pop {
    const struct aat_rules *rules;
    const struct aat_token *leaf;
    const struct aat_proof *proof;
    struct jws jws;
    json_t *claims;
};

static struct verdict step_7a_header(struct pop *pop)
{
    const struct key *holder = pop->leaf->holder;

    if (!pop->proof->token || jws_parse(pop->proof->token, pop->proof->len, &pop->jws) < 0)
        return refuse(REASON_POSSESSION_INVALID, "7a: there is no proof, or it is not a compact JWS");
    if (!aat_alg_allowed(pop->rules, pop->jws.alg) || !holder || strcmp(key_alg(holder), pop->jws.alg) != 0)
        return refuse(REASON_POSSESSION_INVALID, "7a: alg is not that of the holder, or not allowed");
    if (!text_equal(pop->jws.typ, AAT_POP_TYP))
        return refuse(REASON_POSSESSION_INVALID, "7a: typ is not aat-pop+jwt");
    if (pop->jws.has_crit)
        return refuse(REASON_POSSESSION_INVALID, "7a: crit is present");
    return permit();
}

static struct verdict step_7b_signature(struct pop *pop)
{
    if (jws_verify(&pop->jws, pop->leaf->holder) < 0)
        return refuse(REASON_POSSESSION_INVALID, "7b: the holder did not make the signature");
    if (json_claims_parse(pop->jws.payload, pop->jws.payload_len, AAT_TOKEN_MAX, &pop->claims) < 0 ||
        !json_is_object(pop->claims))
        return refuse(REASON_POSSESSION_INVALID, "7b: the payload is not one JSON object without duplicate members");
    return permit();
}

static struct verdict step_6b_invocation(struct pop *pop)
{
    if (pop->proof->decided)
        return permit();
    if (!pop->proof->args_admissible)
        return refuse(REASON_SCOPE_EXCEEDED, "6b: a number of an argument does not survive as a double");
    return tools_allow(&pop->leaf->tools, pop->proof->tool, pop->proof->args);
}

static int has_text(const struct pop *pop, const char *name)
{
    return json_string_length(json_object_get(pop->claims, name)) > 0; /* 0 for what is no string */
}

static struct verdict step_7c_claims(struct pop *pop)
{
    if (!has_text(pop, "jti") || !has_text(pop, "aat_id") || !has_text(pop, "aat_hash") || !has_text(pop, "aat_tool") ||
        !json_is_integer(json_object_get(pop->claims, "iat")) || !json_is_object(json_object_get(pop->claims, "hta")))
        return refuse(REASON_POSSESSION_INVALID, "7c: a claim is missing or of the wrong type");
    if (!json_equal(json_object_get(pop->claims, "aat_id"), pop->leaf->jti) ||
        !json_is_text(json_object_get(pop->claims, "aat_hash"), pop->leaf->sha256))
        return refuse(REASON_POSSESSION_INVALID, "7c: it is for another token");
    return permit();
}

static struct verdict step_7d_audience(struct pop *pop)
{
    const json_t *aud = json_object_get(pop->claims, "aat_aud");

    if (!aud && pop->proof->need_audience)
        return refuse(REASON_POSSESSION_INVALID, "7d: aat_aud is missing, this host demands it");
    if (aud && (!pop->rules->audience || !json_is_text(aud, pop->rules->audience)))
        return refuse(REASON_POSSESSION_INVALID, "7d: aat_aud does not name this host");
    return permit();
}

static struct verdict step_7e_tool(struct pop *pop)
{
    if (!json_is_text(json_object_get(pop->claims, "aat_tool"), pop->proof->tool))
        return refuse(REASON_POSSESSION_INVALID, "7e: it is for another tool");
    return permit();
}

static struct verdict step_7f_arguments(struct pop *pop)
{
    if (jcs_equal(json_object_get(pop->claims, "hta"), pop->proof->args) != 1)
        return refuse(REASON_POSSESSION_INVALID, "7f: it is for other arguments");
    return permit();
}

static struct verdict step_7g_time(struct pop *pop)
{
    int64_t iat = json_integer_value(json_object_get(pop->claims, "iat")), now = pop->rules->now;

    if (iat < now - AAT_POP_WINDOW_SECONDS || iat > now + AAT_POP_WINDOW_SECONDS)
        return refuse(REASON_POSSESSION_INVALID, "7g: iat is not of this moment");
    return permit();
}

static struct verdict step_7h_nonce(struct pop *pop)
{
    if (pop->proof->nonce && !json_is_text(json_object_get(pop->claims, "nonce"), pop->proof->nonce))
        return refuse(REASON_POSSESSION_INVALID, "7h: nonce is not the one that was given");
    return permit();
}

static struct verdict step_7i_replay(struct pop *pop)
{
    const json_t *jti = json_object_get(pop->claims, "jti");

    if (pop->proof->seen && pop->proof->seen(json_string_value(jti), json_string_length(jti), pop->proof->arg))
        return refuse(REASON_REPLAYED, "7i: it was accepted before");
    return permit();
}

static struct verdict (*const steps[])(struct pop *) = {
    step_7a_header, step_7b_signature, step_6b_invocation, step_7c_claims, step_7d_audience,
    step_7e_tool,   step_7f_arguments, step_7g_time,       step_7h_nonce,  step_7i_replay,
};

struct verdict aat_prove(const struct aat_rules *rules, const struct aat_chain *chain, const struct aat_proof *proof)
{
    struct pop pop = {.rules = rules, .leaf = aat_leaf(chain), .proof = proof};
    struct verdict verdict = permit();

    for (size_t i = 0; i < COUNT_OF(steps) && verdict.reason == REASON_PERMIT; i++)
        verdict = steps[i](&pop);
    json_decref(pop.claims);
    jws_clear(&pop.jws);
    return verdict;
}
