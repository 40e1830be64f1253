/* What this host makes of a credential without a login: its verification, as gate would have it verified, and the grant. */
#ifndef AGENTCTL_VERIFICATION_H
#define AGENTCTL_VERIFICATION_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"
#include "judge/grant.h"
#include "trust/credential.h"

struct verification {
    enum reason reason;
    const char *detail;            /* where it failed */
    int here;                      /* for who looks further: it failed by the state of this host */
    struct credential *credential; /* NULL: refused */
};

/*
 * Verify a credential, or the line of an ssh certificate, for this host as of `now`. account: the one that a certificate must name; NULL:
 * any. 0, and the credential is the caller's; -errno where nothing can be said, which is complained about.
 */
int verification_make(const char *token, size_t len, const char *account, int64_t now,
                      struct verification *ret) MUST_CHECK;

/* The grant of a verified credential, but for account, uid, possession, source and service, which a login knows. */
enum reason verification_grant(const struct credential *credential, struct grant *ret) MUST_CHECK;

/* Was it delegated? And who proved to act on it; "": nobody did. */
int verification_is_delegated(const struct credential *credential);
const char *verification_delegatee(const struct credential *credential);

#endif
