/*
 * Links: what a grant stands on, by name. Revoking any of them, or of an ancestor's, takes the grant away; sessions are found by
 * them (by/KIND/KEY/ID). A key is a SHA-256, so that a record's name has one length and holds no outsider's bytes.
 */
#ifndef PAM_AGENT_LINK_H
#define PAM_AGENT_LINK_H

#include <stddef.h>

#include "core/compat.h"
#include "judge/state_dir.h"

enum link_kind {
    LINK_TASK,     /* (iss, task) */
    LINK_JTI,      /* (iss, jti) */
    LINK_KEY,      /* the holder's key: RFC 7638 thumbprint, SHA-256, base64url */
    LINK_IDENTITY, /* SPIFFE ID of the actor; in a revocation also a pattern that ends in "*" */
    LINK_ISSUER,   /* iss */
    LINK_KINDS
};

struct link {
    enum link_kind kind;
    char key[STATE_KEY_SIZE];
};

/* iss counts for LINK_TASK and LINK_JTI alone, and may be NULL otherwise. */
void link_make(struct link *link, enum link_kind kind, const char *iss, const char *value);

/* "task", "jti", "key", "identity", "issuer": names of directories, of fields and of agentctl's arguments. */
const char *link_kind_word(enum link_kind kind);
/* -1 for an unknown word. */
int link_kind_parse(const char *word);

#endif
