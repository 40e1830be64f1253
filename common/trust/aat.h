/*
 * AAT: chains of attenuating authorization tokens (draft-niyikiza-oauth-attenuating-agent-tokens-02), and the proofs of possession
 * that go with them. What the draft fixes, and nothing that is this host's own (workload.h).
 *
 * Steps are those of Section 8, in its order but for two: `jti` are compared (2c) when all signatures are verified, so no claim is
 * parsed before, and a proof is verified before arguments are looked at (7a and 7b before 6b), as the draft demands.
 */
#ifndef PAM_AGENT_AAT_H
#define PAM_AGENT_AAT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "trust/issuer.h"
#include "trust/jws.h"
#include "trust/tools.h"
#include "trust/verdict.h"

/* What the draft names, and its limits, with its own names for them. */
#define AAT_TYP "aat+jwt"
#define AAT_POP_TYP "aat-pop+jwt"
#define AAT_ENTRY_TYPE "attenuating_agent_token"
#define AAT_ISS_PREFIX "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"
#define AAT_TOKEN_MAX 65536  /* MAX_TOKEN_SIZE, bytes */
#define AAT_CHAIN_MAX 262144 /* MAX_CHAIN_SIZE, bytes */
#define AAT_DEPTH_MAX 8      /* MAX_DELEGATION_DEPTH */
#define AAT_TOKENS_MAX (AAT_DEPTH_MAX + 1)
#define AAT_CONSTRAINT_DEPTH_MAX 32 /* MAX_CONSTRAINT_DEPTH */
#define AAT_SKEW_SECONDS 30         /* MAX_IAT_SKEW */
#define AAT_POP_WINDOW_SECONDS 30   /* of Section 9.10, each way */

/* What an enforcement point decides for itself. Borrowed. */
struct aat_rules {
    struct anchor *anchors; /* of issuers with a max_lifetime of their own each */
    size_t anchor_count;
    int exhaustive;          /* issuer.h */
    const char *const *algs; /* NULL-terminated: allowed ones; NULL: all that key.h has */
    const char *audience;    /* its own id, for `aud` and `aat_aud` */
    int need_audience;       /* some token must carry `aud` */
    int64_t now;             /* seconds since the epoch */
    uint32_t max_lifetime;   /* seconds (MAX_TOKEN_LIFETIME) */
    int max_depth;           /* at most AAT_DEPTH_MAX */
};

struct aat_token {
    struct jws jws; /* what it borrows, the token, may be gone once the chain is verified */
    json_t *claims;
    json_t *tools_json; /* of its entry; NULL: it has none, the empty capability set */
    int64_t iat, exp, depth, max_depth;
    const json_t *jti;                           /* a string that is not empty */
    struct key *holder;                          /* cnf.jwk; NULL: a public key that is of no use here */
    char holder_thumbprint[KEY_THUMBPRINT_SIZE]; /* "": no holder */
    struct tools tools;
    char sha256[44]; /* of its signing input, base64url: par_hash of its child, aat_hash of its proofs */
};

struct aat_chain {
    struct aat_token tokens[AAT_TOKENS_MAX]; /* from the root to the leaf */
    size_t count;
    const struct anchor *anchor; /* whose key made the root's signature; borrowed from the rules */
};

/*
 * Steps 1 to 5, 6a and 6c over compact tokens[count] with lens[count], which must outlive *ret. The caller clears *ret in any case.
 * The detail of the verdict begins with the step that refused, e.g. "4h: ".
 */
struct verdict aat_verify(const struct aat_rules *rules, const char *const *tokens, const size_t *lens, size_t count,
                          struct aat_chain *ret);
void aat_clear(struct aat_chain *chain);
/* The last token of a verified chain. */
const struct aat_token *aat_leaf(const struct aat_chain *chain);

/* An invocation and its proof. */
struct aat_proof {
    const char *token; /* the PoP JWT; NULL: none */
    size_t len;
    const char *tool;
    json_t *args;        /* an object */
    int args_admissible; /* every number in it, as written (number.h) */
    int decided;         /* step 6b is the caller\'s, who knows more of the invocation */
    const char *nonce;   /* the one that must be there; NULL: any or none */
    int need_audience;   /* `aat_aud` must be there */
    int (*seen)(const char *jti, size_t len, void *arg); /* 1: accepted before; NULL: not tracked */
    void *arg;
};

/* Steps 6b and 7 for a verified chain. */
struct verdict aat_prove(const struct aat_rules *rules, const struct aat_chain *chain, const struct aat_proof *proof);

#endif
