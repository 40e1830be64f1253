/*
 * The decision record: one JSON object a line in PATH_DECISIONS (OCSF names) and one line to syslog, facility
 * authpriv. Written before a permit is answered: no record, no permit.
 *
 *   time            milliseconds since the epoch
 *   class_uid       3002 Authentication (login, account, setcred, open, close), 3003 Authorize Session (sudo, command)
 *   activity_id     1 Logon or Assign Privileges, 2 Logoff (close)
 *   status_id       1 permitted, 2 refused
 *   status_code     "permit" or the reason code
 *   user.name       account
 *   metadata.uid    reference, metadata.correlation_uid  task
 *   unmapped        step, phase, service, source, run_as, command[], agent (SPIFFE ID), delegator, principal (on whose behalf),
 *                   issuer, possession, purpose, rule, rule_where, session, detail, observed; command_hidden: how many words of
 *                   command hold a digest in place of a secret
 *
 * Absent facts are left out. What was not verified is never written as a fact.
 */
#ifndef PAM_AGENT_RECORD_H
#define PAM_AGENT_RECORD_H

#include <stddef.h>

#include "core/reason.h"
#include "judge/secrets.h"

#define REFERENCE_SIZE 9 /* eight hex digits and a NUL */
#define RECORD_MAX \
    16384 /* bytes of one line; arguments beyond RECORD_COMMAND_MAX, as written, are left out and counted */
#define RECORD_COMMAND_MAX 4096

struct record {
    enum reason reason;
    const char *step, *phase, *service, *source, *run_as;
    const char *const *argv;
    size_t argc;
    const char *account, *identity, *delegator, *principal, *issuer, *possession, *task, *purpose;
    const char *rule, *rule_where, *session, *detail;
    int observed;
    const struct secrets *secrets; /* of argv; NULL: none */
};

/*
 * Write it; reference[REFERENCE_SIZE] becomes its name. 0 or -errno: then nothing was written, and no later line is torn.
 * Space is allocated ahead, so that a full disk stops new permits before it could cut a record.
 */
int record_write(const struct record *record, char *reference) MUST_CHECK;
/*
 * The two halves of it: the log, which an answer has to wait for, and syslog, which need not be waited for. appended: what record_append
 * returned.
 */
int record_append(const struct record *record, char *reference) MUST_CHECK;
void record_tell(const struct record *record, int appended, const char *reference);
/*
 * Keep the log and the socket to syslog open from one record to the next (1), for who writes many in a row, or close them after each (0:
 * as it is at first), for who waits: a log that was rotated away takes up its space as long as somebody has it open.
 */
void record_keep(int keep);

/* Does a record show the whole of this command? 1 or 0. */
int record_holds_command(const char *const *argv, size_t argc, const struct secrets *secrets);

/* The JSON line alone, for the test of its form: 0 and the length, or -ENOBUFS. */
int record_format(const struct record *record, const char *reference, long long time_ms, char *buf, size_t cap,
                  size_t *ret_len) MUST_CHECK;

#endif
