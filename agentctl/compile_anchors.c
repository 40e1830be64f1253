/* Keys of issuers: from JWKS files (RFC 7517 Section 5) to the text of anchors.cdb. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/compile.h"
#include "core/fields.h"
#include "core/files.h"
#include "trust/anchors.h"
#include "trust/json.h"
#include "trust/jwk.h"

#define KID_MAX 256

struct gatherer {
    struct problems *problems;
    FILE *notes;
    struct fields_writer w;
    size_t count;
};

#define issuer_problem(g, issuer, ...) \
    problem_add((g)->problems, (issuer)->keys_place.file, (issuer)->keys_place.line, __VA_ARGS__)

static const char *read_error(int r)
{
    switch (r) {
    case -EPERM:
        return "not a regular file that root owns and nobody else may write to: chown root and chmod go-w";
    case -ELOOP:
        return "a symbolic link: put the file itself there";
    case -EFBIG:
    case -E2BIG:
        return "larger than 64 KiB";
    case -EBADMSG:
        return "no JSON object with a list \"keys\" (RFC 7517)";
    default:
        return strerror(-r);
    }
}

static int read_jwks(const char *path, json_t **ret_jwks)
{
    char *text = memory_must(malloc(JSON_SIZE_MAX + 1));
    size_t len;
    int r = file_read_at(AT_FDCWD, path, text, JSON_SIZE_MAX + 1, &len);

    if (r == 0)
        r = json_strict_parse_object(text, len, ret_jwks);
    if (r == 0 && !json_is_array(json_object_get(*ret_jwks, "keys")))
        r = -EBADMSG;
    free(text);
    return r;
}

static int holds_secret(const json_t *jwk)
{
    static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (json_object_get(jwk, names[i]))
            return 1;
    return 0;
}

static int is_one_of(const json_t *value, const char *const *words)
{
    for (; *words; words++)
        if (json_is_text(value, *words))
            return 1;
    return 0;
}

/* A key for something else, or of a kind that is not taken: issuers publish those beside ours. */
static int is_foreign(const json_t *jwk)
{
    static const char *const types[] = {"OKP", "EC", "RSA", NULL};
    static const char *const algs[] = {"Ed25519", "EdDSA", "ES256", "ES384", "RS256", "PS256", NULL};
    const json_t *use = json_object_get(jwk, "use"), *alg = json_object_get(jwk, "alg");

    return (use && !json_is_text(use, "sig")) || (alg && !is_one_of(alg, algs)) ||
           !is_one_of(json_object_get(jwk, "kty"), types);
}

static void put_anchor(struct gatherer *g, const struct issuer_config *issuer, const char *kid, const struct key *key)
{
    CLEANUP(json_freep) json_t *jwk = memory_must(jwk_format(key));
    char *text = memory_must(json_dumps(jwk, JSON_COMPACT | JSON_SORT_KEYS));

    fields_put(&g->w, "anchor", issuer->name);
    fields_put(&g->w, "iss", issuer->iss);
    fields_put(&g->w, "kid", kid);
    fields_put(&g->w, "alg", key_alg(key));
    for (size_t i = 0; i < issuer->trust_domains.count; i++)
        fields_put(&g->w, "trust-domain", issuer->trust_domains.items[i]);
    fields_put_u64(&g->w, "max-lifetime", issuer->max_lifetime);
    fields_put(&g->w, "jwk", text);
    free(text);
}

/* 1 where the key counts. */
static int take_key(struct gatherer *g, const struct issuer_config *issuer, const json_t *jwk, size_t position)
{
    CLEANUP(key_freep) struct key *key = NULL;
    const char *kid = NULL;
    int r = jwk_parse(jwk, &key);

    if (!json_is_object(jwk)) {
        issuer_problem(g, issuer, "%s: key %zu is no JSON object", issuer->keys, position);
    } else if (holds_secret(jwk)) {
        issuer_problem(g, issuer,
                       "%s: key %zu is private or symmetric: the issuer alone keeps it; put its public half here",
                       issuer->keys, position);
    } else if (is_foreign(jwk) || r == -ENOTSUP) {
        fprintf(g->notes, "%s: key %zu passed over: not for signatures by Ed25519, ES256, ES384, RS256 or PS256\n",
                issuer->keys, position);
    } else if (json_member_string(jwk, "kid", KID_MAX, &kid) < 0) {
        issuer_problem(g, issuer, "%s: key %zu: its kid is no string of 1 to %d bytes", issuer->keys, position,
                       KID_MAX);
    } else if (r < 0) {
        issuer_problem(g, issuer, "%s: key %zu is not a valid public key", issuer->keys, position);
    } else if (++g->count > ISSUER_KEYS_MAX) {
        issuer_problem(g, issuer, "%s: more than %d keys of all issuers", issuer->keys, ISSUER_KEYS_MAX);
    } else {
        put_anchor(g, issuer, kid, key);
        return 1;
    }
    return 0;
}

static void take_issuer(struct gatherer *g, const struct issuer_config *issuer)
{
    CLEANUP(json_freep) json_t *jwks = NULL;
    size_t before = g->problems->count, taken = 0, i;
    const json_t *jwk;
    int r;

    if (issuer->trust_domains.count > ANCHOR_DOMAINS_MAX)
        issuer_problem(g, issuer, "trust-domains: more than %d: split issuer \"%s\"", ANCHOR_DOMAINS_MAX, issuer->name);
    r = read_jwks(issuer->keys, &jwks);
    if (r < 0) {
        issuer_problem(g, issuer, "%s: %s", issuer->keys, read_error(r));
        return;
    }
    json_array_foreach(json_object_get(jwks, "keys"), i, jwk) taken += (size_t)take_key(g, issuer, jwk, i + 1);
    if (taken == 0 && g->problems->count == before)
        issuer_problem(g, issuer,
                       "%s: no key in it can be used: issuer \"%s\" needs an Ed25519, P-256, P-384 or RSA key",
                       issuer->keys, issuer->name);
}

int anchors_read(const struct config *config, struct problems *problems, FILE *notes, char **ret_text, size_t *ret_len,
                 size_t *ret_count)
{
    char *text = memory_must(malloc(ISSUER_KEYS_TEXT_MAX));
    struct gatherer g = {.problems = problems, .notes = notes};
    size_t before = problems->count;

    fields_begin(&g.w, text, ISSUER_KEYS_TEXT_MAX);
    for (size_t i = 0; i < config->issuer_count && g.count <= ISSUER_KEYS_MAX; i++)
        take_issuer(&g, &config->issuers[i]);
    if (fields_end(&g.w, ret_len) < 0)
        problem_add(problems, NULL, 0, "the keys of all issuers take more than 1 MiB: remove some");
    if (problems->count > before || problems->dropped) {
        free(text);
        return -EINVAL;
    }
    *ret_text = text;
    *ret_count = g.count;
    return 0;
}
