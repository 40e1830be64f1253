#include "judge/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"

#define OCSF_AUTHENTICATION 3002
#define OCSF_AUTHORIZE_SESSION 3003
#define SPACE_AHEAD (1 << 20)       /* bytes allocated beyond the end of the log at a time */
#define SYSLOG_MAX 2048             /* bytes of one line; what is longer is cut */
#define SPACE_LOW (16 * RECORD_MAX) /* writers of one moment fit in this */

struct line {
    char *buf;
    size_t cap, len;
    int full;
};

static void put_bytes(struct line *line, const char *bytes, size_t n)
{
    if (line->full || n >= line->cap - line->len) {
        line->full = 1;
        return;
    }
    memcpy(line->buf + line->len, bytes, n);
    line->len += n;
    line->buf[line->len] = '\0';
}

static void put(struct line *line, const char *text)
{
    put_bytes(line, text, strlen(text));
}

/* How many bytes a JSON string holds as they are, in ASCII. */
static size_t plain_length(const unsigned char *s)
{
    size_t n = 0;

    while (s[n] >= 0x20 && s[n] < 0x7f && s[n] != '"' && s[n] != '\\')
        n++;
    return n;
}

/* Length of the UTF-8 sequence at s, or 0 when it is none (RFC 3629). */
static size_t utf8_length(const unsigned char *s)
{
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : (s[0] & 0xf0) == 0xe0       ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;

    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

/* Within a JSON string; bytes that are no UTF-8 become U+FFFD, C1 and format controls stay escaped too. */
static void put_escaped(struct line *line, const char *text)
{
    size_t n;

    for (const unsigned char *at = (const unsigned char *)text; *at; at += n) {
        char escape[8];

        if ((n = plain_length(at)) > 0) {
            put_bytes(line, (const char *)at, n);
        } else if ((n = utf8_length(at)) == 0) {
            put(line, "\\ufffd");
            n = 1;
        } else if (n == 1 || (n == 2 && at[0] == 0xc2 && at[1] < 0xa0)) {
            snprintf(escape, sizeof escape, "\\u%04x", at[n - 1]);
            put(line, escape);
        } else {
            put_bytes(line, (const char *)at, n);
        }
    }
}

static void put_string(struct line *line, const char *text)
{
    put(line, "\"");
    put_escaped(line, text);
    put(line, "\"");
}

static void put_name(struct line *line, const char *name)
{
    if (line->len && line->buf[line->len - 1] != '{')
        put(line, ",");
    put_string(line, name);
    put(line, ":");
}

static void put_member(struct line *line, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    put_name(line, name);
    put_string(line, value);
}

static void put_number(struct line *line, const char *name, long long value)
{
    char digits[32];

    put_name(line, name);
    snprintf(digits, sizeof digits, "%lld", value);
    put(line, digits);
}

/* A word of a command; of one that is secret, what stands before that and a digest. 1: it was. */
static int put_argument(struct line *line, const struct record *record, size_t i)
{
    const char *word = record->argv[i];
    size_t begin = record->secrets ? secret_begins(record->secrets, record->argv, i) : strlen(word);
    char shown[SECRET_NAME_MAX + SECRET_DIGEST_SIZE + 1];

    if (word[begin] == '\0') {
        put_string(line, word);
        return 0;
    }
    memcpy(shown, word, begin); /* the name of an option */
    secret_digest(word + begin, shown + begin);
    put_string(line, shown);
    return 1;
}

/* As many words as fit: escapes count, or a refused command could be made too long to be recorded. How many did not. */
static size_t put_command(struct line *line, const struct record *record)
{
    size_t shown = 0, hidden = 0, argc = record->argc, start;
    int was_full = line->full;

    if (!record->argv)
        return 0;
    put_name(line, "command");
    put(line, "[");
    for (start = line->len; shown < argc; shown++) {
        size_t before = line->len;

        if (shown)
            put(line, ",");
        hidden += (size_t)put_argument(line, record, shown);
        if (line->full != was_full || line->len - start > RECORD_COMMAND_MAX) {
            line->len = before;
            line->full = was_full;
            break;
        }
    }
    put(line, "]");
    if (shown < argc)
        put_number(line, "command_left_out", (long long)(argc - shown));
    if (hidden)
        put_number(line, "command_hidden", (long long)hidden);
    return argc - shown;
}

int record_holds_command(const char *const *argv, size_t argc, const struct secrets *secrets)
{
    const struct record record = {.argv = argv, .argc = argc, .secrets = secrets};
    char buf[RECORD_MAX];
    struct line line = {.buf = buf, .cap = sizeof buf};

    return put_command(&line, &record) == 0;
}

static int is_authorization(const struct record *record)
{
    return text_equal(record->step, "sudo") || text_equal(record->step, "command");
}

int record_format(const struct record *record, const char *reference, long long time_ms, char *buf, size_t cap,
                  size_t *ret_len)
{
    struct line line = {.buf = buf, .cap = cap};

    put(&line, "{");
    put_number(&line, "time", time_ms);
    put_number(&line, "class_uid", is_authorization(record) ? OCSF_AUTHORIZE_SESSION : OCSF_AUTHENTICATION);
    put_number(&line, "activity_id", text_equal(record->step, "close") ? 2 : 1);
    put_number(&line, "status_id", record->reason == REASON_PERMIT ? 1 : 2);
    put_member(&line, "status_code", reason_word(record->reason));
    put(&line, ",\"user\":{");
    put_member(&line, "name", record->account);
    put(&line, "},\"metadata\":{");
    put_member(&line, "uid", reference);
    put_member(&line, "correlation_uid", record->task);
    put(&line, "},\"unmapped\":{");
    put_member(&line, "step", record->step);
    put_member(&line, "phase", record->phase);
    put_member(&line, "service", record->service);
    put_member(&line, "source", record->source);
    put_member(&line, "run_as", record->run_as);
    (void)put_command(&line, record);
    put_member(&line, "agent", record->identity);
    put_member(&line, "delegator", record->delegator);
    put_member(&line, "principal", record->principal);
    put_member(&line, "possession", record->possession);
    put_member(&line, "issuer", record->issuer);
    put_member(&line, "purpose", record->purpose);
    put_member(&line, "rule", record->rule);
    put_member(&line, "rule_where", record->rule_where);
    put_member(&line, "session", record->session);
    put_member(&line, "detail", record->detail);
    if (record->observed) {
        put_name(&line, "observed");
        put(&line, "true");
    }
    put(&line, "}}\n");
    if (line.full)
        return -ENOBUFS;
    *ret_len = line.len;
    return 0;
}

/* --- the log --- */

/* What record_keep() keeps open, else -1. */
static int log_fd = -1, syslog_fd = -1, keeps;
static dev_t log_device;
static ino_t log_inode;

/*
 * Blocks beyond the end of the file, so that an append never finds a full disk half-way. 0 or -errno; a file system
 * that cannot reserve (EOPNOTSUPP) is taken as it is.
 */
static int reserve(int fd, const struct stat *st)
{
    if (st->st_blocks * 512 >= st->st_size + SPACE_LOW)
        return 0;
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, st->st_size, SPACE_AHEAD) == 0 || errno == EOPNOTSUPP)
        return 0;
    return -errno; /* what is left is for the writers that looked at the same moment */
}

