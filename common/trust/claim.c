#include "trust/claim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/names.h"
#include "core/text.h"
#include "trust/json.h"

#define SEGMENT_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"

/* path[len] and what may follow it: longest names first. */
static json_t *walk(const json_t *object, const char *path, int depth)
{
    char name[CLAIM_SPEC_MAX + 1];
    size_t len = strlen(path);

    if (depth > CLAIM_DEPTH_MAX || len == 0 || len > CLAIM_SPEC_MAX)
        return NULL;
    strcpy(name, path);
    for (;;) {
        json_t *found = json_object_get(object, name);
        char *dot;

        if (found && path[strlen(name)] == '\0')
            return found;
        if (found)
            return walk(found, path + strlen(name) + 1, depth + 1);
        dot = strrchr(name, '.');
        if (!dot)
            return NULL;
        *dot = '\0';
    }
}

json_t *claim_at(const json_t *claims, const char *path)
{
    return walk(claims, path, 0);
}

static int path_valid(const char *path, size_t len)
{
    size_t dots = 0;

    if (len == 0 || path[0] == '.' || path[len - 1] == '.')
        return 0;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)path[i] <= ' ' || path[i] == 0x7f || strchr("{}=", path[i]) ||
            (path[i] == '.' && path[i + 1] == '.'))
            return 0;
        dots += path[i] == '.';
    }
    return dots <= CLAIM_DEPTH_MAX;
}

int claim_spec_valid(const char *spec)
{
    if (strlen(spec) > CLAIM_SPEC_MAX)
        return 0;
    if (!strchr(spec, '{'))
        return path_valid(spec, strlen(spec));
    while (*spec) {
        const char *end;

        spec += strcspn(spec, "{}");
        if (!*spec)
            break;
        end = strchr(spec, '}');
        if (*spec == '}' || !end || !path_valid(spec + 1, (size_t)(end - spec - 1)))
            return 0;
        spec = end + 1;
    }
    return 1;
}

int claim_rule_valid(const char *rule)
{
    const char *equals = strchr(rule, '=');

    return equals && equals[1] && strlen(rule) <= CLAIM_SPEC_MAX && path_valid(rule, (size_t)(equals - rule));
}

/* 1, 0 or -EBADMSG; scratch[32] is for numbers. */
static int text_of(const json_t *value, char scratch[32], const char **ret)
{
    if (!value)
        return 0;
    if (json_is_boolean(value)) {
        *ret = json_is_true(value) ? "true" : "false";
        return 1;
    }
    if (json_is_integer(value)) {
        snprintf(scratch, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        *ret = scratch;
        return 1;
    }
    return json_text_read(value, CLAIM_SPEC_MAX, ret);
}

static int append(char *buf, size_t cap, size_t *len, const char *text, size_t text_len)
{
    if (text_len >= cap - *len)
        return -ENOBUFS;
    memcpy(buf + *len, text, text_len);
    *len += text_len;
    buf[*len] = '\0';
    return 1;
}

/* One segment, or several with slashes between them. */
static int is_path(const char *text, int several)
{
    size_t len;

    for (;; text += len + 1) {
        len = strspn(text, SEGMENT_BYTES);
        if (len == 0 || (text[len] && text[len] != '/') || (len == 1 && text[0] == '.') ||
            (len == 2 && text[0] == '.' && text[1] == '.'))
            return 0;
        if (!text[len])
            return 1;
        if (!several)
            return 0;
    }
}

static int expand(const json_t *claims, const char *spec, int as_path, char *buf, size_t cap)
{
    size_t len = 0;

    buf[0] = '\0';
    while (*spec) {
        size_t plain = strcspn(spec, "{"), path_len;
        char path[CLAIM_SPEC_MAX + 1], scratch[32];
        const char *value;
        int r = append(buf, cap, &len, spec, plain);

        spec += plain;
        if (r < 0 || !*spec)
            return r;
        path_len = strcspn(++spec, "}");
        if (!spec[path_len] || path_len >= sizeof path)
            return -EBADMSG;
        memcpy(path, spec, path_len);
        path[path_len] = '\0';
        spec += path_len + 1;
        r = text_of(claim_at(claims, path), scratch, &value);
        if (r == 1 && as_path && !is_path(value, !*spec))
            r = -EBADMSG;
        if (r == 1)
            r = append(buf, cap, &len, value, strlen(value));
        if (r != 1)
            return r;
    }
    return len > 0;
}

int claim_text(const json_t *claims, const char *spec, char *buf, size_t cap)
{
    char scratch[32];
    const char *value;
    int r;

    if (strchr(spec, '{'))
        return expand(claims, spec, 0, buf, cap);
    r = text_of(claim_at(claims, spec), scratch, &value);
    return r == 1 && text_copy(buf, cap, value) < 0 ? -ENOBUFS : r;
}

int claim_spiffe_id(const json_t *claims, const char *spec, char *buf, size_t cap)
{
    int r = strstr(spec, "://") ? expand(claims, spec, 1, buf, cap) : claim_text(claims, spec, buf, cap);

    return r == 1 && !spiffe_id_valid(buf) ? -EBADMSG : r;
}

/* Each claim in the place of one segment, and none in the trust domain. */
int claim_spiffe_spec_valid(const char *spec, const char *const *trust_domains)
{
    char id[CLAIM_SPEC_MAX + 1];
    const char *start, *brace = strchr(spec, '{');
    size_t len = 0;

    if (!claim_spec_valid(spec) && !spiffe_id_valid(spec))
        return 0;
    if (!strstr(spec, "://"))
        return !brace;
    for (const char *at = spec; *at; at++) {
        if (*at == '{') {
            at = strchr(at, '}');
            id[len++] = 'x';
        } else {
            id[len++] = *at;
        }
    }
    id[len] = '\0';
    if (!spiffe_id_valid(id))
        return 0;
    len = spiffe_trust_domain(id, &start);
    if (brace && (size_t)(brace - spec) < (size_t)(start - id) + len)
        return 0;
    return spiffe_is_of(id, trust_domains);
}

int claim_holds(const json_t *claims, const char *rule)
{
    char path[CLAIM_SPEC_MAX + 1], scratch[32];
    const char *equals = strchr(rule, '='), *value;
    const json_t *found, *item;
    size_t i;

    if (!equals || (size_t)(equals - rule) >= sizeof path)
        return 0;
    memcpy(path, rule, (size_t)(equals - rule));
    path[equals - rule] = '\0';
    found = claim_at(claims, path);
    json_array_foreach(found, i, item)
    {
        if (text_of(item, scratch, &value) == 1 && strcmp(value, equals + 1) == 0)
            return 1;
    }
    return text_of(found, scratch, &value) == 1 && strcmp(value, equals + 1) == 0;
}
