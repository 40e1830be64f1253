#include "judge/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/fields.h"
#include "core/text.h"

static const char *const possession_words[] = {"", "channel", "signed", "bearer"};
static const char *const level_words[] = {"", "low", "medium", "high"};
static const char *const risk_keys[] = {"", "max-risk-low", "max-risk-medium", "max-risk-high"}; /* by sensitivity */
static const char *const linger_words[] = {"", "no", "yes"};
static const char *const sockets_words[] = {"", "apart", "shared"};
static const char *const mode_words[] = {"", "enforce", "observe"};
static const char *const rule_words[] = {"allow-login", "deny-login", "allow-sudo", "deny-sudo"};

/* Limits that are numbers, as they are written. */
static const struct {
    const char *key;
    size_t offset;
} numbers[] = {
    {"max-lifetime", offsetof(struct limits, max_lifetime)},
    {"max-session", offsetof(struct limits, max_session)},
    {"max-logins", offsetof(struct limits, max_logins)},
    {"max-sessions", offsetof(struct limits, max_sessions)},
    {"reattest-every", offsetof(struct limits, reattest_every)},
    {"reattest-grace", offsetof(struct limits, reattest_grace)},
    {"max-denials", offsetof(struct limits, max_denials)},
    {"max-steps", offsetof(struct limits, max_steps)},
    {"steps-per-minute", offsetof(struct limits, steps_per_minute)},
};

