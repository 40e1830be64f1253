/* A command line of a configuration: words at blanks, without quotes. */
#ifndef AGENTCTL_WORDS_H
#define AGENTCTL_WORDS_H

#include "agentctl/config_memory.h"
#include "judge/policy.h"

/* The words of the line, which is changed and must outlive them. 1; 0: there are more than max. */
int words_split(char *line, size_t max, struct arena *arena, struct words *ret) MUST_CHECK;

#endif
