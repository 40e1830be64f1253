#include "agentctl/issuers.h"

#include <string.h>

#include "agentctl/live.h"
#include "agentctl/say.h"
#include "core/text.h"
#include "judge/task.h"
#include "trust/anchors.h"

struct search {
    struct issuers *issuers;
    enum link_kind kind;
    const char *value;
};

static void add(struct issuers *issuers, const char *iss)
{
    for (size_t i = 0; i < issuers->count; i++) {
        if (!strcmp(issuers->names[i], iss))
            return;
    }
    if (issuers->count < ISSUERS_MAX && text_copy(issuers->names[issuers->count], ISS_MAX + 1, iss) == 0)
        issuers->count++;
}

static void add_configured(struct issuers *issuers)
{
    CLEANUP(anchors_freep) struct anchors *anchors = NULL;

    if (anchors_load(&anchors) < 0)
        return;
    for (size_t i = 0; i < anchors->issuer_count; i++)
        add(issuers, anchors->issuers[i]->iss);
}

static int add_live(const struct session *session, void *arg)
{
    const struct search *search = arg;
    const struct grant *grant = &session->grant;

    if (!strcmp(search->kind == LINK_JTI ? grant->jti : grant->task, search->value))
        add(search->issuers, grant->iss);
    return 0;
}

static int add_recorded(const struct task_record *record, void *arg)
{
    const struct search *search = arg;

    if (search->kind == LINK_TASK && !strcmp(record->task, search->value))
        add(search->issuers, record->iss);
    return 0;
}

const char *issuers_choose(struct issuers *issuers, enum link_kind kind, const char *value)
{
    struct issuers known = {.count = 0};
    struct search search = {&known, kind, value};

    issuers->count = 0;
    add_configured(issuers);
    if (issuers->count == 1)
        return issuers->names[0];
    /* What cannot be read names nobody: then it must be given. */
    (void)!sessions_each(add_live, &search);
    (void)!tasks_each(add_recorded, &search);
    if (known.count == 1) {
        *issuers = known;
        return issuers->names[0];
    }
    for (size_t i = 0; i < known.count; i++)
        add(issuers, known.names[i]);
    complain("whose %s is it? Give --issuer with one of:", link_kind_word(kind));
    for (size_t i = 0; i < issuers->count; i++) {
        fputs("  ", stderr);
        print_escaped(stderr, issuers->names[i]);
        fputc('\n', stderr);
    }
    return NULL;
}
