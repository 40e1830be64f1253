/*
 * Who a call is about: is it an agent's? Judged by uid, never by name or environment.
 */
#ifndef PAM_AGENT_WHO_H
#define PAM_AGENT_WHO_H

#include <sys/types.h>

#include "core/identities.h"

/* Where no range can be read. */
#define WHO_DEFAULT_UID_MIN 70000
#define WHO_DEFAULT_UID_MAX 99999

/*
 * Is this uid an agent's: in the configured range, or in identities.cdb? 1 and 0; where the database cannot be used:
 * by the range that is kept beside it (else the default), and -1 where that says no: the caller then asks for membership
 * in the group `agents`. Root is nobody's agent. Where the calling process itself has no descriptor or memory left, the
 * answer is 1: whoever starves a setuid program does not thereby leave the agents.
 */
int uid_is_agent(uid_t uid);

/* The same, with the group asked through NSS where the answer is -1: 1 or 0. For plug-ins; allocates. */
int uid_belongs_to_agent(uid_t uid);

/* The identity of an account, from the database at its place. As identities_by_account. */
int identity_of_account(const char *account, struct identity *ret) MUST_CHECK;

/*
 * Whose process this is, by real and audit login uid:
 *   NOBODY   no agent's
 *   AGENT    an agent's, of this uid
 *   TRACE    root's, but it carries the login uid of an agent: a root shell inside a session, or a daemon that an agent
 *            restarted some time ago. Only a guard can tell them apart, so it is an agent's where one claims it.
 */
struct caller {
    enum { CALLER_NOBODY = 0x31c6, CALLER_AGENT = 0x4e39, CALLER_TRACE = 0x6d53 } kind;
    uid_t uid;
};

void caller_of_process(struct caller *ret);

#endif
