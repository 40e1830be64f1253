/*
 * guard: one small process a session. It answers every later step of its session, records each decision, freezes the session while
 * a fact asks for that, and ends what it started when the task, a deadline, a revocation or the leader ends. Started by gate as
 *
 *   guard ID        descriptor 0, to gate: GUARD_READY goes out when the sockets listen, then GUARD_CONFIRMED must come in
 *
 *   guard.c         start, the loop
 *   guard_door.c    its two sockets and who comes in: root's, and the account's own, which children serve
 *   guard_serve.c   questions: steps
 *   guard_asker.c   who asks
 *   guard_approval.c  what was permitted and has not opened yet
 *   guard_sudo.c    the command of a sudo without approval plug-ins
 *   guard_verbs.c   questions: recheck, status, attest, done
 *   guard_watch.c   what the facts and clocks ask for: to go on, to freeze, to end
 *   guard_store.c   what the databases say of it
 *   guard_due.c     when something is due
 *   guard_budget.c  how many commands, and how many within a minute
 *   guard_end.c     the end of the session
 *   guard_say.c     what the terminals of the session are told
 *   guard_child.c   what would make the guard wait is done by a child
 *
 * It never waits for a lock, a terminal, a disk or a child, takes nothing that the account sent, and while nothing is asked and nothing
 * due it makes no system call.
 */
#ifndef PAM_AGENT_GUARD_H
#define PAM_AGENT_GUARD_H

#include <poll.h>

#include "ask/message.h"
#include "core/files.h"
#include "core/identities.h"
#include "core/names.h"
#include "core/proc.h"
#include "judge/decide.h"
#include "judge/policy_store.h"
#include "judge/reaper.h"
#include "judge/state.h"
#include "session/guard_approval.h"
#include "session/guard_asker.h"
#include "session/guard_budget.h"
#include "session/guard_due.h"

#define GUARD_READY '1'
#define GUARD_CONFIRMED '2'
#define CLIENTS_MAX 16
#define PORTERS_MAX 4
#define ATTESTERS_MAX 2 /* the last one may not have ended yet */
#define GUARD_FILES 64  /* descriptors */
#define GUARD_NICE -10  /* however busy the agent keeps the host, its steps and its end are decided */
#define DEFIANCES_MAX 4 /* looks at which a frozen account was found to go on */

struct client {
    int fd;        /* -1: free */
    int64_t since; /* clock_boot_ms() */
};

struct doors {
    int root, own;                       /* they listen; -1: closed */
    struct client clients[CLIENTS_MAX];  /* root */
    struct process porters[PORTERS_MAX]; /* children, each with a client of the account's */
    int64_t porter_at;                   /* clock_boot_ms(): when another one may be started */
};

enum phase {
    RUNNING,
    FROZEN,  /* the account's processes are stopped, every step is refused */
    ENDS,    /* from here on it ends: every step is refused */
    TELLING, /* they are stopped while the terminal hears why */
    ENDING,  /* they were asked to end, or killed, as the reason demands */
    KILLING, /* all were killed */
};

/* What was read of them, and of which files; a stamp of {0}: nothing that counts. */
struct stores {
    struct file_stamp policy, identities, targets;
    struct policy_set policies; /* of the account */
    int identity_disabled;
    char target[ACCOUNT_NAME_MAX + 1]; /* the last that was asked for, and whether it is an agent's */
    int target_is_agent;
};

struct guard {
    struct session session;
    struct attestation *attestation; /* the one that counts; NULL: the login's credential does */
    struct attestation attestations[2];
    struct stores stores;
    struct host_policy host; /* as it was read last; id "": it was not */
    struct limits limits;    /* by the last recheck that could read the policy */
    int observes;            /* by the same: what policy and time refuse is recorded, and goes on */
    int shares_account;      /* the host observes: the account has processes that no session holds */
    enum reason passed;      /* the end by time that was recorded and let be; REASON_PERMIT: none */
    struct due due;
    struct moment next;                   /* when to recheck unasked */
    uint32_t groups[IDENTITY_GROUPS_MAX]; /* supplementary ones that the identity had at the last recheck */
    size_t group_count;
    struct moment told; /* the notice that the terminal got */

    int leader_fd;       /* a pidfd; negative on older kernels */
    int leader_goes_on;  /* it said so when it was asked last */
    int timers[2];       /* wall and boot clock, or -1 on older kernels */
    struct moment armed; /* what they are set to; {0}: something else */
    struct doors doors;
    struct asker asker; /* root's last one */
    struct approvals approvals;
    struct process attesters[ATTESTERS_MAX]; /* gates that attest for root */
    uint32_t steps, refusals;
    uint32_t denials; /* refusals that the tripwire counts */
    struct budget budget;

