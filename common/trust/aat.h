/*
 * AAT: the claims of a root token that stands alone, checked in one flat order.
 *
 * First Section 8 of draft-niyikiza-oauth-attenuating-agent-tokens-02 (3b to 3n, 5, 6a, 6c), then what this host demands
 * beyond it (workload.h). The signature was verified before: these claims are the issuer's words.
 */
#ifndef PAM_AGENT_AAT_H
#define PAM_AGENT_AAT_H

#include <jansson.h>
#include <stdint.h>

#include "trust/credential.h"
#include "trust/verdict.h"

#define AAT_TYP "aat+jwt"
#define AAT_ENTRY_TYPE "attenuating_agent_token"
#define AAT_DEPTH_MAX 8  /* MAX_DELEGATION_DEPTH */
#define AAT_JTI_MAX 256  /* bytes */
#define AAT_URI_MAX 1024 /* bytes of iss, and of each aud */

struct aat {
    /* Given; borrowed. */
    const struct verify_context *ctx;
    const struct anchor *anchor; /* whose key made the signature */
    json_t *claims;
    const char *payload; /* the text of the claims */
    size_t payload_len;

    /* Found; borrowed from the claims, but for the holder, which aat_clear frees. */
    int64_t iat, exp;
    const char *jti, *iss, *identity, *principal, *task, *purpose;
    json_t *tools;
    struct key *holder;
};

/* Run all checks up to the first that refuses. The caller calls aat_clear in either case. */
struct verdict aat_check(struct aat *aat);
void aat_clear(struct aat *aat);

#endif
