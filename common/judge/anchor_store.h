/*
 * Reading anchors.cdb without what it takes to verify: whether the key that signed a credential still may. The whole of an anchor,
 * and key "a", is trust/anchors.h's.
 *
 *   key "c"                                                  "1"      where an issuer of ssh certificates is among them
 *   key "k" ISSUER-NAME "/" THUMBPRINT "/" TRUST-DOMAIN      ISS      for each key and domain; RFC 7638, SHA-256, base64url
 */
#ifndef PAM_AGENT_ANCHOR_STORE_H
#define PAM_AGENT_ANCHOR_STORE_H

#include "core/compat.h"
#include "judge/grant.h"

#define ANCHOR_KEY_SIZE (ISSUER_NAME_MAX + 1 + THUMBPRINT_MAX + 1 + TRUST_DOMAIN_MAX + 1)

/*
 * May the grant's signer still sign for its issuer and the trust domain of whom it names, and that of its voucher? 1, 0 or -errno;
 * -ENOENT: nothing was applied.
 */
int anchors_hold(const struct grant *grant) MUST_CHECK;
/* Does this host take ssh certificates as credentials? 1, 0 or -errno. */
int anchors_take_certificates(void) MUST_CHECK;

/* The name of an entry; of the domain, len bytes count. 0, or -ENOBUFS: no issuer, thumbprint or domain is that long. */
int anchor_key(const char *issuer_name, const char *thumbprint, const char *domain, size_t len,
               char key[ANCHOR_KEY_SIZE]) MUST_CHECK;

#endif
