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

int reason_is_order(enum reason reason)
{
    switch (reason) {
    case REASON_IDENTITY_DISABLED:
    case REASON_TASK_COMPLETED:
    case REASON_TASK_SUSPENDED:
    case REASON_TASK_REVOKED:
    case REASON_REVOKED:
    case REASON_STOPPED:
    case REASON_SESSION_ENDING:
    case REASON_SESSION_ENDED:
        return 1;
    default:
        return 0;
    }
}

enum reason reason_parse(const char *word)
{
    for (unsigned i = 0; i < COUNT_OF(reasons); i++)
        if (strcmp(reasons[i].word, word) == 0)
            return (enum reason)i;
    return REASON_INTERNAL;
}
