/* A grant with everything in it, for the programs judge_*.c. */
#ifndef JUDGE_GRANT_H
#define JUDGE_GRANT_H

#include <string.h>

#include "judge/grant.h"

#define ISS "https://sts.example.org"
#define IDENTITY "spiffe://example.org/agent/deploy"
#define TASK "task 100%\n\x01"
#define UID 70005
#define ISSUED 1764000000

static inline void fill_grant(struct grant *grant)
{
    memset(grant, 0, sizeof *grant);
    strcpy(grant->account, "agent-deploy");
    grant->uid = UID;
    strcpy(grant->identity, IDENTITY);
    strcpy(grant->issuer, "corp-sts");
    strcpy(grant->iss, ISS);
    strcpy(grant->jti, "jti-1");
    strcpy(grant->key, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    strcpy(grant->signer, "cbaIWFDP7UMJlTcRCEQ0ZDsWm6YEqpVkQ2hn7WWoBqM");
    strcpy(grant->task, TASK);
    strcpy(grant->purpose, "restart-web");
    grant->issued = ISSUED;
    grant->expires = ISSUED + 300;
    grant->sensitivity = LEVEL_MEDIUM;
    grant->possession = POSSESSION_SIGNED;
    strcpy(grant->source, "192.0.2.1");
    strcpy(grant->service, "sshd");
    memset(grant->scope, '%', SCOPE_MAX); /* the longest there is, and longest when it is escaped */
}

static inline void add_ancestor(struct grant *grant, enum link_kind kind, const char *iss, const char *value)
{
    link_make(&grant->ancestors[grant->ancestor_count++], kind, iss, value);
}

#endif
