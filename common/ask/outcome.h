/* From an answer to an outcome: where a permit comes from, and nowhere else. */
#ifndef PAM_AGENT_OUTCOME_H
#define PAM_AGENT_OUTCOME_H

#include "ask/ask.h"

/* Refused, with this reason and no reference. */
void outcome_refuse(struct outcome *ret, enum reason reason);
/* The refusal that an error of packet.h means. */
void outcome_fail(struct outcome *ret, int error);
/* What an answer says; refused as bad_question where it is not well-formed. */
void outcome_of_answer(const struct answer *answer, struct outcome *ret);

#endif
