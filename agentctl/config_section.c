/* host, identity, defaults. */
#include <string.h>

#include "agentctl/config_reader.h"
#include "agentctl/config_syntax.h"
#include "agentctl/root_groups.h"
#include "core/identities.h"
#include "core/names.h"
#include "core/paths.h"
#include "judge/policy_store.h"

#define UID_RANGE_MIN 1000 /* below are the system's own (adduser.conf(5)) */
#define UID_RANGE_MAX 2000000000u
#define SYSTEMD_MIN 61184 /* .. 65535: systemd's dynamic users, nobody, the 16 bit -1 (systemd's UIDS-GIDS.md) */
#define SYSTEMD_MAX 65535
#define HOME_PREFIX_DEFAULT "/var/lib/agents"
#define HOME_PREFIX_MAX (IDENTITY_PATH_MAX - ACCOUNT_NAME_MAX - 2)

static void read_uid_range(struct reader *reader, const struct section *section, struct host_config *host)
{
    const struct value *value = read_value(section, "uid-range");
    uint32_t min, max;

    if (!value)
        return;
    if (range_parse(value->text, &min, &max) < 0 || max < min + CONFIG_UIDS_RESERVED || min < UID_RANGE_MIN ||
        max > UID_RANGE_MAX || (min <= SYSTEMD_MAX && max >= SYSTEMD_MIN)) {
        value_problem(
            reader, section, value,
            "uid-range: \"%s\" is not valid: write \"MIN-MAX\", three uids or more, between %u and %u and outside "
            "%u-%u, as in \"70000-99999\"",
            value->text, UID_RANGE_MIN, UID_RANGE_MAX, SYSTEMD_MIN, SYSTEMD_MAX);
        return;
    }
    host->uid_min = min;
    host->uid_max = max;
}

static void read_home_prefix(struct reader *reader, const struct section *section, struct host_config *host)
{
    const struct value *value = read_value(section, "home-prefix");

    if (!value)
        return;
    if (!path_normal(value->text) || strlen(value->text) > HOME_PREFIX_MAX)
        value_problem(reader, section, value, "home-prefix: \"%s\" is not valid: write an absolute path, as in \"%s\"",
                      value->text, HOME_PREFIX_DEFAULT);
    else
        host->home_prefix = value->text;
}

static void read_sudo_approval(struct reader *reader, const struct section *section, struct host_config *host)
{
    const struct value *value = read_value(section, "sudo-approval");

    if (!value)
        return;
    host->sudo_by_arguments = strcmp(value->text, "argv") == 0;
    if (!host->sudo_by_arguments && strcmp(value->text, "required") != 0)
        value_problem(reader, section, value, "sudo-approval: \"%s\" is neither: write \"required\" or \"argv\"",
                      value->text);
}

static void read_secrets(struct reader *reader, const struct section *section, struct host_config *host)
{
    read_words(reader, section, "secret-arguments", secret_name_valid,
               "an option without blanks, as in \"--password\", or the beginning of one, as in \"-p*\"",
               &host->secrets);
    if (host->secrets.count > SECRETS_MAX)
        section_problem(reader, section, "secret-arguments: more than %d: remove some", SECRETS_MAX);
}

void read_host(struct reader *reader, const struct section *section)
{
    struct host_config *host = &reader->config->host;
    const struct value *id = read_required(reader, section, "id", "\"spiffe://TRUST-DOMAIN/host/NAME\"");

    *host = (struct host_config){.place = section_place(section),
                                 .id = id ? id->text : NULL,
                                 .uid_min = CONFIG_UID_MIN_DEFAULT,
                                 .uid_max = CONFIG_UID_MAX_DEFAULT,
                                 .home_prefix = HOME_PREFIX_DEFAULT,
                                 .sensitivity = LEVEL_LOW,
                                 .keep_home = KEEP_HOME_DEFAULT,
                                 .mode = MODE_ENFORCE};
    if (id && !spiffe_id_valid(id->text))
        value_problem(reader, section, id,
                      "id: \"%s\" is no SPIFFE ID: write one, as in \"spiffe://example.org/host/web-07\"", id->text);
    read_uid_range(reader, section, host);
    read_home_prefix(reader, section, host);
    read_level(reader, section, "sensitivity", &host->sensitivity);
    read_labels(reader, section, "labels", label_valid,
                "KEY=VALUE of letters, digits, '_', '.' and '-', as in \"env=prod\"", &host->labels);
    read_duration(reader, section, "keep-home", CONFIG_KEEP_HOME_HARD, &host->keep_home);
    read_mode(reader, section, &host->mode);
    read_sudo_approval(reader, section, host);
    read_secrets(reader, section, host);
}

static void read_home(struct reader *reader, const struct section *section, struct identity_config *identity)
{
    const struct value *home = read_value(section, "home");

    if (!home)
        return;
    identity->keep_home = strcmp(home->text, "keep") == 0;
    if (!identity->keep_home && strcmp(home->text, "task") != 0)
        value_problem(reader, section, home, "home: \"%s\" is unknown: write \"task\" or \"keep\"", home->text);
}

