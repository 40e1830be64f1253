/*
 * Reason codes: why a step was permitted or refused.
 *
 * One closed list, in the log, in `agentctl why` and in pam_agent(8). The words are stable; programs may
 * match them. Each has a sentence that says what it means and one that says what to do next.
 */
#ifndef PAM_AGENT_REASON_H
#define PAM_AGENT_REASON_H

#include "core/compat.h"

/* X(name, word, meaning, mend) */
#define REASON_LIST(X) \
    X(PERMIT, "permit", "the step is permitted", "nothing to do") \
    X(INTERNAL, "internal_error", "the decision could not be completed", \
      "look for messages of pam_agent in syslog around this time") \
    X(STATE_UNAVAILABLE, "state_unavailable", "a database, record or directory cannot be read or written", \
      "run `agentctl apply`; check owner, mode and free space of /run/pam_agent and /var/lib/pam_agent") \
    X(RECORD_FAILED, "record_failed", "the decision could not be recorded, so it was not permitted", \
      "check free space and owner of /var/log/pam_agent") \
    X(TIMEOUT, "timeout", "no answer came within the allowed time", "try again; check the load of the host") \
    X(BAD_QUESTION, "bad_question", "a message to gate or guard was malformed or of another version", \
      "reinstall so that plug-ins and helpers are of one version, then open a new session") \
    X(TOO_LARGE, "too_large", "an input exceeds its size limit", "shorten the credential, command or arguments") \
    X(ALIAS, "alias", "the name resolves to an agent's uid but is not the account's name", \
      "use the account's own name; remove passwd entries that share an agent's uid") \
    X(IDENTITY_UNKNOWN, "identity_unknown", "no identity is configured for this account or SPIFFE ID", \
      "add an identity to agent.conf and run `agentctl apply`") \
    X(IDENTITY_DISABLED, "identity_disabled", "the identity was removed from the configuration", \
      "add the identity again and run `agentctl apply`") \
    X(IDENTITY_MISMATCH, "identity_mismatch", "the credential belongs to another account", \
      "log in to the account that the credential's identity maps to") \
    X(NOT_AN_AGENT_LOGIN, "not_an_agent_login", "this service does not open agent accounts", \
      "agents log in through a service that a policy's login rule names, with a credential; `human-use` and " \
      "`unattended` of the identity let others in") \
    X(SERVICE_REFUSED, "service_refused", "inside a session only sudo is answered", \
      "use sudo with a rule of the policy") \
    X(SESSION_NOT_FOUND, "session_not_found", "the calling process belongs to no live agent session", \
      "log in again with a credential of a live task") \
    X(SESSION_ENDING, "session_ending", "the session is being ended", "log in again with a credential of a live task") \
    X(PASSWORD_UNSUPPORTED, "password_unsupported", "agents have no password", \
      "let `agentctl apply` write the sudoers rules; they ask for none") \
    X(TARGET_IS_AGENT, "target_is_agent", "an agent account cannot be the target of sudo or su", \
      "log in to the account with a credential, or set `human-use` in its identity") \
    X(CREDENTIAL_MISSING, "credential_missing", "no credential was presented", \
      "present one: set AGENT_CREDENTIAL and use agent-askpass as SSH_ASKPASS") \
    X(CREDENTIAL_MALFORMED, "credential_malformed", "the credential is not a well-formed token", \
      "check the file in AGENT_CREDENTIAL with `agentctl verify`") \
    X(TYPE_REFUSED, "type_refused", "the token type is not one that is accepted", \
      "present an aat+jwt token, or one of the type that its issuer is configured for") \
    X(ALGORITHM_REFUSED, "algorithm_refused", "the signature algorithm is not allowed for this key", \
      "sign with the algorithm of the issuer's key") \
    X(CRIT_REFUSED, "crit_refused", "the token demands an extension that is not understood", \
      "issue the token without `crit`") \
    X(KEY_UNKNOWN, "key_unknown", "no configured key of an issuer made this signature", \
      "configure the issuer and its keys, then run `agentctl apply`") \
    X(KEY_STALE, "key_stale", "the keys of the issuer were not renewed for longer than is allowed", \
      "let what writes the issuer's key file do so again, then run `agentctl key refresh`") \
    X(SIGNATURE_INVALID, "signature_invalid", "the signature does not verify", "issue the credential again") \
    X(CLAIM_INVALID, "claim_invalid", "a claim is missing, duplicated or of the wrong type", \
      "see `agentctl verify` for the claim") \
    X(ISSUER_MISMATCH, "issuer_mismatch", "the token names another issuer than the one whose key signed it", \
      "correct `iss` at the issuer, or in agent.conf") \
    X(TRUST_DOMAIN_REFUSED, "trust_domain_refused", "the issuer may not speak for this trust domain", \
      "add the trust domain to the issuer in agent.conf") \
    X(AUDIENCE_MISMATCH, "audience_mismatch", "the credential is for another host", \
      "issue it with this host's id as audience") \
    X(EXPIRED, "expired", "the credential has expired", "issue a new one") \
    X(NOT_YET_VALID, "not_yet_valid", "the credential is not valid yet", "check the clocks of issuer and host") \
    X(LIFETIME_TOO_LONG, "lifetime_too_long", "the credential lives longer than is allowed", \
      "issue it with a shorter lifetime") \
    X(BEFORE_BOOT, "before_boot", "the credential was issued before this host, or container, was started", \
      "issue a new one") \
    X(CHAIN_INVALID, "chain_invalid", "the delegation chain does not hold together", \
      "present the whole chain, the root first, each token as its holder made it") \
    X(CHAIN_TOO_DEEP, "chain_too_deep", "the credential was delegated more often than is allowed", \
      "delegate from a token nearer to the root, issue one with a larger `del_max_depth`, or raise `max-delegation`") \
    X(DELEGATION_WIDENED, "delegation_widened", "a token of the chain allows more than the one it derives from", \
      "derive it anew with `agentctl delegate`, which only narrows") \
    X(DELEGATEE_UNKNOWN, "delegatee_unknown", \
      "a delegated credential does not open an account of those who delegated it", \
      "log in to the account of the agent that it was delegated to") \
    X(CONSTRAINT_UNKNOWN, "constraint_unknown", "the credential holds a constraint that is not understood", \
      "use the constraint types of Section 3.4 of the AAT draft") \
    X(NOT_TASK_BOUND, "not_task_bound", "the credential names no task", "issue it with `txn` or `mission.id`") \
    X(TASK_COMPLETED, "task_completed", "the task was completed", "start a new task") \
    X(TASK_SUSPENDED, "task_suspended", "the task is suspended", "wait for `agentctl task resume`") \
    X(TASK_REVOKED, "task_revoked", "the task was revoked", "start a new task, after the reason was looked into") \
    X(REVOKED, "revoked", "the credential, its key, identity or issuer, or one it derives from, was revoked", \
      "see `agentctl revoke list`; issue a new credential after the reason was looked into") \
    X(RISK_TOO_HIGH, "risk_too_high", "the risk is above what the policy allows for this step", \
      "see `agentctl risk show`; wait until it is lowered") \
    X(STOPPED, "stopped", "every agent of this host is stopped", "wait for `agentctl go`") \
    X(ATTESTATION_OVERDUE, "attestation_overdue", "the session was not attested again in time", \
      "`agentctl attest` with a new credential of the same task, or log in with one") \
    X(ATTESTATION_MISMATCH, "attestation_mismatch", \
      "the credential is of another task, purpose, identity or issuer than the session", \
      "attest with a credential of the session's own task and purpose") \
    X(TOO_MANY_SESSIONS, "too_many_sessions", "the account has as many sessions as its policies allow", \
      "end one, or raise `max-sessions`") \
    X(ISOLATION_UNAVAILABLE, "isolation_unavailable", \
      "the policy keeps sessions from the abstract sockets of others, and this host cannot", \
      "run a kernel of Linux 6.12 or later with Landlock, or take `abstract-sockets` out of the policy") \
    X(TRIPWIRE, "tripwire", "the session was refused more often than its policies tolerate", \
      "see its refusals with `agentctl session show`; the credential is revoked") \
    X(BUDGET_EXHAUSTED, "budget_exhausted", "the session has had as many commands of sudo as its policies allow", \
      "log in again with a new credential, or raise `max-steps`") \
    X(TOO_FAST, "too_fast", "the session has had as many commands of sudo within a minute as its policies allow", \
      "wait a minute, or raise `steps-per-minute`") \
    X(SESSION_ENDED, "session_ended", "an administrator ended the session", "log in again") \
    X(GROUP_TAKEN, "group_taken", "a group was taken from the identity, and what runs in the session has it still", \
      "log in again") \
    X(GUARD_LOST, "guard_lost", "the session's guard was gone", "log in again; find out what ended the guard") \
    X(LEADER_GONE, "leader_gone", "the process that opened the session died without closing it", "log in again") \
    X(CLOSED, "closed", "the session was closed", "nothing to do") \
    X(POSSESSION_MISSING, "possession_missing", "possession of the credential's key was not proven", \
      "set AGENT_KEY to the key the credential was issued to") \
    X(POSSESSION_INVALID, "possession_invalid", "the proof of possession does not verify", \
      "sign with the key the credential was issued to") \
    X(POSSESSION_TOO_WEAK, "possession_too_weak", "the policy demands a stronger proof of possession", \
      "see `possession` in agent.conf(5)") \
    X(REPLAYED, "replayed", "the credential was used as often as is allowed", "issue a new one") \
    X(ACCOUNT_BUSY, "account_busy", "the account is in use for another task", \
      "wait for the end of the other task, or end it; what is unattended waits three minutes more") \
    X(ENVIRONMENT_FORGEABLE, "environment_forgeable", "the account's home holds a .pam_environment file", \
      "remove that file") \
    X(PENDING_MISSING, "pending_missing", "this login was not authenticated with a credential", \
      "log in with a credential; a key or password alone opens no agent account") \
    X(SOURCE_UNKNOWN, "source_unknown", "the policy limits sources and the source address is not known", \
      "set `UseDNS no` in sshd_config") \
    X(NO_POLICY, "no_policy", "no policy matches this identity, purpose, issuer and principal", \
      "see `policy` in agent.conf(5)") \
    X(NO_RULE, "no_rule", "no rule of the matching policies allows this step", \
      "add a rule, or take the step within the existing ones") \
    X(DENIED_BY_RULE, "denied_by_rule", "a deny rule matches this step", "see the rule named in the record") \
    X(SCOPE_EXCEEDED, "scope_exceeded", "the credential was not issued for this step", \
      "issue a credential whose tools name this step") \
    X(COMMAND_UNKNOWN, "command_unknown", "a constraint names something that this step does not know", \
      "issue a credential with constraints on runas, command and args only") \
    X(NOT_APPROVED, "not_approved", "sudo ran no approval for this command", \
      "run `agentctl enable`: sudo.conf needs the line for sudo_agent.so; `sudo -b` is refused") \
    X(SESSION_EXPIRED, "session_expired", "the session has reached its end", "log in again")

enum reason {
#define REASON_ENUM(name, word, meaning, mend) REASON_##name,
    REASON_LIST(REASON_ENUM)
#undef REASON_ENUM
        REASON_COUNT
};

/* The stable word, e.g. "task_completed"; "internal_error" for a value outside the list. */
const char *reason_word(enum reason reason);
const char *reason_meaning(enum reason reason);
const char *reason_mend(enum reason reason);

/*
 * Does it say that somebody ended, stopped or took away this very task, session, credential or identity? 1 or 0. Such a refusal holds
 * also where refusals are observed only: it is no rule that is tried out.
 */
int reason_is_order(enum reason reason);

/* The reason of a word; REASON_INTERNAL where there is none such. */
enum reason reason_parse(const char *word);

#endif
