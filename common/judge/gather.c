#include "judge/gather.h"

#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/proc.h"

int64_t gather_boot_time(void)
{
    struct process first;
    int64_t boot = clock_boot_ms(), begun = 0;

    /* Unless it is older than this clock (time_namespaces(7)). */
    if (process_read(1, &first) == 0 && first.start <= (uint64_t)boot)
        begun = (int64_t)first.start * 1000 / sysconf(_SC_CLK_TCK);
    return (clock_wall_ms() - boot + (begun < boot ? begun : 0)) / 1000;
}

void gather_claims(const struct grant *grant, int64_t now, struct facts *facts)
{
    facts->now = now;
    facts->account = grant->account;
    facts->identity = grant->identity;
    facts->principal = grant->principal[0] ? grant->principal : NULL;
    facts->delegator = grant->delegator[0] ? grant->delegator : NULL;
    facts->ancestors = grant_depth(grant);
    facts->delegatee_proven = grant->delegatee_proven;
    facts->issuer = grant->issuer;
    facts->task = grant->task;
    facts->purpose = grant->purpose[0] ? grant->purpose : NULL;
    facts->task_sensitivity = grant->sensitivity;
    facts->source = grant->source[0] ? grant->source : NULL;
    facts->issued = grant->issued;
    facts->expires = grant->expires;
    facts->possession = grant->possession;
    facts->scopes[0].text = grant->scope;
    facts->scopes[0].len = strlen(grant->scope);
    facts->scope_count = 1;
}

int gather_grant(const struct grant *grant, const struct host_policy *host, int64_t now, struct facts *facts)
{
    gather_claims(grant, now, facts);
    facts->sensitivity = host->sensitivity;
    facts->observe |= host->mode == MODE_OBSERVE;
    return standing_of(grant, now, &facts->standing);
}
