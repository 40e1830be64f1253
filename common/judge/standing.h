/*
 * Standing: what the host knows now against a grant: the state of its task, revocations, risk, the red button.
 *
 * Facts of state are written by agentctl (and a guard's tripwire) to PATH_RUN first, which is what takes effect, then with
 * fsync to PATH_STATE, which outlives a boot. Reading looks into both; a record that cannot be understood is an error, never
 * "nothing known".
 *
 *   task/STATE/KEY       iss, task, since, note             STATE suspended, completed, revoked: the strictest counts
 *   revoked/KIND/KEY     kind, iss, value, before, since, note       KIND jti, key, identity, issuer
 *   risk/SUBJECT/KEY     subject, iss, value, level, until (0: for ever), since, note     SUBJECT host, identity, task
 *   stop                 since (PATH_RUN alone)
 *
 * A KEY is that of a link (judge/link.h). Of a task, STATEs of both places count together; of the others the record in PATH_RUN
 * counts where there is one. Patterns of identities reach the grant's own and its delegator's.
 *
 * All return 0 or -errno.
 */
#ifndef PAM_AGENT_STANDING_H
#define PAM_AGENT_STANDING_H

#include <stdint.h>

#include "core/compat.h"
#include "judge/grant.h"
#include "judge/link.h"
#include "judge/policy.h"

/* From the mildest to the strictest: a state never goes back, but suspended to active. */
enum task_state { TASK_ACTIVE, TASK_SUSPENDED, TASK_COMPLETED, TASK_REVOKED };

struct standing {
    enum task_state task; /* the strictest of the grant's task and its ancestors' */
    enum link_kind revoked_by;
    int revoked;     /* by revoked_by */
    enum level risk; /* the highest of host, identity and task; LEVEL_LOW where nothing is said */
    int stopped;     /* the red button */
};

/* Of a grant with all its ancestors. now: seconds since the epoch. After an error *ret is what could be read: it counts as well. */
int standing_of(const struct grant *grant, int64_t now, struct standing *ret) MUST_CHECK;

const char *task_state_word(enum task_state state);

#endif
