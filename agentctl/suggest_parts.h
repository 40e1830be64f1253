/* How suggestions are written: texts that others chose, and the rules of a policy. */
#ifndef AGENTCTL_SUGGEST_PARTS_H
#define AGENTCTL_SUGGEST_PARTS_H

#include "agentctl/suggest.h"

/* Within a comment: it ends at no line end, and "${" is taken nowhere in a file. NULL is nothing. */
void put_told(FILE *to, const char *text);
/* As a string, or a command as one. What has control characters or "${" is left out before (suggest_check.c). */
void put_string(FILE *to, const char *text);
void put_command(FILE *to, const struct words *words);
/* "2026-11-27 14:03 UTC" */
void put_time(FILE *to, int64_t seconds);
/* "used 12 times, last 2026-11-27 14:03 UTC" */
void put_use(FILE *to, const struct suggestion *item);
/* "1 login", "2 logins" */
void put_count(FILE *to, uint64_t count, const char *one, const char *several);

/* The rules for these, which are in order. */
void put_rules(FILE *to, struct suggestion *const *items, size_t count, const struct escapes *escapes);

#endif
