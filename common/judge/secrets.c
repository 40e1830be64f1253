#include "judge/secrets.h"

#include <errno.h>
#include <sha256.h>
#include <stdint.h>
#include <string.h>

#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"

#define KEY_NAME "record-key"
#define KEY_BYTES 32
#define DIGEST_BYTES 8 /* of them */

const struct secrets secrets_all = {.names = {"*"}, .count = 1};

int secret_name_valid(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f || (name[i] == '*' && i != len - 1))
            return 0;
    return len > 0 && len <= SECRET_NAME_MAX && strcmp(name, "*") != 0;
}

int secrets_add(struct secrets *secrets, const char *name)
{
    return secrets->count < SECRETS_MAX ? text_copy(secrets->names[secrets->count++], SECRET_NAME_MAX + 1, name)
                                        : -ENOBUFS;
}

static size_t begins_by(const char *name, const char *before, const char *argument)
{
    size_t len = strlen(name);

    if (name[len - 1] == '*')
        return strncmp(argument, name, len - 1) == 0 ? len - 1 : SIZE_MAX;
    if (before && strcmp(before, name) == 0)
        return 0;
    return strncmp(argument, name, len) == 0 && argument[len] == '=' ? len + 1 : SIZE_MAX;
}

size_t secret_begins(const struct secrets *secrets, const char *const *argv, size_t i)
{
    size_t first = strlen(argv[i]);

    for (size_t name = 0; i > 0 && name < secrets->count; name++) {
        size_t begin = begins_by(secrets->names[name], i > 1 ? argv[i - 1] : NULL, argv[i]);

        if (begin < first)
            first = begin;
    }
    return first;
}

/* Made once; of several makers one wins, and all read it. */
static int read_key(char key[KEY_BYTES + 1])
{
    CLEANUP(close_fd) int dir = -1;
    size_t len = 0;
    int r = dir_open(PATH_STATE_DIR, &dir);

    if (r == 0)
        r = file_read_at(dir, KEY_NAME, key, KEY_BYTES + 1, &len);
    if (r == -ENOENT && dir >= 0) {
        r = random_bytes(key, KEY_BYTES);
        if (r == 0)
            r = file_create_at(dir, KEY_NAME, 0600, key, KEY_BYTES);
        if (r == 0 || r == -EEXIST)
            r = file_read_at(dir, KEY_NAME, key, KEY_BYTES + 1, &len);
    }
    return r < 0 ? r : len == KEY_BYTES ? 0 : -EBADMSG;
}

void secret_digest(const char *text, char ret[SECRET_DIGEST_SIZE])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char key[KEY_BYTES + 1];
    SHA2_CTX ctx;

    strcpy(ret, "sha256:?");
    if (read_key(key) < 0)
        return;
    SHA256Init(&ctx);
    SHA256Update(&ctx, (const uint8_t *)key, KEY_BYTES);
    SHA256Update(&ctx, (const uint8_t *)text, strlen(text));
    SHA256Final(digest, &ctx);
    text_hex(ret + strlen("sha256:"), digest, DIGEST_BYTES);
}