static void read_keep(struct reader *reader, const struct section *section, struct identity_config *identity)
{
    const struct value *keep = read_value(section, "keep-home");

    read_duration(reader, section, "keep-home", CONFIG_KEEP_HOME_HARD, &identity->keep_seconds);
    if (keep && identity->keep_home)
        value_problem(reader, section, keep,
                      "keep-home: with home = \"keep\" no home is ever put away: remove one of them");
}

static int is_unattended(const char *service)
{
    return unattended_bit(service) != 0;
}

/* Who may act in the account without a credential. */
static void read_visits(struct reader *reader, const struct section *section, struct identity_config *identity)
{
    const struct value *first = read_value(section, "unattended");
    struct words services = {0};

    read_flag(reader, section, "human-use", &identity->human_use);
    read_words(reader, section, "unattended", is_unattended, "\"cron\", \"crond\", \"atd\" or \"systemd-user\"",
               &services);
    for (size_t i = 0; i < services.count; i++)
        identity->unattended |= unattended_bit(services.items[i]);
    if (first && identity->keep_home)
        value_problem(
            reader, section, first,
            "unattended: with home = \"keep\" it would run what agents leave (crontabs, units): remove one of "
            "them");
}

/* Whether this host has them, `apply` tells. */
static void read_groups(struct reader *reader, const struct section *section, struct identity_config *identity)
{
    const struct setting *setting = section_setting(section, "groups");
    struct mention *groups;

    if (!setting)
        return;
    if (setting->count > IDENTITY_GROUPS_MAX) {
        value_problem(reader, section, &setting->values[IDENTITY_GROUPS_MAX], "groups: more than %d: write fewer",
                      IDENTITY_GROUPS_MAX);
        return;
    }
    groups = arena_alloc(&reader->config->arena, setting->count, sizeof *groups);
    for (size_t i = 0; i < setting->count; i++) {
        const struct value *value = &setting->values[i];
        const struct root_group *root = root_group(value->text);

        if (root)
            value_problem(reader, section, value, "groups: the members of \"%s\" %s: remove it", value->text,
                          root->why);
        else if (strcmp(value->text, AGENTS_GROUP) == 0)
            value_problem(reader, section, value,
                          "groups: every agent's account is a member of " AGENTS_GROUP ": remove it");
        groups[i] = (struct mention){{section->file, value->line}, value->text};
    }
    identity->groups = groups;
    identity->group_count = setting->count;
}

static void add_identity(struct config *config, const struct identity_config *identity)
{
    config->identities = arena_grow(&config->arena, config->identities, config->identity_count, sizeof *identity);
    config->identities[config->identity_count++] = *identity;
}

/* NAME, NAME-2 ... NAME-N. */
static void add_slots(struct reader *reader, const struct section *section, const struct identity_config *identity)
{
    uint32_t slots = 1;

    read_number(reader, section, "slots", CONFIG_SLOTS_HARD, &slots);
    for (unsigned i = 1; i <= slots; i++) {
        struct identity_config slot = *identity;

        slot.slot = i;
        if (i > 1)
            slot.account = arena_format(&reader->config->arena, "%s-%u", identity->account, i);
        add_identity(reader->config, &slot);
    }
    if (account_name_valid(identity->account) &&
        !account_name_valid(reader->config->identities[reader->config->identity_count - 1].account))
        section_problem(reader, section, "identity \"%s\": the names of its slots have more than %d characters",
                        identity->account, ACCOUNT_NAME_MAX);
}

void read_identity(struct reader *reader, const struct section *section)
{
    const struct value *id = read_required(reader, section, "id", "\"spiffe://TRUST-DOMAIN/agent/NAME\"");
    struct identity_config identity = {
        .place = section_place(section), .account = section->title, .id = id ? id->text : NULL};

    if (!account_name_valid(section->title))
        section_problem(reader, section,
                        "identity \"%s\" is no account name: write [a-z_][a-z0-9_-]*, at most %d characters",
                        section->title, ACCOUNT_NAME_MAX);
    else if (strcmp(section->title, "root") == 0)
        section_problem(reader, section, "identity \"root\": root is no agent; choose another account");
    if (id && !spiffe_pattern_valid(id->text))
        value_problem(
            reader, section, id,
            "id: \"%s\" is no SPIFFE ID: write one, as in \"spiffe://example.org/agent/deploy\", or \"/*\" at its end "
            "for all below",
            id->text);
    read_home(reader, section, &identity);
    read_keep(reader, section, &identity);
    read_groups(reader, section, &identity);
    read_visits(reader, section, &identity);
    read_words(reader, section, "delegates", spiffe_pattern_valid,
               "a SPIFFE ID, as in \"spiffe://example.org/agent/deploy\", or \"/*\" at its end for all below",
               &identity.delegates);
    if (identity.delegates.count > 0 && id && !spiffe_id_valid(id->text))
        section_problem(reader, section,
                        "identity \"%s\": delegates needs an id that is no pattern: whoever acts here acts as this one",
                        section->title);
    add_slots(reader, section, &identity);
}

void read_defaults(struct reader *reader, const struct section *section)
{
    struct policy *defaults = &reader->config->defaults;

    defaults->where = where_text(reader, section->file, section->line);
    read_limits(reader, section, &defaults->limits);
}
