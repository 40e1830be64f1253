/*
 * Numbers as written: which of them a reader of the text and a reader of the double agree on.
 *
 * A number is admissible when the JCS form (RFC 8785 Section 3.2.2.3) of its double denotes the same number as its
 * text: 0.1 and 1e20 are, 9007199254740993 is not (draft-niyikiza-oauth-attenuating-agent-tokens-02 Section 3.4).
 * jansson does not keep the text, so it is read again.
 */
#ifndef PAM_AGENT_NUMBER_H
#define PAM_AGENT_NUMBER_H

#include <jansson.h>
#include <stddef.h>

/* A finite double as ECMAScript and JCS write it, e.g. 1e+21, 0.000001, 0 for -0. */
#define NUMBER_TEXT_SIZE 40
void number_format(double value, char ret[NUMBER_TEXT_SIZE]);

/*
 * Numbers that jansson would refuse a text for, in place: an integer beyond long long becomes a real, a real beyond double the
 * largest power of ten. Neither is admissible unless it is the same number.
 */
void number_tame(char *text, size_t len);

/* 1 when every number in `part`, a value somewhere inside `root`, is admissible; root was parsed from text[len]. */
int number_all_admissible(const char *text, size_t len, json_t *root, const json_t *part);

#endif
