/*
 * allowed_calls: the system calls that are left to the verifier (verifier_confine.c). make runs it, and it prints the filter as members
 * of a table of struct sock_filter, for the architecture that it was compiled for. At run time, libseccomp would cost a login 0.4 ms
 * more than the kernel does.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/compat.h"

/* Calls have the names that libseccomp knows them by; what it, or this architecture, does not know is passed over. */

static const char *const allowed[] = {
    /* to wait for gate */
    "poll",
    "ppoll",
    "ppoll_time64",
    "restart_syscall", /* poll, when the process was stopped meanwhile */
    "clock_gettime",
    "clock_gettime64", /* deadlines, where the vdso has no clock */
    /* memory */
    "brk",
    "munmap",
    "mremap",
    "madvise",
    "sysinfo", /* glibc's qsort of more than 1 KiB, before 2.37 */
    /* libcrypto */
    "getrandom",
    "gettimeofday",
    "time",
    "getpid", /* has it forked? */
    /* the end; there are no signal handlers to return from */
    "exit_group",
    "exit",
};

#define FUTEX_COMMAND (FUTEX_CMD_MASK & UINT32_MAX)

/* Allowed where that argument, masked, has that value. */
static const struct bounded {
    const char *name;
    unsigned arg;
    scmp_datum_t mask, value;
} bounded[] = {
    {"recvfrom", 0, UINT32_MAX, 0}, /* descriptor 0: gate */
    {"sendto", 0, UINT32_MAX, 0},
    {"mmap", 2, PROT_EXEC, 0},
    {"mmap2", 2, PROT_EXEC, 0},
    {"mprotect", 2, PROT_EXEC, 0},
    {"futex", 1, FUTEX_COMMAND, FUTEX_WAKE}, /* libcrypto's, after a first use; nobody to wait for */
    {"futex_time64", 1, FUTEX_COMMAND, FUTEX_WAKE},
};

/* What a library of another make may look for. The answer is that of the empty root directory; any other call kills. */
static const char *const absent[] = {"open", "openat", "access", "stat", "newfstatat", "readlink"};

static void must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "allowed_calls: %s\n", what);
    exit(1);
}

static void add(scmp_filter_ctx filter, uint32_t action, const char *name, const struct bounded *bounds)
{
    int number = seccomp_syscall_resolve_name(name), r;

    if (number == __NR_SCMP_ERROR)
        return;
    if (bounds)
        r = seccomp_rule_add(filter, action, number, 1,
                             SCMP_CMP(bounds->arg, SCMP_CMP_MASKED_EQ, bounds->mask, bounds->value));
    else
        r = seccomp_rule_add(filter, action, number, 0);
    must(r == 0 || r == -EDOM, name); /* -EDOM: of another architecture */
}

/* To kill the process is, to a kernel before 4.14, to kill the thread (seccomp(2): bits that it does not look at). */
static scmp_filter_ctx make_filter(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);

    must(filter != NULL, "seccomp_init");
    must(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0, "SCMP_FLTATR_ACT_BADARCH");
    for (size_t i = 0; i < COUNT_OF(allowed); i++)
        add(filter, SCMP_ACT_ALLOW, allowed[i], NULL);
    for (size_t i = 0; i < COUNT_OF(bounded); i++)
        add(filter, SCMP_ACT_ALLOW, bounded[i].name, &bounded[i]);
    for (size_t i = 0; i < COUNT_OF(absent); i++)
        add(filter, SCMP_ACT_ERRNO(ENOENT), absent[i], NULL);
    return filter;
}

int main(void)
{
    scmp_filter_ctx filter;
    FILE *file = tmpfile();
    struct sock_filter line;

#if SCMP_VER_MAJOR > 2 || (SCMP_VER_MAJOR == 2 && SCMP_VER_MINOR >= 4)
    must(seccomp_api_set(3) == 0, "seccomp_api_set"); /* what the kernel we build on can do does not matter */
#endif
    filter = make_filter();
    must(file && seccomp_export_bpf(filter, fileno(file)) == 0, "seccomp_export_bpf");
    rewind(file);
    while (fread(&line, sizeof line, 1, file) == 1)
        printf("{0x%x, %u, %u, 0x%lx},\n", line.code, line.jt, line.jf, (unsigned long)line.k);
    must(!ferror(file) && fflush(stdout) == 0, "write");
    fclose(file);
    seccomp_release(filter);
    return 0;
}
