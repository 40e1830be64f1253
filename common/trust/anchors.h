/*
 * Trust anchors as `agentctl apply` compiles them into anchors.cdb (root, 0600).
 *
 *   key "a"             one fields text; an issuer with several keys stands there once a key
 *
 *     anchor NAME             starts an anchor: the issuer's name in agent.conf
 *     iss URI
 *     kid TEXT                optional
 *     alg WORD                the key's one algorithm
 *     trust-domain NAME       any number
 *     max-lifetime SECONDS    > 0
 *     jwk JSON                a public key
 */
#ifndef PAM_AGENT_ANCHORS_H
#define PAM_AGENT_ANCHORS_H

#include <stddef.h>

#include "core/compat.h"
#include "trust/credential.h"

#define ANCHORS_TEXT_MAX (4u << 20) /* bytes */
#define ANCHORS_MAX 4096
#define ANCHOR_DOMAINS_MAX 64 /* of one anchor */

struct anchors {
    struct anchor *items;
    size_t count;
    char *text; /* owned: the strings point into it */
};

/*
 * Parse compiled text[len]; it is copied. 0 and the caller's anchors; -EBADMSG: an unknown or doubled line, a key that
 * is no key or not of `alg`, an anchor without iss, key or max-lifetime; -E2BIG; -ENOMEM.
 */
int anchors_parse(const char *text, size_t len, struct anchors **ret_anchors) MUST_CHECK;
/* Those of anchors.cdb at its place, which must be a trusted file. 0; -ENOENT: not applied yet; -EBADMSG, -errno. */
int anchors_load(struct anchors **ret_anchors) MUST_CHECK;

/* NULL is allowed. */
void anchors_free(struct anchors *anchors);
void anchors_freep(struct anchors **anchors); /* for CLEANUP() */

#endif
