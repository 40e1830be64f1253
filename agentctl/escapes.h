/*
 * Escapes: programs that run, or write where they like, what their caller tells them. A rule of sudo that names such a use allows more than
 * it says. The list (etc/escapes.list) is built in; its head says how it is written.
 */
#ifndef AGENTCTL_ESCAPES_H
#define AGENTCTL_ESCAPES_H

#include "agentctl/config_memory.h"
#include "agentctl/config_problem.h"
#include "judge/policy.h"

struct escape {
    const char *program;         /* a pattern of the last segment of its path */
    struct words words, without; /* one of these can stand there (none: any use); and none of those surely does */
    const char *file;            /* where it is listed */
    unsigned line;
};

struct escapes {
    struct escape *items;
    size_t count;
};

/* Add what text[len] lists. What is wrong is said with the file's name and line. All lives in the arena. */
void escapes_add(struct escapes *escapes, const char *text, size_t len, const char *file, struct arena *arena,
                 struct problems *problems);
/* Add what is built in. */
void escapes_add_known(struct escapes *escapes, struct arena *arena, struct problems *problems);

/* The escape that some command line can be which this command of a rule matches, or NULL. */
const struct escape *escapes_find(const struct escapes *escapes, const struct command *command);

#endif
