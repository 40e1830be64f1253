/* Reading policy.cdb. All return 0 or -errno; -EPERM and -EBADMSG mean that it cannot be trusted or read. */
#ifndef PAM_AGENT_POLICY_STORE_H
#define PAM_AGENT_POLICY_STORE_H

#include <stdint.h>

#include "core/names.h"
#include "judge/policy.h"
#include "judge/secrets.h"

#define KEEP_HOME_DEFAULT (7 * 86400)
#define HOST_TEXT_MAX 16384   /* bytes of the host's record */
#define BUILD_LENGTH 16       /* hex digits that name what an apply put in force */
#define POLICY_NAME_LENGTH 32 /* the same of a text of policies: the first of its SHA-256 */

struct host_policy {
    char id[SPIFFE_ID_MAX + 1]; /* the audience of credentials */
    char build[BUILD_LENGTH + 1];
    enum level sensitivity; /* LEVEL_UNSET is low */
    uint32_t keep_home;     /* seconds that the home of an ended task is kept */
    int mode;               /* MODE_OBSERVE: nothing is refused, MODE_UNSET: it is */
    int sudo_by_arguments;  /* sudo has no approval plug-ins: its own arguments say what it runs */
    struct secrets secrets; /* arguments that are not to be recorded */
};

/* The policies that can match this account: none is an empty set. The caller clears it. */
int policy_of_account(const char *account, struct policy_set *ret) MUST_CHECK;
/* The same of the database that is open as fd. */
int policy_of_account_in(int fd, const char *account, struct policy_set *ret) MUST_CHECK;
/* What holds for the host as a whole. */
int policy_host(struct host_policy *ret) MUST_CHECK;
int policy_host_in(int fd, struct host_policy *ret) MUST_CHECK;
/* Does it say that this host observes? 1, 0 or -errno. */
int policy_host_observes(void);
/* policy_host() of the text, which is changed. */
int host_policy_parse(char *text, size_t len, struct host_policy *ret) MUST_CHECK;

#endif
