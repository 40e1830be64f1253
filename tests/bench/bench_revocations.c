/* bench_revocations COUNT: revokes so many credentials that nobody has, as `agentctl revoke jti` does. On a throw-away host. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "judge/task.h"

int main(int argc, char **argv)
{
    struct revocation revocation = {.kind = LINK_JTI, .before = INT64_MAX, .iss = "https://web-07.example.org/issuer"};
    long count = argc == 2 ? strtol(argv[1], NULL, 10) : 0;

    if (access("/run/throwaway-host", F_OK) < 0)
        errx(1, "not on a throw-away host: run this through tests/host/enter");
    revocation.since = clock_wall_seconds();
    revocation.since_boot = clock_boot_ms();
    for (long i = 0; i < count; i++) {
        int durable;

        snprintf(revocation.value, sizeof revocation.value, "%08lx-0000-4000-8000-000000000000", i);
        if (revocation_put(&revocation, &durable) < 0 || !durable)
            errx(1, "a revocation was not written");
    }
    return 0;
}
