/*
 * Credentials: what an agent presents, verified.
 *
 * Verification is offline and pure: token, trust anchors, host id and time in; claims or a reason out. Order and
 * rules: draft-niyikiza-oauth-attenuating-agent-tokens-02 Section 8 (one-token chains: root = leaf), RFC 7515,
 * RFC 7519, RFC 8725. The signature is verified before any claim is parsed.
 */
#ifndef PAM_AGENT_CREDENTIAL_H
#define PAM_AGENT_CREDENTIAL_H

#include <stddef.h>
#include <stdint.h>

#include "core/reason.h"
#include "trust/key.h"

#define CREDENTIAL_MAX 65536          /* bytes of one token (MAX_TOKEN_SIZE) */
#define CREDENTIAL_SKEW_SECONDS 30    /* MAX_IAT_SKEW */
#define CREDENTIAL_LIFETIME_HARD 3600 /* seconds; no issuer may exceed it (MAX_TOKEN_LIFETIME) */
#define CREDENTIAL_SCOPE_MAX 65536    /* bytes of the scope text */

/* A key of a configured issuer. Strings are borrowed. */
struct anchor {
    const char *issuer;               /* its name in agent.conf */
    const char *iss;                  /* the exact `iss` */
    const char *kid;                  /* or NULL */
    const char *const *trust_domains; /* NULL-terminated; empty = speaks for none */
    uint32_t max_lifetime;            /* seconds, > 0 */
    const struct key *key;
};

struct verify_context {
    const struct anchor *anchors;
    size_t anchor_count;
    const char *audience; /* this host's id */
    int64_t now;          /* seconds since the epoch */
};

/* Verified claims. All strings owned by the credential, NUL-terminated; none holds a NUL inside. */
struct credential {
    char *issuer; /* name in agent.conf */
    char *iss, *jti;
    char *identity;  /* SPIFFE ID of the agent: act.sub, else sub */
    char *principal; /* sub when act is present, else NULL */
    char *task;      /* mission.id or txn */
    char *purpose;   /* tctx.purpose, or NULL */
    int64_t iat, exp;
    struct key *holder;                          /* cnf.jwk */
    char holder_thumbprint[KEY_THUMBPRINT_SIZE]; /* RFC 7638, base64url SHA-256 */
    char signer_thumbprint[KEY_THUMBPRINT_SIZE]; /* the same of the issuer's key that made the signature */
    char sha256[65];                             /* of the presented token, lower-case hex */
    char *scope;                                 /* fields text (core/fields.h) in the form of judge/scope.h */
    size_t scope_len;
};

/*
 * Verify the compact token[len]. On REASON_PERMIT *ret_credential is the caller's, else it is NULL; *ret_detail (may be NULL)
 * becomes a constant text that names the draft's step and what failed, e.g. "3e: exp has passed", never an
 * unverified value. Any other reason is a refusal.
 */
enum reason credential_verify(const struct verify_context *ctx, const char *token, size_t len,
                              struct credential **ret_credential, const char **ret_detail) MUST_CHECK;
void credential_free(struct credential *credential);

/* Possession by ssh (P1): auth_info is sshd's SSH_AUTH_INFO_0; one of its "publickey TYPE BASE64" lines must be the holder key. */
enum reason possession_by_channel(const struct credential *credential, const char *auth_info) MUST_CHECK;

/*
 * Possession by signature (P3): sshsig[len] is a binary SSHSIG (OpenSSH PROTOCOL.sshsig), namespace "pam-agent", by
 * the holder key, over the lines nonce, host id, account, credential->sha256, each ended by '\n'.
 */
enum reason possession_by_signature(const struct credential *credential, const char *nonce, const char *host_id,
                                    const char *account, const unsigned char *sshsig, size_t len) MUST_CHECK;

#endif
