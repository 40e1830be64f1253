/*
 * One message over a SOCK_SEQPACKET socket, by a deadline. Never raises SIGPIPE; a signal does not end a wait early.
 * All return 0, -ETIMEDOUT, -EPIPE (the other end is gone) or another -errno.
 */
#ifndef PAM_AGENT_PACKET_H
#define PAM_AGENT_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"

/* A deadline this many milliseconds from now; what is left of one, 0 when it has passed. CLOCK_MONOTONIC. */
int64_t deadline_in(int ms);
int deadline_left(int64_t deadline);

int packet_send(int fd, const char *text, size_t len, int64_t deadline) MUST_CHECK;
/* -EMSGSIZE: longer than cap. A message that is already there is taken even when the deadline has passed. */
int packet_receive(int fd, char *buf, size_t cap, int64_t deadline, size_t *ret_len) MUST_CHECK;
/* Wait for a packet without going to sleep, for so many microseconds at the most. packet_receive() tells what came of it. */
void packet_look(int fd, int us);

#endif
