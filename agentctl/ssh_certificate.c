#include "agentctl/ssh_certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agentctl/host.h"
#include "agentctl/program.h"
#include "agentctl/say.h"
#include "core/files.h"
#include "core/text.h"
#include "trust/sshkey.h"

#define LINE_MAX_BYTES 262144
#define OPTION_MAX 100000 /* bytes of one argument, below the kernel's 131072 (MAX_ARG_STRLEN) */

/* A directory of one's own, since ssh-keygen puts a certificate beside the public key. */
struct place {
    char dir[64], key[80], cert[96];
};

static int make_place(struct place *place)
{
    strcpy(place->dir, "/tmp/agentctl.XXXXXX");
    if (!mkdtemp(place->dir))
        return -errno;
    snprintf(place->key, sizeof place->key, "%s/key.pub", place->dir);
    snprintf(place->cert, sizeof place->cert, "%s/key-cert.pub", place->dir);
    return 0;
}

static void remove_place(const struct place *place)
{
    (void)unlink(place->key);
    (void)unlink(place->cert);
    (void)rmdir(place->dir);
}

static int write_key(const struct place *place, const struct key *holder)
{
    CLEANUP(close_fd) int fd = -1;
    char line[SSHKEY_LINE_MAX];
    int r = sshkey_format_line(holder, line, sizeof line - 1);

    if (r < 0)
        return r;
    strcat(line, "\n");
    fd = open(place->key, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : write_all(fd, line, strlen(line));
}

/* YYYYMMDDHHMMSS, in UTC as TZ says. */
static int format_utc(int64_t when, char *buf, size_t cap)
{
    time_t seconds = (time_t)when;
    struct tm tm;

    return gmtime_r(&seconds, &tm) && strftime(buf, cap, "%Y%m%d%H%M%S", &tm) > 0 ? 0 : -EINVAL;
}

static int sign(const struct ssh_certificate *certificate, const struct place *place)
{
    char from[16], until[16], validity[40], serial[24], key_id[600], output[4096];
    char *option = malloc(OPTION_MAX);
    const struct program program = {
        .argv = {"ssh-keygen", "-q", "-s", certificate->ca, "-I", key_id, "-n", certificate->account, "-z", serial,
                 "-V", validity, "-O", "clear", "-O", option, place->key},
        .env = {"TZ=UTC"},
    };
    uint64_t number = 0;
    int status, r = option ? random_bytes(&number, sizeof number) : -ENOMEM;

    if (r == 0)
        r = text_format(option, OPTION_MAX, "extension:%s=%s", certificate->extension, certificate->value);
    if (r == 0)
        r = text_format(key_id, sizeof key_id, "agent %s task %s", certificate->account, certificate->task);
    if (r == 0)
        r = format_utc(certificate->from, from, sizeof from);
    if (r == 0)
        r = format_utc(certificate->until, until, sizeof until);
    if (r == 0) {
        snprintf(validity, sizeof validity, "%s:%s", from, until);
        snprintf(serial, sizeof serial, "%llu", (unsigned long long)(number >> 1 | 1));
        r = program_run(&program, output, sizeof output, &status);
    }
    free(option);
    if (r == 0 && status == 0)
        return 0;
    complain("not issued: ssh-keygen: %s", r < 0 ? strerror(-r) : output);
    return r < 0 ? r : -EIO;
}

static int read_line(const struct place *place, char **ret_line)
{
    char *line = malloc(LINE_MAX_BYTES);
    size_t len;
    int r = line ? read_input(place->cert, line, LINE_MAX_BYTES, &len) : -ENOMEM;

    if (r < 0) {
        complain("not issued: the certificate cannot be read: %s", strerror(-r));
        free(line);
        return r;
    }
    line[strcspn(line, "\n")] = '\0';
    *ret_line = line;
    return 0;
}

int ssh_certificate_make(const struct ssh_certificate *certificate, char **ret_line)
{
    struct place place;
    int r = make_place(&place);

    if (r == 0) {
        r = write_key(&place, certificate->holder);
        if (r < 0)
            complain("not issued: %s: %s", place.key, strerror(-r));
        if (r == 0)
            r = sign(certificate, &place);
        if (r == 0)
            r = read_line(&place, ret_line);
        remove_place(&place);
    } else {
        complain("not issued: no directory below /tmp: %s", strerror(-r));
    }
    return r;
}
