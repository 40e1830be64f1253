/* What one check of a credential answers: a reason, and a constant text that names the check. */
#ifndef PAM_AGENT_VERDICT_H
#define PAM_AGENT_VERDICT_H

#include "core/reason.h"

struct verdict {
    enum reason reason;
    const char *detail; /* NULL with REASON_PERMIT */
};

static inline struct verdict permit(void)
{
    return (struct verdict){REASON_PERMIT, NULL};
}

static inline struct verdict refuse(enum reason reason, const char *detail)
{
    return (struct verdict){reason, detail};
}

#endif
