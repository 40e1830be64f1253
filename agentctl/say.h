/* What agentctl prints. Texts of other people (records, credentials, files) are escaped for terminals. */
#ifndef AGENTCTL_SAY_H
#define AGENTCTL_SAY_H

#include <jansson.h>
#include <stdint.h>
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
/* The reverse, or "now". 0 or -EINVAL. */
int parse_time(const char *text, int64_t *ret_seconds) MUST_CHECK;
/* How long from now until then: "45s", "9m", "3h", "over", "-" for 0; buf[24]. */
const char *format_left(int64_t then, int64_t now, char *buf);

/* A JSON string of text that others wrote: where it is no UTF-8, escaped as print_escaped does. null for NULL and "". */
json_t *json_of_text(const char *text);
/* A JSON number, null for 0. */
json_t *json_of_time(int64_t seconds);
/* Print the value and drop it. 0; -ENOMEM for NULL, which could not be built. */
int print_json_value(json_t *value) MUST_CHECK;

#endif
