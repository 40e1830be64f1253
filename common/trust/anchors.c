#include "trust/anchors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/database.h"
#include "core/fields.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"
#include "trust/jwk.h"

/* The anchor that is being read; its members are owned here until it is finished. */
struct draft {
    struct anchor anchor;
    const char *alg;
    struct key *key;
    const char **domains; /* ANCHOR_DOMAINS_MAX + 1 */
    size_t domain_count;
};

static int put_once(const char **slot, const char *value)
{
    if (*slot || !value[0])
        return -EBADMSG;
    *slot = value;
    return 0;
}

static int put_domain(struct draft *draft, const char *value)
{
    if (draft->domain_count == ANCHOR_DOMAINS_MAX || !value[0])
        return -EBADMSG;
    draft->domains[draft->domain_count++] = value;
    return 0;
}

static int put_lifetime(struct draft *draft, const char *value)
{
    uint64_t seconds;

    if (draft->anchor.max_lifetime || text_u64(value, CREDENTIAL_LIFETIME_HARD, &seconds) < 0 || seconds == 0)
        return -EBADMSG;
    draft->anchor.max_lifetime = (uint32_t)seconds;
    return 0;
}

static int put_key(struct draft *draft, const char *value)
{
    return draft->key || jwk_parse_text(value, strlen(value), &draft->key) < 0 ? -EBADMSG : 0;
}

static int put(struct draft *draft, const char *key, const char *value)
{
    if (!draft->anchor.issuer)
        return -EBADMSG; /* a line before the first anchor */
    if (!strcmp(key, "iss"))
        return put_once(&draft->anchor.iss, value);
    if (!strcmp(key, "kid"))
        return put_once(&draft->anchor.kid, value);
    if (!strcmp(key, "alg"))
        return put_once(&draft->alg, value);
    if (!strcmp(key, "trust-domain"))
        return put_domain(draft, value);
    if (!strcmp(key, "max-lifetime"))
        return put_lifetime(draft, value);
    if (!strcmp(key, "jwk"))
        return put_key(draft, value);
    return -EBADMSG;
}

static void draft_clear(struct draft *draft)
{
    key_free(draft->key);
    free(draft->domains);
    memset(draft, 0, sizeof *draft);
}

static int draft_begin(struct draft *draft, const char *name)
{
    draft->domains = calloc(ANCHOR_DOMAINS_MAX + 1, sizeof *draft->domains);
    if (!draft->domains)
        return -ENOMEM;
    return put_once(&draft->anchor.issuer, name);
}

/* Hand the draft over to the list, when it is whole. */
static int draft_finish(struct draft *draft, struct anchors *anchors)
{
    struct anchor *grown;

    if (!draft->anchor.issuer)
        return 0;
    if (!draft->anchor.iss || !draft->key || !draft->anchor.max_lifetime ||
        !text_equal(draft->alg, key_alg(draft->key)))
        return -EBADMSG;
    if (anchors->count == ANCHORS_MAX)
        return -E2BIG;
    grown = realloc(anchors->items, (anchors->count + 1) * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    anchors->items = grown;
    draft->anchor.key = draft->key;
    draft->anchor.trust_domains = draft->domains;
    grown[anchors->count++] = draft->anchor;
    memset(draft, 0, sizeof *draft);
    return 0;
}

static int read_anchors(struct anchors *anchors, size_t len)
{
    struct draft draft = {.alg = NULL};
    const char *key, *value;
    struct fields f;
    int r = fields_open(&f, anchors->text, len), more;

    while (r == 0 && (more = fields_next(&f, &key, &value)) != 0) {
        if (more < 0) {
            r = more;
        } else if (strcmp(key, "anchor") != 0) {
            r = put(&draft, key, value);
        } else {
            r = draft_finish(&draft, anchors);
            if (r == 0)
                r = draft_begin(&draft, value);
        }
    }
    if (r == 0)
        r = draft_finish(&draft, anchors);
    draft_clear(&draft);
    return r;
}

int anchors_parse(const char *text, size_t len, struct anchors **ret_anchors)
{
    struct anchors *anchors;
    int r;

    if (len > ANCHORS_TEXT_MAX)
        return -E2BIG;
    anchors = calloc(1, sizeof *anchors);
    if (!anchors)
        return -ENOMEM;
    anchors->text = malloc(len + 1);
    r = anchors->text ? 0 : -ENOMEM;
    if (r == 0) {
        memcpy(anchors->text, text, len);
        anchors->text[len] = '\0';
        r = read_anchors(anchors, len);
    }
    if (r < 0) {
        anchors_free(anchors);
        return r;
    }
    *ret_anchors = anchors;
    return 0;
}

int anchors_load(struct anchors **ret_anchors)
{
    CLEANUP(close_fd) int fd = -1;
    char *text;
    size_t len;
    int r = file_open(PATH_ANCHORS, &fd);

    if (r < 0)
        return r;
    text = malloc(ANCHORS_TEXT_MAX + 1);
    if (!text)
        return -ENOMEM;
    r = database_get(fd, 'a', "", text, ANCHORS_TEXT_MAX + 1, &len);
    if (r == 0)
        r = anchors_parse(text, len, ret_anchors);
    else if (r == -ENOENT)
        r = -EBADMSG; /* there, but not one of ours */
    free(text);
    return r;
}

void anchors_free(struct anchors *anchors)
{
    if (!anchors)
        return;
    for (size_t i = 0; i < anchors->count; i++) {
        /* Const for their readers; these are ours. */
        key_free((struct key *)(uintptr_t)anchors->items[i].key);
        free((void *)(uintptr_t)anchors->items[i].trust_domains);
    }
    free(anchors->items);
    free(anchors->text);
    free(anchors);
}

void anchors_freep(struct anchors **anchors)
{
    anchors_free(*anchors);
}
