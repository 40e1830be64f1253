#include "agentctl/compile.h"

#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/compile_database.h"
#include "agentctl/config_here.h"
#include "agentctl/config_overlap.h"
#include "core/fields.h"
#include "core/identities.h"
#include "core/names.h"
#include "core/text.h"
#include "judge/anchor_store.h"
#include "judge/policy_store.h"
#include "trust/anchors.h"
#include "trust/jwk.h"

/* --- identities.cdb --- */

static void put_meta(struct database_maker *maker, const struct config *config, const struct accounts *accounts,
                     const char *shell, uint32_t agents_gid)
{
    char text[IDENTITY_VALUE_MAX];
    struct fields_writer w;
    size_t len;
    int r;

    fields_begin(&w, text, sizeof text);
    fields_put_u64(&w, "uid-min", config->host.uid_min);
    fields_put_u64(&w, "uid-max", config->host.uid_max);
    if (agents_gid)
        fields_put_u64(&w, "agents-gid", agents_gid);
    fields_put(&w, "home-prefix", config->host.home_prefix);
    fields_put(&w, "shell", shell);
    fields_put_u64(&w, "count", accounts->count);
    r = fields_end(&w, &len);
    if (r < 0)
        maker->error = r;
    else
        database_put(maker, 'm', "", text, len);
}

static void put_account(struct database_maker *maker, const struct account *account)
{
    char text[IDENTITY_VALUE_MAX];
    struct fields_writer w = {.buf = text, .cap = sizeof text}; /* no version line: the meta record has it */
    size_t len;
    int r;

    fields_put(&w, "id", account->id);
    fields_put_u64(&w, "uid", account->uid);
    if (account->gid != account->uid)
        fields_put_u64(&w, "gid", account->gid);
    fields_put(&w, "home", account->home);
    fields_put(&w, "shell", account->shell);
    if (account->disabled)
        fields_put(&w, "disabled", "1");
    if (account->local)
        fields_put(&w, "local", "1");
    if (account->keep_home && !account->local)
        fields_put(&w, "keep-home", "1");
    if (account->keep_seconds > 0)
        fields_put_u64(&w, "keep-seconds", account->keep_seconds);
    if (account->human_use)
        fields_put(&w, "human-use", "1");
    for (unsigned i = 0; i < UNATTENDED_MAX; i++)
        if (account->unattended & 1u << i)
            fields_put(&w, "unattended", unattended_services[i]);
    for (size_t i = 0; i < account->group_count; i++)
        fields_put_u64(&w, "group", account->groups[i]);
    r = fields_end(&w, &len);
    if (r < 0)
        maker->error = r;
    else
        database_put(maker, 'n', account->name, text, len);
}

static void put_pointer(struct database_maker *maker, char kind, uint64_t number, const char *account)
{
    char key[24];

    snprintf(key, sizeof key, "%llu", (unsigned long long)number);
    database_put(maker, kind, key, account, strlen(account));
}

/*
 * The ID of a disabled account still leads to it, so that a credential of it is told why it is refused; unless the configuration
 * gives the ID, by itself or by a pattern, to another account.
 */
static void put_ids(struct database_maker *maker, const struct accounts *accounts)
{
    struct overlap configured = {0};
    struct arena arena = {0};

    for (size_t i = 0; i < accounts->configured; i++)
        overlap_add(&configured, &arena, accounts->items[i].id, i);
    overlap_sort(&configured);
    for (size_t i = 0; i < accounts->count; i++) {
        const struct account *account = &accounts->items[i];

        if (account->slot)
            continue;
        if (i < accounts->configured || overlap_find(&configured, &arena, account->id).count == 0)
            database_put(maker, 's', account->id, account->name, strlen(account->name));
    }
    arena_clear(&arena);
}

int compile_identities(int fd, const struct config *config, const struct accounts *accounts, const char *shell,
                       uint32_t agents_gid)
{
    struct database_maker maker;

    database_begin(&maker, fd);
    put_meta(&maker, config, accounts, shell, agents_gid);
    for (size_t i = 0; i < accounts->count && !maker.error; i++) {
        const struct account *account = &accounts->items[i];

        put_account(&maker, account);
        if (!account->shadowed)
            put_pointer(&maker, 'u', account->uid, account->name);
        if (i < IDENTITIES_LISTED)
            put_pointer(&maker, 'i', i, account->name);
    }
    put_ids(&maker, accounts);
    return database_end(&maker);
}

/* --- policy.cdb --- */

static int uses_zone(const struct policy *policy, const struct zone *zone)
{
    for (size_t i = 0; i < policy->rule_count; i++)
        for (size_t j = 0; j < policy->rules[i].window_count; j++)
            if (policy->rules[i].windows[j].zone == zone)
                return 1;
    return 0;
}

/* Each zone of the windows of these policies, once. */
static void put_zones(struct fields_writer *w, const struct config *config, const struct owners *policies)
{
    for (size_t i = 0; i < config->zone_count; i++) {
        size_t j = 0;

        while (j < policies->count && !uses_zone(&config->policies[policies->items[j]], config->zones[i]))
            j++;
        if (j < policies->count)
            zone_write(w, config->zones[i]);
    }
}

