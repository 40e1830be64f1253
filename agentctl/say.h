/* What agentctl prints. Texts of other people (records, credentials, files) are escaped for terminals. */
#ifndef AGENTCTL_SAY_H
#define AGENTCTL_SAY_H

#include <stdio.h>

#include "core/compat.h"

/* A line to stdout; a line to stderr that begins with "agentctl: ". */
void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
void complain(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* The text with every byte but printable ASCII as \xNN; NULL prints "-". */
void print_escaped(FILE *to, const char *text);
/* "  name       text", nothing for NULL or "". */
void print_field(const char *name, const char *text);
/* Seconds since the epoch as 2026-11-23T20:17:10Z; buf[32]. */
const char *format_time(long long seconds, char *buf);

#endif
