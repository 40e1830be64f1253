#include "session/verifier_confine.h"

#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/compat.h"
#include "core/paths.h"

#define MEMORY_MAX (256u << 20) /* bytes of address space */
#define CPU_MAX 5               /* seconds */

static void limit(int resource, rlim_t value)
{
    const struct rlimit limits = {value, value};

    if (setrlimit(resource, &limits) < 0)
        _exit(1);
}

/*
 * What malloc, libcrypto and the talk take (strace of every kind of credential and proof). What else a libc may try, as glibc's qsort does
 * with sysinfo(2) for large arrays, is refused and does without.
 */
static const int allowed[] = {
    SCMP_SYS(recvfrom),
    SCMP_SYS(recv),
    SCMP_SYS(sendto),
    SCMP_SYS(send),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(ppoll_time64),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(futex_time64),
    SCMP_SYS(getpid),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_gettime64),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigreturn),
    SCMP_SYS(restart_syscall),
};

/* libcrypto looks for its configuration. */
static const int absent[] = {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(access), SCMP_SYS(stat), SCMP_SYS(newfstatat)};

static int add_rules(scmp_filter_ctx filter)
{
    static const int maps[] = {SCMP_SYS(mmap), SCMP_SYS(mmap2)};
    int r = 0;

    for (size_t i = 0; r == 0 && i < COUNT_OF(allowed); i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; r == 0 && i < COUNT_OF(absent); i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOENT), absent[i], 0);
    for (size_t i = 0; r == 0 && i < COUNT_OF(maps); i++) /* no memory to run what was written there */
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, maps[i], 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    return r;
}

static void load_filter(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int r = filter ? add_rules(filter) : -ENOMEM;

    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    /* libseccomp does not tell a kernel without it from one that refuses; the kernel does (prctl(2)). */
    if (r < 0 && !(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 && errno == EINVAL))
        _exit(1);
}

void verifier_confine(uid_t uid)
{
    gid_t gid = (gid_t)uid;

    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NOFILE, 8);
    limit(RLIMIT_CPU, CPU_MAX);
    /* From root to another uid the kernel clears every capability (capabilities(7)), unless it was told not to. */
    if (chroot(PATH_RUN "/empty") < 0 || chdir("/") < 0 || prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ||
        setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        _exit(1);
    limit(RLIMIT_NPROC, 0);
#if !defined __SANITIZE_ADDRESS__ /* it maps terabytes, and calls what it likes */
    limit(RLIMIT_AS, MEMORY_MAX);
    load_filter();
#endif
}
