/*
 * Credentials: what an agent presents, verified. One type comes out of every kind:
 *
 *   AAT             one compact token, or a chain as the JSON object of draft-niyikiza-oauth-attenuating-agent-tokens-02 Section 7.4, as it is
 *                   or in base64url (presentation.h); by Section 8 of the draft (aat.h), then this host's own rules (workload.h)
 *   JWT-SVID, JWT   a compact token (jwt.h)
 *   certificate     of ssh, by an agent CA, which holds an AAT or task claims (certificate.h)
 *
 * Verification is offline and pure: a presentation, trust anchors, host id and time in; claims or a reason out. A signature is verified
 * before any claim is parsed.
 */
#ifndef PAM_AGENT_CREDENTIAL_H
#define PAM_AGENT_CREDENTIAL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "core/reason.h"
#include "trust/issuer.h"
#include "trust/key.h"

#define CREDENTIAL_MAX 524288 /* bytes of a presentation */
#define CREDENTIAL_SKEW_SECONDS 30
#define CREDENTIAL_LIFETIME_HARD 3600 /* seconds; no issuer may exceed it (MAX_TOKEN_LIFETIME) */
#define CREDENTIAL_SCOPE_MAX 65536    /* bytes of the scope text */

struct verify_context {
    struct anchor *anchors; /* their keys are made when they are needed */
    size_t anchor_count;
    const char *audience; /* this host's id */
    int64_t now;          /* seconds since the epoch */
};

/*
 * A credential that another one was derived from. The `jti` of a derived token is its signer's to choose: here it stands behind the
 * thumbprint of the signer's key and a colon, so that nobody takes another's.
 */
struct ancestor {
    char *jti;
    char holder_thumbprint[KEY_THUMBPRINT_SIZE];
};

/* Another token that a credential stands on, by an issuer of its own. */
struct voucher {
    char *issuer, *iss, *jti;
    char signer_thumbprint[KEY_THUMBPRINT_SIZE];
    char *identity; /* a JWT-SVID: whose it is; NULL: an ssh certificate */
    int unbound; /* a JWT-SVID without the holder's key: it counts only once, and only with a proof that covers it (P3) */
};

struct aat_chain;

/* Verified claims: of a chain's root what names issuer, agent, task, purpose and sensitivity, of the leaf the rest. All strings owned by the credential, NUL-terminated; none holds a NUL inside. */
struct credential {
    enum issuer_kind kind;
    char *issuer;               /* name in agent.conf */
    char *iss, *jti;            /* jti: see struct ancestor */
    char *identity;             /* SPIFFE ID of the agent */
    char *principal;            /* on whose behalf, or NULL */
    char *task;                 /* mission.id or txn, or what the issuer is configured for */
    char *purpose;              /* or NULL */
    char *sensitivity;          /* of the task: "low", "medium", "high"; or NULL */
    int64_t iat, exp;           /* of the root; of the leaf */
    struct ancestor *ancestors; /* from the root on; none of a credential that was not delegated */
    size_t ancestor_count;
    struct voucher *voucher; /* or NULL */
    char holder_thumbprint
        [KEY_THUMBPRINT_SIZE]; /* RFC 7638, base64url SHA-256, of the key that it is bound to; "": to none */
    char signer_thumbprint[KEY_THUMBPRINT_SIZE]; /* the same of the issuer's key that made the signature */
    char sha256[65];                             /* of the presentation, lower-case hex */
    char *scope;                                 /* fields text (core/fields.h) in the form of judge/scope.h */
    size_t scope_len;
    json_t *tools;           /* what the scope was made from; NULL: no limit of its own */
    struct aat_chain *chain; /* of an AAT: proofs are compared with it */
};

/*
 * Verify the presentation token[len]. On REASON_PERMIT *ret_credential is the caller's, else it is NULL; *ret_detail (may be NULL)
 * becomes a constant text that names what failed, of an AAT behind the draft's step, e.g. "3e: exp has passed", never an
 * unverified value. Any other reason is a refusal.
 */
enum reason credential_verify(const struct verify_context *ctx, const char *token, size_t len,
                              struct credential **ret_credential, const char **ret_detail) MUST_CHECK;
void credential_free(struct credential *credential);

/* Possession by ssh (P1): auth_info is sshd's SSH_AUTH_INFO_0; one of its "publickey TYPE BASE64" lines must be the holder's key. */
enum reason possession_by_channel(const struct credential *credential, const char *auth_info) MUST_CHECK;

/*
 * Possession by signature (P3): sshsig[len] is a binary SSHSIG (OpenSSH PROTOCOL.sshsig), namespace "pam-agent", by
 * the holder's key, over the lines nonce, host id, account, credential->sha256, each ended by '\n'.
 */
enum reason possession_by_signature(const struct credential *credential, const char *nonce, const char *host_id,
                                    const char *account, const unsigned char *sshsig, size_t len) MUST_CHECK;

/*
 * Possession by PoP JWT (P2, draft Section 7) of an AAT: pop[len] is a compact `aat-pop+jwt` by the holder's key for the tool "host:login"
 * with the arguments {"account": account}, this nonce, and host_id as `aat_aud`, made within 30 seconds of now. It does not cover the
 * JWT-SVID of a presentation.
 */
enum reason possession_by_pop(const struct credential *credential, const char *nonce, const char *host_id,
                              const char *account, int64_t now, const char *pop, size_t len) MUST_CHECK;

#endif
