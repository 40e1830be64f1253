/*
 * gate: decides the steps of a login, and refuses what comes from no session. Started by a plug-in for one question, as root,
 * with an empty environment and one socket; ends with its answer.
 *
 *   gate.c          the question, who asks, the answer
 *   gate_login.c    credential and possession
 *   gate_verify.c   the talk with verifier
 *   gate_open.c     the session and its guard
 */
#ifndef PAM_AGENT_GATE_H
#define PAM_AGENT_GATE_H

#include "ask/message.h"
#include "core/identities.h"
#include "core/proc.h"
#include "judge/decide.h"
#include "judge/state.h"

#define GATE_SOCKET 0

struct gate {
    struct question question;
    enum step step;
    struct process asker; /* the process that runs the plug-in */
    uid_t asker_uid;      /* its real uid */
    struct identities_meta meta;
    struct identity identity;   /* of PAM_USER; account "" when it is none */
    struct policy_set policies; /* of that account */
    char host_id[SPIFFE_ID_MAX + 1];
    const char *source; /* numeric address, or NULL */

    struct grant grant; /* once a credential was verified or a pending login found */
    struct facts facts;
    struct decision decision;
    const char *detail;
    char session[SESSION_ID_LENGTH + 1];
};

/* Show a prompt and wait for the reply, which lies in buf[cap]. NULL when the conversation failed. */
const char *gate_prompt(const char *prompt, char *buf, size_t cap);

/* Ask for a credential and a proof, verify both, and fill the grant. */
enum reason gate_credential(struct gate *gate) MUST_CHECK;

/* Is the account in use for another task, issuer or actor than the grant's? 1, 0 or -errno. */
int gate_account_busy(const struct gate *gate) MUST_CHECK;

/* Put a permitted login in place: home, session, guard. A refusal leaves nothing. */
enum reason gate_open_session(struct gate *gate) MUST_CHECK;
/* The permit is on its way: the guard may stay. A guard that is not told so, because gate was killed, takes the session back. */
void gate_confirm_session(void);
/* Take back a session that was opened but cannot be recorded or answered. */
void gate_abandon_session(struct gate *gate);
/* Does the account's home hold a file that would let the account forge its PAM environment? 1 or 0. */
int gate_environment_forgeable(const struct gate *gate);

/* Verification, in a process without privileges. */
struct verifier_answer {
    enum reason reason;
    char detail[256];
    int channel;     /* the ssh key of this connection is the holder's */
    char sha256[65]; /* of the credential */
};

struct verifier_process {
    int fd;
    char *buf; /* one message */
};

int verifier_start(const struct gate *gate, struct verifier_process *ret) MUST_CHECK;
void verifier_stop(struct verifier_process *verifier);
/* The claims go into the grant. */
enum reason verifier_credential(struct verifier_process *verifier, const struct gate *gate, const char *token,
                                struct grant *grant, struct verifier_answer *ret) MUST_CHECK;
enum reason verifier_proof(struct verifier_process *verifier, const struct gate *gate, const char *nonce,
                           const char *proof) MUST_CHECK;

#endif
