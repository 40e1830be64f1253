/*
 * Asking: a plug-in's way to gate and guard. libc only; bounded waits; leaves the host process's signals and environment
 * as they were (while gate runs, SIGCHLD has its default action). Every failure is a refusal with a reason.
 */
#ifndef PAM_AGENT_ASK_H
#define PAM_AGENT_ASK_H

#include <sys/types.h>

#include "ask/message.h"
#include "core/names.h"
#include "core/reason.h"

#define ASK_TIMEOUT_MS 2000 /* per answer */

/* What came back; strings are owned here. */
struct outcome {
    enum {
        OUTCOME_DENY = 0x2d5a,
        OUTCOME_PERMIT = 0x52a5,
        OUTCOME_OBSERVE = 0x6c39, /* refused, and let be: whatever else is asked decides */
    } verdict;
    enum reason reason;
    char reference[16]; /* "" where nothing was recorded */
    char session[32];   /* open, permitted or observed: the session's ID, else "" */
    int leaves;         /* sudo: what the command leaves running is the host's */
    int adopt;          /* open: the caller shall become the reaper of its descendants' orphans */
    int apart;          /* open: the caller shall keep to its own abstract sockets */
};

/*
 * How gate asks the person or program at the other end: show prompt, put the answer (NUL-terminated) into reply[REPLY_MAX + 1].
 * 0; negative: the conversation failed.
 */
typedef int (*converse_fn)(void *arg, const char *prompt, char *reply);

/* Start gate and put the question to it; converse may be NULL where no prompt may be shown. */
void ask_gate(const struct question *question, converse_fn converse, void *arg, struct outcome *ret);

/*
 * Put the question to the guards of the sessions of this uid, one after another, until one says that the asker is in its
 * session. 1 and the outcome; 0 where no session of this uid claims the asker (the outcome is session_not_found).
 * claimant: the session that did, "" at first; it is asked before the others the next time.
 */
int ask_guard(uid_t uid, char claimant[SESSION_ID_LENGTH + 1], const struct question *question, struct outcome *ret);

/* Does a guard listen for this session? 1 or 0. */
int ask_is_guarded(const char *session);

/* Put the question to the guard of one session. */
void ask_session(const char *session, const struct question *question, struct outcome *ret);

/* How a session stands, by its guard. */
struct report {
    enum { REPORT_RUNNING, REPORT_LINGERING, REPORT_FROZEN, REPORT_ENDING } state;
    enum reason reason;                        /* why it is frozen or ending, else REASON_PERMIT */
    int64_t deadline, attest_by, frozen_until; /* seconds since the epoch; 0: none */
    int64_t attest_from;                       /* when to attest again; 0: it gains nothing */
    uint32_t steps, refusals;                  /* decided in this session */
};

/*
 * Ask the guard of a session how it stands: step "recheck" lets it look at the facts again first, "status" does not. 0; -ENOENT,
 * -ECONNREFUSED: there is no guard; -ETIMEDOUT after timeout_ms; -EBADMSG; -errno.
 */
int ask_report(const char *session, const char *step, int timeout_ms, struct report *ret) MUST_CHECK;

/* The same in two halves, so that many guards think at once. The second closes fd. */
int ask_report_begin(const char *session, const char *step, int timeout_ms, int *ret_fd) MUST_CHECK;
int ask_report_end(int fd, int timeout_ms, struct report *ret) MUST_CHECK;

/* A connection to the guard of any session, for root's `session attest`. */
int ask_session_connect(const char *session, int timeout_ms, int *ret_fd) MUST_CHECK;

/*
 * A connection to the guard of one's own session, for the agent's own verbs; path of the socket is ASK_OWN_DIR/UID/ID, the directory
 * lists them. Questions there: status, done, and attest, which answers prompts first, as a login does.
 */
#define ASK_OWN_DIR "/run/pam_agent/agent"
int ask_own_connect(uid_t uid, const char *session, int timeout_ms, int *ret_fd) MUST_CHECK;
int report_of_answer(const struct answer *answer, struct report *ret) MUST_CHECK;

/* What the person is told of a refusal, the same for every reason: "Access denied (ref 7F3C9B)". */
#define OUTCOME_TEXT_MAX 48
void outcome_text(const struct outcome *outcome, char *buf, size_t cap);

#endif
