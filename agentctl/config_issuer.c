/* issuer. */
#include <string.h>

#include "agentctl/config_reader.h"
#include "agentctl/config_syntax.h"
#include "core/names.h"
#include "judge/grant.h"
#include "trust/anchors.h"
#include "trust/claim.h"

#define AAT (1u << ISSUER_AAT)
#define SVID (1u << ISSUER_SVID)
#define JWT (1u << ISSUER_JWT)
#define SSH_CA (1u << ISSUER_SSH_CA)

static void read_kind(struct reader *reader, const struct section *section, struct issuer_config *issuer)
{
    const struct value *value = read_required(reader, section, "kind", "\"aat\"");
    int kind = value ? issuer_kind_parse(value->text) : -1;

    if (kind > 0)
        issuer->kind = (enum issuer_kind)kind;
    else if (value)
        value_problem(reader, section, value,
                      "kind: \"%s\" is unknown: write \"aat\", \"jwt-svid\", \"jwt\" or \"ssh-ca\"", value->text);
}

/* A key that means nothing for this kind is a mistake. */
static void refuse_keys(struct reader *reader, const struct section *section, enum issuer_kind kind)
{
    static const struct {
        const char *key;
        unsigned kinds;
    } keys[] = {
        {"iss", AAT | JWT | SSH_CA}, {"identity", JWT},
        {"principal", JWT | SVID},   {"task", JWT | SVID},
        {"purpose", JWT | SVID},     {"sensitivity", JWT | SVID},
        {"scope", JWT | SVID},       {"require", JWT | SVID},
        {"token-type", JWT},         {"status", AAT | JWT | SVID | SSH_CA},
        {"extension", SSH_CA},
    };

    for (size_t i = 0; kind && i < COUNT_OF(keys); i++) {
        const struct value *value = read_value(section, keys[i].key);

        if (value && !((keys[i].kinds >> kind) & 1))
            value_problem(reader, section, value, "%s: has no meaning for kind \"%s\": take it out", keys[i].key,
                          issuer_kind_word(kind));
    }
}

static void read_iss(struct reader *reader, const struct section *section, struct issuer_config *issuer)
{
    static const char mend[] = "\"https://...\", exactly as its tokens say it";
    const struct value *iss = read_value(section, "iss");

    if (issuer->kind == ISSUER_SVID)
        return;
    if (!iss && issuer->kind == ISSUER_SSH_CA)
        issuer->iss = arena_format(&reader->config->arena, "ssh-ca:%s", issuer->name);
    else if (!iss)
        iss = read_required(reader, section, "iss", mend);
    if (!iss)
        return;
    issuer->iss = iss->text;
    if (!uri_valid(iss->text))
        value_problem(reader, section, iss, "iss: \"%s\" is no URI: write it exactly as the issuer's tokens say it",
                      iss->text);
}

/* A path below the configuration's directory, or an absolute one. */
static void read_keys(struct reader *reader, const struct section *section, struct issuer_config *issuer)
{
    const struct value *keys = read_required(
        reader, section, "keys", issuer->kind == ISSUER_SSH_CA ? "\"keys/ssh-ca.pub\"" : "\"keys/NAME.jwks\"");
    const char *path = keys ? keys->text : NULL;

    if (!keys)
        return;
    if (path[0] != '/')
        path = arena_format(&reader->config->arena, "%s/%s", reader->dir, path);
    if (!path_normal(path))
        value_problem(reader, section, keys, "keys: \"%s\" is no plain path: write one as in \"keys/%s.jwks\"",
                      keys->text, section->title);
    issuer->keys = path;
    issuer->keys_place = (struct place){.file = section->file, .line = keys->line};
}

static void read_trust_domains(struct reader *reader, const struct section *section, struct issuer_config *issuer)
{
    if (!section_setting(section, "trust-domains"))
        section_problem(
            reader, section,
            "issuer has no trust-domains: write trust-domains = { \"example.org\" }, those it may speak for");
    read_words(reader, section, "trust-domains", trust_domain_valid,
               "a trust domain in lower case, as in \"example.org\"", &issuer->trust_domains);
    if (issuer->trust_domains.count > ISSUER_LIST_MAX)
        section_problem(reader, section, "trust-domains: more than %d: split issuer \"%s\"", ISSUER_LIST_MAX,
                        section->title);
}

static void read_identity_spec(struct reader *reader, const struct section *section, struct issuer_config *issuer)
{
    const struct value *value = read_value(section, "identity");
    const char **domains;

    if (!value)
        return;
    domains = arena_alloc(&reader->config->arena, issuer->trust_domains.count + 1, sizeof *domains);
    for (size_t i = 0; i < issuer->trust_domains.count; i++)
        domains[i] = issuer->trust_domains.items[i];
    issuer->identity = value->text;
    if (!claim_spiffe_spec_valid(value->text, domains))
        value_problem(
            reader, section, value,
            "identity: \"%s\" makes no SPIFFE ID of a trust domain of this issuer: write a claim, as in \"sub\", or "
            "\"spiffe://TRUST-DOMAIN/ci/{repository}\"",
            value->text);
}

static int is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return 1;
    return 0;
}

