/*
 * What agentctl and guards write against tasks, credentials, identities and issuers (judge/standing.h reads it), and how often a
 * credential was used.
 *
 *   /run/pam_agent/replay/KEY/N     MS       the Nth session that a credential opened, or attested; KEY of (iss, jti), clock_boot_ms()
 *
 * Each is written to PATH_RUN first, which ends sessions, then durably; *ret_durable says whether the second worked. All return 0,
 * or -errno when it has no effect: neither did, or an older word in PATH_RUN hides the new one. Where ret_durable is NULL an end or revocation goes to PATH_RUN alone, which waits for no disk.
 */
#ifndef PAM_AGENT_TASK_H
#define PAM_AGENT_TASK_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"
#include "judge/standing.h"

#define NOTE_MAX 256

struct task_record {
    enum task_state state;
    char iss[ISS_MAX + 1], task[TASK_MAX + 1], note[NOTE_MAX + 1];
    int64_t since;
};

/*
 * -EPERM: it is in a stricter state that ends it already, and stays so; the same state again is 0. Of two that race the stricter
 * counts. TASK_ACTIVE resumes a suspended one, durably or not at all.
 */
int task_set(const struct task_record *record, int *ret_durable) MUST_CHECK;
/* What is known of one; state TASK_ACTIVE and since 0 where nothing is. */
int task_get(const char *iss, const char *task, struct task_record *ret) MUST_CHECK;
/* Call fn for every task that something is known of, until it answers other than 0; that answer, 0 or -errno. */
int tasks_each(int (*fn)(const struct task_record *record, void *arg), void *arg) MUST_CHECK;

struct revocation {
    enum link_kind kind;   /* any but LINK_TASK */
    char iss[ISS_MAX + 1]; /* of a jti */
    char value[SPIFFE_ID_MAX + 1];
    int64_t before;            /* issuer, key, identity: credentials issued at or before this; INT64_MAX: all */
    int64_t since, since_boot; /* the second: clock_boot_ms() */
    char note[NOTE_MAX + 1];
};

/* What was said last of one counts. -EINVAL: kind or value is none. */
int revocation_put(const struct revocation *revocation, int *ret_durable) MUST_CHECK;
/* Take one back. -ENOENT: there is none. */
int revocation_lift(const struct revocation *revocation) MUST_CHECK;
int revocations_each(int (*fn)(const struct revocation *revocation, void *arg), void *arg) MUST_CHECK;

enum risk_subject { RISK_HOST, RISK_IDENTITY, RISK_TASK, RISK_SUBJECTS };

struct risk {
    enum risk_subject subject;
    char iss[ISS_MAX + 1];         /* of a task */
    char value[SPIFFE_ID_MAX + 1]; /* identity (no pattern) or task; "" for the host */
    enum level level;              /* LEVEL_LOW clears */
    int64_t until;                 /* seconds since the epoch; 0: until it is changed */
    int64_t since;
    char note[NOTE_MAX + 1];
};

int risk_put(const struct risk *risk, int *ret_durable) MUST_CHECK;
/* LEVEL_LOW is told of none; what is past its `until` is. */
int risks_each(int (*fn)(const struct risk *risk, void *arg), void *arg) MUST_CHECK;
const char *risk_subject_word(enum risk_subject subject);

/* The red button: PATH_RUN alone. */
int stop_set(int64_t now) MUST_CHECK;
int stop_clear(void) MUST_CHECK;

/* Sessions that the credential has opened or attested. */
int replay_count(const char *iss, const char *jti, uint32_t *ret_count) MUST_CHECK;
/* The same of a grant: what counts once and did, opens none any more. 0 or -errno. */
int replay_logins(const struct grant *grant, uint32_t *ret_logins) MUST_CHECK;
/* Take one of max places: -EUSERS when all are taken. Of two that race for the last, one gets it. */
int replay_take(const char *iss, const char *jti, uint32_t max) MUST_CHECK;

/*
 * Remove what no credential and no session needs any more: replay and jti revocations older than a day by both clocks, names of sessions that have no
 * record, empty directories of the index, copies in PATH_RUN of tasks that ended and that PATH_STATE holds too. What PATH_STATE does
 * not hold, or says otherwise, is written there.
 */
void state_expire(int64_t now, int64_t boot_ms);

#endif
