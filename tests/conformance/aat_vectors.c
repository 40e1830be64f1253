/*
 * aat-vectors: Section 8 of draft-niyikiza-oauth-attenuating-agent-tokens-02 against vectors.
 *
 *     aat-vectors FILE
 *
 * FILE: {params, keys, trust_anchors[{iss, jwk}], vectors[{id, title, now, tool, args, policy, chain_compact, pop_compact,
 * expected{verdict, step}}]}; `policy` may hold algs, nonce, seen_pop_jti, require_aud, require_pop_aud. Says each vector that disagrees, and
 * "N passed, N failed". The verdict counts; so does the step, except where the draft leaves the order open: 2c, and 6b against 7a
 * and 7b. Exit status 0: all agree, 1: not, 2: no such file.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/aat.h"
#include "trust/json.h"
#include "trust/jwk.h"
#include "trust/number.h"

#define FILE_MAX (64u << 20)
#define ANCHORS_MAX 16
#define ALGS_MAX 8

static char *text;
static size_t text_len;
static json_t *root;
static struct anchor anchors[ANCHORS_MAX];
static struct issuer issuers[ANCHORS_MAX];
static size_t anchor_count;

static void load(const char *path)
{
    FILE *file = fopen(path, "r");

    text = malloc(FILE_MAX);
    if (!file || !text)
        err(2, "%s", path);
    text_len = fread(text, 1, FILE_MAX, file);
    fclose(file);
    if (json_claims_parse(text, text_len, FILE_MAX, &root) < 0)
        errx(2, "%s: not JSON", path);
}

static void load_anchors(uint32_t max_lifetime)
{
    const json_t *anchor;
    size_t i;

    json_array_foreach(json_object_get(root, "trust_anchors"), i, anchor)
    {
        struct key *key;

        if (i == ANCHORS_MAX || jwk_parse(json_object_get(anchor, "jwk"), &key) < 0)
            errx(2, "trust anchor %zu is none of ours", i);
        issuers[anchor_count] = (struct issuer){
            .kind = ISSUER_AAT,
            .name = "vectors",
            .iss = json_string_value(json_object_get(anchor, "iss")),
            .max_lifetime = max_lifetime,
        };
        anchors[anchor_count] = (struct anchor){.issuer = &issuers[anchor_count], .key = key};
        anchor_count++;
    }
}

static int64_t parameter(const char *name)
{
    return json_integer_value(json_object_get(json_object_get(root, "params"), name));
}

static int seen_before(const char *jti, size_t len, void *arg)
{
    const json_t *seen = arg, *value;
    size_t i;

    json_array_foreach(seen, i, value)
    {
        if (json_string_length(value) == len && memcmp(json_string_value(value), jti, len) == 0)
            return 1;
    }
    return 0;
}

static void read_algs(const json_t *algs, const char *ret[ALGS_MAX])
{
    size_t count = json_array_size(algs) < ALGS_MAX ? json_array_size(algs) : ALGS_MAX - 1;

    if (!algs) {
        ret[count++] = "Ed25519";
        ret[count++] = "ES256";
    }
    for (size_t i = 0; algs && i < count; i++)
        ret[i] = json_string_value(json_array_get(algs, i));
    ret[count] = NULL;
}

static struct verdict judge(const json_t *vector)
{
    const json_t *policy = json_object_get(vector, "policy"), *pop = json_object_get(vector, "pop_compact");
    const json_t *chain_compact = json_object_get(vector, "chain_compact");
    json_t *args = json_object_get(vector, "args"), *seen = json_object_get(policy, "seen_pop_jti");
    size_t count = json_array_size(chain_compact), *lens = calloc(count + 1, sizeof *lens);
    const char *algs[ALGS_MAX], **tokens = calloc(count + 1, sizeof *tokens);
    const struct aat_rules rules = {
        .anchors = anchors,
        .anchor_count = anchor_count,
        .exhaustive = 1,
        .algs = algs,
        .audience = json_string_value(json_object_get(json_object_get(root, "params"), "audience")),
        .need_audience = json_is_true(json_object_get(policy, "require_aud")),
        .now = json_integer_value(json_object_get(vector, "now")),
        .max_lifetime = (uint32_t)parameter("max_token_lifetime"),
        .max_depth = (int)parameter("max_delegation_depth"),
    };
    const struct aat_proof proof = {
        .token = json_string_value(pop),
        .len = json_string_length(pop),
        .tool = json_string_value(json_object_get(vector, "tool")),
        .args = args,
        .args_admissible = number_all_admissible(text, text_len, root, args),
        .nonce = json_string_value(json_object_get(policy, "nonce")),
        .need_audience = json_is_true(json_object_get(policy, "require_pop_aud")),
        .seen = seen ? seen_before : NULL,
        .arg = seen,
    };
    static struct aat_chain chain;
    struct verdict verdict;

    if (!lens || !tokens)
        err(2, "a chain of %zu tokens", count);
    read_algs(json_object_get(policy, "algs"), algs);
    for (size_t i = 0; i < count; i++) {
        tokens[i] = json_string_value(json_array_get(chain_compact, i));
        lens[i] = json_string_length(json_array_get(chain_compact, i));
    }
    verdict = aat_verify(&rules, tokens, lens, count, &chain);
    if (verdict.reason == REASON_PERMIT)
        verdict = aat_prove(&rules, &chain, &proof);
    aat_clear(&chain);
    free(lens);
    free(tokens);
    return verdict;
}

static int is_one_of(const char *step, const char *const *steps)
{
    for (; *steps; steps++)
        if (strcmp(step, *steps) == 0)
            return 1;
    return 0;
}

static int steps_agree(const char *wanted, const char *ours)
{
    static const char *const swapped[] = {"6b", "7a", "7b", NULL};

    return strcmp(wanted, ours) == 0 || strcmp(wanted, "2c") == 0 || strcmp(ours, "2c") == 0 ||
           (is_one_of(wanted, swapped) && is_one_of(ours, swapped));
}

static int agrees(const json_t *vector)
{
    const json_t *expected = json_object_get(vector, "expected");
    const char *step = json_string_value(json_object_get(expected, "step"));
    int permits = json_is_text(json_object_get(expected, "verdict"), "PERMIT");
    struct verdict verdict = judge(vector);
    char ours[8] = "";

    if (verdict.detail)
        snprintf(ours, sizeof ours, "%.*s", (int)strcspn(verdict.detail, ":"), verdict.detail);
    if (permits == (verdict.reason == REASON_PERMIT) && (permits || steps_agree(step ? step : "", ours)))
        return 1;
    printf("%s %s: wanted %s %s, found %s %s\n", json_string_value(json_object_get(vector, "id")),
           json_string_value(json_object_get(vector, "title")), permits ? "PERMIT" : "DENY", step ? step : "",
           reason_word(verdict.reason), verdict.detail ? verdict.detail : "");
    return 0;
}

int main(int argc, char **argv)
{
    unsigned passed = 0, failed = 0;
    const json_t *vector;
    size_t i;

    if (argc != 2)
        errx(2, "usage: aat-vectors FILE");
    load(argv[1]);
    load_anchors((uint32_t)parameter("max_token_lifetime"));
    json_array_foreach(json_object_get(root, "vectors"), i, vector)
    {
        if (agrees(vector))
            passed++;
        else
            failed++;
    }
    for (i = 0; i < anchor_count; i++)
        key_free((struct key *)(uintptr_t)anchors[i].key);
    json_decref(root);
    free(text);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0 || passed == 0;
}
