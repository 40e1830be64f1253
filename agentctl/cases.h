/*
 * Case files of `agentctl policy test`: steps that nobody takes, and what is expected of them.
 *
 *     case "nginx is restarted" {
 *         account = "agent-deploy"  step = "command"  purpose = "restart-web"
 *         command = "/usr/bin/systemctl restart nginx"
 *         expect  = "permit"                            # or "deny:REASON"
 *     }
 */
#ifndef AGENTCTL_CASES_H
#define AGENTCTL_CASES_H

#include <stddef.h>

#include "agentctl/config.h"
#include "agentctl/suppose.h"
#include "core/reason.h"

struct test_case {
    const char *name;
    struct place place;
    struct supposed said;
    enum reason expected;
};

struct cases {
    struct arena arena;
    struct test_case *items;
    size_t count;
};

/* Add the cases of a file, or "-". now: of cases that name no time. 0; -EINVAL: what is wrong was added to problems. */
int cases_read(const char *path, int64_t now, struct cases *cases, struct problems *problems) MUST_CHECK;
void cases_clear(struct cases *cases);

#endif
