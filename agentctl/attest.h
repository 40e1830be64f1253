/* The agent's side of a re-attestation: what agent-askpass does for ssh, over a guard's socket. */
#ifndef AGENTCTL_ATTEST_H
#define AGENTCTL_ATTEST_H

#include "ask/ask.h"

#define ATTEST_TEXT_MAX 30000 /* thirty parts */

struct attester {
    const char *key; /* file of the private key, or of the public half of one that an ssh-agent holds; NULL: none */
    char credential[ATTEST_TEXT_MAX + 1];
    char proof[ATTEST_TEXT_MAX + 1]; /* made when it is asked for */
    char question[PROMPT_MAX];       /* that the proof answers */
};

/* Read the credential, and remember the key. 0; -errno, and it is said what is wrong. */
int attester_load(struct attester *attester, const char *credential, const char *key) MUST_CHECK;
/* Put the question "attest" over a connection to a guard, and answer prompts until it is decided. */
void attest(int fd, struct attester *attester, struct outcome *ret);

/* Say how it went, with the session's new deadlines where report is not NULL. The exit status. */
int print_attested(const struct outcome *outcome, const struct report *report);

/* The answer to one prompt in reply[REPLY_MAX + 1]: 0; -EINVAL: not a prompt of ours; -errno: it cannot be answered. */
int attest_reply(struct attester *attester, const char *prompt, char *reply) MUST_CHECK;
/* Is the credential for this host, by its own word? 1 or 0. */
int attest_is_for(const char *credential, const char *host_id);

#endif