/* Each in quotes. */
static const char *list_words(struct arena *arena, const char *const *words, size_t count)
{
    const char *all = "";

    for (size_t i = 0; i < count; i++)
        all = arena_format(arena, "%s%s\"%s\"", all, i ? ", " : "", words[i]);
    return all;
}

static void read_algorithms(struct reader *reader, const struct section *section, struct issuer_config *issuer)
{
    const struct setting *setting = section_setting(section, "algorithms");
    const char *const *known = issuer_algorithms(issuer->kind);
    struct words *ret = &issuer->algorithms;
    size_t count = 0;

    while (known[count])
        count++;
    if (!setting || count == 0)
        return;
    issuer->algorithms_place = (struct place){section->file, setting->values[0].line};
    ret->items = arena_alloc(&reader->config->arena, setting->count, sizeof *ret->items);
    for (size_t i = 0; i < setting->count; i++) {
        const struct value *value = &setting->values[i];

        if (!is_one_of(value->text, known, count))
            value_problem(reader, section, value, "algorithms: \"%s\" is none of kind \"%s\": write some of %s",
                          value->text, issuer_kind_word(issuer->kind),
                          list_words(&reader->config->arena, known, count));
        else if (is_one_of(value->text, ret->items, ret->count))
            value_problem(reader, section, value, "algorithms: \"%s\" is there twice: write it once", value->text);
        ret->items[ret->count++] = value->text;
    }
}

static void read_spec(struct reader *reader, const struct section *section, const char *key, const char **ret)
{
    const struct value *value = read_value(section, key);

    if (!value)
        return;
    *ret = value->text;
    if (!claim_spec_valid(value->text))
        value_problem(
            reader, section, value,
            "%s: \"%s\" is not valid: write a claim, as in \"run_id\", or a text with claims in braces, as in "
            "\"{repository}-{run_id}\"",
            key, value->text);
}

static void read_scope(struct reader *reader, const struct section *section, struct issuer_config *issuer)
{
    const struct value *value = read_value(section, "scope");

    read_spec(reader, section, "scope", &issuer->scope);
    if (value && strchr(value->text, '{'))
        value_problem(reader, section, value, "scope: \"%s\" is not valid: write a claim, as in \"scope\"",
                      value->text);
}

static void read_status(struct reader *reader, const struct section *section, struct issuer_config *issuer)
{
    const struct value *value = read_value(section, "status");

    if (!value)
        return;
    issuer->ignore_status = strcmp(value->text, "ignore") == 0;
    if (!issuer->ignore_status)
        value_problem(reader, section, value,
                      "status: \"%s\" is unknown: write \"ignore\", or nothing where a status refuses", value->text);
}

static const char *read_text(const struct section *section, const char *key)
{
    const struct value *value = read_value(section, key);

    return value ? value->text : NULL;
}

/* A token names no agent of ours by itself, and is not bound to a task by chance. */
static void require_mapping(struct reader *reader, const struct section *section, const struct issuer_config *issuer)
{
    if (issuer->kind == ISSUER_JWT && !issuer->identity)
        section_problem(
            reader, section,
            "issuer has no identity: write identity = \"sub\", the claim that is a SPIFFE ID, or one made of "
            "claims, as in \"spiffe://TRUST-DOMAIN/ci/{repository}\"");
}

void read_issuer(struct reader *reader, const struct section *section)
{
    struct config *config = reader->config;
    struct issuer_config *issuer;

    config->issuers = arena_grow(&config->arena, config->issuers, config->issuer_count, sizeof *issuer);
    issuer = &config->issuers[config->issuer_count++];
    *issuer = (struct issuer_config){
        .place = section_place(section), .name = section->title, .max_lifetime = CONFIG_LIFETIME_DEFAULT};
    if (strlen(section->title) > ISSUER_NAME_MAX)
        section_problem(reader, section, "issuer \"%s\": the name has more than %d bytes: write a shorter one",
                        section->title, ISSUER_NAME_MAX);
    read_kind(reader, section, issuer);
    refuse_keys(reader, section, issuer->kind);
    read_iss(reader, section, issuer);
    read_keys(reader, section, issuer);
    read_trust_domains(reader, section, issuer);
    read_identity_spec(reader, section, issuer);
    read_spec(reader, section, "principal", &issuer->principal);
    read_spec(reader, section, "task", &issuer->task);
    read_spec(reader, section, "purpose", &issuer->purpose);
    read_spec(reader, section, "sensitivity", &issuer->sensitivity);
    read_scope(reader, section, issuer);
    read_words(reader, section, "require", claim_rule_valid, "CLAIM=VALUE, as in \"repository=org/app\"",
               &issuer->require);
    read_algorithms(reader, section, issuer);
    read_status(reader, section, issuer);
    issuer->token_type = read_text(section, "token-type");
    issuer->extension = read_text(section, "extension");
    require_mapping(reader, section, issuer);
    read_duration(reader, section, "max-lifetime", CONFIG_LIFETIME_HARD, &issuer->max_lifetime);
    read_duration(reader, section, "max-key-age", CONFIG_KEY_AGE_HARD, &issuer->max_key_age);
}
