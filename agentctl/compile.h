/*
 * What `agentctl apply` makes of a configuration: the databases that every login and step reads. Their forms are described where they
 * are read: core/identities.h, judge/policy.h, trust/anchors.h.
 */
#ifndef PAM_AGENT_COMPILE_H
#define PAM_AGENT_COMPILE_H

#include <stddef.h>
#include <stdint.h>

#include "agentctl/apply_accounts.h"
#include "agentctl/config.h"
#include "agentctl/policy_choice.h"
#include "core/compat.h"
#include "trust/anchors.h"

/* Within what trust/anchors.h takes. */
#define ISSUER_KEYS_MAX 4096 /* of all issuers */

/* All write a database to fd, which is empty, readable and writable. 0; -errno; -ENOBUFS: an entry is too large. */
int compile_identities(int fd, const struct config *config, const struct accounts *accounts, const char *shell,
                       uint32_t agents_gid) MUST_CHECK;
/* -ENOBUFS: that of a choice, which has no name. */
int compile_policy(int fd, const struct policy_choices *choices) MUST_CHECK;
int compile_anchors(int fd, const char *text, size_t len) MUST_CHECK;

/*
 * The text of anchors.cdb from the configuration and the key files of the issuers; for free(). Keys of kinds that are not known are passed
 * over and named on `notes`. `before` is what is in force, or NULL: no bundle of SPIFFE is taken that is older. 0; -EINVAL: reported.
 */
int anchors_read(const struct config *config, const struct anchors *before, struct problems *problems, FILE *notes,
                 char **ret_text, size_t *ret_len, size_t *ret_count) MUST_CHECK;

#endif
