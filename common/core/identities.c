#include "core/identities.h"

#include <errno.h>
#include <string.h>

#include "core/database.h"
#include "core/fields.h"
#include "core/files.h"
#include "core/text.h"

const char *const unattended_services[UNATTENDED_MAX] = {"cron", "crond", "atd", "systemd-user"};

unsigned unattended_bit(const char *service)
{
    for (unsigned i = 0; i < UNATTENDED_MAX; i++)
        if (strcmp(unattended_services[i], service) == 0)
            return 1u << i;
    return 0;
}

int identities_open(const char *path, int *ret_fd)
{
    return file_open(path, ret_fd);
}

static int u32_value(const char *value, uint32_t *ret)
{
    uint64_t number;

    if (text_u64(value, UINT32_MAX - 1, &number) < 0)
        return -EBADMSG;
    *ret = (uint32_t)number;
    return 0;
}

/* A path as passwd(5) can hold it. */
static int path_valid(const char *path)
{
    if (path[0] != '/')
        return 0;
    for (; *path; path++)
        if ((unsigned char)*path < 0x20 || *path == 0x7f || *path == ':')
            return 0;
    return 1;
}

static int meta_field(struct identities_meta *meta, const char *key, const char *value)
{
    if (strcmp(key, "uid-min") == 0)
        return u32_value(value, &meta->uid_min);
    if (strcmp(key, "uid-max") == 0)
        return u32_value(value, &meta->uid_max);
    if (strcmp(key, "agents-gid") == 0)
        return u32_value(value, &meta->agents_gid);
    if (strcmp(key, "count") == 0)
        return text_u64(value, UINT32_MAX, &meta->count);
    if (strcmp(key, "home-prefix") == 0)
        return text_copy(meta->home_prefix, sizeof meta->home_prefix, value);
    if (strcmp(key, "shell") == 0)
        return text_copy(meta->shell, sizeof meta->shell, value);
    return 0; /* of a later minor version */
}

int identities_meta(int fd, struct identities_meta *ret)
{
    struct identities_meta meta = {0};
    char text[IDENTITY_VALUE_MAX];
    const char *key, *value;
    struct fields fields;
    size_t len;
    int r = database_first(fd, 'm', "", text, sizeof text, &len);

    if (r < 0)
        return r == -ENOENT || r == -ENOBUFS ? -EBADMSG : r;
    if (fields_open(&fields, text, len) < 0)
        return -EBADMSG;
    while ((r = fields_next(&fields, &key, &value)) > 0)
        if (meta_field(&meta, key, value) < 0)
            return -EBADMSG;
    if (r < 0 || meta.uid_min == 0 || meta.uid_max < meta.uid_min || !path_valid(meta.home_prefix) ||
        !path_valid(meta.shell))
        return -EBADMSG;
    *ret = meta;
    return 0;
}

static int take_group(struct identity *identity, const char *value)
{
    uint32_t gid;

    if (identity->group_count == IDENTITY_GROUPS_MAX || u32_value(value, &gid) < 0 || gid == 0)
        return -EBADMSG;
    identity->groups[identity->group_count++] = gid;
    return 0;
}

static int identity_field(struct identity *identity, const char *key, const char *value)
{
    if (strcmp(key, "id") == 0)
        return text_copy(identity->id, sizeof identity->id, value);
    if (strcmp(key, "uid") == 0)
        return u32_value(value, &identity->uid);
    if (strcmp(key, "gid") == 0)
        return u32_value(value, &identity->gid);
    if (strcmp(key, "home") == 0)
        return text_copy(identity->home, sizeof identity->home, value);
    if (strcmp(key, "shell") == 0)
        return text_copy(identity->shell, sizeof identity->shell, value);
    if (strcmp(key, "keep-seconds") == 0)
        return u32_value(value, &identity->keep_seconds);
    if (strcmp(key, "group") == 0)
        return take_group(identity, value);
    if (strcmp(key, "disabled") == 0)
        identity->disabled = 1;
    if (strcmp(key, "local") == 0)
        identity->local = identity->keep_home = 1;
    if (strcmp(key, "keep-home") == 0)
        identity->keep_home = 1;
    if (strcmp(key, "human-use") == 0)
        identity->human_use = 1;
    if (strcmp(key, "unattended") == 0)
        identity->unattended |= unattended_bit(value);
    return 0;
}

static int identity_parse(const char *account, char *text, size_t len, struct identity *identity)
{
    const char *key, *value;
    struct fields fields;
    int r;

    memset(identity, 0, sizeof *identity);
    if (!account_name_valid(account) || text_copy(identity->account, sizeof identity->account, account) < 0 ||
        fields_open_bare(&fields, text, len) < 0)
        return -EBADMSG;
    while ((r = fields_next(&fields, &key, &value)) > 0)
        if (identity_field(identity, key, value) < 0)
            return -EBADMSG;
    return r < 0 || identity->uid == 0 || !spiffe_pattern_valid(identity->id) ? -EBADMSG : 0;
}

