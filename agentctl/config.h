/*
 * The configuration: /etc/pam_agent/agent.conf and conf.d, read and checked (agent.conf(5)). Only agentctl reads it; everything else
 * reads what `agentctl apply` compiled from it.
 */
#ifndef PAM_AGENT_CONFIG_H
#define PAM_AGENT_CONFIG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agentctl/config_memory.h"
#include "agentctl/config_problem.h"
#include "agentctl/escapes.h"
#include "core/compat.h"
#include "judge/policy.h"
#include "trust/issuer.h"

#define CONFIG_FILE_MAX (1u << 20) /* bytes of one file */
#define CONFIG_FILES_MAX 4096      /* files of conf.d */
#define CONFIG_UID_MIN_DEFAULT 70000
#define CONFIG_UID_MAX_DEFAULT 99999
#define CONFIG_UIDS_RESERVED 2      /* first uids of the range, for helpers */
#define CONFIG_LIFETIME_HARD 3600   /* seconds; CREDENTIAL_LIFETIME_HARD */
#define CONFIG_LIFETIME_DEFAULT 900 /* seconds, of an issuer */
#define CONFIG_SESSION_HARD (7 * 86400)
#define CONFIG_LOGINS_HARD 1000
#define CONFIG_SESSIONS_HARD 64 /* of one account at a time */
#define CONFIG_DENIALS_HARD 1000
#define CONFIG_STEPS_HARD 1000000
#define CONFIG_DELEGATION_HARD 8 /* AAT_DEPTH_MAX */
#define CONFIG_GRACE_HARD 3600   /* seconds */
#define CONFIG_SLOTS_HARD 64
#define CONFIG_KEEP_HOME_HARD (365 * 86400)
#define CONFIG_KEY_AGE_HARD (365 * 86400)

struct place {
    const char *file;
    unsigned line;
};

/* What a list names: a section by its title, or a group; whether there is such a one is told later. */
struct mention {
    struct place place;
    const char *title;
};

struct host_config {
    struct place place;
    const char *id;
    uint32_t uid_min, uid_max; /* both included */
    const char *home_prefix;
    enum level sensitivity;
    uint32_t keep_home; /* seconds */
    int mode;           /* MODE_OBSERVE: nothing is refused */
    int sudo_by_arguments;
    struct words secrets; /* judge/secrets.h */
    struct words labels; /* KEY=VALUE, each key once */
};

/* As struct issuer of trust/issuer.h, which says what each is. */
struct issuer_config {
    struct place place, keys_place;
    enum issuer_kind kind; /* 0: not known, and said so */
    const char *name, *iss;
    const char *keys; /* path: JWKS, SPIFFE bundle, or public keys of ssh */
    struct words trust_domains, require, algorithms;
    struct place algorithms_place;
    uint32_t max_lifetime, max_key_age; /* seconds; of keys 0: any age */
    int ignore_status;
    const char *identity, *principal, *task, *purpose, *sensitivity, *scope, *token_type, *extension;
};

/* One account; of an identity with slots there is one each, the first under its own name. */
struct identity_config {
    struct place place;
    const char *account, *id;
    unsigned slot; /* from 1 */
    int keep_home;
    uint32_t keep_seconds; /* 0: as the host says */
    int human_use;
    unsigned unattended;          /* unattended_bit() */
    struct words delegates;       /* identities whose delegated credentials it takes */
    const struct mention *groups; /* names of /etc/group; of a slot those of the first */
    size_t group_count;
};

/* What a policy has beside what is compiled of it. */
struct policy_config {
    struct place place;
    struct words requires; /* KEY=VALUE or KEY=*: the labels of the hosts that it is for */
};

/* `where` of policies and rules is FILE:LINE. The strings of everything are the configuration's. */
struct config {
    struct arena arena;
    struct host_config host;
    struct issuer_config *issuers;
    size_t issuer_count;
    struct identity_config *identities; /* by place and slot */
    size_t identity_count;
    struct zone **zones; /* of the windows; each stays where it is */
    size_t zone_count;
    struct policy defaults; /* no identities, no rules */
    struct policy *policies;
    struct policy_config *policy_configs; /* of each */
    size_t policy_count;
    struct mention *issuer_mentions; /* in issuers of policies */
    size_t issuer_mention_count;
    struct escapes escapes;
};

/* Complain, at `where`, about a command of a rule that can run or write what its caller likes. */
void config_check_escapes(const struct config *config, const struct command *command, const char *where,
                          struct problems *problems);

/*
 * Read dir/agent.conf, then dir/conf.d/ *.conf in the order of the C locale. Each must be a regular file that root owns and
 * nobody else may write to. 0 and the caller's configuration; -EINVAL: what is wrong was added to problems, all of it that can be
 * told at once.
 */
int config_read(const char *dir, struct config **ret, struct problems *problems) MUST_CHECK;
/* The same of files that may be this owner's too: for who looks at a configuration and puts none in force. */
int config_read_of(const char *dir, uid_t owner, struct config **ret, struct problems *problems) MUST_CHECK;
/* NULL is allowed. */
void config_free(struct config *config);

#endif
