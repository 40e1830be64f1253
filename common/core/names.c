#include "core/names.h"

#include <string.h>

#include "core/text.h"

#define SPIFFE_SCHEME "spiffe://"

static int lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static int segment_char(char c)
{
    return lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
}

int account_name_valid(const char *name)
{
    if (!((name[0] >= 'a' && name[0] <= 'z') || name[0] == '_'))
        return 0;
    for (size_t i = 1; name[i]; i++)
        if (i >= ACCOUNT_NAME_MAX || !(lower_or_digit(name[i]) || name[i] == '_' || name[i] == '-'))
            return 0;
    return 1;
}

static size_t trust_domain_length(const char *text)
{
    size_t n = 0;

    while (lower_or_digit(text[n]) || text[n] == '.' || text[n] == '-' || text[n] == '_')
        n++;
    return n;
}

int trust_domain_valid(const char *name)
{
    size_t n = trust_domain_length(name);

    return n >= 1 && n <= TRUST_DOMAIN_MAX && name[n] == '\0';
}

/* Length of the segment at text, which follows a '/'; 0 for an empty one, "." and "..". */
static size_t segment_length(const char *text)
{
    size_t n = 0;

    while (segment_char(text[n]))
        n++;
    if ((n == 1 && text[0] == '.') || (n == 2 && text[0] == '.' && text[1] == '.'))
        return 0;
    return n;
}

static int spiffe_valid(const char *id, int pattern)
{
    const char *at;
    size_t n;

    if (strlen(id) > SPIFFE_ID_MAX || !text_starts_with(id, SPIFFE_SCHEME))
        return 0;
    n = spiffe_trust_domain(id, &at);
    if (n == 0 || n > TRUST_DOMAIN_MAX)
        return 0;
    at += n;
    if (*at != '/')
        return 0;
    while (*at == '/') {
        at++;
        if (pattern && strcmp(at, "*") == 0)
            return 1;
        n = segment_length(at);
        if (n == 0)
            return 0;
        at += n;
    }
    return *at == '\0';
}

int spiffe_id_valid(const char *id)
{
    return spiffe_valid(id, 0);
}

int spiffe_pattern_valid(const char *pattern)
{
    return spiffe_valid(pattern, 1);
}

int spiffe_pattern_matches(const char *pattern, const char *id)
{
    size_t n = strlen(pattern);

    if (n >= 2 && strcmp(pattern + n - 2, "/*") == 0)
        return strncmp(pattern, id, n - 1) == 0 && id[n - 1] != '\0';
    return strcmp(pattern, id) == 0;
}

size_t spiffe_trust_domain(const char *id, const char **ret_start)
{
    *ret_start = id + sizeof SPIFFE_SCHEME - 1;
    return trust_domain_length(*ret_start);
}

int spiffe_is_of(const char *id, const char *const *trust_domains)
{
    const char *start;
    size_t len = spiffe_trust_domain(id, &start);

    for (; trust_domains && *trust_domains; trust_domains++)
        if (strlen(*trust_domains) == len && memcmp(*trust_domains, start, len) == 0)
            return 1;
    return 0;
}

int session_id_valid(const char *id)
{
    size_t n = 0;

    while ((id[n] >= '0' && id[n] <= '9') || (id[n] >= 'a' && id[n] <= 'f'))
        n++;
    return n == SESSION_ID_LENGTH && id[n] == '\0';
}

size_t run_as_user(const char *run_as)
{
    return strcspn(run_as, ":");
}

const char *run_as_group(const char *run_as)
{
    const char *colon = strchr(run_as, ':');

    return colon ? colon + 1 : NULL;
}
