/*
 * JSON as strangers write it, read strictly: the only door to jansson's parser.
 *
 * Refused: duplicate members in any object, nesting beyond JSON_DEPTH_MAX, U+0000 in names, bytes after the value. Numbers that
 * jansson has no room for are tamed (number.h). jansson checks UTF-8 and keeps members in order of writing. Names carry `json_member_`,
 * `json_strict_`, `json_claims_`, `json_text_` and `json_is_text`, which jansson does not use.
 */
#ifndef PAM_AGENT_JSON_H
#define PAM_AGENT_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"

#define JSON_SIZE_MAX 65536 /* bytes */
/* Arrays and objects inside each other; jansson's own limit is 2048. A constraint tree of depth 32 needs 68 (AAT Section 3.4). */
#define JSON_DEPTH_MAX 512

/* Let jansson draw the seed of its hashes now: nothing after this needs a file. Without this call it does so at the first object. */
void json_strict_begin(void);

/*
 * Parse text[len], one object or array, without U+0000 in strings. 0 and a new reference; -E2BIG too long or too deep; -EBADMSG
 * everything else, want of memory too.
 */
int json_strict_parse(const char *text, size_t len, json_t **ret_value) MUST_CHECK;
/* The same of at most max bytes, with U+0000 in strings: who reads them minds the length. */
int json_claims_parse(const char *text, size_t len, size_t max, json_t **ret_value) MUST_CHECK;
/* As json_strict_parse, and it must be an object. */
int json_strict_parse_object(const char *text, size_t len, json_t **ret_object) MUST_CHECK;

/* Just past the string whose opening quote is at text[at]; len when it does not end. */
size_t json_skip_string(const char *text, size_t len, size_t at);

void json_freep(json_t **value); /* for CLEANUP() */

/*
 * Typed members of an object. 1 and the value; 0 absent; -EBADMSG there but of another type (null too) or out of bounds. Borrowed
 * from the object.
 */

/* A string of 1..max bytes of UTF-8 without control characters (U+0000-001F, 007F-009F). */
int json_member_string(const json_t *object, const char *name, size_t max, const char **ret_text) MUST_CHECK;
/* A number written without fraction and exponent. */
int json_member_integer(const json_t *object, const char *name, int64_t *ret_number) MUST_CHECK;
int json_member_object(const json_t *object, const char *name, json_t **ret_object) MUST_CHECK;

/* A value of any type, or NULL: the same string as json_member_string's. 1; -EBADMSG. */
int json_text_read(const json_t *value, size_t max, const char **ret_text) MUST_CHECK;
/* Is it this very string? 1 or 0. */
int json_is_text(const json_t *value, const char *text);
/*
 * Is it this string, or an array of strings with it among them (as `aud` is, RFC 7519 Section 4.1.3)? 1, 0, also for text NULL; -EBADMSG:
 * neither form.
 */
int json_text_among(const json_t *value, const char *text) MUST_CHECK;

#endif
