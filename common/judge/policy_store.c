#include "judge/policy_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/database.h"
#include "core/fields.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"

#define USUAL_TEXT_MAX 16384 /* so much memory costs a step no new mapping */

/* As database_get; -ENOENT: the account has none. */
static int read_policies(int fd, const char *account, char *text, size_t cap, size_t *ret_len)
{
    char name[POLICY_NAME_LENGTH + 1];
    size_t len;
    int r = database_get(fd, 'p', account, name, sizeof name, &len);

    if (r < 0)
        return r == -ENOBUFS ? -EBADMSG : r;
    if (strlen(name) != POLICY_NAME_LENGTH)
        return -EBADMSG;
    r = database_get(fd, 't', name, text, cap, ret_len);
    return r == -ENOENT ? -EBADMSG : r; /* a name of nothing */
}

static int read_into(int fd, const char *account, size_t cap, struct policy_set *ret)
{
    char *text = malloc(cap);
    size_t len;
    int r;

    if (!text)
        return -ENOMEM;
    r = read_policies(fd, account, text, cap, &len);
    if (r == 0)
        r = policy_set_parse(text, len, ret);
    free(text);
    return r;
}

int policy_of_account_in(int fd, const char *account, struct policy_set *ret)
{
    int r = read_into(fd, account, USUAL_TEXT_MAX, ret);

    if (r == -ENOBUFS)
        r = read_into(fd, account, POLICY_TEXT_MAX + 1, ret);
    if (r != -ENOENT)
        return r;
    *ret = (struct policy_set){0};
    return 0;
}

int policy_of_account(const char *account, struct policy_set *ret)
{
    CLEANUP(close_fd) int fd = -1;
    int r = file_open(PATH_POLICY, &fd);

    return r < 0 ? r : policy_of_account_in(fd, account, ret);
}

static int read_field(struct host_policy *host, const char *key, const char *value)
{
    uint64_t seconds;

    if (strcmp(key, "host-id") == 0)
        return text_copy(host->id, sizeof host->id, value);
    if (strcmp(key, "build") == 0)
        return text_copy(host->build, sizeof host->build, value);
    if (strcmp(key, "sensitivity") == 0)
        return (host->sensitivity = level_parse(value)) == LEVEL_UNSET ? -EBADMSG : 0;
    if (strcmp(key, "mode") == 0)
        return (host->mode = mode_parse(value)) == MODE_UNSET ? -EBADMSG : 0;
    if (strcmp(key, "sudo-approval") == 0) {
        host->sudo_by_arguments = strcmp(value, "argv") == 0;
        return host->sudo_by_arguments || strcmp(value, "required") == 0 ? 0 : -EBADMSG;
    }
    if (strcmp(key, "secret") == 0)
        return secret_name_valid(value) ? secrets_add(&host->secrets, value) : -EBADMSG;
    if (strcmp(key, "keep-home") != 0)
        return -EBADMSG;
    if (text_u64(value, UINT32_MAX, &seconds) < 0)
        return -EBADMSG;
    host->keep_home = (uint32_t)seconds;
    return 0;
}

int host_policy_parse(char *text, size_t len, struct host_policy *ret)
{
    struct host_policy host = {.keep_home = KEEP_HOME_DEFAULT};
    const char *key, *value;
    struct fields fields;
    int r = fields_open(&fields, text, len);

    while (r == 0 && (r = fields_next(&fields, &key, &value)) > 0)
        r = read_field(&host, key, value);
    if (r < 0 || !spiffe_id_valid(host.id))
        return -EBADMSG;
    *ret = host;
    return 0;
}

int policy_host_in(int fd, struct host_policy *ret)
{
    char text[HOST_TEXT_MAX];
    size_t len = 0;
    int r = database_get(fd, 'h', "", text, sizeof text, &len);

    return r < 0 ? r : host_policy_parse(text, len, ret);
}

int policy_host(struct host_policy *ret)
{
    CLEANUP(close_fd) int fd = -1;
    int r = file_open(PATH_POLICY, &fd);

    return r < 0 ? r : policy_host_in(fd, ret);
}

int policy_host_observes(void)
{
    struct host_policy host;
    int r = policy_host(&host);

    return r < 0 ? r : host.mode == MODE_OBSERVE;
}
