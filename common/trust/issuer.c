#include "trust/issuer.h"

#include <string.h>

#include "core/names.h"
#include "core/text.h"
#include "trust/json.h"
#include "trust/jwk.h"
#include "trust/sshkey.h"

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

/* --- algorithms --- */

/* The name of RFC 8037, which RFC 9864 replaced by Ed25519: it is taken where it is configured. */
static const char old_ed25519[] = "EdDSA";

const char *const *issuer_algorithms(enum issuer_kind kind)
{
    static const char *const none[] = {NULL}, *const aat[] = {"Ed25519", "ES256", "ES384", "RS256", "PS256", NULL},
                             *const svid[] = {"ES256", "ES384", "RS256", "PS256", NULL},
                             *const jwt[] = {"Ed25519", old_ed25519, "ES256", "ES384", "RS256", "PS256", NULL},
                             *const ssh[] = {"ssh-ed25519",  "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
                                             "rsa-sha2-256", "rsa-sha2-512",        NULL};
    static const char *const *const lists[] = {none, aat, svid, jwt, ssh};

    return (unsigned)kind < COUNT_OF(lists) ? lists[kind] : none;
}

int algorithm_is_of_key(const char *algorithm, const struct key *key)
{
    if (strcmp(algorithm, old_ed25519) == 0)
        return key_type(key) == KEY_ED25519;
    if (text_starts_with(algorithm, "rsa-sha2-"))
        return key_is_rsa(key);
    return strcmp(algorithm, key_alg(key)) == 0 || strcmp(algorithm, sshkey_signature_name(key)) == 0;
}

int issuer_takes(const struct issuer *issuer, const char *algorithm)
{
    const char *const *listed = issuer->algorithms;

    if (!listed || !*listed)
        return strcmp(algorithm, old_ed25519) != 0;
    while (*listed && strcmp(*listed, algorithm) != 0)
        listed++;
    return *listed != NULL;
}

/* --- keys --- */

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

static int has_algorithm(const struct anchor *anchor, const char *algorithm)
{
    return strcmp(alg_of(anchor), strcmp(algorithm, old_ed25519) == 0 ? "Ed25519" : algorithm) == 0 &&
           issuer_takes(anchor->issuer, algorithm);
}

/* RFC 8725 Section 3.1: one algorithm a key. */
static int is_tried(const struct anchor_search *s, const struct jws *jws, const struct found *f,
                    const struct anchor *anchor)
{
    return is_of_kind(s, anchor) && (!f->by_kid || text_equal(anchor->kid, jws->kid)) &&
           has_algorithm(anchor, jws->alg);
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

const struct anchor *anchor_settle(const struct anchor_search *s, const struct jws *jws, const struct anchor *found,
                                   const json_t *claims)
{
    for (size_t i = 0; i < s->count; i++)
        if (is_of_kind(s, &s->anchors[i]) && same_key(&s->anchors[i], found) &&
            has_algorithm(&s->anchors[i], jws->alg) && is_meant(s->anchors[i].issuer, claims) &&
            anchor_public(&s->anchors[i]))
            return &s->anchors[i];
    return found;
}
