#include "judge/gather.h"

#include <string.h>

#include "core/clock.h"
#include "judge/task.h"

int64_t gather_boot_time(void)
{
    return (clock_wall_ms() - clock_boot_ms()) / 1000;
}

int gather_grant(const struct grant *grant, int64_t now, struct facts *facts)
{
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
    facts->scope = grant->scope;
    facts->scope_len = strlen(grant->scope);
    return task_is_completed(grant->iss, grant->task, &facts->task_completed);
}
