/*
 * Policy: what agents may do here, as `agentctl apply` compiles it and as every step reads it.
 *
 * policy.cdb (root, 0600) holds, by account, the policies that can ever match it, as one fields text, once for all accounts that have
 * the same ones:
 *
 *   key "h"             fields: host-id, build (of this apply), sensitivity, keep-home SECONDS, mode,
 *                       sudo-approval required|argv; secret NAME, any number
 *   key "p" ACCOUNT     NAME of its text
 *   key "t" NAME        as below
 *
 *     delegator PATTERN               before the policies: any number
 *     zone NAME                       there, too: a time zone of windows below, then the offsets that it has
 *     offset EPOCH SECONDS            from then on, east of UTC
 *     policy NAME                     starts a policy; all that follows belongs to it
 *     where FILE:LINE
 *     identity PATTERN                one or more
 *     purpose PATTERN                 none: any purpose, also an absent one
 *     issuer NAME                     none: any issuer
 *     principal PATTERN               none: any principal, also an absent one
 *     max-lifetime SECONDS            limits; absent: the policy sets none
 *     max-session SECONDS
 *     max-logins N
 *     possession channel|signed|bearer
 *     max-sessions N
 *     reattest-every SECONDS
 *     reattest-grace SECONDS
 *     max-denials N
 *     max-steps N
 *     steps-per-minute N
 *     max-delegation N                from 0
 *     max-risk-low LEVEL, max-risk-medium LEVEL, max-risk-high LEVEL       low | medium | high
 *     linger yes|no
 *     abstract-sockets apart|shared
 *     mode enforce|observe
 *     rule allow-login|deny-login|allow-sudo|deny-sudo      starts a rule of the policy
 *     rule-where FILE:LINE
 *     service NAME                    login: PAM services; none: only "sshd"
 *     from ADDRESS[/BITS]             sources of the login; none: any
 *     window WINDOW ZONE              judge/window.h; any of them; none: always
 *     run-as NAME                     sudo: none: only "root"; in a deny rule: any
 *     run-as-group NAME               sudo: none: only the user's own; in a deny rule: any
 *     command WORD                    sudo: starts a command; in a deny rule without commands: any
 *     word WORD                       its arguments, patterns
 *     any-arguments 1                 (below a command) its last word was "...": any further arguments
 *     any-command 1                   sudo: every command
 *     sensitivity LEVEL               login, sudo: of steps that this rule allows
 *     leaves service                  sudo
 *
 * `defaults` are a policy named "defaults" without rules, first of the list: limits alone.
 */
#ifndef PAM_AGENT_POLICY_H
#define PAM_AGENT_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"
#include "judge/window.h"

#define POLICY_TEXT_MAX (4u << 20) /* bytes of one account's compiled policies */
#define STEPS_PER_MINUTE_MAX 600   /* a guard remembers so many */

/* From the strongest to the weakest; a limit of `signed` accepts channel and signed. */
enum possession {
    POSSESSION_UNSET,
    POSSESSION_CHANNEL, /* ssh proved the key in this connection (P1) */
    POSSESSION_SIGNED,  /* a signature over this host's nonce (P2, P3) */
    POSSESSION_BEARER,  /* none */
};

/* What an allow rule is about that names none. */
#define RULE_DEFAULT_SERVICE "sshd"
#define RULE_DEFAULT_RUN_AS "root"

enum rule_kind { RULE_ALLOW_LOGIN, RULE_DENY_LOGIN, RULE_ALLOW_SUDO, RULE_DENY_SUDO };

struct words {
    const char **items;
    size_t count;
};

struct command {
    struct words words; /* [0] is an absolute path, compared exactly; the others are patterns */
    int any_arguments;
};

enum level { LEVEL_UNSET, LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH };

struct rule {
    enum rule_kind kind;
    enum level sensitivity; /* LEVEL_UNSET: the host's */
    int leaves_service;     /* allow-sudo: what the command leaves running is the host's, not the session's */
    const char *where;
    struct words services, from, run_as, run_as_groups;
    struct window *windows;
    size_t window_count;
    struct command *commands;
    size_t command_count;
    int any_command;
    /* allow-sudo, of the configuration alone: nothing that a step asks, and so not compiled */
    int may_exec;         /* sudo lets it start other programs */
    int intercept;        /* sudo asks for each program that it starts */
    int escapes_accepted; /* it may name what runs or writes what its caller likes */
};

/* 0 = not set. */
struct limits {
    uint32_t max_lifetime, max_session, max_logins;
    enum possession possession;
    uint32_t max_sessions;                   /* of one account at a time */
    uint32_t reattest_every, reattest_grace; /* seconds; without the first a session ends with its credential */
    uint32_t max_denials;                    /* refusals inside one session; one more revokes its credential */
    uint32_t max_steps, steps_per_minute;    /* commands of sudo that one session is permitted */
    uint32_t max_chain;                      /* credentials of a chain: max-delegation and the last one */
    enum level max_risk[LEVEL_HIGH + 1];     /* by sensitivity: the highest risk at which such a step is allowed */
    int linger;  /* LINGER_YES: processes may stay after a normal close, until the session's deadline */
    int sockets; /* SOCKETS_APART: a session reaches no abstract socket of others */
    int mode;    /* MODE_OBSERVE: what the policy refuses is recorded, and left to the other modules */
};

/* Of several policies the lower one counts. */
enum { LINGER_UNSET, LINGER_NO, LINGER_YES };
enum { SOCKETS_UNSET, SOCKETS_APART, SOCKETS_SHARED };
enum { MODE_UNSET, MODE_ENFORCE, MODE_OBSERVE };

struct policy {
    const char *name, *where;
    struct words identities, purposes, issuers, principals;
    struct limits limits;
    struct rule *rules;
    size_t rule_count;
};

struct policy_set {
    struct policy *policies;
    size_t count;
    struct words delegators; /* identities whose credentials, delegated to the account's holder, open it: patterns */
    struct zones zones;
    char *text; /* owned: the strings point into it */
};

/*
 * Parse compiled text[len]; it is copied. 0, -EBADMSG, -ENOMEM. On success the set is the caller's to clear;
 * a cleared or zeroed set is empty.
 */
int policy_set_parse(const char *text, size_t len, struct policy_set *ret) MUST_CHECK;
void policy_set_clear(struct policy_set *set);

/* Append the policy's lines; those of its zones stand before the first policy (zone_write). */
void policy_write(struct fields_writer *w, const struct policy *policy);

/* Words of the configuration and the compiled text. POSSESSION_UNSET for an unknown word. */
enum possession possession_parse(const char *word);
const char *possession_word(enum possession possession);
/* SOCKETS_UNSET for an unknown word. */
int sockets_parse(const char *word);
/* MODE_UNSET for an unknown word. */
int mode_parse(const char *word);
const char *mode_word(int mode);
/* low, medium, high; LEVEL_UNSET for an unknown word. */
enum level level_parse(const char *word);
const char *level_word(enum level level);

#endif
