/*
 * Presentations: one compact token, or a chain of them as the JSON object of draft-niyikiza-oauth-attenuating-agent-tokens-02 Section
 * 7.4, as it is or in base64url. Its member `svid`, which the draft does not know, is the JWT-SVID of who holds the leaf. Other
 * members are ignored.
 */
#ifndef PAM_AGENT_PRESENTATION_H
#define PAM_AGENT_PRESENTATION_H

#include <jansson.h>
#include <stddef.h>

#include "trust/aat.h"
#include "trust/verdict.h"

/* The tokens are borrowed from the text, or from what is held here. */
struct presentation {
    char *bytes;    /* the object in base64url, decoded */
    json_t *object; /* as JSON's own reader took it */
    int is_object;
    const char *tokens[AAT_TOKENS_MAX + 1]; /* one more than a chain may have */
    size_t lens[AAT_TOKENS_MAX + 1], count;
    const char *svid; /* NULL: none */
    size_t svid_len;
};

/* Of text[len]. The caller clears *ret in any case, and the text must outlive it. */
struct verdict presentation_read(const char *text, size_t len, struct presentation *ret);
void presentation_clear(struct presentation *presentation);

/* Does each token that names audiences name this host, and one of them? Nothing is verified. 1 or 0. */
int presentation_is_for(const struct presentation *presentation, const char *host_id);

/* Tokens as a presentation: a single one as it is, more, or one with a JWT-SVID, in base64url. For free(); NULL: no memory. */
char *presentation_format(const char *const *tokens, size_t count, const char *svid) MUST_CHECK;

#endif
