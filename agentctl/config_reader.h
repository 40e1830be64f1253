/* From the tree of a file to the configuration: what the readers of sections share. Every complaint names file and line. */
#ifndef PAM_AGENT_CONFIG_READER_H
#define PAM_AGENT_CONFIG_READER_H

#include "agentctl/config.h"
#include "agentctl/config_tree.h"

struct reader {
    const char *dir;
    struct config *config;
    struct problems *problems;
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
void read_level(struct reader *reader, const struct section *section, const char *key, enum level *ret);
/* A list whose values are each valid; mend says what such a value looks like. */
void read_words(struct reader *reader, const struct section *section, const char *key, int (*valid)(const char *),
                const char *mend, struct words *ret);
void read_limits(struct reader *reader, const struct section *section, struct limits *ret);

/* The readers of sections. */
void read_host(struct reader *reader, const struct section *section);
void read_issuer(struct reader *reader, const struct section *section);
void read_identity(struct reader *reader, const struct section *section);
void read_defaults(struct reader *reader, const struct section *section);
void read_policy(struct reader *reader, const struct section *section);

/* What only the whole tells: things that are missing, that contradict each other, that match nothing. */
void check_config(struct reader *reader);

#endif
