/* What only the whole configuration tells. */
#include <stdlib.h>
#include <string.h>

#include "agentctl/config_find.h"
#include "agentctl/config_overlap.h"
#include "agentctl/config_reader.h"
#include "core/names.h"

#define place_problem(reader, place, ...) problem_add((reader)->problems, (place)->file, (place)->line, __VA_ARGS__)

static int compare_ids(const void *a, const void *b)
{
    const struct identity_config *left = *(struct identity_config *const *)a,
                                 *right = *(struct identity_config *const *)b;
    int order = strcmp(left->id, right->id);

    return order ? order : left < right ? -1 : left > right; /* equal ones as they were written */
}

static void check_ids(struct reader *reader)
{
    CLEANUP(arena_clear) struct arena arena = {0};
    struct config *config = reader->config;
    struct identity_config **sorted = arena_alloc(&arena, config->identity_count, sizeof *sorted);
    size_t count = 0;

    for (size_t i = 0; i < config->identity_count; i++)
        if (config->identities[i].id && config->identities[i].slot == 1)
            sorted[count++] = &config->identities[i];
    if (count)
        qsort(sorted, count, sizeof *sorted, compare_ids);
    for (size_t i = 1; i < count; i++)
        if (strcmp(sorted[i]->id, sorted[i - 1]->id) == 0)
            place_problem(
                reader, &sorted[i]->place, "identity \"%s\" has the id of \"%s\" at %s:%u: one id leads to one account",
                sorted[i]->account, sorted[i - 1]->account, sorted[i - 1]->place.file, sorted[i - 1]->place.line);
}

static int compare_slots(const void *a, const void *b)
{
    const struct identity_config *left = *(struct identity_config *const *)a,
                                 *right = *(struct identity_config *const *)b;
    int order = strcmp(left->account, right->account);

    return order ? order : left < right ? -1 : left > right;
}

/* A slot's account may have the name of another identity or of its slot; that titles differ is told before. */
static void check_slots(struct reader *reader)
{
    CLEANUP(arena_clear) struct arena arena = {0};
    struct config *config = reader->config;
    struct identity_config **sorted = arena_alloc(&arena, config->identity_count, sizeof *sorted);

    for (size_t i = 0; i < config->identity_count; i++)
        sorted[i] = &config->identities[i];
    if (config->identity_count)
        qsort(sorted, config->identity_count, sizeof *sorted, compare_slots);
    for (size_t i = 1; i < config->identity_count; i++) {
        const struct identity_config *one = sorted[i], *other = sorted[i - 1];

        if (strcmp(one->account, other->account) == 0 && (one->slot > 1 || other->slot > 1))
            place_problem(reader, &one->place,
                          "account \"%s\" is there already, at %s:%u: give the identity another name or fewer slots",
                          one->account, other->place.file, other->place.line);
    }
}

/* The JWT-SVIDs of a trust domain are verified with the keys of one bundle. */
static void check_domains(struct reader *reader, const struct issuer_config *one, const struct issuer_config *other)
{
    for (size_t i = 0; i < one->trust_domains.count; i++)
        for (size_t j = 0; j < other->trust_domains.count; j++)
            if (strcmp(one->trust_domains.items[i], other->trust_domains.items[j]) == 0)
                place_problem(reader, &one->place, "issuer \"%s\": trust domain \"%s\" is that of \"%s\" at %s:%u",
                              one->name, one->trust_domains.items[i], other->name, other->place.file,
                              other->place.line);
}

static void check_issuers(struct reader *reader)
{
    const struct config *config = reader->config;

    for (size_t i = 0; i < config->issuer_count; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct issuer_config *one = &config->issuers[i], *other = &config->issuers[j];

            if (one->kind == other->kind && one->iss && other->iss && strcmp(one->iss, other->iss) == 0)
                place_problem(reader, &one->place, "issuer \"%s\" has the iss of \"%s\" at %s:%u: write one issuer",
                              one->name, other->name, other->place.file, other->place.line);
            if (one->kind == ISSUER_SVID && other->kind == ISSUER_SVID)
                check_domains(reader, one, other);
        }
    }
}

static void check_mentions(struct reader *reader)
{
    const struct config *config = reader->config;

    for (size_t i = 0; i < config->issuer_mention_count; i++) {
        const struct mention *mention = &config->issuer_mentions[i];

        if (!find_has_issuer(config, mention->title))
            place_problem(reader, &mention->place,
                          "issuers: there is no issuer \"%s\": write the name of an issuer section", mention->title);
    }
}

