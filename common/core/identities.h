/*
 * identities.cdb: which account belongs to which workload identity. World-readable, written by `agentctl apply`
 * alone (a constant database, cdb(5)), replaced by rename.
 *
 *   key "m"                  fields uid-min, uid-max, agents-gid (absent when the group was not there), home-prefix, shell, count; the first record
 *   key "n" ACCOUNT        fields without the version line (the meta record has it): id, uid; where they differ from what meta implies also gid, home, shell; "disabled 1" for an identity that is no longer configured, "local 1" where the account is in /etc/passwd; "keep-home 1" where its home outlives a task, as that of a local account does; "keep-seconds" SECONDS where its old homes are kept for another time than the host says; "human-use 1" and "unattended" SERVICE where others than agents may act in it; "group" GID for each supplementary group beside `agents`
 *   key "u" UID (decimal)  ACCOUNT
 *   key "s" SPIFFE-ID      ACCOUNT (patterns with their "/" "*" as they are); of an identity with several accounts the first
 *   key "i" N (decimal)    ACCOUNT, for each N below count and IDENTITIES_LISTED: enumeration
 *
 * A lookup reads with pread(2), checks every length, and keeps nothing. libc only; no allocation.
 * All return 0; -ENOENT: no such entry; -EBADMSG and other -errno: the database cannot be used.
 */
#ifndef PAM_AGENT_IDENTITIES_H
#define PAM_AGENT_IDENTITIES_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"
#include "core/names.h"

#define IDENTITY_PATH_MAX 256
#define IDENTITIES_LISTED 100 /* listing is for people at a terminal, not for programs that walk all users */
#define IDENTITY_GROUPS_MAX 16
#define IDENTITY_VALUE_MAX (SPIFFE_ID_MAX + 2 * IDENTITY_PATH_MAX + 384 + 20 * IDENTITY_GROUPS_MAX)

struct identities_meta {
    uint32_t uid_min, uid_max; /* both included; the first two are no account's, the second is the verifier's */
    uint32_t agents_gid;       /* 0 when the group `agents` was not there */
    uint64_t count;
    char home_prefix[IDENTITY_PATH_MAX], shell[IDENTITY_PATH_MAX];
};

struct identity {
    char account[ACCOUNT_NAME_MAX + 1];
    char id[SPIFFE_ID_MAX + 1]; /* SPIFFE ID or pattern */
    uint32_t uid, gid;
    char home[IDENTITY_PATH_MAX], shell[IDENTITY_PATH_MAX];
    int disabled, local;
    int keep_home;                        /* it is not put away at the end of a task; always of a local one */
    uint32_t keep_seconds;                /* how long a home that was put away is kept; 0: as the host says */
    int human_use;                        /* humans and root may act in it */
    unsigned unattended;                  /* bits of unattended_bit(): services that may */
    uint32_t groups[IDENTITY_GROUPS_MAX]; /* gids of the supplementary ones, beside `agents`; never 0 */
    size_t group_count;
};

/* PAM services that may open an account without a credential: "cron", "crond", "atd" and "systemd-user". */
#define UNATTENDED_MAX 4
extern const char *const unattended_services[UNATTENDED_MAX];
/* The bit of one; 0: it is none. */
unsigned unattended_bit(const char *service);

/* The descriptor is the caller's. */
int identities_open(const char *path, int *ret_fd) MUST_CHECK;
int identities_meta(int fd, struct identities_meta *ret) MUST_CHECK;
int identities_by_account(int fd, const char *account, struct identity *ret) MUST_CHECK;
int identities_by_uid(int fd, uint32_t uid, struct identity *ret) MUST_CHECK;
/* From the value[len] of a record "n", for who reads all of them; it is changed. */
int identity_read(const struct identities_meta *meta, const char *account, char *value, size_t len,
                  struct identity *ret) MUST_CHECK;
/* The identity configured for this SPIFFE ID exactly, else for the longest pattern that matches it. */
int identities_by_spiffe(int fd, const char *id, struct identity *ret) MUST_CHECK;
/* The account at this place of the list; -ENOENT behind its end. */
int identities_at(int fd, uint64_t position, struct identity *ret) MUST_CHECK;

#endif
