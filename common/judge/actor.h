/*
 * Actor: as whom a verified credential acts in an account, by the identities that are configured (identities.cdb). The same for gate,
 * which lets in, and for agentctl, which says what gate would do.
 */
#ifndef PAM_AGENT_ACTOR_H
#define PAM_AGENT_ACTOR_H

#include "core/identities.h"
#include "core/reason.h"
#include "judge/grant.h"

/* The identity that a credential names must be configured, and be that of this account, which may be any of its slots. */
enum reason actor_itself(const struct identity *account, const char *id) MUST_CHECK;

/*
 * A delegated credential names who was given its root. It opens an account of one agent, another one. Whether that takes what the
 * delegator delegates, where its own identity is not proven, is decided. delegatee: who proved to act; "": nobody did. On
 * REASON_PERMIT the grant has its delegator and its identity.
 */
enum reason actor_delegatee(const struct identity *account, const char *delegatee, struct grant *grant) MUST_CHECK;

#endif
