#include "core/reason.h"

#include <string.h>

static const struct {
    const char *word, *meaning, *mend;
} reasons[] = {
#define REASON_ROW(name, word, meaning, mend) {word, meaning, mend},
    REASON_LIST(REASON_ROW)
#undef REASON_ROW
};

static unsigned in_list(enum reason reason)
{
    return (unsigned)reason < COUNT_OF(reasons) ? (unsigned)reason : REASON_INTERNAL;
}

const char *reason_word(enum reason reason)
{
    return reasons[in_list(reason)].word;
}

const char *reason_meaning(enum reason reason)
{
    return reasons[in_list(reason)].meaning;
}

const char *reason_mend(enum reason reason)
{
    return reasons[in_list(reason)].mend;
}

enum reason reason_parse(const char *word)
{
    for (unsigned i = 0; i < COUNT_OF(reasons); i++)
        if (strcmp(reasons[i].word, word) == 0)
            return (enum reason)i;
    return REASON_INTERNAL;
}
