/*
 * Asking: a plug-in's way to gate and guard. libc only; bounded waits; leaves the host process's signals and environment
 * as they were (while gate runs, SIGCHLD has its default action). Every failure is a refusal with a reason.
 */
#ifndef PAM_AGENT_ASK_H
#define PAM_AGENT_ASK_H

#include <sys/types.h>

#include "ask/message.h"
#include "core/reason.h"

#define ASK_TIMEOUT_MS 2000 /* per answer */

/* What came back; strings are owned here. */
struct outcome {
    enum { OUTCOME_DENY = 0x2d5a, OUTCOME_PERMIT = 0x52a5 } verdict;
    enum reason reason;
    char reference[16]; /* "" where nothing was recorded */
    char session[32];   /* open: the session's ID, else "" */
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
 */
int ask_guard(uid_t uid, const struct question *question, struct outcome *ret);

/* Does a guard listen for this session? 1 or 0. */
int ask_is_guarded(const char *session);

/* Put the question to the guard of one session. */
void ask_session(const char *session, const struct question *question, struct outcome *ret);

/* What the person is told of a refusal, the same for every reason: "Access denied (ref 7F3C9B)". */
#define OUTCOME_TEXT_MAX 48
void outcome_text(const struct outcome *outcome, char *buf, size_t cap);

#endif
