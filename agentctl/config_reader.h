/* From the tree of a file to the configuration: what the readers of sections share. Every complaint names file and line. */
#ifndef PAM_AGENT_CONFIG_READER_H
#define PAM_AGENT_CONFIG_READER_H

#include "agentctl/config.h"
#include "agentctl/config_tree.h"

/* A section `commands`. */
struct command_group {
    const char *name;
    struct place place;
    struct command *commands;
    size_t command_count;
    int used;
};

/* A rule with `use`; by index, for policies and rules move while there come more. */
struct group_user {
    const struct section *section;
    size_t policy, rule;
};

struct reader {
    const char *dir;
    struct config *config;
    struct problems *problems;
    struct command_group *groups;
    size_t group_count;
    struct group_user *users;
    size_t user_count;
};

/* A complaint about a section, or about a value of it. */
#define section_problem(reader, section, ...) \
    problem_add((reader)->problems, (section)->file, (section)->line, __VA_ARGS__)
#define value_problem(reader, section, value, ...) \
    problem_add((reader)->problems, (section)->file, (value)->line, __VA_ARGS__)

struct place section_place(const struct section *section);
/* "FILE:LINE" */
const char *where_text(struct reader *reader, const char *file, unsigned line);

/* The one value of a key, or NULL where it is not given. */
const struct value *read_value(const struct section *section, const char *key);
/* The same, with a complaint where it is not given: mend is an example of what to write. */
const struct value *read_required(struct reader *reader, const struct section *section, const char *key,
                                  const char *mend);

/* Each keeps *ret where the key is not given or wrong. */
void read_duration(struct reader *reader, const struct section *section, const char *key, uint32_t max, uint32_t *ret);
void read_number(struct reader *reader, const struct section *section, const char *key, uint32_t max, uint32_t *ret);
void read_flag(struct reader *reader, const struct section *section, const char *key, int *ret);
void read_mode(struct reader *reader, const struct section *section, int *ret);
void read_level(struct reader *reader, const struct section *section, const char *key, enum level *ret);
/* A list whose values are each valid; mend says what such a value looks like. */
void read_words(struct reader *reader, const struct section *section, const char *key, int (*valid)(const char *),
                const char *mend, struct words *ret);
/* The same of labels, or patterns of them: each key stands once. */
void read_labels(struct reader *reader, const struct section *section, const char *key, int (*valid)(const char *),
                 const char *mend, struct words *ret);
void read_limits(struct reader *reader, const struct section *section, struct limits *ret);

/* The readers of sections. */
void read_host(struct reader *reader, const struct section *section);
void read_issuer(struct reader *reader, const struct section *section);
void read_identity(struct reader *reader, const struct section *section);
void read_defaults(struct reader *reader, const struct section *section);
void read_commands(struct reader *reader, const struct section *section);
void read_policy(struct reader *reader, const struct section *section);

/* The commands of a sudo rule, the last of the last policy; those of the groups it uses come with check_groups. */
void read_rule_commands(struct reader *reader, const struct section *section, struct rule *rule);
void read_windows(struct reader *reader, const struct section *section, struct rule *rule);
/* After the last file: the rules get the commands of their groups. */
void check_groups(struct reader *reader);

/* What only the whole tells: things that are missing, that contradict each other, that match nothing. */
void check_config(struct reader *reader);

#endif
