/*
 * old_kernel CMD...: runs CMD, and what it starts, as on a kernel that has the system calls of Linux 3.10 alone: no pidfd, close_range
 * or new mount calls, and no timer that counts while the host sleeps. But getrandom, which OpenSSH and OpenSSL of today need.
 */
#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FIRST_NEWER SYS_sched_setattr /* Linux 3.14; numbers are given in order */

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* Otherwise that many are passed over. */
#define IF(test, value, others) BPF_JUMP(BPF_JMP | (test) | BPF_K, value, 0, others)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define FAIL(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

/* clang-format off */
static struct sock_filter filter[] = {
    LOAD(nr),
    IF(BPF_JEQ, SYS_getrandom, 1),
    ALLOW,
    IF(BPF_JGE, FIRST_NEWER, 1),
    FAIL(ENOSYS),
    IF(BPF_JEQ, SYS_timerfd_create, 3),
    LOAD(args[0]),
    IF(BPF_JEQ, CLOCK_BOOTTIME, 1), /* Linux 3.15 */
    FAIL(EINVAL),
    ALLOW,
};
/* clang-format on */

int main(int argc, char **argv)
{
    const struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};

    if (argc < 2)
        return 2;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) /* as root: what it starts may gain privileges */
        err(1, "seccomp");
    execvp(argv[1], argv + 1);
    err(127, "%s", argv[1]);
}
