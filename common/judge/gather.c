#include "judge/gather.h"

#include <string.h>

#include "core/clock.h"
#include "judge/policy_store.h"

int64_t gather_boot_time(void)
{
    return (clock_wall_ms() - clock_boot_ms()) / 1000;
}

int gather_grant(const struct grant *grant, int64_t now, struct facts *facts)
{
    struct host_policy host;
    int r = standing_of(grant, now, &facts->standing); /* first: it counts, even if the rest cannot be read */

    facts->now = now;
    facts->boot = gather_boot_time();
    facts->account = grant->account;
    facts->identity = grant->identity;
    facts->issuer = grant->issuer;
    facts->task = grant->task;
    facts->purpose = grant->purpose[0] ? grant->purpose : NULL;
    facts->issued = grant->issued;
    facts->expires = grant->expires;
    facts->possession = grant->possession;
    facts->scopes[0].text = grant->scope;
    facts->scopes[0].len = strlen(grant->scope);
    facts->scope_count = 1;
    if (r == 0)
        r = policy_host(&host);
    if (r == 0)
        facts->sensitivity = host.sensitivity;
    return r;
}
