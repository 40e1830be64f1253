#include "judge/state_file.h"

#include <errno.h>
#include <stdlib.h>

#include "core/files.h"
#include "core/text.h"
#include "judge/scope.h"

#define TEXT_MAX (4 * SCOPE_MAX) /* a scope, escaped, and the rest */

int state_read(int dir, const char *name, const struct state_format *format, void *object)
{
    char *text = malloc(TEXT_MAX);
    const char *key, *value;
    struct fields fields;
    size_t len;
    int r = text ? file_read_at(dir, name, text, TEXT_MAX, &len) : -ENOMEM;

    if (r == 0)
        r = fields_open(&fields, text, len);
    while (r == 0 && (r = fields_next(&fields, &key, &value)) > 0) {
        r = format->take(object, key, value);
        r = r < 0 ? r : r == 0 ? -EBADMSG : 0; /* a key that is not understood is not skipped */
    }
    free(text);
    if (r == 0 && !format->complete(object))
        r = -EBADMSG;
    return r;
}

/* The text of an object is the caller's to free. */
static int format_text(const struct state_format *format, const void *object, char **ret_text, size_t *ret_len)
{
    char *text = malloc(TEXT_MAX);
    struct fields_writer w;
    int r;

    if (!text)
        return -ENOMEM;
    fields_begin(&w, text, TEXT_MAX);
    format->put(&w, object);
    r = fields_end(&w, ret_len);
    if (r < 0)
        free(text);
    else
        *ret_text = text;
    return r;
}

int state_create(int dir, const char *name, const struct state_format *format, const void *object)
{
    char *text;
    size_t len;
    int r = format_text(format, object, &text, &len);

    if (r < 0)
        return r;
    r = file_create_at(dir, name, 0600, text, len);
    free(text);
    return r;
}

int state_replace(int dir, const char *name, const struct state_format *format, const void *object, int durable)
{
    char *text;
    size_t len;
    int r = format_text(format, object, &text, &len);

    if (r < 0)
        return r;
    r = file_replace_at(dir, name, 0600, text, len, durable);
    free(text);
    return r;
}

int state_take_text(char *dst, size_t cap, const char *value)
{
    return text_copy(dst, cap, value) < 0 ? -EBADMSG : 1;
}

int state_take_i64(int64_t *dst, const char *value)
{
    return text_i64(value, dst) < 0 ? -EBADMSG : 1;
}

int state_take_u64(uint64_t *dst, const char *value)
{
    return text_u64(value, UINT64_MAX, dst) < 0 ? -EBADMSG : 1;
}

int state_take_u32(uint32_t *dst, const char *value)
{
    uint64_t number;

    if (text_u64(value, UINT32_MAX, &number) < 0)
        return -EBADMSG;
    *dst = (uint32_t)number;
    return 1;
}
