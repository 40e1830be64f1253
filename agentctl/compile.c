#include "agentctl/compile.h"

#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/compile_database.h"
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
        if (i < accounts->configured || !overlap_is_any(&configured, account->id))
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

/* What each choice says, and who has which. */
static int put_choices(struct database_maker *maker, const struct policy_choices *choices)
{
    char *buf = memory_must(malloc(POLICY_TEXT_MAX));
    int r = 0;

    for (size_t i = 0; i < choices->count && r == 0; i++) {
        size_t len;

        r = policy_choice_text(choices->config, choices->items[i], buf, &len);
        if (r == 0)
            database_put(maker, 't', choices->items[i]->name, buf, len);
    }
    free(buf);
    return r;
}

static void put_account_policy(struct database_maker *maker, const char *account, const char *name, SHA2_CTX *digest)
{
    SHA256Update(digest, (const uint8_t *)account, strlen(account) + 1);
    SHA256Update(digest, (const uint8_t *)name, POLICY_NAME_LENGTH);
    database_put(maker, 'p', account, name, POLICY_NAME_LENGTH);
}

int compile_policy(int fd, const struct policy_choices *choices)
{
    const struct config *config = choices->config;
    struct database_maker maker;
    SHA2_CTX digest;
    int r;

    SHA256Init(&digest);
    database_begin(&maker, fd);
    r = put_choices(&maker, choices);
    if (r < 0)
        maker.error = r;
    for (size_t i = 0; i < config->identity_count && !maker.error; i++)
        put_account_policy(&maker, config->identities[i].account, choices->of_identity[i]->name, &digest);
    put_host(&maker, config, &digest);
    return database_end(&maker);
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
