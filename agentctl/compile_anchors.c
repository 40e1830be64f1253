/*
 * Issuers and their keys, from the configuration and the files it names to the text of anchors.cdb: JWKS (RFC 7517 Section 5), SPIFFE
 * bundles, alone or several in one file, and public keys as ssh has them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/compile.h"
#include "agentctl/config_syntax.h"
#include "agentctl/key_file.h"
#include "core/clock.h"
#include "core/fields.h"
#include "core/names.h"
#include "core/text.h"
#include "trust/anchors.h"
#include "trust/json.h"
#include "trust/jwk.h"

struct gatherer {
    struct problems *problems;
    FILE *notes;
    const struct anchors *before; /* NULL: none */
    struct fields_writer w;
    size_t count;
};

/* The keys of one issuer, or of one trust domain of it, that were taken so far. */
struct taken {
    struct gatherer *g;
    const struct issuer_config *issuer;
    const char *from; /* their file, and the trust domain in it */
    struct {
        const char *kid;
        char thumbprint[KEY_THUMBPRINT_SIZE];
        enum key_type type;
        size_t position;
    } * keys;
    size_t count;
};

#define issuer_problem(g, issuer, ...) \
    problem_add((g)->problems, (issuer)->keys_place.file, (issuer)->keys_place.line, __VA_ARGS__)
#define note(taken, ...) (fprintf((taken)->g->notes, "%s: ", (taken)->from), fprintf((taken)->g->notes, __VA_ARGS__))

/* --- what stands before the keys --- */

static void put_words(struct fields_writer *w, const char *key, const struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        fields_put(w, key, words->items[i]);
}

/* iss and the trust domain, where it is one of several (else NULL). */
static void put_issuer(struct gatherer *g, const struct issuer_config *issuer, const char *iss, const char *domain,
                       int64_t written, int64_t sequence)
{
    struct fields_writer *w = &g->w;

    fields_put(w, "issuer", issuer->name);
    fields_put(w, "kind", issuer_kind_word(issuer->kind));
    fields_put(w, "iss", iss);
    if (domain)
        fields_put(w, "trust-domain", domain);
    else
        put_words(w, "trust-domain", &issuer->trust_domains);
    fields_put_u64(w, "max-lifetime", issuer->max_lifetime);
    if (issuer->max_key_age)
        fields_put_u64(w, "keys-until", (uint64_t)written + issuer->max_key_age);
    if (sequence >= 0)
        fields_put_u64(w, "sequence", (uint64_t)sequence);
    if (issuer->ignore_status)
        fields_put(w, "status", "ignore");
    fields_put(w, "identity", issuer->identity);
    fields_put(w, "principal", issuer->principal);
    fields_put(w, "task", issuer->task);
    fields_put(w, "purpose", issuer->purpose);
    fields_put(w, "sensitivity", issuer->sensitivity);
    fields_put(w, "scope", issuer->scope);
    put_words(w, "require", &issuer->require);
    put_words(w, "algorithm", &issuer->algorithms);
    fields_put(w, "token-type", issuer->token_type);
    fields_put(w, "extension", issuer->extension);
}

/* --- keys --- */

/* 1 where one like it is there: the same one is passed over, another one by the same name is a mistake. */
static int is_double(const struct taken *t, const char *kid, const struct key *key, const char *thumbprint,
                     size_t position)
{
    for (size_t i = 0; i < t->count; i++) {
        int same = strcmp(t->keys[i].thumbprint, thumbprint) == 0;

        if (t->keys[i].type != key_type(key) || !(same || (kid && text_equal(t->keys[i].kid, kid))))
            continue;
        if (same && (!kid || text_equal(t->keys[i].kid, kid)))
            note(t, "key %zu passed over: it is key %zu once more\n", position, t->keys[i].position);
        else if (same)
            continue; /* one key by two names */
        else
            issuer_problem(t->g, t->issuer,
                           "%s: keys %zu and %zu are different and have the same kid: name each by its own", t->from,
                           t->keys[i].position, position);
        return 1;
    }
    return 0;
}

static void put_key(struct taken *t, const char *kid, const struct key *key, size_t position)
{
    CLEANUP(json_freep) json_t *jwk = memory_must(jwk_format(key));
    char *text = memory_must(json_dumps(jwk, JSON_COMPACT | JSON_SORT_KEYS)), thumbprint[KEY_THUMBPRINT_SIZE];

    if (jwk_thumbprint(key, thumbprint) == 0 && !is_double(t, kid, key, thumbprint, position)) {
        t->keys = memory_must(realloc(t->keys, (t->count + 1) * sizeof *t->keys));
        t->keys[t->count].kid = kid;
        t->keys[t->count].type = key_type(key);
        t->keys[t->count].position = position;
        strcpy(t->keys[t->count++].thumbprint, thumbprint);
        if (++t->g->count == ISSUER_KEYS_MAX + 1)
            issuer_problem(t->g, t->issuer, "%s: more than %d keys of all issuers", t->from, ISSUER_KEYS_MAX);
        fields_put(&t->g->w, "key", key_alg(key));
        fields_put(&t->g->w, "kid", kid);
        fields_put(&t->g->w, "jwk", text);
    }
    free(text);
}

