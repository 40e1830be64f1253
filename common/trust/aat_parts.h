/* What the checks of chains and of proofs share. */
#ifndef PAM_AGENT_AAT_PARTS_H
#define PAM_AGENT_AAT_PARTS_H

#include "trust/aat.h"

int aat_alg_allowed(const struct aat_rules *rules, const char *alg);

#endif
