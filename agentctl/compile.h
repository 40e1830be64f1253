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
#include "core/compat.h"
#include "trust/anchors.h"

/* Within what trust/anchors.h takes. */
#define ISSUER_KEYS_MAX 4096 /* of all issuers */

/* All write a database to fd, which is empty, readable and writable. 0; -errno; -ENOBUFS: an entry is too large. */
int compile_identities(int fd, const struct config *config, const struct accounts *accounts, const char *shell,
                       uint32_t agents_gid) MUST_CHECK;
/* *ret_account (static storage or config's) names the account whose policies are too large. */
int compile_policy(int fd, const struct config *config, const struct accounts *accounts,
                   const char **ret_account) MUST_CHECK;
/*
 * The compiled policies of each configured account, in their order; text NULL: they are too large. What `take` answers other than 0
 * ends it and is the result.
 */
typedef int (*policy_text_fn)(const struct account *account, const char *text, size_t len, void *arg);
int policy_texts(const struct config *config, const struct accounts *accounts, policy_text_fn take,
                 void *arg) MUST_CHECK;
int compile_anchors(int fd, const char *text, size_t len) MUST_CHECK;

/*
 * The text of anchors.cdb from the configuration and the key files of the issuers; for free(). Keys of kinds that are not known are passed
 * over and named on `notes`. `before` is what is in force, or NULL: no bundle of SPIFFE is taken that is older. 0; -EINVAL: reported.
 */
int anchors_read(const struct config *config, const struct anchors *before, struct problems *problems, FILE *notes,
                 char **ret_text, size_t *ret_len, size_t *ret_count) MUST_CHECK;

#endif