/* JWT-SVID knows no Ed25519 (Section 2.1). */
static int is_of_use(const struct taken *t, const struct key *key)
{
    return t->issuer->kind != ISSUER_SVID || key_type(key) != KEY_ED25519;
}

/* Could it sign what the issuer is configured for? Where not, that is told. */
static int is_listed(const struct taken *t, const struct key *key, size_t position)
{
    const struct words *algorithms = &t->issuer->algorithms;

    for (size_t i = 0; i < algorithms->count; i++)
        if (algorithm_is_of_key(algorithms->items[i], key))
            return 1;
    if (algorithms->count == 0)
        return 1;
    note(t, "key %zu passed over: a key of %s signs by none of the algorithms at %s:%u\n", position,
         key_is_rsa(key) ? "RSA" : key_alg(key), t->issuer->algorithms_place.file, t->issuer->algorithms_place.line);
    return 0;
}

static void pass_over(struct taken *t, size_t position, const char *why)
{
    note(t, "key %zu passed over: %s\n", position, why);
}

static void take_jwk(struct taken *t, const json_t *jwk, size_t position)
{
    CLEANUP(key_freep) struct key *key = NULL;
    const char *kid = NULL, *foreign = key_file_foreign(jwk, t->issuer->kind);
    int r = foreign ? 0 : key_file_jwk(jwk, &key);

    if (!json_is_object(jwk))
        issuer_problem(t->g, t->issuer, "%s: key %zu is no JSON object", t->from, position);
    else if (jwk_holds_secret(jwk))
        issuer_problem(t->g, t->issuer,
                       "%s: key %zu is private or symmetric: the issuer alone keeps it; put its public half here",
                       t->from, position);
    else if (foreign)
        pass_over(t, position, foreign);
    else if (r == -ENOTSUP || (r == 0 && !is_of_use(t, key)))
        pass_over(t, position, KEY_FILE_KINDS);
    else if (json_member_string(jwk, "kid", KEY_FILE_KID_MAX, &kid) < 0)
        issuer_problem(t->g, t->issuer, "%s: key %zu: its kid is no string of 1 to %d bytes", t->from, position,
                       KEY_FILE_KID_MAX);
    else if (r < 0)
        issuer_problem(t->g, t->issuer, "%s: key %zu is not a valid public key", t->from, position);
    else if (!kid && t->issuer->kind == ISSUER_SVID)
        pass_over(t, position, "it has no kid, which a key of JWT-SVIDs must have");
    else if (is_listed(t, key, position))
        put_key(t, kid, key, position);
}

/* A trust domain that has no key left trusts nothing (SPIFFE Trust Domain and Bundle Section 4.1.3); neither does any other issuer. */
static void take_jwks(struct taken *t, const json_t *jwks)
{
    const json_t *keys = json_object_get(jwks, "keys"), *jwk;
    size_t before = t->g->problems->count, i;

    if (!json_is_array(keys)) {
        issuer_problem(t->g, t->issuer, "%s: %s", t->from, key_file_error(-EBADMSG));
        return;
    }
    json_array_foreach(keys, i, jwk)
    {
        take_jwk(t, jwk, i + 1);
    }
    if (t->count > 0 || t->g->problems->count != before)
        return;
    if (json_array_size(keys) == 0 || t->issuer->kind == ISSUER_SVID)
        note(t, "holds no key: nothing of issuer \"%s\" is trusted by it\n", t->issuer->name);
    else
        issuer_problem(
            t->g, t->issuer, "%s: no key in it can be used: issuer \"%s\" needs %s", t->from, t->issuer->name,
            t->issuer->algorithms.count ? "a key of one of its algorithms" : "an Ed25519, P-256, P-384 or RSA key");
}

/* --- bundles of SPIFFE --- */

static int64_t sequence_before(const struct gatherer *g, const char *name, const char *iss)
{
    for (size_t i = 0; g->before && i < g->before->issuer_count; i++)
        if (strcmp(g->before->issuers[i]->name, name) == 0 && strcmp(g->before->issuers[i]->iss, iss) == 0)
            return g->before->issuers[i]->sequence;
    return -1;
}

