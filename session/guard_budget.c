#include "session/guard_budget.h"

#define MINUTE_MS 60000

void budget_spend(struct budget *budget, int64_t now)
{
    budget->at[budget->steps++ % STEPS_PER_MINUTE_MAX] = now;
}

uint32_t budget_last_minute(const struct budget *budget, int64_t now)
{
    uint32_t count = 0, most = budget->steps < STEPS_PER_MINUTE_MAX ? (uint32_t)budget->steps : STEPS_PER_MINUTE_MAX;

    while (count < most) { /* they stand in the order of time */
        uint32_t middle = count + (most - count + 1) / 2;

        if (budget->at[(budget->steps - middle) % STEPS_PER_MINUTE_MAX] > now - MINUTE_MS)
            count = middle;
        else
            most = middle - 1;
    }
    return count;
}
