/* The grammar of agent.conf: which keys exist, where, and of what shape. The one table that scan and parser go by. */
#ifndef PAM_AGENT_CONFIG_KEYS_H
#define PAM_AGENT_CONFIG_KEYS_H

#include <stddef.h>

#define KEYS_MAX 40 /* keys of one kind of section */

enum key_shape {
    KEY_VALUE,   /* KEY = VALUE */
    KEY_LIST,    /* KEY = { VALUE, ... } or KEY = VALUE */
    KEY_SECTION, /* KEY { ... } or, titled, KEY "TITLE" { ... } */
};

struct key {
    const char *name;
    enum key_shape shape;
    int titled, repeatable; /* section; a section that is neither stands once in the whole configuration */
    const struct key *keys; /* of the section; the last has no name */
};

extern const struct key config_keys[];

/* The key of this name[len], or NULL. */
const struct key *key_find(const struct key *keys, const char *name, size_t len);

#endif
