/* A presentation is read alike whichever way its object is written. */
#ifndef PRESENTATION_FORMS_H
#define PRESENTATION_FORMS_H

#include <stdlib.h>
#include <string.h>

#include "trust/base64url.h"
#include "trust/presentation.h"

/* With so many blanks before it: a single one is enough for JSON's own reader to be asked. The caller frees the text. */
static inline struct verdict read_form(const char *object, size_t len, size_t blanks, char **ret_text,
                                       struct presentation *ret)
{
    char *spaced = malloc(blanks + len + 1);

    *ret_text = malloc(BASE64URL_LENGTH(blanks + len) + 1);
    if (!spaced || !*ret_text)
        abort();
    memset(spaced, ' ', blanks);
    memcpy(spaced + blanks, object, len);
    base64url_encode(spaced, blanks + len, *ret_text);
    free(spaced);
    return presentation_read(*ret_text, strlen(*ret_text), ret);
}

static inline int same_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && !a == !b && (!a || memcmp(a, b, a_len) == 0);
}

static inline int reads_alike(const char *object, size_t len)
{
    struct presentation plain, spaced;
    char *plain_text, *spaced_text;
    struct verdict a = read_form(object, len, 0, &plain_text, &plain);
    struct verdict b = read_form(object, len, 1, &spaced_text, &spaced);
    int alike = a.reason == b.reason;

    if (alike && a.reason == REASON_PERMIT) {
        alike = plain.count == spaced.count && same_text(plain.svid, plain.svid_len, spaced.svid, spaced.svid_len);
        for (size_t i = 0; i < plain.count && alike; i++)
            alike = same_text(plain.tokens[i], plain.lens[i], spaced.tokens[i], spaced.lens[i]);
    }
    presentation_clear(&plain);
    presentation_clear(&spaced);
    free(plain_text);
    free(spaced_text);
    return alike;
}

#endif
