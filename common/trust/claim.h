/*
 * Claims by configuration: where an issuer's tokens say who, for which task and what for.
 *
 *     sub                                    a claim
 *     kubernetes.io.serviceaccount.name      a member of a claim; a name that has dots itself is looked for before a way through it
 *     gitlab-{project_id}-{job_id}           a text with claims in it
 *
 * A claim counts as text where it is a string without control characters, a number without fraction, or a truth value.
 */
#ifndef PAM_AGENT_CLAIM_H
#define PAM_AGENT_CLAIM_H

#include <jansson.h>
#include <stddef.h>

#include "core/compat.h"

#define CLAIM_SPEC_MAX 1024 /* bytes */
#define CLAIM_DEPTH_MAX 16  /* dots of a path */

/* The value at a dotted path, borrowed; NULL: there is none. */
json_t *claim_at(const json_t *claims, const char *path);

/* Is it a path or a text with paths in braces? 1 or 0. */
int claim_spec_valid(const char *spec);
/* PATH=VALUE: 1 or 0. */
int claim_rule_valid(const char *rule);

/* The text of a spec in buf[cap]. 1; 0: a claim of it is not there; -EBADMSG: one that is no text; -ENOBUFS. */
int claim_text(const json_t *claims, const char *spec, char *buf, size_t cap) MUST_CHECK;

/*
 * As claim_text(), of a spec that makes a SPIFFE ID: what a claim gives in the place of braces is one segment of its path; or several,
 * where the spec ends with it. Then no claim can speak for more than its own place. -EBADMSG also: it does not.
 */
int claim_spiffe_id(const json_t *claims, const char *spec, char *buf, size_t cap) MUST_CHECK;
/* Would it make a SPIFFE ID of one of these trust domains (NULL-terminated), or is it a path, whose value remains to be seen? 1 or 0. */
int claim_spiffe_spec_valid(const char *spec, const char *const *trust_domains);

/* Does the claim have the value that the rule PATH=VALUE demands, or among its elements? 1 or 0. */
int claim_holds(const json_t *claims, const char *rule);

#endif
