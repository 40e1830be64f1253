#include "session/verifier_confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/compat.h"
#include "core/paths.h"

#define ADDRESSES_MAX (256UL << 20) /* bytes; it has 12 MiB when it begins, and a message is 256 KiB */
#define CPU_SECONDS_MAX 5

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Linux 4.3 */
#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT 47
#define PR_CAP_AMBIENT_CLEAR_ALL 4
#endif

static void must(int ok)
{
    if (!ok)
        _exit(1);
}

static void limit(int resource, rlim_t value)
{
    const struct rlimit limits = {value, value};

    must(setrlimit((unsigned)resource, &limits) == 0);
}

/* --- privileges --- */

/* A change of uid takes the effective, permitted and ambient ones, unless securebits say otherwise; none takes the inheritable. */
static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}}, left[_LINUX_CAPABILITY_U32S_3] = {{0}};

    /* Before 4.3 there are none. */
    must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 || errno == EINVAL);
    must(syscall(SYS_capset, &header, none) == 0 && syscall(SYS_capget, &header, left) == 0);
    for (size_t i = 0; i < COUNT_OF(left); i++)
        must((left[i].effective | left[i].permitted | left[i].inheritable) == 0);
}

static void drop_privileges(uid_t uid)
{
    gid_t gid = (gid_t)uid;

    must(chroot(PATH_RUN "/empty") == 0 && chdir("/") == 0);
    must(setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0);
    drop_capabilities();
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
}

/* --- system calls --- */

static struct sock_filter calls[] = {
#include "session/allowed_calls.h"
};

/* The documented question: a filter at NULL is a bad address to a kernel that has filters, and else a bad argument. */
static int kernel_filters(void)
{
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) == 0)
        return 0; /* not that of Linux */
    must(errno == EFAULT || errno == EINVAL || errno == ENOSYS);
    return errno == EFAULT;
}

static void filter_calls(void)
{
    const struct sock_fprog program = {.len = COUNT_OF(calls), .filter = calls};

    if (kernel_filters())
        must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0);
}

void verifier_confine(uid_t uid)
{
    must(uid != 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_CPU, CPU_SECONDS_MAX);
    drop_privileges(uid);
    limit(RLIMIT_NPROC, 0); /* before it, an old kernel would refuse the uid (setuid(2), EAGAIN) */
    (void)close(1);
    (void)close(2);
    limit(RLIMIT_NOFILE, 1);
    if (SANITIZED)
        return;
    limit(RLIMIT_AS, ADDRESSES_MAX);
    filter_calls();
}
