#include "ask/ask.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ask/outcome.h"
#include "ask/packet.h"
#include "core/files.h"
#include "core/names.h"
#include "core/paths.h"
#include "core/text.h"

#define SESSIONS_MAX 64
#define TRIES 8
#define AWAKE_US 200 /* an answer is mostly there by then, and to be woken for it takes a while, too */
#define ANSWER_MAX 4096

/* The question as it is sent to one guard after another. */
struct packet {
    char *text;
    size_t len;
    int64_t deadline; /* over all guards */
};

static void packet_clear(struct packet *packet)
{
    free(packet->text);
}

static int packet_make(const struct question *question, struct packet *ret)
{
    ret->deadline = deadline_in(ASK_TIMEOUT_MS);
    ret->len = 0;
    ret->text = malloc(MESSAGE_MAX);
    return ret->text ? question_write(question, ret->text, MESSAGE_MAX, &ret->len) : -ENOMEM;
}

/* A blocking connect with a time limit: an agent may fill its own guard's queue, where a non-blocking one fails at once. */
static int connect_by(int fd, const struct sockaddr_un *address, int64_t deadline)
{
    for (;;) {
        int left = deadline_left(deadline);
        struct timeval limit = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};

        if (left == 0)
            return -ETIMEDOUT;
        if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0)
            return -errno;
        if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
            return 0;
        if (errno != EINTR)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
    }
}