static int is_ours(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_uid == 0;
}

static int open_log(struct stat *st, int *ret_fd)
{
    CLEANUP(close_fd) int dir = -1;
    int fd, r = dir_make(PATH_LOG_DIR, 0700, &dir);

    if (r < 0)
        return r;
    fd = openat(dir, "decisions.jsonl", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    if (fstat(fd, st) < 0 || !is_ours(st)) {
        close(fd);
        return -EPERM;
    }
    *ret_fd = fd;
    return 0;
}

static void forget(int *fd)
{
    close_fd(fd);
    *fd = -1;
}

/* The one that is kept where it still has the name: logrotate(8) gives that to another. */
static int find_log(struct stat *st)
{
    int r;

    if (log_fd >= 0 && lstat(PATH_DECISIONS, st) == 0 && st->st_dev == log_device && st->st_ino == log_inode &&
        is_ours(st))
        return 0;
    forget(&log_fd);
    r = open_log(st, &log_fd);
    if (r == 0) {
        log_device = st->st_dev;
        log_inode = st->st_ino;
    }
    return r;
}

static int append_to(int fd, const struct stat *st, const char *text, size_t len)
{
    ssize_t n;
    int r = reserve(fd, st);

    if (r < 0)
        return r;
    n = write(fd, text, len); /* one write: appends of several writers do not mix */
    if (n == (ssize_t)len)
        return 0;
    r = n < 0 ? -errno : -ENOSPC;
    if (n > 0) /* end the torn line where it stands; readers skip what is no JSON */
        (void)!write(fd, "\n", 1);
    return r;
}

static int append(const char *text, size_t len)
{
    struct stat st;
    int r = find_log(&st);

    if (r == 0)
        r = append_to(log_fd, &st, text, len);
    if (!keeps)
        forget(&log_fd);
    return r;
}

/* --- syslog --- */

/* NAME=VALUE for syslog: a name may hold anything, and must not look like a field of its own. */
static void put_word(struct line *line, const char *name, const char *value)
{
    size_t begin;

    put(line, " ");
    put(line, name);
    put(line, "=");
    begin = line->len;
    if (!value || !*value)
        value = "-";
    put_bytes(line, value, strnlen(value, line->cap - 1 - begin)); /* cut, where it is too long */
    for (size_t i = begin; i < line->len; i++)
        if (line->buf[i] <= ' ' || line->buf[i] >= 0x7f || line->buf[i] == '=')
            line->buf[i] = '?';
}

/* syslog(3) may wait for a slow reader and keeps a descriptor; this does neither unasked. */
static void send_syslog(const char *text, size_t len)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};

    if (syslog_fd < 0)
        syslog_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)sendto(syslog_fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&address, sizeof address);
    if (!keeps)
        forget(&syslog_fd);
}

