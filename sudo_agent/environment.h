/* The environment that sudo is about to pass on to an agent's command. */
#ifndef PAM_AGENT_ENVIRONMENT_H
#define PAM_AGENT_ENVIRONMENT_H

#include <stddef.h>

#define VARIABLE_NAME_SIZE 64

/*
 * 1, and the name of the first NAME=VALUE of env, cut at its size, that is not as sudo makes it by itself: a name that sudo neither sets nor keeps unless it is told to, a
 * HOME other than this one, or a PATH with a directory that is none of the system's. 0: there is none. What is kept or set beyond
 * that is the agent's to choose, and to many programs as good as an argument that no rule has seen.
 *
 * preloaded: NULL for the command itself. For a program that it starts, what sudo preloads to be asked, "" for nothing: that may be
 * there, alone, and what shells set for themselves.
 */
int environment_strange(char *const env[], const char *home, const char *preloaded, char ret_name[VARIABLE_NAME_SIZE]);

/* Is dir[len] one of the directories that the system's programs are in, written as usual? 1 or 0. */
int directory_is_usual(const char *dir, size_t len);

#endif
