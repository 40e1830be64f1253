/* Writes identities.cdb for tests and measurements, as `agentctl apply` would. Any failure ends the program. */
#ifndef PAM_AGENT_TESTS_IDENTITIES_MAKER_H
#define PAM_AGENT_TESTS_IDENTITIES_MAKER_H

#include <cdb.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fields.h"
#include "core/identities.h"

#define MAKER_UID_MIN 70000
#define MAKER_HOMES "/var/lib/agents"
#define MAKER_SHELL "/bin/sh"

struct maker {
    const char *path;
    char hidden[4096];
    int fd;
    struct cdb_make cdb;
    unsigned long added;
};

static inline void maker_put(struct maker *maker, char kind, const char *key, const void *value, size_t len)
{
    char full[SPIFFE_ID_MAX + 2];
    int key_len = snprintf(full, sizeof full, "%c%s", kind, key);

    if (cdb_make_add(&maker->cdb, full, (unsigned)key_len, value, (unsigned)len) < 0)
        err(1, "%s", maker->hidden);
}

static inline void maker_point(struct maker *maker, char kind, const char *key, const char *account)
{
    maker_put(maker, kind, key, account, strlen(account));
}

/* skip: what of the text is not stored. */
static inline void maker_fields(struct maker *maker, char kind, const char *key, struct fields_writer *fields,
                                size_t skip)
{
    size_t len;

    if (fields_end(fields, &len) < 0)
        errx(1, "%c%s: does not fit", kind, key);
    maker_put(maker, kind, key, fields->buf + skip, len - skip);
}

static inline struct identities_meta maker_meta(uint64_t count, uint32_t agents_gid)
{
    struct identities_meta meta = {
        .uid_min = MAKER_UID_MIN, .uid_max = UINT32_MAX - 1, .agents_gid = agents_gid, .count = count};

    strcpy(meta.home_prefix, MAKER_HOMES);
    strcpy(meta.shell, MAKER_SHELL);
    return meta;
}

static inline void maker_begin(struct maker *maker, const char *path, const struct identities_meta *meta)
{
    char text[IDENTITY_VALUE_MAX];
    struct fields_writer fields;

    memset(maker, 0, sizeof *maker);
    maker->path = path;
    snprintf(maker->hidden, sizeof maker->hidden, "%s.new", path);
    maker->fd = open(maker->hidden, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (maker->fd < 0 || fchmod(maker->fd, 0644) < 0 || cdb_make_start(&maker->cdb, maker->fd) < 0)
        err(1, "%s", maker->hidden);
    fields_begin(&fields, text, sizeof text);
    fields_put_u64(&fields, "uid-min", meta->uid_min);
    fields_put_u64(&fields, "uid-max", meta->uid_max);
    if (meta->agents_gid)
        fields_put_u64(&fields, "agents-gid", meta->agents_gid);
    fields_put(&fields, "home-prefix", meta->home_prefix);
    fields_put(&fields, "shell", meta->shell);
    fields_put_u64(&fields, "count", meta->count);
    maker_fields(maker, 'm', "", &fields, 0);
}

/* gid 0 and an empty home or shell stand for what follows from the meta record. */
static inline void maker_add(struct maker *maker, const struct identity *identity)
{
    char text[IDENTITY_VALUE_MAX], number[24];
    struct fields_writer fields;
    size_t version_line;

    fields_begin(&fields, text, sizeof text);
    version_line = fields.len;
    fields_put(&fields, "id", identity->id);
    fields_put_u64(&fields, "uid", identity->uid);
    if (identity->gid)
        fields_put_u64(&fields, "gid", identity->gid);
    fields_put(&fields, "home", identity->home[0] ? identity->home : NULL);
    fields_put(&fields, "shell", identity->shell[0] ? identity->shell : NULL);
    fields_put(&fields, "disabled", identity->disabled ? "1" : NULL);
    fields_put(&fields, "local", identity->local ? "1" : NULL);
    fields_put(&fields, "keep-home", identity->keep_home && !identity->local ? "1" : NULL);
    if (identity->keep_seconds)
        fields_put_u64(&fields, "keep-seconds", identity->keep_seconds);
    if (identity->human_use)
        fields_put(&fields, "human-use", "1");
    for (unsigned i = 0; i < UNATTENDED_MAX; i++)
        if (identity->unattended & 1u << i)
            fields_put(&fields, "unattended", unattended_services[i]);
    for (size_t i = 0; i < identity->group_count; i++)
        fields_put_u64(&fields, "group", identity->groups[i]);
    maker_fields(maker, 'n', identity->account, &fields, version_line);
    snprintf(number, sizeof number, "%u", identity->uid);
    maker_point(maker, 'u', number, identity->account);
    maker_point(maker, 's', identity->id, identity->account);
    snprintf(number, sizeof number, "%lu", maker->added);
    if (maker->added++ < IDENTITIES_LISTED)
        maker_point(maker, 'i', number, identity->account);
}

/* The file stands whole under its name, or the old one does. */
static inline void maker_end(struct maker *maker)
{
    if (cdb_make_finish(&maker->cdb) < 0 || close(maker->fd) < 0 || rename(maker->hidden, maker->path) < 0)
        err(1, "%s", maker->path);
}

/* The identity of this number: accounts agent-0, agent-1 ..., the first uid after the two reserved ones. */
static inline struct identity maker_numbered(unsigned long number)
{
    struct identity identity = {.uid = (uint32_t)(MAKER_UID_MIN + 2 + number)};

    snprintf(identity.account, sizeof identity.account, "agent-%lu", number);
    snprintf(identity.id, sizeof identity.id, "spiffe://example.org/agent/%lu", number);
    return identity;
}

static inline void maker_make(const char *path, unsigned long count, uint32_t agents_gid)
{
    struct identities_meta meta = maker_meta(count, agents_gid);
    struct maker maker;

    maker_begin(&maker, path, &meta);
    for (unsigned long i = 0; i < count; i++) {
        struct identity identity = maker_numbered(i);

        maker_add(&maker, &identity);
    }
    maker_end(&maker);
}

#endif
