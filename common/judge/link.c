#include "judge/link.h"

#include <string.h>

static const char *const words[LINK_KINDS] = {"task", "jti", "key", "identity", "issuer"};

void link_make(struct link *link, enum link_kind kind, const char *iss, const char *value)
{
    link->kind = kind;
    state_key(kind == LINK_TASK || kind == LINK_JTI ? iss : "", value, link->key);
}

const char *link_kind_word(enum link_kind kind)
{
    return words[kind];
}

int link_kind_parse(const char *word)
{
    for (int kind = 0; kind < LINK_KINDS; kind++)
        if (strcmp(words[kind], word) == 0)
            return kind;
    return -1;
}
