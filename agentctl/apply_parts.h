/* One run of apply: what its parts, taking in and putting out, share. */
#ifndef PAM_AGENT_APPLY_PARTS_H
#define PAM_AGENT_APPLY_PARTS_H

#include "agentctl/apply.h"
#include "agentctl/apply_accounts.h"
#include "agentctl/config.h"
#include "agentctl/policy_choice.h"

struct apply {
    const struct apply_paths *paths;
    enum apply_mode mode;
    FILE *out, *err;
    struct arena arena;
    struct problems problems;
    struct config *config;
    int dir, lock; /* -1: not there */
    struct local local;
    struct uids uids;
    struct accounts before, accounts;
    struct policy_choices choices;
    char *anchors;
    size_t anchors_len, anchor_count;
    int changed;
};

/* Say what is in the way: APPLY_CANNOT. */
int apply_cannot(struct apply *a, const char *path, const char *what);
int apply_cannot_errno(struct apply *a, const char *path, int r);
/* The path of a file of the databases' directory, for people. */
const char *apply_state_path(struct apply *a, const char *name);

/* Open and lock the directory of the databases; a check takes it as it is, or as empty. An exit status, as all below. */
int apply_open(struct apply *a) MUST_CHECK;
/* Read everything and tell what is to be. */
int apply_take_in(struct apply *a) MUST_CHECK;
/* Is something that a rule of sudo names an agent's to change? */
int apply_check_programs(struct apply *a) MUST_CHECK;
/* Is there a rule that this host's sudo cannot carry out? */
int apply_check_sudo(struct apply *a) MUST_CHECK;
/* As apply_check_programs for one rule, also where it is in no configuration: what is wrong is added to the problems. */
void apply_check_rule(struct apply *a, const struct rule *rule);
/* Print a line for each account that is new, gone, back, or has another id, and for each permission that one gains or loses. */
void apply_print_changes(struct apply *a);
/* Put it in place: the databases, then the rules of sudo where `agentctl enable` made their file. */
int apply_put_out(struct apply *a) MUST_CHECK;
/* Drop what nscd has of accounts; ring the live sessions and say which of them end. */
int apply_tell(FILE *out, FILE *err) MUST_CHECK;

#endif
