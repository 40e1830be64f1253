/*
 * Reading anchors.cdb without what it takes to verify: whether a key that signed something is still one of its issuer's.
 * The whole of an anchor, and key "a", is trust/anchors.h's.
 *
 *   key "k" ISSUER-NAME "/" THUMBPRINT      ""      one for each key; RFC 7638, SHA-256, base64url
 */
#ifndef PAM_AGENT_ANCHOR_STORE_H
#define PAM_AGENT_ANCHOR_STORE_H

#include "core/compat.h"
#include "judge/grant.h"

#define ANCHOR_KEY_SIZE (ISSUER_NAME_MAX + 1 + THUMBPRINT_MAX + 1)

/* Is it a key of this issuer? 1, 0 or -errno; -ENOENT: nothing was applied yet. */
int anchors_hold(const char *issuer_name, const char *thumbprint) MUST_CHECK;

/* The name of a key's entry. 0, or -ENOBUFS: no issuer's or thumbprint's name is that long. */
int anchor_key(const char *issuer_name, const char *thumbprint, char key[ANCHOR_KEY_SIZE]) MUST_CHECK;

#endif
