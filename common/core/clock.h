/* Time. Wall clock for what credentials say, boot clock for deadlines; both in seconds or milliseconds. */
#ifndef PAM_AGENT_CLOCK_H
#define PAM_AGENT_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);
int64_t clock_wall_seconds(void);
/* Milliseconds since boot, suspend included (CLOCK_BOOTTIME). */
int64_t clock_boot_ms(void);

#endif
