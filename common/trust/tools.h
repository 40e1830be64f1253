/*
 * Tools: the capability claims of an AAT (draft-niyikiza-oauth-attenuating-agent-tokens-02 Sections 3.3 and 3.4).
 *
 * Constraint types understood are exact, one_of and wildcard; any other refuses the token.
 */
#ifndef PAM_AGENT_TOOLS_H
#define PAM_AGENT_TOOLS_H

#include <jansson.h>
#include <stddef.h>

#include "trust/verdict.h"

/* Step 3n over a `tools` map whose values are objects; numbers are not looked at (number.h). */
struct verdict tools_check(json_t *tools);

/* Checked tools as scope text (judge/scope.h) in buf[cap]. 0; -ENOBUFS. */
int tools_compile(json_t *tools, char *buf, size_t cap, size_t *ret_len) MUST_CHECK;

#endif
