/* Syntax of the names that cross a boundary. All answers: 1 valid, 0 not. */
#ifndef PAM_AGENT_NAMES_H
#define PAM_AGENT_NAMES_H

#include <stddef.h>

#define ACCOUNT_NAME_MAX 32
#define SPIFFE_ID_MAX 2048 /* bytes, SPIFFE ID section 2.3 */
#define TRUST_DOMAIN_MAX 255
#define TASK_MAX 256
#define PRINCIPAL_MAX 256
#define PURPOSE_MAX 128
#define LOCAL_NAME_MAX 64    /* of a user or a group of the host, NUL included */
#define SESSION_ID_LENGTH 16 /* lower-case hex */

/* [a-z_][a-z0-9_-]*, at most ACCOUNT_NAME_MAX bytes. */
int account_name_valid(const char *name);

/* spiffe://TRUST-DOMAIN/SEGMENT[/SEGMENT...] by the SPIFFE ID text, with at least one segment. */
int spiffe_id_valid(const char *id);
/* As above, or one that ends in the segment "*": every ID below, at least one segment more. */
int spiffe_pattern_valid(const char *pattern);
/* Does the pattern (a SPIFFE ID, or one that ends in a segment "*") match the ID? Both must be valid. */
int spiffe_pattern_matches(const char *pattern, const char *id);
/* Length and start of the trust domain of a valid ID. */
size_t spiffe_trust_domain(const char *id, const char **ret_start);
/* Is the trust domain of a valid ID among these? NULL-terminated; NULL is none. */
int spiffe_is_of(const char *id, const char *const *trust_domains);
/* Lower case letters, digits, '.', '-', '_'; 1 to 255 bytes. */
int trust_domain_valid(const char *name);

int session_id_valid(const char *id);

/* A run-as is USER, or USER:GROUP where the group is not the user's own. Length of the user. */
size_t run_as_user(const char *run_as);
/* NULL: the user's own. */
const char *run_as_group(const char *run_as);

#endif
