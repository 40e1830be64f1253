/*
 * What a session has used of max-steps and steps-per-minute: each command that it was permitted, as a pure computation. Kept by its guard
 * alone, for as long as the session lives.
 */
#ifndef PAM_AGENT_GUARD_BUDGET_H
#define PAM_AGENT_GUARD_BUDGET_H

#include <stdint.h>

#include "judge/policy.h"

struct budget {
    uint64_t steps;                   /* commands that were permitted */
    int64_t at[STEPS_PER_MINUTE_MAX]; /* clock_boot_ms() of the last of them; a ring, the next one at steps % MAX */
};

/* A command was permitted; now is clock_boot_ms(). */
void budget_spend(struct budget *budget, int64_t now);
/* How many were in the last 60 seconds, at most STEPS_PER_MINUTE_MAX. */
uint32_t budget_last_minute(const struct budget *budget, int64_t now);

#endif
