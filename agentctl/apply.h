/* `agentctl apply` and `key refresh`: from the configuration to what is in force, whole or not at all. */
#ifndef PAM_AGENT_APPLY_H
#define PAM_AGENT_APPLY_H

#include <stdio.h>

#include "agentctl/apply_local.h"
#include "core/compat.h"

enum { APPLY_DONE = 0, APPLY_PROBLEMS = 1, APPLY_CANNOT = 3 }; /* exit statuses */

enum apply_mode {
    APPLY_ALL,
    APPLY_CHECK, /* nothing is written */
    APPLY_KEYS,  /* what the configuration says of issuers, and their keys, alone */
};

struct apply_paths {
    const char *config_dir, *state_dir, *sudoers_dir;
    struct local_paths local;
    const char *sudo; /* asked for its version */
    int lock_wait_ms;
    int (*tell)(FILE *out, FILE *err); /* tell the live sessions: an exit status; NULL: there are none */
};

/*
 * Read, check, compile, put in place, and tell the live sessions, which ends those that are no longer allowed.
 * Changes and a summary go to out, problems to err. Waits at most 10 s for another apply. Exit status: done;
 * problems, nothing changed; cannot: something was in the way, which err names, and each file is either the old or the new one.
 */
int apply_run(enum apply_mode mode, FILE *out, FILE *err) MUST_CHECK;
/* The same elsewhere. */
int apply_run_at(const struct apply_paths *paths, enum apply_mode mode, FILE *out, FILE *err) MUST_CHECK;

#endif
