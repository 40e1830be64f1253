/*
 * Tool specs: how a person writes the tools of a credential on a command line.
 *
 *     TOOL [NAME=VALUE ...]      words parted by spaces
 *
 *     host:sudo runas=root command=/usr/bin/systemctl args=["restart","nginx"]
 *     host:login service=sshd,su account?=*
 *
 * A VALUE is `*` (any value), a JSON array of strings (one alternative, which may hold spaces inside its strings), or alternatives parted by
 * commas. `NAME?=` makes the argument optional; `*=*` allows arguments that are not named. A TOOL alone allows any arguments
 * (AAT Section 3.3: an empty constraint map).
 */
#ifndef PAM_AGENT_TOOLSPEC_H
#define PAM_AGENT_TOOLSPEC_H

#include <jansson.h>

#include "core/compat.h"

#define TOOLSPEC_MAX 16384 /* bytes of one spec */

/* Add the spec to a `tools` object. 0; -EINVAL and *ret_error a constant text; -ENOMEM. The object may be changed in any case. */
int toolspec_add(json_t *tools, const char *spec, const char **ret_error) MUST_CHECK;

#endif
