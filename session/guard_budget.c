#include "session/guard_budget.h"

#define MINUTE_MS 60000

void budget_spend(struct budget *budget, int64_t now)
{
    budget->at[budget->steps++ % STEPS_PER_MINUTE_MAX] = now;
}

uint32_t budget_last_minute(const struct budget *budget, int64_t now)
{
    uint32_t known = budget->steps < STEPS_PER_MINUTE_MAX ? (uint32_t)budget->steps : STEPS_PER_MINUTE_MAX, count = 0;

    while (count < known && budget->at[(budget->steps - 1 - count) % STEPS_PER_MINUTE_MAX] > now - MINUTE_MS)
        count++;
    return count;
}
