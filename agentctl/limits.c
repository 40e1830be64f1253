#include "agentctl/limits.h"

#include "core/fields.h"

#define LIMITS_TEXT_MAX 4096

/* Every line that policy_write has for limits, so that none is forgotten here. */
int limits_each(const struct limits *limits, void (*fn)(const char *name, const char *value, void *arg), void *arg)
{
    const struct policy only = {.limits = *limits};
    char text[LIMITS_TEXT_MAX];
    const char *key, *value;
    struct fields_writer w;
    struct fields fields;
    size_t len;
    int r;

    fields_begin(&w, text, sizeof text);
    policy_write(&w, &only);
    r = fields_end(&w, &len);
    if (r == 0)
        r = fields_open(&fields, text, len);
    while (r == 0 && (r = fields_next(&fields, &key, &value)) > 0) {
        fn(key, value, arg);
        r = 0;
    }
    return r;
}