static int home_format(char *home, size_t cap, const char *prefix, const char *account)
{
    size_t len = strlen(prefix);

    if (text_copy(home, cap, prefix) < 0 || text_copy(home + len, cap - len, "/") < 0)
        return -EBADMSG;
    return text_copy(home + len + 1, cap - len - 1, account) < 0 ? -EBADMSG : 0;
}

/* What the record leaves out follows from the account and the meta record. */
static int identity_complete(const struct identities_meta *meta, struct identity *identity)
{
    if (identity->gid == 0)
        identity->gid = identity->uid;
    if (!identity->home[0] &&
        home_format(identity->home, sizeof identity->home, meta->home_prefix, identity->account) < 0)
        return -EBADMSG;
    if (!identity->shell[0] && text_copy(identity->shell, sizeof identity->shell, meta->shell) < 0)
        return -EBADMSG;
    return path_valid(identity->home) && path_valid(identity->shell) ? 0 : -EBADMSG;
}

int identity_read(const struct identities_meta *meta, const char *account, char *value, size_t len,
                  struct identity *ret)
{
    int r = identity_parse(account, value, len, ret);

    return r < 0 ? r : identity_complete(meta, ret);
}

static int by_account(int fd, const struct identities_meta *meta, const char *account, struct identity *ret)
{
    char text[IDENTITY_VALUE_MAX];
    size_t len;
    int r;

    if (!account_name_valid(account))
        return -ENOENT;
    r = database_get(fd, 'n', account, text, sizeof text, &len);
    if (r < 0)
        return r == -ENOBUFS ? -EBADMSG : r;
    return identity_read(meta, account, text, len, ret);
}

/* Follow a key whose value is an account. */
static int by_pointer(int fd, const struct identities_meta *meta, char kind, const char *key, struct identity *ret)
{
    char account[ACCOUNT_NAME_MAX + 1];
    size_t len;
    int r = database_get(fd, kind, key, account, sizeof account, &len);

    if (r < 0)
        return r == -ENOBUFS ? -EBADMSG : r;
    if (strlen(account) != len)
        return -EBADMSG;
    r = by_account(fd, meta, account, ret);
    return r == -ENOENT ? -EBADMSG : r; /* a pointer to nothing */
}

static int by_number(int fd, const struct identities_meta *meta, char kind, uint64_t number, struct identity *ret)
{
    char key[TEXT_DECIMAL_MAX + 1];

    text_decimal(key, number);
    return by_pointer(fd, meta, kind, key, ret);
}

static int by_spiffe(int fd, const struct identities_meta *meta, const char *id, struct identity *ret)
{
    int r = by_pointer(fd, meta, 's', id, ret);

    return r == 0 && strcmp(ret->id, id) != 0 ? -EBADMSG : r;
}

/*
 * Each lookup reads the meta record first: only a database of this version, whole enough to have one, can say that
 * an entry is absent.
 */
int identities_by_account(int fd, const char *account, struct identity *ret)
{
    struct identities_meta meta;
    int r = identities_meta(fd, &meta);

    return r < 0 ? r : by_account(fd, &meta, account, ret);
}

int identities_by_uid(int fd, uint32_t uid, struct identity *ret)
{
    struct identities_meta meta;
    int r = identities_meta(fd, &meta);

    if (r < 0)
        return r;
    r = by_number(fd, &meta, 'u', uid, ret);
    return r == 0 && ret->uid != uid ? -EBADMSG : r;
}

int identities_at(int fd, uint64_t position, struct identity *ret)
{
    struct identities_meta meta;
    int r = identities_meta(fd, &meta);

    if (r < 0)
        return r;
    if (position >= meta.count || position >= IDENTITIES_LISTED)
        return -ENOENT;
    r = by_number(fd, &meta, 'i', position, ret);
    return r == -ENOENT ? -EBADMSG : r;
}

int identities_by_spiffe(int fd, const char *id, struct identity *ret)
{
    struct identities_meta meta;
    char pattern[SPIFFE_ID_MAX + 1];
    const char *domain;
    char *slash;
    int r = identities_meta(fd, &meta);

    if (r < 0)
        return r;
    if (!spiffe_id_valid(id))
        return -ENOENT;
    r = by_spiffe(fd, &meta, id, ret);
    if (r != -ENOENT || text_copy(pattern, sizeof pattern, id) < 0)
        return r;
    /* From the longest pattern to the shortest: replace the last segment, which is not empty, by "*", then drop it. */
    (void)spiffe_trust_domain(id, &domain);
    while ((slash = strrchr(pattern, '/')) && slash > pattern + (domain - id)) {
        strcpy(slash, "/*");
        r = by_spiffe(fd, &meta, pattern, ret);
        if (r != -ENOENT)
            return r;
        *slash = '\0';
    }
    return -ENOENT;
}
