/*
 * memo: leaves notes where one process of a host may find those of another, in keyrings and System V and POSIX IPC, all of them
 * with the rights of a careless author, and looks for them. NAME begins with a slash.
 *
 *     memo put NAME       leaves them, and says where
 *     memo get NAME       says where it finds them
 *     memo fill NAME      uses up its quota of keys in the persistent keyring, for twelve seconds
 *     memo listen NAME    an abstract unix socket: says who connects, and lets go
 *     memo ask NAME       connects to it, and says who listens, or why not
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define EVERYBODY 0x3f3f3f3f

static const char *name;

static int note(const char *verb, const char *where, int yes)
{
    if (yes)
        printf("%s %s\n", verb, where);
    return yes;
}

static void put_key(const char *where, long keyring)
{
    long key = keyring ? syscall(SYS_add_key, "user", name, "note", 4, keyring) : -1;

    if (note("left", where, key >= 0))
        (void)syscall(SYS_keyctl, KEYCTL_SETPERM, key, EVERYBODY);
}

static void get_key(const char *where, long keyring)
{
    note("found", where, syscall(SYS_keyctl, KEYCTL_SEARCH, keyring, "user", name, 0) >= 0);
}

static key_t ipc_key(void)
{
    unsigned long sum = 5381;

    for (const char *at = name; *at; at++)
        sum = sum * 33 + (unsigned char)*at;
    return (key_t)(sum & 0x7fffffff) | 1;
}

static long persistent(void)
{
    long keyring = syscall(SYS_keyctl, KEYCTL_GET_PERSISTENT, -1, KEY_SPEC_PROCESS_KEYRING);

    return keyring < 0 ? 0 : keyring;
}

static void fill(void)
{
    static const char filler[3000];
    char description[32];
    long keyring = persistent(), key = 0,
         last = keyring ? syscall(SYS_add_key, "user", "last", filler, 1, keyring) : -1;
    int count = 0;

    for (size_t len = sizeof filler; keyring && len > 0; len = key < 0 ? len / 2 : len) {
        sprintf(description, "filler-%d", count);
        key = syscall(SYS_add_key, "user", description, filler, len, keyring);
        if (key >= 0 && syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, key, 12) == 0)
            count++;
    }
    for (size_t len = 2; last >= 0 && syscall(SYS_keyctl, KEYCTL_UPDATE, last, filler, len) == 0; len++)
        ; /* to the last byte */
    note("filled", "the quota", count > 0 && syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, last, 12) == 0);
}

static void put(void)
{
    put_key("user keyring", KEY_SPEC_USER_KEYRING);
    put_key("user session keyring", KEY_SPEC_USER_SESSION_KEYRING);
    put_key("persistent keyring", persistent());
    note("left", "shared memory", shmget(ipc_key(), 4096, IPC_CREAT | 0600) >= 0);
    note("left", "semaphore", semget(ipc_key(), 1, IPC_CREAT | 0600) >= 0);
    note("left", "message queue", msgget(ipc_key(), IPC_CREAT | 0600) >= 0);
    note("left", "POSIX queue", syscall(SYS_mq_open, name + 1, O_CREAT | O_RDWR, 0600, NULL) >= 0);
}

static void get(void)
{
    get_key("user keyring", KEY_SPEC_USER_KEYRING);
    get_key("user session keyring", KEY_SPEC_USER_SESSION_KEYRING);
    get_key("persistent keyring", persistent());
    note("found", "shared memory", shmget(ipc_key(), 0, 0400) >= 0);
    note("found", "semaphore", semget(ipc_key(), 0, 0400) >= 0);
    note("found", "message queue", msgget(ipc_key(), 0400) >= 0);
    note("found", "POSIX queue", syscall(SYS_mq_open, name + 1, O_RDONLY) >= 0);
    puts("looked");
}

static void say_peer(int fd)
{
    struct ucred peer = {0};
    socklen_t len = sizeof peer;

    (void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
    printf("uid %lu\n", (unsigned long)peer.uid);
    fflush(stdout);
}

static int talk(int listens)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", name);
    if (!listens) {
        if (connect(fd, (struct sockaddr *)&address, len) < 0) {
            printf("not reached: %s\n", strerror(errno));
            return 1;
        }
        say_peer(fd);
        return 0;
    }
    if (bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 1) < 0)
        return 1;
    for (;;) {
        int client = accept(fd, NULL, NULL);

        say_peer(client);
        close(client);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    name = argv[2];
    if (strcmp(argv[1], "put") == 0)
        put();
    else if (strcmp(argv[1], "get") == 0)
        get();
    else if (strcmp(argv[1], "fill") == 0)
        fill();
    else
        return talk(strcmp(argv[1], "listen") == 0);
    return 0;
}
