/*
 * bench_record: what one decision record costs, file and syslog. It is written at the one real path: run this in a throw-away
 * host (tests/host/enter). Prints a JSON object a line; the median of single records, and the 99th percentile.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/paths.h"
#include "judge/record.h"

#define RECORDS 20000

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print(const char *name, double value)
{
    printf("{\"name\": \"%s\", \"value\": %.3f, \"unit\": \"us\"}\n", name, value);
}

int main(void)
{
    static const char *const argv[] = {"/usr/bin/systemctl", "restart", "nginx", NULL};
    const struct record record = {
        .reason = REASON_PERMIT,
        .step = "command",
        .service = "sudo",
        .source = "10.0.0.5",
        .run_as = "root",
        .argv = argv,
        .argc = 3,
        .account = "agent-deploy",
        .identity = "spiffe://example.org/agent/deploy",
        .issuer = "corp-sts",
        .task = "task-4711",
        .purpose = "restart-web",
        .rule = "care",
        .rule_where = "/etc/pam_agent/agent.conf:10",
        .session = "0123456789abcdef",
    };
    static double values[RECORDS];
    char reference[REFERENCE_SIZE];

    if (access("/run/throwaway-host", F_OK) < 0)
        errx(1, "not on a throw-away host: run this through tests/host/enter");
    /* The host's own /var is an overlay, which costs as much again as the file system of an ordinary host. */
    (void)mkdir(PATH_LOG_DIR, 0700);
    if (mount("bench", PATH_LOG_DIR, "tmpfs", 0, "mode=0700") < 0)
        err(1, "%s", PATH_LOG_DIR);
    for (int i = 0; i < RECORDS; i++) {
        double start = now_us();

        if (record_write(&record, reference) != 0)
            errx(1, "a record was not written");
        values[i] = now_us() - start;
    }
    (void)umount(PATH_LOG_DIR);
    qsort(values, RECORDS, sizeof *values, ascending);
    print("record-us", values[RECORDS / 2]);
    print("record-p99-us", values[RECORDS * 99 / 100]);
    return 0;
}