static void take_bundle(struct gatherer *g, const struct issuer_config *issuer, const struct key_file *file,
                        const char *domain, const json_t *bundle)
{
    char iss[sizeof "spiffe://" + TRUST_DOMAIN_MAX], from[COMMAND_PATH_MAX + TRUST_DOMAIN_MAX + 32];
    struct taken t = {.g = g, .issuer = issuer, .from = from};
    int64_t sequence = -1, before;

    snprintf(iss, sizeof iss, "spiffe://%s", domain);
    snprintf(from, sizeof from, "%s: %s", issuer->keys, domain);
    before = sequence_before(g, issuer->name, iss);
    if (bundle && json_member_integer(bundle, "spiffe_sequence", &sequence) < 0)
        issuer_problem(g, issuer, "%s: spiffe_sequence is no integer", from);
    if (sequence >= 0 && sequence < before)
        issuer_problem(g, issuer, "%s: spiffe_sequence is %lld, and was %lld before: an older bundle is not taken",
                       from, (long long)sequence, (long long)before);
    put_issuer(g, issuer, iss, domain, file->written, sequence > before ? sequence : before);
    if (bundle)
        take_jwks(&t, bundle);
    else
        note(&t, "holds no bundle of it: nothing of it is trusted\n");
    free(t.keys);
}

static void take_bundles(struct gatherer *g, const struct issuer_config *issuer, const struct key_file *file)
{
    for (size_t i = 0; i < issuer->trust_domains.count; i++) {
        CLEANUP(json_freep) json_t *bundle = NULL;
        const char *domain = issuer->trust_domains.items[i];
        int r = key_file_bundle(file, domain, issuer->trust_domains.count == 1, &bundle);

        if (r == -EINVAL)
            issuer_problem(g, issuer,
                           "%s: it is the bundle of one trust domain, which it does not name: write one trust domain",
                           issuer->keys);
        else if (r == -EBADMSG)
            issuer_problem(g, issuer, "%s: the bundle of %s cannot be read", issuer->keys, domain);
        else
            take_bundle(g, issuer, file, domain, bundle);
    }
}

/* --- public keys of ssh --- */

static void take_line(struct taken *t, const char *line, size_t len, size_t position)
{
    CLEANUP(key_freep) struct key *key = NULL;

    if (key_file_ssh(line, len, &key) < 0)
        issuer_problem(t->g, t->issuer,
                       "%s:%zu: no public key of ssh-ed25519, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384 or ssh-rsa "
                       "(2048 bits or more)",
                       t->from, position);
    else if (is_listed(t, key, position))
        put_key(t, NULL, key, position);
}

static void take_lines(struct taken *t, const char *text)
{
    size_t position = 1;

    for (const char *line = text, *end; *line; line = *end ? end + 1 : end, position++) {
        end = strchrnul(line, '\n');
        if (line != end && line[strspn(line, " \t")] != '#' && line + strspn(line, " \t\r") != end)
            take_line(t, line, (size_t)(end - line), position);
    }
    if (t->count == 0)
        note(t, "holds no key: nothing of issuer \"%s\" is trusted by it\n", t->issuer->name);
}

/* --- issuers --- */

static void tell_age(const struct gatherer *g, const struct issuer_config *issuer, const struct key_file *file)
{
    if (issuer->max_key_age && file->written + issuer->max_key_age <= clock_wall_seconds())
        fprintf(g->notes, "%s: older than max-key-age: nothing of issuer \"%s\" is trusted until it is written anew\n",
                issuer->keys, issuer->name);
}

static void take_issuer(struct gatherer *g, const struct issuer_config *issuer)
{
    struct taken t = {.g = g, .issuer = issuer, .from = issuer->keys};
    struct key_file file;
    int r = key_file_read(issuer->keys, issuer->kind != ISSUER_SSH_CA, &file);

    if (r < 0) {
        issuer_problem(g, issuer, "%s: %s", issuer->keys, key_file_error(r));
        return;
    }
    tell_age(g, issuer, &file);
    if (issuer->kind == ISSUER_SVID) {
        take_bundles(g, issuer, &file);
    } else {
        put_issuer(g, issuer, issuer->iss, NULL, file.written, -1);
        if (issuer->kind == ISSUER_SSH_CA)
            take_lines(&t, file.text);
        else
            take_jwks(&t, file.json);
    }
    free(t.keys);
    key_file_clear(&file);
}

int anchors_read(const struct config *config, const struct anchors *before, struct problems *problems, FILE *notes,
                 char **ret_text, size_t *ret_len, size_t *ret_count)
{
    char *text = memory_must(malloc(ANCHORS_TEXT_MAX));
    struct gatherer g = {.problems = problems, .notes = notes, .before = before};
    size_t problems_before = problems->count;

    fields_begin(&g.w, text, ANCHORS_TEXT_MAX);
    for (size_t i = 0; i < config->issuer_count && g.count <= ISSUER_KEYS_MAX; i++)
        take_issuer(&g, &config->issuers[i]);
    if (fields_end(&g.w, ret_len) < 0)
        problem_add(problems, NULL, 0, "the keys of all issuers take more than 16 MiB: remove some");
    if (problems->count > problems_before || problems->dropped) {
        free(text);
        return -EINVAL;
    }
    *ret_text = text;
    *ret_count = g.count;
    return 0;
}
