/*
 * A configuration file as a tree of sections, each value with its line: what libconfuse read, in terms that need no libconfuse.
 */
#ifndef PAM_AGENT_CONFIG_TREE_H
#define PAM_AGENT_CONFIG_TREE_H

#include <stddef.h>

#include "agentctl/config_scan.h"

struct value {
    const char *text;
    unsigned line;
};

struct setting {
    const struct key *key;
    struct value *values; /* one or more */
    size_t count;
};

struct section {
    const struct key *key; /* NULL: the file */
    const char *title;     /* or NULL */
    const char *file;
    unsigned line;
    struct setting *settings;
    size_t setting_count;
    struct section *sections; /* of one key in the order of the text */
    size_t section_count;
};

/* Parse a text that scan_text passed; it is as it was afterwards. 0 and the tree, in scratch, its texts in the arena; -EINVAL, reported. */
int tree_parse(char *text, const struct scan *scan, const struct config_text *of, struct section *ret) MUST_CHECK;

/* The values of a key of this section; NULL: it is not given. */
const struct setting *section_setting(const struct section *section, const char *name);
/* Is the section one of this key? 1 or 0. */
int section_is(const struct section *section, const char *name);

#endif
