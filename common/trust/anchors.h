/*
 * Trust anchors as `agentctl apply` compiles them into anchors.cdb (root, 0600).
 *
 *   key "a"             one fields text
 *
 *     issuer NAME             starts an issuer: its name in agent.conf
 *     kind WORD               issuer.h; once, as all that follows but where it says otherwise
 *     iss URI
 *     trust-domain NAME       any number
 *     max-lifetime SECONDS    > 0
 *     keys-until SECONDS      since the epoch: when its keys are too old; optional, as all that follows
 *     status ignore
 *     identity, principal, task, purpose, sensitivity, scope SPEC     claim.h; scope is a path
 *     require PATH=VALUE      any number
 *     algorithm NAME          any number, of issuer_algorithms(); none: any but EdDSA
 *     token-type WORD
 *     extension NAME
 *     sequence NUMBER         of its SPIFFE bundle
 *     key ALG                 starts a key of it, which has this one algorithm
 *     kid TEXT                optional
 *     jwk JSON                a public key
 *
 *   keys "k..."         judge/anchor_store.h
 */
#ifndef PAM_AGENT_ANCHORS_H
#define PAM_AGENT_ANCHORS_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"
#include "trust/issuer.h"

#define ANCHORS_TEXT_MAX (16u << 20) /* bytes */
#define ANCHORS_MAX 8192             /* keys */
#define ISSUERS_CONFIGURED_MAX 1024
#define ISSUER_LIST_MAX 64 /* trust domains of one issuer; claims that it requires */

struct anchors {
    struct anchor *items;
    size_t count;
    struct issuer **issuers;
    size_t issuer_count;
    char *text; /* owned: the strings point into it */
};

/*
 * Parse compiled text[len]; it is copied. Keys are made when they are asked for (anchor_public). 0 and the caller's anchors; -EBADMSG: an
 * unknown or doubled line, an issuer without kind, iss or max-lifetime, a key without jwk; -E2BIG; -ENOMEM.
 */
int anchors_parse(const char *text, size_t len, struct anchors **ret_anchors) MUST_CHECK;
/* Those of anchors.cdb at its place, which must be a trusted file. 0; -ENOENT: not applied yet; -EBADMSG, -errno. */
int anchors_load(struct anchors **ret_anchors) MUST_CHECK;
/* Those of a file in an open directory. */
int anchors_load_at(int dir, const char *name, struct anchors **ret_anchors) MUST_CHECK;

/* NULL is allowed. */
void anchors_free(struct anchors *anchors);
void anchors_freep(struct anchors **anchors); /* for CLEANUP() */

#endif
