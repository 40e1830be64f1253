/*
 * guard: one small process a session. It answers every later step of its session, records each decision, and ends what the
 * session started when the task, the deadline or the leader ends. Started by gate as
 *
 *   guard ID        descriptor 0, to gate: GUARD_READY goes out when the socket listens, then GUARD_CONFIRMED must come in
 *
 *   guard.c         start, the loop
 *   guard_serve.c   questions
 *   guard_end.c     the end of the session
 */
#ifndef PAM_AGENT_GUARD_H
#define PAM_AGENT_GUARD_H

#include "ask/message.h"
#include "core/identities.h"
#include "judge/decide.h"
#include "judge/reaper.h"
#include "judge/state.h"

#define GUARD_READY '1'
#define GUARD_CONFIRMED '2'
#define APPROVALS_MAX 16
#define CLIENTS_MAX 16

/* What sudo_agent.so was permitted: good for one open of this very sudo process. */
struct approval {
    pid_t pid; /* 0: free */
    uint64_t start;
    char run_as[64];
};

struct client {
    int fd;        /* -1: free */
    int64_t since; /* clock_boot_ms() */
};

enum phase {
    RUNNING,
    ENDING,  /* every step is refused; processes were asked to end */
    KILLING, /* and were killed */
};

struct guard {
    struct session session;
    int64_t boot_deadline;   /* the session's deadline on clock_boot_ms(): the wall clock may be set back */
    int listener, leader_fd; /* leader_fd: a pidfd, or -1 on older kernels */
    struct client clients[CLIENTS_MAX];
    struct approval approvals[APPROVALS_MAX];
    unsigned next_approval;

    enum phase phase;
    enum reason end_reason; /* REASON_PERMIT: an ordinary close */
    int64_t kill_at;        /* clock_boot_ms() */
    int dismissed;          /* the leader was asked to end */
    int recorded;           /* the end is in the log */
};

/* Answer one message of a client, which is then closed. */
void guard_serve(struct guard *guard, struct client *client);

/* Begin the end, for this reason; a second call changes nothing. */
void guard_end(struct guard *guard, enum reason reason);
/* Look at task and deadline again, and begin the end where they say so. */
void guard_recheck(struct guard *guard);
/* Take the end a step further. 1 when nothing of the session is left and its records are gone. */
int guard_end_step(struct guard *guard);

/* Record a decision of this session: the reason, or REASON_RECORD_FAILED. reference[] as record_write. */
enum reason guard_record(const struct guard *guard, const struct question *question, const struct decision *decision,
                         char *reference);

#endif