/* The index of a word in words[count], whose first stands for "not set"; 0 where it is none. */
static unsigned word_index(const char *const *words, unsigned count, const char *word)
{
    for (unsigned i = 1; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return 0;
}

enum possession possession_parse(const char *word)
{
    return (enum possession)word_index(possession_words, COUNT_OF(possession_words), word);
}

const char *possession_word(enum possession possession)
{
    return (unsigned)possession < COUNT_OF(possession_words) ? possession_words[possession] : "";
}

int sockets_parse(const char *word)
{
    return (int)word_index(sockets_words, COUNT_OF(sockets_words), word);
}

int mode_parse(const char *word)
{
    return (int)word_index(mode_words, COUNT_OF(mode_words), word);
}

const char *mode_word(int mode)
{
    return (unsigned)mode < COUNT_OF(mode_words) ? mode_words[mode] : "";
}

enum level level_parse(const char *word)
{
    return (enum level)word_index(level_words, COUNT_OF(level_words), word);
}

const char *level_word(enum level level)
{
    return (unsigned)level < COUNT_OF(level_words) ? level_words[level] : "";
}

static int add_word(struct words *words, const char *value)
{
    const char **slot = array_grow(&words->items, &words->count, sizeof *slot);

    if (!slot)
        return -ENOMEM;
    *slot = value;
    return 0;
}

/* The parser's place: the policy, rule and command that the lines now belong to. */
struct place {
    struct policy_set *set;
    struct policy *policy;
    struct rule *rule;
    struct command *command;
};

static int start_policy(struct place *at, const char *value)
{
    at->policy = array_grow(&at->set->policies, &at->set->count, sizeof *at->policy);
    if (!at->policy)
        return -ENOMEM;
    at->policy->name = value;
    at->rule = NULL;
    at->command = NULL;
    return 0;
}

static int start_rule(struct place *at, const char *value)
{
    for (unsigned i = 0; i < COUNT_OF(rule_words); i++) {
        if (strcmp(rule_words[i], value) != 0)
            continue;
        at->rule = array_grow(&at->policy->rules, &at->policy->rule_count, sizeof *at->rule);
        if (!at->rule)
            return -ENOMEM;
        at->rule->kind = (enum rule_kind)i;
        at->command = NULL;
        return 0;
    }
    return -EBADMSG;
}

static int start_command(struct place *at, const char *value)
{
    at->command = array_grow(&at->rule->commands, &at->rule->command_count, sizeof *at->command);
    return at->command ? add_word(&at->command->words, value) : -ENOMEM;
}

static int add_window(struct place *at, const char *value)
{
    struct window *window = array_grow(&at->rule->windows, &at->rule->window_count, sizeof *window);
    const char *zone;

    if (!window)
        return -ENOMEM;
    if (window_parse(value, window, &zone) < 0)
        return -EBADMSG;
    window->zone = zones_find(&at->set->zones, zone);
    return window->zone ? 0 : -EBADMSG;
}

static int set_limit(uint32_t *limit, const char *value)
{
    uint64_t number;

    if (text_u64(value, UINT32_MAX, &number) < 0 || number == 0)
        return -EBADMSG;
    *limit = (uint32_t)number;
    return 0;
}

/* How often it may be delegated is a chain of one more. */
static int set_chain(uint32_t *chain, const char *value)
{
    uint64_t number;

    if (text_u64(value, UINT32_MAX - 1, &number) < 0)
        return -EBADMSG;
    *chain = (uint32_t)number + 1;
    return 0;
}

static int set_flag(int *flag, const char *value)
{
    if (strcmp(value, "1") != 0)
        return -EBADMSG;
    *flag = 1;
    return 0;
}

static int set_level(enum level *level, const char *value)
{
    return (*level = level_parse(value)) == LEVEL_UNSET ? -EBADMSG : 0;
}

static int set_leaves(struct rule *rule, const char *value)
{
    if (rule->kind != RULE_ALLOW_SUDO || strcmp(value, "service") != 0)
        return -EBADMSG;
    rule->leaves_service = 1;
    return 0;
}

static int limit_line(struct limits *limits, const char *key, const char *value)
{
    unsigned sensitivity = word_index(risk_keys, COUNT_OF(risk_keys), key);

    for (unsigned i = 0; i < COUNT_OF(numbers); i++)
        if (strcmp(key, numbers[i].key) == 0)
            return set_limit((uint32_t *)(void *)((char *)limits + numbers[i].offset), value);
    if (sensitivity)
        return set_level(&limits->max_risk[sensitivity], value);
    if (strcmp(key, "max-delegation") == 0)
        return set_chain(&limits->max_chain, value);
    if (strcmp(key, "possession") == 0)
        return (limits->possession = possession_parse(value)) == POSSESSION_UNSET ? -EBADMSG : 0;
    if (strcmp(key, "linger") == 0)
        return (limits->linger = (int)word_index(linger_words, COUNT_OF(linger_words), value)) ? 0 : -EBADMSG;
    if (strcmp(key, "abstract-sockets") == 0)
        return (limits->sockets = sockets_parse(value)) == SOCKETS_UNSET ? -EBADMSG : 0;
    if (strcmp(key, "mode") == 0)
        return (limits->mode = mode_parse(value)) == MODE_UNSET ? -EBADMSG : 0;
    return -EBADMSG; /* a restriction that is not understood is not skipped */
}

static int policy_line(struct place *at, const char *key, const char *value)
{
    if (strcmp(key, "where") == 0)
        at->policy->where = value;
    else if (strcmp(key, "identity") == 0)
        return add_word(&at->policy->identities, value);
    else if (strcmp(key, "purpose") == 0)
        return add_word(&at->policy->purposes, value);
    else if (strcmp(key, "issuer") == 0)
        return add_word(&at->policy->issuers, value);
    else if (strcmp(key, "principal") == 0)
        return add_word(&at->policy->principals, value);
    else if (strcmp(key, "rule") == 0)
        return start_rule(at, value);
    else
        return limit_line(&at->policy->limits, key, value);
    return 0;
}

static int rule_line(struct place *at, const char *key, const char *value)
{
    if (strcmp(key, "rule-where") == 0)
        at->rule->where = value;
    else if (strcmp(key, "service") == 0)
        return add_word(&at->rule->services, value);
    else if (strcmp(key, "from") == 0)
        return add_word(&at->rule->from, value);
    else if (strcmp(key, "window") == 0)
        return add_window(at, value);
    else if (strcmp(key, "run-as") == 0)
        return add_word(&at->rule->run_as, value);
    else if (strcmp(key, "run-as-group") == 0)
        return add_word(&at->rule->run_as_groups, value);
    else if (strcmp(key, "command") == 0)
        return start_command(at, value);
    else if (strcmp(key, "any-command") == 0)
        return set_flag(&at->rule->any_command, value);
    else if (strcmp(key, "sensitivity") == 0)
        return set_level(&at->rule->sensitivity, value);
    else if (strcmp(key, "leaves") == 0)
        return set_leaves(at->rule, value);
    else if (at->command && strcmp(key, "word") == 0)
        return add_word(&at->command->words, value);
    else if (at->command && strcmp(key, "any-arguments") == 0)
        return set_flag(&at->command->any_arguments, value);
    else
        return policy_line(at, key, value); /* the next rule */
    return 0;
}

static int line(struct place *at, const char *key, const char *value)
{
    if (strcmp(key, "policy") == 0)
        return start_policy(at, value);
    if (!at->policy) /* once there are rules, no zone moves */
        return strcmp(key, "delegator") == 0 ? add_word(&at->set->delegators, value)
                                             : zones_line(&at->set->zones, key, value);
    return at->rule ? rule_line(at, key, value) : policy_line(at, key, value);
}

/* A policy without identities is the defaults, which hold limits alone: rules in it would be everybody's. */
static int judged(const struct policy_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->policies[i].identities.count == 0 && set->policies[i].rule_count > 0)
            return -EBADMSG;
    return 0;
}

