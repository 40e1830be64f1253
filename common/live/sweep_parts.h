/* What sweep is made of; its own files alone include this. */
#ifndef PAM_AGENT_SWEEP_PARTS_H
#define PAM_AGENT_SWEEP_PARTS_H

#include "live/sweep.h"

void sweep_strays(struct swept *swept);
/* Sockets of sessions that are no more, logins that nobody opened, files that nobody named. */
void sweep_records(struct swept *swept);
/* Files of tasks that are over, and kept homes that are old. */
void sweep_leftovers(struct swept *swept);

#endif