static void tell_syslog(const struct record *record, enum reason reason, const char *reference)
{
    char text[SYSLOG_MAX];
    struct line line = {.buf = text, .cap = sizeof text};
    int level = reason == REASON_PERMIT ? LOG_INFO : LOG_NOTICE;

    if (text_format(text, sizeof text, "<%d>pam_agent[%ld]: %s", LOG_AUTHPRIV | level, (long)getpid(),
                    reason_word(reason)) < 0)
        return;
    line.len = strlen(text);
    put_word(&line, "ref", reference);
    put_word(&line, "step", record->step);
    put_word(&line, "service", record->service);
    put_word(&line, "account", record->account);
    put_word(&line, "session", record->session);
    put_word(&line, "agent", record->identity);
    put_word(&line, "task", record->task);
    send_syslog(text, line.len);
}

void record_keep(int keep)
{
    keeps = keep;
    if (keep)
        return;
    forget(&log_fd);
    forget(&syslog_fd);
}

int record_append(const struct record *record, char *reference)
{
    unsigned char random[(REFERENCE_SIZE - 1) / 2];
    char buf[RECORD_MAX];
    size_t len;
    int r = random_bytes(random, sizeof random);

    if (r < 0)
        return r;
    text_hex(reference, random, sizeof random);
    r = record_format(record, reference, clock_wall_ms(), buf, sizeof buf, &len);
    return r < 0 ? r : append(buf, len);
}

void record_tell(const struct record *record, int appended, const char *reference)
{
    /* What is not recorded is not permitted. */
    tell_syslog(record, appended < 0 && record->reason == REASON_PERMIT ? REASON_RECORD_FAILED : record->reason,
                reference);
}

int record_write(const struct record *record, char *reference)
{
    int r = record_append(record, reference);

    record_tell(record, r, reference);
    return r;
}
