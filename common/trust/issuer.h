/*
 * Issuers and their keys, as the host trusts them (anchors.h reads them from where `agentctl apply` put them).
 */
#ifndef PAM_AGENT_ISSUER_H
#define PAM_AGENT_ISSUER_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "trust/jws.h"
#include "trust/key.h"
#include "trust/verdict.h"

/* What an issuer issues; a key is never tried with a token of another kind (RFC 8725 Section 3.12). */
enum issuer_kind {
    ISSUER_AAT = 1, /* draft-niyikiza-oauth-attenuating-agent-tokens-02 */
    ISSUER_SVID,    /* JWT-SVID; an issuer each trust domain */
    ISSUER_JWT,     /* RFC 7519, RFC 9068: OIDC and OAuth tokens */
    ISSUER_SSH_CA,  /* OpenSSH certificates */
};

/* Strings are borrowed; NULL where not configured. What claims are read from: claim.h. */
struct issuer {
    enum issuer_kind kind;
    const char *name; /* in agent.conf */
    const char *iss;  /* the exact `iss`; of kinds whose tokens need none, the name that revocations know it by */
    const char *const *trust_domains; /* NULL-terminated; empty = speaks for none */
    uint32_t max_lifetime;            /* seconds, > 0 */
    int64_t sequence;                 /* of its SPIFFE bundle; -1: none */
    int64_t keys_until;               /* seconds since the epoch: then its keys are too old; 0: never */
    int ignore_status;                /* a `status` that cannot be looked up refuses nothing */
    const char *identity, *principal, *task, *purpose, *sensitivity, *scope;
    const char *const *require; /* NULL-terminated, each PATH=VALUE; or NULL */
    const char *const *
        algorithms; /* NULL-terminated: those of issuer_algorithms() that it signs with; empty or NULL: any but EdDSA */
    const char *token_type; /* the `typ` that its tokens must have */
    const char *extension;  /* of its certificates: the one that holds a token */
};

/* A key of an issuer. */
struct anchor {
    const struct issuer *issuer;
    const char *kid;       /* or NULL */
    const struct key *key; /* NULL: not made from `jwk` yet, or none */
    const char *alg, *jwk; /* where key is NULL: what it is made from */
};

/* "aat", "jwt-svid", "jwt", "ssh-ca"; "" and -1 for what is none. */
const char *issuer_kind_word(enum issuer_kind kind);
int issuer_kind_parse(const char *word);

/* What an issuer of a kind may sign with, NULL-terminated: `alg` of JWS; of certificates names of sshkey_signature_name(). */
const char *const *issuer_algorithms(enum issuer_kind kind);
/* Can this key sign so? An RSA key of ssh can with either hash, whichever it was read with. 1 or 0. */
int algorithm_is_of_key(const char *algorithm, const struct key *key);
/* May what it issues be signed so? 1 or 0. */
int issuer_takes(const struct issuer *issuer, const char *algorithm);

/* Are its keys too old to be believed at this time? 1 or 0. */
int issuer_is_stale(const struct issuer *issuer, int64_t now);

/* The key of an anchor, made at the first call; NULL: it has none. */
const struct key *anchor_public(struct anchor *anchor);

/* Which keys a token is tried with. */
struct anchor_search {
    struct anchor *anchors;
    size_t count;
    unsigned kinds; /* of issuers: 1u << ISSUER_... */
    /*
     * Try every key with a token whose `kid` no key has. Otherwise it is tried with a key only where that alone has its algorithm: a
     * stranger costs one signature.
     */
    int exhaustive;
    int as_root; /* details begin with the draft's step */
};

/* Who signed it: 0 or more signatures are verified. The claims are not looked at. */
struct verdict anchor_find(const struct anchor_search *search, const struct jws *jws, const struct anchor **ret);

/*
 * One key may be configured for several issuers: `iss` says which of them is meant, or of JWT-SVIDs the trust domain of `sub`. The one
 * that was found where none of them is, or that one does not take the token's algorithm. Its key is made.
 */
const struct anchor *anchor_settle(const struct anchor_search *search, const struct jws *jws,
                                   const struct anchor *found, const json_t *claims);

#endif
