/* Whose task or credential is meant, where only its name was given. */
#ifndef AGENTCTL_ISSUERS_H
#define AGENTCTL_ISSUERS_H

#include "judge/grant.h"

#define ISSUERS_MAX 16

/* No name twice. */
struct issuers {
    char names[ISSUERS_MAX][ISS_MAX + 1];
    size_t count;
};

/*
 * The one issuer that is configured, else the only one of whom a live session, or a task's record, has this task or jti (kind). NULL:
 * it must be given, which is said.
 */
const char *issuers_choose(struct issuers *issuers, enum link_kind kind, const char *value);

#endif
