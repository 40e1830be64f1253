/* Problems: what is wrong with the configuration, all of it, as lines for a person: "FILE:LINE: what, and what to write". */
#ifndef PAM_AGENT_CONFIG_PROBLEM_H
#define PAM_AGENT_CONFIG_PROBLEM_H

#include <stddef.h>
#include <stdio.h>

#include "core/compat.h"

#define PROBLEMS_MAX 1000 /* kept; the others are counted */

struct problems {
    char **texts;
    size_t count, dropped;
};

/* Add one. file may be NULL; line 0: the file as a whole. Control characters become '?'. */
void problem_add(struct problems *problems, const char *file, unsigned line, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Why core/files.h refused a file (-errno), and what to do. */
const char *problem_with_file(int r);
void problems_print(const struct problems *problems, FILE *out);
void problems_clear(struct problems *problems);

#endif
