/*
 * confined: what a process can do that is confined as the verifier is.
 *
 *     confined as UID NAME...         does each thing in a process of its own that was confined before
 *     confined free NAME...           in one that was not
 *     confined kernel ERROR CMD...    runs CMD as on a kernel where a seccomp filter is refused with EINVAL (it has none) or EPERM
 *
 * Prints a line for each: its name, and "works", "killed" (by SIGSYS) or what else became of it. NAME "work":
 * those that the verifier needs; "reach": others, most of which use what was opened before, so that no empty root is in the way;
 * "abi": a call by way of another architecture.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/compat.h"
#include "session/verifier_confine.h"

#define ERRNO_STATUS 128 /* and the errno, which for these calls is less than 127 */

/* Opened before; descriptor 0 is a socket, `peer` its other end, where a byte waits. */
static int peer, root, program;
static pid_t victim;
static char *page, byte;
static size_t page_size;
static uint32_t word;

static long do_send(void)
{
    return send(0, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}
static long do_recv(void)
{
    return recv(0, &byte, 1, MSG_DONTWAIT | MSG_TRUNC);
}
static long do_poll(void)
{
    struct pollfd pfd = {.fd = 0, .events = POLLIN};

    return poll(&pfd, 1, 1);
}
static long do_memory(void)
{
    char *small = malloc(100), *large = malloc(1 << 20), *grown;

    if (!small || !large || !(grown = realloc(large, 40 << 20)))
        return -1;
    memset(grown, 1, 40 << 20);
    free(grown);
    free(small);
    return 0;
}
static long do_clock(void)
{
    struct timespec now;

    return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
}
static long do_random(void)
{
    return syscall(SYS_getrandom, &byte, 1, 0);
}
static long do_pid(void)
{
    return getpid() > 0 ? 0 : -1;
}
static long do_sysinfo(void)
{
    struct sysinfo info;

    return sysinfo(&info);
}
static long do_wake(void)
{
    return syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
}
static long do_end(void)
{
    exit(0);
}

static long do_open(void)
{
    return openat(root, "etc/passwd", O_RDONLY);
}
static long do_create(void)
{
    return openat(root, "tmp/confined", O_WRONLY | O_CREAT, 0600);
}
static long do_access(void)
{
    return faccessat(root, "etc/passwd", R_OK, 0);
}
static long do_read(void)
{
    return read(program, &byte, 1);
}
static long do_write(void)
{
    return write(peer, "x", 1);
}
static long do_unlink(void)
{
    return unlinkat(root, "tmp/victim", 0);
}
static long do_out(void)
{
    return fchdir(root);
}
static long do_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid;
}
static long do_exec(void)
{
    char *const argv[] = {(char *)"true", NULL}, *const envp[] = {NULL};

    return syscall(SYS_execveat, program, "", argv, envp, AT_EMPTY_PATH);
}
static long do_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}
static long do_unix(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}
static long do_other_socket(void)
{
    return send(peer, "x", 1, MSG_NOSIGNAL);
}
static long do_descriptor(void)
{
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    return recvmsg(0, &msg, MSG_DONTWAIT); /* where it would come with */
}
static long do_dup(void)
{
    return dup(0);
}
static long do_memfd(void)
{
    return syscall(SYS_memfd_create, "x", 0);
}
static long do_kill(void)
{
    return kill(victim, SIGCONT);
}
static long do_kill_itself(void)
{
    return kill(getpid(), SIGCONT);
}
static long do_ptrace(void)
{
    return ptrace(PTRACE_SEIZE, victim, NULL, NULL);
}
static long do_peek(void)
{
    struct iovec here = {&byte, 1}, there = {&byte, 1};

    return process_vm_readv(victim, &here, 1, &there, 1, 0);
}
static long do_uid(void)
{
    return setresuid(0, 0, 0);
}
static long do_namespace(void)
{
    return unshare(CLONE_NEWNS);
}
static long do_user_namespace(void)
{
    return unshare(CLONE_NEWUSER);
}
static long do_dumpable(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
static long do_limit(void)
{
    const struct rlimit more = {64, 64};

    return setrlimit(RLIMIT_NOFILE, &more);
}
static long do_code(void)
{
    return mprotect(page, page_size, PROT_READ | PROT_EXEC);
}
static long do_new_code(void)
{
    void *made = mmap(NULL, page_size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return made == MAP_FAILED ? -1 : 0;
}
static long do_requeue(void)
{
    return syscall(SYS_futex, &word, FUTEX_REQUEUE_PRIVATE, 1, (void *)1, &word, 0);
}
static long do_addresses(void)
{
    void *made = mmap(NULL, 300 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return made == MAP_FAILED ? -1 : 0;
}

#ifdef __x86_64__
static long do_i386(void)
{
    long pid;

    __asm__ volatile("int $0x80" : "=a"(pid) : "a"(20) : "memory", "r8", "r9", "r10", "r11"); /* getpid */
    return pid;
}
#endif

static const struct thing {
    const char *name, *kind;
    long (*does)(void);
} things[] = {
    {"send", "work", do_send},
    {"recv", "work", do_recv},
    {"poll", "work", do_poll},
    {"memory", "work", do_memory},
    {"clock", "work", do_clock},
    {"random", "work", do_random},
    {"pid", "work", do_pid},
    {"sysinfo", "work", do_sysinfo},
    {"wake", "work", do_wake},
    {"end", "work", do_end},
    {"open", "reach", do_open},
    {"create", "reach", do_create},
    {"access", "reach", do_access},
    {"read", "reach", do_read},
    {"write", "reach", do_write},
    {"unlink", "reach", do_unlink},
    {"out", "reach", do_out},
    {"fork", "reach", do_fork},
    {"exec", "reach", do_exec},
    {"socket", "reach", do_socket},
    {"unix-socket", "reach", do_unix},
    {"other-socket", "reach", do_other_socket},
    {"descriptor", "reach", do_descriptor},
    {"dup", "reach", do_dup},
    {"memfd", "reach", do_memfd},
    {"kill", "reach", do_kill},
    {"kill-itself", "reach", do_kill_itself},
    {"ptrace", "reach", do_ptrace},
    {"peek", "reach", do_peek},
    {"uid", "reach", do_uid},
    {"namespace", "reach", do_namespace},
    {"user-namespace", "reach", do_user_namespace},
    {"dumpable", "reach", do_dumpable},
    {"limit", "reach", do_limit},
    {"code", "reach", do_code},
    {"new-code", "reach", do_new_code},
    {"requeue", "reach", do_requeue},
    {"addresses", "reach", do_addresses},
#ifdef __x86_64__
    {"i386", "abi", do_i386}, /* dies by itself where the kernel has no such calls */
#endif
};

static void prepare(void)
{
    int pair[2];

    page_size = (size_t)sysconf(_SC_PAGESIZE);
    page = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    root = open("/", O_RDONLY | O_DIRECTORY);
    program = open("/bin/true", O_RDONLY);
    close(open("/tmp/victim", O_WRONLY | O_CREAT, 0600));
    if (page == MAP_FAILED || root < 0 || program < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0 ||
        dup2(pair[1], 0) < 0 || send(pair[0], "x", 1, 0) != 1)
        _exit(1);
    peer = pair[0];
}

/* Never comes back. */
static void attempt(const struct thing *thing, uid_t uid)
{
    prepare();
    if (uid)
        verifier_confine(uid);
    _exit(thing->does() >= 0 ? 0 : ERRNO_STATUS + errno);
}

static void try(const struct thing *thing, uid_t uid)
{
    int status;
    pid_t pid;

    victim = fork();
    if (victim == 0) {
        alarm(10);
        pause();
        _exit(0);
    }
    fflush(stdout);
    pid = fork();
    if (pid == 0)
        attempt(thing, uid);
    if (pid < 0 || victim < 0 || waitpid(pid, &status, 0) != pid)
        err(1, "%s", thing->name);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        printf("%s killed\n", thing->name);
    else if (WIFSIGNALED(status))
        printf("%s signal %d\n", thing->name, WTERMSIG(status));
    else if (WEXITSTATUS(status) > ERRNO_STATUS)
        printf("%s fails: %s\n", thing->name, strerror(WEXITSTATUS(status) - ERRNO_STATUS));
    else
        printf("%s %s\n", thing->name, WEXITSTATUS(status) == 0 ? "works" : "not tried");
    (void)kill(victim, SIGKILL);
    (void)waitpid(victim, NULL, 0);
}

static void refuse_filters(int error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    if (!filter || seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0) < 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)error), SCMP_SYS(prctl), 1,
                         SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP)) < 0 ||
        seccomp_load(filter) < 0)
        errx(1, "seccomp");
}

int main(int argc, char **argv)
{
    int as = argc >= 4 && strcmp(argv[1], "as") == 0;

    if (argc >= 4 && strcmp(argv[1], "kernel") == 0) {
        refuse_filters(strcmp(argv[2], "EPERM") == 0 ? EPERM : EINVAL);
        execv(argv[3], argv + 3);
        err(127, "%s", argv[3]);
    }
    if (!as && (argc < 3 || strcmp(argv[1], "free") != 0))
        errx(2, "usage: confined as UID NAME... | free NAME... | kernel ERROR CMD...");
    for (char **name = argv + 2 + as; *name; name++)
        for (size_t i = 0; i < COUNT_OF(things); i++)
            if (strcmp(*name, things[i].kind) == 0 || strcmp(*name, things[i].name) == 0)
                try(&things[i], as ? (uid_t)strtoul(argv[2], NULL, 10) : 0);
    return 0;
}
