/* Limits by the names that agent.conf has for them. */
#ifndef AGENTCTL_LIMITS_H
#define AGENTCTL_LIMITS_H

#include "core/compat.h"
#include "judge/policy.h"

/* Call fn for each limit that is set; the value as it is compiled (judge/policy.h). 0 or -errno. */
int limits_each(const struct limits *limits, void (*fn)(const char *name, const char *value, void *arg),
                void *arg) MUST_CHECK;

#endif
