/*
 * gate: decides the steps of a login, and refuses what comes from no session; ends with its answer.
 *
 *   gate                     started by a plug-in, which puts one question; root, an empty environment, one socket as descriptor 0
 *   gate attest SESSION-ID   started by the guard of that session, which has read the question; descriptor 0 leads to who asked
 *
 *   gate.c          the question, who asks, the decision, the answer
 *   gate_login.c    credential and possession
 *   gate_collect.c  answers in parts
 *   gate_verify.c   the talk with verifier
 *   gate_open.c     the session and its guard
 *   gate_home.c     the home and what it holds
 *   gate_attest.c   sessions attested again
 *   gate_visit.c    humans and services where the identity lets them
 */
#ifndef PAM_AGENT_GATE_H
#define PAM_AGENT_GATE_H

#include "ask/message.h"
#include "core/identities.h"
#include "core/proc.h"
#include "judge/decide.h"
#include "judge/policy_store.h"
#include "judge/state.h"

#define GATE_SOCKET 0

struct gate {
    struct question question;
    enum step step;
    struct process asker; /* the process that runs the plug-in */
    uid_t asker_uid;      /* its real uid */
    struct identities_meta meta;
    struct identity identity;       /* of PAM_USER; account "" when it is none */
    struct policy_set policies;     /* of that account */
    struct host_policy host;        /* id "": it cannot be read */
    int observe;                    /* nothing is refused but by orders (core/reason.h) */
    const char *source;             /* numeric address, or NULL */
    const struct session *attested; /* step attest: the session in question */

    struct grant grant; /* once a credential was verified or a pending login found */
    struct facts facts;
    struct decision decision;
    const char *detail;
    int is_later;                        /* account and setcred of a login by ssh certificate: open decides */
    char session[SESSION_ID_LENGTH + 1]; /* that is being opened or attested */
    int apart;                           /* it shall keep to abstract sockets of its own */
    int adopt;                           /* its orphans may have to be found by descent */
};

/* Show a prompt and wait for the reply, which lies in buf[cap]. NULL when the conversation failed. */
const char *gate_prompt(const char *prompt, char *buf, size_t cap);
/*
 * Collect an answer that comes in parts of letters, digits, '-', '_' and '.'; one that ends in '~' is continued. The prompts begin with
 * `what`. Into text[cap], NUL-terminated. missing: the reason for an answer that never came; malformed: for one that breaks the rules.
 */
#define PARTS_MAX 30
#define PART_MAX 1000 /* bytes: stock ssh clients cut an answer at 1023 */
#define GATE_ANSWER_MAX (PARTS_MAX * PART_MAX)
enum reason gate_collect(const char *what, char *text, size_t cap, enum reason missing,
                         enum reason malformed) MUST_CHECK;
/* Milliseconds that are left of those in which the asker wants an answer. */
int gate_time_left(void);

/* What holds for the host, whatever is asked. */
void gate_read_host(struct gate *gate);
/* The identity of an account. The name must be the account's own and resolve to the account's own uid. */
enum reason gate_identify(struct gate *gate, const char *name) MUST_CHECK;
/* The account that the question names, and its policies. */
enum reason gate_find_account(struct gate *gate) MUST_CHECK;
/* Ask for a credential and a proof, verify both, and fill the grant. */
enum reason gate_credential(struct gate *gate) MUST_CHECK;
/* The same with the ssh certificate that opened the connection; nothing is asked. credential_missing: it holds none. */
enum reason gate_certificate(struct gate *gate) MUST_CHECK;
/* Was this connection opened with a certificate, and does this host take those? 1 or 0. */
int gate_has_certificate(const struct gate *gate);
/* Take a place among the sessions that the credential may open or attest, and the one of a voucher that counts once. */
enum reason gate_take_place(const struct gate *gate) MUST_CHECK;
/* Collect the facts of this moment and decide. REASON_PERMIT also for a refusal that is observed (decision.observed). */
enum reason gate_decide(struct gate *gate) MUST_CHECK;
/*
 * Record it: the reason, or REASON_RECORD_FAILED. reference[] as record_write. A permit is recorded as the refusal that it is where the
 * decision was observed.
 */
enum reason gate_record(const struct gate *gate, const char *step, const char *session, enum reason reason,
                        char *reference) MUST_CHECK;

/* Are both of the same issuer, task and actor? 1 or 0. */
int gate_same_authority(const struct grant *a, const struct grant *b);
/* And for whom and what for? Then the policies of one hold for the other, and it may attest the other's session. 1 or 0. */
int gate_same_intent(const struct grant *a, const struct grant *b);

/* Put a permitted login in place: session, home, guard. A refusal leaves nothing. */
enum reason gate_open_session(struct gate *gate) MUST_CHECK;
/* The permit is on its way: the guard may stay. A guard that is not told so, because gate was killed, takes the session back. */
void gate_confirm_session(void);
/* Take back a session that was opened but cannot be recorded or answered. */
void gate_abandon_session(struct gate *gate);

/* Are the account's files of the grant's authority, or are there none? 1, 0 or -errno. */
int gate_home_fits(const struct gate *gate) MUST_CHECK;
/* An account that no session uses is freed of processes, and of files of another authority. Beside another session it is ours already. */
enum reason gate_home_clear(const struct gate *gate) MUST_CHECK;
/*
 * From now on they are the grant's authority's; make the home where there is none. Not before the session is published: then nobody
 * clears them any more, and no login that is refused has claimed them.
 */
enum reason gate_home_claim(const struct gate *gate) MUST_CHECK;
/* Does the home hold a file that would let the account forge its PAM environment? 1 or 0. */
int gate_environment_forgeable(const struct gate *gate);

/* Does somebody who is no agent ask, and does the identity let them (human-use, unattended)? 1 or 0. */
int gate_is_visit(struct gate *gate);
/* Then the rest of the stack decides, unless the account is in use. At open the visit begins. */
enum reason gate_visit(struct gate *gate) MUST_CHECK;

/* May this credential attest session ID again? */
enum reason gate_attest(struct gate *gate, const char *id) MUST_CHECK;
/* After the permit was recorded: from now on it does. */
enum reason gate_attest_session(const struct gate *gate) MUST_CHECK;
/* A login attests the account's other sessions that were opened for the same steps, or are frozen; what fails is left as it was. */
void gate_attest_others(const struct gate *gate);

/* Verification, in a process without privileges. */
struct verifier_answer {
    enum reason reason;
    char detail[256];
    int delegated;                     /* it derives from another one */
    int channel;                       /* the ssh key of this connection is the holder's */
    char sha256[65];                   /* of the credential */
    char delegatee[SPIFFE_ID_MAX + 1]; /* who proved to be the one that acts on what was delegated; "" */
};

struct verifier_process {
    int fd;
    char *buf; /* one message */
};

int verifier_start(const struct gate *gate, struct verifier_process *ret) MUST_CHECK;
void verifier_stop(struct verifier_process *verifier);
/* The claims go into the grant. token NULL: the certificate that opened this connection is the credential. */
enum reason verifier_credential(struct verifier_process *verifier, const struct gate *gate, const char *token,
                                struct grant *grant, struct verifier_answer *ret) MUST_CHECK;
enum reason verifier_proof(struct verifier_process *verifier, const struct gate *gate, const char *nonce,
                           const char *proof) MUST_CHECK;

#endif