/* Connect to a socket whose listener must be root. -ECONNREFUSED or -ENOENT: it is no more. */
static int root_connect(const struct sockaddr_un *address, int64_t deadline, int *ret_fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), r;

    if (fd < 0)
        return -errno;
    r = connect_by(fd, address, deadline);
    if (r == 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        r = -errno;
    if (r == 0 && peer.uid != 0)
        r = -EPERM;
    if (r < 0) {
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

static int guard_connect(const char *session, int64_t deadline, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (!session_id_valid(session) ||
        text_format(address.sun_path, sizeof address.sun_path, PATH_RUN "/ctl/%s", session) < 0)
        return -EINVAL;
    return root_connect(&address, deadline, ret_fd);
}

int ask_session_connect(const char *session, int timeout_ms, int *ret_fd)
{
    return guard_connect(session, deadline_in(timeout_ms), ret_fd);
}

int ask_own_connect(uid_t uid, const char *session, int timeout_ms, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (!session_id_valid(session) ||
        text_format(address.sun_path, sizeof address.sun_path, ASK_OWN_DIR "/%lu/%s", (unsigned long)uid, session) < 0)
        return -EINVAL;
    return root_connect(&address, deadline_in(timeout_ms), ret_fd);
}

int ask_is_guarded(const char *session)
{
    CLEANUP(close_fd) int fd = -1;

    return guard_connect(session, deadline_in(ASK_TIMEOUT_MS / 4), &fd) == 0;
}

/* 1: the guard answered for this session; 0: "elsewhere"; -errno. */
static int consult_once(const char *session, const struct packet *packet, struct outcome *ret)
{
    CLEANUP(close_fd) int fd = -1;
    struct answer answer;
    char text[ANSWER_MAX];
    size_t len;
    int r = guard_connect(session, packet->deadline, &fd);

    if (r == 0)
        r = packet_send(fd, packet->text, packet->len, packet->deadline);
    if (r == 0) {
        packet_look(fd, AWAKE_US);
        r = packet_receive(fd, text, sizeof text, packet->deadline, &len);
    }
    if (r == 0)
        r = answer_read(text, len, &answer);
    if (r < 0)
        return r;
    if (text_equal(answer.verdict, "elsewhere"))
        return 0;
    outcome_of_answer(&answer, ret);
    return 1;
}

/* The same. Who could not ask at once, for want of a processor, may have lost its place to others; a guard that is gone refuses the next try. */
static int consult(const char *session, const struct packet *packet, struct outcome *ret)
{
    int r = -EPIPE;

    for (int tries = 0; (r == -EPIPE || r == -ECONNRESET) && tries < TRIES; tries++)
        r = consult_once(session, packet, ret);
    return r;
}

/* The directory that lists the sessions of a uid, each step of the way root's alone. */
static int open_index(uid_t uid, int *ret_fd)
{
    char own[64];
    const char *const way[] = {PATH_RUN, PATH_RUN "/by", PATH_RUN "/by/uid", own, NULL};
    int r = text_format(own, sizeof own, PATH_RUN "/by/uid/%lu", (unsigned long)uid);

    return r < 0 ? r : dir_open_below(way, ret_fd);
}

/* What stays true until a guard claims the asker: the worst that was seen. */
static int consult_all(DIR *index, const struct packet *packet, char *claimant, struct outcome *ret)
{
    const struct dirent *entry;
    int failed = 0;

    for (int asked = 0; asked < SESSIONS_MAX && (entry = readdir(index));) {
        int r;

        if (!session_id_valid(entry->d_name))
            continue;
        asked++;
        r = consult(entry->d_name, packet, ret);
        if (r > 0) {
            (void)!text_copy(claimant, SESSION_ID_LENGTH + 1, entry->d_name); /* it is valid */
            return 1;
        }
        /* A guard that has gone, also in the middle of the question, claims nobody. */
        if (r < 0 && r != -ENOENT && r != -ECONNREFUSED && r != -EPIPE && r != -ECONNRESET && r != -EPERM)
            failed = r;
    }
    if (failed == 0)
        return 0;
    outcome_fail(ret, failed);
    return 1;
}

int ask_guard(uid_t uid, char claimant[SESSION_ID_LENGTH + 1], const struct question *question, struct outcome *ret)
{
    CLEANUP(packet_clear) struct packet packet = {0};
    int made = packet_make(question, &packet), fd, r;
    DIR *index;

    if (made == 0 && claimant[0] && consult(claimant, &packet, ret) > 0)
        return 1;
    outcome_refuse(ret, REASON_INTERNAL);
    r = open_index(uid, &fd);
    if (r < 0 && r != -EMFILE && r != -ENOMEM) {
        outcome_refuse(ret, REASON_SESSION_NOT_FOUND); /* no index, or none that root made: nobody is in a session */
        return 0;
    }
    if (r < 0)
        return 1;
    index = fdopendir(fd);
    if (!index) {
        close(fd);
        return 1;
    }
    if (made < 0) {
        outcome_fail(ret, made);
        r = 1;
    } else {
        r = consult_all(index, &packet, claimant, ret);
    }
    closedir(index);
    if (r == 0)
        outcome_refuse(ret, REASON_SESSION_NOT_FOUND);
    return r;
}

void ask_session(const char *session, const struct question *question, struct outcome *ret)
{
    CLEANUP(packet_clear) struct packet packet = {0};
    int r;

    outcome_refuse(ret, REASON_INTERNAL);
    r = packet_make(question, &packet);
    if (r == 0)
        r = consult(session, &packet, ret);
    if (r == -ENOENT || r == -ECONNREFUSED || r == 0)
        outcome_refuse(ret, REASON_SESSION_NOT_FOUND);
    else if (r < 0)
        outcome_fail(ret, r);
}

int ask_report_begin(const char *session, const char *step, int timeout_ms, int *ret_fd)
{
    CLEANUP(packet_clear) struct packet packet = {0};
    const struct question question = {.step = step};
    int r = packet_make(&question, &packet), fd;

    packet.deadline = deadline_in(timeout_ms);
    if (r == 0)
        r = guard_connect(session, packet.deadline, &fd);
    if (r < 0)
        return r;
    r = packet_send(fd, packet.text, packet.len, packet.deadline);
    if (r < 0)
        close(fd);
    else
        *ret_fd = fd;
    return r;
}

int ask_report_end(int fd, int timeout_ms, struct report *ret)
{
    struct answer answer;
    char text[ANSWER_MAX];
    size_t len;
    int r = packet_receive(fd, text, sizeof text, deadline_in(timeout_ms), &len);

    close(fd);
    if (r == 0)
        r = answer_read(text, len, &answer);
    if (r == 0)
        r = report_of_answer(&answer, ret);
    return r;
}

int ask_report(const char *session, const char *step, int timeout_ms, struct report *ret)
{
    int64_t deadline = deadline_in(timeout_ms);
    int fd, r = ask_report_begin(session, step, timeout_ms, &fd);

    return r < 0 ? r : ask_report_end(fd, deadline_left(deadline), ret);
}
