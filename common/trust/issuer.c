#include "trust/issuer.h"

#include <string.h>

#include "core/names.h"
#include "core/text.h"
#include "trust/json.h"
#include "trust/jwk.h"

static const char *const words[] = {"", "aat", "jwt-svid", "jwt", "ssh-ca"};

const char *issuer_kind_word(enum issuer_kind kind)
{
    return (unsigned)kind < COUNT_OF(words) ? words[kind] : "";
}

int issuer_kind_parse(const char *word)
{
    for (size_t i = 1; i < COUNT_OF(words); i++)
        if (strcmp(words[i], word) == 0)
            return (int)i;
    return -1;
}

int issuer_is_stale(const struct issuer *issuer, int64_t now)
{
    return issuer->keys_until && now >= issuer->keys_until;
}

const struct key *anchor_public(struct anchor *anchor)
{
    struct key *key;

    if (!anchor->key && anchor->jwk && jwk_parse_text(anchor->jwk, strlen(anchor->jwk), &key) == 0) {
        if (text_equal(anchor->alg, key_alg(key)))
            anchor->key = key;
        else
            key_free(key);
    }
    return anchor->key;
}

static const char *alg_of(const struct anchor *anchor)
{
    return anchor->key ? key_alg(anchor->key) : anchor->alg ? anchor->alg : "";
}

static int same_key(struct anchor *a, const struct anchor *b)
{
    if (a == b)
        return 1;
    if (a->jwk && b->jwk)
        return strcmp(a->jwk, b->jwk) == 0 && text_equal(a->alg, b->alg);
    return key_equal(anchor_public(a), b->key);
}

static int is_of_kind(const struct anchor_search *s, const struct anchor *anchor)
{
    return (s->kinds >> anchor->issuer->kind) & 1;
}

/* What is known of a search; `first` is one of the keys that are to be tried. */
struct found {
    int by_kid, several; /* several different keys are to be tried */
    size_t selected, tried, fitting;
    const struct anchor *first, *anchor;
};

/* A kid that some key has selects those that have it; any other kid is ignored (AAT draft Section 3.5). */
static int kid_selects(const struct anchor_search *s, const struct jws *jws)
{
    for (size_t i = 0; i < s->count; i++)
        if (is_of_kind(s, &s->anchors[i]) && text_equal(s->anchors[i].kid, jws->kid))
            return 1;
    return 0;
}

/* RFC 8725 Section 3.1: one algorithm a key. */
static int is_tried(const struct anchor_search *s, const struct jws *jws, const struct found *f,
                    const struct anchor *anchor)
{
    return is_of_kind(s, anchor) && (!f->by_kid || text_equal(anchor->kid, jws->kid)) &&
           strcmp(alg_of(anchor), jws->alg) == 0;
}

static void count_keys(const struct anchor_search *s, const struct jws *jws, struct found *f)
{
    for (size_t i = 0; i < s->count; i++) {
        struct anchor *anchor = &s->anchors[i];

        if (is_of_kind(s, anchor) && (!f->by_kid || text_equal(anchor->kid, jws->kid)) && alg_of(anchor)[0])
            f->selected++;
        if (!is_tried(s, jws, f, anchor))
            continue;
        f->tried++;
        if (!f->first)
            f->first = anchor;
        else if (!same_key(anchor, f->first))
            f->several = 1;
    }
}

static void try_keys(const struct anchor_search *s, const struct jws *jws, struct found *f)
{
    for (size_t i = 0; i < s->count && !f->anchor; i++) {
        struct anchor *anchor = &s->anchors[i];

        if (!is_tried(s, jws, f, anchor) || !anchor_public(anchor))
            continue;
        f->fitting += jws->signature_len == key_signature_size(anchor->key);
        if ((anchor == f->first || !same_key(anchor, f->first)) && jws_verify(jws, anchor->key) == 0)
            f->anchor = anchor;
    }
}

#define TEXT(as_root, step, text) (((const char *const[]){text, step ": " text})[!!(as_root)])

struct verdict anchor_find(const struct anchor_search *s, const struct jws *jws, const struct anchor **ret)
{
    struct found f = {.by_kid = kid_selects(s, jws)};

    count_keys(s, jws, &f);
    if (f.tried == 0 && f.selected > 0 && f.by_kid)
        return refuse(REASON_ALGORITHM_REFUSED, TEXT(s->as_root, "3a", "alg is not that of the key that kid names"));
    if (f.tried == 0)
        return refuse(REASON_KEY_UNKNOWN, TEXT(s->as_root, "3a", "no configured key has this algorithm"));
    if (!f.by_kid && f.several && !s->exhaustive)
        return refuse(REASON_KEY_UNKNOWN,
                      TEXT(s->as_root, "3a", "kid names no configured key, and several have this algorithm"));
    try_keys(s, jws, &f);
    if (f.anchor) {
        *ret = f.anchor;
        return permit();
    }
    if (f.fitting == 0)
        return refuse(REASON_SIGNATURE_INVALID,
                      TEXT(s->as_root, "3b", "the signature has not the length of this algorithm's"));
    if (f.by_kid && f.selected == 1)
        return refuse(REASON_SIGNATURE_INVALID,
                      TEXT(s->as_root, "3b", "the signature does not verify with the key that kid names"));
    return refuse(REASON_KEY_UNKNOWN, TEXT(s->as_root, "3b", "no configured key made this signature"));
}

static int is_meant(const struct issuer *issuer, const json_t *claims)
{
    const char *sub = json_string_value(json_object_get(claims, "sub"));

    if (issuer->kind != ISSUER_SVID)
        return json_is_text(json_object_get(claims, "iss"), issuer->iss);
    return sub && spiffe_id_valid(sub) && spiffe_is_of(sub, issuer->trust_domains);
}

const struct anchor *anchor_settle(const struct anchor_search *s, const struct anchor *found, const json_t *claims)
{
    for (size_t i = 0; i < s->count; i++)
        if (is_of_kind(s, &s->anchors[i]) && same_key(&s->anchors[i], found) &&
            is_meant(s->anchors[i].issuer, claims) && anchor_public(&s->anchors[i]))
            return &s->anchors[i];
    return found;
}
