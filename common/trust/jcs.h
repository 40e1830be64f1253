/*
 * JCS: the canonical form of a JSON value (RFC 8785).
 *
 * Members are sorted by the UTF-16 code units of their names, numbers are written as ECMAScript writes their doubles: values are equal
 * in JCS exactly when these texts are. U+0000 is written as \u0000, so a text holds no NUL.
 */
#ifndef PAM_AGENT_JCS_H
#define PAM_AGENT_JCS_H

#include <jansson.h>

#include "core/compat.h"

/* The text, for free(); NULL: no memory, or a number that is no finite double. */
char *jcs_format(const json_t *value) MUST_CHECK;

/* 1 when both are there and equal; 0; -ENOMEM. */
int jcs_equal(const json_t *a, const json_t *b) MUST_CHECK;

#endif
