/*
 * Question and answer: what the plug-ins say to gate and guard. Fields text (core/fields.h), one message a packet.
 *
 * The asker states what it saw; who it is, the answerer takes from the kernel (SO_PEERCRED) and /proc. An answer
 * other than a whole, well-formed "permit" refuses.
 */
#ifndef PAM_AGENT_MESSAGE_H
#define PAM_AGENT_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"

#define MESSAGE_MAX \
    163840 /* bytes of one packet: a certificate with an extension of 100 KB fits; net.core.wmem_default is 212992 */
#define MESSAGE_ARGS_MAX 1024
#define PROMPT_MAX 2560 /* a host id, a nonce and an account fit */
#define REPLY_MAX 1024  /* bytes of one answer to a prompt: sshd's clients cut at 1023 */
#define PHASE_SUBCOMMAND "sub-command"

/*
 * question   step  login | account | setcred | open | close | sudo | command | recheck | attest | status | done
 *            phase account | open        (step sudo: which PAM phase asks)
 *                  sub-command           (step command: what a command starts; no open follows)
 *            service  user  source  auth-info  tty        of PAM; absent where not set
 *            connection                                    SSH_CONNECTION of the PAM environment
 *            run-as  cwd  argv ...                         step sudo (open) and command; run-as: USER, at command also USER:GROUP
 *            own-group                                     command: name of the user's own group
 *            session                                       close: the session to close; attest (to gate): to attest
 *            observe 1                                     refuse nothing but orders (core/reason.h)
 * reply      reply TEXT                                    the answer to a prompt; absent: the conversation failed
 */
struct question {
    const char *step, *phase, *service, *user, *source, *connection, *auth_info, *tty, *run_as, *own_group, *cwd,
        *session;
    const char *argv[MESSAGE_ARGS_MAX + 1];
    size_t argc;
    int observe;
};

/*
 * answer     verdict permit | deny | observe | prompt | elsewhere
 *                                                          observe: refused, and let be: the other modules decide
 *                                                          elsewhere: the asker is not in this guard's session
 *            reason WORD   reference HEX   session ID
 *            prompt TEXT                                   verdict prompt: show it, send the reply
 *            leaves service                                sudo (open), permit: what the command leaves is the host's
 *            adopt 1                                       open, permit or observe with a session: become the reaper of orphans (no audit session)
 *            apart 1                                       the same: keep to abstract sockets of its own (apart.h)
 *   to recheck and status also, numbers of seconds since the epoch
 *            state running | lingering | frozen | ending   phase of the session; reason: why it is frozen or ending
 *            deadline N    attest-by N    frozen-until N   absent where none
 *            attest-from N                                 when to attest again (4/5 of the time); absent where it gains nothing
 *            steps N       refusals N                      decided in this session
 *            task TEXT
 */
struct answer {
    const char *verdict, *reason, *reference, *session, *prompt;
    const char *leaves, *adopt, *apart;
    const char *state, *deadline, *attest_by, *attest_from, *frozen_until, *steps, *refusals, *task;
};

/* Into buf[cap]: 0 and the length, or -ENOBUFS. */
int question_write(const struct question *question, char *buf, size_t cap, size_t *ret_len) MUST_CHECK;
int answer_write(const struct answer *answer, char *buf, size_t cap, size_t *ret_len) MUST_CHECK;
int reply_write(const char *reply, char *buf, size_t cap, size_t *ret_len) MUST_CHECK;

/* From text[len], which is changed and must outlive the result: 0 or -EBADMSG. A key given twice, an unknown key and a
 * missing step or verdict are malformed. */
int question_read(char *text, size_t len, struct question *ret) MUST_CHECK;
int answer_read(char *text, size_t len, struct answer *ret) MUST_CHECK;
/* *ret_reply is NULL where the conversation failed. */
int reply_read(char *text, size_t len, const char **ret_reply) MUST_CHECK;

#endif
