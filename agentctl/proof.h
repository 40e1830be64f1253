/*
 * Proofs that the host still works, and that agents get in by nothing else: the host's own programs and libpam are asked.
 *
 * A check answers yes, no, or cannot say. Those about people are made before and after: what worked must work.
 */
#ifndef AGENTCTL_PROOF_H
#define AGENTCTL_PROOF_H

#include <sys/types.h>

#include "core/compat.h"
#include "core/identities.h"

enum proof_answer { PROOF_NO, PROOF_YES, PROOF_UNKNOWN };

#define PROOF_CHECKS_MAX 16
#define PROOF_SSHD_MAX 16384

/* How things stand for people at one moment. */
struct proof {
    enum proof_answer answers[PROOF_CHECKS_MAX];
    char human[64];            /* the account that was looked at; root where there is nobody else */
    char sshd[PROOF_SSHD_MAX]; /* sshd's configuration for it, "" where there is none */
};

/* Look. Opens no session that stays and asks for no password; up to half a minute when something hangs. */
void proof_take(struct proof *ret);
/* Print what worked before and does not now; how many. */
int proof_compare(const struct proof *before, const struct proof *after);

/*
 * Print what is proven about agents with this account (NULL: none is configured, said as not proven). How many proofs failed.
 */
int proof_agents(const struct identity *agent, int plain_keys, int observes);

/* Does sshd use PAM? Unknown where it cannot be asked; *ret_why (for free()) then says why. */
enum proof_answer proof_sshd_uses_pam(char **ret_why);

/* The account phase, and opening and closing a session, of a service for a user, in a child; real_uid is the caller's. */
enum proof_answer proof_pam(const char *service, const char *user, uid_t real_uid, int with_session);

/* Run sshd with -T or -t and a host key of our own. 0 and its output; -EIO and what it said; -ENOENT, -errno. */
int proof_sshd(const char *option, const char *user, char *output, size_t cap) MUST_CHECK;

/* Print whether sshd's configuration for this agent is closed; how many values are wrong. */
int proof_sshd_agent(const char *account, int plain_keys);

/*
 * Log in to a sshd of our own with the stock client, as this agent, and see the prompt for a credential: from configuration
 * to conversation the whole way.
 */
enum proof_answer proof_prompt(const char *account, int plain_keys);

#endif
