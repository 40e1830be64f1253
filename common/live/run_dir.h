/* The names in a directory of PATH_RUN, for who tidies it. */
#ifndef PAM_AGENT_RUN_DIR_H
#define PAM_AGENT_RUN_DIR_H

typedef void (*name_fn)(int dir, const char *name, void *arg);

/* Call fn for each name of PATH_RUN/a/b that does not begin with '.'; b may be NULL. A directory that is not there has none. */
void run_dir_each(const char *a, const char *b, name_fn fn, void *arg);

/* Is it a file that nobody has changed for this many seconds? 1 or 0. */
int is_file_older(int dir, const char *name, int seconds);

#endif
