/*
 * bench_nss MODULE: what a getpwnam_r of libnss_agent costs, called without glibc's nsswitch around it. The module
 * reads its database at the one real path: run this in a throw-away host (tests/host/enter).
 */
#include <dlfcn.h>
#include <nss.h>
#include <pwd.h>
#include <sys/mount.h>
#include <time.h>

#include "../identities_maker.h"
#include "core/paths.h"

#define SMALL 1000UL
#define LARGE 1000000UL
#define LOOKUPS 100000
#define ROUNDS 5

typedef enum nss_status getpwnam_fn(const char *, struct passwd *, char *, size_t, int *);
typedef enum nss_status initgroups_fn(const char *, gid_t, long *, long *, gid_t **, long, int *);

static getpwnam_fn *getpwnam_agent;
static initgroups_fn *initgroups_agent;

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

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, ascending);
    return values[count / 2];
}

/* What reading the clock twice adds to each figure. */
static double clock_us(void)
{
    static double values[LOOKUPS];

    for (int i = 0; i < LOOKUPS; i++) {
        double start = now_us();

        values[i] = now_us() - start;
    }
    return median(values, LOOKUPS);
}

/* Accounts all over the database, so that nothing is near in a cache because it was just used. */
static double hit_us(unsigned long count)
{
    static double values[LOOKUPS];
    struct passwd passwd;
    char name[32], buf[1024];
    int error;

    for (int i = 0; i < LOOKUPS; i++) {
        double start;

        snprintf(name, sizeof name, "agent-%lu", (unsigned long)i * 7919 % count);
        start = now_us();
        if (getpwnam_agent(name, &passwd, buf, sizeof buf, &error) != NSS_STATUS_SUCCESS)
            errx(1, "%s: not found", name);
        values[i] = now_us() - start;
    }
    return median(values, LOOKUPS);
}

/* What an initgroups(3) for a person costs more, the one call of a login that files does not answer first. */
static double human_us(void)
{
    static double values[LOOKUPS];

    for (int i = 0; i < LOOKUPS; i++) {
        long start_at = 1, size = 16;
        gid_t place[16] = {100}, *groups = place;
        int error;
        double start = now_us();

        if (initgroups_agent("alice", 100, &start_at, &size, &groups, -1, &error) != NSS_STATUS_NOTFOUND)
            errx(1, "alice: found");
        values[i] = now_us() - start;
    }
    return median(values, LOOKUPS);
}

static void print(const char *name, double value, const char *unit)
{
    printf("{\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\"}\n", name, value, unit);
}

static void *module_symbol(void *module, const char *name)
{
    void *symbol = dlsym(module, name);

    if (!symbol)
        errx(1, "%s", dlerror());
    return symbol;
}

int main(int argc, char **argv)
{
    double small[ROUNDS], large[ROUNDS], ratio[ROUNDS], human, clock;
    const char *path = argc > 1 ? argv[1] : "build/libnss_agent.so.2";
    char large_path[] = PATH_IDENTITIES ".large", small_path[] = PATH_IDENTITIES ".small";
    struct stat st;
    void *module;

    if (access("/run/throwaway-host", F_OK) < 0)
        errx(1, "not on a throw-away host: run this through tests/host/enter");
    module = dlopen(path, RTLD_NOW);
    if (!module)
        errx(1, "%s", dlerror());
    getpwnam_agent = (getpwnam_fn *)module_symbol(module, "_nss_agent_getpwnam_r");
    initgroups_agent = (initgroups_fn *)module_symbol(module, "_nss_agent_initgroups_dyn");

    /* The host's own /var is an overlay, which costs as much again as the file system of an ordinary host. */
    (void)mkdir(PATH_STATE_DIR, 0755);
    if (mount("bench", PATH_STATE_DIR, "tmpfs", 0, "mode=0755") < 0)
        err(1, "%s", PATH_STATE_DIR);
    maker_make(small_path, SMALL, 900);
    maker_make(large_path, LARGE, 900);
    if (stat(large_path, &st) < 0)
        err(1, "%s", large_path);
    clock = clock_us();
    /* In turns, so that what else the machine does hits both. */
    for (int i = 0; i < ROUNDS; i++) {
        if (rename(small_path, PATH_IDENTITIES) < 0)
            err(1, "%s", small_path);
        small[i] = hit_us(SMALL) - clock;
        if (rename(PATH_IDENTITIES, small_path) < 0 || rename(large_path, PATH_IDENTITIES) < 0)
            err(1, "%s", large_path);
        large[i] = hit_us(LARGE) - clock;
        human = human_us() - clock;
        ratio[i] = large[i] / small[i];
        if (rename(PATH_IDENTITIES, large_path) < 0)
            err(1, "%s", large_path);
    }
    (void)unlink(small_path);
    (void)unlink(large_path);
    print("nss-hit-us", median(large, ROUNDS), "us");
    print("nss-hit-1m-over-1k", median(ratio, ROUNDS), "");
    print("nss-human-initgroups-us", human, "us");
    print("nss-bytes-per-identity", (double)st.st_size / (double)LARGE, "bytes");
    return 0;
}