static void check_policies_match(struct reader *reader)
{
    CLEANUP(arena_clear) struct arena arena = {0};
    struct config *config = reader->config;
    struct overlap index = {0};

    for (size_t i = 0; i < config->identity_count; i++)
        if (config->identities[i].id && spiffe_pattern_valid(config->identities[i].id))
            overlap_add(&index, &arena, config->identities[i].id, i);
    overlap_sort(&index);
    for (size_t i = 0; i < config->policy_count; i++) {
        const struct words *patterns = &config->policies[i].identities;
        size_t wrong = 0, matched = 0;

        for (size_t j = 0; j < patterns->count; j++) {
            if (!spiffe_pattern_valid(patterns->items[j]))
                wrong++;
            else
                matched += overlap_is_any(&index, patterns->items[j]);
        }
        if (matched == 0 && wrong == 0 && patterns->count)
            place_problem(reader, &config->policy_configs[i].place,
                          "policy \"%s\" matches no identity: correct its identities or add an identity",
                          config->policies[i].name);
    }
}

/* An agent's account is entered with a credential, never through another agent's sudo; its group has its name. */
static void check_run_as_of(struct reader *reader, const struct found_by *identities, const struct rule *rule)
{
    for (size_t i = 0; i < rule->run_as.count; i++)
        if (find_has_account(identities, rule->run_as.items[i]))
            problem_add(reader->problems, rule->where, 0,
                        "run-as: \"%s\" is an agent's account: write \"root\" or an account that is no agent's",
                        rule->run_as.items[i]);
    for (size_t i = 0; i < rule->run_as_groups.count; i++)
        if (find_has_account(identities, rule->run_as_groups.items[i]))
            problem_add(reader->problems, rule->where, 0,
                        "run-as-group: \"%s\" is an agent's own group: write a group that is no agent's",
                        rule->run_as_groups.items[i]);
}

static void check_run_as(struct reader *reader)
{
    CLEANUP(arena_clear) struct arena arena = {0};
    struct config *config = reader->config;
    struct found_by identities;

    find_prepare_accounts(config, &arena, &identities);
    for (size_t i = 0; i < config->policy_count; i++)
        for (size_t j = 0; j < config->policies[i].rule_count; j++)
            if (config->policies[i].rules[j].kind == RULE_ALLOW_SUDO)
                check_run_as_of(reader, &identities, &config->policies[i].rules[j]);
}

void config_check_escapes(const struct config *config, const struct command *command, const char *where,
                          struct problems *problems)
{
    const struct escape *escape = escapes_find(&config->escapes, command);
    const char *const *words = command->words.items;
    size_t count = command->words.count;

    if (escape)
        problem_add(
            problems, where, 0,
            "commands: \"%s%s%s%s\" can run or write what its caller likes (%s:%u): narrow it, or write escapes = "
            "\"accepted\" in this rule",
            words[0], count > 1 ? " " : "", count > 1 ? words[1] : "",
            count > 2 || command->any_arguments ? " ..." : "", escape->file, escape->line);
}

/* That any command may do anything, any-command says itself. */
static void check_escapes(struct reader *reader, const struct rule *rule)
{
    for (size_t i = 0; i < rule->command_count; i++)
        config_check_escapes(reader->config, &rule->commands[i], rule->where, reader->problems);
}

static void check_rule(struct reader *reader, const struct rule *rule)
{
    if (rule->intercept && reader->config->host.sudo_by_arguments)
        problem_add(reader->problems, rule->where, 0,
                    "intercept: with sudo-approval = \"argv\" in host, sudo asks no plug-in: remove one of them");
    if (rule->kind == RULE_ALLOW_SUDO && !rule->escapes_accepted)
        check_escapes(reader, rule);
}

static void check_rules(struct reader *reader)
{
    for (size_t i = 0; i < reader->config->policy_count; i++)
        for (size_t j = 0; j < reader->config->policies[i].rule_count; j++)
            check_rule(reader, &reader->config->policies[i].rules[j]);
}

void check_config(struct reader *reader)
{
    if (!reader->config->host.place.file)
        problem_add(reader->problems, arena_format(&reader->config->arena, "%s/agent.conf", reader->dir), 0,
                    "host is missing: write host { id = \"spiffe://TRUST-DOMAIN/host/NAME\" }");
    check_ids(reader);
    check_slots(reader);
    check_issuers(reader);
    check_mentions(reader);
    check_policies_match(reader);
    check_run_as(reader);
    check_groups(reader);
    check_rules(reader);
}
