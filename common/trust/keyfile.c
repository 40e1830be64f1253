#include "trust/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files.h"
#include "trust/base64url.h"
#include "trust/crypto.h"
#include "trust/sshkey.h"

struct secret {
    char text[KEY_PEM_MAX + 1];
};

static void secret_wipe(struct secret *secret)
{
    crypto_wipe(secret, sizeof *secret);
}

static int check_owner(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 077) != 0)
        return -EPERM;
    return 0;
}

/* The armor of ssh-keygen: base64 in lines. */
static int parse_openssh(const char *text, size_t len, struct key **ret_key)
{
    static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----", end[] = "-----END OPENSSH PRIVATE KEY-----";
    CLEANUP(secret_wipe) struct secret packed, bytes;
    const char *at = text + strlen(begin), *stop;
    size_t packed_len = 0, bytes_len;

    if (len < strlen(begin) || memcmp(text, begin, strlen(begin)) != 0 || !(stop = strstr(at, end)))
        return -EINVAL;
    for (; at < stop; at++)
        if (*at != '\n' && *at != '\r')
            packed.text[packed_len++] = *at;
    if (base64_decode(packed.text, packed_len, bytes.text, sizeof bytes.text, &bytes_len) < 0)
        return -EINVAL;
    return sshkey_parse_private((const unsigned char *)bytes.text, bytes_len, ret_key);
}

int keyfile_load(const char *path, struct key **ret_key)
{
    CLEANUP(secret_wipe) struct secret pem;
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    size_t len = 0;
    int error;

    if (fd < 0)
        return -errno;
    error = check_owner(fd);
    if (!error)
        error = file_read(fd, pem.text, sizeof pem.text, &len);
    if (error)
        return error == -EFBIG ? -E2BIG : error;
    return parse_openssh(pem.text, len, ret_key) == 0 ? 0 : key_parse_private(pem.text, len, ret_key);
}

int keyfile_save(const char *path, const struct key *key)
{
    CLEANUP(secret_wipe) struct secret pem;
    CLEANUP(close_fd) int fd = -1;
    size_t len;
    int error = key_format_private(key, pem.text, sizeof pem.text, &len);

    if (error)
        return error;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    error = write_all(fd, pem.text, len);
    if (!error && fsync(fd) < 0)
        error = -errno;
    if (error)
        unlink(path);
    return error;
}
