/* Syntax of the values of agent.conf. Pure. */
#ifndef PAM_AGENT_CONFIG_SYNTAX_H
#define PAM_AGENT_CONFIG_SYNTAX_H

#include <stdint.h>

#include "core/compat.h"

#define SERVICE_NAME_MAX 64
#define URI_MAX 2048
#define COMMAND_PATH_MAX 255
#define LABEL_PART_MAX 128
#define LABELS_MAX 64
#define COMMAND_WORD_MAX 1024
#define COMMAND_WORDS_MAX 64

/* "90s", "10m", "1h", "7d": 0 and seconds; -EINVAL; -EDOM: a number without a unit. */
int duration_parse(const char *text, uint32_t *ret) MUST_CHECK;
/* "10m" for 600: the largest unit that divides it. buf has 16 bytes. */
const char *duration_format(uint32_t seconds, char *buf);
/* "MIN-MAX": 0 or -EINVAL. */
int range_parse(const char *text, uint32_t *ret_min, uint32_t *ret_max) MUST_CHECK;

/* All: 1 valid, 0 not. */
int service_name_valid(const char *name); /* a file of /etc/pam.d */
/* An account that sudo may run as; one of capitals alone would be an alias in sudoers, "ALL" among them. */
int user_name_valid(const char *name);
int purpose_pattern_valid(const char *pattern);
int principal_pattern_valid(const char *pattern);
/* KEY=VALUE, both of [A-Za-z0-9_.-]; in a pattern of labels the value may be "*". */
int label_valid(const char *label);
int label_pattern_valid(const char *pattern);
/* Both of valid ones. */
int label_matches(const char *pattern, const char *label);
int label_same_key(const char *a, const char *b);
int uri_valid(const char *text);
/* Absolute, each segment once, no "." or "..", no slash at the end, [A-Za-z0-9._+@~/-] alone. */
int path_normal(const char *path);
/* A pattern for one argument. '"' and '\' cannot be written in sudoers so that they mean themselves: '?' stands for them. */
int word_pattern_valid(const char *pattern);

#endif
