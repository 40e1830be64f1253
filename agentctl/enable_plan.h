/*
 * The plan: which files of the host are to become what, in the order in which it is safe to do.
 *
 * Enabling puts in what closes an agent's ways before what lets agents in (NSS), and what could stop everybody's sudo (sudo.conf)
 * last; disabling goes the other way round.
 */
#ifndef AGENTCTL_ENABLE_PLAN_H
#define AGENTCTL_ENABLE_PLAN_H

#include <stdio.h>

#include "agentctl/enable_file.h"

#define PLAN_MAX 16
#define PATH_DROP_IN "/etc/ssh/sshd_config.d/00-pam_agent.conf"
#define PATH_SSHD_CONFIG "/etc/ssh/sshd_config"
#define PATH_NSSWITCH "/etc/nsswitch.conf"
#define PATH_SUDO_CONF "/etc/sudo.conf"
#define PATH_SUDOERS "/etc/sudoers.d/pam_agent"

enum change_kind {
    CHANGE_OWN,       /* the whole file is ours */
    CHANGE_BLOCK,     /* a marked block in it */
    CHANGE_NSSWITCH,  /* the service `agent` in it */
    CHANGE_GENERATED, /* pam-auth-update writes it */
    CHANGE_SUDOERS,   /* `apply` writes it, once it is there */
};

struct change {
    const char *path;
    enum change_kind kind;
    struct host_file now;    /* as it is */
    struct host_file base;   /* without what is ours */
    struct host_file wanted; /* as it is to be */
};

struct plan {
    struct change changes[PLAN_MAX];
    size_t count;
    int partial; /* disable: something has to be taken out by hand, which has been said */
};

struct plan_options {
    int plain_keys;
    int observes;          /* the host: what opens agents' accounts today goes on opening them */
    int sudo_by_arguments; /* this host's sudo gets no plug-in */
};

/* 0, or -errno and the reason has been said. */
int plan_enable(struct plan *plan, const struct plan_options *options) MUST_CHECK;
int plan_disable(struct plan *plan) MUST_CHECK;

/* How many files would change. */
size_t plan_changes(const struct plan *plan);
void plan_print(FILE *to, const struct plan *plan);
/* Do it, remembering each file first (enable) or forgetting it afterwards (disable). 0, or -errno and it has been said. */
int plan_do(const struct plan *plan, int enable) MUST_CHECK;
/* Put every file back as it was when the plan was made. As plan_do; goes on after an error. */
int plan_undo(const struct plan *plan) MUST_CHECK;
void plan_clear(struct plan *plan);

#endif