int policy_set_parse(const char *text, size_t len, struct policy_set *ret)
{
    struct policy_set set = {0};
    struct place at = {.set = &set};
    const char *key, *value;
    struct fields fields;
    int r;

    if (len > POLICY_TEXT_MAX)
        return -EBADMSG;
    set.text = malloc(len + 1);
    if (!set.text)
        return -ENOMEM;
    memcpy(set.text, text, len);
    set.text[len] = '\0';
    r = fields_open(&fields, set.text, len);
    while (r == 0 && (r = fields_next(&fields, &key, &value)) > 0)
        r = line(&at, key, value);
    if (r == 0)
        r = judged(&set);
    if (r < 0) {
        policy_set_clear(&set);
        return r;
    }
    *ret = set;
    return 0;
}

static void clear_rule(struct rule *rule)
{
    for (size_t i = 0; i < rule->command_count; i++)
        free(rule->commands[i].words.items);
    free(rule->commands);
    free(rule->services.items);
    free(rule->from.items);
    free(rule->windows);
    free(rule->run_as.items);
    free(rule->run_as_groups.items);
}

void policy_set_clear(struct policy_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        struct policy *policy = &set->policies[i];

        for (size_t j = 0; j < policy->rule_count; j++)
            clear_rule(&policy->rules[j]);
        free(policy->rules);
        free(policy->identities.items);
        free(policy->purposes.items);
        free(policy->issuers.items);
        free(policy->principals.items);
    }
    free(set->policies);
    free(set->delegators.items);
    zones_clear(&set->zones);
    free(set->text);
    *set = (struct policy_set){0};
}

static void write_words(struct fields_writer *w, const char *key, const struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        fields_put(w, key, words->items[i]);
}

static void write_limits(struct fields_writer *w, const struct limits *limits)
{
    for (unsigned i = 0; i < COUNT_OF(numbers); i++) {
        uint32_t number = *(const uint32_t *)(const void *)((const char *)limits + numbers[i].offset);

        if (number)
            fields_put_u64(w, numbers[i].key, number);
    }
    if (limits->max_chain)
        fields_put_u64(w, "max-delegation", limits->max_chain - 1);
    if (limits->possession != POSSESSION_UNSET)
        fields_put(w, "possession", possession_word(limits->possession));
    for (unsigned i = LEVEL_LOW; i <= LEVEL_HIGH; i++)
        if (limits->max_risk[i] != LEVEL_UNSET)
            fields_put(w, risk_keys[i], level_word(limits->max_risk[i]));
    if (limits->linger != LINGER_UNSET)
        fields_put(w, "linger", linger_words[limits->linger]);
    if (limits->sockets != SOCKETS_UNSET)
        fields_put(w, "abstract-sockets", sockets_words[limits->sockets]);
    if (limits->mode != MODE_UNSET)
        fields_put(w, "mode", mode_word(limits->mode));
}

static void write_command(struct fields_writer *w, const struct command *command)
{
    fields_put(w, "command", command->words.items[0]);
    for (size_t i = 1; i < command->words.count; i++)
        fields_put(w, "word", command->words.items[i]);
    if (command->any_arguments)
        fields_put(w, "any-arguments", "1");
}

static void write_rule(struct fields_writer *w, const struct rule *rule)
{
    fields_put(w, "rule", rule_words[rule->kind]);
    fields_put(w, "rule-where", rule->where);
    write_words(w, "service", &rule->services);
    write_words(w, "from", &rule->from);
    for (size_t i = 0; i < rule->window_count; i++)
        fields_put(w, "window", rule->windows[i].text);
    write_words(w, "run-as", &rule->run_as);
    write_words(w, "run-as-group", &rule->run_as_groups);
    for (size_t i = 0; i < rule->command_count; i++)
        write_command(w, &rule->commands[i]);
    if (rule->any_command)
        fields_put(w, "any-command", "1");
    if (rule->sensitivity != LEVEL_UNSET)
        fields_put(w, "sensitivity", level_word(rule->sensitivity));
    if (rule->leaves_service)
        fields_put(w, "leaves", "service");
}

void policy_write(struct fields_writer *w, const struct policy *policy)
{
    fields_put(w, "policy", policy->name);
    fields_put(w, "where", policy->where);
    write_words(w, "identity", &policy->identities);
    write_words(w, "purpose", &policy->purposes);
    write_words(w, "issuer", &policy->issuers);
    write_words(w, "principal", &policy->principals);
    write_limits(w, &policy->limits);
    for (size_t i = 0; i < policy->rule_count; i++)
        write_rule(w, &policy->rules[i]);
}