    enum phase phase;
    enum reason frozen; /* why, also while it ends; REASON_PERMIT: it was not */
    int64_t look_at;    /* clock_boot_ms(): whether it stays stopped */
    int look_ms;        /* between two looks */
    int defiances;      /* looks at which it did not */
    uint64_t switches;  /* reaper_switches() at the last look; 0: there was none */
    int lingering;      /* the leader has closed the session, its processes may stay */
    enum reason end_reason;
    struct process carrier;      /* to the client, of the line that says why */
    int64_t tell_until, step_at; /* clock_boot_ms(): of the end */
    int64_t kill_at;             /* the same: ENDING, all are killed; KILLING, it is said that they do not end */
    int step_ms;                 /* between two looks at what is left */
    char detail[256];            /* of its record: what sudo started and was ended, or that it did not stay stopped */
    int empty;                   /* the last look found nothing of it */
    int64_t dismissed_until;     /* the leader was asked to end, and has this long; 0: not yet */
    int recorded;                /* the end is in the log */
};

/* --- doors --- */

/* Root's, which must open, and the account's own, which may fail to. 0 or -errno. */
int doors_open(struct guard *guard) MUST_CHECK;
#define DOORS_FDS (2 + CLIENTS_MAX)
/* Fill fds[DOORS_FDS] for poll(). Milliseconds until the doors want another look; -1: when somebody comes. */
int doors_watch(const struct guard *guard, struct pollfd *fds);
/* Serve who is there by fds, and send the silent away. */
void doors_answer(struct guard *guard, const struct pollfd *fds);
/* Remove the account's own socket; root's goes with the session's records. */
void doors_close(const struct guard *guard);

/* Answer one message of root, and close. */
void guard_serve(struct guard *guard, struct client *client);
/* A child answers one message of the account. */
#define CLIENT_MS 2000 /* who says nothing is sent away */
void guard_serve_own(const struct guard *guard, int fd);

/* A question that is no step. 1 when it was one of these and is answered: root's, and by a child, the account's. */
int guard_verb(struct guard *guard, int fd, const struct question *question);
int guard_verb_own(const struct guard *guard, int fd, const struct question *question);
void guard_answer(int fd, const struct answer *answer);
void guard_deny(int fd, enum reason reason);
/* The session was refused more often than is tolerated. */
void guard_trip(struct guard *guard);

/* --- the session --- */

/* The grant whose credential counts now. */
const struct grant *guard_grant(const struct guard *guard);
/* Does the account have another session whose leader lives? Unknown counts as none. */
int guard_has_company(const struct guard *guard);
int guard_leader_alive(const struct guard *guard);
/* Who the session is, and what the host knows against it. 0 or -errno. */
int guard_facts(struct guard *guard, enum step step, struct facts *facts) MUST_CHECK;
/* What holds for the host and the account. 0 or -errno: then what was read last does for the host, and nothing for the account. */
int guard_read_policy(struct guard *guard) MUST_CHECK;
/* Has the account another identity by now, or none? 0 or -errno. */
int guard_read_identity(struct guard *guard, int *ret_disabled) MUST_CHECK;
/* Is this account an agent's? 1, 0 or -errno. */
int guard_is_agent(struct guard *guard, const char *account) MUST_CHECK;
/* The end that is known of these; REASON_PERMIT: none. */
enum reason guard_ended_by(const struct standing *standing);
struct moment moment_now(void);

/* Look at facts and clocks again, and freeze, thaw or end the session where they say so. */
void guard_recheck(struct guard *guard);
/* The leader closes the session. */
void guard_close(struct guard *guard);

/* Begin the end, for this reason; a second call changes nothing. */
void guard_end(struct guard *guard, enum reason reason);
/* Take the end a step further. 1 when nothing of the session is left and its records are gone. */
int guard_end_step(struct guard *guard);
/* The last act: what follows an end on this host is sweeper's to do. Returns where nothing does. */
void guard_hand_over(const struct guard *guard);
/* The processes of the session, those of the account all or only those of the session: these alone where it shares the account. */
struct target guard_target(const struct guard *guard, int whole_uid);

/* Record a decision of this session: the reason, or REASON_RECORD_FAILED. reference[] as record_write; detail may be NULL. */
enum reason guard_record(const struct guard *guard, const struct question *question, const struct decision *decision,
                         const char *detail, char *reference);

/* --- outside --- */

/*
 * One line to each terminal of the session, without waiting: a full one loses it. 1, where somebody was told, and the process that
 * carries what stands on the terminals to the client; else 0.
 */
int guard_say(const struct guard *guard, const char *line, struct process *ret_carrier);

/*
 * A child for what may wait: without the guard's descriptors, limits and signals; its descriptor 0 is fd, or /dev/null where that is
 * -1. As fork(2).
 */
pid_t guard_fork(int fd);

#endif
