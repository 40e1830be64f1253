/*
 * Fuzz target: policy.cdb and anchors.cdb as whole files, whose every number may lie. What a lookup gives is a value within its buffer, read
 * twice the same, and goes to the reader that it is for. fuzz_identities does the same with identities.cdb.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay.h"
#include "core/compat.h"
#include "core/database.h"
#include "core/files.h"
#include "core/names.h"
#include "judge/policy.h"
#include "judge/policy_store.h"
#include "trust/anchors.h"

#define KEY_BEYOND (SPIFFE_ID_MAX + 1)

/* The length of the value, which is in a new block of just that size and a NUL, or -1. */
static int get(int fd, char kind, const char *key, char **ret)
{
    char *text = malloc(INPUT_MAX + 1);
    size_t len = 0, same = 0;
    int r;

    must(text != NULL);
    r = database_get(fd, kind, key, text, INPUT_MAX + 1, &len);
    must(r == 0 || r == -ENOENT || r == -EBADMSG || r == -ENOBUFS);
    if (r == 0) {
        must(len <= INPUT_MAX && text[len] == '\0');
        text = realloc(text, len + 1);
        must(text != NULL);
        must(len == 0 || database_get(fd, kind, key, text, len, &same) == -ENOBUFS);
        must(database_get(fd, kind, key, text, len + 1, &same) == 0 && same == len);
        *ret = text;
        return (int)len;
    }
    free(text);
    return -1;
}

static void look(int fd)
{
    struct host_policy host;
    struct anchors *anchors = NULL;
    struct policy_set set;
    char beyond[KEY_BEYOND + 1], *text;
    int len = get(fd, 'p', "agent-deploy", &text);

    if (len >= 0) {
        if (policy_set_parse(text, (size_t)len, &set) == 0)
            policy_set_clear(&set);
        free(text);
    }
    len = get(fd, 'h', "", &text);
    if (len >= 0) {
        if (host_policy_parse(text, (size_t)len, &host) == 0)
            must(spiffe_id_valid(host.id));
        free(text);
    }
    len = get(fd, 'a', "", &text);
    if (len >= 0) {
        if (anchors_parse(text, (size_t)len, &anchors) == 0)
            anchors_free(anchors);
        free(text);
    }
    if (get(fd, 'k', "corp-sts/x/example.org", &text) >= 0)
        free(text);
    if (get(fd, 'c', "", &text) >= 0)
        free(text);
    memset(beyond, 'a', KEY_BEYOND);
    beyond[KEY_BEYOND] = '\0';
    must(database_get(fd, 'p', beyond, beyond, sizeof beyond, &(size_t){0}) == -ENAMETOOLONG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *file;

    if (!file)
        file = tmpfile();
    must(file != NULL);
    must(ftruncate(fileno(file), 0) == 0 && lseek(fileno(file), 0, SEEK_SET) == 0);
    must(write_all(fileno(file), data, size < INPUT_MAX ? size : INPUT_MAX) == 0);
    look(fileno(file));
    return 0;
}
