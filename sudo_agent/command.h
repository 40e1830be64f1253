/* What sudo is about to run, out of the lists of NAME=VALUE strings that it hands to a plug-in. */
#ifndef PAM_AGENT_COMMAND_H
#define PAM_AGENT_COMMAND_H

#include <sys/types.h>

#include "ask/message.h"
#include "core/names.h"

#define RUN_AS_MAX 512

struct command {
    uid_t uid; /* it runs as */
    int strange; /* something no rule speaks of: groups of the caller, a root directory, the editing of a file, another host or name */
    char run_as
        [RUN_AS_MAX]; /* USER or USER:GROUP; USER with what is strange behind it, so that it is no account's name */
    char own_group[LOCAL_NAME_MAX]; /* of the user */
};

/* What sudo is about to run, as it hands it to a plug-in. */
struct lists {
    char *const *info, *const *argv, *const *env;
    const char *preloaded; /* environment.h */
    int other_host;        /* sudo -h: sudoers were asked for another host */
};

/*
 * Fills path, arguments, cwd, run-as and own-group of the question, whose strings are sudo's and ret's. Where env is NULL, what the caller
 * chooses beside the command is not looked at. 0; -EINVAL: sudo did not say who or what; -E2BIG: more than a message holds. After a failure
 * the question has no argument: it can still be put, for the record, but its answer must not count.
 */
int command_describe(const struct lists *lists, struct command *ret, struct question *question) MUST_CHECK;

/*
 * The tool that a credential needs for the command, as `agentctl issue --tool` takes it: "host:sudo runas=root command=/usr/bin/id
 * args=[...]". 0; -EINVAL: it cannot be written so; -ENOBUFS.
 */
int command_tool(const struct question *question, char *buf, size_t cap) MUST_CHECK;

/* Do the settings that sudo opens a plug-in with name another host? 1 or 0. */
int command_other_host(char *const settings[]);

/* The uid alone. 0 or -EINVAL. */
int command_uid(char *const info[], uid_t *ret) MUST_CHECK;

#endif
