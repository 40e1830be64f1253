#include "judge/policy_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/database.h"
#include "core/fields.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"

#define HOST_TEXT_MAX 8192

int policy_of_account(const char *account, struct policy_set *ret)
{
    CLEANUP(close_fd) int fd = -1;
    struct stat st;
    char *text;
    size_t len, cap;
    int r = file_open(PATH_POLICY, &fd);

    if (r < 0)
        return r;
    if (fstat(fd, &st) < 0)
        return -errno;
    cap = st.st_size < POLICY_TEXT_MAX ? (size_t)st.st_size + 1
                                       : POLICY_TEXT_MAX + 1; /* a value is not longer than its file */
    text = malloc(cap);
    if (!text)
        return -ENOMEM;
    r = database_get(fd, 'p', account, text, cap, &len);
    if (r == 0)
        r = policy_set_parse(text, len, ret);
    else if (r == -ENOENT) {
        *ret = (struct policy_set){0};
        r = 0;
    }
    free(text);
    return r;
}

int policy_host_id(char *buf, size_t cap)
{
    CLEANUP(close_fd) int fd = -1;
    char text[HOST_TEXT_MAX];
    const char *key, *value;
    struct fields fields;
    size_t len;
    int r = file_open(PATH_POLICY, &fd);

    if (r == 0)
        r = database_get(fd, 'h', "", text, sizeof text, &len);
    if (r == 0)
        r = fields_open(&fields, text, len);
    while (r == 0 && (r = fields_next(&fields, &key, &value)) > 0) {
        if (strcmp(key, "host-id") == 0)
            return text_copy(buf, cap, value);
        r = 0;
    }
    return r < 0 ? r : -EBADMSG;
}
