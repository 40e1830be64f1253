/*
 * State: sessions, pending logins, tasks and replay, as small records that one open() finds.
 *
 *   /run/pam_agent/pending/PID-START          a login that was authenticated and not opened yet
 *   /run/pam_agent/session/ID                 a live session; published whole, removed by its guard
 *   /run/pam_agent/ctl/ID                     its guard's socket
 *   /run/pam_agent/attested/ID                the credential that attested it last, where one did
 *   /run/pam_agent/ordered/ID                 an administrator wants it ended
 *   /run/pam_agent/place/UID/N                the ID of an account's Nth session of max-sessions
 *   /run/pam_agent/by/uid/UID/ID              index: empty files (ask_guard reads it too)
 *   /run/pam_agent/by/KIND/KEY/ID             index: every link of the session's grants, ancestors' too (judge/link.h)
 *
 * Directories are made by whoever needs them first; each must be root's and nobody else's to write.
 * All return 0 or -errno.
 */
#ifndef PAM_AGENT_STATE_H
#define PAM_AGENT_STATE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/compat.h"
#include "core/names.h"
#include "judge/grant.h"

#define PENDING_SECONDS 60          /* a pending login not opened within this is none */
#define SESSIONS_PER_ACCOUNT_MAX 64 /* also where no max-sessions is set */

struct pending {
    int64_t made; /* clock_boot_ms() */
    struct grant grant;
};

struct session {
    char id[SESSION_ID_LENGTH + 1];
    struct grant grant;
    pid_t leader; /* the process that opened it: sshd's monitor */
    uint64_t leader_start;
    uint32_t audit;      /* audit session, or AUDIT_UNSET when it is not this session's alone */
    char cgroup[256];    /* absolute path of a cgroup directory that is this session's alone, or "" */
    int64_t opened;      /* seconds since the epoch */
    int64_t opened_boot; /* clock_boot_ms(): a wall clock that is set back extends nothing */
    int64_t longest;     /* seconds since the epoch: opened + max-session; no attestation goes beyond */
    uint32_t place;      /* of place/UID, from 1 */
};

/* Of a credential of the same issuer, task and actor that was verified after the session was opened. */
struct attestation {
    int64_t made;      /* seconds since the epoch */
    int64_t made_boot; /* clock_boot_ms() */
    struct grant grant;
};

/*
 * The pending login that process (pid, start) will open; put replaces one that is there. take removes it, so that it is had
 * once. -ENOENT: there is none, or it is too old.
 */
int pending_put(pid_t pid, uint64_t start, const struct pending *pending) MUST_CHECK;
int pending_get(pid_t pid, uint64_t start, struct pending *ret) MUST_CHECK;
int pending_take(pid_t pid, uint64_t start, struct pending *ret) MUST_CHECK;

/* Publish record and indexes; -EEXIST when the ID is taken; -EUSERS: it took so long that its place is another's. */
int session_publish(const struct session *session) MUST_CHECK;
int session_read(const char *id, struct session *ret) MUST_CHECK;
/* With its indexes, attestation, order, place and cgroup. */
void session_remove(const struct session *session);
/* The session's grant is attested by another credential: indexes first, then the record. */
int session_attest(const struct session *session, const struct attestation *attestation) MUST_CHECK;
/* -ENOENT: by none since it was opened. */
int session_attestation(const char *id, struct attestation *ret) MUST_CHECK;
/* An administrator wants it ended; and did one? 1, 0 or -errno. */
int session_order_end(const char *id) MUST_CHECK;
int session_end_ordered(const char *id) MUST_CHECK;
/* Its leader is gone, its processes stay: so its guard says, and takes it back when it ends them. */
void session_set_lingering(const char *id, int lingers);
/* 1 or 0; unknown counts as 0. */
int session_lingers(const char *id);
/*
 * Take one of max places of the account: -EUSERS when as many are taken, also by sessions that were opened when max was higher. One
 * that a dead gate left is taken over.
 */
int session_take_place(struct session *session, uint32_t max) MUST_CHECK;
/* A fresh ID. */
int session_new_id(char id[SESSION_ID_LENGTH + 1]) MUST_CHECK;
/* Path of its socket in buf. */
int session_socket(const char *id, char *buf, size_t cap) MUST_CHECK;

/* The IDs of live sessions: of a uid, of a link, or all. -E2BIG: there are more; as many as fit are returned. */
typedef char session_id[SESSION_ID_LENGTH + 1];
int sessions_of_uid(uid_t uid, session_id *ids, size_t cap, size_t *ret_count) MUST_CHECK;
int sessions_of_link(const struct link *link, session_id *ids, size_t cap, size_t *ret_count) MUST_CHECK;
int sessions_all(session_id *ids, size_t cap, size_t *ret_count) MUST_CHECK;

/* The directory of the guards' sockets, made when absent; the caller's fd. */
int sessions_prepare(void) MUST_CHECK;

#endif
