/* Matching of words, addresses and commands. Pure; all answers 1 or 0. */
#ifndef PAM_AGENT_MATCH_H
#define PAM_AGENT_MATCH_H

#include <stddef.h>

#include "judge/policy.h"

/*
 * One argument against one pattern, byte by byte: '?' is one byte, '*' any number of bytes, everything else itself.
 * Neither matches a '/' or a control character, nor a leading '-' or '.'. An argument with a ".." segment
 * matches only a pattern that is equal to it.
 */
int word_matches(const char *pattern, const char *word);

/* argv[count] against a command: argv[0] is sudo's resolved path. */
int command_matches(const struct command *command, const char *const *argv, size_t count);

/* A numeric address against ADDRESS or ADDRESS/BITS of either family; a v4-mapped v6 address counts as v4. */
int address_matches(const char *pattern, const char *address);
/* Is it a numeric address? */
int address_valid(const char *address);
/* Is it ADDRESS or ADDRESS/BITS with no host bits beyond BITS? */
int address_pattern_valid(const char *pattern);

#endif
