/* Files with the keys of issuers: read, and what is in them told apart. */
#ifndef PAM_AGENT_KEY_FILE_H
#define PAM_AGENT_KEY_FILE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"
#include "trust/issuer.h"

#define KEY_FILE_MAX (4u << 20) /* bytes */
#define KEY_FILE_KID_MAX 256
#define KEY_FILE_KINDS "not for signatures by Ed25519, ES256, ES384, RS256 or PS256"

struct key_file {
    char *text;
    json_t *json;    /* an object; NULL: not asked for */
    int64_t written; /* when, in seconds since the epoch; not later than now */
};

/* A trusted file. 0, and the caller clears it; -EPERM, -ELOOP, -EFBIG, -EBADMSG: no JSON object; -errno. */
int key_file_read(const char *path, int as_json, struct key_file *ret) MUST_CHECK;
void key_file_clear(struct key_file *file);
/* What stands in the way, for a person. */
const char *key_file_error(int r);

/*
 * The SPIFFE bundle of a trust domain: the file as a whole, if it is the only one; a member of its `trust_domains` (SPIFFE Trust Domain
 * and Bundle Section 5); or in base64 under its name, as spiffe-helper writes it, whose keys have no `use`. 0 and a new reference, NULL
 * where there is none of this domain; -EINVAL: one that does not say whose it is, of several; -EBADMSG.
 */
int key_file_bundle(const struct key_file *file, const char *domain, int only, json_t **ret_bundle) MUST_CHECK;

/* Is it a key for something else, or of a kind that is not taken? Issuers publish those beside ours. Why, or NULL. */
const char *key_file_foreign(const json_t *jwk, enum issuer_kind kind);
/* As jwk_parse(), whatever its `use`. */
int key_file_jwk(const json_t *jwk, struct key **ret_key) MUST_CHECK;
/* `TYPE BASE64 [comment]`. 0; -EINVAL. */
int key_file_ssh(const char *line, size_t len, struct key **ret_key) MUST_CHECK;

#endif
