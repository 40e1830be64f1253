/*
 * Suggest: from what was observed to policies that would have allowed it and nothing else: of one identity, issuer, principal and purpose each, with
 * sources and commands as they were. What no rule can say exactly, what `agentctl apply` would refuse, and what the policies in force
 * have a word about, is left out, with why.
 */
#ifndef AGENTCTL_SUGGEST_H
#define AGENTCTL_SUGGEST_H

#include <stdint.h>
#include <stdio.h>

#include "agentctl/apply_parts.h"
#include "agentctl/observed.h"

struct suggestion {
    const struct observed *seen;
    uint64_t times;
    int64_t last;
    const char *left_out; /* why; NULL: a rule says it */
};

struct suggested_policy {
    const char *name;               /* that no other policy has; NULL where left_out */
    const char *identity, *account; /* identity NULL: the account is nobody's */
    const char *issuer, *principal; /* NULL: not known */
    struct words purposes;          /* none: none was told */
    struct suggestion *items;       /* by observed_compare_steps */
    size_t count, written;
    const char *left_out; /* why there is no such policy; NULL: there is */
};

struct suggested {
    struct suggested_policy *policies;
    size_t count;
};

/* What the suggestions are for. */
struct suggest_host {
    struct apply *apply; /* its configuration, accounts and local accounts; its problems are none */
    int (*policies_of)(const char *account, struct policy_set *ret); /* those in force */
};

/* All lives in the arena, in what was observed, and in the configuration. */
void suggest(const struct observations *seen, const struct suggest_host *host, struct arena *arena,
             struct suggested *ret);

/* A file of policies as agentctl reads them. What others wrote breaks out of no string and no comment. */
void suggested_print(const struct suggested *suggested, const struct observations *seen, const struct escapes *escapes,
                     FILE *to);

#endif
