/*
 * Which policies each account of a configuration has. A million accounts have a few thousand choices of them: each is compiled once, under
 * a name that its text alone gives it.
 */
#ifndef AGENTCTL_POLICY_CHOICE_H
#define AGENTCTL_POLICY_CHOICE_H

#include "agentctl/config.h"
#include "agentctl/config_overlap.h"
#include "judge/policy_store.h"

struct policy_choice {
    const struct words *delegates;
    struct owners policies;            /* indexes of config->policies */
    char name[POLICY_NAME_LENGTH + 1]; /* "": its text is too large */
};

struct policy_choices {
    const struct config *config;
    struct arena arena;
    struct policy_choice **items, **of_identity; /* in the order of the identities; of each of config->identities */
    size_t count;
};

/* Of a configuration that was checked and stays. The caller clears it. */
void policy_choices_make(const struct config *config, struct policy_choices *ret);
void policy_choices_clear(struct policy_choices *choices);
/* The compiled policies of one of them, in buf[POLICY_TEXT_MAX]. 0; -ENOBUFS: they are too large. */
int policy_choice_text(const struct config *config, const struct policy_choice *choice, char *buf,
                       size_t *ret_len) MUST_CHECK;
/* Those of config->identities[i], as a session of it reads them. 0; -ENOBUFS; as policy_set_parse. */
int policy_choice_read(const struct policy_choices *choices, size_t i, struct policy_set *ret) MUST_CHECK;

#endif