static int account_text(const struct config *config, const struct identity_config *identity,
                        const struct owners *policies, char *buf, size_t *ret_len)
{
    struct fields_writer w;

    fields_begin(&w, buf, POLICY_TEXT_MAX);
    for (size_t i = 0; i < identity->delegates.count; i++)
        fields_put(&w, "delegator", identity->delegates.items[i]);
    put_zones(&w, config, policies);
    policy_write(&w, &config->defaults);
    for (size_t i = 0; i < policies->count; i++)
        policy_write(&w, &config->policies[policies->items[i]]);
    return fields_end(&w, ret_len);
}

/* The record of the host. A build is named by what it says: the same configuration gives the same name. */
static void put_host(struct database_maker *maker, const struct config *config, SHA2_CTX *digest)
{
    char text[HOST_TEXT_MAX], build[SHA256_DIGEST_STRING_LENGTH];
    struct fields_writer w;
    size_t len;
    int r;

    fields_begin(&w, text, sizeof text);
    fields_put(&w, "host-id", config->host.id);
    fields_put(&w, "sensitivity", level_word(config->host.sensitivity));
    fields_put_u64(&w, "keep-home", config->host.keep_home);
    fields_put(&w, "mode", mode_word(config->host.mode));
    for (size_t i = 0; i < config->host.secrets.count; i++)
        fields_put(&w, "secret", config->host.secrets.items[i]);
    fields_put(&w, "sudo-approval", config->host.sudo_by_arguments ? "argv" : "required");
    r = fields_end(&w, &len);
    if (r == 0) {
        SHA256Update(digest, (const uint8_t *)text, len);
        SHA256End(digest, build);
        build[BUILD_LENGTH] = '\0';
        fields_put(&w, "build", build);
        r = fields_end(&w, &len);
    }
    if (r < 0)
        maker->error = r;
    else
        database_put(maker, 'h', "", text, len);
}

int policy_texts(const struct config *config, const struct accounts *accounts, policy_text_fn take, void *arg)
{
    char *buf = memory_must(malloc(POLICY_TEXT_MAX));
    struct overlap index;
    struct arena arena = {0};
    int r = 0;

    policies_here(config, &arena, &index);
    for (size_t i = 0; i < accounts->configured && r == 0; i++) {
        struct owners policies = overlap_find(&index, &arena, accounts->items[i].id);
        size_t len = 0;

        r = account_text(config, &config->identities[i], &policies, buf, &len);
        r = take(&accounts->items[i], r < 0 ? NULL : buf, len, arg);
    }
    arena_clear(&arena);
    free(buf);
    return r;
}

struct policy_maker {
    struct database_maker database;
    SHA2_CTX digest;
    const char **ret_account;
};

static int put_policies(const struct account *account, const char *text, size_t len, void *arg)
{
    struct policy_maker *maker = arg;

    *maker->ret_account = account->name;
    if (!text)
        return -ENOBUFS;
    SHA256Update(&maker->digest, (const uint8_t *)account->name, strlen(account->name) + 1);
    SHA256Update(&maker->digest, (const uint8_t *)text, len);
    database_put(&maker->database, 'p', account->name, text, len);
    return maker->database.error;
}

int compile_policy(int fd, const struct config *config, const struct accounts *accounts, const char **ret_account)
{
    struct policy_maker maker = {.ret_account = ret_account};
    int r;

    SHA256Init(&maker.digest);
    database_begin(&maker.database, fd);
    r = policy_texts(config, accounts, put_policies, &maker);
    if (r < 0)
        maker.database.error = r;
    put_host(&maker.database, config, &maker.digest);
    return database_end(&maker.database);
}

/* --- anchors.cdb --- */

/* What a guard asks for, which reads neither JSON nor keys. */
static int put_key(struct database_maker *maker, struct anchor *anchor)
{
    const struct key *key = anchor_public(anchor);
    const struct issuer *issuer = anchor->issuer;
    char thumbprint[KEY_THUMBPRINT_SIZE], name[ANCHOR_KEY_SIZE];
    int r = key ? jwk_thumbprint(key, thumbprint) : -EBADMSG;

    for (const char *const *domain = issuer->trust_domains; r == 0 && *domain; domain++) {
        r = anchor_key(issuer->name, thumbprint, *domain, strlen(*domain), name);
        if (r == 0)
            database_put(maker, 'k', name, issuer->iss, strlen(issuer->iss));
    }
    return r;
}

int compile_anchors(int fd, const char *text, size_t len)
{
    CLEANUP(anchors_freep) struct anchors *anchors = NULL;
    struct database_maker maker;
    int certificates = 0, r = anchors_parse(text, len, &anchors);

    if (r < 0)
        return r;
    database_begin(&maker, fd);
    database_put(&maker, 'a', "", text, len);
    for (size_t i = 0; i < anchors->count && !maker.error; i++) {
        certificates |= anchors->items[i].issuer->kind == ISSUER_SSH_CA;
        maker.error = put_key(&maker, &anchors->items[i]);
    }
    if (certificates)
        database_put(&maker, 'c', "", "1", 1);
    return database_end(&maker);
}
